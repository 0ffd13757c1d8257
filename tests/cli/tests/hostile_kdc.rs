//! A KDC that fails or lies: kinit prints its own error message, does not touch the old cache, and
//! does not hang.

use std::fs;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use cli::{PASSWORD, REALM, kinit, log_in, old_cache, realm, realm_of, typed_password};
use kerberos_asn1::ErrorCode;
use kerberos_testkdc::{Fault, TestKdc};
use test_support::Place;

#[test]
fn forged_or_malformed_replies_are_refused() {
    let (kdc, place) = realm();
    place.write("cache", old_cache());
    for fault in [
        Fault::Garbage,
        Fault::Truncated,
        Fault::WrongMessageType,
        Fault::WrongNonce,
        Fault::WrongClientName,
        Fault::WrongClientRealm,
        Fault::WrongServerName,
        Fault::WrongTicketServer,
        Fault::WrongServerRealm,
        Fault::CorruptedCiphertext,
        Fault::MissingRequestChecksum,
        Fault::WrongRequestChecksum,
        Fault::EndtimeTooLate,
        Fault::HintedIterations(0),
        Fault::HintedIterations(u32::MAX),
        Fault::HintedS2kParams(vec![1, 2, 3]),
        Fault::NoMethodData,
        Fault::UnknownPreauthOnly,
        Fault::Error(ErrorCode::KRB_ERR_GENERIC),
        Fault::ErrorAfterPreauth(ErrorCode::KDC_ERR_PREAUTH_FAILED),
    ] {
        let shown = format!("{fault:?}");
        kdc.set_fault(fault);
        let kinit = kinit(&place, "alice");
        let run = kinit.limit(Duration::from_secs(60)).run().exits(1);
        let text = run.stderr();
        assert!(text.starts_with("kinit: "), "{shown}: {run}");
        assert!(
            text.contains(" while getting initial credentials\n"),
            "{shown}: {run}"
        );
        assert!(!text.contains("panicked"), "{shown}: {run}");
        assert_eq!(
            fs::read(place.cache()).expect("the file exists"),
            old_cache(),
            "{shown}"
        );
        kdc.clear_faults();
    }
    log_in(&place);
}

#[test]
fn unusual_but_legitimate_replies_are_accepted() {
    let (kdc, place) = realm();
    for fault in [
        Fault::TgsTag,
        Fault::NegativeNonce,
        Fault::TooBigForUdp,
        Fault::ClockOffset(600),
        Fault::ClockOffset(-600),
        Fault::Delay(Duration::from_millis(1200)),
    ] {
        let shown = format!("{fault:?}");
        kdc.set_fault(fault);
        let run = kinit(&place, "alice").run();
        assert_eq!(run.code(), 0, "{shown}: {run}");
        place.ours("klist").arg("-s").run().success();
        kdc.clear_faults();
    }
}

#[test]
fn a_script_moves_on_from_a_silent_kdc_and_a_person_waits_for_it() {
    let builder = TestKdc::builder(REALM).service("kadmin/changepw");
    let (kdc, _place) = realm_of(
        builder
            .principal("alice", PASSWORD)
            .principal("bob", PASSWORD),
    );
    // The system accepts the connections, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let silent = silent.local_addr().expect("it is bound");
    let conf = kdc.krb5_conf();
    let conf = conf.replacen("\tkdc = ", &format!("\tkdc = {silent}\n\tkdc = "), 1);
    let conf = conf.replacen(
        "[libdefaults]",
        "[libdefaults]\nudp_preference_limit = 1",
        1,
    );
    let piped = |tool: &str, user: &str| {
        let input = format!("{PASSWORD}\nnew\nnew\n");
        let place = Place::new(&conf);
        place.ours(tool).arg(user).stdin(input).run().success();
    };
    let from_file = || {
        let place = Place::new(&conf);
        place.write("password", typed_password());
        let kinit = place.ours("kinit").arg("alice");
        kinit.line("--password-file password").run().success();
    };
    let on_terminal = || {
        let place = Place::new(&conf);
        std::os::unix::fs::symlink(test_support::rkinit(), place.path("kinit")).expect("new");
        let command = "timeout --foreground 14 ./kinit alice";
        let script = place.program("/usr/bin/script");
        script.args(["-qec", command, "screen"]).run().exits(124);
    };
    thread::scope(|scope| {
        scope.spawn(|| piped("kinit", "alice"));
        scope.spawn(|| piped("kpasswd", "bob"));
        scope.spawn(from_file);
        scope.spawn(on_terminal);
    });
}

//! How many requests a login by keytab takes: two the first time, and one after that.
//!
//! They are counted in the trace, and in the log of MIT's KDC, which has a line per request.
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "tests may panic"
)]

use std::fs;
use std::path::Path;

use test_support::{HeimdalRealm, MitRealm, Place, SambaRealm, Tool};

/// Runs `kinit`, and returns the number of requests in its trace.
#[track_caller]
fn requests(place: &Place, kinit: Tool) -> usize {
    let trace = place.path("trace");
    let _ = fs::remove_file(&trace);
    let done = kinit.env("KRB5_TRACE", &trace).run().success();
    assert!(done.stderr().is_empty(), "{done}");
    let text = fs::read_to_string(&trace).expect("the trace was written");
    text.matches("Sending request (").count()
}

fn log_in(place: &Place, keytab: &Path, name: &str) -> Tool {
    place
        .ours("kinit")
        .arg("-k")
        .arg("-t")
        .arg(keytab)
        .arg(name)
}

/// `name` logs in twice with `keytab`. The second login takes one request, and results in an
/// equivalent cache.
#[track_caller]
fn check(place: &Place, keytab: &Path, name: &str, service: &str) {
    let _ = fs::remove_file(place.cache());
    let mut listed = Vec::new();
    for expected in [2, 1, 1] {
        let count = requests(place, log_in(place, keytab, name));
        assert_eq!(count, expected, "kinit -k {name}");
        let listing = place.mit("klist").line("-e -f -C").run().success();
        listed.push(interop::without_times(&listing.stdout()));
        place.mit("kvno").arg(service).run().success();
    }
    assert!(listed.iter().all(|one| *one == listed[0]), "{listed:#?}");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn second_keytab_login_at_mit_takes_one_request() {
    let realm = MitRealm::start();
    let place = realm.place();
    let service = "host/a.mit.test";
    // With a key of one type, and with keys of all types.
    check(&place, &realm.keytab("aes256"), "aes256", service);
    check(&place, &realm.keytab("robot"), "robot", service);
    // The KDC's log shows whether it asked for preauthentication.
    let before = realm.log().matches("NEEDED_PREAUTH").count();
    log_in(&place, &realm.keytab("robot"), "robot")
        .run()
        .success();
    assert_eq!(realm.log().matches("NEEDED_PREAUTH").count(), before);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn cache_of_mits_kinit_saves_a_request_with_a_single_key() {
    let realm = MitRealm::start();
    let place = realm.place();
    for (name, expected) in [("aes256", 1), ("robot", 2)] {
        let keytab = realm.keytab(name);
        let theirs = place
            .mit("kinit")
            .arg("-k")
            .arg("-t")
            .arg(&keytab)
            .arg(name);
        theirs.run().success();
        assert_eq!(requests(&place, log_in(&place, &keytab, name)), expected);
    }
    // The cache of -I helps in the same way.
    let keytab = realm.keytab("robot");
    let input = log_in(&place, &keytab, "robot").args(["-c", "new", "-I"]);
    assert_eq!(requests(&place, input.arg(place.cache())), 1);
    // Information about another client or another service has no effect.
    assert_eq!(
        requests(&place, log_in(&place, &realm.keytab("aes128"), "aes128")),
        2
    );
    let other = log_in(&place, &realm.keytab("aes128"), "aes128").args(["-S", "host/a.mit.test"]);
    assert_eq!(requests(&place, other), 2);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn changed_key_counts_as_one_failed_login() {
    let realm = MitRealm::start();
    let place = realm.place();
    let keytab = realm.keytab("robot");
    log_in(&place, &keytab, "robot").run().success();
    realm.administer("modprinc -policy three-strikes robot\ncpw -randkey robot\n");
    for runs in 1..=2 {
        let refused = log_in(&place, &keytab, "robot").run().exits(1);
        assert!(
            refused.stderr().contains("Preauthentication failed"),
            "{refused}"
        );
        assert_eq!(realm.log().matches(": PREAUTH_FAILED: ").count(), runs);
    }
    // As with ordinary logins, the third failure locks the account.
    log_in(&place, &keytab, "robot").run().exits(1);
    let refused = log_in(&place, &keytab, "robot").run().exits(1);
    assert!(
        refused.stderr().contains("credentials have been revoked"),
        "{refused}"
    );
    assert_eq!(realm.log().matches(": PREAUTH_FAILED: ").count(), 3);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn disabled_encrypted_timestamp_is_never_sent() {
    let realm = MitRealm::start();
    let place = realm.place();
    let keytab = realm.keytab("aes256");
    log_in(&place, &keytab, "aes256").run().success();
    let disabled = realm
        .conf()
        .in_realm(MitRealm::REALM, "disable_encrypted_timestamp = true");
    place.configure(&disabled);
    let before = realm.log().lines().count();
    log_in(&place, &keytab, "aes256").run().exits(1);
    let log = realm.log();
    let new: Vec<&str> = log.lines().skip(before).collect();
    assert!(
        new.len() == 1 && new[0].contains("NEEDED_PREAUTH"),
        "{new:#?}"
    );
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs MIT's tools and Heimdal's KDC: cargo xtask install"
)]
fn second_keytab_login_at_heimdal_takes_one_request() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    check(
        &place,
        &realm.keytab("robot"),
        "robot",
        "host/a.heimdal.test",
    );
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn second_keytab_login_at_samba_takes_one_request() {
    let realm = SambaRealm::start();
    // A datagram is too small for its tickets, so switching to TCP would take one more request each
    // time.
    let place = Place::new(&realm.conf().set("udp_preference_limit", "1"));
    for account in ["svc-web", "svc-rc4", "svc-aes128"] {
        check(&place, &realm.keytab(account), account, "HTTP/web.ad.test");
    }
}

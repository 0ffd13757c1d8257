//! The hints of `kvno` and `kinit` when no ticket is available: they name the cause, and the help
//! does not promise more than what works.
#![allow(clippy::expect_used, reason = "tests may panic")]

use cli::{assert_explained, log_in, realm};
use kerberos_asn1::ErrorCode;
use kerberos_testkdc::Fault;
use test_support::Finished;

/// Checks that `run` failed with a hint that contains `words`.
#[track_caller]
fn check(run: &Finished, words: &str) {
    assert_explained(run, "");
    let text = run.stderr();
    let hint = text.lines().find(|line| line.starts_with("hint: "));
    assert!(hint.is_some_and(|hint| hint.contains(words)), "{run}");
}

#[test]
fn renewal_without_a_ticket_hints_to_log_in() {
    let (_kdc, place) = realm();
    check(&place.ours("kinit").arg("-R").run(), "log in");
    check(&place.ours("kinit").arg("-v").run(), "log in");
    log_in(&place);
    let run = place.ours("kinit").line("-R -S host/a").run();
    check(&run, "no ticket for host/a@CLI.TEST");
}

#[test]
fn missing_cross_realm_tgt_hints_at_capaths() {
    let (_kdc, place) = realm();
    log_in(&place);
    check(&place.ours("kvno").arg("host/a").run(), "the service");
    let run = place.ours("kvno").arg("host/a@NO.REALM").run();
    assert!(run.stderr().contains("krbtgt/NO.REALM@CLI.TEST"), "{run}");
    check(&run, "[capaths]");
}

#[test]
fn same_hint_is_not_printed_twice_in_a_row() {
    let (_kdc, place) = realm();
    log_in(&place);
    let run = place.ours("kvno").line("a b host/a@NO.REALM c").run();
    let text = run.exits(1).stderr();
    let marks = text.lines().map(|line| match line.split_once(' ') {
        Some(("hint:", hint)) => &hint[..9],
        _ => "",
    });
    let expected = ["", "check the", "", "", "no path t", "", "check the"];
    assert_eq!(marks.collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn not_yet_valid_ticket_hints_at_kinit_v() {
    let (kdc, place) = realm();
    log_in(&place);
    kdc.set_fault(Fault::Error(ErrorCode::KRB_AP_ERR_TKT_NYV));
    check(&place.ours("kvno").arg("host/a").run(), "kinit -v");
}

#[test]
fn garbage_reply_hints_that_it_is_not_a_kdc() {
    let (kdc, place) = realm();
    log_in(&place);
    kdc.set_fault(Fault::Garbage);
    let words = "the answer is not that of a KDC";
    check(&place.ours("kvno").arg("host/a").run(), words);
    check(&place.ours("kinit").arg("-R").run(), words);
}

#[test]
fn help_marks_only_unsupported_options() {
    let (_kdc, place) = realm();
    let help = place.ours("kinit").arg("--help").run().success().stdout();
    let missing: Vec<&str> = help
        .lines()
        .filter(|line| line.contains("not supported yet"))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(missing, ["-n", "-T", "-X"]);
}

#[test]
fn windows_style_name_hints_at_user_at_realm() {
    let (_kdc, place) = realm();
    let hint = "hint: write user@REALM instead of DOMAIN\\user";
    let kinit = |name: &str| place.ours("kinit").arg(name).run().exits(1).stderr();
    let text = kinit("LAB\\alice");
    assert!(text.contains("'LABalice@"), "{text}");
    assert!(text.contains(hint), "{text}");
    assert!(!kinit("bob").contains(hint));
}

#[test]
fn expired_password_with_keytab_hints_at_kpasswd() {
    let (kdc, place) = realm();
    kdc.set_fault(Fault::Error(ErrorCode::KDC_ERR_KEY_EXPIRED));
    let add = "-k keytab add -p alice -V 1 -e aes256-cts -r";
    place.ours("ktutil").line(add).run().success();
    for (name, kpasswd) in [("kinit", "kpasswd"), ("rkinit", "rkpasswd")] {
        let run = place.ours(name).line("-kt keytab alice").run().exits(1);
        let hint = format!("hint: change the password: {kpasswd} alice@");
        assert!(run.stderr().contains(&hint), "{run}");
    }
}

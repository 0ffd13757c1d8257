//! `kpasswd`: its prompts and their order, and its messages when it fails.
#![allow(clippy::expect_used, reason = "tests may panic")]

use cli::terminal::type_into;
use cli::{PASSWORD, REALM};
use kerberos_testkdc::TestKdc;
use test_support::{Finished, Place};

/// A realm with a kpasswd service that can change alice's password.
fn realm() -> (TestKdc, Place) {
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let kdc = builder.service("kadmin/changepw").start();
    let kdc = kdc.expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    (kdc, place)
}

fn kpasswd(place: &Place, stdin: &str) -> Finished {
    place.ours("kpasswd").arg("alice").stdin(stdin).run()
}

const PROMPTS: [&str; 3] = [
    "Password for alice@CLI.TEST: ",
    "Enter new password: ",
    "Enter it again: ",
];

#[test]
fn new_password_is_valid_at_once() {
    let (_kdc, place) = realm();
    let run = kpasswd(&place, &format!("{PASSWORD}\n new one \n new one \n")).success();
    let asked = PROMPTS.join("\n");
    assert_eq!(run.stdout(), format!("{asked}\nPassword changed.\n"));
    assert_eq!(run.stderr(), "");
    assert!(!place.cache().exists(), "kpasswd must not cache its ticket");
    let kinit = || place.ours("kinit").arg("alice");
    kinit().stdin(" new one \n").run().success();
    kinit().stdin(format!("{PASSWORD}\n")).run().exits(1);
}

/// Its ticket has a lifetime of its own.
#[test]
fn a_lifetime_in_krb5_conf_that_is_a_mistake_does_not_matter() {
    let (kdc, place) = realm();
    let mistakes = "[libdefaults]\nticket_lifetime = 24 hours\nrenew_lifetime = unlimited";
    let conf = kdc.krb5_conf();
    place.configure(&conf.replacen("[libdefaults]", mistakes, 1));
    kpasswd(&place, &format!("{PASSWORD}\nnew\nnew\n")).success();
}

#[test]
fn missing_wrong_or_mismatched_input_changes_nothing() {
    let (kdc, place) = realm();
    let check = |stdin: &str, prompts: usize, what: &str| {
        let run = kpasswd(&place, stdin).exits(1);
        let shown = PROMPTS[..prompts].join("\n");
        assert!(run.stdout().starts_with(&shown), "{stdin:?}: {run}");
        let said = run.stderr_without_hint();
        assert_eq!(said, format!("kpasswd: {what}\n"), "{stdin:?}");
    };
    check("", 1, "Cannot read password getting initial ticket");
    let wrong = "Preauthentication failed getting initial ticket";
    check("wrong\n", 1, wrong);
    let typed = format!("{PASSWORD}\n");
    check(&typed, 2, "Cannot read password while reading password");
    let once = format!("{typed}new\n");
    check(&once, 3, "Cannot read password while reading password");
    let other = format!("{typed}new\nnew \n");
    check(&other, 3, "Password mismatch while reading password");
    assert!(kdc.password_requests().is_empty());
}

#[test]
fn closed_stdin_fails_and_closed_stdout_is_harmless() {
    let (kdc, place) = realm();
    let through = |script: &str, stdin: &str| {
        let tool = place.ours("kpasswd").arg("alice").stdin(stdin);
        tool.through(["sh", "-c", script]).run()
    };
    let run = through("exec \"$0\" --version <&-", "").success();
    assert!(run.stdout().contains("rkinit"), "{run}");
    // The name of the file decides: called as `rkinit`, it would be kinit.
    std::os::unix::fs::symlink(test_support::rkinit(), place.path("kpasswd"))
        .expect("the path is unused");
    let run = place
        .program(&place.text("kpasswd"))
        .arg("alice")
        .through(["sh", "-c", "exec \"$0\" \"$@\" <&-"])
        .run()
        .exits(1);
    assert!(
        run.stderr()
            .contains(": Cannot read password getting initial ticket\n"),
        "{run}"
    );
    assert!(kdc.password_requests().is_empty());
    // The password is changed even if the prompts cannot be shown.
    let run = place
        .program(&place.text("kpasswd"))
        .arg("alice")
        .stdin(format!("{PASSWORD}\nnew\nnew\n"))
        .through(["sh", "-c", "exec \"$0\" \"$@\" >&-"])
        .run()
        .success();
    assert_eq!(run.stderr(), "");
    let kinit = place.ours("kinit").arg("alice").stdin("new\n");
    kinit.run().success();
}

#[test]
fn a_terminal_shows_no_password() {
    let (_kdc, place) = realm();
    std::os::unix::fs::symlink(test_support::rkinit(), place.path("kpasswd"))
        .expect("the path is unused");
    let line = format!("'{}' alice", place.text("kpasswd"));
    let typed = [
        ("Password for alice@CLI.TEST: ", PASSWORD),
        ("Enter new password: ", "new-secret"),
        ("Enter it again: ", "new-secret"),
    ];
    let (run, shown) = type_into(&place, &line, &typed);
    let run = run.success();
    assert!(shown.contains("Password changed."), "{run}");
    assert!(
        !shown.contains(PASSWORD) && !shown.contains("new-secret"),
        "{run}"
    );
}

#[test]
fn missing_kpasswd_service_is_reported() {
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let kdc = builder.start().expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    let run = kpasswd(&place, &format!("{PASSWORD}\nnew\nnew\n")).exits(1);
    let expected = "kpasswd: Server not found in Kerberos database getting initial ticket\n";
    assert_eq!(run.stderr_without_hint(), expected);
}

/// The password of the default cache's owner is asked for. If the cache is damaged, nobody's is.
#[test]
fn principal_comes_from_the_cache_or_the_system_user() {
    let (_kdc, place) = realm();
    std::fs::write(place.cache(), "g".repeat(160)).expect("the file is writable");
    let run = |place: &Place| place.ours("kpasswd").stdin("").run().exits(1);
    let refused = run(&place);
    let what = "getting principal from ccache";
    assert!(refused.stderr().contains(what), "{refused}");
    // Without a cache, the principal is the system's user.
    std::fs::remove_file(place.cache()).expect("the file exists");
    let asked = run(&place);
    assert!(!asked.stderr().contains(what), "{asked}");
}

//! `kinit … -- COMMAND`: a program with a private cache; and passwords from files.
#![allow(clippy::expect_used, reason = "tests may panic")]

use std::fs;

use cli::{PASSWORD, REALM, realm, typed_password};
use kerberos_files::ccache::CcacheFile;
use kerberos_testkdc::{Account, AccountState, TestKdc};
use test_support::{Place, Tool};

/// kinit for alice, with her password in a file, and a separate folder for private caches.
fn kinit(place: &Place) -> Tool {
    let folder = place.path("private");
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::write(place.path("password"), typed_password()).expect("a file can be written");
    place.ours("kinit").env("TMPDIR", &folder).args([
        "--password-file",
        &place.text("password"),
        "alice",
    ])
}

/// Whether no private cache is left.
fn nothing_left(place: &Place) -> bool {
    let mut left = fs::read_dir(place.path("private")).expect("the folder exists");
    left.next().is_none()
}

#[test]
fn command_gets_a_private_cache() {
    let (_kdc, place) = realm();
    fs::write(place.cache(), "not to be touched").expect("a file can be written");
    let script = "echo $KRB5CCNAME; stat -c %a ${KRB5CCNAME#FILE:}; cat";
    let run = kinit(&place)
        .args(["--", "sh", "-c", script])
        .stdin("for the command")
        .run()
        .success();
    let private = place.text("private");
    let start = format!("FILE:{private}/krb5cc_");
    assert!(run.stdout().starts_with(&start), "{run}");
    assert!(run.stdout().ends_with("\n600\nfor the command"), "{run}");
    assert_eq!(run.stderr(), "");
    assert!(nothing_left(&place));
    let kept = fs::read(place.cache()).expect("the file exists");
    assert_eq!(kept, b"not to be touched");
}

#[test]
fn cache_named_with_c_option_is_kept() {
    let (_kdc, place) = realm();
    let name = format!("FILE:{}", place.text("named"));
    let run = kinit(&place)
        .args(["-V", "-c", &name, "--", "sh", "-c", "echo $KRB5CCNAME"])
        .run()
        .success();
    assert_eq!(run.stdout(), format!("{name}\n"));
    assert!(run.stderr().contains("Authenticated to Kerberos v5\n"));
    assert!(place.path("named").exists());
    assert!(nothing_left(&place));
}

#[test]
fn exit_status_is_that_of_the_command() {
    let (_kdc, place) = realm();
    let check = |command: &[&str], status: i32, stderr: &str| {
        let run = kinit(&place).arg("--").args(command).run().exits(status);
        assert_eq!(run.stderr(), stderr);
        assert!(nothing_left(&place), "{run}");
    };
    check(&["true"], 0, "");
    check(&["sh", "-c", "exit 9"], 9, "");
    check(&["sh", "-c", "kill -KILL $$"], 137, "");
    check(
        &["/nowhere/to/be/found", "x"],
        127,
        "/nowhere/to/be/found: No such file or directory\n",
    );
    check(
        &["/etc/passwd", "x"],
        126,
        "/etc/passwd: Permission denied\n",
    );
}

#[test]
fn failed_login_does_not_run_the_command() {
    let (_kdc, place) = realm();
    let run = kinit(&place);
    fs::write(place.path("password"), "wrong\n").expect("a file can be written");
    let run = run.args(["--", "echo", "run"]).run().exits(1);
    assert_eq!(run.stdout(), "");
    assert!(run.stderr().starts_with("kinit: Password incorrect while"));
    assert!(nothing_left(&place));
}

/// The host's krb5.conf may name a keyring, for example, which containers cannot use.
#[test]
fn command_does_not_need_a_default_cache() {
    let (_kdc, place) = realm();
    let nowhere = "DIR:/nowhere/to/be/found";
    let run = |command: &[&str]| {
        let kinit = kinit(&place).env("KRB5CCNAME", nowhere);
        kinit.args(command).run()
    };
    let ran = run(&["--", "sh", "-c", "echo $KRB5CCNAME"]).success();
    assert!(ran.stdout().starts_with("FILE:"), "{ran}");
    assert_eq!(ran.stderr(), "");
    // In these cases the default cache is needed: for the new ticket, or for the one to renew.
    for line in [&[][..], &["-R", "--", "true"]] {
        let refused = run(line).exits(1);
        assert!(refused.stderr().contains("default ccache"), "{refused}");
    }
    assert!(nothing_left(&place));
}

/// Nobody can choose another password, and standard input does not belong to kinit.
#[test]
fn expired_password_from_a_file_fails_with_a_hint() {
    let alice = Account::new("alice").password(PASSWORD);
    let alice = alice.state(AccountState::PasswordExpired);
    let kdc = TestKdc::builder(REALM).account(alice).start();
    let kdc = kdc.expect("a port is free");
    let place = Place::new(&kdc.krb5_conf());
    let input = "next\nnext\n";
    let run = kinit(&place).stdin(input).run().exits(1);
    assert_eq!(run.stdout(), "");
    let stderr = run.stderr();
    assert!(
        stderr.starts_with("kinit: Password has expired while"),
        "{run}"
    );
    assert!(
        stderr.contains("hint: change the password: kpasswd"),
        "{run}"
    );
}

#[test]
fn signals_are_forwarded_to_the_command() {
    let (_kdc, place) = realm();
    let ready = place.text("ready");
    // Not INT: a shell makes its background jobs ignore it, and this cannot be undone.
    for (signal, status) in [("TERM", 15), ("HUP", 1), ("USR1", 10)] {
        let inner = format!(
            "trap 'exit {}' {signal}; touch {ready}; while :; do sleep 0.02; done",
            status + 50
        );
        let outer = format!(
            "\"$0\" \"$@\" & until [ -e {ready} ]; do sleep 0.02; done; kill -{signal} $!; wait $!"
        );
        kinit(&place)
            .args(["--", "sh", "-c", &inner])
            .through(["sh", "-c", &outer])
            .run()
            .exits(status + 50);
        let _ = fs::remove_file(&ready);
        assert!(nothing_left(&place));
    }
}

#[test]
fn ticket_is_refreshed_while_the_command_runs() {
    let (_kdc, place) = realm();
    let script = "c=${KRB5CCNAME#FILE:}; a=$(cksum < $c); kill -ALRM $PPID; \
         for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 0.2; \
         [ \"$(cksum < $c)\" = \"$a\" ] || exit 0; done; exit 1";
    kinit(&place)
        .args(["--", "sh", "-c", script])
        .run()
        .success();
    // Without an alarm, before the ticket's end: after two thirds of its lifetime.
    let script = script.replace("kill -ALRM $PPID;", "");
    let short = kinit(&place).args(["-l", "3s", "--", "sh", "-c", &script]);
    short.run().success();
    assert!(nothing_left(&place));
}

#[test]
fn existing_ticket_is_renewed_for_the_command() {
    let (_kdc, place) = realm();
    let refused = |status: i32, stderr: &str| {
        let run = place
            .ours("kinit")
            .line("-R -- echo run")
            .run()
            .exits(status);
        assert_eq!(run.stdout(), "");
        assert_eq!(run.stderr_without_hint(), stderr);
    };
    let missing = place.text("cache");
    refused(
        1,
        &format!(
            "kinit: No credentials cache found (filename: {missing}) while renewing credentials\n"
        ),
    );
    kinit(&place).run().success();
    refused(
        1,
        "kinit: KDC can't fulfill requested option while renewing credentials\n",
    );
    kinit(&place).args(["-l", "1h", "-r", "1d"]).run().success();
    let before = fs::read(place.cache()).expect("the file exists");
    let renew = |command: &[&str]| {
        let folder = place.path("private");
        let tool = place.ours("kinit").env("TMPDIR", folder).arg("-R");
        tool.args(command).run()
    };
    let run = renew(&["--", "sh", "-c", "echo $KRB5CCNAME; exit 7"]).exits(7);
    assert!(run.stdout().contains("/private/krb5cc_"), "{run}");
    assert!(nothing_left(&place));
    let after = fs::read(place.cache()).expect("the file exists");
    assert!(after == before, "the user's own cache is not touched");
    // A single word that is a path is the command, and not a principal.
    renew(&["--", "/bin/true"]).success();
    // The ticket is renewed again and again, and the user's cache is no longer needed.
    let script = "rm \"$0\"; c=${KRB5CCNAME#FILE:}; for round in 1 2; do a=$(cksum < $c); \
                  kill -ALRM $PPID; until [ \"$(cksum < $c)\" != \"$a\" ]; do sleep 0.05; done; done";
    let source = place.text("cache");
    renew(&["--", "sh", "-c", script, &source]).success();
    assert!(!place.cache().exists() && nothing_left(&place));
    // With -c, the named cache is kept fresh.
    let named = place.text("named");
    let login = kinit(&place).args(["-l", "1h", "-r", "1d", "-c", &named]);
    login.run().success();
    let before = fs::read(&named).expect("the file exists");
    renew(&["-c", &named, "--", "/bin/true"]).success();
    assert!(fs::read(&named).expect("the file exists") != before);
}

#[test]
fn kinit_terminated_at_the_prompt_leaves_no_cache() {
    let (_kdc, place) = realm();
    fs::create_dir(place.path("private")).expect("the path is unused");
    // It asks for the password on a pipe that nobody writes to.
    let script = "mkfifo pipe; exec 3<>pipe; \"$0\" \"$@\" <&3 >prompt & \
                  until [ -s prompt ]; do sleep 0.02; done; kill -TERM $!; wait $!";
    place
        .ours("kinit")
        .env("TMPDIR", place.path("private"))
        .line("alice -- sleep 60")
        .through(["sh", "-c", script])
        .run()
        .exits(128 + 15);
    assert!(nothing_left(&place));
}

#[test]
fn command_starts_with_default_signal_handling() {
    let (_kdc, place) = realm();
    let run = kinit(&place)
        .line("-- grep SigBlk /proc/self/status")
        .run()
        .success();
    assert_eq!(run.stdout(), "SigBlk:\t0000000000000000\n");
    // We ignore SIGPIPE, as all Rust programs do, but the command must not.
    let command = ["--", "sh", "-c", "kill -PIPE $$"];
    kinit(&place).args(command).run().exits(128 + 13);
}

#[test]
fn ctrl_c_on_the_terminal_reaches_the_command_once() {
    let (_kdc, place) = realm();
    let _ = kinit(&place);
    // `script` provides a separate terminal, and types Ctrl-C.
    let inner = "trap 'echo caught; count=$((count + 1))' INT; echo ready > ready; \
                 until [ -n \"$count\" ]; do sleep 0.02; done; sleep 0.5; exit $count";
    let program = test_support::rkinit();
    let password = place.write("password", typed_password());
    let line = format!(
        "exec '{}' --password-file '{}' alice -- sh -c '{}'",
        program.display(),
        password.display(),
        inner.replace('\'', "'\\''")
    );
    let feed = "{ until [ -e ready ]; do sleep 0.02; done; printf '\\003'; sleep 2; } | \
                exec \"$0\" \"$@\"";
    place
        .program("/usr/bin/script")
        .args(["-q", "-e", "-c", &line, &place.text("typescript")])
        .through(["sh", "-c", feed])
        .run()
        .exits(1);
}

#[test]
fn single_word_after_double_dash_is_the_principal() {
    let (_kdc, place) = realm();
    cli::kinit(&place, "-- alice").run().success();
    let run = place.ours("kinit").args(["alice", "ls"]).run().exits(2);
    let expected = "Extra arguments (starting with \"ls\").\n";
    assert!(run.stderr().starts_with(expected), "{run}");
}

#[test]
fn password_file_may_be_stdin_or_a_descriptor() {
    let (_kdc, place) = realm();
    let owner = format!("alice@{REALM}");
    let check = |file: &str, stdin: &str, shell: &str| {
        let run = place
            .ours("kinit")
            .args(["--password-file", file, "alice"])
            .stdin(stdin)
            .through(["sh", "-c", shell])
            .run()
            .success();
        assert_eq!(run.stdout(), "");
        let cache = CcacheFile::new(place.cache());
        let reader = cache.open().expect("the ccache can be opened");
        assert_eq!(reader.default_principal().to_string(), owner);
        fs::remove_file(place.cache()).expect("the file exists");
    };
    let same = "\"$0\" \"$@\"";
    check("-", &format!("{PASSWORD}\r\nmore\n"), same);
    check("-", PASSWORD, same);
    check(
        "/dev/fd/3",
        &typed_password(),
        "exec 3<&0 </dev/null; \"$0\" \"$@\"",
    );
    let refused = |file: &str, what: &str| {
        let run = place
            .ours("kinit")
            .args(["--password-file", file, "alice"])
            .run()
            .exits(1);
        let line = format!("kinit: {what} while reading the password file {file}\n");
        assert_eq!(run.stderr_without_hint(), line);
    };
    refused("/nowhere", "No such file or directory");
    refused("/", "Is a directory");
    refused("-", "The file is empty");
}

//! Prompts on a terminal: keys and signals reach those who expect them, the terminal is as before
//! afterwards, and programs that type for a person (expect) find what they wait for.
#![allow(clippy::expect_used, reason = "a test may panic")]

use std::os::unix::fs::symlink;

use cli::terminal::type_into;
use cli::{PASSWORD, REALM, place_without_kdc, realm, realm_of};
use kerberos_testkdc::TestKdc;
use test_support::Place;

const PROMPT: &str = "Password for alice@CLI.TEST: ";

/// Runs a script on a terminal, with our `name` in the folder, and types. Returns the screen.
///
/// It is one of bash, as dash runs a trap without waiting for the program.
fn screen(place: &Place, name: &str, script: &str, typed: &[(&str, &str)]) -> String {
    if !place.path(name).exists() {
        symlink(test_support::rkinit(), place.path(name)).expect("it is new");
    }
    place.write("script", script);
    type_into(place, "exec bash script", typed).1
}

#[test]
fn ctrl_c_reaches_the_script_that_asks_for_the_password_too() {
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let (_kdc, place) = realm_of(builder.service("kadmin/changepw"));
    for name in ["kinit", "kpasswd"] {
        let script = format!("trap 'echo trapped' INT; ./{name} alice; stty -a");
        let shown = screen(&place, name, &script, &[(PROMPT, "\x03")]);
        assert!(shown.contains("Password read interrupted"), "{shown}");
        assert!(shown.contains("trapped"), "{shown}");
        assert!(!shown.contains("-echo "), "{shown}");
    }
}

#[test]
fn ctrl_c_that_is_ignored_or_no_signal_is_left_to_the_terminal() {
    let (_kdc, place) = realm();
    let script = "trap '' INT; ./kinit alice && echo logged in";
    let typed = format!("\x03{PASSWORD}");
    let shown = screen(&place, "kinit", script, &[(PROMPT, &typed)]);
    assert!(shown.contains("logged in"), "{shown}");

    let (_kdc, place) = realm_of(TestKdc::builder(REALM).principal("alice", "a\x03b\x1ac"));
    let script = "stty -isig; ./kinit alice && echo logged in";
    let shown = screen(&place, "kinit", script, &[(PROMPT, "a\x03b\x1ac")]);
    assert!(shown.contains("logged in"), "{shown}");
}

#[test]
fn a_signal_at_a_prompt_takes_effect_once_the_terminal_is_restored() {
    let (_kdc, place) = realm();
    let check = |script: &str, typed: &[(&str, &str)], expected: &[&str]| {
        let shown = screen(&place, "kinit", script, typed);
        for expected in expected.iter().chain(&[" echo "]) {
            assert!(shown.contains(expected), "{expected}: {shown}");
        }
    };
    let quit = "trap 'echo trapped' QUIT; ./kinit alice; echo status $?; stty -a";
    check(quit, &[(PROMPT, "\x1c")], &["trapped", "status 131"]);
    for (signal, status) in [("TERM", "status 143"), ("HUP", "status 129")] {
        let script = format!(
            "./kinit alice < /dev/tty & pid=$!; until grep -qF '{PROMPT}' screen; do sleep 0.1; \
             done; kill -{signal} $pid; wait $pid; echo status $?; stty -a"
        );
        check(&script, &[("status", "")], &[status]);
    }
    // Here by timeout(1), because a script's background jobs ignore SIGINT.
    let interrupt = "timeout --foreground -s INT 1 ./kinit alice; stty -a";
    check(interrupt, &[("speed", "")], &["Password read interrupted"]);
}

#[test]
fn after_a_prompt_signals_act_at_once() {
    let (_kdc, place) = realm();
    // It passes the signal on to the command.
    let script = "./kinit alice -- sh -c 'kill -INT $PPID; exec sleep 60'; echo status $?";
    let shown = screen(&place, "kinit", script, &[(PROMPT, PASSWORD)]);
    assert!(shown.contains("status 130"), "{shown}");
}

#[test]
fn ktutil_shows_what_is_typed_after_a_prompt_only_once() {
    let place = place_without_kdc();
    let script = "TERM=xterm ./ktutil";
    let prompt = "ktutil:  ";
    let shown = screen(&place, "ktutil", script, &[(prompt, "list\nquit")]);
    assert!(
        shown.contains("ktutil:  list\r\nslot KVNO Principal\r\n"),
        "{shown:?}"
    );
    assert!(shown.contains("\r\nktutil:  quit\r\n"), "{shown:?}");
    // With the cursor inside the line it is painted again.
    let shown = screen(
        &place,
        "ktutil",
        script,
        &[(prompt, "ist\x01l"), (prompt, "quit")],
    );
    assert!(shown.contains("\x1b[Kktutil:  list"), "{shown:?}");
}

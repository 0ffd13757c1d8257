//! Standard input, output and error: prompts, broken pipes, full disks, and the output of
//! `KRB5_TRACE`; and that none of them shows a secret.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;

use cli::terminal::type_into;
use cli::{PASSWORD, REALM, kinit, old_cache, place_without_kdc, realm, tickets, typed_password};
use kerberos_proto::Credential;
use test_support::raw::{self, RawCredential, RawPrincipal};
use test_support::{Finished, Place};

#[test]
fn the_prompt_goes_to_standard_output_and_reads_standard_input() {
    let (_kdc, place) = realm();
    let run = kinit(&place, "alice").run().success();
    assert_eq!(run.stdout(), "Password for alice@CLI.TEST: \n");
    assert_eq!(run.stderr(), "");
    // No input.
    let run = place.ours("kinit").arg("alice").run().exits(1);
    assert!(
        run.stderr()
            .starts_with("kinit: Cannot read password while getting"),
        "{run}"
    );
    let closed = place
        .ours("kinit")
        .arg("alice")
        .through(["sh", "-c", "exec \"$0\" \"$@\" <&-"]);
    let run = closed.run().exits(1);
    assert!(
        run.stderr().contains("Cannot read password while getting"),
        "{run}"
    );
}

#[test]
fn a_password_is_asked_for_only_when_the_kdc_wants_one() {
    let run = kinit(&place_without_kdc(), "alice").run();
    assert_eq!(run.exits(1).stdout(), "");
    let (_kdc, place) = realm();
    let run = kinit(&place, "nobody").run().exits(1);
    assert_eq!(run.stdout(), "");
}

#[test]
fn a_terminal_does_not_show_the_password() {
    let (_kdc, place) = realm();
    let line = format!("'{}' alice", test_support::rkinit().display());
    let prompt = "Password for alice@CLI.TEST: ";
    let (run, shown) = type_into(&place, &line, &[(prompt, PASSWORD)]);
    let run = run.success();
    assert!(shown.contains(prompt), "{run}");
    assert!(!shown.contains(PASSWORD), "{run}");
    assert!(place.cache().exists());
}

#[test]
fn a_broken_pipe_is_quiet() {
    let place = place_without_kdc();
    let bob = RawPrincipal::new("bob", REALM);
    let ticket = RawCredential::new(&bob, &RawPrincipal::new("host/a", REALM));
    place.write("cache", raw::cache(4, None, &bob, &vec![ticket; 5000]));
    fs::copy(test_support::rkinit(), place.path("klist")).expect("the folder is writable");
    let pipe = "\"$0\" \"$@\" | true; exit 0";
    let run = place
        .ours("kinit")
        .through(["sh", "-c", &pipe.replace("$0", "./klist")])
        .run();
    assert_eq!(run.success().stderr(), "");
}

#[test]
fn a_listing_that_cannot_be_written_fails() {
    let place = place_without_kdc();
    place.write("cache", old_cache());
    let full = "exec ./klist > /dev/full";
    fs::copy(test_support::rkinit(), place.path("klist")).expect("the folder is writable");
    let run = place
        .ours("klist")
        .through(["sh", "-c", full])
        .run()
        .exits(1);
    assert!(run.stderr().contains("No space left on device"), "{run}");
    // Standard output is closed.
    let run = place
        .ours("klist")
        .through(["sh", "-c", "exec ./klist >&-"])
        .run();
    assert!(!run.stderr().contains("panicked"), "{run}");
    let run = place
        .ours("klist")
        .through(["sh", "-c", "exec ./klist -s >&- 2>&- <&-"])
        .run();
    run.success();
}

#[test]
fn krb5_trace_records_the_login() {
    let (_kdc, place) = realm();
    let trace = place.text("trace");
    let traced = || kinit(&place, "alice").env("KRB5_TRACE", &trace);
    traced().run().success();
    let text = fs::read_to_string(&trace).expect("KRB5_TRACE is written");
    for line in text.lines() {
        // [pid] seconds.microseconds: what
        let rest = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] "));
        let (pid, rest) = rest.unwrap_or_else(|| panic!("no pid: {line}"));
        let (time, what) = rest
            .split_once(": ")
            .unwrap_or_else(|| panic!("no time: {line}"));
        assert!(pid.parse::<u32>().is_ok(), "{line}");
        let (seconds, fraction) = time.split_once('.').unwrap_or_else(|| panic!("{line}"));
        assert!(
            seconds.parse::<u64>().is_ok() && fraction.len() == 6,
            "{line}"
        );
        assert!(!what.is_empty());
    }
    for what in [
        "Getting initial credentials for alice@CLI.TEST",
        "Sending",
        "Received answer",
    ] {
        assert!(text.contains(what), "the trace lacks {what:?}:\n{text}");
    }
    // A second run appends to it.
    traced().stdin("wrong\n").run().exits(1);
    let longer = fs::read_to_string(&trace).expect("KRB5_TRACE is written");
    assert!(longer.starts_with(&text) && longer.len() > text.len());
    // If the trace cannot be written, the login continues nevertheless.
    let untraced = kinit(&place, "alice").env("KRB5_TRACE", "/nonexistent/trace");
    untraced.run().success();
}

#[test]
fn output_and_trace_contain_no_secrets() {
    let (kdc, place) = realm();
    let trace = place.text("trace");
    let run = |line: &str, input: &str| {
        place
            .ours("kinit")
            .env("KRB5_TRACE", &trace)
            .line(line)
            .stdin(input)
            .run()
    };
    let mut shown = Vec::new();
    let mut see = |run: &Finished| {
        shown.extend_from_slice(&run.stdout);
        shown.extend_from_slice(&run.stderr);
    };
    see(&run("-V alice", &typed_password()).success());
    let mut secrets = session_keys(&place);
    // A wrong password may be the right one for another account.
    see(&run("-V alice", "another-secret-word\n").exits(1));
    see(&run("-V nobody", &typed_password()).exits(1));
    kdc.set_fault(kerberos_testkdc::Fault::CorruptedCiphertext);
    see(&run("-V alice", &typed_password()).exits(1));
    see(&place.ours("klist").line("-e -f -a -C").run());
    shown.extend(fs::read(&trace).expect("KRB5_TRACE is written"));

    secrets.push(PASSWORD.as_bytes().to_vec());
    secrets.push(b"another-secret-word".to_vec());
    secrets.extend(
        kdc.keys("alice")
            .iter()
            .map(|key| key.key().expose_bytes().to_vec()),
    );
    assert!(secrets.len() >= 4);
    let text = String::from_utf8_lossy(&shown).to_lowercase();
    for secret in secrets {
        let hex = secret
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let list = format!("{secret:?}");
        let raw = shown.windows(secret.len()).any(|window| window == secret);
        assert!(
            !raw && !text.contains(&hex) && !text.contains(&list),
            "the output contains a secret:\n{text}"
        );
    }
}

fn session_keys(place: &Place) -> Vec<Vec<u8>> {
    let tickets = tickets(place);
    assert!(!tickets.is_empty());
    let key = |ticket: &Credential| ticket.session_key.expose_bytes().to_vec();
    tickets.iter().map(key).collect()
}

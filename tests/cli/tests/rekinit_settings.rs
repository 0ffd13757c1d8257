//! What the sidecar says about settings that cannot work: it refuses them at the start, and says
//! what to write instead.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use cli::sidecar::rekinit;
use cli::{PASSWORD, realm};
use test_support::{Place, Sidecar};

const TICKET: &str = "[[ticket]]\nprincipal = \"alice\"\npassword-file = \"password\"\n";

/// Checks that a file of `--config` with this `text` is refused with `what`.
#[track_caller]
fn file_is_refused(place: &Place, text: &str, what: &str) {
    place.write("t.toml", text);
    let run = rekinit(place, "--once --config t.toml").run().exits(2);
    assert!(run.stderr().contains("t.toml: "), "{text}: {run}");
    assert!(run.stderr().contains(what), "expected {what}: {run}");
}

#[test]
fn values_of_wrong_types_are_explained() {
    let (_kdc, place) = realm();
    for (line, what) in [
        ("period = 1.5", "it is not a duration: write it as 3600"),
        ("timeout = -3", "it is not a duration: write it as 3600"),
        ("hook = 1", "write it as \"/path\" or [\"/path\","),
    ] {
        file_is_refused(&place, &format!("{line}\n{TICKET}"), what);
    }
    for (line, what) in [
        ("owner = -1", "neither the number of a user or group nor"),
        ("mode = 400", "write mode = \"0400\""),
        ("mode = 0400", "write mode = \"0400\""),
    ] {
        file_is_refused(&place, &format!("{TICKET}{line}\n"), what);
    }
    let table = TICKET.replace("[[ticket]]", "[ticket]");
    for text in [table.clone(), table.repeat(2)] {
        file_is_refused(&place, &text, "write [[ticket]], in double brackets");
    }
    let hooks = format!("hook = \"a\"\nhook-shell = \"b\"\n{TICKET}");
    file_is_refused(&place, &hooks, "cannot be used together");
}

#[test]
fn hook_without_a_program_is_refused() {
    let (_kdc, place) = realm();
    for hook in ["[]", "[\"\"]", "\"\""] {
        let text = format!("hook = {hook}\n{TICKET}");
        file_is_refused(&place, &text, "the hook names no program");
    }
    let tool = rekinit(&place, "--once --password-file password alice");
    let run = tool.args(["--hook", ""]).run().exits(2);
    assert!(run.stderr().contains("--hook: the hook names no"), "{run}");
}

#[test]
fn failing_hook_does_not_change_the_exit_status() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    for hook in ["/nonexistent", "false"] {
        let line = format!("--once --password-file password --hook {hook} alice");
        let run = rekinit(&place, &line).run().success();
        assert!(run.stderr().contains("the hook "), "{run}");
    }
}

#[test]
fn service_tickets_without_a_tgt_are_refused() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let services = "--once --password-file password --service HTTP/www alice -S";
    let run = rekinit(&place, services).arg("kadmin/admin").run().exits(2);
    let text = "with -S there is no TGT to get the tickets of --service with";
    assert!(run.stderr().contains(text), "{run}");
    let keys = "initial-service = \"kadmin/admin\"\nservices = [\"HTTP/www\"]\n";
    let text = "with initial-service there is no TGT to get the tickets of services with";
    file_is_refused(&place, &format!("{TICKET}{keys}"), text);
    // Another name for what is requested anyway.
    let run = rekinit(&place, services).arg("krbtgt/CLI.TEST").run();
    assert!(!run.stderr().contains("there is no TGT"), "{run}");
}

#[test]
fn standard_input_is_refused_for_two_tickets() {
    let (_kdc, place) = realm();
    let ticket = TICKET.replace("\"password\"", "\"-\"");
    let text = format!("{ticket}cache = \"a\"\n{ticket}cache = \"b\"\n");
    file_is_refused(&place, &text, "only one ticket can have password-file");
    place.write("t.toml", ticket);
    let tool = rekinit(&place, "--once --config t.toml").stdin(PASSWORD);
    tool.run().success();
}

#[test]
fn names_with_empty_parts_are_refused() {
    let (_kdc, place) = realm();
    let empty = "is not a name, because a part of it is empty";
    let password = "--once --password-file password";
    let refused = |words: &[&str], what: &str| {
        let tool = rekinit(&place, password);
        let run = tool.args(words).run().exits(2);
        assert!(run.stderr().contains(what), "expected {what}: {run}");
    };
    for name in ["", "@", "svc/", "svc@", "/host@CLI.TEST"] {
        refused(&[name], empty);
    }
    for service in ["", "HTTP/", "/host", "@CLI.TEST"] {
        refused(&["--service", service, "alice"], empty);
        refused(&["-S", service, "alice"], empty);
    }
    file_is_refused(&place, &format!("{TICKET}services = [\"\"]\n"), empty);
    for mode in ["0", "040", "0277"] {
        refused(&["-m", mode, "alice"], "does not let the owner read");
    }
}

#[test]
fn mistake_in_a_reloaded_file_is_logged_in_one_line_without_picture() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    place.write("t.toml", TICKET);
    let tool = rekinit(&place, "--config t.toml");
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    sidecar.wait_for("ticket obtained", 1);
    place.write("t.toml", format!("{TICKET}nonsense = 1\n"));
    sidecar.signal("HUP");
    sidecar.wait_for(
        "not reloaded: t.toml: TOML parse error at line 4, column 1: unknown field `nonsense`",
        1,
    );
    assert!(!sidecar.log().contains('^'), "{}", sidecar.log());
    // At the start there is room for it, but not in JSON.
    file_is_refused(&place, "nonsense = 1\n", "| ^^^^");
    let run = rekinit(&place, "--log json --config t.toml").run().exits(2);
    assert!(!run.stderr().contains('^'), "{run}");
}

#[test]
fn service_in_the_notation_of_gss_is_explained() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let line = "--once --password-file password --service HTTP@www.example.com alice";
    let run = rekinit(&place, line).run().exits(1);
    let hint = "a service on a host is written HTTP/www.example.com";
    assert!(run.stderr().contains(hint), "{run}");
}

#[test]
fn keytab_without_the_principal_is_answered_with_its_principals() {
    let (kdc, place) = realm();
    place.write("kt", kdc.keytab("alice"));
    let run = rekinit(&place, "-x -kt kt nosuch").run().exits(1);
    let hint = "kt has keys of alice@CLI.TEST: name a principal of the keytab";
    assert!(run.stderr().contains(hint), "{run}");
}

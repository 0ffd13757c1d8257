//! How the sidecar reports mistakes, and what it leaves out: fitting hints, the position in a file,
//! no time of the next attempt if there is none, no prompt that nobody would read.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cli::sidecar::rekinit;
use cli::{PASSWORD, REALM, realm};
use kerberos_testkdc::Fault;
use serde_json::Value;
use test_support::{Finished, Place, Sidecar};

fn fails(place: &Place, arguments: &str, code: i32) -> Finished {
    rekinit(place, arguments).run().exits(code)
}

#[track_caller]
fn says(run: &Finished, text: &str) {
    assert!(run.stderr().contains(text), "expected {text}: {run}");
}

#[track_caller]
fn says_nothing_of(run: &Finished, text: &str) {
    assert!(!run.stderr().contains(text), "{text}: {run}");
}

/// Checks that it ends with `code`, and prints `what`.
#[track_caller]
fn check(place: &Place, arguments: &str, code: i32, what: &str) {
    let run = fails(place, arguments, code);
    says(&run, what);
    says_nothing_of(&run, "panicked");
}

#[test]
fn invalid_command_lines_are_explained() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let run = rekinit(&place, "-x --password-env PW alice").env("PW", "\n");
    let run = run.run().exits(2);
    says(&run, "the variable PW: it is empty");
    let wrong = |arguments: &str, what: &str| check(&place, arguments, 2, what);
    wrong("alice", "there is no secret to log in with");
    wrong("--password-file password", "name the principal");
    wrong(
        "--password-file password --secret-file s",
        "more than one secret",
    );
    wrong("-k a b", "Extra arguments (starting with \"b\")");
    wrong("-k -m 9 alice", "9 is not a mode");
    wrong("-k -m 1777 alice", "1777 is not a mode");
    wrong("-k -o nobody-at-all alice", "by its number");
    wrong("-k -m 640 -c KCM: alice", "KCM: is not a file");
    wrong("-k -c MEMORY:x alice", "this process only");
    for keyring in ["process:x", "thread:x", "process"] {
        let arguments = format!("-k -c KEYRING:{keyring} alice");
        wrong(&arguments, "this process only");
    }
    wrong("-k -c ODD:x alice", "ODD:x: Unknown");
    wrong("-k -l soon alice", "Bad lifetime value soon");
    wrong(
        "-k --period never alice",
        "--period: never is not a duration",
    );
    wrong("-k -K 0 alice", "-K: 0 is not a number of minutes");
    wrong("-k --log xml alice", "xml is not a log format");
    wrong(
        "-k --once alice -- true",
        "--once cannot be used with an application",
    );
    wrong("-k --once --destroy alice", "leave out --destroy");
    wrong("-k --listen nowhere alice", "cannot listen on nowhere");
    wrong("--nope", "unrecognized option '--nope'");
}

#[test]
fn invalid_config_files_are_explained() {
    let (_kdc, place) = realm();
    place.write(
        "bad.toml",
        "[[ticket]]\nprincipal = \"a\"\nkeytap = \"k\"\n",
    );
    place.write("none.toml", "log = \"json\"\n");
    let twice = "[[ticket]]\nkeytab = \"k\"\ncache = \"FILE:x\"\n".repeat(2);
    place.write("twice.toml", twice);
    let wrong = |arguments: &str, what: &str| check(&place, arguments, 2, what);
    wrong(
        "--config missing.toml",
        "missing.toml: No such file or directory",
    );
    wrong("--config bad.toml", "unknown field `keytap`");
    wrong("--config bad.toml", "line 3");
    wrong("--config none.toml", "has no [[ticket]]");
    wrong("--config twice.toml", "two tickets have the cache FILE:x");
    let one = |cache: &str| {
        format!("[[ticket]]\nprincipal = \"alice\"\nkeytab = \"k\"\ncache = \"{cache}\"\n")
    };
    for other in ["DIR:tickets", "DIR::tickets/tkt"] {
        place.write("twice.toml", one("DIR:tickets") + &one(other));
        wrong("--config twice.toml", "two tickets of alice@");
    }
    // The principals differ, but each name means one cache.
    for cache in ["KEYRING:session:app:tkt", "KCM:app", "DIR::tickets/tkt"] {
        let bobs = one(cache).replace("alice", "bob");
        place.write("twice.toml", one(cache) + &bobs);
        wrong("--config twice.toml", "two tickets have the cache");
    }
    wrong(
        "--config twice.toml alice",
        "do not name one on the command line",
    );
    wrong(
        "--config twice.toml -m 640",
        "-m cannot be used with --config",
    );
    check(
        &place,
        "--config twice.toml --check -c x",
        1,
        "-c cannot be used with --config",
    );
}

#[test]
fn mistakes_are_logged_as_json_when_requested() {
    let (_kdc, place) = realm();
    place.write(
        "json.toml",
        "log = \"json\"\n[[ticket]]\nkeytab = \"k\"\nowner = \"nobody-at-all\"\n",
    );
    let check_json = |arguments: &str, code: i32, what: &str| {
        let run = fails(&place, arguments, code);
        for line in run.stderr().lines() {
            let event: Value = serde_json::from_str(line).expect("the line is valid JSON");
            let message = event["message"].as_str().unwrap_or_default();
            assert!(message.contains(what), "expected {what}: {run}");
            assert_eq!(event["level"], "error");
        }
        assert!(!run.stderr().is_empty(), "{run}");
    };
    check_json("--log json alice", 2, "there is no secret to log in with");
    check_json("--config json.toml", 2, "by its number");
    check_json("--log json --config missing.toml", 2, "No such file");
    check_json(
        "--log json -k --listen nowhere alice",
        2,
        "cannot listen on nowhere",
    );
}

#[test]
fn help_has_all_its_parts() {
    let (_kdc, place) = realm();
    let help = rekinit(&place, "--help").run().success();
    for part in ["Secrets", "The cache", "--owner", "Examples:", "Signals:"] {
        assert!(help.stdout().contains(part), "{help}");
    }
}

#[test]
fn partly_valid_durations_are_refused() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let once = "--once --password-file password alice";
    for option in ["--period 1.5h", "--timeout 5.m", "--period 1h,", "-l 1.5h"] {
        let run = fails(&place, &format!("{once} {option}"), 2);
        says(
            &run,
            option.split_once(' ').expect("the option has a value").1,
        );
    }
    fails(&place, "--check --min-life 1.5h", 1);
    // A script's variable is used only if the options come from the environment, too.
    let by_script = |name: &str| rekinit(&place, "").env("OPTIONS", once).env(name, "1.5h");
    for name in ["PERIOD_SECONDS", "DELAY_SECONDS"] {
        let what = format!("{name}: 1.5h is not a duration");
        says(&by_script(name).run().exits(2), &what);
        let named = rekinit(&place, once).env(name, "1.5h");
        named.run().success();
    }
    let ticket = "[[ticket]]\nprincipal = \"alice\"\npassword-file = \"password\"\n";
    place.write("t.toml", format!("{ticket}lifetime = \"1.5h\"\n"));
    let what = "t.toml: ticket 1 (alice): Bad lifetime value 1.5h";
    says(&fails(&place, "--once --config t.toml", 2), what);
    for (line, what) in [
        (
            "period = \"1.5h\"\n",
            "t.toml: period: 1.5h is not a duration",
        ),
        (
            "timeout = \"1x\"\n",
            "t.toml: timeout: 1x is not a duration",
        ),
    ] {
        place.write("t.toml", format!("{line}{ticket}"));
        says(&fails(&place, "--once --config t.toml", 2), what);
    }
    rekinit(&place, once).line("--period 1h30m").run().success();
}

#[test]
fn each_mistake_has_its_own_hint() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let general = "the examples of --help";
    says(&fails(&place, "alice", 2), general);
    let run = fails(&place, "-k -m 9 alice", 2);
    says_nothing_of(&run, "hint");
    let run = fails(&place, "-k -c ODD:x alice", 2);
    says(&run, "hint: the types are FILE, DIR");
    let nowhere = rekinit(&place, "-k alice").env("KRB5_CONFIG", "/nonexist");
    let run = nowhere.run().exits(2);
    says(&run, "default_realm");
    says_nothing_of(&run, general);
    // For a file, it names the position, and does not suggest options that are refused together
    // with a file.
    place.write(
        "t.toml",
        "[[ticket]]\nkeytab = \"k\"\n[[ticket]]\nprincipal = \"bob\"\ncache = \"x\"\n",
    );
    let run = fails(&place, "--config t.toml", 2);
    says(
        &run,
        "t.toml: ticket 2 (bob): there is no secret to log in with",
    );
    says_nothing_of(&run, "--");
    place.write("t.toml", "[[ticket]]\npassword-file = \"x\"\n");
    let run = fails(&place, "--config t.toml", 2);
    says(&run, "t.toml: ticket 1: no principal is given");
}

#[test]
fn missing_or_invalid_secret_variable_fails_at_once() {
    let (_kdc, place) = realm();
    let check = |arguments: &str, what: &str| {
        let tool = rekinit(&place, arguments).env("ODD", "{\"username\":");
        says(&tool.env("EMPTY", "").run().exits(2), what);
    };
    check(
        "--password-env NOSUCH alice",
        "the variable NOSUCH: it is not set",
    );
    check(
        "--password-env EMPTY alice",
        "the variable EMPTY: it is empty",
    );
    check("--secret-env NOSUCH", "the variable NOSUCH: it is not set");
    check("--secret-env ODD", "the variable ODD");
}

#[test]
fn username_that_names_no_principal_is_an_error_that_tells_its_place() {
    let (_kdc, place) = realm();
    place.write("no-realm.conf", "");
    let secret = |name: &str| format!("{{\"username\":\"{name}\",\"password\":\"{PASSWORD}\"}}");
    let check = |name: &str, config: &str, what: &str| {
        place.write("secret", secret(name));
        for (arguments, code, from) in [
            ("--secret-env SECRET", 2, "the variable SECRET"),
            ("-x --secret-file secret", 1, "secret"),
        ] {
            let tool = rekinit(&place, arguments).env("SECRET", secret(name));
            let run = tool.env("KRB5_CONFIG", place.path(config)).run();
            let run = run.exits(code);
            says(&run, &format!("Cannot read the secret in {from}: {what}"));
            says_nothing_of(&run, PASSWORD);
        }
    };
    check("", "krb5.conf", "it has no \"username\"");
    check("a@b@c", "krb5.conf", "its \"username\": a@b@c: malformed");
    check(
        "alice",
        "no-realm.conf",
        "its \"username\": alice: the principal name has no realm: add \"domainName\", write name@REALM",
    );
    check(
        "SIDE\\\\alice",
        "krb5.conf",
        "its \"username\" must not be DOMAIN\\user: write alice",
    );
    let tool = rekinit(&place, "--once --secret-env SECRET alice");
    tool.env("SECRET", secret("")).run().success();
}

#[test]
fn piped_password_is_read_without_a_prompt() {
    let (_kdc, place) = realm();
    let tool = rekinit(&place, "--password-file - alice -- echo done");
    let run = tool.stdin(format!("{PASSWORD}\n")).run().success();
    assert_eq!(run.stdout(), "done\n");
    says_nothing_of(&run, "Password");
    let run = rekinit(&place, "--once --password-file - alice").stdin("");
    says(&run.run().exits(2), "standard input: ");
}

#[test]
fn final_message_announces_no_next_attempt() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    place.write("wrong", "wrong");
    let run = rekinit(&place, "--once --log json --password-file password alice");
    let run = run.run().success();
    says(&run, "ticket obtained");
    says_nothing_of(&run, "next");
    for ends in ["--once", "-x"] {
        let run = fails(&place, &format!("{ends} --password-file wrong alice"), 1);
        says(&run, "Password incorrect");
        says_nothing_of(&run, "next attempt");
    }
}

#[test]
fn timeout_message_names_ticket_and_last_failure() {
    let (kdc, place) = realm();
    place.write("password", PASSWORD);
    kdc.set_fault(Fault::Silence);
    let run = fails(
        &place,
        "--once --timeout 1 --password-file password alice",
        1,
    );
    let what = format!("for tickets: alice@{REALM}: no KDC of {REALM} has answered yet");
    says(&run, &what);
    let run = fails(
        &place,
        "--once --timeout 1 --log json --password-file none alice",
        1,
    );
    says(
        &run,
        "for tickets: alice@CLI.TEST: the last attempt failed: Cannot read the secret in none",
    );
    let last = run.stderr();
    let last: Value = serde_json::from_str(last.lines().last().unwrap_or_default())
        .expect("the line is valid JSON");
    assert_eq!(last["event"], "timeout");
    assert_eq!(last["reason"], "secret_unreadable");
    assert_eq!(last["principal"], format!("alice@{REALM}"));
}

#[test]
#[cfg_attr(not(root), ignore = "needs root, to drop privileges")]
fn failed_chown_hints_at_cap_chown() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let folder = place.path("open");
    fs::create_dir(&folder).expect("the folder is writable");
    for path in [&folder, &place.path("password"), &place.path("")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777))
            .expect("the permissions can be changed");
    }
    let options = "-x --password-file password -c FILE:open/cc -o 1654 alice";
    let tool = place.ours_installed("rekinit").line(options);
    let setpriv = ["setpriv", "--reuid=54321", "--clear-groups", "--"];
    let run = tool.through(setpriv).run().exits(1);
    says(&run, "CAP_CHOWN");
}

#[test]
#[cfg_attr(not(root), ignore = "needs root, to drop privileges")]
fn giving_away_in_sticky_folder_is_refused_and_leaves_no_files() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    fs::create_dir(place.path("sticky")).expect("the folder is writable");
    for (name, mode) in [("sticky", 0o1777), ("password", 0o777), ("", 0o777)] {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode))
            .expect("the permissions can be changed");
    }
    let run = |capabilities: &str, code: i32| {
        let line = "--once --password-file password -c FILE:sticky/cc -o 1654 alice";
        let setpriv = [
            "setpriv".to_owned(),
            "--reuid=54321".to_owned(),
            "--clear-groups".to_owned(),
            format!("--inh-caps=-all,{capabilities}"),
            format!("--ambient-caps=-all,{capabilities}"),
            "--".to_owned(),
        ];
        let tool = place.ours_installed("rekinit").line(line);
        tool.through(setpriv).run().exits(code)
    };
    says(&run("+chown", 1), "CAP_FOWNER besides CAP_CHOWN");
    let names = || test_support::names_in(&place.path("sticky"));
    assert_eq!(names(), [""; 0]);
    run("+chown,+fowner", 0);
    assert_eq!(names(), ["cc"]);
    says(&run("+chown", 1), "CAP_FOWNER besides CAP_CHOWN");
    assert_eq!(names(), ["cc"]);
}

#[test]
fn old_secret_warning_names_its_cache() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let tool = rekinit(&place, "--log json --password-file password alice");
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    place.write("password", "one that the KDC is yet to learn");
    sidecar.wait_for("\"reason\":\"old_secret\"", 1);
    let log = sidecar.log();
    let line = log.lines().find(|line| line.contains("old_secret"));
    let event: Value =
        serde_json::from_str(line.expect("the log has the event")).expect("the line is valid JSON");
    assert_eq!(event["event"], "previous_secret");
    let cache = format!("FILE:{}", place.cache().display());
    assert_eq!(event["cache"], cache);
    let message = event["message"].as_str().unwrap_or_default();
    assert!(message.contains("accepts the previous secret"), "{message}");
}

//! Signals of `rekinit` and of `kinit … -- COMMAND`: the end of a terminal, signals that are
//! ignored from the start, and the exit status after a signal.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::time::Duration;

use cli::sidecar::{rekinit, wait_until};
use cli::{realm, typed_password};
use kerberos_testkdc::Fault;
use test_support::{Place, Sidecar};

const SECOND: Duration = Duration::from_secs(1);

/// Whether the process has ended whose id is in that file.
fn has_ended(place: &Place, file: &str) -> bool {
    let id = fs::read_to_string(place.path(file)).expect("the file exists");
    let stat = fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, fields)| fields);
    // Whoever inherits the process may not collect it.
    state.is_none_or(|fields| fields.starts_with('Z'))
}

#[test]
fn session_leader_ends_when_its_terminal_closes() {
    let (_kdc, place) = realm();
    place.write("password", typed_password());
    let application = "trap 'touch hung; exit 0' HUP; echo $$ > app; echo $PPID > new; mv new ready; \
                       while :; do sleep 0.02; done";
    let check = |name: &str, command: Option<&str>| {
        for file in ["hung", "ready", "app"] {
            let _ = fs::remove_file(place.path(file));
        }
        let tool = place.ours_installed(name);
        drop(tool);
        let program = place.text(&format!("bin/{name}"));
        let login = format!("exec {program} --password-file password alice");
        let line = match command {
            Some(command) => format!("{login} -- sh -c '{}'", command.replace('\'', "'\\''")),
            None => format!("echo $$ > new; mv new ready; {login}"),
        };
        // `script` gives the program its own terminal, which disappears when `script` ends.
        let terminal = place.program("/usr/bin/script").args(["-q", "-c", &line]);
        let terminal = terminal.arg(place.path("typescript"));
        let mut terminal = Sidecar::start(terminal, place.path("log"));
        wait_until("the program runs", || place.path("ready").exists());
        if command.is_none() {
            wait_until("the cache exists", || place.cache().exists());
        }
        terminal.kill();
        wait_until("the program ends", || has_ended(&place, "ready"));
        assert_eq!(place.path("hung").exists(), command.is_some());
        assert!(command.is_none() || has_ended(&place, "app"));
    };
    check("rekinit", Some(application));
    check("kinit", Some(application));
    check("rekinit", None);
}

#[test]
fn initially_ignored_signals_stay_ignored() {
    let (kdc, place) = realm();
    place.write("password", typed_password());
    let start = |ignored: &str, line: &str| {
        let script = format!("trap '' {ignored}; exec \"$0\" \"$@\"");
        let tool = place.ours_installed("rekinit").line(line);
        Sidecar::start(tool.through(["sh", "-c", &script]), place.path("log"))
    };
    // As for a script's background job, which Ctrl-C must not end.
    let mut sidecar = start("INT QUIT CHLD", "-V --password-file password alice");
    sidecar.wait_for("ticket obtained", 1);
    for name in ["INT", "QUIT"] {
        sidecar.signal(name);
    }
    std::thread::sleep(SECOND / 5);
    sidecar.signal("ALRM");
    sidecar.wait_for("ticket obtained", 2);
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait(SECOND * 5), 0);
    // As under `nohup`: before there is an application, and for the application itself.
    kdc.set_fault(Fault::Silence);
    let tickets = "-V --password-file password alice -- sleep 60";
    let mut sidecar = start("HUP", tickets);
    sidecar.wait_for("watching", 1);
    sidecar.signal("HUP");
    kdc.clear_faults();
    sidecar.wait_for("ticket obtained", 1);
    sidecar.signal("HUP");
    std::thread::sleep(SECOND / 5);
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait(SECOND * 5), 128 + 15);
}

#[test]
fn signal_before_the_first_ticket_sets_the_exit_status() {
    let (kdc, place) = realm();
    place.write("password", typed_password());
    kdc.set_fault(Fault::Silence);
    let check = |line: &str, name: &str, status: i32| {
        let tool = rekinit(&place, "-V --password-file password alice").line(line);
        let mut sidecar = Sidecar::start(tool, place.path("log"));
        sidecar.wait_for("watching", 1);
        std::thread::sleep(SECOND / 20);
        sidecar.signal(name);
        assert_eq!(sidecar.wait(SECOND * 5), status, "{line} {name}");
    };
    for name in ["TERM", "INT", "QUIT"] {
        check("", name, 0);
    }
    // The job has not been done.
    check("--once", "TERM", 128 + 15);
    for (name, number) in [
        ("TERM", 15),
        ("INT", 2),
        ("HUP", 1),
        ("USR1", 10),
        ("USR2", 12),
    ] {
        check("-- true", name, 128 + number);
    }
}

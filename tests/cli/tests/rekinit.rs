//! The sidecar from the view of people who deploy it: sources of secrets, what it writes, its exit
//! codes, signals, and an application beside it. `rekinit_mistakes.rs` tests mistakes, and
//! `rekinit_watching.rs` tests monitoring.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use cli::sidecar::{rekinit, start, wait_until, write_keytab};
use cli::{PASSWORD, REALM, place_without_kdc, realm, realm_of, tickets};
use kerberos_files::ccache::CcacheFile;
use kerberos_testkdc::{Account, AccountState, Fault, TestKdc};
use test_support::{Finished, Place, Sidecar, Tool};

/// The time limit for ending it by a signal.
const SECOND: Duration = Duration::from_secs(1);

/// The principal of the cache.
fn owner(place: &Place) -> String {
    let cache = CcacheFile::new(place.cache())
        .open()
        .expect("the ccache can be opened");
    cache.default_principal().to_string()
}

fn servers(place: &Place) -> Vec<String> {
    let servers = tickets(place).into_iter().map(|ticket| ticket.server);
    servers.map(|server| server.to_string()).collect()
}

#[test]
fn secret_is_read_from_every_kind_of_source() {
    let (kdc, place) = realm();
    write_keytab(&kdc, "alice", &place, "keytab");
    write_keytab(&kdc, "alice", &place, "client.keytab");
    place.write("password", format!("{PASSWORD}\n"));
    let json = format!(r#"{{"username":"alice","password":"{PASSWORD}","engine":"x"}}"#);
    place.write("secret.json", &json);
    let check = |tool: Tool| {
        let _ = fs::remove_file(place.cache());
        let run = tool.arg("--once").run().success();
        assert_eq!(owner(&place), format!("alice@{REALM}"));
        assert!(!run.stderr().contains(PASSWORD), "{run}");
        assert!(
            run.stderr().contains("ticket obtained, valid until "),
            "{run}"
        );
    };
    // Without a principal, the keytab's first principal is used.
    check(rekinit(&place, "-k"));
    check(rekinit(&place, "-k alice"));
    check(rekinit(&place, "-kt FILE:keytab alice"));
    let client_keytab = |tool: Tool| tool.env("KRB5_CLIENT_KTNAME", place.path("client.keytab"));
    check(client_keytab(rekinit(&place, "-k -i")));
    check(rekinit(&place, "--password-file password alice"));
    check(rekinit(&place, "--password-file - alice").stdin(format!("{PASSWORD}\nmore")));
    check(rekinit(&place, "--password-env PW alice").env("PW", PASSWORD));
    // A Kubernetes secret that was created with `echo` ends with a line feed.
    let line = format!("{PASSWORD}\n");
    check(rekinit(&place, "--password-env PW alice").env("PW", line));
    check(rekinit(&place, "--secret-file secret.json"));
    check(rekinit(&place, "--secret-file secret.json alice"));
    check(rekinit(&place, "--secret-env SECRET").env("SECRET", &json));
    // With the options of rekinit.sh.
    check(
        rekinit(&place, "")
            .env("OPTIONS", "-V -k")
            .env("APPEND_OPTIONS", "alice"),
    );
    check(rekinit(&place, "").env("APPEND_OPTIONS", "alice"));
    let options = format!("-k -t {}", place.text("keytab"));
    check(
        rekinit(&place, "")
            .env("OPTIONS", options)
            .env("PERIOD_SECONDS", "10"),
    );
}

#[test]
fn once_retries_unreachable_kdcs_but_not_wrong_passwords() {
    let (kdc, place) = realm();
    place.write("wrong", "not-the-password");
    let run = rekinit(&place, "--once --password-file wrong alice")
        .run()
        .exits(1);
    assert!(run.stderr().contains("Password incorrect"), "{run}");
    let hint = "hint: put the right password into wrong";
    assert!(run.stderr().contains(hint), "{run}");
    assert!(!run.stderr().contains("not-the-password"), "{run}");
    let run = rekinit(&place, "-x --password-env PW alice").env("PW", "wrong");
    let run = run.run().exits(1);
    let hint = "the right password in the variable PW";
    assert!(run.stderr().contains(hint), "{run}");
    drop(kdc);
    let place = place_without_kdc();
    place.write("password", PASSWORD);
    let run = rekinit(&place, "--once --timeout 1 --password-file password alice")
        .run()
        .exits(1);
    assert!(run.stderr().contains("Cannot contact any KDC"), "{run}");
    assert!(run.stderr().contains("tried "), "{run}");
    assert!(
        run.stderr().contains("timed out waiting for tickets"),
        "{run}"
    );
    assert!(run.elapsed < Duration::from_secs(10), "{run}");
    rekinit(&place, "-x --password-file password alice")
        .run()
        .exits(1);
}

#[test]
fn failures_are_logged_with_their_reason() {
    let locked = Account::new("locked")
        .password(PASSWORD)
        .state(AccountState::Locked);
    let expired = Account::new("expired")
        .password(PASSWORD)
        .state(AccountState::Expired);
    let kdc = TestKdc::builder(REALM)
        .principal("alice", PASSWORD)
        .account(locked)
        .account(expired)
        .start()
        .expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    place.write("password", PASSWORD);
    place.write("wrong", "wrong");
    let check = |arguments: &str, reason: &str| {
        let run = rekinit(&place, "-x --log json")
            .line(arguments)
            .run()
            .exits(1);
        let reason = format!("\"reason\":\"{reason}\"");
        assert!(run.stderr().contains(&reason), "expected {reason}: {run}");
        assert!(!run.stderr().contains("os error"), "{run}");
    };
    check("--password-file wrong alice", "wrong_password");
    check("--password-file password locked", "account_locked");
    check("--password-file password expired", "account_expired");
    check("--password-file password nobody", "unknown_principal");
    check("--password-file missing alice", "secret_unreadable");
    check("--password-file . alice", "secret_unreadable");
    check("-kt missing.keytab alice", "secret_unreadable");
    check("-kt password/keytab alice", "secret_unreadable");
    check(
        "--password-file password -c FILE:no/such/folder alice",
        "cache_unwritable",
    );
    kdc.set_fault(Fault::Error(kerberos_asn1::ErrorCode::KRB_AP_ERR_SKEW));
    check("--password-file password alice", "clock_skew");
    drop(kdc);
    check("--password-file password alice", "kdc_unreachable");
}

#[test]
#[cfg_attr(not(root), ignore = "needs root, to change the owner of files")]
fn cache_gets_the_requested_owner_group_and_mode() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let options = "--once --password-file password";
    rekinit(&place, options)
        .line("-o 1654 -g 1655 -m 0440 alice")
        .run()
        .success();
    let metadata = fs::metadata(place.cache()).expect("the cache exists");
    assert_eq!(
        (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777),
        (1654, 1655, 0o440)
    );
    rekinit(&place, options)
        .line("-o root -g daemon alice")
        .run()
        .success();
    let metadata = fs::metadata(place.cache()).expect("the cache exists");
    assert_eq!(
        (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777),
        (0, 1, 0o600)
    );
}

#[test]
fn application_runs_with_the_ticket_and_gets_signals() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let options = "--password-env PW alice --";
    let run = |script: &str| -> Finished {
        let tool = rekinit(&place, options)
            .env("PW", PASSWORD)
            .env("KEPT", "kept");
        tool.args(["sh", "-c", script]).run()
    };
    // The application starts when there is a ticket, gets the name of the cache, and sees no
    // secret.
    let done = run("test -s \"${KRB5CCNAME#FILE:}\" && echo \"$KEPT,$PW.\"; exit 7").exits(7);
    assert_eq!(done.stdout(), "kept,.\n");
    run("kill -9 $$").exits(137);
    run("exit 0").success();
    let tool = rekinit(
        &place,
        "--password-file password alice -- nowhere/to/be/found",
    );
    let done = tool.run().exits(127);
    assert!(
        done.stderr().contains("nowhere/to/be/found cannot be run"),
        "{done}"
    );

    // The parent may ignore the ends of its children, and this is inherited.
    let tool = place
        .ours_installed("rekinit")
        .line("--password-file password alice -- sh -c");
    let ignoring = ["env", "--ignore-signal=CHLD"];
    let tool = tool.arg("sleep 0.05; exit 7").through(ignoring);
    tool.run().exits(7);

    // All signals except SIGALRM are forwarded to the application.
    let script = "trap 'echo hup' HUP; trap 'echo usr1' USR1; trap 'exit 3' TERM; echo up; \
                  while :; do sleep 0.01; done";
    let tool = rekinit(&place, "--password-file password --destroy alice -- sh -c").arg(script);
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    sidecar.wait_for("up\n", 1);
    for (name, text) in [("HUP", "hup\n"), ("USR1", "usr1\n")] {
        sidecar.signal(name);
        sidecar.wait_for(text, 1);
    }
    sidecar.signal("ALRM");
    sidecar.wait_for("ticket obtained", 2);
    assert!(place.cache().exists());
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait(SECOND * 2), 3);
    assert!(!place.cache().exists(), "--destroy removes the cache");
}

#[test]
fn signals_refresh_reload_and_terminate() {
    let (kdc, place) = realm();
    let ticket = |cache: &str| {
        let cache = place.text(cache);
        format!(
            "[[ticket]]\nprincipal = \"alice\"\npassword-file = \"password\"\ncache = \"{cache}\"\n"
        )
    };
    place.write("password", PASSWORD);
    place.write("tickets.toml", ticket("cache"));
    let mut sidecar = start(&place, "--config tickets.toml");
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    sidecar.signal("USR1");
    sidecar.wait_for("\"event\":\"refreshed\"", 2);
    sidecar.signal("ALRM");
    sidecar.wait_for("\"event\":\"refreshed\"", 3);
    // An invalid configuration changes nothing.
    place.write("tickets.toml", "nonsense");
    sidecar.signal("HUP");
    sidecar.wait_for("the configuration was not reloaded", 1);
    place.write("tickets.toml", ticket("cache") + &ticket("second"));
    sidecar.signal("HUP");
    sidecar.wait_for("\"event\":\"refreshed\"", 5);
    assert!(place.path("second").exists());
    let end = |sidecar: &mut Sidecar, name: &str| {
        let start = Instant::now();
        sidecar.signal(name);
        assert_eq!(sidecar.wait(SECOND * 5), 0);
        start.elapsed()
    };
    end(&mut sidecar, "TERM");
    assert!(
        place.cache().exists(),
        "applications may still need the cache"
    );
    // The same while it is waiting for a KDC.
    kdc.set_fault(Fault::Silence);
    let mut quickest = Duration::MAX;
    for name in ["TERM", "INT", "TERM"] {
        sidecar = start(&place, "-V --password-file password alice");
        sidecar.wait_for("watching", 1);
        std::thread::sleep(SECOND / 10);
        quickest = quickest.min(end(&mut sidecar, name));
    }
    // On a busy machine, one or two may be late.
    assert!(quickest < SECOND, "{quickest:?}");
    assert!(!sidecar.log().contains(PASSWORD));
}

#[test]
fn service_tickets_are_fetched_and_hooks_are_run() {
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let (_kdc, place) = realm_of(builder.service("HTTP/www.cli.test"));
    place.write("password", PASSWORD);
    let services =
        format!("--service HTTP/www.cli.test@{REALM} --service HTTP/none.cli.test@{REALM}");
    let tool = rekinit(&place, &services)
        .line("--password-file password alice --hook-shell --hook")
        .arg("echo \"$REKINIT_PRINCIPAL $KRB5CCNAME $REKINIT_EXPIRES\" >> hooked; exit 5");
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    sidecar.wait_for("the hook ended with status 5", 1);
    let servers = servers(&place);
    assert_eq!(
        servers,
        [
            format!("krbtgt/{REALM}@{REALM}"),
            format!("HTTP/www.cli.test@{REALM}")
        ]
    );
    sidecar.wait_for("there is no ticket for HTTP/none.cli.test", 1);
    let hooked = fs::read_to_string(place.path("hooked")).expect("the hook ran");
    let expected = format!("alice@{REALM} FILE:{} ", place.cache().display());
    assert!(hooked.starts_with(&expected), "{hooked}");
    // A program, without a shell.
    place.write("hooked", "");
    let tool = rekinit(&place, "--password-file password alice --hook /bin/false");
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    sidecar.wait_for("the hook ended with status 1", 1);
}

#[test]
fn once_waits_for_the_hook_and_termination_kills_it() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let with_hook = |options: &str, script: &str| {
        let tool = rekinit(&place, "--password-file password alice --hook-shell --hook");
        tool.arg(script).line(options)
    };
    // A one-time job ends after its hook has ended.
    let tool = with_hook("--once", "sleep 0.3; echo done > hooked; exit 3");
    let run = tool.run().success();
    assert!(place.path("hooked").exists(), "{run}");
    assert!(
        run.stderr().contains("the hook ended with status 3"),
        "{run}"
    );
    // A hook that hangs ends with the sidecar, because nobody else would end it.
    let tool = with_hook("", "echo $$ > id.new; mv id.new id; sleep 1000 & wait");
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    wait_until("the hook runs", || place.path("id").exists());
    let id = fs::read_to_string(place.path("id")).expect("the file exists");
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait(SECOND * 5), 0);
    let group = id.trim();
    wait_until("the hook ends", || !runs_in_group(group));
}

/// Whether a running process belongs to that group.
fn runs_in_group(group: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let belongs = |process: fs::DirEntry| {
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // The state, the parent and the group follow the name.
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let mut words = fields.split(' ');
        words.next().is_some_and(|state| state != "Z") && words.nth(1) == Some(group)
    };
    processes.into_iter().any(belongs)
}

#[test]
#[cfg_attr(not(root), ignore = "needs root, for a PID namespace and another user")]
fn runs_as_process_1_and_as_an_unknown_user() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    // The orphan ends after its parent. As process 1, rekinit collects it, and is not confused by
    // it.
    let script = "(sleep 0.05 &) ; sleep 0.3; ls /proc | grep -c '^[0-9]'; exit 4";
    let unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let tool = place
        .ours_installed("rekinit")
        .line("--password-file password alice -- sh -c")
        .arg(script);
    let run = tool.through(unshare).run().exits(4);
    // rekinit, sh, ls, grep, and the subshell with the pipe.
    let count: usize = run.stdout().trim().parse().unwrap_or(99);
    assert!(count <= 5, "{run}");

    // A user that is listed in no file, and that may write only to the cache's folder.
    let folder = place.path("shm");
    fs::create_dir(&folder).expect("the folder is writable");
    std::os::unix::fs::chown(&folder, Some(54_321), Some(54_321)).expect("the test runs as root");
    let tool = place
        .ours_installed("rekinit")
        .line("--once --password-file password -m 0640 -c shm/ccache alice");
    let setpriv = [
        "setpriv",
        "--reuid=54321",
        "--regid=54321",
        "--clear-groups",
        "--",
    ];
    tool.through(setpriv).run().success();
    let metadata = fs::metadata(folder.join("ccache")).expect("the cache exists");
    assert_eq!((metadata.uid(), metadata.mode() & 0o7777), (54_321, 0o640));
}

//! The sidecar's files: which cache a probe checks, which secrets are watched, files that are not
//! regular files, and different paths to the same file.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::time::{Duration, SystemTime};

use cli::sidecar::rekinit;
use cli::{PASSWORD, REALM, realm};
use kerberos_testkdc::TestKdc;
use test_support::raw::{self, RawCredential, RawPrincipal};
use test_support::{Place, Sidecar};

#[test]
fn named_pipe_in_place_of_a_file_does_not_block() {
    let (kdc, place) = realm();
    place.write("password", PASSWORD);
    let made = Command::new("mkfifo").arg(place.path("pipe")).status();
    assert!(made.expect("mkfifo can be run").success());
    let failed = |arguments: &str, what: &str| {
        let run = rekinit(&place, arguments).run().exits(1);
        assert!(run.stderr().contains(what), "expected {what}: {run}");
    };
    failed("--check -c pipe", "permissions incorrect");
    failed(
        "-x --log json --password-file password -c pipe alice",
        "\"reason\":\"cache_unwritable\"",
    );
    failed(
        "-x --log json -kt pipe alice",
        "\"reason\":\"secret_unreadable\"",
    );
    let tool = rekinit(&place, "--log json --password-file password -c pipe alice");
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    sidecar.wait_for("\"event\":\"failed\"", 1);
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait(Duration::from_secs(5)), 0);
    // A pipe that the process is given is read as before.
    let tool = place
        .ours("klist")
        .line("-k /dev/stdin")
        .stdin(kdc.keytab("alice"));
    let run = tool.run().success();
    assert!(run.stdout().contains(&format!("alice@{REALM}")), "{run}");
}

#[test]
fn check_option_reports_validity_of_caches() {
    let kdc = TestKdc::builder(REALM)
        .principal("alice", PASSWORD)
        .max_life(Duration::from_secs(100))
        .start()
        .expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    let check = |arguments: &str, code: i32, what: &str| {
        let run = rekinit(&place, arguments).run().exits(code);
        assert!(run.stderr().contains(what), "{run}");
    };
    check("--check", 1, "No credentials cache found");
    place.write("password", PASSWORD);
    rekinit(&place, "--once --password-file password alice")
        .run()
        .success();
    check("--check", 0, "");
    check("--check -V", 0, "is valid until");
    check("--check --min-life 50", 0, "");
    check("--check --min-life 200", 1, "expires at ");
    check("--check --min-life x", 1, "--min-life: x is not a duration");
    check("--check -c FILE:elsewhere", 1, "elsewhere");
    let ticket =
        |cache| format!("[[ticket]]\nprincipal = \"alice\"\nkeytab = \"k\"\ncache = \"{cache}\"\n");
    place.write("one.toml", ticket(place.text("cache")));
    place.write(
        "two.toml",
        ticket(place.text("cache")) + &ticket("elsewhere".into()),
    );
    check("--check --config one.toml", 0, "");
    check("--check --config two.toml", 1, "elsewhere");
    // The secret is not read, and in particular not asked for.
    let given = ticket(place.text("cache")).replace("keytab = \"k\"", "password-file = \"-\"");
    place.write("given.toml", given);
    let run = rekinit(&place, "--check --config given.toml")
        .run()
        .success();
    assert_eq!(run.stdout(), "", "{run}");
    place.write("cache", "torn");
    check("--check", 1, "cache");
}

#[test]
fn check_option_respects_principal_and_kdc_clock() {
    let (_kdc, place) = realm();
    let check = |arguments: &str, code: i32, what: &str| {
        let run = rekinit(&place, arguments).run().exits(code);
        assert!(run.stderr().contains(what), "{run}");
    };
    let bob = RawPrincipal::new("bob", REALM);
    let tgt = RawPrincipal::new(&format!("krbtgt/{REALM}"), REALM);
    let cache = |offset: Option<(i32, i32)>, left: i64| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = i64::try_from(now.expect("the clock is after 1970").as_secs())
            .expect("the time fits into an i64");
        let end = u32::try_from(now + left).expect("the end time is before 2106");
        let mut ticket = RawCredential::new(&bob, &tgt);
        ticket.times = [end - 10, end - 10, end, 0];
        raw::cache(4, offset, &bob, &[ticket])
    };
    place.write("cache", cache(None, 1800));
    check("--check bob", 0, "");
    check(
        "--check alice",
        1,
        "belong to bob@CLI.TEST, not to alice@CLI.TEST",
    );
    check("--check bob alice", 1, "Extra arguments");
    // The KDC may know her by another name.
    check("--check -C alice", 0, "");
    let ticket = |who: &str| {
        format!("[[ticket]]\nprincipal = \"{who}\"\nkeytab = \"k\"\ncache = \"DIR:caches\"\n")
    };
    fs::create_dir(place.path("caches")).expect("the folder is writable");
    place.write("caches/tkt", cache(None, 1800));
    place.write("bob.toml", ticket("bob"));
    place.write("both.toml", ticket("bob") + &ticket("alice"));
    check("--check --config bob.toml", 0, "");
    check(
        "--check --config both.toml",
        1,
        "there is no ticket of alice@CLI.TEST in DIR:caches",
    );
    // The KDC's clock is an hour ahead, and its tickets end by that clock.
    place.write("cache", cache(Some((3600, 0)), 1800));
    check("--check", 1, "expired at ");
    place.write("cache", cache(Some((-3600, 0)), -1800));
    check("--check --min-life 1700", 0, "");
    check("--check --min-life 1900", 1, "expires at ");
    // MIT's klist compares with this machine's clock.
    place.ours("klist").line("-s").run().exits(1);
}

#[test]
#[cfg_attr(not(root), ignore = "needs root, to be another user")]
fn unwatchable_secret_does_not_stop_watching_others() {
    let (_kdc, place) = realm();
    let tickets = ["closed", "open"].map(|name| {
        fs::create_dir(place.path(name)).expect("the folder is writable");
        place.write(&format!("{name}/password"), PASSWORD);
        format!(
            "[[ticket]]\nprincipal = \"alice\"\npassword-file = \"{name}/password\"\n\
             cache = \"shm/{name}\"\n"
        )
    });
    place.write("tickets.toml", tickets.concat());
    let closed = fs::Permissions::from_mode(0o711);
    fs::set_permissions(place.path("closed"), closed).expect("the folder is writable");
    fs::create_dir(place.path("shm")).expect("the folder is writable");
    std::os::unix::fs::chown(place.path("shm"), Some(54_321), None).expect("the test runs as root");
    let tool = place
        .ours_installed("rekinit")
        .line("--config tickets.toml --log json");
    let setpriv = ["setpriv", "--reuid=54321", "--clear-groups", "--"];
    let mut sidecar = Sidecar::start(tool.through(setpriv), place.path("log"));
    sidecar.wait_for("\"event\":\"refreshed\"", 2);
    place.write("open/password", format!("{PASSWORD}\n"));
    sidecar.wait_for("open/password has changed", 1);
    sidecar.wait_for("\"event\":\"refreshed\"", 3);
    let complaints = sidecar.log().matches("cannot be watched").count();
    assert_eq!(complaints, 1, "{}", sidecar.log());
}

#[test]
fn same_cache_under_two_paths_is_refused() {
    let (_kdc, place) = realm();
    fs::create_dir(place.path("caches")).expect("the folder is writable");
    symlink("caches", place.path("link")).expect("the folder is writable");
    let ways = [
        ("x", "./x"),
        ("link/tkt", "caches/tkt"),
        ("caches/../x", place.text("x").as_str()),
        (":caches/tkt", "caches/tkt"),
        ("no/folder/x", "no/./folder//x"),
    ]
    .map(|(one, other)| {
        let kind = if one.starts_with(':') { "DIR" } else { "FILE" };
        format!(
            "[[ticket]]\nkeytab = \"k\"\ncache = \"{kind}:{one}\"\n\
             [[ticket]]\nkeytab = \"k\"\ncache = \"FILE:{other}\"\n"
        )
    });
    for way in ways {
        place.write("ways.toml", &way);
        let run = rekinit(&place, "--config ways.toml").run().exits(2);
        let text = run.stderr();
        assert!(
            text.contains("two tickets have the cache FILE:"),
            "{way}: {run}"
        );
    }
}

/// An incomplete file of a killed process is removed after a minute; before that, another process
/// may be writing it.
#[test]
fn stale_temporary_files_are_removed() {
    let (_kdc, place) = realm();
    place.write("password", PASSWORD);
    let left = |name: &str, minutes: u64| {
        let file = fs::File::create(place.path(name)).expect("the folder is writable");
        let age = Duration::from_secs(60 * minutes);
        let modified = file.set_modified(SystemTime::now() - age);
        modified.expect("the modification time can be set");
    };
    let names = [
        (".cache.ABCDEFGHIJKL", 2, false),
        (".cache.ABCDEFGHIJKM", 0, true),
        // Files of another cache, and of another program with similar names.
        (".other.ABCDEFGHIJKL", 2, true),
        (".cache.abcdefghijkl", 2, true),
    ];
    for (name, minutes, _) in names {
        left(name, minutes);
    }
    let once = rekinit(
        &place,
        "--once --password-file password -c FILE:cache alice",
    );
    once.run().success();
    for (name, _, stays) in names {
        assert_eq!(place.path(name).exists(), stays, "{name}");
    }
}

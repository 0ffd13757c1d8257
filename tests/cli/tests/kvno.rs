//! kvno in unusual situations, where MIT's gives little help: unusable paths, unreachable KDCs,
//! broken streams; and what it leaves in the cache then.
#![allow(clippy::expect_used, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cli::{REALM, assert_explained, log_in, old_cache, place_without_kdc, realm};
use test_support::raw::{self, RawCredential, RawPrincipal};
use test_support::{Place, Tool};

/// Installs the program as a file called `kvno`, which a shell can call.
fn as_file(place: &Place) {
    fs::copy(test_support::rkinit(), place.path("kvno")).expect("the folder is writable");
}

/// A place whose cache has a TGT and tickets for `host/0` to `host/9`, and no KDC.
fn place_with_tickets() -> Place {
    let place = place_without_kdc();
    let bob = RawPrincipal::new("bob", REALM);
    let mut tickets: Vec<_> = (0..10)
        .map(|number| RawPrincipal::new(&format!("host/{number}"), REALM))
        .map(|server| RawCredential::new(&bob, &server))
        .collect();
    let krbtgt = RawPrincipal::new(&format!("krbtgt/{REALM}"), REALM);
    tickets.insert(0, RawCredential::new(&bob, &krbtgt));
    place.write("cache", raw::cache(4, None, &bob, &tickets));
    place
}

#[test]
fn cached_tickets_need_no_kdc() {
    let place = place_with_tickets();
    let run = place
        .ours("kvno")
        .line("host/3 host/0@CLI.TEST host/9")
        .run();
    let expected = "host/3@CLI.TEST: kvno = 1\n\
                    host/0@CLI.TEST: kvno = 1\n\
                    host/9@CLI.TEST: kvno = 1\n";
    assert_eq!(run.success().stdout(), expected);
    let run = place.ours("kvno").line("-q host/3").run().success();
    assert_eq!(run.stdout(), "");
}

#[test]
fn invalid_krb5_conf_is_reported_for_each_ticket() {
    let place = place_with_tickets();
    let conf = fs::read_to_string(place.path("krb5.conf")).expect("it is there");
    let setting = "[libdefaults]\npermitted_enctypes = none-that-there-is";
    place.configure(&conf.replacen("[libdefaults]", setting, 1));
    let run = place.ours("kvno").line("host/1 a@b@c host/x").run();
    assert_explained(&run, "krb5.conf, line 2: permitted_enctypes = ");
    let none = "kvno: No supported encryption types (config file error?)";
    let expected = format!(
        "{none} while getting credentials for host/1@CLI.TEST\n\
         kvno: Malformed representation of principal while parsing principal name a@b@c\n\
         {none} while getting credentials for host/x@CLI.TEST\n"
    );
    assert_eq!(run.stderr_without_hint(), expected);
}

#[test]
fn failures_are_printed_in_argument_order() {
    let place = place_with_tickets();
    let line = "exec \"$0\" --cached-only host/1 nobody host/2 a@b@c host/3 2>&1";
    as_file(&place);
    let run = Tool::new("/bin/sh")
        .args(["-c", line, "./kvno"])
        .env("KRB5_CONFIG", place.path("krb5.conf"))
        .env("KRB5CCNAME", place.cache())
        .current_dir(place.path(""))
        .run()
        .exits(1);
    let all = run.stdout();
    let lines: Vec<&str> = all
        .lines()
        .filter(|line| !line.starts_with("hint:"))
        .collect();
    let begins = [
        "host/1@CLI.TEST: kvno = 1",
        "kvno: Matching credential not found (filename: ",
        "host/2@CLI.TEST: kvno = 1",
        "kvno: Malformed representation of principal while parsing principal name a@b@c",
        "host/3@CLI.TEST: kvno = 1",
    ];
    assert_eq!(lines.len(), begins.len(), "{run}");
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{run}");
    }
}

#[test]
fn unusable_caches_are_explained() {
    let place = place_without_kdc();
    let check = |what: &str| {
        let run = place.ours("kvno").arg("host/a").run();
        assert_explained(&run, what);
        let context = "while getting client principal name\n";
        assert!(run.stderr().contains(context), "{run}");
    };
    check("No credentials cache found (filename: ");
    place.write("cache", "");
    check("No credentials cache found (filename: ");
    place.write("cache", "no cache at all");
    check("Unsupported credentials cache format version number");
    fs::remove_file(place.cache()).expect("the test owns the file");
    fs::create_dir(place.cache()).expect("the folder is writable");
    check("Credentials cache permissions incorrect");
}

#[test]
#[cfg_attr(not(root), ignore = "needs root, to become another user")]
fn unreadable_cache_is_explained() {
    let place = place_with_tickets();
    let nobody = ["setpriv", "--reuid=65534", "--clear-groups"];
    as_file(&place);
    for (path, mode) in [("", 0o755), ("cache", 0o600), ("kvno", 0o755)] {
        let set = fs::set_permissions(place.path(path), fs::Permissions::from_mode(mode));
        set.expect("the test owns the files");
    }
    let tool = || {
        Tool::new(place.path("kvno"))
            .env("KRB5_CONFIG", place.path("krb5.conf"))
            .env("KRB5CCNAME", place.cache())
            .arg("host/1")
    };
    tool().run().success();
    let run = tool().through(nobody).run();
    assert_explained(&run, "Credentials cache permissions incorrect");
}

#[test]
fn truncated_cache_is_used_up_to_the_damage() {
    let place = place_with_tickets();
    let whole = fs::read(place.cache()).expect("the file exists");
    let torn = whole
        .get(..whole.len() - 10)
        .expect("the cache is longer than 10 bytes");
    place.write("cache", torn);
    let run = place.ours("kvno").line("host/8").run().success();
    assert_eq!(run.stdout(), "host/8@CLI.TEST: kvno = 1\n");
    place
        .ours("kvno")
        .line("--cached-only host/9")
        .run()
        .exits(1);
}

#[test]
fn unreachable_kdc_is_explained_and_cache_unchanged() {
    let place = place_with_tickets();
    let before = fs::read(place.cache()).expect("the file exists");
    let run = place.ours("kvno").line("host/new host/1").run();
    assert_explained(
        &run,
        "kvno: Cannot contact any KDC for realm 'CLI.TEST' while getting credentials for \
         host/new@CLI.TEST",
    );
    assert_eq!(run.stdout(), "host/1@CLI.TEST: kvno = 1\n");
    assert_eq!(fs::read(place.cache()).expect("the file exists"), before);
}

#[test]
fn expired_tgt_is_explained() {
    let place = place_without_kdc();
    let bob = RawPrincipal::new("bob", REALM);
    let mut tgt = RawCredential::new(&bob, &RawPrincipal::new(&format!("krbtgt/{REALM}"), REALM));
    tgt.times = [1_000_000_000, 1_000_000_000, 1_000_036_000, 0];
    place.write("cache", raw::cache(4, None, &bob, &[tgt]));
    let run = place.ours("kvno").arg("host/a").run();
    assert_explained(
        &run,
        "kvno: Ticket expired while getting credentials for host/a@",
    );
}

#[test]
fn broken_and_closed_streams_do_not_panic() {
    let place = place_with_tickets();
    as_file(&place);
    let shell = |line: &str| {
        Tool::new("/bin/sh")
            .args(["-c", line])
            .env("KRB5_CONFIG", place.path("krb5.conf"))
            .env("KRB5CCNAME", place.cache())
            .current_dir(place.path(""))
            .run()
    };
    // Enough to fill a pipe that nobody reads.
    let many = "$(yes host/1 | head -n 5000)";
    let run = shell(&format!("./kvno {many} | true; exit 0")).success();
    assert_eq!(run.stderr(), "");
    let run = shell("exec ./kvno host/1 > /dev/full").exits(1);
    assert!(run.stderr().contains("No space left on device"), "{run}");
    let run = shell("exec ./kvno host/1 >&-");
    assert!(!run.stderr().contains("panicked"), "{run}");
    shell("exec ./kvno -q host/1 >&- 2>&- <&-").success();
}

#[test]
fn unwritable_output_cache_is_explained() {
    let place = place_with_tickets();
    let at = place.text("missing/cache");
    let run = place
        .ours("kvno")
        .args(["--out-cache", &at, "host/1"])
        .run();
    assert_explained(&run, "while writing output ccache");
    assert!(run.stderr().contains(&at), "{run}");
    assert_eq!(run.stdout(), "host/1@CLI.TEST: kvno = 1\n");
    fs::create_dir(place.path("folder")).expect("the folder is writable");
    let run = place.ours("kvno").line("--out-cache folder host/1").run();
    assert_explained(&run, "folder");
}

#[test]
fn output_cache_is_private_and_has_only_requested_tickets() {
    let place = place_with_tickets();
    place.write("out", old_cache());
    place
        .ours("kvno")
        .line("--out-cache out host/1 host/2")
        .run()
        .success();
    let mode = fs::metadata(place.path("out"))
        .expect("the file exists")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
    let listed = place.ours("klist").line("-c out").run().success().stdout();
    assert!(
        listed.contains("Default principal: bob@CLI.TEST\n"),
        "{listed}"
    );
    assert!(
        listed.contains("host/1@") && listed.contains("host/2@"),
        "{listed}"
    );
    assert!(!listed.contains("krbtgt/"), "{listed}");
}

#[test]
fn new_ticket_is_requested_and_stored_once() {
    let (kdc, place) = realm();
    log_in(&place);
    let kvno = || {
        place
            .ours("kvno")
            .line("alice alice")
            .run()
            .success()
            .stdout()
    };
    kdc.forget_requests();
    let first = kvno();
    assert_eq!(first.lines().count(), 2);
    assert_eq!(kdc.requests().len(), 1);
    assert_eq!(kvno(), first);
    assert_eq!(
        kdc.requests().len(),
        1,
        "the second run must use the cached ticket"
    );
    let listed = place.ours("klist").run().success().stdout();
    assert_eq!(listed.matches("  alice@CLI.TEST\n").count(), 1, "{listed}");
}

#[test]
fn hints_name_what_the_keytab_lacks() {
    let place = place_with_tickets();
    let check = |keys: &[(&str, u32, u16)], expected: &str| {
        let keys: Vec<_> = keys
            .iter()
            .map(|(name, kvno, etype)| raw::RawKey {
                principal: RawPrincipal::new(name, REALM),
                timestamp: 0,
                kvno: *kvno,
                etype: *etype,
                key: vec![7; if *etype == 18 { 32 } else { 16 }],
            })
            .collect();
        place.write("keys", raw::keytab(2, &keys));
        let run = place.ours("kvno").line("-k keys host/1").run().exits(1);
        let text = run.stderr();
        let begin = "host/1@CLI.TEST: kvno = 1, keytab entry invalid\n\
                     kvno: Wrong principal in request while decrypting ticket for host/1@CLI.TEST\n\
                     hint: ";
        assert!(text.starts_with(begin) && text.contains(expected), "{run}");
    };
    check(&[], "no key of this service");
    check(&[("host/2", 1, 18)], "no key of this service");
    check(&[("host/1", 1, 17)], "no key of that type");
    check(&[("host/1", 9, 18)], "none of version 1");
    check(
        &[("host/1", 9, 18), ("host/1", 1, 18)],
        "key of version 1 does not match",
    );
    place.write("keys", "no keytab");
    let run = place.ours("kvno").line("-k keys host/1").run().exits(1);
    assert!(
        run.stderr()
            .contains("Unsupported key table format version"),
        "{run}"
    );
}

//! Unusable paths of caches and keytabs: the error names the path, and existing files are not lost.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use cli::{assert_explained, kinit, log_in, old_cache, place_without_kdc, realm, typed_password};
use test_support::{Finished, Place, Tool};

#[test]
fn new_cache_is_readable_by_its_owner_only() {
    let (_kdc, place) = realm();
    // Regardless of the umask, and of the previous file.
    fs::write(place.cache(), old_cache()).expect("the folder is writable");
    let set = fs::set_permissions(place.cache(), fs::Permissions::from_mode(0o666));
    set.expect("the test owns the file");
    let kinit = kinit(&place, "alice");
    kinit
        .through(["sh", "-c", "umask 0; exec \"$0\" \"$@\""])
        .run()
        .success();
    let mode = fs::metadata(place.cache())
        .expect("the cache exists")
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn directory_in_place_of_the_cache_is_kept() {
    let (_kdc, place) = realm();
    fs::create_dir(place.cache()).expect("the folder is writable");
    fs::write(place.cache().join("precious"), "").expect("the folder is writable");
    let path = place.text("cache");
    assert_explained(&kinit(&place, "alice").run(), &path);
    assert_explained(&place.ours("klist").run(), &path);
    place.ours("kdestroy").run().exits(1);
    assert!(place.cache().join("precious").exists());
    assert_eq!(names_in(place.path("").as_path()), ["cache", "krb5.conf"]);
}

#[test]
fn empty_krb5ccname_is_explained() {
    let (_kdc, place) = realm();
    for tool in [
        kinit(&place, "alice"),
        place.ours("klist"),
        place.ours("kvno").arg("host/a"),
        place.ours("kinit").arg("-R"),
    ] {
        let run = tool.env("KRB5CCNAME", "").run();
        assert_explained(&run, "(filename: )");
        let hint = "hint: the name of the cache is empty: perhaps KRB5CCNAME is set, but empty\n";
        assert!(run.stderr().ends_with(hint), "{run}");
    }
}

#[test]
fn invalid_krb5_conf_is_explained_with_its_line() {
    let (_kdc, place) = realm();
    let check = |configuration: &str, message: &str| {
        place.write("krb5.conf", configuration);
        let run = place.ours("kinit").arg("alice").run();
        assert_explained(&run, &format!("kinit: {message} while "));
        assert!(run.stderr().contains("krb5.conf, line 1: "), "{run}");
    };
    check(
        "[libdefaults\n",
        "Improper format of Kerberos configuration file",
    );
    check(
        "include /nowhere/krb5.conf\n",
        "Included profile file could not be read",
    );
    check(
        "includedir /nowhere\n",
        "Included profile directory could not be read",
    );
    check(
        "module /nowhere.so:x\n",
        "Unexpected module declaration in profile",
    );
}

#[test]
fn unknown_token_in_krb5_conf_is_explained_with_its_line() {
    let place = place_without_kdc();
    let conf = fs::read_to_string(place.path("krb5.conf")).expect("it is there");
    let setting = "default_ccache_name = FILE:/tmp/%{nope}";
    let conf = conf.replacen("[libdefaults]", &format!("[libdefaults]\n{setting}"), 1);
    place.configure(&conf);
    let reason = format!("krb5.conf, line 2: {setting}: Invalid token %{{nope}}; known are TEMP,");
    for line in ["kinit alice", "klist", "kvno host/a", "kdestroy", "kpasswd"] {
        let mut words = line.split(' ');
        let tool = place.ours(words.next().unwrap_or_default()).args(words);
        let run = tool.without_env("KRB5CCNAME").run();
        assert_explained(&run, ": Improper format of Kerberos configuration file ");
        assert!(run.stderr().contains(&reason), "{run}");
    }
}

#[test]
fn error_messages_follow_err_fmt() {
    let place = place_without_kdc();
    let conf = fs::read_to_string(place.path("krb5.conf")).expect("the file exists");
    let conf = conf.replace(
        "[libdefaults]\n",
        "[libdefaults]\n    err_fmt = %M. Call 4711 (%C)!\n",
    );
    fs::write(place.path("krb5.conf"), conf).expect("the file is writable");
    let check = |name: &str, arguments: &str, text: &str| {
        let run = place.ours(name).line(arguments).run().exits(1);
        assert_eq!(run.stderr(), format!("{name}: {text}\n"));
    };
    let missing = "No credentials cache found (filename: xx/yy)";
    check(
        "klist",
        "-c xx/yy",
        &format!("{missing}. Call 4711 (-1765328189)!"),
    );
    check(
        "klist",
        "-k xx/yy",
        "Key table file 'xx/yy' not found. Call 4711 (2)! while starting keytab scan",
    );
    check(
        "kvno",
        "-c xx/yy host/a",
        &format!("{missing}. Call 4711 (-1765328189)! while getting client principal name"),
    );
    check(
        "kinit",
        "-k -t xx/yy alice",
        "Key table file 'xx/yy' not found. Call 4711 (-1765328174)! while getting initial \
         credentials",
    );
    // MIT's other tools print the text for the error number.
    let run = place.ours("kswitch").line("-p alice").run().exits(1);
    assert!(
        run.stderr()
            .starts_with("kswitch: Matching credential not found while"),
        "{run}"
    );
}

#[test]
fn directory_in_place_of_the_keytab_is_explained() {
    let (_kdc, place) = realm();
    fs::create_dir(place.path("keytab")).expect("the folder is writable");
    let path = place.text("keytab");
    let run = place.ours("kinit").line("-k alice").run().exits(1);
    assert!(
        run.stderr().contains("hint: ") && run.stderr().contains(&path),
        "{run}"
    );
    let run = place.ours("klist").arg("-k").run().exits(1);
    assert!(run.stderr().contains(&path), "{run}");
}

#[test]
fn keytab_path_after_k_without_t_is_explained() {
    let (_kdc, place) = realm();
    let add = "-k other add -p alice -V 1 -e aes256-cts -r";
    place.ours("ktutil").line(add).run().success();
    let whole = place.text("other");
    let check = |name: &str, is_keytab: bool| {
        let run = place.ours("kinit").arg("-k").arg(name).run().exits(1);
        let hint = format!("did you mean -kt {name}?");
        assert_eq!(run.stderr().contains(&hint), is_keytab, "{run}");
    };
    for name in [&whole, "other", &format!("FILE:{whole}"), "/nowhere"] {
        check(name, true);
    }
    check("alice", false);
    // The default keytab exists, but has no such principal.
    place
        .ours("ktutil")
        .line(&add.replace("other", "keytab"))
        .run()
        .success();
    check(&whole, true);
    check("bob", false);
}

#[test]
fn missing_cache_directory_is_explained_and_not_created() {
    let (_kdc, place) = realm();
    let cache = place.text("missing/cache");
    let run = kinit(&place, &format!("-c {cache} alice")).run();
    assert_explained(&run, &cache);
    assert!(!place.path("missing").exists());
}

#[test]
fn a_symbolic_link_is_replaced_not_followed() {
    let (_kdc, place) = realm();
    let victim = place.write("victim", "precious");
    symlink(&victim, place.cache()).expect("the folder is writable");
    log_in(&place);
    assert_eq!(fs::read(&victim).expect("the file exists"), b"precious");
    let cache = fs::symlink_metadata(place.cache()).expect("the file exists");
    assert!(cache.is_file());
}

#[test]
fn empty_or_truncated_cache_does_not_prevent_login() {
    let (_kdc, place) = realm();
    let whole = old_cache();
    for length in [0, 1, 2, 5, 20] {
        place.write("cache", whole.get(..length).unwrap_or_default());
        assert_explained(&place.ours("klist").run(), &place.text("cache"));
        place.ours("klist").arg("-s").run().exits(1);
        log_in(&place);
        place.ours("klist").arg("-s").run().success();
    }
    // Damaged within a ticket: kinit still finds out whose it was.
    place.write("cache", whole.get(..whole.len() - 5).unwrap_or_default());
    let run = place.ours("klist").run().exits(1);
    assert!(
        run.stdout().contains("Default principal: bob@CLI.TEST"),
        "{run}"
    );
    log_in(&place);
}

#[test]
fn read_only_directory_and_unreadable_cache_are_explained() {
    let (kdc, place) = realm();
    // Root may write anywhere, so another user must try.
    let stranger = Stranger::new(&place);
    let public = place.path("public");
    fs::create_dir(&public).expect("the folder is writable");
    let cache = public.join("cache");
    fs::write(&cache, old_cache()).expect("the folder is writable");
    set_mode(&cache, 0o644);
    set_mode(&public, 0o555);
    let path = cache.display().to_string();
    let run = stranger.run("kinit", &["-c", &path, "alice"]);
    assert_explained(&run, &path);
    assert_eq!(
        fs::read(&cache).expect("the file exists"),
        old_cache(),
        "the old cache is still there"
    );
    assert_eq!(names_in(&public), ["cache"]);
    stranger.run("kdestroy", &["-c", &path]).exits(1);
    assert_eq!(fs::read(&cache).expect("the file exists"), old_cache());

    // A cache that can only be emptied is gone: it is not another one.
    set_mode(&cache, 0o666);
    for _ in 0..2 {
        let run = stranger.run("kdestroy", &["-c", &path]).success();
        assert_eq!(run.stderr(), "");
        assert_eq!(fs::read(&cache).expect("it is there"), b"");
    }

    set_mode(&cache, 0);
    assert_explained(&stranger.run("klist", &[&path]), &path);
    stranger.run("klist", &["-s", &path]).exits(1);
    assert_explained(&stranger.run("klist", &["-k", &path]), &path);
    set_mode(&public, 0o755);
    drop(kdc);
}

#[test]
#[cfg_attr(not(root), ignore = "needs root, to mount a small file system")]
fn full_disk_keeps_the_old_cache() {
    let (_kdc, place) = realm();
    place.write("old", old_cache());
    // The mount exists only in its own namespace.
    let script = "
        mkdir disk && mount -t tmpfs -o size=8k none disk || exit 90
        cp old disk/cache && chmod 600 disk/cache
        cat /dev/zero > disk/filler 2>/dev/null
        \"$0\" \"$@\"; code=$?
        cmp old disk/cache || exit 91
        ls disk
        exit $code";
    let kinit = kinit(&place, "-c disk/cache alice");
    let run = kinit
        .through(["unshare", "--mount", "sh", "-c", script])
        .run();
    assert_explained(&run, "disk/cache");
    assert!(run.stderr().contains("No space left on device"), "{run}");
    let left: Vec<String> = run.stdout().lines().map(str::to_owned).collect();
    assert_eq!(
        left.get(left.len().saturating_sub(2)..),
        Some(&["cache".into(), "filler".into()][..])
    );
}

/// Runs our tools as a user without privileges, who can read krb5.conf and none of our other files.
struct Stranger<'a> {
    place: &'a Place,
}

impl<'a> Stranger<'a> {
    fn new(place: &'a Place) -> Self {
        // Our binary may be in a folder that other users may not enter.
        fs::copy(test_support::rkinit(), place.path("binary")).expect("the folder is writable");
        set_mode(&place.path("binary"), 0o755);
        Self { place }
    }

    fn run(&self, name: &str, arguments: &[&str]) -> Finished {
        let link = self.place.path(name);
        let _ = symlink("binary", &link);
        let tool = Tool::new(link)
            .args(arguments)
            .env("KRB5_CONFIG", self.place.path("krb5.conf"))
            .env("LC_ALL", "C")
            .stdin(typed_password());
        // If we are not root, we are a user without privileges ourselves.
        if !test_support::parts::root() {
            return tool.run();
        }
        tool.through([
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--",
        ])
        .run()
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the test owns the file");
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder exists");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The part before the damage is used, and does not count as expired.
#[test]
fn damaged_cache_is_listed_and_not_marked_expired() {
    let (_kdc, place) = realm();
    log_in(&place);
    let mut bytes = fs::read(place.cache()).expect("the cache exists");
    bytes.extend(b"\0\0\0\x01");
    fs::write(place.cache(), bytes).expect("the file is writable");
    let list = place.ours("klist").arg("-l").run().success();
    assert!(list.stdout().contains("alice@"), "{list}");
    assert!(!list.stdout().contains("Expired"), "{list}");
}

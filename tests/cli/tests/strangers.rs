//! Files that other users of the machine leave for our tools, and names that others made up.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use cli::{REALM, assert_explained, old_cache, place_without_kdc, realm, typed_password};
use test_support::raw::{self, RawCredential, RawPrincipal};
use test_support::{Place, Tool};

/// One of our tools, in a folder where all users may run it.
fn tool(place: &Place, name: &str) -> Tool {
    let binary = place.path("binary");
    if !binary.exists() {
        fs::copy(test_support::rkinit(), &binary).expect("the folder is writable");
        set_mode(&binary, 0o755);
    }
    let link = place.path(name);
    let _ = symlink("binary", &link);
    Tool::new(link)
        .env("KRB5_CONFIG", place.path("krb5.conf"))
        .env("LC_ALL", "C")
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the test owns the file");
}

/// A stranger who is the first to create a name in /tmp could make the user log in as somebody
/// else.
#[test]
#[cfg_attr(not(root), ignore = "needs root, to be two other users")]
fn default_cache_owned_by_another_user_is_refused() {
    let (_kdc, place) = realm();
    let shared = place.path("shared");
    fs::create_dir(&shared).expect("the folder is writable");
    set_mode(&shared, 0o1777);
    let cache = shared.join("krb5cc");
    fs::write(&cache, old_cache()).expect("the folder is writable");
    chown(&cache, Some(65_533), None).expect("root may change the owner");
    set_mode(&cache, 0o666);
    let path = cache.display().to_string();
    let name = format!("[libdefaults]\n\tdefault_ccache_name = FILE:{path}\n");
    let conf = fs::read_to_string(place.path("krb5.conf")).expect("the file exists");
    place.configure(&(conf + &name));
    let foreign = |run| {
        assert_explained(&run, &path);
        assert!(run.stderr().contains("belongs to user 65533"), "{run}");
    };
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--",
    ];
    let klist = || tool(&place, "klist");
    foreign(klist().through(nobody).run());
    klist().arg("-s").through(nobody).run().exits(1);
    let kvno = tool(&place, "kvno").args(["host/a"]);
    foreign(kvno.through(nobody).run());
    let kinit = || {
        let kinit = tool(&place, "kinit").args(["alice"]);
        kinit.stdin(typed_password())
    };
    foreign(kinit().through(nobody).run());
    assert_eq!(fs::read(&cache).expect("the file exists"), old_cache());

    // Root is protected as well, but may name the file to read it, and may replace it by its own
    // file.
    foreign(klist().run());
    klist().args(["-c", &path]).run().success();
    kinit().run().success();
    assert_eq!(fs::metadata(&cache).expect("the file exists").uid(), 0);
    let run = klist().run().success();
    assert!(run.stdout().contains("alice@"), "{run}");
}

/// The time zone file would be read with rights that the user does not have.
#[test]
#[cfg_attr(not(root), ignore = "needs root, to run with another real user id")]
fn tz_variable_is_ignored_with_borrowed_privileges() {
    let place = place_without_kdc();
    place.write("cache", old_cache());
    let klist = || tool(&place, "klist").args(["-c", &place.text("cache")]);
    let borrowed = |tool: Tool| tool.through(["setpriv", "--ruid=65534", "--"]).run();
    let usual = klist().run().success().stdout();
    let eastern = klist().env("TZ", "XXX-9:30").run().success().stdout();
    assert_ne!(eastern, usual);
    let run = borrowed(klist().env("TZ", "XXX-9:30")).success();
    assert_eq!(run.stdout(), usual);
}

#[test]
fn control_characters_are_replaced_on_terminals_only() {
    let place = place_without_kdc();
    let bob = RawPrincipal::new("bob", REALM);
    let server = RawPrincipal::new("host/\u{1b}[2Jä", REALM);
    let ticket = RawCredential::new(&bob, &server);
    place.write("cache", raw::cache(4, None, &bob, &[ticket]));
    let piped = place.ours("klist").run().success();
    assert!(piped.stdout().contains("host/\u{1b}[2Jä@"), "{piped}");

    // `script` runs it on a terminal.
    let log = place.text("typescript");
    let klist = tool(&place, "klist").args(["-c", &place.text("cache")]);
    let script = "exec script -q -e -c \"'$0' $*\" typescript";
    klist
        .current_dir(place.path(""))
        .through(["sh", "-c", script])
        .run()
        .success();
    let shown = fs::read_to_string(&log).expect("script writes its log");
    assert!(shown.contains("host/?[2Jä@"), "{shown:?}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

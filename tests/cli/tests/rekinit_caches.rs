//! The sidecar's caches beside those of others: which cache in a collection has a ticket, who is
//! told about it, and what a probe reports when somebody has replaced it.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use cli::sidecar::{address, get, rekinit, wait_until};
use cli::{PASSWORD, REALM, kinit, realm_of};
use kerberos_files::ccache::CcacheFile;
use kerberos_testkdc::TestKdc;
use test_support::{Place, Sidecar};

const READY: &str = "HTTP/1.1 200 OK";
const UNREADY: &str = "HTTP/1.1 503 Service Unavailable";
const REFRESHED: &str = "\"event\":\"refreshed\"";
const RESTORED: &str = "\"event\":\"restored\"";

/// A realm with two users, and a collection whose primary cache is bob's.
fn world() -> (TestKdc, Place, String) {
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let (kdc, place) = realm_of(builder.principal("bob", PASSWORD));
    place.write("password", PASSWORD);
    place.write("wrong", "not this one");
    fs::create_dir(place.path("tickets")).expect("the folder is writable");
    let collection = format!("DIR:{}", place.text("tickets"));
    log_in(&place, &collection, "bob");
    (kdc, place, collection)
}

fn log_in(place: &Place, cache: &str, who: &str) {
    kinit(place, who).env("KRB5CCNAME", cache).run().success();
}

fn start(place: &Place, arguments: &str) -> Sidecar {
    let tool = rekinit(place, "--log json --password-file password").line(arguments);
    Sidecar::start(tool, place.path("log"))
}

/// Makes the sidecar look at its cache. It may have written the ticket again when the answer comes.
fn look(address: &str) {
    get(address, "/readyz");
}

/// The principal of the cache file.
fn owner(path: &Path) -> String {
    let cache = CcacheFile::new(path).open();
    cache.map_or_else(
        |error| error.to_string(),
        |cache| cache.default_principal().to_string(),
    )
}

/// The principal of the cache whose name a program was given.
fn owner_of(name: &str) -> String {
    let path = name
        .trim()
        .strip_prefix("DIR::")
        .expect("the name is of a single DIR cache");
    owner(Path::new(path))
}

#[test]
fn application_and_hook_get_the_principals_own_cache() {
    let (_kdc, place, collection) = world();
    let alice = format!("alice@{REALM}");
    // First the sidecar writes the cache itself, then it finds it: the second password does not
    // work.
    for password in ["password", "wrong"] {
        let tool = rekinit(&place, "--log json --timeout 30 --hook-shell --hook")
            .arg("echo $KRB5CCNAME > hooked")
            .args(["--password-file", password, "-c", &collection, "alice"])
            .line("-- sh -c")
            .arg("sleep 0.2; echo $KRB5CCNAME");
        let run = tool.run().success();
        assert_eq!(owner_of(&run.stdout()), alice, "{password}: {run}");
        let hooked = fs::read_to_string(place.path("hooked")).expect("the hook ran");
        assert_eq!(owner_of(&hooked), alice, "{password}");
        let named = format!("\"cache\":\"{}\"", run.stdout().trim());
        assert!(run.stderr().contains(&named), "{run}");
    }
}

#[test]
fn primary_cache_of_another_principal_starts_nothing() {
    let (_kdc, place, collection) = world();
    // The KDC may know alice by another name, but nothing says that this is bob.
    let options = format!("-C --password-file wrong -c {collection} --timeout 1 alice");
    let tool = rekinit(&place, &options).line("-- touch started");
    tool.run().exits(1);
    assert!(!place.path("started").exists());
}

#[test]
fn relative_cache_name_is_passed_on_as_absolute() {
    let (_kdc, place, _) = world();
    let tool = rekinit(&place, "--password-file password -c FILE:here alice");
    let tool = tool.line("--timeout 30 --hook-shell --hook");
    let tool = tool.arg("echo $KRB5CCNAME > hooked").line("-- sh -c");
    let run = tool.arg("sleep 0.2; echo $KRB5CCNAME").run().success();
    let here = format!("FILE:{}\n", place.text("here"));
    assert_eq!(run.stdout(), here);
    let hooked = fs::read_to_string(place.path("hooked")).expect("the hook ran");
    assert_eq!(hooked, here);
}

#[test]
fn existing_cache_of_a_collection_is_reused() {
    let (_kdc, place, collection) = world();
    log_in(&place, &collection, "alice");
    // The primary cache no longer exists, but alice has another cache.
    let files: Vec<_> = fs::read_dir(place.path("tickets"))
        .expect("the folder exists")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| owner(path).starts_with("bob@"))
        .collect();
    let [primary] = &files[..] else {
        panic!("{files:?}");
    };
    fs::remove_file(primary).expect("the file exists");
    let name = primary.file_name().and_then(|name| name.to_str());
    let name = name.expect("the file name is UTF-8");
    place.write("tickets/primary", format!("{name}\n"));
    let options = format!("--once --password-file password -c {collection} alice");
    rekinit(&place, &options).run().success();
    assert!(!primary.exists(), "alice has two caches");
}

#[test]
fn cache_overwritten_by_another_principal_is_not_ready() {
    let (_kdc, place, _) = world();
    let mut sidecar = start(&place, "--listen 127.0.0.1:0 alice");
    let address = address(&mut sidecar);
    sidecar.wait_for(REFRESHED, 1);
    assert_eq!(get(&address, "/readyz").0, READY);
    log_in(&place, &place.cache().display().to_string(), "bob");
    look(&address);
    sidecar.wait_for("\"event\":\"cache_changed\"", 1);
    let whose = format!("belong to bob@{REALM}, not to alice@{REALM}; writing it again");
    sidecar.wait_for(&whose, 1);
    wait_until("the cache is alice's again", || {
        get(&address, "/readyz").0 == READY
    });
    assert_eq!(owner(place.cache()), format!("alice@{REALM}"));
    // Two programs do not fight over one cache.
    log_in(&place, &place.cache().display().to_string(), "bob");
    for _ in 0..3 {
        assert_eq!(get(&address, "/readyz").0, UNREADY);
    }
    let (_, metrics) = get(&address, "/metrics");
    let ready = metrics
        .lines()
        .find(|line| line.starts_with("rekinit_ready{"));
    assert!(ready.is_some_and(|line| line.ends_with(" 0")), "{metrics}");
    sidecar.wait_for("\"event\":\"cache_changed\"", 2);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(sidecar.log().matches(RESTORED).count(), 1);
    assert_eq!(sidecar.log().matches(REFRESHED).count(), 1);
    assert_eq!(sidecar.log().matches("cache_changed").count(), 2);
    // A repaired cache is recognised.
    log_in(&place, &place.cache().display().to_string(), "alice");
    assert_eq!(get(&address, "/readyz").0, READY);
}

#[test]
fn ticket_replaced_by_a_shorter_one_is_restored_at_its_end() {
    let (_kdc, place, collection) = world();
    for cache in [format!("FILE:{}", place.text("here")), collection] {
        let mut sidecar = start(&place, &format!("--listen 127.0.0.1:0 -c {cache} alice"));
        let address = address(&mut sidecar);
        sidecar.wait_for(REFRESHED, 1);
        assert_eq!(get(&address, "/readyz").0, READY);
        // The name of the single cache, because the collection's primary cache is bob's.
        let log = sidecar.log();
        let place_of = log
            .split("\"cache\":\"")
            .filter_map(|rest| rest.split('"').next());
        let very = place_of.last().expect("the log names the cache").to_owned();
        log_in(&place, &very, "alice -l 5s");
        assert_eq!(get(&address, "/readyz").0, READY);
        wait_until("the ticket expires, and is replaced", || {
            look(&address);
            sidecar.log().contains(RESTORED)
        });
        assert!(sidecar.log().contains("\"event\":\"cache_changed\""));
        wait_until("the sidecar is ready", || {
            get(&address, "/readyz").0 == READY
        });
        assert_eq!(sidecar.log().matches(RESTORED).count(), 1);
    }
}

#[test]
fn removed_cache_is_restored_while_the_kdc_is_away() {
    let (kdc, place, _) = world();
    let mut sidecar = start(&place, "--listen 127.0.0.1:0 alice");
    let address = address(&mut sidecar);
    sidecar.wait_for(REFRESHED, 1);
    drop(kdc);
    sidecar.signal("USR1");
    sidecar.wait_for("\"event\":\"failed\"", 1);
    fs::remove_file(place.cache()).expect("the file exists");
    look(&address);
    sidecar.wait_for(RESTORED, 1);
    assert_eq!(get(&address, "/readyz").0, READY);
    assert_eq!(owner(place.cache()), format!("alice@{REALM}"));
}

#[test]
fn emptied_cache_is_not_ready_and_is_rewritten() {
    let (_kdc, place, _) = world();
    let mut sidecar = start(&place, "--listen 127.0.0.1:0 alice");
    let address = address(&mut sidecar);
    sidecar.wait_for(REFRESHED, 1);
    fs::write(place.cache(), "").expect("the file is writable");
    look(&address);
    sidecar.wait_for("\"event\":\"cache_gone\"", 1);
    wait_until("the sidecar is ready", || {
        get(&address, "/readyz").0 == READY
    });
}

#[test]
fn destroyed_cache_is_rewritten_under_the_same_name() {
    let (_kdc, place, collection) = world();
    let tool = rekinit(&place, "--log json --password-file password alice");
    let tool = tool.line("--listen 127.0.0.1:0 --hook-shell --hook");
    let tool = tool
        .arg("echo $KRB5CCNAME >> hooked")
        .args(["-c", &collection]);
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    let address = address(&mut sidecar);
    sidecar.wait_for(REFRESHED, 1);
    assert_eq!(get(&address, "/readyz").0, READY);
    let hooked = || fs::read_to_string(place.path("hooked")).unwrap_or_default();
    wait_until("the hook runs", || hooked().lines().count() == 1);
    let destroy = place.ours("kdestroy").arg("-A");
    destroy.env("KRB5CCNAME", &collection).run().success();
    look(&address);
    sidecar.wait_for("\"event\":\"cache_gone\"", 1);
    wait_until("the hook runs again", || hooked().lines().count() == 2);
    let hooked = hooked();
    let mut names = hooked.lines();
    assert_eq!(names.next(), names.next());
    assert_eq!(
        owner_of(hooked.lines().next().unwrap_or_default()),
        format!("alice@{REALM}")
    );
    assert_eq!(get(&address, "/readyz").0, READY);
}

/// A cache that krb5.conf names and that is given to another user: in an `emptyDir`, and in a
/// folder like /dev/shm.
#[test]
#[cfg_attr(not(root), ignore = "needs root, to change the owner of a file")]
fn cache_given_to_another_owner_stays_ready() {
    let (kdc, place, _) = world();
    fs::create_dir(place.path("shared")).expect("the folder is writable");
    let named = format!("default_ccache_name = FILE:{}", place.text("shared/cc"));
    place.configure(&format!("{}[libdefaults]\n{named}\n", kdc.krb5_conf()));
    for (mode, others_may_read_it) in [(0o777, true), (0o1777, false)] {
        let folder = fs::Permissions::from_mode(mode);
        fs::set_permissions(place.path("shared"), folder).expect("the folder is writable");
        let options =
            "--log json --password-file password --listen 127.0.0.1:0 -o 1654 -m 0444 alice";
        let tool = rekinit(&place, options).without_env("KRB5CCNAME");
        let mut sidecar = Sidecar::start(tool, place.path("log"));
        let address = address(&mut sidecar);
        sidecar.wait_for(REFRESHED, 1);
        for _ in 0..3 {
            assert_eq!(get(&address, "/readyz").0, READY, "{mode:o}");
        }
        assert!(
            !sidecar.log().contains("cache_changed"),
            "{}",
            sidecar.log()
        );
        let check = rekinit(&place, "--check -o 1654 alice").without_env("KRB5CCNAME");
        check.run().success();
        let klist = place.ours("klist").without_env("KRB5CCNAME").run();
        assert_eq!(klist.code() == 0, others_may_read_it, "{mode:o}: {klist}");
    }
}

/// As `kinit -c` replaces it.
#[test]
fn named_cache_of_a_collection_is_replaced_whoever_has_it() {
    let (_kdc, place, _) = world();
    let name = format!("DIR::{}", place.path("tickets/tktone").display());
    let log_in = || kinit(&place, "bob").args(["-c", &name]).run().success();
    log_in();
    let mut sidecar = start(&place, &format!("--listen 127.0.0.1:0 -c {name} alice"));
    let address = address(&mut sidecar);
    sidecar.wait_for(REFRESHED, 1);
    assert_eq!(owner_of(&name), format!("alice@{REALM}"));
    log_in();
    look(&address);
    sidecar.wait_for("\"event\":\"cache_changed\"", 1);
    wait_until("the sidecar is ready", || {
        get(&address, "/readyz").0 == READY
    });
    assert_eq!(owner_of(&name), format!("alice@{REALM}"));
}

/// The last login was tried by another name than the one in the cache.
#[test]
fn cache_is_destroyed_after_the_secret_came_to_name_an_unknown_user() {
    let (_kdc, place, _) = world();
    let secret = |user: &str| {
        let json = format!("{{\"username\": \"{user}\", \"password\": \"{PASSWORD}\"}}");
        place.write("secret.json", json);
    };
    secret("alice");
    let tool = rekinit(&place, "--log json --secret-file secret.json --destroy");
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    sidecar.wait_for(REFRESHED, 1);
    secret("nobody");
    sidecar.wait_for("\"event\":\"failed\"", 1);
    assert_eq!(owner(place.cache()), format!("alice@{REALM}"));
    sidecar.signal("TERM");
    sidecar.wait(Duration::from_secs(20));
    assert!(!place.cache().exists(), "a valid ticket stays");
}

#[test]
fn cache_taken_by_another_principal_is_not_destroyed() {
    let (_kdc, place, _) = world();
    let mut sidecar = start(&place, "--destroy alice");
    sidecar.wait_for(REFRESHED, 1);
    let cache = place.cache();
    log_in(&place, &format!("FILE:{}", cache.display()), "bob");
    sidecar.signal("TERM");
    sidecar.wait(Duration::from_secs(20));
    assert_eq!(owner(cache), format!("bob@{REALM}"));
}

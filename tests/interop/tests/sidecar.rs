//! The sidecar with real KDCs: short-lived tickets that must never run out, a KDC that dies and
//! comes back, rotated keys and passwords, and a sidecar that is killed while others read its
//! cache.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};
use std::{fs, thread};

use kerberos_files::ccache::CcacheFile;
use test_support::{Kcm, MitRealm, Place, SambaRealm, Sidecar, Tool};

const SECOND: Duration = Duration::from_secs(1);
const REFRESHED: &str = "\"event\":\"refreshed\"";

/// Starts the sidecar with its log as JSON.
fn start(place: &Place, arguments: &str) -> Sidecar {
    let tool = place.ours("rekinit").line("--log json").line(arguments);
    Sidecar::start(tool, place.path("log"))
}

/// A place with `robot`'s keytab.
fn place_with_keytab(realm: &MitRealm) -> Place {
    let place = realm.place();
    fs::copy(realm.keytab("robot"), place.path("keytab")).expect("the folder is writable");
    place
}

/// Checks that the cache is complete and has an unexpired ticket.
fn is_good(cache: &Path) -> Result<(), String> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.expect("the clock is after 1970").as_secs();
    let mut cache = CcacheFile::new(cache)
        .open()
        .map_err(|error| error.to_string())?;
    let mut end = 0;
    while let Some(entry) = cache.next().map_err(|error| error.to_string())? {
        if !entry.is_config() {
            end = end.max(u64::from(entry.endtime()));
        }
    }
    if end > now {
        return Ok(());
    }
    Err(format!("ended at {end}, and it is {now}"))
}

/// Lets two readers look at the cache continuously while `during` runs: our library, and MIT's
/// klist as another user. Returns how often each looked. Neither may find any fault.
fn watched_by_readers(place: &Place, during: impl FnOnce()) -> (usize, usize) {
    let over = AtomicBool::new(false);
    let (ours, mits) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                is_good(place.cache()).expect("the cache has an unexpired ticket at any time");
                ours.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_micros(200));
            }
        });
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                as_other_user(place.mit("klist").arg("-s")).run().success();
                mits.fetch_add(1, Ordering::Relaxed);
            }
        });
        during();
        over.store(true, Ordering::Relaxed);
    });
    (ours.into_inner(), mits.into_inner())
}

fn as_other_user(tool: Tool) -> Tool {
    let setpriv = [
        "setpriv",
        "--reuid=1001",
        "--regid=1001",
        "--clear-groups",
        "--",
    ];
    if test_support::parts::root() {
        tool.through(setpriv)
    } else {
        tool
    }
}

/// Lets other users access the folder of a place.
fn open_to_all(place: &Place) {
    let folder = place.path("");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("the folder is writable");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn short_lived_tickets_never_expire_for_readers() {
    let realm = MitRealm::start();
    let place = place_with_keytab(&realm);
    open_to_all(&place);
    // First with new logins, then with renewals.
    for (renewable, word) in [("", "ticket obtained"), ("-r 1h", "ticket renewed")] {
        let services = "--service host/a.mit.test@MIT.TEST";
        let options = format!("-k -l 6 {renewable} -m 0644 {services} robot");
        let mut sidecar = start(&place, &options);
        sidecar.wait_for(REFRESHED, 1);
        watched_by_readers(&place, || thread::sleep(SECOND * 9));
        sidecar.wait_for(word, 2);
        let listed = place.mit("klist").run().success();
        assert!(
            listed.stdout().contains("host/a.mit.test@MIT.TEST"),
            "{listed}"
        );
        assert!(
            !sidecar.log().contains("\"level\":\"error\""),
            "{}",
            sidecar.log()
        );
    }
}

/// Kills the sidecar `times` times, at random moments, while readers look at its cache.
fn killed_at_random(times: u64) {
    let realm = MitRealm::start();
    let place = place_with_keytab(&realm);
    open_to_all(&place);
    let options = "-k -l 60 -m 0644 --period 1 robot";
    let mut first = start(&place, options);
    first.wait_for(REFRESHED, 1);
    first.kill();
    let mut random = u64::from(std::process::id()) | 1;
    // Each publication creates another file.
    let published = || {
        let cache = fs::metadata(place.cache()).expect("the cache exists at any time");
        (cache.ino(), cache.mtime(), cache.mtime_nsec())
    };
    let mut after = 0;
    let (ours, mits) = watched_by_readers(&place, || {
        // How long a publication takes on this machine, under the load of the readers.
        let publish = |_| {
            let mut sidecar = start(&place, options);
            sidecar.wait_for(REFRESHED, 1)
        };
        let shortest = (0..3)
            .map(publish)
            .min()
            .expect("three publications were measured");
        let span = u64::try_from(shortest.as_micros()).expect("the duration fits into a u64") * 2;
        for _ in 0..times {
            // xorshift, because the quality of the random numbers does not matter.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let before = published();
            let mut sidecar = start(&place, options);
            thread::sleep(Duration::from_micros(random % span));
            sidecar.kill();
            after += u64::from(published() != before);
        }
    });
    assert!(
        (1..times).contains(&after),
        "{after} of {times} killed after publishing: expected some before and some after"
    );
    assert!(
        ours > 100 && mits > 10,
        "only {ours} and {mits} reads of the cache"
    );
    // The cache is valid, and the next sidecar is not affected by the killed ones.
    let mut sidecar = start(&place, options);
    sidecar.wait_for(REFRESHED, 2);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn readers_find_no_fault_while_the_sidecar_is_killed() {
    killed_at_random(50);
}

#[test]
#[ignore = "takes a minute: cargo nextest run --run-ignored only -E 'test(killed_two_hundred)'"]
fn killed_two_hundred_times_while_others_read() {
    killed_at_random(200);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn sidecar_recovers_after_a_kdc_outage() {
    let mut realm = MitRealm::start();
    let place = place_with_keytab(&realm);
    let mut sidecar = start(&place, "-k -l 5 robot");
    sidecar.wait_for(REFRESHED, 1);
    realm.stop();
    sidecar.wait_for("\"reason\":\"kdc_unreachable\"", 1);
    let log = sidecar.log();
    assert!(
        log.contains(&realm.address()),
        "the log does not name the KDC: {log}"
    );
    assert!(
        log.contains("is valid until"),
        "the log does not call the ticket valid: {log}"
    );
    is_good(place.cache()).expect("the ticket is valid for a third of its lifetime");
    sidecar.wait_for("there is no valid ticket in", 1);
    realm.start_again();
    // It recovers by itself, but a failed login is not repeated for some seconds.
    sidecar.wait_for(REFRESHED, 2);
    is_good(place.cache()).expect("the ticket is valid after the KDC is back");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn rotated_keytab_key_is_picked_up() {
    let realm = MitRealm::start();
    let place = place_with_keytab(&realm);
    let mut sidecar = start(&place, "-k robot");
    sidecar.wait_for(REFRESHED, 1);
    // The KDC has a new key, but the keytab does not have it yet.
    realm.administer("cpw -randkey robot");
    sidecar.signal("USR1");
    sidecar.wait_for("\"reason\":\"wrong_key\"", 1);
    let log = sidecar.log();
    assert!(
        log.contains("\"keytab_kvno\":1") && log.contains("\"kdc_kvno\":2"),
        "{log}"
    );
    assert!(log.contains("the KDC's is newer: 2"), "{log}");
    // The new keytab replaces the old file, and no signal is needed.
    realm.administer("ktadd -norandkey -k robot-2.keytab robot");
    fs::copy(realm.path("robot-2.keytab"), place.path("new")).expect("the folder is writable");
    fs::rename(place.path("new"), place.path("keytab")).expect("the folder is writable");
    let took = sidecar.wait_for(REFRESHED, 2);
    assert!(took < SECOND * 5, "{took:?}");

    // Vice versa: the keytab has a key that the KDC does not know yet.
    let keytab = kerberos_files::keytab::KeytabFile::new(place.path("keytab"));
    let mut entries = keytab.entries().expect("the keytab is readable");
    for entry in &mut entries {
        let mut bytes = entry.key.expose_bytes().to_vec();
        bytes.reverse();
        entry.kvno = 3;
        entry.key = kerberos_crypto::KeyBlock::new(entry.key.etype(), bytes);
    }
    keytab.add(&entries).expect("the folder is writable");
    sidecar.wait_for("\"reason\":\"old_secret\"", 1);
    sidecar.wait_for(REFRESHED, 3);
}

/// A secret as mounted by Kubernetes: files behind a link to a folder, which is replaced.
fn mount_secret(place: &Place, version: &str, json: &str) {
    let folder = place.path("secret");
    let version = format!("..{version}");
    fs::create_dir_all(folder.join(&version)).expect("the folder is writable");
    fs::write(folder.join(&version).join("login.json"), json).expect("the folder is writable");
    symlink(&version, folder.join("..data_tmp")).expect("the folder is writable");
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).expect("the folder is writable");
    let _ = symlink("..data/login.json", folder.join("login.json"));
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn rotated_secret_with_new_password_and_user_is_picked_up() {
    let realm = MitRealm::start();
    let place = realm.place();
    let json = |user: &str, password: &str| {
        format!("{{\"username\":\"{user}\",\"password\":\"{password}\"}}")
    };
    mount_secret(&place, "1", &json("alice", "wonderland"));
    let mut sidecar = start(&place, "--secret-file secret/login.json");
    sidecar.wait_for(REFRESHED, 1);
    // The secret is newer than the KDC's password, and the old password is still valid.
    mount_secret(&place, "2", &json("alice", "looking-glass"));
    sidecar.wait_for("\"reason\":\"old_secret\"", 1);
    sidecar.wait_for(REFRESHED, 2);
    realm.administer("cpw -pw looking-glass alice");
    sidecar.signal("USR1");
    sidecar.wait_for(REFRESHED, 3);
    assert_eq!(sidecar.log().matches("old_secret").count(), 1);
    // Two users that alternate, as secret managers rotate them.
    mount_secret(&place, "3", &json("aes256", "pw-aes256"));
    sidecar.wait_for(REFRESHED, 4);
    let listed = place.mit("klist").run().success();
    assert!(
        listed
            .stdout()
            .contains("Default principal: aes256@MIT.TEST"),
        "{listed}"
    );
    // Nonsense is reported as such, without showing its contents.
    mount_secret(
        &place,
        "4",
        "{\"username\":\"alice\",\"password\":[\"hunter2\"]}",
    );
    sidecar.wait_for("\"reason\":\"secret_unreadable\"", 1);
    assert!(!sidecar.log().contains("hunter2") && !sidecar.log().contains("looking-glass"));
    is_good(place.cache()).expect("the invalid secret left the ticket valid");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn config_file_keeps_several_principals_in_a_dir_collection() {
    let realm = MitRealm::start();
    let place = place_with_keytab(&realm);
    place.write("password", "wonderland");
    place.write(
        "rekinit.toml",
        "log = \"json\"\n\
         [[ticket]]\nprincipal = \"robot\"\nkeytab = \"keytab\"\ncache = \"DIR:caches\"\n\
         [[ticket]]\nprincipal = \"alice\"\npassword-file = \"password\"\ncache = \"DIR:caches\"\n\
         [[ticket]]\nprincipal = \"alice\"\npassword-file = \"password\"\nlifetime = \"1h\"\n\
         mode = \"0640\"\nservices = [\"host/b.mit.test@MIT.TEST\"]\n",
    );
    let mut sidecar = start(&place, "--config rekinit.toml");
    sidecar.wait_for(REFRESHED, 3);
    sidecar.signal("USR1");
    sidecar.wait_for(REFRESHED, 6);
    let listed = place
        .mit("klist")
        .arg("-l")
        .env("KRB5CCNAME", "DIR:caches")
        .run()
        .success();
    let listed = listed.stdout();
    assert_eq!(listed.matches("robot@MIT.TEST").count(), 1, "{listed}");
    assert_eq!(listed.matches("alice@MIT.TEST").count(), 1, "{listed}");
    let listed = place.mit("klist").run().success().stdout();
    assert!(listed.contains("host/b.mit.test@MIT.TEST"), "{listed}");
    place
        .ours("rekinit")
        .line("--check --config rekinit.toml --min-life 60")
        .run()
        .success();
}

/// Two principals in one collection, each with its own cache, visible for MIT's tools.
fn kept_in_a_collection(realm: &MitRealm, place: &Place, name: &str) {
    fs::copy(realm.keytab("robot"), place.path("keytab")).expect("the folder is writable");
    place.write("password", "wonderland");
    let config = format!(
        "log = \"json\"\n\
         [[ticket]]\nkeytab = \"keytab\"\ncache = \"{name}\"\n\
         [[ticket]]\nprincipal = \"alice\"\npassword-file = \"password\"\ncache = \"{name}\"\n"
    );
    place.write("rekinit.toml", config);
    let mut sidecar = start(place, "--config rekinit.toml");
    sidecar.wait_for(REFRESHED, 2);
    let klist = || place.mit("klist").env("KRB5CCNAME", name);
    for refreshes in [4, 6] {
        let listed = klist().arg("-l").run().success().stdout();
        assert_eq!(listed.matches("robot@MIT.TEST").count(), 1, "{listed}");
        assert_eq!(listed.matches("alice@MIT.TEST").count(), 1, "{listed}");
        sidecar.signal("ALRM");
        sidecar.wait_for(REFRESHED, refreshes);
    }
    klist().arg("-A").arg("-s").run().success();
    let destroy = place.ours("rkdestroy").arg("-A").env("KRB5CCNAME", name);
    destroy.run().success();
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal_kcm)),
    ignore = "needs MIT's KDC, Heimdal's kcm and root"
)]
fn heimdals_kcm_holds_caches_of_two_principals() {
    kept_by(&Kcm::heimdal());
}

#[test]
#[cfg_attr(not(all(mit, sssd_kcm)), ignore = "needs MIT's KDC, sssd-kcm and root")]
fn sssds_kcm_holds_caches_of_two_principals() {
    kept_by(&Kcm::sssd());
}

fn kept_by(kcm: &Kcm) {
    let realm = MitRealm::start();
    let socket = kcm.socket().display().to_string();
    let place = Place::new(&realm.conf().set("kcm_socket", &socket));
    kept_in_a_collection(&realm, &place, "KCM:");
}

#[test]
#[cfg_attr(not(all(mit, keyrings)), ignore = "needs MIT's KDC and keyrings")]
fn keyring_holds_caches_of_two_principals() {
    let realm = MitRealm::start();
    let name = format!("KEYRING:user:rekinit-{}", std::process::id());
    kept_in_a_collection(&realm, &realm.place(), &name);
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn sidecar_logs_in_and_renews_at_active_directory() {
    let realm = SambaRealm::start();
    let place = Place::new(&realm.conf());
    let json = "{\"username\":\"alice\",\"password\":\"wonderland\",\"domainName\":\"ad.test\"}";
    place.write("secret.json", json);
    let services = "--service HTTP/web.ad.test";
    let start_time = Instant::now();
    let mut sidecar = start(
        &place,
        &format!("--secret-file secret.json -r 1d {services}"),
    );
    sidecar.wait_for(REFRESHED, 1);
    // A ticket is not renewed if it would end in the same second.
    thread::sleep(SECOND);
    sidecar.signal("USR1");
    sidecar.wait_for("\"renewed\":true", 1);
    let listed = place.mit("klist").run().success().stdout();
    assert!(listed.contains("HTTP/web.ad.test@AD.TEST"), "{listed}");
    assert!(
        listed.contains("Default principal: alice@AD.TEST"),
        "{listed}"
    );
    assert!(start_time.elapsed() < SECOND * 30);
    // The keytab of a service account.
    let keytab = realm.keytab("svc-web").display().to_string();
    let run = place
        .ours("rekinit")
        .args(["--once", "-k", "-t", &keytab])
        .run()
        .success();
    assert!(run.stderr().contains("ticket obtained"), "{run}");
}

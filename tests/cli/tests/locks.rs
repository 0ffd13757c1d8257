//! Files that another process has locked: changes wait for the lock, and nothing is lost.
#![allow(clippy::expect_used, reason = "tests may panic")]

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cli::{PASSWORD, REALM, log_in, old_cache, realm};
use kerberos_files::lock;
use kerberos_testkdc::TestKdc;
use test_support::raw::{self, RawKey, RawPrincipal};
use test_support::{Finished, Place, Tool};

/// Runs `tool` while we hold a lock on the file at `path`, until the tool waits for it.
fn while_locked(path: &Path, tool: Tool) -> Finished {
    let file = OpenOptions::new().read(true).write(true).open(path);
    let file = file.expect("the test owns the file");
    lock::lock_exclusive(&file).expect("the lock is free");
    let running = thread::spawn(|| tool.run());
    wait_for_a_waiter(&file, || running.is_finished());
    assert!(!running.is_finished(), "the tool did not wait for the lock");
    lock::unlock(&file).expect("the lock is held");
    running.join().expect("a tool that runs does not panic")
}

/// The kernel lists the waiters for a lock below its owner.
fn wait_for_a_waiter(file: &File, is_over: impl Fn() -> bool) {
    let inode = format!(
        ":{} ",
        file.metadata().expect("the open file has metadata").ino()
    );
    let is_waiter = |line: &str| line.contains("->") && line.contains(&inode);
    let start = Instant::now();
    while !fs::read_to_string("/proc/locks")
        .expect("/proc is mounted")
        .lines()
        .any(is_waiter)
        && !is_over()
    {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "nobody waits for the lock"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn kvno_waits_for_the_lock_on_the_cache() {
    let kdc = TestKdc::builder(REALM)
        .principal("alice", PASSWORD)
        .service("host/a");
    let kdc = kdc.start().expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    log_in(&place);
    let run = while_locked(place.cache(), place.ours("kvno").arg("host/a")).success();
    assert_eq!(run.stdout(), format!("host/a@{REALM}: kvno = 1\n"));
    let listed = place.ours("klist").run().success().stdout();
    assert!(listed.contains("  host/a@CLI.TEST\n"), "{listed}");
    assert!(listed.contains("  krbtgt/CLI.TEST@CLI.TEST\n"), "{listed}");
}

#[test]
fn kinit_and_kdestroy_do_not_wait_for_a_locked_cache() {
    let (_kdc, place) = realm();
    place.write("cache", old_cache());
    let lock = || {
        let file = OpenOptions::new().write(true).open(place.cache());
        let file = file.expect("the test owns the file");
        lock::lock_exclusive(&file).expect("the lock is free");
        file
    };
    let _old = lock();
    log_in(&place);
    let listed = place.ours("klist").run().success().stdout();
    assert!(listed.contains("Default principal: alice@"), "{listed}");
    let _new = lock();
    place.ours("kdestroy").run().success();
    assert!(!place.cache().exists());
}

#[test]
fn ktutil_waits_for_the_lock_on_the_keytab() {
    let (_kdc, place) = realm();
    let key = RawKey {
        principal: RawPrincipal::new("robot", REALM),
        timestamp: 0,
        kvno: 1,
        etype: 18,
        key: vec![7; 32],
    };
    place.write("keytab", raw::keytab(2, &[key]));
    let keytab = place.text("keytab");
    let add = place.ours("ktutil").args(["-k", &keytab, "add", "-r"]);
    let add = add.line("-p other -V 3 -e aes256-cts");
    while_locked(&place.path("keytab"), add).success();
    let listed = place.ours("klist").args(["-k", &keytab]).run().success();
    let lines: Vec<String> = listed.stdout().lines().skip(3).map(Into::into).collect();
    assert_eq!(lines, ["   1 robot@CLI.TEST", "   3 other@CLI.TEST"]);
}

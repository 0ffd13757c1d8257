//! Replay caches in files: what is new, where records are stored, hostile files, concurrent threads
//! and processes, and processes that die.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use kerberos_files::rcache::{RcacheError, RcacheFile};
use kerberos_proto::{Principal, Replay, ReplayCache, Timestamp};
use test_support::TempDir;

const NOW: i64 = 1_767_225_600;
const SKEW: u32 = 300;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(seconds, 0)
}

/// Whether a request made and received at `NOW` is new.
fn is_new(cache: &RcacheFile, tag: &[u8]) -> bool {
    cache.record(tag, NOW + i64::from(SKEW), at(NOW)).unwrap()
}

/// The tag for a number.
fn tag(number: u64) -> [u8; 12] {
    let mut tag = [0xa5; 12];
    tag[..8].copy_from_slice(&number.to_be_bytes());
    tag
}

fn length(cache: &RcacheFile) -> u64 {
    fs::metadata(cache.path()).unwrap().len()
}

#[test]
fn the_same_request_is_new_once() {
    let folder = TempDir::new();
    let cache = RcacheFile::new(folder.join("rcache"), SKEW);
    for number in 0..3000 {
        assert!(is_new(&cache, &tag(number)), "{number}");
    }
    for number in 0..3000 {
        assert!(!is_new(&cache, &tag(number)), "{number}");
    }
    assert!(length(&cache) > 16_384, "a second table must be in use");
    let mode = fs::metadata(cache.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(folder.names(), ["rcache"]);
}

#[test]
fn rcache_file_implements_the_replay_cache_trait() {
    let folder = TempDir::new();
    let mut cache = RcacheFile::new(folder.join("rcache"), SKEW);
    let name = Principal::parse("a@R").unwrap();
    let request = Replay::new(&name, &name, at(NOW), b"tag", SKEW);
    assert!(cache.store(&request, at(NOW)).unwrap());
    assert!(!(&cache).store(&request, at(NOW)).unwrap());
    let missing = RcacheFile::new(folder.join("no/such"), SKEW);
    assert!((&missing).store(&request, at(NOW)).is_err());
}

#[test]
fn tags_are_cut_or_padded_to_twelve_bytes() {
    let folder = TempDir::new();
    let cache = RcacheFile::new(folder.join("rcache"), SKEW);
    assert!(is_new(&cache, b"0123456789ab-one"));
    assert!(!is_new(&cache, b"0123456789ab-two"));
    assert!(is_new(&cache, b"short"));
    assert!(!is_new(&cache, b"short\0\0\0\0\0\0\0"));
    // MIT 1.18 and later distinguish a tag of zeros from an empty slot by its time.
    assert!(is_new(&cache, &[0; 12]));
    assert!(!is_new(&cache, &[0; 12]));
}

#[test]
fn records_are_stored_where_mit_looks_for_them() {
    let folder = TempDir::new();
    let cache = RcacheFile::new(folder.join("rcache"), SKEW);
    let seed: Vec<u8> = (0..16).collect();
    fs::write(cache.path(), &seed).unwrap();
    let tag: Vec<u8> = (0..12).collect();
    assert!(is_new(&cache, &tag));
    // SipHash-2-4 of the tag is 0x751e8fbc860ee5fb (from its authors' vectors).
    let place = 16 + 0x751e_8fbc_860e_e5fb_u64 % 1023 * 16;
    assert_eq!(length(&cache), place + 16);
    let mut record = [0; 16];
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(cache.path())
        .unwrap();
    file.read_exact_at(&mut record, place).unwrap();
    assert_eq!(record[..12], tag);
    assert_eq!(record[12..], u32::try_from(NOW).unwrap().to_be_bytes());

    // Both places in the first table are taken, so the next table is used, with another seed.
    record[..12].fill(1);
    file.write_all_at(&record, place).unwrap();
    file.write_all_at(&record, place + 16).unwrap();
    assert!(is_new(&cache, &tag));
    assert!(length(&cache) > 16_384);
    assert!(!is_new(&cache, &tag));
    // The first of them is free again, but the record after it is found before the place is used.
    record[12..].fill(1);
    file.write_all_at(&record, place).unwrap();
    assert!(!is_new(&cache, &tag));
    assert!(is_new(&cache, b"another tag of the file"));
}

#[test]
fn expired_records_are_overwritten() {
    let folder = TempDir::new();
    let cache = RcacheFile::new(folder.join("rcache"), SKEW);
    // Each has expired when the next arrives, so the file keeps to its first table.
    for number in 0..5000 {
        let now = NOW + i64::try_from(number).unwrap() * 301;
        let new = cache.record(&tag(number), now + i64::from(SKEW), at(now));
        assert!(new.unwrap());
        assert!(length(&cache) <= 16_384 + 16);
    }
}

#[test]
fn request_from_a_fast_clock_is_kept_until_it_is_too_old() {
    let folder = TempDir::new();
    let path = folder.join("rcache");
    let cache = RcacheFile::new(&path, SKEW);
    let skew = i64::from(SKEW);
    let ahead = |now: i64| cache.record(&tag(1), NOW + 200 + skew, at(now)).unwrap();
    assert!(ahead(NOW));
    let written = fs::read(&path).unwrap();
    let time = written.last_chunk::<4>().unwrap();
    assert_eq!(i64::from(u32::from_be_bytes(*time)), NOW + 200);
    assert!(!ahead(NOW + 500));
    // A request with a clock that is behind is kept as long as by MIT.
    fs::remove_file(&path).unwrap();
    cache.record(&tag(1), NOW - 200 + skew, at(NOW)).unwrap();
    let written = fs::read(&path).unwrap();
    let time = written.last_chunk::<4>().unwrap();
    assert_eq!(i64::from(u32::from_be_bytes(*time)), NOW);
}

#[test]
fn truncated_and_huge_files_work_as_caches() {
    let folder = TempDir::new();
    let path = folder.join("rcache");
    let cache = RcacheFile::new(&path, SKEW);
    // Without a complete seed it contains no records.
    for length in 0..16 {
        fs::write(&path, vec![7; length]).unwrap();
        assert!(is_new(&cache, &tag(1)), "{length}");
        assert!(!is_new(&cache, &tag(1)), "{length}");
    }
    // An incomplete record is not a record.
    let whole = fs::read(&path).unwrap();
    for cut in 1..16 {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        assert!(is_new(&cache, &tag(1)), "{cut}");
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    // As large as the file system allows, and empty.
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(1 << 40).unwrap();
    assert!(!is_new(&cache, &tag(1)));
    assert!(is_new(&cache, &tag(2)));
    assert!(!is_new(&cache, &tag(2)));
}

#[test]
fn files_of_arbitrary_bytes_work_as_caches() {
    let folder = TempDir::new();
    let path = folder.join("rcache");
    let cache = RcacheFile::new(&path, SKEW);
    for byte in [0_u8, 1, 0x80, 0xff] {
        fs::write(&path, vec![byte; 200_000]).unwrap();
        for number in 0..50 {
            assert!(is_new(&cache, &tag(number)), "{byte} {number}");
            assert!(!is_new(&cache, &tag(number)), "{byte} {number}");
        }
    }
}

#[test]
fn directories_links_and_pipes_are_refused() {
    let folder = TempDir::new();
    let check = |name: &str, expected: fn(&RcacheError) -> bool| {
        let cache = RcacheFile::new(folder.join(name), SKEW);
        let error = cache
            .record(&tag(1), NOW + i64::from(SKEW), at(NOW))
            .unwrap_err();
        assert!(expected(&error), "{name}: {error:?}");
        assert!(error.hint().unwrap().contains("KRB5RCACHENAME"), "{name}");
        assert!(error.to_string().contains(name), "{error}");
    };
    fs::create_dir(folder.join("directory")).unwrap();
    check("directory", |error| {
        matches!(error, RcacheError::NotAFile { .. })
    });
    fs::write(folder.join("target"), "").unwrap();
    symlink(folder.join("target"), folder.join("link")).unwrap();
    symlink(folder.join("nothing"), folder.join("dangling")).unwrap();
    check("link", |error| matches!(error, RcacheError::Link { .. }));
    check("dangling", |error| {
        matches!(error, RcacheError::Link { .. })
    });
    assert!(!folder.join("nothing").exists());
    assert_eq!(fs::read(folder.join("target")).unwrap(), b"");
    check(
        "missing/rcache",
        |error| matches!(error, RcacheError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound),
    );
    let made = Command::new("mkfifo").arg(folder.join("pipe")).status();
    assert!(made.unwrap().success());
    check("pipe", |error| {
        matches!(error, RcacheError::NotAFile { .. })
    });
}

#[test]
fn default_cache_is_per_user_and_refuses_hard_links() {
    let folder = TempDir::new();
    let cache = RcacheFile::of_user(folder.path(), SKEW);
    assert!(is_new(&cache, &tag(1)));
    let uid = fs::read_to_string("/proc/self/status").unwrap();
    let uid = uid.lines().find_map(|line| line.strip_prefix("Uid:\t"));
    let euid = uid.unwrap().split('\t').nth(1).unwrap();
    assert_eq!(folder.names(), [format!("krb5_{euid}.rcache2")]);
    assert!(!is_new(&cache, &tag(1)));
    // And in one that has no other name elsewhere.
    fs::hard_link(cache.path(), folder.join("elsewhere")).unwrap();
    let error = cache.record(&tag(2), 1_300, at(1_000)).unwrap_err();
    assert!(matches!(error, RcacheError::HardLink { .. }), "{error}");
    fs::remove_file(folder.join("elsewhere")).unwrap();
    assert!(is_new(&cache, &tag(2)));
}

#[test]
fn only_one_of_sixteen_threads_accepts_each_request() {
    const THREADS: usize = 16;
    const ROUNDS: u64 = 200;
    let folder = TempDir::new();
    let cache = RcacheFile::new(folder.join("rcache"), SKEW);
    let start = Barrier::new(THREADS);
    let accepted: Vec<_> = (0..ROUNDS).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for (number, accepted) in (0..).zip(&accepted) {
                    accepted
                        .fetch_add(usize::from(is_new(&cache, &tag(number))), Ordering::Relaxed);
                }
            });
        }
    });
    assert!(
        accepted
            .iter()
            .all(|count| count.load(Ordering::Relaxed) == 1),
        "{accepted:?}"
    );
}

/// Turns this program into a process that stores the tags below a number and prints which were new.
const WORKER: &str = "RCACHE_WORKER";

fn work_if_asked() -> bool {
    let Ok(work) = std::env::var(WORKER) else {
        return false;
    };
    let (count, path) = work.split_once(' ').unwrap();
    let cache = RcacheFile::new(path, SKEW);
    for number in 0..count.parse().unwrap() {
        if is_new(&cache, &tag(number)) {
            println!("new {number}");
        }
    }
    true
}

fn worker(test: &str, path: &Path, count: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(WORKER, format!("{count} {}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The numbers that a worker reports as new.
fn told(child: &mut Child) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.filter_map(|line| {
        let line = line.unwrap();
        // The test harness may print before the first line of ours.
        let (_, number) = line.rsplit_once("new ")?;
        number.parse().ok()
    })
}

#[test]
fn only_one_of_eight_processes_accepts_each_request() {
    const COUNT: u64 = 2000;
    if work_if_asked() {
        return;
    }
    let folder = TempDir::new();
    let path = folder.join("rcache");
    let mut workers: Vec<_> = (0..8)
        .map(|_| {
            worker(
                "only_one_of_eight_processes_accepts_each_request",
                &path,
                COUNT,
            )
        })
        .collect();
    let mut new: Vec<u64> = workers.iter_mut().flat_map(told).collect();
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    new.sort_unstable();
    assert!(new.into_iter().eq(0..COUNT));
}

#[test]
fn accepted_requests_survive_a_killed_process() {
    if work_if_asked() {
        return;
    }
    let folder = TempDir::new();
    let path = folder.join("rcache");
    let cache = RcacheFile::new(&path, SKEW);
    for round in 0..10 {
        let _ = fs::remove_file(&path);
        let name = "accepted_requests_survive_a_killed_process";
        let mut worker = worker(name, &path, 1_000_000);
        let mut new = told(&mut worker);
        let mut seen: Vec<_> = new.by_ref().take(50 + 37 * round).collect();
        worker.kill().unwrap();
        worker.wait().unwrap();
        seen.extend(new);
        // What was accepted stays a replay. One more may have been stored that the process could
        // not report.
        let count = u64::try_from(seen.len()).unwrap();
        assert!(count >= 50, "the worker has worked");
        assert!(seen.into_iter().eq(0..count), "round {round}");
        assert!((0..count).all(|number| !is_new(&cache, &tag(number))));
        is_new(&cache, &tag(count));
        assert!((count + 1..count + 100).all(|number| is_new(&cache, &tag(number))));
    }
}

//! Replay caches: in a file of any bytes, a request is remembered or refused, never both new and
//! known the second time.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use kerberos_files::rcache::{RcacheFile, RcacheName};
use kerberos_proto::Timestamp;
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::new(1_000_000_000, 0);
const SKEW: u32 = 300;

/// A file of this process alone, in memory where there is such a place.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    folder.join(format!("rkinit_fuzz_rcache_{}", std::process::id()))
});

fuzz_target!(|input: &[u8]| {
    let [length, expires, rest @ ..] = input else {
        return;
    };
    let _ = RcacheName::parse(&String::from_utf8_lossy(rest)).map(|name| format!("{name:?}"));
    let (tag, contents) = rest.split_at(usize::from(*length).min(rest.len()));
    fs::write(&*FILE, contents).expect("a place to write to");
    let cache = RcacheFile::new(&*FILE, SKEW);
    let expires = NOW.seconds + i64::from(*expires);
    for now in [NOW, Timestamp::new(NOW.seconds + i64::from(SKEW), 0)] {
        match cache.record(tag, expires, now) {
            Ok(_) => assert!(!cache.record(tag, expires, now).expect("it was there")),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    let _ = fs::remove_file(&*FILE);
});

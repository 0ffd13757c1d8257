//! Replay caches: in a file of any bytes, among other requests and with clients whose clocks are
//! ahead, a request that was new is refused for as long as it could be taken again.
//!
//! The first octet is how many requests there are, of three octets each: which, after how long, and
//! how long it can be taken. The rest is the file.
#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use kerberos_files::rcache::{RcacheFile, RcacheName};
use kerberos_proto::Timestamp;
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_000_000_000;
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
    let Some((&count, rest)) = input.split_first() else {
        return;
    };
    let _ = RcacheName::parse(&String::from_utf8_lossy(rest)).map(|name| format!("{name:?}"));
    let (requests, contents) = rest.split_at(rest.len().min(usize::from(count) * 3));
    fs::write(&*FILE, contents).expect("a place to write to");
    let cache = RcacheFile::new(&*FILE, SKEW);
    let mut remembered = BTreeMap::new();
    let mut now = NOW;
    for request in requests.chunks_exact(3) {
        let &[name, later, good_for] = request else {
            break;
        };
        now += i64::from(later) * 2;
        // A client's clock is ahead by the skew, or behind by it, or anything between.
        let expires = now + i64::from(good_for) * 2 * i64::from(SKEW) / 255;
        let time = Timestamp::new(now, 0);
        // Checksums of a length that is cut, and of one that is filled up.
        let tag = &[name; 16][..usize::from(name % 17)];
        match cache.record(tag, expires, time) {
            Ok(true) => {
                let until = remembered.insert(tag.to_vec(), expires.max(now + i64::from(SKEW)));
                assert!(until.is_none_or(|until| until < now), "it was taken twice");
            }
            // Before, or in the file.
            Ok(false) => assert!(!contents.is_empty() || remembered.contains_key(tag)),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        assert!(!cache.record(tag, expires, time).unwrap_or(false));
    }
    let _ = fs::remove_file(&*FILE);
});

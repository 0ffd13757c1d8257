//! Replay caches: with any bytes in the file, with other requests in between, and with clients
//! whose clocks are ahead, a request that was accepted as new is refused for as long as it could be
//! accepted again.
//!
//! The first octet is the number of requests. Each has three octets: which request, after how long,
//! and for how long it is acceptable. The rest is the file.
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

/// A file that only this process uses, in memory where possible.
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
    fs::write(&*FILE, contents).expect("the file is writable");
    let cache = RcacheFile::new(&*FILE, SKEW);
    let mut remembered = BTreeMap::new();
    let mut now = NOW;
    for request in requests.chunks_exact(3) {
        let &[name, later, good_for] = request else {
            break;
        };
        now += i64::from(later) * 2;
        // The client's clock is ahead or behind by at most the permitted skew.
        let expires = now + i64::from(good_for) * 2 * i64::from(SKEW) / 255;
        let time = Timestamp::new(now, 0);
        // Tags from checksums that are too long, and so cut, or too short, and so filled up.
        let tag = &[name; 16][..usize::from(name % 17)];
        match cache.record(tag, expires, time) {
            Ok(true) => {
                let until = remembered.insert(tag.to_vec(), expires.max(now + i64::from(SKEW)));
                assert!(
                    until.is_none_or(|until| until < now),
                    "a replay was accepted as new"
                );
            }
            // Seen before, or present in the file.
            Ok(false) => assert!(!contents.is_empty() || remembered.contains_key(tag)),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        assert!(!cache.record(tag, expires, time).unwrap_or(false));
    }
    let _ = fs::remove_file(&*FILE);
});

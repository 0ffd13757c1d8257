//! Replay caches in files that are shared with MIT's library: its type `file2`, introduced in MIT
//! 1.18 (described in its file format documentation; no RFC).
//!
//! [`RcacheName`] is the content of `KRB5RCACHENAME` and `default_rcache_name`. [`RcacheFile`] is a
//! [`ReplayCache`](kerberos_proto::ReplayCache) that can be shared by threads and processes.
//!
//! ```text
//! file   16 bytes of hash seed, then tables of 1023, 2048, 4096, … slots, up to 2 GiB in all
//! slot   the first 12 bytes of the authenticator's checksum, u32 time; a time of 0 is an empty slot
//! ```
//! Integers are big-endian. Each table has two places for a record: the slot at SipHash-2-4 of the
//! 12 bytes, modulo the number of slots, and the slot after it (for the last slot, the first of the
//! next table). The first byte of the hash seed is incremented from table to table. (MIT's
//! description says modulo one less; its code, which counts, does not.) A look-up proceeds from
//! table to table until one of the two places is empty or after the end of the file, because a
//! record would have been written there. So it takes a single read in a cache with room, and never
//! more than one for each of 17 tables, whatever the file contains.
//!
//! # The effects of a crash, a full disk or a damaged file
//! A record is 16 bytes within one page and is written at once, so it is either there or not. If it
//! cannot be written, the request is refused. A file that is too short for its seed contains no
//! records and gets a new seed. Random bytes count as records of requests that nobody will make.
//!
//! # Example
//! ```
//! use kerberos_files::rcache::RcacheName;
//! use kerberos_proto::{Principal, Replay, ReplayCache, Timestamp};
//!
//! # let path = std::env::temp_dir().join(format!("example-{}.rcache2", std::process::id()));
//! # let name = format!("file2:{}", path.display());
//! let mut cache = RcacheName::parse(&name)?.open("/var/tmp", 300).expect("not none:");
//! let client = Principal::parse("alice@EXAMPLE.COM")?;
//! let server = Principal::parse("host/www.example.com@EXAMPLE.COM")?;
//! let now = Timestamp::new(1_767_225_600, 0);
//! let request = Replay::new(&client, &server, now, b"the checksum", 300);
//! assert!(cache.store(&request, now).unwrap(), "it is new");
//! assert!(!cache.store(&request, now).unwrap(), "and now it is a replay");
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod file;
mod name;

pub use error::RcacheError;
pub use file::RcacheFile;
pub use name::{RcacheName, RcacheNameError};

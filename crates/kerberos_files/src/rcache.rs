//! Replay caches in files that MIT's library and ours share: its type `file2`, new in MIT 1.18 (its
//! file format description; no RFC).
//!
//! [`RcacheName`] is what `KRB5RCACHENAME` and `default_rcache_name` hold; [`RcacheFile`] is a
//! [`ReplayCache`](kerberos_proto::ReplayCache), safe between threads and processes.
//!
//! ```text
//! file   16 bytes of hash seed, then tables of 1023, 2048, 4096, … slots, up to 2 GiB in all
//! slot   the first 12 bytes of the authenticator's checksum, u32 time; a time of 0 is an empty slot
//! ```
//! Integers are big-endian. In each table a record has its place, and the one behind it, which for
//! the last place is the first of the next table: SipHash-2-4 of the 12 bytes, modulo the number of
//! slots, with a seed whose first byte counts up from table to table. (MIT's description says
//! modulo one less; its code, which counts, does not.) A look-up goes from table to table until one
//! of the two places is empty or behind the end of the file, for a record would have been written
//! there. So it costs one read in a cache with room, and never more than one for each of 17 tables,
//! whatever is in the file.
//!
//! # What a crash, a full disk or a damaged file do
//! A record is 16 bytes within one page, written at once: it is there or it is not. When it cannot
//! be written the request is refused. A file that is too short for its seed holds no record, and
//! gets a new seed. Bytes that mean nothing pass for records of requests that no one will make.
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

//! Replay caches: the same authenticator is not taken twice (RFC 4120 §3.2.3, §10).
//!
//! A cache in a file, shared among the processes of a host, is left to others.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;

use crate::{Principal, Timestamp};

/// What identifies a request that was accepted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Replay<'a> {
    /// The client.
    pub client: &'a Principal,
    /// The service.
    pub server: &'a Principal,
    /// The time of the authenticator.
    pub time: Timestamp,
    /// The end of the encrypted authenticator, as long as a checksum of its encryption type: what
    /// MIT's caches go by. It differs in each request, whatever the time, and cannot be changed
    /// without the session key.
    pub tag: &'a [u8],
    /// Until when the request would be accepted again, in seconds since 1970: its own time and
    /// the clock skew.
    pub expires: i64,
}

impl<'a> Replay<'a> {
    /// The request of `client` to `server` made at `time`, where clocks may differ by `clock_skew`
    /// seconds.
    pub fn new(
        client: &'a Principal,
        server: &'a Principal,
        time: Timestamp,
        tag: &'a [u8],
        clock_skew: u32,
    ) -> Self {
        Self {
            client,
            server,
            time,
            tag,
            expires: time.seconds.saturating_add(clock_skew.into()),
        }
    }
}

/// Remembers requests for as long as they would be accepted.
pub trait ReplayCache {
    /// Whether `request` is new; it is remembered then. Both have to happen at once.
    ///
    /// # Errors
    /// When the cache does not work. The request is refused then.
    fn store(
        &mut self,
        request: &Replay<'_>,
        now: Timestamp,
    ) -> Result<bool, Box<dyn core::error::Error + Send + Sync>>;
}

/// A replay cache in memory, for a service of a single process. Several threads share it behind a
/// lock.
///
/// What has expired is forgotten, so its size follows from the rate of requests: those of two
/// clock skews at most. Only requests of clients with a valid ticket get in.
///
/// A new cache knows nothing of what was accepted before the process started: RFC 4120 §3.2.3
/// would have a service refuse everything for one clock skew then, unless its protocol has
/// protection of its own against replays.
///
/// # Example
/// ```
/// # use kerberos_proto::MemoryReplayCache;
/// let cache = MemoryReplayCache::default();
/// assert!(cache.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryReplayCache {
    /// Expiry and tag. Two requests with one tag are the same, and so have one expiry.
    seen: BTreeSet<(i64, Box<[u8]>)>,
}

impl MemoryReplayCache {
    /// How many requests are remembered.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether no request is remembered.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

impl ReplayCache for MemoryReplayCache {
    fn store(
        &mut self,
        request: &Replay<'_>,
        now: Timestamp,
    ) -> Result<bool, Box<dyn core::error::Error + Send + Sync>> {
        while self
            .seen
            .first()
            .is_some_and(|(expires, _)| *expires < now.seconds)
        {
            self.seen.pop_first();
        }
        Ok(self.seen.insert((request.expires, request.tag.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_remembered_until_they_expire() {
        let name = Principal::parse("a@R").unwrap();
        let mut cache = MemoryReplayCache::default();
        let mut is_new = |tag: &[u8], time: i64, now: i64| {
            let request = Replay::new(&name, &name, Timestamp::new(time, 0), tag, 300);
            let new = cache.store(&request, Timestamp::new(now, 0)).unwrap();
            (new, cache.len())
        };
        assert_eq!(is_new(b"one", 1_000, 1_000), (true, 1));
        assert_eq!(is_new(b"one", 1_000, 1_300), (false, 1));
        // One of the same microsecond is no replay.
        assert_eq!(is_new(b"two", 1_000, 1_300), (true, 2));
        // A clock ahead makes a request acceptable for longer.
        assert_eq!(is_new(b"three", 1_600, 1_300), (true, 3));
        assert_eq!(is_new(b"four", 1_301, 1_301), (true, 2));
        assert_eq!(is_new(b"three", 1_600, 1_900), (false, 1));
        assert_eq!(is_new(b"five", 1_901, 1_901), (true, 1));
    }
}

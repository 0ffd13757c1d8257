//! Replay caches: the same authenticator is not accepted twice (RFC 4120 §3.2.3, §10).
//!
//! A cache in a file that the processes of a host share is implemented elsewhere.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;

use crate::{Principal, Timestamp};

/// What identifies an accepted request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Replay<'a> {
    /// The client.
    pub client: &'a Principal,
    /// The service.
    pub server: &'a Principal,
    /// The time of the authenticator.
    pub time: Timestamp,
    /// The end of the encrypted authenticator, as long as a checksum of its encryption type. MIT's
    /// caches use it. It differs for each request, even at the same time, and cannot be changed
    /// without the session key.
    pub tag: &'a [u8],
    /// Until when the request would be accepted again: its own time plus the clock skew, in seconds
    /// since 1970.
    pub expires: i64,
}

impl<'a> Replay<'a> {
    /// A request from `client` to `server` made at `time`, where clocks may differ by `clock_skew`
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
    /// Stores `request` and returns whether it is new. Both must happen atomically.
    ///
    /// # Errors
    /// When the cache does not work. The request is then refused.
    fn store(
        &mut self,
        request: &Replay<'_>,
        now: Timestamp,
    ) -> Result<bool, Box<dyn core::error::Error + Send + Sync>>;
}

/// A replay cache in memory, for a service in a single process. Several threads can share it behind
/// a lock.
///
/// Expired requests are removed, so the size depends on the rate of requests: those of at most two
/// clock skews are kept. Only requests of clients with a valid ticket are stored.
///
/// A new cache does not know what was accepted before the process started. RFC 4120 §3.2.3 wants a
/// service to refuse everything for one clock skew after its start, unless its protocol has its own
/// protection against replays.
///
/// # Example
/// ```
/// # use kerberos_proto::MemoryReplayCache;
/// let cache = MemoryReplayCache::default();
/// assert!(cache.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryReplayCache {
    /// Expiry and tag. Two requests with the same tag are the same request, so they have the same
    /// expiry.
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
        // Another request at the same time is not a replay.
        assert_eq!(is_new(b"two", 1_000, 1_300), (true, 2));
        // A client's clock that is ahead makes its request acceptable for longer.
        assert_eq!(is_new(b"three", 1_600, 1_300), (true, 3));
        assert_eq!(is_new(b"four", 1_301, 1_301), (true, 2));
        assert_eq!(is_new(b"three", 1_600, 1_900), (false, 1));
        assert_eq!(is_new(b"five", 1_901, 1_901), (true, 1));
    }
}

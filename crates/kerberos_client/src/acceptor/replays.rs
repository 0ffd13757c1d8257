//! `Replays`: where a service remembers the requests that it has taken.

use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use kerberos_files::rcache::RcacheFile;
use kerberos_proto::{ApError, MemoryReplayCache, Replay, ReplayCache, Timestamp};

/// Where requests are remembered.
pub(crate) enum Replays {
    /// Nowhere, as krb5.conf may say (`none:`).
    None,
    Memory(Mutex<MemoryReplayCache>),
    File(RcacheFile),
    /// The caller's.
    Other(Mutex<Box<dyn ReplayCache + Send>>),
}

impl Replays {
    /// Whether it can be used.
    pub(super) fn check(&self) -> Result<(), ApError> {
        let Self::File(cache) = self else {
            return Ok(());
        };
        let refusal = |error: Box<dyn Error + Send + Sync>| ApError::ReplayCache(error);
        cache.check().map_err(|error| refusal(error.into()))
    }
}

impl ReplayCache for &Replays {
    fn store(
        &mut self,
        request: &Replay<'_>,
        now: Timestamp,
    ) -> Result<bool, Box<dyn Error + Send + Sync>> {
        match self {
            Replays::None => Ok(true),
            Replays::Memory(cache) => locked(cache).store(request, now),
            Replays::File(cache) => ReplayCache::store(&mut &*cache, request, now),
            Replays::Other(cache) => locked(cache).store(request, now),
        }
    }
}

impl fmt::Debug for Replays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Memory(_) => "Memory",
            Self::File(cache) => return cache.fmt(f),
            Self::Other(_) => "Other",
        })
    }
}

fn locked<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

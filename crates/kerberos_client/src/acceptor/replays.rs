//! `Replays`: where a service remembers the requests that it has accepted.

use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use kerberos_files::rcache::RcacheFile;
use kerberos_proto::{ApError, Replay, ReplayCache, Timestamp};

/// Where requests are remembered.
pub(crate) enum Replays {
    /// Nowhere, if krb5.conf says so (`none:`).
    None,
    File(RcacheFile),
    /// In memory, or wherever the caller's own cache keeps them.
    Other(Mutex<Box<dyn ReplayCache + Send>>),
}

impl Replays {
    /// Checks that it can be used.
    pub(super) fn check(&self) -> Result<(), ApError> {
        let Self::File(cache) = self else {
            return Ok(());
        };
        cache
            .check()
            .map_err(|error| ApError::ReplayCache(error.into()))
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
            Replays::File(cache) => ReplayCache::store(&mut &*cache, request, now),
            Replays::Other(cache) => {
                let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
                cache.store(request, now)
            }
        }
    }
}

impl fmt::Debug for Replays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::File(cache) => return cache.fmt(f),
            Self::Other(_) => "Other",
        })
    }
}

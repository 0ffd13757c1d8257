//! `TemporaryCcache`: a cache in this process that is destroyed on drop.

use crate::atomic::random_letters;
use crate::ccache::memory::MemoryStore;
use crate::ccache::store::Store as _;
use crate::ccache::{CcacheKind, CcacheName};

/// A MEMORY cache with a unique name, which is destroyed on drop.
///
/// It is for tickets that are needed only once, for example those that a client delegates to a
/// service for a single request. All other MEMORY caches exist, with their keys, until they are
/// [destroyed](crate::ccache::Ccache::destroy) or the process ends.
///
/// # Example
/// ```
/// use kerberos_files::ccache::{Ccache, CcacheBuilder, CcacheOptions, Header, TemporaryCcache};
/// use kerberos_proto::Principal;
///
/// let temporary = TemporaryCcache::new();
/// let cache = Ccache::resolve(temporary.name(), &CcacheOptions::default())?;
/// let alice = Principal::parse("alice@EXAMPLE.COM")?;
/// cache.replace_with(&CcacheBuilder::new(&Header::default(), &alice)?)?;
/// assert_eq!(cache.principal()?, alice);
/// drop(temporary);
/// assert!(cache.open().is_err_and(|error| error.is_no_cache()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "the cache ends when this is dropped"]
pub struct TemporaryCcache(CcacheName);

impl TemporaryCcache {
    /// A cache that does not exist until something is stored in it.
    #[expect(
        clippy::new_without_default,
        reason = "each call makes a different cache, which Default does not suggest"
    )]
    pub fn new() -> Self {
        let letters = [random_letters(12), random_letters(12)].concat();
        Self(CcacheName::new(CcacheKind::Memory, letters))
    }

    /// The name of the cache.
    pub fn name(&self) -> &CcacheName {
        &self.0
    }
}

impl Drop for TemporaryCcache {
    fn drop(&mut self) {
        // Destroying a MEMORY cache that does not exist is not an error.
        let _ = MemoryStore::new(self.0.residual()).destroy();
    }
}

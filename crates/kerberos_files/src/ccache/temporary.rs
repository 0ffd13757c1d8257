//! `TemporaryCcache`: a cache of this process that ends with its owner.

use crate::atomic::random_letters;
use crate::ccache::memory::MemoryStore;
use crate::ccache::store::Store as _;
use crate::ccache::{CcacheKind, CcacheName};

/// A MEMORY cache under a name that nobody else has; it is destroyed when this is dropped.
///
/// It is for tickets that serve one occasion, such as those that a client lends a service for a
/// request. Every other MEMORY cache lives, keys and all, until it is
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
    /// A cache that is not there until something is put into it.
    #[expect(
        clippy::new_without_default,
        reason = "each is another one, which Default does not suggest"
    )]
    pub fn new() -> Self {
        let letters = [random_letters(12), random_letters(12)].concat();
        Self(CcacheName::new(CcacheKind::Memory, letters))
    }

    /// Its name, by which it is used.
    pub fn name(&self) -> &CcacheName {
        &self.0
    }
}

impl Drop for TemporaryCcache {
    fn drop(&mut self) {
        // A MEMORY cache that is not there is gone already.
        let _ = MemoryStore::new(self.0.residual()).destroy();
    }
}

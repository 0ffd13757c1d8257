//! MEMORY caches: named caches in this process, which end with it.
//!
//! A reader sees the cache as it was when opened.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kerberos_proto::Credential;

use crate::ccache::store::{Store, without};
use crate::ccache::{
    CcacheBuilder, CcacheError, CcacheKind, CcacheName, CcacheReader, ConfigEntry, CredentialView,
};

/// The MEMORY cache with a certain name.
#[derive(Clone, Debug)]
pub(super) struct MemoryStore {
    residual: String,
}

/// All MEMORY caches. Their bytes are wiped when they are replaced or destroyed.
static CACHES: Mutex<BTreeMap<String, CcacheBuilder>> = Mutex::new(BTreeMap::new());

impl MemoryStore {
    pub(super) fn new(residual: &str) -> Self {
        Self {
            residual: residual.to_owned(),
        }
    }

    pub(super) fn name(&self) -> CcacheName {
        CcacheName::new(CcacheKind::Memory, self.residual.as_str())
    }

    /// Changes the cache under the lock.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut CcacheBuilder) -> Result<T, CcacheError>,
    ) -> Result<T, CcacheError> {
        let mut caches = caches();
        let cache = caches.get_mut(&self.residual);
        change(cache.ok_or_else(|| CcacheError::Missing { name: self.name() })?)
    }

    fn reader(&self, cache: &CcacheBuilder) -> Result<CcacheReader, CcacheError> {
        CcacheReader::from_builder(cache.clone(), self.name().to_string())
    }
}

impl Store for MemoryStore {
    fn open(&self) -> Result<CcacheReader, CcacheError> {
        self.change(|cache| self.reader(cache))
    }

    fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        caches().insert(self.residual.clone(), cache.clone());
        Ok(())
    }

    fn append(&self, credentials: &[&Credential]) -> Result<(), CcacheError> {
        self.change(|cache| {
            // Either all are added, or none.
            let mut longer = cache.clone();
            for credential in credentials {
                longer.credential(credential)?;
            }
            *cache = longer;
            Ok(())
        })
    }

    fn set_config(&self, entry: &ConfigEntry) -> Result<(), CcacheError> {
        self.change(|cache| {
            let reader = self.reader(cache)?;
            let (mut kept, _) = without(reader, &mut |view| view.is_setting(entry))?;
            kept.config(entry)?;
            *cache = kept;
            Ok(())
        })
    }

    fn remove(
        &self,
        matches: &mut dyn FnMut(&CredentialView<'_>) -> bool,
    ) -> Result<usize, CcacheError> {
        self.change(|cache| {
            let (kept, removed) = without(self.reader(cache)?, matches)?;
            *cache = kept;
            Ok(removed)
        })
    }

    fn destroy(&self) -> Result<(), CcacheError> {
        caches().remove(&self.residual);
        Ok(())
    }
}

fn caches() -> MutexGuard<'static, BTreeMap<String, CcacheBuilder>> {
    // Changes are made on a copy first, so a panic during a change has left the cache intact.
    CACHES.lock().unwrap_or_else(PoisonError::into_inner)
}

//! KEYRING caches: kept by the kernel, until their tickets expire.
//!
//! ```text
//! anchor       the process's, thread's, session's, user's or persistent keyring
//! └ _krb_NAME  the collection, a keyring (`_krb` in the persistent one)
//!   ├ krb_ccache:primary   u32 1, u32 length, the name of the primary cache
//!   └ CACHE    a keyring
//!     ├ __krb5_princ__         whose it is
//!     ├ __krb5_time_offsets__  i32 seconds, i32 microseconds that the KDC is ahead
//!     └ SERVICE                a credential, as a big_key or, if need be, a user key
//! ```
//! Principals and credentials have the encoding of version 4 of the file format. The key of a
//! credential is named after the service, so that a new ticket replaces the old one.
//!
//! `KEYRING:anchor:collection` stands for the primary cache of a collection,
//! `KEYRING:anchor:collection:cache` for a single cache. Without an anchor it is `legacy`, which is
//! the session keyring, used in the way of old programs. Whatever is missing is created when a
//! cache is written or when a tool needs the collection.

mod collection;
mod content;
mod keys;

use std::io;

use kerberos_proto::{Credential, Principal};
use rustix::io::Errno;

use crate::atomic;
use crate::ccache::store::{Store, without};
use crate::ccache::{
    CcacheBuilder, CcacheError, CcacheKind, CcacheName, CcacheNameError, CcacheReader, ConfigEntry,
    CredentialView, Header, Version, encode_credential,
};
use collection::{Anchor, KeyringCollection, parse, set_primary};
use content::clock_offset;
use keys::{Key, Keyring, is_any};

/// The parsers that do not need the kernel, for the fuzz target.
pub(super) mod fuzzing {
    use super::collection;
    use crate::ccache::CcacheNameError;

    /// The name in the key of a primary cache, or as the error the version that the key states.
    ///
    /// # Errors
    /// When the payload is malformed.
    pub fn primary_of_keyring(payload: &[u8]) -> Result<String, u32> {
        collection::primary_name(payload)
    }

    /// Completes a name in which parts may be omitted.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn keyring_name(residual: &str) -> Result<String, CcacheNameError> {
        let (collection, cache) = collection::parse(residual)?;
        let residual = collection.residual();
        Ok(match cache {
            Some(cache) => format!("{residual}:{cache}"),
            None => residual,
        })
    }
}

/// A cache of a collection.
#[derive(Clone, Debug)]
pub(super) struct KeyringStore {
    collection: KeyringCollection,
    cache: String,
}

impl KeyringStore {
    /// The cache named `residual`.
    pub(super) fn resolve(residual: &str) -> Result<Self, CcacheError> {
        let (collection, cache) = parse(residual)?;
        let cache = match cache {
            Some(cache) => cache,
            None => collection.primary()?,
        };
        Ok(Self { collection, cache })
    }

    /// The caches of the collection `residual`, the primary one first; or the single cache named by
    /// it.
    pub(super) fn all(residual: &str) -> Result<Vec<Self>, CcacheError> {
        let first = Self::resolve(residual)?;
        let is_there = first.keyring()?.is_some();
        let Self {
            collection,
            cache: primary,
        } = first;
        let mut names = Vec::new();
        if is_there {
            names.push(primary.clone());
        }
        let (_, one) = parse(residual)?;
        if let (None, Some(keyring)) = (one, collection.keyring(false)?) {
            let keys = keyring.keys().map_err(|error| collection.error(error))?;
            let keyrings = keys.into_iter().filter_map(Key::as_keyring);
            names.extend(
                keyrings
                    .map(|(_, name)| name)
                    .filter(|name| *name != primary),
            );
        }
        let store = |cache| Self {
            collection: collection.clone(),
            cache,
        };
        Ok(names.into_iter().map(store).collect())
    }

    /// A new cache of the collection `residual`.
    pub(super) fn new_unique(residual: &str) -> Result<Self, CcacheError> {
        let (collection, None) = parse(residual)? else {
            let kind = CcacheKind::Keyring;
            return Err(CcacheNameError::NoCollection { kind }.into());
        };
        loop {
            let cache = format!("krb_ccache_{}", atomic::random_letters(8));
            let store = Self {
                collection: collection.clone(),
                cache,
            };
            if store.keyring()?.is_none() {
                return Ok(store);
            }
        }
    }

    pub(super) fn name(&self) -> CcacheName {
        let collection = self.collection.residual();
        CcacheName::new(CcacheKind::Keyring, format!("{collection}:{}", self.cache))
    }

    /// The cache's keyring, if it exists.
    fn keyring(&self) -> Result<Option<Keyring>, CcacheError> {
        let find = |parent: Keyring| {
            let found = parent.keyring(&self.cache, None);
            found.map_err(|error| self.error(error))
        };
        let found = self.collection.keyring(false)?.map(find).transpose()?;
        match found.flatten() {
            // The cache of an old program, which is not in a collection yet.
            None if self.is_for_old_programs() => find(Keyring::session()),
            found => Ok(found),
        }
    }

    fn there(&self) -> Result<Keyring, CcacheError> {
        let missing = || CcacheError::Missing { name: self.name() };
        self.keyring()?.ok_or_else(missing)
    }

    /// Whether programs from before collections look for this cache, directly in the session
    /// keyring.
    fn is_for_old_programs(&self) -> bool {
        self.collection.anchor == Anchor::Legacy && self.collection.name == self.cache
    }

    fn error(&self, source: io::Error) -> CcacheError {
        CcacheError::Keyring {
            name: self.name(),
            source: source.into(),
        }
    }
}

impl Store for KeyringStore {
    fn open(&self) -> Result<CcacheReader, CcacheError> {
        let keyring = self.there()?;
        let own = self.own(keyring)?;
        let kdc_offset = match own.offsets.map(Key::read) {
            Some(Ok(Some(payload))) => clock_offset(&payload),
            _ => None,
        };
        let header = Header::new(Version::V4, kdc_offset);
        let mut cache = CcacheBuilder::new(&header, &own.principal)?;
        self.each(keyring, &own, |_, view| {
            cache.copy(&view)?;
            Ok(())
        })?;
        CcacheReader::from_builder(cache, self.name().to_string())
    }

    fn principal(&self) -> Result<Principal, CcacheError> {
        Ok(self.owner(self.there()?)?.1)
    }

    fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        let collection = self.collection.made()?;
        let keyring = match self.keyring()? {
            Some(keyring) => collection.link(keyring).map(|()| keyring),
            None => collection.add_keyring(&self.cache),
        };
        let keyring = keyring.map_err(|error| self.error(error))?;
        if self.is_for_old_programs() {
            // Like MIT's library, ignore if this fails.
            let _ = Keyring::session().link(keyring);
        }
        let old = self.open().ok();
        let same = old
            .as_ref()
            .is_some_and(|old| old.default_principal() == cache.default_principal());
        let old = old.and_then(|old| Some(without(old, &mut |_| false).ok()?.0));
        if same {
            match self.fill(keyring, cache) {
                // Old and new contents together may exceed the quota.
                Err(error) if is_over_quota(&error) => {}
                filled => return filled.and_then(|()| self.expire(keyring)),
            }
        }
        keyring.clear().map_err(|error| self.error(error))?;
        let filled = self.fill(keyring, cache);
        if filled.is_err() {
            // Nothing can be done if this fails.
            let _ = match &old {
                Some(old) => {
                    let cleared = keyring.clear().map_err(|error| self.error(error));
                    cleared.and_then(|()| self.fill(keyring, old))
                }
                // A part of a cache would only waste space.
                None => self.destroy(),
            };
        }
        filled.and_then(|()| self.expire(keyring))
    }

    fn append(&self, credentials: &[&Credential]) -> Result<(), CcacheError> {
        let keyring = self.there()?;
        for credential in credentials {
            self.add(keyring, &encode_credential(Version::V4, credential)?)?;
        }
        self.expire(keyring)
    }

    fn set_config(&self, entry: &ConfigEntry) -> Result<(), CcacheError> {
        let keyring = self.there()?;
        let own = self.own(keyring)?;
        let credential = entry.to_credential(&own.principal);
        let new = self.add(keyring, &encode_credential(Version::V4, &credential)?)?;
        // A setting in a key of the other type has the same name and would remain.
        self.each(keyring, &own, |key, view| {
            if key == new || !view.is_setting(entry) {
                return Ok(());
            }
            keyring.unlink(key).map_err(|error| self.error(error))
        })
    }

    /// Others may add tickets meanwhile, so only matching keys are touched.
    fn remove(
        &self,
        matches: &mut dyn FnMut(&CredentialView<'_>) -> bool,
    ) -> Result<usize, CcacheError> {
        let keyring = self.there()?;
        let own = self.own(keyring)?;
        let mut removed = 0;
        self.each(keyring, &own, |key, view| {
            if matches(&view) {
                keyring.unlink(key).map_err(|error| self.error(error))?;
                removed += 1;
            }
            Ok(())
        })?;
        Ok(removed)
    }

    fn destroy(&self) -> Result<(), CcacheError> {
        let Some(keyring) = self.keyring()? else {
            return Ok(());
        };
        let old = self.is_for_old_programs();
        let unlink = |parent: Keyring| match parent.unlink(keyring.key()) {
            // It may be in only one of the two.
            Err(error) if old && is_any(&error, &[Errno::NOENT]) => Ok(()),
            unlinked => unlinked,
        };
        let mut gone = keyring.clear();
        if let Some(collection) = self.collection.keyring(false)? {
            gone = gone.and_then(|()| unlink(collection));
        }
        if old {
            gone = gone.and_then(|()| unlink(Keyring::session()));
        }
        gone.map_err(|error| self.error(error))
    }

    fn make_primary(&self) -> Result<(), CcacheError> {
        let collection = self.collection.made()?;
        set_primary(collection, &self.cache).map_err(|error| self.error(error))
    }

    fn make_collection(&self) -> Result<(), CcacheError> {
        let collection = self.collection.made()?;
        match self.keyring()? {
            // Programs that know collections should find there what old programs left in the
            // session keyring.
            Some(keyring) => collection.link(keyring).map_err(|error| self.error(error)),
            None => Ok(()),
        }
    }
}

fn is_over_quota(error: &CcacheError) -> bool {
    matches!(error, CcacheError::Keyring { source, .. } if is_any(source, &[Errno::DQUOT]))
}

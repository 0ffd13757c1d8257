//! Where an acceptor finds the keys that tickets for it are encrypted in.
//!
//! Reading a keytab is left to others; this is what they offer its keys through.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use kerberos_crypto::{CryptoError, Key};

use crate::{KeyEntry, Principal};

/// A long-term key of a service, ready for use.
#[derive(Debug)]
pub struct ServiceKey {
    /// The key version number.
    pub kvno: u32,
    /// The key.
    pub key: Key,
}

impl TryFrom<&KeyEntry> for ServiceKey {
    type Error = CryptoError;

    fn try_from(entry: &KeyEntry) -> Result<Self, CryptoError> {
        Ok(Self {
            kvno: entry.kvno,
            key: Key::new(&entry.key)?,
        })
    }
}

/// Where an acceptor finds its long-term keys: a keytab, or anything else that has them.
pub trait KeySource {
    /// All keys of `server`, whatever their types and versions; empty when it is not served here.
    ///
    /// A source that keeps its [`ServiceKey`]s spares the acceptor the derivation of keys for each
    /// request.
    ///
    /// # Errors
    /// When looking fails; that is something else than finding nothing.
    fn keys(
        &self,
        server: &Principal,
    ) -> Result<Vec<Arc<ServiceKey>>, Box<dyn core::error::Error + Send + Sync>>;
}

impl<S: KeySource + ?Sized> KeySource for &S {
    fn keys(
        &self,
        server: &Principal,
    ) -> Result<Vec<Arc<ServiceKey>>, Box<dyn core::error::Error + Send + Sync>> {
        (**self).keys(server)
    }
}

/// Keys in memory.
#[derive(Debug, Default)]
pub struct ServiceKeys(Vec<(Principal, Arc<ServiceKey>)>);

impl ServiceKeys {
    /// The keys of these principals.
    ///
    /// # Errors
    /// When a key has the wrong length for its type. Keys of unsupported types, which keytabs may
    /// well have, are left out: no ticket can be decrypted with them.
    pub fn new(
        entries: impl IntoIterator<Item = (Principal, KeyEntry)>,
    ) -> Result<Self, CryptoError> {
        let mut keys = Vec::new();
        for (principal, entry) in entries {
            if entry.key.etype().is_supported() {
                keys.push((principal, Arc::new(ServiceKey::try_from(&entry)?)));
            }
        }
        Ok(Self(keys))
    }
}

impl KeySource for ServiceKeys {
    fn keys(
        &self,
        server: &Principal,
    ) -> Result<Vec<Arc<ServiceKey>>, Box<dyn core::error::Error + Send + Sync>> {
        let of_server = self.0.iter().filter(|(principal, _)| principal == server);
        Ok(of_server.map(|(_, key)| Arc::clone(key)).collect())
    }
}

//! Where an acceptor finds the keys that tickets for it are encrypted in: `KeySource` and its
//! `ServiceKeys`, and `OwnTgt` for user-to-user authentication.
//!
//! Reading a keytab is left to others; this is what they offer its keys through.

use alloc::boxed::Box;
use alloc::sync::Arc;

use kerberos_crypto::{CryptoError, EncryptionType, Key};

use crate::{Credential, KeyEntry, Principal};

/// A long-term key of a service, ready for use.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceKey {
    /// Whose key it is.
    pub principal: Principal,
    /// The key version number.
    pub kvno: u32,
    /// The key.
    pub key: Arc<Key>,
}

/// What a service has of its own TGT: with user-to-user authentication, tickets for it are
/// encrypted in the session key of that (RFC 4120 §3.7).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OwnTgt {
    /// The client of the TGT: the service.
    pub client: Principal,
    /// The session key of the TGT.
    pub session_key: Arc<Key>,
}

impl OwnTgt {
    /// What is needed of `tgt`.
    ///
    /// # Errors
    /// When its session key is of no supported type, or has another length than that type's.
    pub fn new(tgt: &Credential) -> Result<Self, CryptoError> {
        Ok(Self {
            client: tgt.client.clone(),
            session_key: Arc::new(Key::new(&tgt.session_key)?),
        })
    }
}

/// What a ticket says about the key that it is encrypted in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WantedKey<'a> {
    /// The service that the ticket names, which may be an alias of another one.
    pub server: &'a Principal,
    /// The type of the key.
    pub etype: EncryptionType,
    /// The version of the key, if the ticket says one.
    pub kvno: Option<u32>,
}

/// Where an acceptor finds its long-term keys: a keytab, or anything else that has them.
pub trait KeySource {
    /// All keys of the source, whatever their service, type and version. The acceptor chooses.
    ///
    /// `wanted` is what it is going to look for: a source that has no such key may look for new
    /// ones first. A source that keeps its [`ServiceKeys`] spares the acceptor the derivation of
    /// keys for each request.
    ///
    /// # Errors
    /// When the search fails; finding nothing is not a failure.
    fn keys(
        &self,
        wanted: &WantedKey<'_>,
    ) -> Result<ServiceKeys, Box<dyn core::error::Error + Send + Sync>>;
}

impl<S: KeySource + ?Sized> KeySource for &S {
    fn keys(
        &self,
        wanted: &WantedKey<'_>,
    ) -> Result<ServiceKeys, Box<dyn core::error::Error + Send + Sync>> {
        (**self).keys(wanted)
    }
}

impl<S: KeySource + ?Sized> KeySource for Arc<S> {
    fn keys(
        &self,
        wanted: &WantedKey<'_>,
    ) -> Result<ServiceKeys, Box<dyn core::error::Error + Send + Sync>> {
        (**self).keys(wanted)
    }
}

/// Keys in memory; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ServiceKeys(Arc<[ServiceKey]>);

impl ServiceKeys {
    /// The keys of these principals.
    ///
    /// # Errors
    /// When a key has the wrong length for its type. Keys of unsupported types, which keytabs may
    /// well have, are left out: no ticket can be decrypted with them.
    pub fn new(
        entries: impl IntoIterator<Item = (Principal, KeyEntry)>,
    ) -> Result<Self, CryptoError> {
        entries
            .into_iter()
            .filter(|(_, entry)| entry.key.etype().is_supported())
            .map(|(principal, entry)| ServiceKey::new(principal, &entry))
            .collect()
    }

    /// The keys, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &ServiceKey> {
        self.0.iter()
    }

    /// Whether there is a key that `wanted` describes.
    pub fn has(&self, wanted: &WantedKey<'_>) -> bool {
        self.iter().any(|one| {
            one.key.etype() == wanted.etype
                && wanted.kvno.is_none_or(|kvno| one.has_version(kvno))
                && one.principal == *wanted.server
        })
    }
}

impl FromIterator<ServiceKey> for ServiceKeys {
    fn from_iter<I: IntoIterator<Item = ServiceKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl ServiceKey {
    /// A key of `principal`.
    ///
    /// # Errors
    /// When its type is not supported or its length is wrong.
    pub fn new(principal: Principal, entry: &KeyEntry) -> Result<Self, CryptoError> {
        Ok(Self {
            principal,
            kvno: entry.kvno,
            key: Arc::new(Key::new(&entry.key)?),
        })
    }

    /// Whether this may be version `kvno`. Some keytabs have room for the low octet of a version
    /// only; and keys are counted from 1, so that as in MIT's library (IGNORE_VNO) 0 says nothing.
    pub(super) fn has_version(&self, kvno: u32) -> bool {
        self.kvno == 0 || self.kvno == kvno || (self.kvno <= 0xff && self.kvno == kvno & 0xff)
    }
}

impl KeySource for ServiceKeys {
    fn keys(&self, _: &WantedKey<'_>) -> Result<Self, Box<dyn core::error::Error + Send + Sync>> {
        Ok(self.clone())
    }
}

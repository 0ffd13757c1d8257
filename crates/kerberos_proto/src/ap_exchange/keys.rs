//! Where an acceptor gets the keys that decrypt its tickets: `KeySource`, its implementation
//! `ServiceKeys`, and `OwnTgt` for user-to-user authentication.
//!
//! Reading a keytab is done elsewhere; its keys are then provided through these types.

use alloc::boxed::Box;
use alloc::sync::Arc;

use kerberos_crypto::{CryptoError, EncryptionType, Key};

use crate::{Credential, KeyEntry, Principal};

/// A long-term key of a service, ready for use.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceKey {
    /// The principal that the key belongs to.
    pub principal: Principal,
    /// The key version number.
    pub kvno: u32,
    /// The key.
    pub key: Arc<Key>,
}

/// A service's own TGT: in user-to-user authentication, tickets for the service are encrypted with
/// its session key (RFC 4120 §3.7).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OwnTgt {
    /// The client of the TGT, which is the service.
    pub client: Principal,
    /// The session key of the TGT.
    pub session_key: Arc<Key>,
}

impl OwnTgt {
    /// Takes the necessary parts of `tgt`.
    ///
    /// # Errors
    /// When its session key is of an unsupported type, or its length is wrong for the type.
    pub fn new(tgt: &Credential) -> Result<Self, CryptoError> {
        Ok(Self {
            client: tgt.client.clone(),
            session_key: Arc::new(Key::new(&tgt.session_key)?),
        })
    }
}

/// What a ticket says about the key that encrypted it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WantedKey<'a> {
    /// The service named in the ticket, which may be an alias.
    pub server: &'a Principal,
    /// The type of the key.
    pub etype: EncryptionType,
    /// The version of the key, if the ticket states it.
    pub kvno: Option<u32>,
}

/// A source of an acceptor's long-term keys, such as a keytab.
pub trait KeySource {
    /// All keys of the source, whatever their service, type and version. The acceptor chooses.
    ///
    /// `wanted` is what the acceptor will look for. A source without such a key may reload its keys
    /// first. A source that keeps its [`ServiceKeys`] saves the acceptor from deriving keys for
    /// each request.
    ///
    /// # Errors
    /// When the search fails. Finding no key is not a failure.
    fn keys(
        &self,
        wanted: &WantedKey<'_>,
    ) -> Result<ServiceKeys, Box<dyn core::error::Error + Send + Sync>>;

    /// All keys of the source, when no ticket has come yet, as for [`Acceptor::check_keys`]. A
    /// source that still uses the keys it has in memory while it cannot be read returns those.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    ///
    /// [`Acceptor::check_keys`]: crate::Acceptor::check_keys
    fn present(&self) -> Result<ServiceKeys, Box<dyn core::error::Error + Send + Sync>> {
        self.keys(&WantedKey {
            server: &Principal::krbtgt(b"", b""),
            etype: EncryptionType(0),
            kvno: None,
        })
    }
}

impl<S: KeySource + ?Sized> KeySource for &S {
    fn keys(
        &self,
        wanted: &WantedKey<'_>,
    ) -> Result<ServiceKeys, Box<dyn core::error::Error + Send + Sync>> {
        (**self).keys(wanted)
    }

    fn present(&self) -> Result<ServiceKeys, Box<dyn core::error::Error + Send + Sync>> {
        (**self).present()
    }
}

impl<S: KeySource + ?Sized> KeySource for Arc<S> {
    fn keys(
        &self,
        wanted: &WantedKey<'_>,
    ) -> Result<ServiceKeys, Box<dyn core::error::Error + Send + Sync>> {
        (**self).keys(wanted)
    }

    fn present(&self) -> Result<ServiceKeys, Box<dyn core::error::Error + Send + Sync>> {
        (**self).present()
    }
}

/// Keys in memory; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ServiceKeys(Arc<[ServiceKey]>);

impl ServiceKeys {
    /// The keys in `entries`.
    ///
    /// # Errors
    /// When a key has the wrong length for its type. Keys of unsupported types are common in
    /// keytabs and are left out: they cannot decrypt any ticket.
    pub fn new(
        entries: impl IntoIterator<Item = (Principal, KeyEntry)>,
    ) -> Result<Self, CryptoError> {
        entries
            .into_iter()
            .filter(|(_, entry)| entry.key.etype().is_supported())
            .map(|(principal, entry)| ServiceKey::new(principal, &entry))
            .collect()
    }

    /// The keys, in their original order.
    pub fn iter(&self) -> impl Iterator<Item = &ServiceKey> {
        self.0.iter()
    }

    /// Whether there is a key that matches `wanted`.
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
    /// When its type is not supported, or its length is wrong.
    pub fn new(principal: Principal, entry: &KeyEntry) -> Result<Self, CryptoError> {
        Ok(Self {
            principal,
            kvno: entry.kvno,
            key: Arc::new(Key::new(&entry.key)?),
        })
    }

    /// Whether this key may have version `kvno`. Some keytabs only store the low octet of a
    /// version. Versions start at 1, so as in MIT's library (IGNORE_VNO) 0 means unknown.
    pub(super) fn has_version(&self, kvno: u32) -> bool {
        self.kvno == 0 || self.kvno == kvno || (self.kvno <= 0xff && self.kvno == kvno & 0xff)
    }
}

impl KeySource for ServiceKeys {
    fn keys(&self, _: &WantedKey<'_>) -> Result<Self, Box<dyn core::error::Error + Send + Sync>> {
        Ok(self.clone())
    }
}

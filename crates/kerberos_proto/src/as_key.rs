//! The client's long-term key. It is derived from a password as the KDC says (RFC 4120 §5.2.7.5) or
//! taken from a keytab, only when it is needed, and the user is asked for a password only once.

use alloc::vec::Vec;
use core::time::Duration;

use kerberos_crypto::{CryptoError, EncryptionType, Key};

use crate::trace::{Etypes, trace};
use crate::{ExchangeError, KeyEntry, Password, Policy, Principal, Secret};

/// How the KDC derives a client's key of one encryption type from the password.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PasswordSalt {
    /// The type of the key.
    pub etype: EncryptionType,
    /// The salt.
    pub salt: Vec<u8>,
    /// The string-to-key parameters, such as an iteration count; `None` means the default of the
    /// encryption type.
    pub s2kparams: Option<Vec<u8>>,
}

impl PasswordSalt {
    /// The key derived from `password`, using at most `max_iterations` iterations.
    ///
    /// # Errors
    /// The same as [`Key::from_password`].
    pub fn key(&self, password: &Password, max_iterations: u32) -> Result<Key, CryptoError> {
        Key::from_password(
            self.etype,
            password.expose_bytes(),
            &self.salt,
            self.s2kparams.as_deref(),
            max_iterations,
        )
    }
}

/// The client's secret and the key last made from it.
pub(crate) struct LongTermKey {
    secret: Secret,
    /// The password that [`Secret::Ask`] returned.
    answer: Option<Password>,
    made: Option<MadeKey>,
    /// How long it took to get a password, since the last call of [`take_delay`](Self::take_delay).
    delay: Duration,
}

/// A key, and the parameters it was derived with.
pub(crate) struct MadeKey {
    pub(crate) salt: PasswordSalt,
    /// The version of a key from a keytab; 0 for a key derived from a password.
    pub(crate) kvno: u32,
    pub(crate) key: Key,
}

impl LongTermKey {
    pub(crate) fn new(secret: Secret) -> Self {
        Self {
            secret,
            answer: None,
            made: None,
            delay: Duration::ZERO,
        }
    }

    /// The encryption types to request: the supported ones of `wanted`, those for which the keytab
    /// has keys first. A KDC that picks the first type it has a key for then picks one that we
    /// have, too.
    ///
    /// # Errors
    /// [`ExchangeError::NoEtypes`] and [`ExchangeError::NoKeys`].
    pub(crate) fn order_etypes(
        &self,
        client: &Principal,
        wanted: &[EncryptionType],
    ) -> Result<Vec<EncryptionType>, ExchangeError> {
        let supported = wanted.iter().copied().filter(|etype| etype.is_supported());
        let mut ordered: Vec<_> = supported.collect();
        if ordered.is_empty() {
            return Err(ExchangeError::NoEtypes);
        }
        if let Secret::Keys(keys) = &self.secret {
            let newest = newest_etypes(keys);
            if newest.is_empty() {
                return Err(ExchangeError::NoKeys {
                    client: client.clone(),
                });
            }
            trace!("Found entries for {client} in keytab: {}", Etypes(&newest));
            ordered.sort_by_key(|etype| !newest.contains(etype));
        }
        Ok(ordered)
    }

    /// The types among `etypes` that the newest keys of a keytab have.
    pub(crate) fn etypes_in(&self, etypes: &[EncryptionType]) -> Vec<EncryptionType> {
        let Secret::Keys(keys) = &self.secret else {
            return Vec::new();
        };
        let newest = newest_etypes(keys);
        let mut ready = etypes.to_vec();
        ready.retain(|etype| newest.contains(etype));
        ready
    }

    /// Whether the key is derived from a password.
    pub(crate) fn is_password(&self) -> bool {
        !matches!(self.secret, Secret::Keys(_))
    }

    /// The key made last.
    pub(crate) fn made(&self) -> Option<&MadeKey> {
        self.made.as_ref()
    }

    /// How long it took to get a password, since the last call of [`take_delay`](Self::take_delay).
    pub(crate) fn delay(&self) -> Duration {
        self.delay
    }

    /// Returns [`delay`](Self::delay) and resets it.
    pub(crate) fn take_delay(&mut self) -> Duration {
        core::mem::take(&mut self.delay)
    }

    /// The key for `salt`. For a keytab only the encryption type in `salt` matters: of the matching
    /// keys, this returns the one with version `kvno` if there is one, otherwise the newest.
    ///
    /// # Errors
    /// [`ExchangeError::Ask`], [`ExchangeError::NoKeyFor`] and [`ExchangeError::Crypto`].
    pub(crate) fn make(
        &mut self,
        client: &Principal,
        salt: PasswordSalt,
        kvno: Option<u32>,
        policy: &Policy,
    ) -> Result<&Key, ExchangeError> {
        let made = match self.made.take() {
            Some(made) if made.salt == salt && kvno.is_none_or(|kvno| kvno == made.kvno) => made,
            _ => self.make_anew(client, salt, kvno, policy)?,
        };
        Ok(&self.made.insert(made).key)
    }

    fn make_anew(
        &mut self,
        client: &Principal,
        salt: PasswordSalt,
        kvno: Option<u32>,
        policy: &Policy,
    ) -> Result<MadeKey, ExchangeError> {
        let password = match &mut self.secret {
            Secret::Keys(keys) => {
                let of_type = || keys.iter().filter(|entry| entry.key.etype() == salt.etype);
                let named = of_type().find(|entry| Some(entry.kvno) == kvno);
                let Some(entry) = named.or_else(|| of_type().next()) else {
                    return Err(ExchangeError::NoKeyFor {
                        client: client.clone(),
                        etype: salt.etype,
                    });
                };
                return Ok(MadeKey {
                    key: Key::new(&entry.key)?,
                    kvno: entry.kvno,
                    salt,
                });
            }
            Secret::Password(password) => password,
            Secret::Ask(ask) => match &mut self.answer {
                Some(answer) => answer,
                none => {
                    let answer = none.insert(ask(client)?);
                    self.delay = self.delay.saturating_add(answer.delay());
                    answer
                }
            },
        };
        Ok(MadeKey {
            key: salt.key(password, policy.max_iterations)?,
            kvno: 0,
            salt,
        })
    }
}

/// The supported encryption types among the keys of the most recent version, which is the version
/// of the first key.
fn newest_etypes(keys: &[KeyEntry]) -> Vec<EncryptionType> {
    let usable = || keys.iter().filter(|entry| entry.key.etype().is_supported());
    let newest = usable().map(|entry| entry.kvno).next();
    let mut etypes = Vec::new();
    for entry in usable().filter(|entry| Some(entry.kvno) == newest) {
        if !etypes.contains(&entry.key.etype()) {
            etypes.push(entry.key.etype());
        }
    }
    etypes
}

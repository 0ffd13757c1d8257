//! How a client proves its identity: a password, keys of a keytab, or a callback that asks.
//!
//! Deriving a key from a password is done in `kerberos_crypto`; the exchange chooses among keys.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use kerberos_crypto::KeyBlock;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::Principal;

/// A password as bytes, UTF-8 in practice. It is wiped on drop and never shown by `Debug`.
///
/// It is used as given: nothing is trimmed or normalised, and a NUL or a line feed is part of it.
#[derive(Clone)]
pub struct Password {
    bytes: Zeroizing<Vec<u8>>,
    delay: Duration,
}

impl Password {
    /// A password that takes ownership of `bytes`.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: Zeroizing::new(bytes.into()),
            delay: Duration::ZERO,
        }
    }

    /// The same password, with the time it took to obtain it. People type slowly, and what the
    /// exchange sends next contains the current time. Whoever answers [`Secret::Ask`] should
    /// measure this.
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// How long it took to obtain the password.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// The password itself, for deriving a key from it.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").finish_non_exhaustive()
    }
}

/// A long-term key and its version, as in a keytab.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// The key version number.
    pub kvno: u32,
    /// The key.
    pub key: KeyBlock,
}

/// The secret with which a client proves its identity.
///
/// # Example
/// ```
/// use kerberos_proto::{AskError, Password, Secret};
/// let given = Secret::Password(Password::new("correct horse"));
/// assert!(!format!("{given:?}").contains("horse"));
/// let asked = Secret::ask(|client| match client.realm() {
///     b"EXAMPLE.COM" => Ok(Password::new("battery staple")),
///     _ => Err(AskError::Interrupted),
/// });
/// # drop(asked);
/// ```
#[non_exhaustive]
pub enum Secret {
    /// A password that is already known.
    Password(Password),
    /// Keys, for example of a keytab, the most recent first. Only keys with the version of the
    /// first one are tried, whatever its number: a keytab file may count versions in eight bits, so
    /// that numbers wrap around.
    Keys(Vec<KeyEntry>),
    /// Asks the user for the password, at most once, and only when the KDC wants a key. So a user
    /// need not type the password of a client that does not exist.
    Ask(AskFn),
}

/// Asks for the password of a principal.
pub type AskFn = Box<dyn FnMut(&Principal) -> Result<Password, AskError> + Send>;

impl Secret {
    /// A secret that calls `ask` when a password is needed.
    pub fn ask(ask: impl FnMut(&Principal) -> Result<Password, AskError> + Send + 'static) -> Self {
        Self::Ask(Box::new(ask))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(password) => password.fmt(f),
            Self::Keys(keys) => f.debug_tuple("Keys").field(keys).finish(),
            Self::Ask(_) => f.write_str("Ask"),
        }
    }
}

/// Why no password was obtained.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum AskError {
    /// The user cancelled; do not ask again.
    #[error("Password read interrupted")]
    Interrupted,
    /// It is not possible to ask: there is no terminal, or the input has ended.
    #[error("Cannot read password")]
    Unreadable,
    /// Any other reason, in words.
    #[error("Cannot read password: {0}")]
    Other(String),
}

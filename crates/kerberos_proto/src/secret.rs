//! What a client proves its identity with: a password, keys of a keytab, or someone to ask.
//!
//! Turning a password into a key is `kerberos_crypto`'s; choosing among keys is the exchange's.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use kerberos_crypto::KeyBlock;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::Principal;

/// A password as bytes, UTF-8 in practice; wiped on drop and never shown by `Debug`.
///
/// It is taken as given: no trimming, no normalisation, and a NUL or a line feed is part of it.
#[derive(Clone)]
pub struct Password {
    bytes: Zeroizing<Vec<u8>>,
    delay: Duration,
}

impl Password {
    /// A password that takes over `bytes`.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: Zeroizing::new(bytes.into()),
            delay: Duration::ZERO,
        }
    }

    /// The same password, which took `delay` to come: people type slowly, and what the exchange
    /// sends next tells the time. Whoever answers [`Secret::Ask`] should measure it.
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// How long it took to come.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// The secret itself, for deriving a key from it.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").finish_non_exhaustive()
    }
}

/// A long-term key and its version, as a keytab has them.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// The key version number.
    pub kvno: u32,
    /// The key.
    pub key: KeyBlock,
}

/// What the client has to prove its identity.
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
    /// A password that is known already.
    Password(Password),
    /// Keys, as from a keytab, the most recent first. Those of the first one's version are tried,
    /// whatever its number: a keytab's file may count versions in eight bits and start over.
    Keys(Vec<KeyEntry>),
    /// Asks the user for the password: once, and only when the KDC wants a key, so that it is not
    /// typed for a client that does not exist.
    Ask(AskFn),
}

/// Asks for the password of a principal.
pub type AskFn = Box<dyn FnMut(&Principal) -> Result<Password, AskError> + Send>;

impl Secret {
    /// A secret that asks `ask` when a password is needed.
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

/// Why asking gave no password.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum AskError {
    /// The user broke it off; do not ask again.
    #[error("Password read interrupted")]
    Interrupted,
    /// The password cannot be asked for: no terminal, or end of input.
    #[error("Cannot read password")]
    Unreadable,
    /// Anything else, in words.
    #[error("Cannot read password: {0}")]
    Other(String),
}

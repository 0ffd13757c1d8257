//! `TestKdcError`: why a test KDC could not be set up.

use kerberos_crypto::CryptoError;

/// Why a test KDC could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestKdcError {
    /// A key could not be made: an encryption type that is not supported, or a password that has
    /// no key of that type.
    #[error("cannot make a key of {principal}: {source}")]
    Key {
        /// Whose key.
        principal: String,
        /// Why.
        source: CryptoError,
    },
    /// Two accounts have the same name.
    #[error("there are two accounts named {0}")]
    Duplicate(String),
    /// No port could be opened on 127.0.0.1, or no thread started.
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(#[from] std::io::Error),
}

//! `TestKdcError`: why a test KDC could not be set up.

use kerberos_crypto::CryptoError;

/// Why a test KDC could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestKdcError {
    /// A key could not be made: the encryption type is not supported, or no key of that type can be
    /// derived from the password.
    #[error("cannot make a key of {principal}: {source}")]
    Key {
        /// The principal that the key is for.
        principal: String,
        /// The reason.
        source: CryptoError,
    },
    /// Two accounts have the same name.
    #[error("there are two accounts named {0}")]
    Duplicate(String),
    /// No port could be opened on 127.0.0.1, or no thread started.
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(#[from] std::io::Error),
}

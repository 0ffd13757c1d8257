//! `CryptoError`: all errors of this crate. None of them contains a secret.

use crate::{ChecksumType, EncryptionType};

/// Why a cryptographic operation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The encryption type is unknown, or deliberately not implemented.
    #[error("encryption type {0} is not supported")]
    UnsupportedEtype(EncryptionType),
    /// The checksum type is unsupported, or cannot be used with a key of this encryption type.
    #[error("checksum type {0} is not supported here")]
    UnsupportedChecksum(ChecksumType),
    /// The key has the wrong length for its encryption type.
    #[error("a key of type {etype} has {expected} bytes, not {actual}")]
    KeyLength {
        /// The stated encryption type of the key.
        etype: EncryptionType,
        /// The length of keys of that type, in bytes.
        expected: usize,
        /// The actual length.
        actual: usize,
    },
    /// `random_to_key` was given the wrong number of bytes (RFC 3961 §3, "key-generation seed
    /// length").
    #[error("making a key of type {etype} takes {expected} random bytes, not {actual}")]
    SeedLength {
        /// The requested encryption type.
        etype: EncryptionType,
        /// The number of bytes that the type needs.
        expected: usize,
        /// The number of bytes given.
        actual: usize,
    },
    /// The string-to-key parameters do not have the format of the encryption type.
    #[error("string-to-key parameters of {length} bytes are not valid for type {etype}")]
    S2kParams {
        /// The requested encryption type.
        etype: EncryptionType,
        /// The length of the parameters.
        length: usize,
    },
    /// The string-to-key parameters ask for more iterations than the caller's limit.
    #[error("{asked} string-to-key iterations were asked for, the limit is {limit}")]
    TooManyIterations {
        /// The requested count. Zero on the wire means 2³² (RFC 3962 §4).
        asked: u64,
        /// The caller's limit.
        limit: u32,
    },
    /// The string-to-key parameters ask for fewer iterations than the default of the encryption
    /// type, which would help an attacker to guess passwords. MIT's library refuses this, too.
    #[error("{asked} string-to-key iterations were asked for, fewer than {minimum} are not safe")]
    TooFewIterations {
        /// The requested count.
        asked: u32,
        /// The default count of the encryption type.
        minimum: u32,
    },
    /// RC4 keys are derived from UTF-16 text, but the password is not valid UTF-8.
    #[error("the password is not valid UTF-8, which RC4 keys need")]
    PasswordNotUtf8,
    /// Decryption failed: wrong key, wrong usage, or altered or malformed ciphertext. Deliberately
    /// without further details.
    #[error("decryption failed (wrong key or altered data)")]
    Decrypt,
    /// The checksum does not match: wrong key, wrong usage or altered data.
    #[error("checksum does not match")]
    Checksum,
    /// A buffer for an in-place operation has the wrong size.
    #[error("the buffer has {actual} bytes, the operation needs {expected}")]
    BufferLength {
        /// The required size.
        expected: usize,
        /// The actual size.
        actual: usize,
    },
    /// PRF+ yields at most 255 blocks, because its counter has one octet (RFC 6113 §5.1).
    #[error("PRF+ cannot yield {asked} bytes, at most {limit}")]
    PrfPlusLength {
        /// The number of bytes requested.
        asked: usize,
        /// The maximum.
        limit: usize,
    },
}

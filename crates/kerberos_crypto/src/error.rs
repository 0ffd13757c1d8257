//! `CryptoError`: every way this crate can refuse; none of them carries a secret.

use crate::{ChecksumType, EncryptionType};

/// Why a cryptographic operation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The encryption type is unknown, or known and deliberately not implemented.
    #[error("encryption type {0} is not supported")]
    UnsupportedEtype(EncryptionType),
    /// The checksum type cannot be computed, or not with a key of this encryption type.
    #[error("checksum type {0} is not supported here")]
    UnsupportedChecksum(ChecksumType),
    /// The key has the wrong number of bytes for its encryption type.
    #[error("a key of type {etype} has {expected} bytes, not {actual}")]
    KeyLength {
        /// The type the key is said to be for.
        etype: EncryptionType,
        /// How many bytes such a key has.
        expected: usize,
        /// How many bytes were given.
        actual: usize,
    },
    /// `random_to_key` was given the wrong number of bytes (RFC 3961 §3, "key-generation seed
    /// length").
    #[error("making a key of type {etype} takes {expected} random bytes, not {actual}")]
    SeedLength {
        /// The type of the key asked for.
        etype: EncryptionType,
        /// How many bytes it takes.
        expected: usize,
        /// How many bytes were given.
        actual: usize,
    },
    /// The string-to-key parameters have a form the encryption type does not know.
    #[error("string-to-key parameters of {length} bytes are not valid for type {etype}")]
    S2kParams {
        /// The type of the key asked for.
        etype: EncryptionType,
        /// The length of the parameters.
        length: usize,
    },
    /// The string-to-key parameters ask for more work than the caller's limit.
    #[error("{asked} string-to-key iterations were asked for, the limit is {limit}")]
    TooManyIterations {
        /// The count asked for; zero on the wire means 2³² (RFC 3962 §4).
        asked: u64,
        /// The caller's limit.
        limit: u32,
    },
    /// The string-to-key parameters ask for less work than the default of the encryption type,
    /// which would help an attacker to guess passwords; MIT refuses it too.
    #[error("{asked} string-to-key iterations were asked for, fewer than {minimum} are not safe")]
    TooFewIterations {
        /// The count asked for.
        asked: u32,
        /// The default count of the encryption type.
        minimum: u32,
    },
    /// RC4 keys are made of UTF-16 text, and the password is not valid UTF-8.
    #[error("the password is not valid UTF-8, which RC4 keys need")]
    PasswordNotUtf8,
    /// Decryption failed: wrong key, wrong usage, or altered or malformed ciphertext. There is no
    /// more detail, on purpose.
    #[error("decryption failed (wrong key or altered data)")]
    Decrypt,
    /// The checksum does not match: wrong key, wrong usage or altered data.
    #[error("checksum does not match")]
    Checksum,
    /// A buffer for an in-place operation does not have the size the operation needs.
    #[error("the buffer has {actual} bytes, the operation needs {expected}")]
    BufferLength {
        /// The size needed.
        expected: usize,
        /// The size given.
        actual: usize,
    },
    /// PRF+ yields at most 255 blocks: its counter is one octet (RFC 6113 §5.1).
    #[error("PRF+ cannot yield {asked} bytes, at most {limit}")]
    PrfPlusLength {
        /// How many bytes were asked for.
        asked: usize,
        /// How many there can be.
        limit: usize,
    },
}

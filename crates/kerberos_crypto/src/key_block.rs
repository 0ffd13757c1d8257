//! `KeyBlock`: the bytes of a key and its stated type, which need not be supported.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::EncryptionType;

/// The bytes of a key and its encryption type, as in files and messages (RFC 4120 §5.2.9).
///
/// Any type and length is accepted, so that a cache with a key of an unknown type can be copied.
/// Converting it into a usable [`Key`](crate::Key) checks both. The bytes are wiped on drop and
/// never shown by `Debug`.
///
/// # Example
/// ```
/// use kerberos_crypto::{EncryptionType, KeyBlock};
/// let key = KeyBlock::new(EncryptionType(18), vec![7; 32]);
/// assert_eq!(key.etype(), EncryptionType::AES256_CTS_HMAC_SHA1_96);
/// assert_eq!(key.expose_bytes().len(), 32);
/// assert!(!format!("{key:?}").contains('7'));
/// ```
#[derive(Clone)]
pub struct KeyBlock {
    etype: EncryptionType,
    bytes: Zeroizing<Vec<u8>>,
}

impl KeyBlock {
    /// A key block of type `etype` that takes ownership of `bytes`.
    pub fn new(etype: EncryptionType, bytes: Vec<u8>) -> Self {
        Self {
            etype,
            bytes: Zeroizing::new(bytes),
        }
    }

    /// The stated encryption type of the key.
    pub fn etype(&self) -> EncryptionType {
        self.etype
    }

    /// The secret bytes, for a file or message that must contain them.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl core::fmt::Debug for KeyBlock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KeyBlock")
            .field("etype", &self.etype)
            .finish_non_exhaustive()
    }
}

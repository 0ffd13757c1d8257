//! Checksums with a key: of the type that belongs to the key (RFC 3961 §3), or of a given type.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Key;
use crate::profile::ChecksumKey;
use crate::{ChecksumType, CryptoError, EncryptionType, KeyUsage, rfc4757};

impl Key {
    /// The checksum of `data`, of the type that belongs to the key's type (get_mic of RFC 3961 §4).
    pub fn checksum(&self, usage: KeyUsage, data: &[u8]) -> Vec<u8> {
        self.checksum_of_parts(usage, &[data])
    }

    /// The checksum of the concatenated `parts`.
    pub fn checksum_of_parts(&self, usage: KeyUsage, parts: &[&[u8]]) -> Vec<u8> {
        self.checksums.with(
            usage,
            || self.profile.checksum_key(&self.bytes, usage),
            |key| key.compute(parts),
        )
    }

    /// The type of the checksums that [`checksum`](Self::checksum) makes, which belongs to the
    /// key's type.
    pub fn checksum_type(&self) -> ChecksumType {
        self.profile.checksum_type()
    }

    /// The length of the checksums that [`checksum`](Self::checksum) makes.
    pub fn checksum_len(&self) -> usize {
        self.profile.checksum_size()
    }

    /// Verifies a checksum of the type that belongs to the key's type, in constant time.
    ///
    /// # Errors
    /// [`CryptoError::Checksum`].
    pub fn verify_checksum(
        &self,
        usage: KeyUsage,
        data: &[u8],
        checksum: &[u8],
    ) -> Result<(), CryptoError> {
        self.verify_checksum_of_parts(usage, &[data], checksum)
    }

    /// Verifies a checksum made by [`checksum_of_parts`](Self::checksum_of_parts), in constant
    /// time.
    ///
    /// # Errors
    /// [`CryptoError::Checksum`].
    pub fn verify_checksum_of_parts(
        &self,
        usage: KeyUsage,
        parts: &[&[u8]],
        checksum: &[u8],
    ) -> Result<(), CryptoError> {
        self.checksums.with(
            usage,
            || self.profile.checksum_key(&self.bytes, usage),
            |key| key.verify(parts, checksum),
        )
    }

    /// The checksum of `data`, of the given type.
    ///
    /// # Errors
    /// [`CryptoError::UnsupportedChecksum`] if the type is unknown, unkeyed (see
    /// [`unkeyed_checksum`](crate::unkeyed_checksum)) or for keys of another type.
    pub fn checksum_as(
        &self,
        checksum_type: ChecksumType,
        usage: KeyUsage,
        data: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        match self.named_checksum(checksum_type, usage)? {
            None => Ok(self.checksum(usage, data)),
            Some(key) => Ok(key.compute(&[data])),
        }
    }

    /// Verifies a checksum of the given type, in constant time.
    ///
    /// # Errors
    /// The same as [`checksum_as`](Self::checksum_as), and [`CryptoError::Checksum`].
    pub fn verify_checksum_as(
        &self,
        checksum_type: ChecksumType,
        usage: KeyUsage,
        data: &[u8],
        checksum: &[u8],
    ) -> Result<(), CryptoError> {
        match self.named_checksum(checksum_type, usage)? {
            None => self.verify_checksum(usage, data, checksum),
            Some(key) => key.verify(&[data], checksum),
        }
    }

    /// The key for a checksum type; `None` for the type that belongs to the key's type.
    fn named_checksum(
        &self,
        checksum_type: ChecksumType,
        usage: KeyUsage,
    ) -> Result<Option<Box<dyn ChecksumKey>>, CryptoError> {
        match checksum_type {
            _ if checksum_type == self.checksum_type() => Ok(None),
            // Windows uses this for S4U requests and PACs, whatever the key (MS-SFU §2.2.1).
            ChecksumType::HMAC_MD5 => Ok(Some(rfc4757::hmac_md5_checksum(&self.bytes, usage))),
            ChecksumType::MD5_HMAC if self.etype == EncryptionType::ARCFOUR_HMAC => {
                Ok(Some(rfc4757::md5_hmac_checksum(&self.bytes, usage)))
            }
            other => Err(CryptoError::UnsupportedChecksum(other)),
        }
    }
}

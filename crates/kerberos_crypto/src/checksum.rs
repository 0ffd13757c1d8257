//! `ChecksumType`, and the unkeyed checksums (RFC 3961 §6.1, RFC 4120 §4).

use alloc::vec::Vec;

use digest::Digest;
use md4::Md4;
use md5::Md5;
use sha1::Sha1;

use crate::CryptoError;
use crate::rfc3961::crc32::crc32;

/// A checksum type number (RFC 3961 §8). Unknown numbers are preserved.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChecksumType(pub i32);

impl ChecksumType {
    /// `crc32`: the modified CRC of RFC 3961 §6.1.3, unkeyed.
    pub const CRC32: Self = Self(1);
    /// `rsa-md4` (RFC 3961 §6.1.2), unkeyed.
    pub const RSA_MD4: Self = Self(2);
    /// `rsa-md5` (RFC 3961 §6.1.1), unkeyed.
    pub const RSA_MD5: Self = Self(7);
    /// `sha1`, unkeyed, under its older number.
    pub const NIST_SHA: Self = Self(10);
    /// `hmac-sha1-des3-kd` (RFC 3961 §6.3).
    pub const HMAC_SHA1_DES3_KD: Self = Self(12);
    /// `sha1`, unkeyed, under its number in RFC 3961 §8.
    pub const SHA1: Self = Self(14);
    /// `hmac-sha1-96-aes128` (RFC 3962).
    pub const HMAC_SHA1_96_AES128: Self = Self(15);
    /// `hmac-sha1-96-aes256` (RFC 3962).
    pub const HMAC_SHA1_96_AES256: Self = Self(16);
    /// `cmac-camellia128` (RFC 6803).
    pub const CMAC_CAMELLIA128: Self = Self(17);
    /// `cmac-camellia256` (RFC 6803).
    pub const CMAC_CAMELLIA256: Self = Self(18);
    /// `hmac-sha256-128-aes128` (RFC 8009).
    pub const HMAC_SHA256_128_AES128: Self = Self(19);
    /// `hmac-sha384-192-aes256` (RFC 8009).
    pub const HMAC_SHA384_192_AES256: Self = Self(20);
    /// `md5-hmac`, Microsoft's other checksum with RC4 keys.
    pub const MD5_HMAC: Self = Self(-137);
    /// `hmac-md5` (RFC 4757 §4).
    pub const HMAC_MD5: Self = Self(-138);

    /// The name that other implementations print, if the number is known.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::CRC32 => "crc32",
            Self::RSA_MD4 => "md4",
            Self::RSA_MD5 => "md5",
            Self::NIST_SHA | Self::SHA1 => "sha",
            Self::HMAC_SHA1_DES3_KD => "hmac-sha1-des3",
            Self::HMAC_SHA1_96_AES128 => "hmac-sha1-96-aes128",
            Self::HMAC_SHA1_96_AES256 => "hmac-sha1-96-aes256",
            Self::CMAC_CAMELLIA128 => "cmac-camellia128",
            Self::CMAC_CAMELLIA256 => "cmac-camellia256",
            Self::HMAC_SHA256_128_AES128 => "hmac-sha256-128-aes128",
            Self::HMAC_SHA384_192_AES256 => "hmac-sha384-192-aes256",
            Self::MD5_HMAC => "md5-hmac-rc4",
            Self::HMAC_MD5 => "hmac-md5-rc4",
            _ => return None,
        })
    }

    /// The length of a checksum in bytes, if the number is known.
    pub fn checksum_len(self) -> Option<usize> {
        Some(match self {
            Self::CRC32 => 4,
            Self::HMAC_SHA1_96_AES128 | Self::HMAC_SHA1_96_AES256 => 12,
            Self::RSA_MD4
            | Self::RSA_MD5
            | Self::CMAC_CAMELLIA128
            | Self::CMAC_CAMELLIA256
            | Self::HMAC_SHA256_128_AES128
            | Self::MD5_HMAC
            | Self::HMAC_MD5 => 16,
            Self::NIST_SHA | Self::SHA1 | Self::HMAC_SHA1_DES3_KD => 20,
            Self::HMAC_SHA384_192_AES256 => 24,
            _ => return None,
        })
    }

    /// Whether the checksum proves knowledge of a key; false for unknown types.
    pub fn is_keyed(self) -> bool {
        let unkeyed = [
            Self::CRC32,
            Self::RSA_MD4,
            Self::RSA_MD5,
            Self::NIST_SHA,
            Self::SHA1,
        ]
        .contains(&self);
        self.name().is_some() && !unkeyed
    }
}

impl core::fmt::Debug for ChecksumType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "ChecksumType({}{}{})",
            self.0,
            Separator(self.name()),
            self.name().unwrap_or("")
        )
    }
}

impl core::fmt::Display for ChecksumType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// An unkeyed checksum of `data`, which detects accidents but not attackers.
///
/// Messages contain these only inside something encrypted (RFC 4120 §5.5.1 allows one in an
/// authenticator).
///
/// # Errors
/// [`CryptoError::UnsupportedChecksum`] if the type is keyed or unknown.
///
/// # Example
/// ```
/// use kerberos_crypto::{ChecksumType, unkeyed_checksum};
/// // RFC 3961, appendix A.5
/// assert_eq!(unkeyed_checksum(ChecksumType::CRC32, b"foo")?, [0x33, 0xbc, 0x32, 0x73]);
/// assert!(unkeyed_checksum(ChecksumType::HMAC_MD5, b"foo").is_err());
/// # Ok::<(), kerberos_crypto::CryptoError>(())
/// ```
pub fn unkeyed_checksum(checksum_type: ChecksumType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    Ok(match checksum_type {
        ChecksumType::CRC32 => crc32(data).to_vec(),
        ChecksumType::RSA_MD4 => Md4::digest(data).to_vec(),
        ChecksumType::RSA_MD5 => Md5::digest(data).to_vec(),
        ChecksumType::NIST_SHA | ChecksumType::SHA1 => Sha1::digest(data).to_vec(),
        other => return Err(CryptoError::UnsupportedChecksum(other)),
    })
}

/// A comma between number and name, if there is a name.
struct Separator(Option<&'static str>);

impl core::fmt::Display for Separator {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.0.is_some() {
            f.write_str(", ")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::testing::hex;

    #[test]
    fn unkeyed_checksums_match_published_values() {
        let check = |checksum_type, data: &[u8], expected: &str| {
            assert_eq!(
                unkeyed_checksum(checksum_type, data).unwrap(),
                hex(expected)
            );
            assert!(!checksum_type.is_keyed(), "{checksum_type}");
        };
        // RFC 3961 A.5, RFC 1320 A.5, RFC 1321 A.5, FIPS 180.
        check(ChecksumType::CRC32, b"foo", "33bc3273");
        check(
            ChecksumType::RSA_MD4,
            b"abc",
            "a448017aaf21d8525fc10ae87aa6729d",
        );
        check(
            ChecksumType::RSA_MD5,
            b"abc",
            "900150983cd24fb0d6963f7d28e17f72",
        );
        check(
            ChecksumType::SHA1,
            b"abc",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        );
        check(
            ChecksumType::NIST_SHA,
            b"abc",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        );
    }

    #[test]
    fn unkeyed_checksum_refuses_keyed_and_unknown_types() {
        for number in [-138, -137, 0, 3, 12, 15, 16, 17, 18, 19, 20, 99] {
            let checksum_type = ChecksumType(number);
            assert_eq!(checksum_type.is_keyed(), ![0, 3, 99].contains(&number));
            assert_eq!(
                unkeyed_checksum(checksum_type, b""),
                Err(CryptoError::UnsupportedChecksum(checksum_type))
            );
        }
    }

    #[test]
    fn debug_and_display_name_known_checksum_types() {
        assert_eq!(
            format!("{:?}", ChecksumType(16)),
            "ChecksumType(16, hmac-sha1-96-aes256)"
        );
        assert_eq!(format!("{:?}", ChecksumType(99)), "ChecksumType(99)");
        assert_eq!(
            format!("{} {}", ChecksumType(-138), ChecksumType(99)),
            "hmac-md5-rc4 99"
        );
    }
}

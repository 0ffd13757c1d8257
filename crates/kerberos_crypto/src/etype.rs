//! `EncryptionType`: the table of encryption types, with their numbers, names and security status.
//!
//! There is one row for each type. Names and aliases are those that MIT's tools print and accept.
//! Types without a profile are only known by name; using one is an error that contains the name.

use crate::profile::Profile;
use crate::{ChecksumType, rfc3961, rfc3962, rfc4757, rfc6803, rfc8009};

/// An encryption type number (RFC 3961 §8). Unknown numbers are preserved.
///
/// # Example
/// ```
/// use kerberos_crypto::EncryptionType;
/// let etype = EncryptionType::from_name("AES256-CTS").unwrap();
/// assert_eq!(etype, EncryptionType::AES256_CTS_HMAC_SHA1_96);
/// assert_eq!(etype.to_string(), "aes256-cts-hmac-sha1-96");
/// assert_eq!(EncryptionType(-128).to_string(), "etype -128");
/// assert!(!EncryptionType(-128).is_supported());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncryptionType(pub i32);

impl EncryptionType {
    /// `des-cbc-crc` (RFC 3961 §6.2.3), broken, not supported.
    pub const DES_CBC_CRC: Self = Self(1);
    /// `des-cbc-md4` (RFC 3961 §6.2.2), broken, not supported.
    pub const DES_CBC_MD4: Self = Self(2);
    /// `des-cbc-md5` (RFC 3961 §6.2.1), broken, not supported.
    pub const DES_CBC_MD5: Self = Self(3);
    /// `des3-cbc-sha1` (RFC 3961 §6.3), deprecated by RFC 8429.
    pub const DES3_CBC_SHA1: Self = Self(16);
    /// `aes128-cts-hmac-sha1-96` (RFC 3962).
    pub const AES128_CTS_HMAC_SHA1_96: Self = Self(17);
    /// `aes256-cts-hmac-sha1-96` (RFC 3962).
    pub const AES256_CTS_HMAC_SHA1_96: Self = Self(18);
    /// `aes128-cts-hmac-sha256-128` (RFC 8009).
    pub const AES128_CTS_HMAC_SHA256_128: Self = Self(19);
    /// `aes256-cts-hmac-sha384-192` (RFC 8009).
    pub const AES256_CTS_HMAC_SHA384_192: Self = Self(20);
    /// `arcfour-hmac` (RFC 4757), deprecated by RFC 8429.
    pub const ARCFOUR_HMAC: Self = Self(23);
    /// `arcfour-hmac-exp` (RFC 4757), broken, not supported.
    pub const ARCFOUR_HMAC_EXP: Self = Self(24);
    /// `camellia128-cts-cmac` (RFC 6803).
    pub const CAMELLIA128_CTS_CMAC: Self = Self(25);
    /// `camellia256-cts-cmac` (RFC 6803).
    pub const CAMELLIA256_CTS_CMAC: Self = Self(26);

    /// The supported types, strongest and most common first.
    pub const SUPPORTED: &[Self] = &[
        Self::AES256_CTS_HMAC_SHA1_96,
        Self::AES128_CTS_HMAC_SHA1_96,
        Self::AES256_CTS_HMAC_SHA384_192,
        Self::AES128_CTS_HMAC_SHA256_128,
        Self::DES3_CBC_SHA1,
        Self::ARCFOUR_HMAC,
        Self::CAMELLIA128_CTS_CMAC,
        Self::CAMELLIA256_CTS_CMAC,
    ];

    /// The canonical name, as printed by MIT's tools; `None` for unknown numbers.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// The shortest of name and aliases, as printed by MIT's traces and `ktutil`.
    pub fn short_name(self) -> Option<&'static str> {
        let row = self.row()?;
        let shorter = |best: &'static str, alias: &&'static str| {
            if alias.len() < best.len() {
                alias
            } else {
                best
            }
        };
        Some(row.aliases.iter().fold(row.name, shorter))
    }

    /// The type with this name or alias, ignoring case. This includes unsupported types.
    pub fn from_name(name: &str) -> Option<Self> {
        let named = |row: &&Row| {
            row.name.eq_ignore_ascii_case(name)
                || row
                    .aliases
                    .iter()
                    .any(|alias| alias.eq_ignore_ascii_case(name))
        };
        TABLE.iter().find(named).map(|row| row.etype)
    }

    /// Whether this crate supports keys of this type.
    pub fn is_supported(self) -> bool {
        self.profile().is_some()
    }

    /// Whether the type is deprecated by RFC 6649 or RFC 8429, so that listings show a warning;
    /// false for unknown types.
    pub fn is_deprecated(self) -> bool {
        self.row().is_some_and(|row| row.standing != Standing::Good)
    }

    /// Whether the type is broken, and is only used with `allow_weak_crypto`.
    pub fn is_weak(self) -> bool {
        self.row().is_some_and(|row| row.standing == Standing::Weak)
    }

    /// The length of a key in bytes, for supported types.
    pub fn key_size(self) -> Option<usize> {
        self.profile().map(Profile::key_size)
    }

    /// The checksum type that belongs to the encryption type (RFC 3961 §3, "required checksum
    /// mechanism"), for supported types.
    pub fn default_checksum(self) -> Option<ChecksumType> {
        self.profile().map(Profile::checksum_type)
    }

    /// The number of string-to-key iterations if the KDC does not state one, for types that have
    /// iterations.
    pub fn default_iterations(self) -> Option<u32> {
        self.profile()?.default_iterations()
    }

    pub(crate) fn profile(self) -> Option<&'static dyn Profile> {
        self.row()?.profile
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.etype == self)
    }
}

impl core::fmt::Debug for EncryptionType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.name() {
            Some(name) => write!(f, "EncryptionType({}, {name})", self.0),
            None => write!(f, "EncryptionType({})", self.0),
        }
    }
}

/// The canonical name, or `etype N` for a number without a name, like MIT's tools.
impl core::fmt::Display for EncryptionType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "etype {}", self.0),
        }
    }
}

/// A row of the table.
struct Row {
    etype: EncryptionType,
    name: &'static str,
    aliases: &'static [&'static str],
    standing: Standing,
    /// `None` for types that are only known by name.
    profile: Option<&'static dyn Profile>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Good,
    Deprecated,
    Weak,
}

static TABLE: &[Row] = &[
    Row {
        etype: EncryptionType::AES256_CTS_HMAC_SHA1_96,
        name: "aes256-cts-hmac-sha1-96",
        aliases: &["aes256-cts", "aes256-sha1"],
        standing: Standing::Good,
        profile: Some(&rfc3962::AES256),
    },
    Row {
        etype: EncryptionType::AES128_CTS_HMAC_SHA1_96,
        name: "aes128-cts-hmac-sha1-96",
        aliases: &["aes128-cts", "aes128-sha1"],
        standing: Standing::Good,
        profile: Some(&rfc3962::AES128),
    },
    Row {
        etype: EncryptionType::AES256_CTS_HMAC_SHA384_192,
        name: "aes256-cts-hmac-sha384-192",
        aliases: &["aes256-sha2"],
        standing: Standing::Good,
        profile: Some(&rfc8009::AES256),
    },
    Row {
        etype: EncryptionType::AES128_CTS_HMAC_SHA256_128,
        name: "aes128-cts-hmac-sha256-128",
        aliases: &["aes128-sha2"],
        standing: Standing::Good,
        profile: Some(&rfc8009::AES128),
    },
    Row {
        etype: EncryptionType::CAMELLIA256_CTS_CMAC,
        name: "camellia256-cts-cmac",
        aliases: &["camellia256-cts"],
        standing: Standing::Good,
        profile: Some(&rfc6803::CAMELLIA256),
    },
    Row {
        etype: EncryptionType::CAMELLIA128_CTS_CMAC,
        name: "camellia128-cts-cmac",
        aliases: &["camellia128-cts"],
        standing: Standing::Good,
        profile: Some(&rfc6803::CAMELLIA128),
    },
    Row {
        etype: EncryptionType::ARCFOUR_HMAC,
        name: "arcfour-hmac",
        aliases: &["rc4-hmac", "arcfour-hmac-md5"],
        standing: Standing::Deprecated,
        profile: Some(&rfc4757::ArcFour),
    },
    Row {
        etype: EncryptionType::DES3_CBC_SHA1,
        name: "des3-cbc-sha1",
        aliases: &["des3-hmac-sha1", "des3-cbc-sha1-kd"],
        standing: Standing::Deprecated,
        profile: Some(&rfc3961::des3::Des3),
    },
    unsupported(
        24,
        "arcfour-hmac-exp",
        &["rc4-hmac-exp", "arcfour-hmac-md5-exp"],
    ),
    unsupported(6, "des3-cbc-raw", &[]),
    unsupported(1, "des-cbc-crc", &[]),
    unsupported(2, "des-cbc-md4", &[]),
    unsupported(3, "des-cbc-md5", &[]),
    unsupported(4, "des-cbc-raw", &[]),
    unsupported(8, "des-hmac-sha1", &[]),
];

const fn unsupported(number: i32, name: &'static str, aliases: &'static [&'static str]) -> Row {
    let etype = EncryptionType(number);
    Row {
        etype,
        name,
        aliases,
        standing: Standing::Weak,
        profile: None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn names_and_aliases_match_mit() {
        let check = |number: i32, name: &str, short: &str, aliases: &[&str]| {
            let etype = EncryptionType(number);
            assert_eq!(etype.name(), Some(name));
            assert_eq!(etype.short_name(), Some(short));
            assert_eq!(etype.to_string(), name);
            for alias in [name, short].iter().chain(aliases) {
                assert_eq!(EncryptionType::from_name(alias), Some(etype), "{alias}");
                assert_eq!(
                    EncryptionType::from_name(&alias.to_uppercase()),
                    Some(etype)
                );
            }
        };
        check(
            18,
            "aes256-cts-hmac-sha1-96",
            "aes256-cts",
            &["aes256-sha1"],
        );
        check(
            17,
            "aes128-cts-hmac-sha1-96",
            "aes128-cts",
            &["aes128-sha1"],
        );
        check(20, "aes256-cts-hmac-sha384-192", "aes256-sha2", &[]);
        check(19, "aes128-cts-hmac-sha256-128", "aes128-sha2", &[]);
        check(23, "arcfour-hmac", "rc4-hmac", &["arcfour-hmac-md5"]);
        check(
            16,
            "des3-cbc-sha1",
            "des3-cbc-sha1",
            &["des3-hmac-sha1", "des3-cbc-sha1-kd"],
        );
        check(25, "camellia128-cts-cmac", "camellia128-cts", &[]);
        check(26, "camellia256-cts-cmac", "camellia256-cts", &[]);
        check(3, "des-cbc-md5", "des-cbc-md5", &[]);
        check(
            24,
            "arcfour-hmac-exp",
            "rc4-hmac-exp",
            &["arcfour-hmac-md5-exp"],
        );
        assert_eq!(EncryptionType::from_name("aes512-cts"), None);
        assert_eq!(EncryptionType(99).to_string(), "etype 99");
        assert_eq!(format!("{:?}", EncryptionType(99)), "EncryptionType(99)");
        assert_eq!(
            format!("{:?}", EncryptionType(23)),
            "EncryptionType(23, arcfour-hmac)"
        );
    }

    #[test]
    fn every_enctype_has_expected_support_and_weakness() {
        for row in TABLE {
            let etype = row.etype;
            let (supported, deprecated, weak) = match etype.0 {
                17..=20 | 25 | 26 => (true, false, false),
                16 | 23 => (true, true, false),
                _ => (false, true, true),
            };
            assert_eq!(etype.is_supported(), supported, "{etype}");
            assert_eq!(etype.is_deprecated(), deprecated, "{etype}");
            assert_eq!(etype.is_weak(), weak, "{etype}");
            assert_eq!(etype.key_size().is_some(), supported, "{etype}");
            assert_eq!(etype.default_checksum().is_some(), supported, "{etype}");
            assert_eq!(
                EncryptionType::SUPPORTED.contains(&etype),
                supported,
                "{etype}"
            );
            assert_eq!(TABLE.iter().filter(|other| other.etype == etype).count(), 1);
        }
    }
}

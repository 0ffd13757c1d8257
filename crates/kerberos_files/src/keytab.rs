//! Keytab files, format versions 0x0501 and 0x0502 (MIT's file format description; no RFC).
//!
//! [`KeytabReader`] streams a file through one small buffer and lends a [`KeytabEntryView`] per
//! entry; [`KeytabFile`] finds, adds and removes. [`KeytabName`] is what `KRB5_KTNAME` and `-t`
//! hold.
//!
//! ```text
//! file   05 VV record*
//! record i32 length; > 0: an entry in so many bytes, perhaps with slack after it;
//!        < 0: a hole of -length bytes; 0: the end, as the end of the file is
//! entry  u16 count of components (one more in version 1: the realm), data realm, data component*,
//!        u32 name type (not in version 1), u32 timestamp, u8 kvno, u16 enctype, data key,
//!        [u32 kvno, which overrides the other unless it is 0]
//! data   u16 length, bytes
//! ```
//! Integers are big-endian in version 2, in the machine's order in 1; the version is big-endian.
//!
//! # Durability
//! A new keytab is written beside its name, synced and renamed, and its folder synced. One that
//! exists is changed in place under an exclusive lock, as MIT does, because replacing it would lose
//! what administrators give to it: owner, mode, access list, security label, hard links, a mount.
//! A crash still leaves the old state or the new one of each entry: what is added is written and
//! synced where no reader looks yet (a hole, or after the end), and only then the length that
//! makes it an entry; what is removed is first made a hole, that is synced, and only then
//! overwritten with zeros. What is appended in one call appears at once, by its first length.
//!
//! # Example
//! ```
//! use kerberos_crypto::{EncryptionType, KeyBlock};
//! use kerberos_files::keytab::{KeytabEntry, KeytabFile};
//! use kerberos_proto::Principal;
//!
//! let path = std::env::temp_dir().join(format!("example-{}.keytab", std::process::id()));
//! let keytab = KeytabFile::new(&path);
//! let host = Principal::parse("host/www.example.com@EXAMPLE.COM")?;
//! let entry = |kvno| KeytabEntry {
//!     principal: host.clone(),
//!     timestamp: 1_700_000_000,
//!     kvno,
//!     key: KeyBlock::new(EncryptionType::AES256_CTS_HMAC_SHA1_96, vec![7; 32]),
//! };
//! keytab.add(&[entry(1), entry(2)])?;
//! assert_eq!(keytab.keys_for(&host)?[0].kvno, 2, "the most recent one is first");
//! assert_eq!(keytab.remove(|entry| entry.kvno() == 1)?, 1);
//! assert!(keytab.find(&host, Some(1), None).is_err());
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod encode;
mod entry;
mod error;
mod file;
mod name;
mod plan;
mod reader;
mod view;

pub use encode::encode_keytab;
pub use entry::KeytabEntry;
pub use error::KeytabError;
pub use file::KeytabFile;
pub use name::{KeytabKind, KeytabName, KeytabNameError};
pub use reader::KeytabReader;
pub use view::KeytabEntryView;

use crate::wire::{ByteOrder, Style, Width};

/// A version of the file format.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Version {
    /// 0x0501: native byte order, no name types, the realm counted among the components.
    V1,
    /// 0x0502: big-endian; what everyone writes.
    #[default]
    V2,
}

impl Version {
    fn from_bytes(bytes: [u8; 2]) -> Option<Self> {
        [Self::V1, Self::V2]
            .into_iter()
            .find(|version| version.bytes() == bytes)
    }

    /// The two bytes that a file of this version begins with.
    fn bytes(self) -> [u8; 2] {
        match self {
            Self::V1 => [5, 1],
            Self::V2 => [5, 2],
        }
    }

    fn style(self) -> Style {
        let order = if self == Self::V1 {
            ByteOrder::NATIVE
        } else {
            ByteOrder::Big
        };
        Style {
            order,
            width: Width::Two,
        }
    }
}

#[cfg(test)]
mod tests;

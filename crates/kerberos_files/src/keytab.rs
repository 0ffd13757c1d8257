//! Keytab files, format versions 0x0501 and 0x0502 (MIT's file format description; no RFC).
//!
//! [`KeytabReader`] streams a file through a small buffer and lends a [`KeytabEntryView`] for each
//! entry. [`KeytabFile`] finds, adds and removes entries. [`KeytabName`] is the content of
//! `KRB5_KTNAME` and of the option `-t`.
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
//! Integers are big-endian in version 2, and in the machine's order in version 1; the version is
//! always big-endian.
//!
//! # Durability
//! A new keytab is written beside its destination, synced and renamed, and its folder is synced. An
//! existing keytab is changed in place under an exclusive lock, like in MIT's library, because
//! replacing it would lose what administrators have assigned to it: owner, mode, access list,
//! security label, hard links, a mount. Even so, a crash leaves each entry in either its old state
//! or its new one. An added entry is written and synced where no reader looks yet (in a hole, or
//! after the end), before the length that makes it an entry. A removed entry is first made a hole,
//! which is synced, and only then overwritten with zeros. All entries appended in one call become
//! visible at once, through the first length.
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
    /// 0x0501: native byte order, no name types, and the realm is counted as a component.
    V1,
    /// 0x0502: big-endian; the version that all programs write.
    #[default]
    V2,
}

impl Version {
    fn from_bytes(bytes: [u8; 2]) -> Option<Self> {
        [Self::V1, Self::V2]
            .into_iter()
            .find(|version| version.bytes() == bytes)
    }

    /// The first two bytes of a file of this version.
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

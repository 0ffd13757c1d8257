//! Credential caches: FILE in the format versions 1 to 4, DIR, MEMORY, KEYRING and KCM (MIT's
//! descriptions; no RFC).
//!
//! [`CcacheName`] is the content of `KRB5CCNAME` and of the option `-c`, [`Ccache`] the cache that
//! it names, of any type, and [`Collection`] all caches that a default name stands for. Reading:
//! [`CcacheReader`] streams a file through a small buffer and lends a [`CredentialView`] for each
//! entry; the contents of other types look the same. Writing: [`CcacheBuilder`] makes the bytes,
//! and [`Ccache`] or [`CcacheFile`] stores them.
//!
//! ```text
//! file       05 VV [header, version 4 only] principal credential*
//! header     u16 length of all fields, then fields {u16 tag, u16 length, value}
//!            tag 1: i32 seconds, i32 microseconds that the KDC is ahead
//! principal  [u32 name type, not in version 1] u32 count (one more in version 1) realm component*
//! credential principal client, principal server,
//!            u16 enctype (twice in version 3), data key,
//!            u32 authtime, u32 starttime, u32 endtime, u32 renew_till, u8 is_skey, u32 flags,
//!            u32 n, n times {u16 type, data address}, u32 n, n times {u16 type, data authdata},
//!            data ticket, data second ticket
//! data       u32 length, bytes
//! ```
//! Integers are big-endian in versions 3 and 4, and in the machine's order in versions 1 and 2. The
//! version and the header are always big-endian.
//!
//! # Durability
//! A cache is replaced by writing a new file beside it and renaming that, without `fsync`, because
//! a ticket is not worth the wait. So a power cut can leave an empty or incomplete file. This is
//! treated as "no cache" ([`CcacheError::is_no_cache`]) with a [hint](CcacheError::hint).
//!
//! # Example
//! ```
//! use kerberos_files::ccache::{CcacheBuilder, CcacheFile, ConfigEntry, Header};
//! use kerberos_proto::Principal;
//!
//! let user = Principal::parse("user@EXAMPLE.COM")?;
//! let mut cache = CcacheBuilder::new(&Header::default(), &user)?;
//! cache.config(&ConfigEntry::new("fast_avail", None, "yes"))?;
//!
//! let path = std::env::temp_dir().join(format!("krb5cc_example_{}", std::process::id()));
//! let file = CcacheFile::new(&path);
//! file.replace_with(&cache)?;
//!
//! let mut reader = file.open()?;
//! assert_eq!(reader.default_principal(), &user);
//! while let Some(credential) = reader.next()? {
//!     let config = credential.config().expect("the only entry is a setting");
//!     assert_eq!((config.key, config.value), (&b"fast_avail"[..], &b"yes"[..]));
//! }
//! file.destroy()?;
//! assert!(file.open().is_err_and(|error| error.is_no_cache()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod cache;
mod collection;
mod config;
mod dir;
mod error;
mod file;
mod identity;
mod kcm;
#[cfg(feature = "keyring")]
mod keyring;
mod layout;
mod memory;
mod name;
mod reader;
mod store;
mod temporary;
mod view;

pub use builder::{CcacheBuilder, encode_credential, encode_principal};
pub use cache::{Ccache, CcacheOptions};
pub use collection::{Collection, Selection};
pub use config::{ConfigEntry, ConfigEntryView};
pub use error::CcacheError;
pub use file::CcacheFile;
pub use identity::K5Identity;
pub use kcm::KcmError;
pub use name::{CcacheKind, CcacheName, CcacheNameError};
pub use reader::CcacheReader;
pub use temporary::TemporaryCcache;
pub use view::{AddressView, Addresses, Authdata, AuthdataView, CredentialView, decode_principal};

pub(crate) use cache::DEFAULT_KCM_SOCKET;

pub use kerberos_proto::ClockOffset;

/// Functions for the fuzz targets; not for other callers.
#[doc(hidden)]
pub mod fuzzing {
    pub use super::kcm::read_from as read_from_kcm;
    #[cfg(feature = "keyring")]
    pub use super::keyring::fuzzing::{keyring_name, primary_of_keyring};
}

use crate::wire::{ByteOrder, Style, Width};

/// A version of the file format.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Version {
    /// Native byte order, no name types, and the realm is counted as a component.
    V1,
    /// Native byte order.
    V2,
    /// Big-endian, with the encryption type written twice.
    V3,
    /// Big-endian, with a header. All programs have written this version since 1996.
    #[default]
    V4,
}

/// The part of a cache before the default principal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Header {
    /// The format version.
    pub version: Version,
    /// How far the KDC's clock is ahead (version 4 only).
    pub kdc_offset: Option<ClockOffset>,
    /// Fields with unknown tags, in encoded form. They are kept when a cache is rewritten.
    pub unknown_fields: Vec<u8>,
}

/// The realm of server names that represent settings.
const CONFIG_REALM: &[u8] = b"X-CACHECONF:";
/// Replaces the realm of a removed setting: it has the same length, and nobody recognises it.
const REMOVED_CONFIG_REALM: &[u8] = b"X-RMED-CONF:";
/// The first component of a setting's server name.
const CONFIG_NAME: &[u8] = b"krb5_ccache_conf_data";
/// The header field that holds the [`ClockOffset`].
const TAG_CLOCK_OFFSET: u16 = 1;
/// Header fields are big-endian in all versions.
const HEADER_STYLE: Style = Style {
    order: ByteOrder::Big,
    width: Width::Four,
};

impl Version {
    /// The version with this number, 1 to 4.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::V1, Self::V2, Self::V3, Self::V4]
            .into_iter()
            .find(|v| v.number() == number)
    }

    /// The version's number, 1 to 4.
    pub fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    fn style(self) -> Style {
        let order = if self < Self::V3 {
            ByteOrder::NATIVE
        } else {
            ByteOrder::Big
        };
        Style {
            order,
            width: Width::Four,
        }
    }
}

impl Header {
    /// The header of `version` with the KDC's clock offset, which versions before 4 do not store.
    pub fn new(version: Version, kdc_offset: Option<ClockOffset>) -> Self {
        Self {
            version,
            kdc_offset,
            unknown_fields: Vec::new(),
        }
    }
}

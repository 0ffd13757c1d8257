//! The numbers that MIT's library assigns to errors about files, which `err_fmt` of krb5.conf can
//! show: those of its tables `krb5` and `k5e1`, and those of the system.

use std::io;

use kerberos_proto::MIT_ERROR_BASE;
use rustix::io::Errno;

use crate::ccache::{CcacheError, CcacheNameError, KcmError};
use crate::keytab::{KeytabError, KeytabNameError};

impl CcacheError {
    /// The number that MIT's library uses for this error.
    ///
    /// # Example
    /// ```
    /// use kerberos_files::ccache::CcacheFile;
    /// let error = CcacheFile::new("/nowhere/krb5cc").open().unwrap_err();
    /// assert_eq!(error.mit_code(), -1765328189);
    /// ```
    pub fn mit_code(&self) -> i32 {
        let offset = match self {
            Self::NotFound { .. }
            | Self::Empty { .. }
            | Self::Torn { .. }
            | Self::Missing { .. }
            | Self::NoDirectory { .. } => FCC_NOFILE,
            Self::TornEntry { .. }
            | Self::Format { .. }
            | Self::Entry { .. }
            | Self::NotADirectory { .. }
            | Self::Primary { .. }
            | Self::Encode(_) => CC_FORMAT,
            Self::Version { .. } => CCACHE_BADVNO,
            Self::NotAFile { .. }
            | Self::Permission { .. }
            | Self::Sticky { .. }
            | Self::ForeignDirectory { .. }
            | Self::ForeignFile { .. } => FCC_PERM,
            Self::Io { .. } => CC_IO,
            Self::PrimaryKey { version: 1, .. } => CC_END,
            Self::PrimaryKey { .. } => return K5E1_BASE + KCC_UNKNOWN_VERSION,
            Self::Keyring { source, .. } => return of_system(source),
            Self::Kcm(error) => return error.mit_code(),
            Self::Name(error) => return error.mit_code(),
        };
        MIT_ERROR_BASE + offset
    }
}

impl CcacheNameError {
    /// The number that MIT's library uses for this error.
    pub fn mit_code(&self) -> i32 {
        match self {
            Self::UnknownType { .. } | Self::Unsupported { .. } => MIT_ERROR_BASE + CC_UNKNOWN_TYPE,
            Self::Nul | Self::NoParent { .. } | Self::NoTkt { .. } => MIT_ERROR_BASE + CC_BADNAME,
            Self::Anchor { .. } => K5E1_BASE + KCC_INVALID_ANCHOR,
            Self::Uid { .. } => K5E1_BASE + KCC_INVALID_UID,
            Self::NoCollection { .. } => K5E1_BASE + DCC_CANNOT_CREATE,
        }
    }
}

impl KcmError {
    /// The number that MIT's library uses for this error, or the daemon's own number.
    pub fn mit_code(&self) -> i32 {
        match self {
            Self::NoServer { .. } => K5E1_BASE + KCM_NO_SERVER,
            Self::Socket { source, .. } => of_system(source),
            Self::Timeout { .. } | Self::Closed => MIT_ERROR_BASE + CC_IO,
            Self::TooBig { .. } => K5E1_BASE + KCM_REPLY_TOO_BIG,
            Self::Malformed { .. } => K5E1_BASE + KCM_MALFORMED_REPLY,
            Self::Refused { code } => *code,
        }
    }
}

impl KeytabError {
    /// The number that MIT's library uses for this error.
    pub fn mit_code(&self) -> i32 {
        let offset = match self {
            Self::NotFound { .. } => return Errno::NOENT.raw_os_error(),
            Self::Empty { .. } | Self::NoKeys { .. } | Self::EntryNotFound { .. } => KT_NOTFOUND,
            Self::KvnoNotFound { .. } => KT_KVNONOTFOUND,
            Self::Version { .. } => KEYTAB_BADVNO,
            Self::TornEntry { .. } | Self::Format { .. } | Self::Encode(_) => KT_FORMAT,
            Self::NotAFile { .. } => return Errno::ISDIR.raw_os_error(),
            Self::Io { source, .. } => return of_system(source),
        };
        MIT_ERROR_BASE + offset
    }
}

impl KeytabNameError {
    /// The number that MIT's library uses for this error.
    pub fn mit_code(&self) -> i32 {
        MIT_ERROR_BASE + KT_UNKNOWN_TYPE
    }
}

fn of_system(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(MIT_ERROR_BASE + CC_IO)
}

// Offsets from MIT_ERROR_BASE, in the order of krb5_err.et.
const CC_BADNAME: i32 = 139;
const CC_UNKNOWN_TYPE: i32 = 140;
const CC_END: i32 = 142;
const KT_UNKNOWN_TYPE: i32 = 180;
const KT_NOTFOUND: i32 = 181;
const CC_IO: i32 = 193;
const FCC_PERM: i32 = 194;
const FCC_NOFILE: i32 = 195;
const CC_FORMAT: i32 = 199;
const CCACHE_BADVNO: i32 = 212;
const KEYTAB_BADVNO: i32 = 213;
const KT_KVNONOTFOUND: i32 = 230;
const KT_FORMAT: i32 = 235;

/// The base of the table `k5e1`, and offsets from there.
const K5E1_BASE: i32 = -1_750_206_208;
const DCC_CANNOT_CREATE: i32 = 4;
const KCC_INVALID_ANCHOR: i32 = 5;
const KCC_UNKNOWN_VERSION: i32 = 6;
const KCC_INVALID_UID: i32 = 7;
const KCM_MALFORMED_REPLY: i32 = 8;
const KCM_REPLY_TOO_BIG: i32 = 10;
const KCM_NO_SERVER: i32 = 11;

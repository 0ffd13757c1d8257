//! `CcacheName`: `TYPE:residual`, as in `KRB5CCNAME`, `default_ccache_name` and `-c`.

use core::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::foreign::Trust;
use crate::typed_name;

/// The type of cache that a name refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CcacheKind {
    /// A file.
    File,
    /// A directory of files, or one of its files.
    Dir,
    /// In the memory of this process.
    Memory,
    /// The kernel's keyrings.
    Keyring,
    /// A cache daemon reached through a socket.
    Kcm,
    /// macOS's cache service.
    Api,
    /// The logon session of Windows.
    MsLsa,
}

/// A parsed cache name.
///
/// # Example
/// ```
/// use kerberos_files::ccache::{CcacheKind, CcacheName};
/// let name = CcacheName::parse("FILE:/tmp/krb5cc_1000")?;
/// assert_eq!(name.kind(), CcacheKind::File);
/// assert_eq!(name.to_string(), "FILE:/tmp/krb5cc_1000");
/// assert_eq!(CcacheName::parse("/tmp/krb5cc_1000")?, name);
/// assert_eq!(CcacheName::parse("KCM:")?.path(), None);
/// # Ok::<(), kerberos_files::ccache::CcacheNameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CcacheName {
    kind: CcacheKind,
    residual: String,
    /// See [`by_default`](Self::by_default).
    trust: Trust,
}

/// Names are equal whether or not one is a default.
impl PartialEq for CcacheName {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.residual) == (other.kind, &other.residual)
    }
}

impl Eq for CcacheName {}

/// Why a name does not refer to a cache.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CcacheNameError {
    /// The type does not exist.
    #[error("Unknown credential cache type")]
    UnknownType {
        /// The text before the colon.
        kind: String,
    },
    /// The type exists, but is not available on this system or was left out of this program.
    #[error("credential caches of type {kind} are not supported")]
    Unsupported {
        /// The type.
        kind: CcacheKind,
    },
    /// The name contains a NUL.
    #[error("Credential cache name malformed")]
    Nul,
    /// A `DIR::` name whose file has no directory.
    #[error("Subsidiary cache path {} has no parent directory", path.display())]
    NoParent {
        /// The file.
        path: PathBuf,
    },
    /// A `DIR::` name whose file is not a cache of a collection.
    #[error("Subsidiary cache path {} filename does not begin with \"tkt\"", path.display())]
    NoTkt {
        /// The file.
        path: PathBuf,
    },
    /// A `KEYRING:` name whose first part is not one of `process`, `thread`, `session`, `user`,
    /// `persistent` and `legacy`.
    #[error("Invalid keyring anchor name")]
    Anchor {
        /// The first part.
        anchor: String,
    },
    /// A `KEYRING:persistent:` name whose user id is malformed or is that of another user.
    #[error("Invalid UID in persistent keyring name")]
    Uid {
        /// The user id.
        uid: String,
    },
    /// The name refers to a single cache, but a collection is needed to create another one.
    #[error("Can't create new subsidiary cache because default cache {}",
        if *kind == CcacheKind::Dir { "is not a directory collection" } else { "is already a subsidiary" })]
    NoCollection {
        /// The type.
        kind: CcacheKind,
    },
}

const KINDS: [(&str, CcacheKind); 7] = [
    ("FILE", CcacheKind::File),
    ("DIR", CcacheKind::Dir),
    ("MEMORY", CcacheKind::Memory),
    ("KEYRING", CcacheKind::Keyring),
    ("KCM", CcacheKind::Kcm),
    ("API", CcacheKind::Api),
    ("MSLSA", CcacheKind::MsLsa),
];

impl CcacheName {
    /// The name of the file cache at `path`.
    pub fn file(path: impl Into<String>) -> Self {
        Self::new(CcacheKind::File, path)
    }

    /// The name of a cache of `kind`.
    pub(super) fn new(kind: CcacheKind, residual: impl Into<String>) -> Self {
        Self {
            kind,
            residual: residual.into(),
            trust: Trust::Named,
        }
    }

    /// The same name, marked as a default: nobody chose it, so it is predictable.
    ///
    /// A FILE or DIR with such a name is refused if another user may have planted it
    /// ([`CcacheFile::refusing_planted`](crate::ccache::CcacheFile::refusing_planted)).
    pub fn by_default(self) -> Self {
        self.trusting(Trust::Default)
    }

    /// The same name, marked as set in krb5.conf. It is trusted in folders that an administrator
    /// has deliberately opened to everyone, such as those of containers. In a folder like /tmp,
    /// which is also sticky, the rule of [`by_default`](Self::by_default) applies.
    pub fn by_configuration(self) -> Self {
        self.trusting(Trust::Configured)
    }

    /// The same name, marked as chosen by a caller, from whatever source.
    pub fn by_choice(self) -> Self {
        self.trusting(Trust::Named)
    }

    /// The same name, so far trusted.
    pub(super) fn trusting(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    /// Whether to accept what another user may have planted there.
    pub(super) fn trust(&self) -> Trust {
        self.trust
    }

    /// Parses `TYPE:residual`. Without a type it is a file.
    ///
    /// Types are in upper case. As in MIT's library, a single letter before the colon is a drive
    /// and not a type. Unlike there, a name that begins with `/` is always a path, even if it
    /// contains colons.
    ///
    /// # Errors
    /// [`CcacheNameError::UnknownType`].
    pub fn parse(name: &str) -> Result<Self, CcacheNameError> {
        let Some((kind, residual)) = typed_name::split(name) else {
            return Ok(Self::file(name));
        };
        let known =
            typed_name::look_up(&KINDS, kind).ok_or_else(|| CcacheNameError::UnknownType {
                kind: kind.to_owned(),
            })?;
        Ok(Self::new(known, residual))
    }

    /// The type of the cache.
    pub fn kind(&self) -> CcacheKind {
        self.kind
    }

    /// The text after the colon.
    pub fn residual(&self) -> &str {
        &self.residual
    }

    /// Whether the name means one cache, and not a collection of which it uses the primary cache.
    ///
    /// ```
    /// use kerberos_files::ccache::CcacheName;
    /// let is_single = |name| CcacheName::parse(name).is_ok_and(|name| name.is_single());
    /// assert!(is_single("/tmp/krb5cc_0") && is_single("DIR::/run/cc/tkt") && is_single("KCM:app"));
    /// assert!(is_single("KEYRING:session:app:tkt"));
    /// assert!(!is_single("DIR:/run/cc") && !is_single("KCM:") && !is_single("KEYRING:session:app"));
    /// ```
    pub fn is_single(&self) -> bool {
        match self.kind {
            CcacheKind::Dir => self.residual.starts_with(':'),
            CcacheKind::Kcm => !self.residual.is_empty(),
            CcacheKind::Keyring => self.residual.split(':').count() > 2,
            _ => true,
        }
    }

    /// The path of the file, if the cache is a file: a FILE, or a file of a DIR.
    ///
    /// ```
    /// use kerberos_files::ccache::CcacheName;
    /// let path = |name| CcacheName::parse(name).ok()?.path().map(ToOwned::to_owned);
    /// assert_eq!(path("/tmp/krb5cc_0"), Some("/tmp/krb5cc_0".into()));
    /// assert_eq!(path("DIR::/run/cc/tkt"), Some("/run/cc/tkt".into()));
    /// assert_eq!(path("DIR:/run/cc"), None);
    /// ```
    pub fn path(&self) -> Option<&Path> {
        match self.kind {
            CcacheKind::File => Some(Path::new(&self.residual)),
            CcacheKind::Dir => self.residual.strip_prefix(':').map(Path::new),
            _ => None,
        }
    }
}

impl CcacheNameError {
    /// What to do about the error.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            #[cfg(not(feature = "keyring"))]
            Self::Unsupported {
                kind: CcacheKind::Keyring,
            } => {
                "build the program with the feature keyring, or name another cache (in KRB5CCNAME or \
                 default_ccache_name in krb5.conf), such as FILE:/tmp/krb5cc_1000"
            }
            Self::Unsupported { .. } => {
                "name another cache (in KRB5CCNAME or default_ccache_name in krb5.conf), such as \
                 FILE:/tmp/krb5cc_1000"
            }
            Self::UnknownType { .. } => {
                "the types are FILE, DIR, KEYRING, KCM and MEMORY, as in FILE:/tmp/krb5cc_1000"
            }
            Self::Anchor { .. } => {
                "the anchor must be process, thread, session, user or persistent, as in KEYRING:persistent:1000"
            }
            Self::Uid { .. } => "write KEYRING:persistent: followed by your numeric user ID",
            Self::NoParent { .. } | Self::NoTkt { .. } => {
                "write DIR: followed by the directory, or DIR:: followed by the path of a file in it"
            }
            Self::NoCollection { .. } => "name the collection, or the cache to write, with -c",
            Self::Nul => return None,
        }
        .to_owned())
    }
}

impl CcacheKind {
    /// Whether a name can refer to several caches, of which one is the primary.
    pub fn has_collections(self) -> bool {
        matches!(self, Self::Dir | Self::Keyring | Self::Kcm)
    }
}

impl fmt::Display for CcacheKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(typed_name::word_of(&KINDS, self))
    }
}

/// `TYPE:residual`, as printed by MIT's tools.
impl fmt::Display for CcacheName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.residual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ccache_names_parse_into_kind_and_residual() {
        fn check(name: &str, expected: Result<(CcacheKind, &str), &str>) {
            let parsed = CcacheName::parse(name).map_err(|error| error.to_string());
            let parsed = parsed.as_ref().map(|name| (name.kind(), name.residual()));
            assert_eq!(parsed.map_err(String::as_str), expected, "{name}");
        }
        check("FILE:/tmp/x", Ok((CcacheKind::File, "/tmp/x")));
        check("/tmp/x", Ok((CcacheKind::File, "/tmp/x")));
        check("/tmp/a:b", Ok((CcacheKind::File, "/tmp/a:b")));
        check("c:/x", Ok((CcacheKind::File, "c:/x")));
        check("relative", Ok((CcacheKind::File, "relative")));
        check("FILE:", Ok((CcacheKind::File, "")));
        check("DIR::/run/tkt1", Ok((CcacheKind::Dir, ":/run/tkt1")));
        check("MEMORY:a", Ok((CcacheKind::Memory, "a")));
        check(
            "KEYRING:persistent:0",
            Ok((CcacheKind::Keyring, "persistent:0")),
        );
        check("KCM:", Ok((CcacheKind::Kcm, "")));
        check("API:1", Ok((CcacheKind::Api, "1")));
        check("file:/x", Err("Unknown credential cache type"));
        check("NOPE:/x", Err("Unknown credential cache type"));
    }
}

//! `CcacheName`: `TYPE:residual`, as in `KRB5CCNAME`, `default_ccache_name` and `-c`.

use core::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::typed_name;

/// Which kind of cache a name speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CcacheKind {
    /// One file.
    File,
    /// A directory of files.
    Dir,
    /// Memory of this process.
    Memory,
    /// The kernel's keyrings.
    Keyring,
    /// A cache service reached by a socket.
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
/// assert!(CcacheName::parse("KCM:")?.file_path().is_err());
/// # Ok::<(), kerberos_files::ccache::CcacheNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CcacheName {
    kind: CcacheKind,
    residual: String,
}

/// Why a name leads to no cache.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CcacheNameError {
    /// No such type exists.
    #[error("Unknown credential cache type")]
    UnknownType {
        /// What stands before the colon.
        kind: String,
    },
    /// The type exists, and this version cannot use it.
    #[error("credential caches of type {kind} are not supported yet")]
    Unsupported {
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
        Self {
            kind: CcacheKind::File,
            residual: path.into(),
        }
    }

    /// Parses `TYPE:residual`; without a type it is a file.
    ///
    /// Types are upper case. As in MIT's library one letter before the colon is a drive and not a
    /// type; unlike there, a name that begins with `/` is a path whatever colons it has.
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
        Ok(Self {
            kind: known,
            residual: residual.to_owned(),
        })
    }

    /// Which kind of cache it is.
    pub fn kind(&self) -> CcacheKind {
        self.kind
    }

    /// What stands after the colon.
    pub fn residual(&self) -> &str {
        &self.residual
    }

    /// The path of a file cache.
    ///
    /// # Errors
    /// [`CcacheNameError::Unsupported`] for any other kind.
    pub fn file_path(&self) -> Result<PathBuf, CcacheNameError> {
        match self.kind {
            CcacheKind::File => Ok(Path::new(&self.residual).to_owned()),
            kind => Err(CcacheNameError::Unsupported { kind }),
        }
    }
}

impl fmt::Display for CcacheKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = KINDS
            .iter()
            .find(|(_, kind)| kind == self)
            .map_or("", |(word, _)| word);
        f.write_str(word)
    }
}

/// `TYPE:residual`, as MIT prints it.
impl fmt::Display for CcacheName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.residual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
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

    #[test]
    fn other_kinds_are_refused_by_name() {
        let error = CcacheName::parse("KCM:0").unwrap().file_path().unwrap_err();
        assert_eq!(
            error.to_string(),
            "credential caches of type KCM are not supported yet"
        );
    }
}

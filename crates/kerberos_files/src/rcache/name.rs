//! `RcacheName`: `type:residual`, as in `KRB5RCACHENAME` and `default_rcache_name`.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::rcache::RcacheFile;

/// A parsed name of a replay cache. Unlike in other names, types are in lower case.
///
/// # Example
/// ```
/// use kerberos_files::rcache::RcacheName;
/// let name = RcacheName::parse("file2:/run/service/rcache")?;
/// assert_eq!(name, RcacheName::File2("/run/service/rcache".into()));
/// assert!(RcacheName::parse("none:")?.open("/var/tmp", 300).is_none());
/// # Ok::<(), kerberos_files::rcache::RcacheNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum RcacheName {
    /// `dfl:` – the file `krb5_EUID.rcache2` in a folder for temporary files, shared by all
    /// services of a user.
    #[default]
    Dfl,
    /// `file2:PATH` – this file.
    File2(PathBuf),
    /// `none:` – no cache, for protocols with their own protection against replays.
    None,
}

/// Why a name does not refer to a replay cache.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum RcacheNameError {
    /// The name has no colon.
    #[error("Replay cache name parse/format error")]
    NoType {
        /// The name.
        name: String,
    },
    /// The type does not exist.
    #[error("Replay cache type is unknown")]
    UnknownType {
        /// The text before the colon.
        kind: String,
    },
}

impl RcacheName {
    /// The folder that MIT's library, as usually built, uses for `dfl:` if the environment does not
    /// name one in `KRB5RCACHEDIR` or `TMPDIR`.
    pub const DEFAULT_FOLDER: &str = "/var/tmp";

    /// Parses `type:residual`. What follows `dfl:` and `none:` is ignored.
    ///
    /// # Errors
    /// [`RcacheNameError`].
    pub fn parse(name: &str) -> Result<Self, RcacheNameError> {
        let (kind, residual) = name
            .split_once(':')
            .ok_or_else(|| RcacheNameError::NoType {
                name: name.to_owned(),
            })?;
        match kind {
            "dfl" => Ok(Self::Dfl),
            "file2" => Ok(Self::File2(residual.into())),
            "none" => Ok(Self::None),
            _ => Err(RcacheNameError::UnknownType {
                kind: kind.to_owned(),
            }),
        }
    }

    /// The cache with this name, which is not opened yet; `None` for `none:`.
    ///
    /// `folder` is used for `dfl:`. Clocks may differ by `clock_skew` seconds, and records are kept
    /// for that time.
    pub fn open(&self, folder: impl AsRef<Path>, clock_skew: u32) -> Option<RcacheFile> {
        match self {
            Self::Dfl => Some(RcacheFile::of_user(folder, clock_skew)),
            Self::File2(path) => Some(RcacheFile::new(path, clock_skew)),
            Self::None => None,
        }
    }
}

impl RcacheNameError {
    /// What to do about the error.
    pub fn hint(&self) -> Option<String> {
        let what = match self {
            Self::NoType { name } => format!("{name} has no type"),
            Self::UnknownType { kind } => format!("there is no type {kind}"),
        };
        Some(format!("{what}; write dfl:, file2:PATH or none:"))
    }
}

/// The format that [`RcacheName::parse`] reads.
impl fmt::Display for RcacheName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dfl => f.write_str("dfl:"),
            Self::File2(path) => write!(f, "file2:{}", path.display()),
            Self::None => f.write_str("none:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rcache_names_are_parsed_or_refused_with_a_hint() {
        fn check(name: &str, expected: Result<&str, &str>) {
            let parsed = RcacheName::parse(name).map(|name| name.to_string());
            let parsed = parsed.map_err(|error| {
                assert!(error.hint().is_some());
                error.to_string()
            });
            assert_eq!(
                parsed.as_deref().map_err(String::as_str),
                expected,
                "{name}"
            );
        }
        check("dfl:", Ok("dfl:"));
        check("dfl:whatever", Ok("dfl:"));
        check("none:", Ok("none:"));
        check("file2:/a:b", Ok("file2:/a:b"));
        check("file2:", Ok("file2:"));
        check("/a/path", Err("Replay cache name parse/format error"));
        check("none", Err("Replay cache name parse/format error"));
        check("FILE2:/a", Err("Replay cache type is unknown"));
        check("file:/a", Err("Replay cache type is unknown"));
        check(":x", Err("Replay cache type is unknown"));
    }
}

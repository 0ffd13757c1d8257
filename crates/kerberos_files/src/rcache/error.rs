//! `RcacheError`: why a replay cache cannot tell whether a request is new, with a hint for each
//! error.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use thiserror::Error;

/// Why a replay cache does not work. The request must then be refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RcacheError {
    /// The file cannot be opened, created, locked, read or written.
    #[error("{source} (filename: {})", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is a symbolic link.
    #[error("Replay cache file {} is a symbolic link", path.display())]
    Link {
        /// The path.
        path: PathBuf,
    },
    /// The file for `dfl:` has another name elsewhere.
    #[error("Replay cache file {} has hard links", path.display())]
    HardLink {
        /// The file.
        path: PathBuf,
    },
    /// The path is a directory, a device or the like.
    #[error("Replay cache file {} is not an ordinary file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file for `dfl:`, or one in a place like /tmp, belongs to another user, who could remove
    /// records.
    #[error("Replay cache file {} is not owned by uid {uid}", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// The effective user id, which should own it.
        uid: u32,
    },
    /// All places for the record, in tables of 2 GiB in total, are taken.
    #[error("Replay cache file {} is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
}

impl RcacheError {
    /// What to do about the error.
    pub fn hint(&self) -> Option<String> {
        const ELSEWHERE: &str = "name another file with default_rcache_name = file2:PATH in \
             [libdefaults] of krb5.conf or with KRB5RCACHENAME";
        Some(match self {
            Self::Io { source, path } => match source.kind() {
                io::ErrorKind::NotFound => {
                    format!("create the directory of {}, or {ELSEWHERE}", path.display())
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    format!("let the service write there, or {ELSEWHERE}")
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    format!("make room on its disk, or {ELSEWHERE}")
                }
                _ => return None,
            },
            Self::Link { .. }
            | Self::HardLink { .. }
            | Self::NotOurs { .. }
            | Self::NotAFile { .. } => {
                format!(
                    "somebody may have put it there for a replay attack; remove it, or {ELSEWHERE}"
                )
            }
            Self::Full { path } => format!(
                "remove {}; requests of the last minutes can be replayed after that",
                path.display()
            ),
        })
    }

    pub(super) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::LOOP) => Self::Link { path },
            // A socket, or a device without a driver.
            Some(Errno::ISDIR | Errno::NXIO) => Self::NotAFile { path },
            _ => Self::Io { path, source },
        }
    }
}

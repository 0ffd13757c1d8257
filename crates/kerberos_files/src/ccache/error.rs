//! `CcacheError`: what can go wrong with a cache file, with MIT's texts and a hint for each.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;
use thiserror::Error;

use crate::atomic::ReplaceError;
use crate::wire::EncodeError;

/// Why a cache could not be read or written.
///
/// The text is MIT's, for scripts that match on it; the details are in the fields and in
/// [`hint`](Self::hint).
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum CcacheError {
    /// There is no such file.
    #[error("No credentials cache found (filename: {})", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// The file is empty or holds zeros only.
    #[error("No credentials cache found (filename: {})", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file ends before its default principal does.
    #[error("No credentials cache found (filename: {})", path.display())]
    Torn {
        /// The file.
        path: PathBuf,
        /// The part that it ends in.
        field: &'static str,
    },
    /// The file ends within an entry; the ones before it are whole.
    #[error("Bad format in credentials cache (filename: {})", path.display())]
    TornEntry {
        /// The file.
        path: PathBuf,
        /// Where the entry begins.
        offset: u64,
        /// The part that the file ends in.
        field: &'static str,
    },
    /// The file is no cache, or a damaged one.
    #[error("Bad format in credentials cache (filename: {})", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where the damaged header or entry begins.
        offset: u64,
        /// What is wrong there.
        problem: &'static str,
    },
    /// The file does not begin with a version between 0x0501 and 0x0504.
    #[error("Unsupported credentials cache format version number (filename: {})", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// What it begins with.
        version: u16,
    },
    /// The path is a directory, a device or the like.
    #[error("Credentials cache permissions incorrect (filename: {})", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The system does not let us.
    #[error("Credentials cache permissions incorrect (filename: {})", path.display())]
    Permission {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// Any other failure of the file system, such as a full disk.
    #[error("Credentials cache I/O operation failed (filename: {})", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// An entry does not fit the file format.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl CcacheError {
    /// Whether there is, for all purposes, no cache: missing, empty, or cut off before it says
    /// whose it is. A new one can take its place without loss.
    pub fn is_no_cache(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. } | Self::Empty { .. } | Self::Torn { .. }
        )
    }

    /// What to tell a person beside the message: what exactly was found, and what to do.
    pub fn hint(&self) -> Option<String> {
        const AGAIN: &str = "log in again to replace it";
        Some(match self {
            Self::NotFound { .. } | Self::Encode(_) => return None,
            Self::Empty { .. } => {
                format!(
                    "the file is there but empty or all zeros, as after a crash or on a full disk; {AGAIN}"
                )
            }
            Self::Torn { field, .. } => {
                format!("the file is cut off in its {field}, as after a crash; {AGAIN}")
            }
            Self::TornEntry { offset, field, .. } => format!(
                "the entry at byte {offset} is cut off in its {field}, as after a crash; the \
                 entries before it are whole; {AGAIN}"
            ),
            Self::Format {
                offset, problem, ..
            } => {
                format!("{problem} at byte {offset}; {AGAIN}, or name another file")
            }
            Self::Version { version, .. } => format!(
                "the file begins with {version:#06x}, a cache with 0x0501 to 0x0504; is it a cache?"
            ),
            Self::NotAFile { .. } => {
                "it is a directory or a device; a cache is an ordinary file".to_owned()
            }
            Self::Permission { source, .. } | Self::Io { source, .. } => {
                format!("the system says: {source}")
            }
        })
    }

    /// As MIT sorts the system's errors (interpret_errno in its cc_file.c).
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            _ if Errno::from_io_error(&source) == Some(Errno::LOOP) => Self::NotFound { path },
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename => Self::NotFound { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Permission {
                    path,
                    source: source.into(),
                }
            }
            _ => Self::Io {
                path,
                source: source.into(),
            },
        }
    }

    pub(crate) fn from_replace(path: &Path, error: ReplaceError) -> Self {
        match error {
            ReplaceError::NotAFile => Self::NotAFile {
                path: path.to_owned(),
            },
            // Unlike for a reader, a missing folder is something to be told about.
            ReplaceError::Io(source) => match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Io {
                    path: path.to_owned(),
                    source: source.into(),
                },
                _ => Self::from_io(path, source),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_errors_are_sorted_as_mit_does() {
        fn check(errno: Errno, expected: &str) {
            let error = CcacheError::from_io(Path::new("/cc"), errno.into());
            assert_eq!(
                error.to_string(),
                format!("{expected} (filename: /cc)"),
                "{errno:?}"
            );
        }
        for errno in [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NAMETOOLONG] {
            check(errno, "No credentials cache found");
        }
        for errno in [Errno::PERM, Errno::ACCESS, Errno::ISDIR, Errno::ROFS] {
            check(errno, "Credentials cache permissions incorrect");
        }
        for errno in [
            Errno::NOSPC,
            Errno::IO,
            Errno::MFILE,
            Errno::DQUOT,
            Errno::BUSY,
        ] {
            check(errno, "Credentials cache I/O operation failed");
        }
    }
}

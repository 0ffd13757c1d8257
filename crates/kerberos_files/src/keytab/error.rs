//! `KeytabError`: the possible errors with a keytab, with MIT's texts and a hint for each.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::atomic::ReplaceError;
use crate::wire::EncodeError;

/// Why a keytab could not be read or written, or does not contain the requested key.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum KeytabError {
    /// There is no such file.
    #[error("Key table file '{}' not found", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// The file is missing or has no entries, but some are required.
    #[error("Keytab FILE:{} is nonexistent or empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// There is no entry for the client.
    #[error("Keytab contains no suitable keys for {principal}")]
    NoKeys {
        /// The file.
        path: PathBuf,
        /// The client.
        principal: String,
        /// Principals of the keytab; not all of them if there are many.
        others: Vec<String>,
    },
    /// There is no entry for the principal, or none with the encryption type.
    #[error("No key table entry found for {principal}")]
    EntryNotFound {
        /// The file.
        path: PathBuf,
        /// The principal.
        principal: String,
    },
    /// The principal has entries, but none with the version number.
    #[error("Key version number for principal in key table is incorrect")]
    KvnoNotFound {
        /// The file.
        path: PathBuf,
        /// The principal.
        principal: String,
        /// The version number.
        kvno: u32,
    },
    /// The file does not begin with 0x0501 or 0x0502.
    #[error("Unsupported key table format version number")]
    Version {
        /// The file.
        path: PathBuf,
        /// The bytes at its start, as far as there are any.
        found: Vec<u8>,
    },
    /// The file ends within an entry. The entries before it are complete.
    #[error("Bad format in keytab")]
    TornEntry {
        /// The file.
        path: PathBuf,
        /// Where the entry begins.
        offset: u64,
    },
    /// The contents of an entry do not match its length.
    #[error("Bad format in keytab")]
    Format {
        /// The file.
        path: PathBuf,
        /// Where the entry begins.
        offset: u64,
        /// The part that does not fit.
        problem: &'static str,
    },
    /// The path is a directory, a named pipe, a device or the like.
    #[error("Key table file '{}' is not an ordinary file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The error of the file system: permission denied, a full disk, and so on.
    #[error("Key table file '{}': {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: Arc<io::Error>,
    },
    /// An entry does not fit the file format.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl KeytabError {
    /// Whether this is about a damaged entry: the reader goes on to the intact ones behind it.
    pub fn is_of_an_entry(&self) -> bool {
        matches!(self, Self::Format { .. } | Self::TornEntry { .. })
    }

    /// What to tell people besides the message: what exactly was found, and what to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { .. } => "give the path of a keytab, or have the administrator make \
                 one: ktadd -k FILE PRINCIPAL in kadmin"
                .to_owned(),
            Self::NotAFile { path } => {
                format!(
                    "give the path of a keytab file instead of {}",
                    path.display()
                )
            }
            Self::NoKeys { path, others, .. } if !others.is_empty() => {
                format!(
                    "{} has keys of {}: name a principal of the keytab, or add its keys",
                    path.display(),
                    others.join(", ")
                )
            }
            Self::NoKeys { path, .. } | Self::EntryNotFound { path, .. } => {
                format!("list the principals and key types in {}", path.display())
            }
            Self::KvnoNotFound {
                path,
                principal,
                kvno,
            } => format!(
                "{} has keys of {principal}, but none of version {kvno}: the key has been changed; \
                 extract the keytab again",
                path.display()
            ),
            Self::Version { path, found } if found.is_empty() => {
                format!("{} is empty", path.display())
            }
            Self::Version { path, found } => format!(
                "{} begins with {found:02x?}, but a keytab begins with [05, 01] or [05, 02]: check \
                 that it is a keytab",
                path.display()
            ),
            Self::TornEntry { path, offset } => format!(
                "{} ends within the entry at byte {offset}; the entries before it are intact",
                path.display()
            ),
            Self::Format {
                path,
                offset,
                problem,
            } => format!(
                "the entry at byte {offset} of {} is too short for its {problem}",
                path.display()
            ),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "let the user that this program runs as read the keytab, and nobody else".to_owned()
            }
            _ => return None,
        })
    }

    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            _ => Self::Io {
                path,
                source: source.into(),
            },
        }
    }

    pub(crate) fn from_replace(path: &Path, error: ReplaceError) -> Self {
        let path = path.to_owned();
        match error {
            ReplaceError::NotAFile => Self::NotAFile { path },
            // Keytabs are not given away.
            ReplaceError::Sticky => Self::Io {
                path,
                source: io::Error::from(io::ErrorKind::PermissionDenied).into(),
            },
            ReplaceError::Io(source) => Self::Io {
                path,
                source: source.into(),
            },
        }
    }
}

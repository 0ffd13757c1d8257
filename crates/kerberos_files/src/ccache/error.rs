//! `CcacheError`: what can go wrong with a cache, with MIT's texts and a hint for each.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;
use thiserror::Error;

use crate::atomic::ReplaceError;
use crate::ccache::{CcacheKind, CcacheName, CcacheNameError, KcmError};
use crate::wire::{DecodeError, EncodeError};

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
    /// The path is a directory, a named pipe, a device or the like.
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
    /// There is no such KEYRING, KCM or MEMORY cache, or it has no principal.
    #[error("{}", missing(name))]
    Missing {
        /// The cache.
        name: CcacheName,
    },
    /// An entry of a KEYRING or KCM cache, or its principal, is malformed.
    #[error("Bad format in credentials cache")]
    Entry {
        /// The cache.
        name: CcacheName,
        /// What is wrong with it.
        problem: DecodeError,
    },
    /// The directory of a DIR cache is not there and cannot be made.
    #[error("Credential cache directory {} does not exist", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The name of a DIR cache leads to something else.
    #[error("Credential cache directory {} exists but is not a directory", path.display())]
    NotADirectory {
        /// What is no directory.
        path: PathBuf,
    },
    /// The directory of a DIR cache is in a place where anyone may make one, and another user did.
    #[error("Credentials cache permissions incorrect (filename: {})", path.display())]
    ForeignDirectory {
        /// The directory.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
    /// The file is in a place where anyone may make one, and another user did.
    #[error("Credentials cache permissions incorrect (filename: {})", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
    /// The file that names the primary cache of a directory names none.
    #[error("{} contains invalid filename", path.display())]
    Primary {
        /// The file.
        path: PathBuf,
    },
    /// The key that names the primary cache of a keyring collection does not.
    #[error("{}", if *version == 1 { "End of credential cache reached" } else { "Unknown keyring collection version" })]
    PrimaryKey {
        /// The collection.
        name: CcacheName,
        /// The version that it says it has.
        version: u32,
    },
    /// The kernel refuses something about a KEYRING cache.
    #[error("{}", system_text(source))]
    Keyring {
        /// The cache.
        name: CcacheName,
        /// What it said.
        source: Arc<io::Error>,
    },
    /// The daemon of KCM caches does not do what it should.
    #[error(transparent)]
    Kcm(#[from] KcmError),
    /// The name leads to no cache.
    #[error(transparent)]
    Name(#[from] CcacheNameError),
    /// An entry does not fit the file format.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl CcacheError {
    /// Whether there is, for all purposes, no cache: missing, empty, or cut off before its
    /// principal ends. A new one can take its place without loss.
    pub fn is_no_cache(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. } | Self::Empty { .. } | Self::Torn { .. } | Self::Missing { .. }
        )
    }

    /// Whether there is nothing at that name, not even the torn beginning of a cache.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Missing { .. })
    }

    /// The text without the name of the cache, as tools of MIT's have it that report no more than
    /// the number of an error.
    pub fn base_text(&self) -> String {
        let text = self.to_string();
        match self {
            Self::Missing { .. } | Self::NoDirectory { .. } => NO_CACHE.to_owned(),
            Self::NotADirectory { .. } | Self::Primary { .. } => BAD_FORMAT.to_owned(),
            Self::Name(CcacheNameError::NoParent { .. } | CcacheNameError::NoTkt { .. }) => {
                CcacheNameError::Nul.to_string()
            }
            _ => match text.split_once(" (filename: ") {
                Some((base, _)) => base.to_owned(),
                None => text,
            },
        }
    }

    /// What to tell a person beside the message: what exactly was found, and what to do.
    pub fn hint(&self) -> Option<String> {
        const AGAIN: &str = "log in again to replace it";
        Some(match self {
            Self::NotFound { .. } | Self::Missing { .. } | Self::Encode(_) => return None,
            Self::Empty { .. } => {
                format!(
                    "the file is empty or all zeros, perhaps after a crash or on a full disk; {AGAIN}"
                )
            }
            Self::Torn { field, .. } => {
                format!("the file is cut off in its {field}, perhaps after a crash; {AGAIN}")
            }
            Self::TornEntry { offset, field, .. } => format!(
                "the entry at byte {offset} is cut off in its {field}, perhaps after a crash; the \
                 entries before it are intact; {AGAIN}"
            ),
            Self::Format {
                offset, problem, ..
            } => {
                format!("{problem} at byte {offset}; {AGAIN}, or name another file")
            }
            Self::Version { version, .. } => format!(
                "the file begins with {version:#06x}, but a cache begins with 0x0501 to 0x0504: check \
                 that it is a cache"
            ),
            Self::NotAFile { .. } => {
                "it is a directory, a pipe or a device; a cache is an ordinary file".to_owned()
            }
            Self::Permission { source, .. }
            | Self::Io { source, .. }
            | Self::NoDirectory { source, .. } => {
                format!("the system says: {}", system_text(source))
            }
            Self::Entry { problem, .. } => format!("{problem}; {AGAIN}"),
            Self::NotADirectory { .. } => "name a directory, or FILE: and the file".to_owned(),
            Self::ForeignDirectory { owner, .. } => format!(
                "the directory belongs to user {owner}, who could put other tickets there; remove \
                 it, or name another directory"
            ),
            Self::ForeignFile { owner, .. } => format!(
                "the file belongs to user {owner}, and everybody can put files into its directory, so \
                 its tickets may not be yours; have it removed, name another cache, or act as that \
                 user"
            ),
            Self::Primary { .. } => {
                "its first line must name a file in the same directory that begins with tkt; remove \
                 it to make the file tkt the primary cache"
                    .to_owned()
            }
            Self::PrimaryKey { name, .. } => {
                format!("the key krb_ccache:primary of {name} is damaged, or was written by a newer program")
            }
            Self::Keyring { source, .. } => return keyring_hint(source),
            Self::Kcm(error) => return error.hint(),
            Self::Name(error) => return error.hint(),
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

/// What MIT says of a cache that is not there.
fn missing(name: &CcacheName) -> String {
    match name.kind() {
        CcacheKind::Keyring => format!("Credentials cache keyring '{}' not found", name.residual()),
        CcacheKind::Kcm => format!("Credentials cache '{name}' not found"),
        _ => NO_CACHE.to_owned(),
    }
}

fn keyring_hint(error: &io::Error) -> Option<String> {
    Some(match Errno::from_io_error(error)? {
        Errno::DQUOT => {
            "the user's quota of keys is used up: destroy caches, or raise \
             /proc/sys/kernel/keys/maxbytes"
        }
        Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM => {
            "this system does not allow keyrings, as is usual in containers; name another cache, \
             such as FILE:/tmp/krb5cc_1000"
        }
        Errno::KEYREVOKED | Errno::KEYEXPIRED => "the session that the keyring belonged to has ended",
        _ => return None,
    }
    .to_owned())
}

/// What the system said, without Rust's `(os error N)`: as the C library words it.
pub(super) fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

const NO_CACHE: &str = "No credentials cache found";
const BAD_FORMAT: &str = "Bad format in credentials cache";

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

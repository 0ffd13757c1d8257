//! `CcacheError`: the possible errors with a cache, with MIT's texts and a hint for each.

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
/// The text is MIT's, for scripts that match on it. The details are in the fields and in
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
    /// The file is empty or contains only zeros.
    #[error("No credentials cache found (filename: {})", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// Whether it is not an ordinary file, but a device.
        is_device: bool,
    },
    /// The file ends before the end of its default principal.
    #[error("No credentials cache found (filename: {})", path.display())]
    Torn {
        /// The file.
        path: PathBuf,
        /// The field in which it ends.
        field: &'static str,
    },
    /// The file ends within an entry. The entries before it are complete.
    #[error("Bad format in credentials cache (filename: {})", path.display())]
    TornEntry {
        /// The file.
        path: PathBuf,
        /// Where the entry begins.
        offset: u64,
        /// The field in which the file ends.
        field: &'static str,
    },
    /// The file is not a cache, or is damaged.
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
        /// The number at its start.
        version: u16,
    },
    /// The path is a directory, a named pipe, a device or the like.
    #[error("Credentials cache permissions incorrect (filename: {})", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Access is denied.
    #[error("Credentials cache permissions incorrect (filename: {})", path.display())]
    Permission {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: Arc<io::Error>,
    },
    /// The file is to belong to another user, but its folder is sticky and belongs to a third one,
    /// and CAP_FOWNER is missing.
    #[error("Credentials cache permissions incorrect (filename: {})", path.display())]
    Sticky {
        /// The file.
        path: PathBuf,
    },
    /// Any other failure of the file system, such as a full disk.
    #[error("Credentials cache I/O operation failed (filename: {})", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
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
    /// The directory of a DIR cache does not exist and cannot be created.
    #[error("Credential cache directory {} does not exist", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        source: Arc<io::Error>,
    },
    /// The name of a DIR cache refers to something that is not a directory.
    #[error("Credential cache directory {} exists but is not a directory", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The directory of a DIR cache belongs to another user, in a place where anyone may create
    /// one.
    #[error("Credentials cache permissions incorrect (filename: {})", path.display())]
    ForeignDirectory {
        /// The directory.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
    /// The file belongs to another user, in a place where anyone may create one.
    #[error("Credentials cache permissions incorrect (filename: {})", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
    /// The file that names the primary cache of a directory has invalid contents.
    #[error("{} contains invalid filename", path.display())]
    Primary {
        /// The file.
        path: PathBuf,
    },
    /// The key that names the primary cache of a keyring collection has invalid contents.
    #[error("{}", if *version == 1 { "End of credential cache reached" } else { "Unknown keyring collection version" })]
    PrimaryKey {
        /// The collection.
        name: CcacheName,
        /// The version that it states.
        version: u32,
    },
    /// The kernel refuses an operation on a KEYRING cache.
    #[error("{}", system_text(source))]
    Keyring {
        /// The cache.
        name: CcacheName,
        /// The error of the kernel.
        source: Arc<io::Error>,
    },
    /// The KCM daemon does not work as it should.
    #[error(transparent)]
    Kcm(#[from] KcmError),
    /// The name does not refer to a cache.
    #[error(transparent)]
    Name(#[from] CcacheNameError),
    /// An entry does not fit the file format.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl CcacheError {
    /// Whether there is effectively no cache: missing, empty, or cut off before the end of its
    /// principal. A new one can replace it without loss.
    pub fn is_no_cache(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. } | Self::Empty { .. } | Self::Torn { .. } | Self::Missing { .. }
        )
    }

    /// Whether nothing exists under this name, not even an incomplete cache.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Missing { .. })
    }

    /// The text without the name of the cache, as printed by those of MIT's tools that only know
    /// the error number.
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

    /// What to tell people besides the message: what exactly was found, and what to do.
    pub fn hint(&self) -> Option<String> {
        const AGAIN: &str = "log in again to replace it";
        Some(match self {
            Self::NotFound { path } | Self::Io { path, .. } if path.as_os_str().is_empty() => {
                "the name of the cache is empty: perhaps KRB5CCNAME is set, but empty".to_owned()
            }
            Self::NotFound { .. } | Self::Missing { .. } | Self::Encode(_) => return None,
            Self::NotAFile { .. }
            | Self::Empty {
                is_device: true, ..
            } => "it is a directory, a pipe or a device; a cache is an ordinary file".to_owned(),
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
            Self::Sticky { .. } => {
                "its folder is sticky and belongs to another user: giving away files there takes \
                 CAP_FOWNER besides CAP_CHOWN; or use a folder of this user's own"
                    .to_owned()
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

    /// Classifies system errors like MIT's library (interpret_errno in cc_file.c).
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
            ReplaceError::Sticky => Self::Sticky {
                path: path.to_owned(),
            },
            // For a writer, unlike for a reader, a missing folder is an error worth reporting.
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

/// MIT's text for a cache that does not exist.
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

/// The system's message without Rust's `(os error N)`, which is the text of the C library.
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
    fn io_errors_map_to_the_messages_of_mit() {
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

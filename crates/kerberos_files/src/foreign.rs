//! Whether what is at a name may have been planted there by another user.
//!
//! In a place like /tmp, open to all and sticky or not, anyone can make the file or the directory
//! that a default name stands for, `/tmp/krb5cc_1000` for example, before its user does. Tickets in
//! there would have that user log in as somebody else, and a replay cache would forget what it was
//! told. Elsewhere, folders of caches are shared between users on purpose: so are those that are
//! open to all without being sticky, as an `emptyDir` of Kubernetes, where an administrator has
//! named one.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::sys::statfs::{FUSE_SUPER_MAGIC, fstatfs};

/// Whether what another user may have planted is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trust {
    /// A caller named it, which knows whose it is.
    Named,
    /// krb5.conf names it, for all users perhaps.
    Configured,
    /// It is what nobody named, which anybody can foresee.
    Default,
}

impl Trust {
    /// Whether what was opened as `path`, and belongs to user `owner`, is not taken.
    pub(crate) fn refuses(self, path: &Path, owner: u32) -> bool {
        match self {
            Self::Named => false,
            Self::Configured => is_planted_among(path, owner, STICKY | OPEN),
            Self::Default => is_planted(path, owner),
        }
    }
}

/// Whether what was opened as `path`, and belongs to user `owner`, is in a place where everybody
/// may put files, and neither the effective user nor root put it there.
///
/// That holds for root as well, whose default name can be taken as any other.
pub(crate) fn is_planted(path: &Path, owner: u32) -> bool {
    is_planted_among(path, owner, OPEN)
}

/// The same, in a folder whose mode has these bits.
fn is_planted_among(path: &Path, owner: u32, mode: u32) -> bool {
    if owner == 0 || owner == rustix::process::geteuid().as_raw() {
        return false;
    }
    // A link in a folder of ours may lead into such a place.
    let leads_to = fs::canonicalize(path).ok();
    [Some(path), leads_to.as_deref()]
        .into_iter()
        .flatten()
        .any(|path| folder_has(path, mode))
}

/// Whether a user without privileges may have mounted `file`, which was opened as `path`: by FUSE,
/// where that user says who owns the files, and in a place where everybody may have names.
pub(crate) fn may_be_mounted_by_anyone(path: &Path, file: &File) -> bool {
    folder_has(path, OPEN)
        && fstatfs(file).is_ok_and(|system| system.filesystem_type() == FUSE_SUPER_MAGIC)
}

/// Whether the folder that `path` is in has all of these bits of its mode.
fn folder_has(path: &Path, mode: u32) -> bool {
    fs::metadata(folder_of(path)).is_ok_and(|folder| folder.mode() & mode == mode)
}

/// The folder that `path` is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

/// Of a folder's mode: everybody may put files there.
const OPEN: u32 = 0o002;

/// Of a folder's mode: nobody may remove what is another's.
const STICKY: u32 = 0o1000;

//! Detects files that another user may have planted.
//!
//! In a place like /tmp that everyone may write to, sticky or not, anyone can create the file or
//! directory for a default name (for example `/tmp/krb5cc_1000`) before its user does. With planted
//! tickets that user would log in as somebody else, and a planted replay cache could be made to
//! forget what it has seen. Elsewhere, folders with caches are deliberately shared between users.
//! This includes folders that everyone may write to and that are not sticky, such as an `emptyDir`
//! of Kubernetes, if an administrator has named one.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::sys::statfs::{FUSE_SUPER_MAGIC, fstatfs};
use rustix::thread::CapabilitySet;

/// Whether to accept what another user may have planted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trust {
    /// A caller named it, and knows its owner.
    Named,
    /// krb5.conf names it, possibly for all users.
    Configured,
    /// Nobody named it, so it is predictable.
    Default,
}

impl Trust {
    /// Whether to refuse what was opened as `path` and belongs to user `owner`.
    pub(crate) fn refuses(self, path: &Path, owner: u32) -> bool {
        match self {
            Self::Named => false,
            Self::Configured => is_planted_among(path, owner, STICKY | OPEN),
            Self::Default => is_planted(path, owner),
        }
    }
}

/// Whether what was opened as `path` and belongs to user `owner` is in a place where everybody may
/// create files, and belongs neither to the effective user nor to root.
///
/// This applies to root as well, whose default name can be taken like any other.
pub(crate) fn is_planted(path: &Path, owner: u32) -> bool {
    is_planted_among(path, owner, OPEN)
}

/// The same, for folders whose mode has all bits of `mode`.
fn is_planted_among(path: &Path, owner: u32, mode: u32) -> bool {
    if owner == 0 || owner == rustix::process::geteuid().as_raw() {
        return false;
    }
    // A link in one of our folders may refer to such a place.
    let leads_to = fs::canonicalize(path).ok();
    [Some(path), leads_to.as_deref()]
        .into_iter()
        .flatten()
        .any(|path| folder_has(path, mode))
}

/// Whether an unprivileged user may have mounted `file`, which was opened as `path`: with FUSE,
/// where that user controls who seems to own the files, and in a place where everybody may create
/// names.
pub(crate) fn may_be_mounted_by_anyone(path: &Path, file: &File) -> bool {
    folder_has(path, OPEN)
        && fstatfs(file).is_ok_and(|system| system.filesystem_type() == FUSE_SUPER_MAGIC)
}

/// Whether the sticky bit of the folder that contains `path` prevents this process from renaming
/// and removing other users' files there.
pub(crate) fn is_stuck_in_folder(path: &Path) -> bool {
    let Ok(folder) = fs::metadata(folder_of(path)) else {
        return false;
    };
    let is_ours = folder.uid() == rustix::process::geteuid().as_raw();
    folder.mode() & STICKY != 0 && !is_ours && !has_fowner()
}

/// Whether CAP_FOWNER is in effect, or cannot be looked up.
fn has_fowner() -> bool {
    rustix::thread::capabilities(None)
        .map_or(true, |sets| sets.effective.contains(CapabilitySet::FOWNER))
}

/// Whether the mode of the folder that contains `path` has all bits of `mode`.
fn folder_has(path: &Path, mode: u32) -> bool {
    fs::metadata(folder_of(path)).is_ok_and(|folder| folder.mode() & mode == mode)
}

/// The folder that contains `path`.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

/// In a folder's mode: everybody may create files there.
const OPEN: u32 = 0o002;

/// In a folder's mode: nobody may remove another user's files.
const STICKY: u32 = 0o1000;

//! Whether what is at a name may have been planted there by another user.
//!
//! In a place like /tmp, sticky and open to all, anyone can make the file or the directory that a
//! default name stands for, `/tmp/krb5cc_1000` for example, before its user does. Tickets in there
//! would have that user log in as somebody else, and a replay cache would forget what it was told.
//! Elsewhere, folders of caches are shared between users on purpose.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Whether what was opened as `path`, and belongs to user `owner`, is in a place where everybody may
/// put files, and neither the effective user nor root put it there.
///
/// That holds for root as well, whose default name can be taken as any other.
pub(crate) fn is_planted(path: &Path, owner: u32) -> bool {
    if owner == 0 || owner == rustix::process::geteuid().as_raw() {
        return false;
    }
    // A link in a folder of ours may lead into such a place.
    let leads_to = fs::canonicalize(path).ok();
    let anyone_may = |folder: Metadata| folder.mode() & 0o1002 == 0o1002;
    [Some(path), leads_to.as_deref()]
        .into_iter()
        .flatten()
        .any(|path| fs::metadata(parent(path)).is_ok_and(anyone_may))
}

/// The folder that `path` is in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

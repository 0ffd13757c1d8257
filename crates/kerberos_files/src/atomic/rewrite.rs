//! Rewriting a file in place if it cannot be replaced.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FallocateFlags, OFlags};

use super::{Content, Durability, close, is_of_mount_point};
use crate::{foreign, lock};

/// Rewrites the file in place. If that is not allowed either, the error is `refusal`, the reason
/// why it could not be replaced.
pub(super) fn rewrite(path: &Path, content: &Content<'_>, refusal: io::Error) -> io::Result<()> {
    let opened = OpenOptions::new()
        .write(true)
        // If it has been replaced by a pipe meanwhile, we must not wait for a reader.
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path);
    let Ok(file) = opened else {
        return Err(refusal);
    };
    let metadata = file.metadata()?;
    let mount_point = is_of_mount_point(&refusal);
    let euid = rustix::process::geteuid();
    let ours = metadata.uid() == euid.as_raw() || (mount_point && euid.is_root());
    // Another name of the file may be a backup, which must not change. Or the name may have been
    // planted, so that we overwrite the other file.
    let only_name = mount_point || metadata.nlink() == 1;
    let planted = mount_point && foreign::may_be_mounted_by_anyone(path, &file);
    if !metadata.is_file() || !ours || !only_name || planted {
        return Err(refusal);
    }
    lock::lock_exclusive(&file)?;
    content.access.apply(&file)?;
    let bytes = content.bytes;
    // A full disk is detected here, while the old contents are still intact.
    match rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, 0, bytes.len() as u64) {
        Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        Err(errno) => return Err(errno.into()),
    }
    let (first, rest) = bytes.split_at_checked(2).unwrap_or((bytes, &[]));
    file.write_all_at(&[0, 0], 0)?;
    file.write_all_at(rest, 2)?;
    file.set_len(bytes.len() as u64)?;
    if content.durability == Durability::Synced {
        file.sync_data()?;
    }
    file.write_all_at(first, 0)?;
    if content.durability == Durability::Synced {
        file.sync_all()?;
    }
    close(file)
}

//! Replacing a whole file: written beside its destination, then renamed, so that readers (and a
//! crash) see either the old contents or the new, never a part.
//!
//! Sometimes a file cannot be replaced by renaming: a single file mounted into a container, or a
//! file of ours in a folder that we may not write to. Such a file is rewritten in place under an
//! exclusive lock. Its first two bytes are zero until the rest is written, so that an incomplete
//! file is not mistaken for a complete one. This is done only if the file is regular, is not a
//! symbolic link, has no other name and belongs to the effective user. At a mount point, other
//! names do not matter, and root may rewrite files of any owner. But an ordinary user can create a
//! mount point with FUSE, and then controls who seems to own the files in it, so those are not
//! written to in folders that everyone may write to.

mod rewrite;
mod temporary;

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use thiserror::Error;

use crate::foreign;
use rewrite::rewrite;
use temporary::Temporary;
pub(crate) use temporary::random_letters;
pub use temporary::remove_leftovers;

/// Whether to wait until the file is on the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// A power cut may destroy both the new contents and the old.
    Volatile,
    /// When the call returns, the file and its folder are on the disk.
    Synced,
}

/// Why a file could not be replaced. The old contents are then unchanged, unless the file had to be
/// rewritten in place and the disk itself failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// The name refers to a directory, a device or the like.
    #[error("not an ordinary file")]
    NotAFile,
    /// The file is to belong to another user, but its folder is sticky: there, only the owner of
    /// the file or of the folder, or a process with CAP_FOWNER, may rename a file into place.
    #[error("a file given to another user cannot be renamed in this sticky folder")]
    Sticky,
    /// The error of the file system.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The owner and permissions that a file should get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// The permission bits, regardless of the umask.
    pub mode: u32,
    /// The owner's user id; `None` for that of this process. Giving a file away requires
    /// privileges.
    pub owner: Option<u32>,
    /// The group id; `None` for the group that the file system chooses.
    pub group: Option<u32>,
}

/// Readable and writable only by the owner, who is this process's user.
impl Default for Access {
    fn default() -> Self {
        Self {
            mode: 0o600,
            owner: None,
            group: None,
        }
    }
}

impl Access {
    /// Changes only what differs, because some file systems, such as vfat, refuse all changes.
    ///
    /// The group is set before the mode, otherwise a member of the wrong group could open the file
    /// in between and read what is written later. The owner is set last, because a file that was
    /// given away can no longer be changed without further privileges.
    fn apply(&self, file: &File) -> io::Result<()> {
        let metadata = file.metadata()?;
        let group = self.group.filter(|group| *group != metadata.gid());
        let owner = self.owner.filter(|owner| *owner != metadata.uid());
        if group.is_some() {
            fchown(file, None, group)?;
        }
        // The umask may have removed bits from the mode when the file was created; so may a change
        // of the group.
        if metadata.mode() & 0o7777 != self.mode || group.is_some() {
            file.set_permissions(PermissionsExt::from_mode(self.mode))?;
        }
        if owner.is_some() {
            fchown(file, owner, None)?;
        }
        Ok(())
    }

    /// Whether a file of this process's will belong to another user.
    fn gives_away(&self) -> bool {
        let euid = rustix::process::geteuid().as_raw();
        self.owner.is_some_and(|owner| owner != euid)
    }
}

/// Replaces the contents of `path` with `contents`, and sets the rights in `access`.
///
/// A symbolic link at `path` is replaced, not followed.
///
/// # Errors
/// [`ReplaceError`]; the temporary file is then removed, or at least emptied.
pub fn replace(
    path: &Path,
    contents: &[u8],
    durability: Durability,
    access: &Access,
) -> Result<(), ReplaceError> {
    refuse_special(path)?;
    let new = Content {
        bytes: contents,
        durability,
        access,
    };
    let temporary = match Temporary::create(path) {
        Ok(temporary) => temporary,
        Err(error) if is_refusal(&error) => return Ok(rewrite(path, &new, error)?),
        Err(error) => return Err(error.into()),
    };
    if access.gives_away() && foreign::is_stuck_in_folder(path) {
        return Err(ReplaceError::Sticky);
    }
    let folder = Folder::of(path, durability)?;
    let temporary = temporary.write(&new)?;
    match std::fs::rename(&temporary.path, path) {
        Ok(()) => temporary.keep(),
        // Rewriting would give away the file at `path`, and no later replacement would succeed.
        Err(error) if access.gives_away() && is_not_permitted(&error) => {
            return Err(ReplaceError::Sticky);
        }
        Err(error) if is_refusal(&error) || is_of_mount_point(&error) => {
            drop(temporary);
            return Ok(rewrite(path, &new, error)?);
        }
        Err(error) => return Err(error.into()),
    }
    folder.sync()?;
    Ok(())
}

/// The same as [`replace`], but only if nothing exists at `path`; otherwise returns `false` and
/// changes nothing.
///
/// # Errors
/// [`ReplaceError`].
pub fn create(path: &Path, contents: &[u8], durability: Durability) -> Result<bool, ReplaceError> {
    let folder = Folder::of(path, durability)?;
    let new = Content {
        bytes: contents,
        durability,
        access: &Access::default(),
    };
    let temporary = Temporary::create(path)?.write(&new)?;
    match rustix::fs::renameat_with(CWD, &temporary.path, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => temporary.keep(),
        Err(Errno::EXIST) => return Ok(false),
        // Some file systems do not support this rename. Hard links replace nothing either.
        Err(_) => match std::fs::hard_link(&temporary.path, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            // File systems of memory cards support neither. There, the only way is to create the
            // file under its final name.
            Err(_) => match Temporary::at(path.to_owned()) {
                Ok(file) => file.write(&new)?.keep(),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
                Err(error) => return Err(error.into()),
            },
        },
    }
    folder.sync()?;
    Ok(true)
}

/// The new contents of a file.
struct Content<'a> {
    bytes: &'a [u8],
    durability: Durability,
    access: &'a Access,
}

/// Closes a file that was written to. Network file systems may report only now that there is no
/// space for it.
///
/// # Errors
/// The error of the file system.
pub(crate) fn close(file: File) -> io::Result<()> {
    Ok(nix::unistd::close(file)?)
}

/// Refuses a `path` whose file a rename would destroy, or would replace uselessly.
fn refuse_special(path: &Path) -> Result<(), ReplaceError> {
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    // /dev/stdout and similar names are symbolic links.
    let device_link =
        metadata.is_symlink() && path.starts_with("/dev") && !path.starts_with("/dev/shm");
    if device_link || !(metadata.is_file() || metadata.is_symlink()) {
        return Err(ReplaceError::NotAFile);
    }
    Ok(())
}

/// Whether the folder, and not the file or the disk, prevents the change.
fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::CrossesDevices
    )
}

/// Whether the folder is sticky; a folder that may not be written to is reported differently.
fn is_not_permitted(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::PERM)
}

/// Whether the file could not be replaced because it is a mount point.
fn is_of_mount_point(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}

/// The folder of a file that is about to change. It is opened before the change, so that a failure
/// occurs while nothing has happened yet.
struct Folder(Option<File>);

impl Folder {
    fn of(path: &Path, durability: Durability) -> io::Result<Self> {
        if durability == Durability::Volatile {
            return Ok(Self(None));
        }
        match File::open(foreign::folder_of(path)) {
            Ok(folder) => Ok(Self(Some(folder))),
            // The folder may be writable but not readable. Then it is impossible to wait for it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    fn sync(self) -> io::Result<()> {
        match self.0.map_or(Ok(()), |folder| folder.sync_all()) {
            // File systems that do not support this.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Ok(())
            }
            synced => synced,
        }
    }
}

#[cfg(test)]
mod tests;

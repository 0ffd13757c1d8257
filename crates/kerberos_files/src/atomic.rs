//! Putting a whole file in place: written beside its name, then renamed, so that a reader and a
//! crash see the old contents or the new, never a part.
//!
//! A name can lead where renaming cannot: a single file mounted into a container, or a file of ours
//! in a folder that we may not write to. Such a file is rewritten in place under an exclusive lock,
//! with its first two bytes zero until the rest is there, so that a torn one does not pass for a
//! whole one. That is done only if the file is regular, is no symbolic link, has no other name and
//! belongs to the effective user; for a mount point root may too, and other names do not count. An
//! ordinary user can plant a mount point by FUSE alone, and says who owns the files in it: in a
//! folder that is open to all those are not written to.

mod rewrite;
mod temporary;

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags};
use thiserror::Error;

use crate::foreign;
use rewrite::rewrite;
use temporary::Temporary;
pub(crate) use temporary::random_letters;
pub use temporary::remove_leftovers;

/// Whether to wait until the disk has the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// A power cut may take the new contents, and the old with them.
    Volatile,
    /// When the call returns, the file and its folder are on the disk.
    Synced,
}

/// Why a file could not be put in place; whatever was there before still is, unless the file had to
/// be rewritten in place and the disk itself failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// The name leads to a directory, a device or the like.
    #[error("not an ordinary file")]
    NotAFile,
    /// The file system's answer.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The owner that a file is to have, and who may read it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// The permission bits, whatever the umask.
    pub mode: u32,
    /// The owner's user id; `None` for that of this process. To give a file away takes privilege.
    pub owner: Option<u32>,
    /// The group's id; `None` for what the file system makes it.
    pub group: Option<u32>,
}

/// Readable and writable by the owner, this process's user, only.
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
    /// Changes what is not so yet, for some file systems refuse every change, vfat for one.
    ///
    /// The group comes before the mode, or a member of the wrong one could open the file in between
    /// and read what is written later. The owner comes last, because what is given away cannot be
    /// changed any more without further privilege.
    fn apply(&self, file: &File) -> io::Result<()> {
        let metadata = file.metadata()?;
        let group = self.group.filter(|group| *group != metadata.gid());
        let owner = self.owner.filter(|owner| *owner != metadata.uid());
        if group.is_some() {
            fchown(file, None, group)?;
        }
        // A umask can take from the mode that the file was created with; a change of the group,
        // too.
        if metadata.mode() & 0o7777 != self.mode || group.is_some() {
            file.set_permissions(PermissionsExt::from_mode(self.mode))?;
        }
        if owner.is_some() {
            fchown(file, owner, None)?;
        }
        Ok(())
    }
}

/// Makes `contents` the contents of `path`, with the rights that `access` says.
///
/// A symbolic link at `path` is replaced and not followed.
///
/// # Errors
/// [`ReplaceError`]; the temporary file is gone then.
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
    let folder = Folder::of(path, durability)?;
    let temporary = temporary.write(&new)?;
    match std::fs::rename(&temporary.path, path) {
        Ok(()) => temporary.keep(),
        Err(error) if is_refusal(&error) || is_of_mount_point(&error) => {
            drop(temporary);
            return Ok(rewrite(path, &new, error)?);
        }
        Err(error) => return Err(error.into()),
    }
    folder.sync()?;
    Ok(())
}

/// As [`replace`], if nothing is at `path` yet; else `false` and nothing is done.
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
        Err(rustix::io::Errno::EXIST) => return Ok(false),
        // Some file systems know no such rename, and have links instead: those replace nothing.
        Err(_) => match std::fs::hard_link(&temporary.path, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            // Those of memory cards have neither: there only the name itself can be new.
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

/// What a file is to become.
struct Content<'a> {
    bytes: &'a [u8],
    durability: Durability,
    access: &'a Access,
}

/// Closes a file that was written to. File systems of other machines may say only now that there is
/// no room for it.
///
/// # Errors
/// The file system's answer.
pub(crate) fn close(file: File) -> io::Result<()> {
    Ok(nix::unistd::close(file)?)
}

/// Whether `path` is something that a rename would destroy, or replace for no good.
fn refuse_special(path: &Path) -> Result<(), ReplaceError> {
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    // /dev/stdout and its like are symbolic links.
    let device_link =
        metadata.is_symlink() && path.starts_with("/dev") && !path.starts_with("/dev/shm");
    if device_link || !(metadata.is_file() || metadata.is_symlink()) {
        return Err(ReplaceError::NotAFile);
    }
    Ok(())
}

/// Whether the folder, rather than the file or the disk, is what stands in the way.
fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::CrossesDevices
    )
}

/// Whether the file could not be renamed over because something is mounted there.
fn is_of_mount_point(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}

/// The folder of a file that is about to change, opened before that, so that a failure comes while
/// nothing has happened.
struct Folder(Option<File>);

impl Folder {
    fn of(path: &Path, durability: Durability) -> io::Result<Self> {
        if durability == Durability::Volatile {
            return Ok(Self(None));
        }
        match File::open(foreign::folder_of(path)) {
            Ok(folder) => Ok(Self(Some(folder))),
            // One may write to it without reading it; then nobody can wait for it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    fn sync(self) -> io::Result<()> {
        match self.0.map_or(Ok(()), |folder| folder.sync_all()) {
            // File systems that know no such thing.
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

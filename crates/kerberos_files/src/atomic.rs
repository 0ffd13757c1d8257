//! Putting a whole file in place: written beside its name, then renamed, so that a reader and a
//! crash see the old contents or the new, never a part.
//!
//! A name can lead where renaming cannot: a single file mounted into a container, or a file of
//! ours in a folder that we may not write to. Such a file is rewritten in place under an exclusive
//! lock, with its first two bytes zero until the rest is there, so that a torn one does not pass
//! for a whole one. That is done only if the file is regular, is no symbolic link, has no other name
//! and belongs to the effective user; for a mount point root may too, and other names do not count.
//! An ordinary user can plant a mount point by FUSE alone, whose files belong to whom he says: in a
//! folder that is open to all those are not written to.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FallocateFlags, OFlags, RenameFlags};
use thiserror::Error;

use crate::{foreign, lock};

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

/// Whose a file is to be, and who may read it.
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
        // A umask can take from the mode that the file was created with; a change of the group, too.
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
    let temporary = match Temporary::create(path) {
        Ok(temporary) => temporary,
        Err(error) if is_refusal(&error) => {
            return Ok(rewrite(path, contents, durability, access, false, error)?);
        }
        Err(error) => return Err(error.into()),
    };
    let folder = Folder::of(path, durability)?;
    let temporary = temporary.write(contents, durability, access)?;
    match std::fs::rename(&temporary.path, path) {
        Ok(()) => temporary.keep(),
        Err(error) => {
            let mount_point = error.kind() == io::ErrorKind::ResourceBusy;
            if !mount_point && !is_refusal(&error) {
                return Err(error.into());
            }
            drop(temporary);
            return Ok(rewrite(
                path,
                contents,
                durability,
                access,
                mount_point,
                error,
            )?);
        }
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
    let access = Access::default();
    let temporary = Temporary::create(path)?.write(contents, durability, &access)?;
    match rustix::fs::renameat_with(CWD, &temporary.path, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => temporary.keep(),
        Err(rustix::io::Errno::EXIST) => return Ok(false),
        // Some file systems know no such rename, and have links instead: those replace nothing.
        Err(_) => match std::fs::hard_link(&temporary.path, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            // Those of memory cards have neither: there only the name itself can be new.
            Err(_) => match Temporary::at(path.to_owned()) {
                Ok(new) => new.write(contents, durability, &access)?.keep(),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
                Err(error) => return Err(error.into()),
            },
        },
    }
    folder.sync()?;
    Ok(true)
}

/// Removes what processes that were killed while they replaced `path` left beside it: files with the
/// names of [`replace`]'s temporary ones, not written to for `age`. Returns how many those were.
///
/// # Errors
/// When the folder cannot be read; a file that cannot be removed is left alone.
pub fn remove_leftovers(path: &Path, age: Duration) -> io::Result<usize> {
    let Some(name) = path.file_name() else {
        return Ok(0);
    };
    let is_leftover = |entry: &DirEntry| {
        let other = entry.file_name();
        let named_so = destination(other.as_encoded_bytes()) == Some(stem(name));
        let is_old = |metadata: Metadata| {
            let modified = metadata.modified().ok()?;
            let since = SystemTime::now().duration_since(modified).ok()?;
            Some(metadata.is_file() && since >= age)
        };
        named_so && entry.metadata().ok().and_then(is_old) == Some(true)
    };
    let leftovers = std::fs::read_dir(foreign::folder_of(path))?
        .flatten()
        .filter(is_leftover);
    Ok(leftovers
        .filter(|entry| std::fs::remove_file(entry.path()).is_ok())
        .count())
}

/// The new file beside its destination, empty; removed on drop unless it is written and kept.
struct Temporary {
    file: File,
    path: Unkept,
}

/// A file that is removed on drop unless kept.
struct Unkept {
    path: PathBuf,
    kept: bool,
}

impl Temporary {
    fn create(destination: &Path) -> io::Result<Self> {
        for _ in 0..100 {
            let name = destination.file_name();
            let path = destination.with_file_name(temporary_name(name.unwrap_or_default()));
            match Self::at(path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return created,
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn at(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .mode(0o600)
            .open(&path)?;
        let path = Unkept { path, kept: false };
        Ok(Self { file, path })
    }

    fn write(self, contents: &[u8], durability: Durability, access: &Access) -> io::Result<Unkept> {
        access.apply(&self.file)?;
        (&self.file).write_all(contents)?;
        if durability == Durability::Synced {
            self.file.sync_all()?;
        }
        close(self.file)?;
        Ok(self.path)
    }
}

impl Unkept {
    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Unkept {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing better can be done about a failure here.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Closes a file that was written to. File systems of other machines may say only now that there is no
/// room for it.
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

/// Rewrites the file in place; `refusal`, why it could not be replaced, is the error if that may
/// not be done either.
fn rewrite(
    path: &Path,
    contents: &[u8],
    durability: Durability,
    access: &Access,
    mount_point: bool,
    refusal: io::Error,
) -> io::Result<()> {
    let opened = OpenOptions::new()
        .write(true)
        // A pipe put there meanwhile is not to keep us waiting for its reader.
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path);
    let Ok(file) = opened else {
        return Err(refusal);
    };
    let metadata = file.metadata()?;
    let euid = rustix::process::geteuid();
    let ours = metadata.uid() == euid.as_raw() || (mount_point && euid.is_root());
    // Another name of the file is in somebody's way, as a backup's, or was put here for us to write
    // over what it is the name of.
    let only_name = mount_point || metadata.nlink() == 1;
    let planted = mount_point && foreign::may_be_mounted_by_anyone(path, &file);
    if !metadata.is_file() || !ours || !only_name || planted {
        return Err(refusal);
    }
    lock::lock_exclusive(&file)?;
    access.apply(&file)?;
    // A full disk shows here, while the old contents are still whole.
    match rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, 0, contents.len() as u64) {
        Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        Err(errno) => return Err(errno.into()),
    }
    let (first, rest) = contents.split_at_checked(2).unwrap_or((contents, &[]));
    file.write_all_at(&[0, 0], 0)?;
    file.write_all_at(rest, 2)?;
    file.set_len(contents.len() as u64)?;
    if durability == Durability::Synced {
        file.sync_data()?;
    }
    file.write_all_at(first, 0)?;
    if durability == Durability::Synced {
        file.sync_all()?;
    }
    close(file)
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

/// What the new file for `name` is called. The dot hides it from whoever takes every file of a folder
/// whose name begins in some way, as those of a DIR collection do.
fn temporary_name(name: &OsStr) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(OsStr::from_bytes(stem(name)));
    temporary.push(".");
    temporary.push(random_letters(LETTERS_OF_TEMPORARY));
    temporary
}

/// As much of `name` as leaves room for the rest of a temporary one.
fn stem(name: &OsStr) -> &[u8] {
    let bytes = name.as_bytes();
    bytes.get(..LONGEST_STEM).unwrap_or(bytes)
}

/// The stem of the name of the file that the one called `temporary` was to replace, if it is called as
/// such files are.
fn destination(temporary: &[u8]) -> Option<&[u8]> {
    let hidden = temporary.strip_prefix(b".")?;
    let (rest, letters) = hidden.split_last_chunk::<LETTERS_OF_TEMPORARY>()?;
    let are_ours = letters.iter().all(|letter| LETTERS.contains(letter));
    rest.strip_suffix(b".").filter(|_| are_ours)
}

/// So many that nobody has a file of such a name for another reason.
const LETTERS_OF_TEMPORARY: usize = 12;

/// Two dots and the letters go beside it, and a name has 255 bytes at most (`NAME_MAX`).
const LONGEST_STEM: usize = 255 - 2 - LETTERS_OF_TEMPORARY;

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Up to twelve letters that no one can guess; `O_EXCL` does the rest.
pub(crate) fn random_letters(count: usize) -> String {
    // Each RandomState has keys of its own, seeded by the system's randomness.
    let mut bits = RandomState::new().hash_one(std::process::id());
    (0..count)
        .map(|_| {
            let letter = LETTERS.get(usize::try_from(bits % 32).unwrap_or(0));
            bits /= 32;
            char::from(*letter.unwrap_or(&b'A'))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use test_support::TempDir;

    use super::*;

    /// Its temporary name would be too long.
    #[test]
    fn the_longest_name_that_there_is() {
        let folder = TempDir::new();
        let path = folder.join("n".repeat(255));
        let access = Access::default();
        for contents in [b"first", b"other"] {
            replace(&path, contents, Durability::Volatile, &access).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), contents);
        }
        let left = folder.join(temporary_name(path.file_name().unwrap()));
        std::fs::write(&left, "").unwrap();
        assert_eq!(remove_leftovers(&path, Duration::ZERO).unwrap(), 1);
        assert!(!left.exists());
    }

    #[test]
    #[cfg_attr(miri, ignore = "a system call that miri lacks")]
    fn what_is_created_is_synced_private_and_replaces_nothing() {
        let folder = TempDir::new();
        let path = folder.join("file");
        assert!(create(&path, b"first", Durability::Synced).unwrap());
        assert!(!create(&path, b"second", Durability::Synced).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        let access = Access {
            mode: 0o640,
            ..Access::default()
        };
        replace(&path, b"third", Durability::Synced, &access).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"third");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(folder.names(), ["file"]);
    }

    #[test]
    fn only_what_was_left_of_a_replacement_is_removed() {
        let folder = TempDir::new();
        let path = folder.join("cc");
        let names = [
            "cc",
            "cc.ABCDEFGHIJKL",
            ".cc.BACKUP",
            ".cc.abcdefghijkl",
            ".dd.ABCDEFGHIJKL",
        ];
        for name in names.iter().chain(&[".cc.ABCDEFGHIJKL"]) {
            folder.write(name, "");
        }
        assert_eq!(
            remove_leftovers(&path, Duration::from_secs(60)).unwrap(),
            0,
            "it may be somebody's who is at it"
        );
        assert_eq!(remove_leftovers(&path, Duration::ZERO).unwrap(), 1);
        assert!(names.iter().all(|name| folder.join(name).exists()));
        std::mem::forget(Temporary::create(&path).unwrap().path);
        assert_eq!(remove_leftovers(&path, Duration::ZERO).unwrap(), 1);
    }

    #[test]
    #[cfg_attr(miri, ignore = "a system call that miri lacks")]
    fn a_rewrite_in_place_shrinks_grows_and_follows_no_link() {
        let folder = TempDir::new();
        let path = folder.write("file", "what was there before");
        let refusal = || io::Error::from(io::ErrorKind::PermissionDenied);
        for contents in [&b"short"[..], b"longer than what was there before", b"x"] {
            let access = Access::default();
            rewrite(
                &path,
                contents,
                Durability::Synced,
                &access,
                false,
                refusal(),
            )
            .unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), contents);
        }
        let link = folder.join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let access = Access::default();
        let error =
            rewrite(&link, b"y", Durability::Volatile, &access, false, refusal()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
        std::fs::remove_file(&link).unwrap();
        // Nor is a file written that has another name, unless it is mounted here.
        std::fs::hard_link(&path, &link).unwrap();
        let write = |mount_point| {
            let access = Access::default();
            let durability = Durability::Volatile;
            rewrite(&link, b"y", durability, &access, mount_point, refusal())
        };
        let error = write(false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
        write(true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"y");
    }
}

//! The temporary file beside the destination: its name, and its removal.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;

use super::{Content, Durability, close};
use crate::foreign;

/// Removes files that killed processes left beside `path` while replacing it: files with the names
/// of [`replace`](super::replace)'s temporary files that have not been written to for `age`.
/// Returns the number of files removed.
///
/// # Errors
/// When the folder cannot be read. A file that cannot be removed is skipped.
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

/// The temporary file beside the destination. It starts empty, and is removed on drop unless it is
/// written and kept.
pub(super) struct Temporary {
    file: File,
    pub(super) path: Unkept,
}

/// A file that is removed on drop unless it is kept.
pub(super) struct Unkept {
    pub(super) path: PathBuf,
    kept: bool,
    /// The file, if it was given to another user: we may then be unable to remove or open it.
    given_away: Option<File>,
}

impl Temporary {
    pub(super) fn create(destination: &Path) -> io::Result<Self> {
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

    pub(super) fn at(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .mode(0o600)
            .open(&path)?;
        let path = Unkept {
            path,
            kept: false,
            given_away: None,
        };
        Ok(Self { file, path })
    }

    pub(super) fn write(mut self, content: &Content<'_>) -> io::Result<Unkept> {
        if content.access.gives_away() {
            self.path.given_away = Some(self.file.try_clone()?);
        }
        content.access.apply(&self.file)?;
        (&self.file).write_all(content.bytes)?;
        if content.durability == Durability::Synced {
            self.file.sync_all()?;
        }
        close(self.file)?;
        Ok(self.path)
    }
}

impl Unkept {
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Unkept {
    fn drop(&mut self) {
        if self.kept || std::fs::remove_file(&self.path).is_ok() {
            return;
        }
        // Nothing can be done about a failure here.
        if let Some(file) = &self.given_away {
            let _ = file.set_len(0);
        }
    }
}

/// The name of the temporary file for `name`. The dot hides it from programs that take all files in
/// a folder with a certain prefix, as for a DIR collection.
pub(super) fn temporary_name(name: &OsStr) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(OsStr::from_bytes(stem(name)));
    temporary.push(".");
    temporary.push(random_letters(LETTERS_OF_TEMPORARY));
    temporary
}

/// As much of `name` as leaves room for the rest of a temporary name.
fn stem(name: &OsStr) -> &[u8] {
    let bytes = name.as_bytes();
    bytes.get(..LONGEST_STEM).unwrap_or(bytes)
}

/// The stem of the destination's name, if `temporary` has the form of a temporary name.
fn destination(temporary: &[u8]) -> Option<&[u8]> {
    let hidden = temporary.strip_prefix(b".")?;
    let (rest, letters) = hidden.split_last_chunk::<LETTERS_OF_TEMPORARY>()?;
    let are_ours = letters.iter().all(|letter| LETTERS.contains(letter));
    rest.strip_suffix(b".").filter(|_| are_ours)
}

/// Enough letters that no other file has a name of this form.
const LETTERS_OF_TEMPORARY: usize = 12;

/// Two dots and the letters are added, and a name has at most 255 bytes (`NAME_MAX`).
const LONGEST_STEM: usize = 255 - 2 - LETTERS_OF_TEMPORARY;

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Up to twelve letters that nobody can guess; `O_EXCL` does the rest.
pub(crate) fn random_letters(count: usize) -> String {
    // Each RandomState has its own keys, seeded by the system's random source.
    let mut bits = RandomState::new().hash_one(std::process::id());
    (0..count)
        .map(|_| {
            let letter = LETTERS.get(usize::try_from(bits % 32).unwrap_or(0));
            bits /= 32;
            char::from(*letter.unwrap_or(&b'A'))
        })
        .collect()
}

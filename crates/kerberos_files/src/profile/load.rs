//! `Loader`: where the parser gets files and folders from, and `FsLoader`, the file system.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::MAX_TEXT;
use crate::open;

/// Resolves the names that a profile is made of.
pub trait Loader {
    /// The file or folder at `path`.
    ///
    /// # Errors
    /// Whatever the system says. `NotFound` and `PermissionDenied` let a list of files go on with
    /// the next one.
    fn open(&mut self, path: &Path) -> io::Result<Source>;

    /// What another file includes, or has in its folder; by default as any other.
    ///
    /// # Errors
    /// As [`open`](Self::open); any of them ends the parsing.
    fn open_included(&mut self, path: &Path) -> io::Result<Source> {
        self.open(path)
    }
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Source {
    /// The bytes of a file.
    File(Vec<u8>),
    /// The names in a folder, in any order.
    Directory(Vec<String>),
}

/// The file system. Files larger than [`MAX_TEXT`] are an error, endless ones too.
#[derive(Clone, Copy, Debug, Default)]
pub struct FsLoader;

impl Loader for FsLoader {
    /// A pipe is read to its end, as in `KRB5_CONFIG=<(command)`, unless nobody writes to it.
    fn open(&mut self, path: &Path) -> io::Result<Source> {
        let file = open_without_waiting(path)?;
        let kind = file.metadata()?.file_type();
        let mut start = Vec::new();
        if kind.is_fifo() {
            start = first_of_pipe(&file)?;
        }
        if !kind.is_file() && !kind.is_dir() {
            open::wait_to_read(&file)?;
        }
        source(path, file, start)
    }

    fn open_included(&mut self, path: &Path) -> io::Result<Source> {
        let file = open_without_waiting(path)?;
        if file.metadata()?.file_type().is_fifo() {
            let reason = "it is a pipe; only files are included";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        source(path, file, Vec::new())
    }
}

/// Opening a named pipe would wait until a program opens it for writing, for ever if none does.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
        .open(path)
}

/// What a pipe has at once. A program that waits for its reader counts as a writer already.
fn first_of_pipe(mut pipe: &File) -> io::Result<Vec<u8>> {
    let mut start = vec![0; 4096];
    match pipe.read(&mut start) {
        Ok(0) if !open::has_no_name(pipe) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a pipe that nobody writes to",
        )),
        Ok(length) => {
            start.truncate(length);
            Ok(start)
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What is in `file`, after `start`.
fn source(path: &Path, file: File, start: Vec<u8>) -> io::Result<Source> {
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            // A name that is no UTF-8 cannot satisfy the rule for names.
            names.extend(entry?.file_name().into_string().ok());
        }
        return Ok(Source::Directory(names));
    }
    let limit = MAX_TEXT + 1;
    let expected = usize::try_from(metadata.len()).unwrap_or(limit).min(limit);
    let mut bytes = start;
    bytes.reserve_exact(expected + 1);
    file.take(u64::try_from(limit).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)?;
    Ok(Source::File(bytes))
}

/// Knows no file at all.
pub(super) struct NoLoader;

impl Loader for NoLoader {
    fn open(&mut self, _path: &Path) -> io::Result<Source> {
        Err(io::ErrorKind::NotFound.into())
    }
}

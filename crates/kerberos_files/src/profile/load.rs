//! `Loader`: the source of files and folders for the parser, and `FsLoader`, the file system.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::MAX_TEXT;
use crate::open;

/// Returns the contents of the files and folders of a profile.
pub trait Loader {
    /// The file or folder at `path`.
    ///
    /// # Errors
    /// Any error of the system. For `NotFound` and `PermissionDenied`, a list of files continues
    /// with the next one.
    fn open(&mut self, path: &Path) -> io::Result<Source>;

    /// Opens what another file includes, or what is in an included folder; by default like any
    /// other.
    ///
    /// # Errors
    /// The same as [`open`](Self::open). Any error ends the parsing.
    fn open_included(&mut self, path: &Path) -> io::Result<Source> {
        self.open(path)
    }
}

/// The contents of a file or folder.
#[derive(Clone, Debug)]
pub enum Source {
    /// The bytes of a file.
    File(Vec<u8>),
    /// The names in a folder, in any order.
    Directory(Vec<String>),
}

/// The file system. Files larger than [`MAX_TEXT`], including endless ones, are an error.
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

/// Opening a named pipe normally waits until a program opens it for writing, possibly forever.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
        .open(path)
}

/// What a pipe contains now. A program that waits for its reader already counts as a writer.
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

/// The contents of `file` after `start`.
fn source(path: &Path, file: File, start: Vec<u8>) -> io::Result<Source> {
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            // A name that is not UTF-8 cannot satisfy the rule for names.
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

/// A loader without any files.
pub(super) struct NoLoader;

impl Loader for NoLoader {
    fn open(&mut self, _path: &Path) -> io::Result<Source> {
        Err(io::ErrorKind::NotFound.into())
    }
}

//! `Loader`: where the parser gets files and folders from, and `FsLoader`, the file system.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::MAX_TEXT;

/// Resolves the names that a profile is made of.
pub trait Loader {
    /// The file or folder at `path`.
    ///
    /// # Errors
    /// Whatever the system says. `NotFound` and `PermissionDenied` let a list of files go on with
    /// the next one.
    fn open(&mut self, path: &Path) -> io::Result<Source>;
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
    fn open(&mut self, path: &Path) -> io::Result<Source> {
        let file = File::open(path)?;
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
        let mut bytes = Vec::with_capacity(expected + 1);
        file.take(u64::try_from(limit).unwrap_or(u64::MAX))
            .read_to_end(&mut bytes)?;
        Ok(Source::File(bytes))
    }
}

/// Knows no file at all.
pub(super) struct NoLoader;

impl Loader for NoLoader {
    fn open(&mut self, _path: &Path) -> io::Result<Source> {
        Err(io::ErrorKind::NotFound.into())
    }
}

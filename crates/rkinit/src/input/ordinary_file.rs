//! Opens a file that somebody may have replaced by something other than a regular file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens the file at `path` for reading; `None` if it is not a regular file. This never blocks, not
/// even on a pipe without a writer.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    let is_ordinary = file.metadata()?.is_file();
    Ok(is_ordinary.then_some(file))
}

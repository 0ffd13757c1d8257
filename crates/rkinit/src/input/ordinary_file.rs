//! Opening a file in whose place somebody may have put something else.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// The file at `path`, open for reading; `None` when it is not an ordinary one. Nobody is waited
/// for, as whoever writes to a pipe.
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

//! `FileStamp`: detects changes of a file without reading it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// The identity, length and times of a file at a certain moment.
///
/// # Example
/// ```
/// use kerberos_files::stamp::FileStamp;
/// let path = std::env::temp_dir().join(format!("stamp_{}", std::process::id()));
/// std::fs::write(&path, "one")?;
/// let before = FileStamp::of(&path)?;
/// std::fs::write(&path, "three")?;
/// assert_ne!(FileStamp::of(&path)?, before);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileStamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    /// The stamp of the file at `path`. Symbolic links are followed.
    ///
    /// # Errors
    /// When the file does not exist, or its metadata cannot be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self {
            file: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Whether a further change would be detected. File times have a limited resolution, so of two
    /// changes in quick succession the second may be missed.
    pub fn is_settled(self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
        now.saturating_sub(self.changed.0) > 1
    }
}

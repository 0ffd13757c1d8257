//! `Window`: the reusable buffer through which keytabs and caches are read.
//!
//! It never contains the whole file, unless it was made from bytes in memory. It only grows to the
//! size of a record, and only after checking that the file is long enough: a length that a file
//! merely claims allocates nothing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::{atomic, lock, open};

/// No record of either format is longer: a Windows ticket with all groups has about 64 KiB.
pub(crate) const MAX_RECORD: usize = 16 << 20;

/// How much to read at once.
const CHUNK: usize = 64 << 10;

/// A section of a file in memory, which moves forward record by record.
pub(crate) struct Window {
    /// `None` if everything was in memory from the beginning.
    file: Option<File>,
    /// Zeroizing, because session keys pass through here.
    buffer: Zeroizing<Vec<u8>>,
    /// The range of `buffer` that was read and not yet consumed.
    start: usize,
    end: usize,
    /// The position of `start` in the file.
    offset: u64,
    /// Whether the file has a known length; pipes and devices do not.
    regular: bool,
    /// The user id of the file's owner, if it is an ordinary file.
    owner: Option<u32>,
    /// Whether to take a shared lock for each read.
    locks: bool,
}

impl Window {
    /// Opens `path` for reading.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::from_file(open::to_read(path)?)
    }

    /// Reads `file` from its current position, which must be the beginning.
    pub(crate) fn from_file(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Self {
            file: Some(file),
            buffer: Zeroizing::default(),
            start: 0,
            end: 0,
            offset: 0,
            regular: metadata.is_file(),
            owner: metadata.is_file().then(|| metadata.uid()),
            locks: metadata.is_file(),
        })
    }

    /// The same as [`from_file`](Self::from_file), for a file that the caller has already locked.
    pub(crate) fn from_locked(file: File) -> io::Result<Self> {
        Ok(Self {
            locks: false,
            ..Self::from_file(file)?
        })
    }

    /// A window on bytes that are already in memory.
    pub(crate) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self {
            file: None,
            start: 0,
            end: bytes.len(),
            buffer: bytes,
            offset: 0,
            regular: false,
            owner: None,
            locks: false,
        }
    }

    /// The file.
    ///
    /// # Errors
    /// When there is no file, because the window was made with [`from_bytes`](Self::from_bytes).
    pub(crate) fn file(&self) -> io::Result<&File> {
        self.file
            .as_ref()
            .ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    /// Closes the file, if there is one, and reports delayed write errors.
    ///
    /// # Errors
    /// The same as [`atomic::close`].
    pub(crate) fn close(self) -> io::Result<()> {
        self.file.map_or(Ok(()), atomic::close)
    }

    /// The user id of the file's owner, if it is an ordinary file.
    pub(crate) fn owner(&self) -> Option<u32> {
        self.owner
    }

    /// The position in the file of the next byte to consume.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes that were read and not yet consumed.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The last `length` bytes that were consumed.
    pub(crate) fn consumed(&self, length: usize) -> &[u8] {
        let start = self.start.saturating_sub(length);
        self.buffer.get(start..self.start).unwrap_or_default()
    }

    /// Consumes `count` bytes, all of which must be in [`bytes`](Self::bytes).
    pub(crate) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Reads until [`bytes`](Self::bytes) contains `needed` bytes. Returns `false` if the file ends
    /// before.
    ///
    /// If locks are supported, a shared lock is held while reading, so that what a writer appends
    /// is seen completely or not at all. Between reads writers can proceed, however slow the
    /// consumer is.
    pub(crate) fn require(&mut self, needed: usize) -> io::Result<bool> {
        if self.bytes().len() >= needed {
            return Ok(true);
        }
        if self.file.is_none() {
            return Ok(false);
        }
        if !self.regular {
            return self.fill(needed, None);
        }
        let locked = self.locks
            && match lock::lock_shared(self.file()?) {
                Ok(()) => true,
                Err(error) if lock::is_unsupported(&error) => false,
                Err(error) => return Err(error),
            };
        let result = self.file()?.metadata().and_then(|metadata| {
            let left = metadata.len().saturating_sub(self.offset);
            self.fill(needed, Some(usize::try_from(left).unwrap_or(usize::MAX)))
        });
        if locked {
            lock::unlock(self.file()?)?;
        }
        result
    }

    /// Consumes `count` bytes that need not be in memory. Returns `false` if the file ends before.
    pub(crate) fn skip(&mut self, count: u64) -> io::Result<bool> {
        let at_hand = self.bytes().len();
        if let Some(count) = usize::try_from(count)
            .ok()
            .filter(|count| *count <= at_hand)
        {
            self.consume(count);
            return Ok(true);
        }
        let beyond = count - at_hand as u64;
        self.consume(at_hand);
        let skipped = if self.regular {
            let left = self.file()?.metadata()?.len().saturating_sub(self.offset);
            let skipped = beyond.min(left);
            self.file()?
                .seek(SeekFrom::Start(self.offset.saturating_add(skipped)))?;
            skipped
        } else {
            io::copy(&mut self.file()?.take(beyond), &mut io::sink())?
        };
        self.offset += skipped;
        Ok(skipped == beyond)
    }

    /// Reads until `needed` bytes are in memory. `left` is the number of bytes from `offset` to the
    /// end of the file, if known.
    fn fill(&mut self, needed: usize, left: Option<usize>) -> io::Result<bool> {
        if left.is_some_and(|left| left < needed) {
            return Ok(false);
        }
        loop {
            let have = self.end - self.start;
            if have >= needed {
                return Ok(true);
            }
            // If the length is only a claim, allocate in steps that double each time.
            let believed = if left.is_some() {
                needed
            } else {
                needed.min(have * 2)
            };
            let size = believed.max(CHUNK).min(left.unwrap_or(usize::MAX));
            self.make_room(size);
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            let Some(mut file) = self.file.as_ref() else {
                return Ok(false);
            };
            match file.read(free) {
                Ok(0) => return Ok(false),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves the unread bytes to the front of a buffer of at least `size` bytes.
    fn make_room(&mut self, size: usize) {
        let unread = self.start..self.end;
        let length = unread.len();
        if self.buffer.len() < size {
            let mut larger = Zeroizing::new(vec![0; size]);
            if let (Some(to), Some(from)) = (larger.get_mut(..length), self.buffer.get(unread)) {
                to.copy_from_slice(from);
            }
            self.buffer = larger;
        } else {
            self.buffer.copy_within(unread, 0);
        }
        self.start = 0;
        self.end = length;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn window(bytes: &[u8]) -> Window {
        let file = rustix::fs::memfd_create("window", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        let mut file = File::from(file);
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        Window::from_file(file).unwrap()
    }

    #[test]
    #[cfg_attr(miri, ignore = "a system call that miri lacks")]
    fn buffer_grows_only_for_available_bytes() {
        let mut window = window(&vec![7; 200_000]);
        assert!(!window.require(200_001).unwrap());
        assert_eq!(window.buffer.len(), 0);
        assert!(window.require(1).unwrap());
        assert_eq!(window.buffer.len(), CHUNK);
        window.consume(CHUNK - 1);
        assert!(window.require(100_000).unwrap());
        assert_eq!(window.buffer.len(), 100_000);
        assert_eq!(window.offset(), (CHUNK - 1) as u64);
    }

    #[test]
    #[cfg_attr(miri, ignore = "a system call that miri lacks")]
    fn skip_can_go_beyond_the_buffered_bytes() {
        let bytes: Vec<u8> = (0..=250).cycle().take(300_000).collect();
        let mut window = window(&bytes);
        assert!(window.require(10).unwrap());
        assert!(window.skip(250_000).unwrap());
        assert!(window.require(1).unwrap());
        assert_eq!(window.bytes().first(), bytes.get(250_000));
        assert!(!window.skip(60_000).unwrap());
        assert_eq!(window.offset(), 300_000);
    }

    #[test]
    fn pipe_without_known_length_is_read() {
        let (reader, mut writer) = io::pipe().unwrap();
        let writing = std::thread::spawn(move || writer.write_all(&vec![1; 150_000]));
        let reader = File::from(std::os::fd::OwnedFd::from(reader));
        let mut window = Window::from_file(reader).unwrap();
        assert!(window.require(140_000).unwrap());
        assert!(window.skip(140_000).unwrap());
        assert!(!window.require(MAX_RECORD).unwrap());
        assert!(window.buffer.len() < 1 << 20);
        assert_eq!(window.bytes().len(), 10_000);
        writing.join().unwrap().unwrap();
    }
}

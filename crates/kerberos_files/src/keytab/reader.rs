//! `KeytabReader`: streams a keytab, lending one entry at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::keytab::{KeytabEntryView, KeytabError, Version};
use crate::window::{MAX_RECORD, Window};
use crate::wire::{Cursor, Style};

/// A keytab being read.
///
/// It uses one buffer of 64 KiB, or more if an entry needs it, and makes no allocation for an
/// entry. A shared lock is held during each read from the file.
///
/// # Example
/// ```no_run
/// use kerberos_files::keytab::KeytabReader;
/// let mut reader = KeytabReader::open("/etc/krb5.keytab")?;
/// while let Some(entry) = reader.next()? {
///     println!("{:4} {} ({:?})", entry.kvno(), entry.principal(), entry.etype());
/// }
/// # Ok::<(), kerberos_files::keytab::KeytabError>(())
/// ```
pub struct KeytabReader {
    path: PathBuf,
    window: Window,
    version: Version,
    style: Style,
    ended: bool,
}

/// A record. Its length is at `at`, and the window is positioned after that length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot {
    pub(crate) at: u64,
    pub(crate) length: i32,
}

impl KeytabReader {
    /// Opens the keytab at `path`.
    ///
    /// # Errors
    /// The documented variants of [`KeytabError`]; an empty file is a [`KeytabError::Version`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeytabError> {
        let path = path.into();
        let window = Window::open(&path);
        Self::from_window(path, window)
    }

    /// Reads `file` from its current position, which must be the beginning. `path` is its name in
    /// errors.
    ///
    /// # Errors
    /// The same as [`open`](Self::open).
    pub fn from_file(file: File, path: impl Into<PathBuf>) -> Result<Self, KeytabError> {
        Self::from_window(path.into(), Window::from_file(file))
    }

    /// Reads `file`, on which the caller must hold an exclusive lock as long as the reader exists.
    pub(crate) fn from_locked(path: PathBuf, file: File) -> Result<Self, KeytabError> {
        Self::from_window(path, Window::from_locked(file))
    }

    fn from_window(path: PathBuf, window: io::Result<Window>) -> Result<Self, KeytabError> {
        let begun = window.and_then(|mut window| {
            // A file of one byte is not an empty one.
            let _ = window.require(2)? || window.require(1)?;
            Ok(window)
        });
        let mut window = begun.map_err(|error| KeytabError::from_io(&path, error))?;
        let first = window.bytes().first_chunk::<2>().copied();
        let Some(version) = first.and_then(Version::from_bytes) else {
            let found = window.bytes().iter().take(2).copied().collect();
            return Err(KeytabError::Version { path, found });
        };
        window.consume(2);
        Ok(Self {
            path,
            window,
            version,
            style: version.style(),
            ended: false,
        })
    }

    /// The next entry; `None` at the end. Holes are skipped.
    ///
    /// # Errors
    /// [`KeytabError::Format`] for an invalid entry, after which the next call continues with the
    /// following entry; [`KeytabError::TornEntry`] and [`KeytabError::Io`], after which the reader
    /// is at its end.
    #[expect(
        clippy::should_implement_trait,
        reason = "items borrow from the reader, which Iterator does not allow"
    )]
    pub fn next(&mut self) -> Result<Option<KeytabEntryView<'_>>, KeytabError> {
        self.next_placed().map(|found| found.map(|(_, view)| view))
    }

    /// The same as [`next`](Self::next), together with the entry's position.
    pub(crate) fn next_placed(
        &mut self,
    ) -> Result<Option<(Slot, KeytabEntryView<'_>)>, KeytabError> {
        let (slot, length) = loop {
            let Some(slot) = self.next_slot()? else {
                return Ok(None);
            };
            match usize::try_from(slot.length) {
                Ok(length) => break (slot, length),
                Err(_) => self.skip(slot)?,
            }
        };
        if length > MAX_RECORD {
            self.skip(slot)?;
            return Err(self.bad(slot, "length, which is beyond 16 MiB"));
        }
        let there = self.window.require(length);
        if !there.map_err(|error| self.io(error))? {
            return Err(self.torn(slot));
        }
        self.window.consume(length);
        let record = self.window.consumed(length);
        match KeytabEntryView::parse(record, self.version, self.style) {
            Ok(view) => Ok(Some((slot, view))),
            Err(problem) => Err(self.bad(slot, problem)),
        }
    }

    /// The next record, an entry or a hole; `None` at the end. The caller must move past it.
    pub(crate) fn next_slot(&mut self) -> Result<Option<Slot>, KeytabError> {
        if self.ended {
            return Ok(None);
        }
        let at = self.window.offset();
        let there = self.window.require(4);
        if !there.map_err(|error| self.io(error))? {
            self.ended = true;
            // Fewer than four bytes cannot be a length, and contain no entry.
            return Ok(None);
        }
        let length = Cursor::new(self.window.bytes(), self.style).u32("length");
        let length = length.map_or(0, u32::cast_signed);
        if length == 0 {
            self.ended = true;
            return Ok(None);
        }
        self.window.consume(4);
        let slot = Slot { at, length };
        if length == i32::MIN {
            self.ended = true;
            return Err(self.bad(slot, "length, which no hole can have"));
        }
        Ok(Some(slot))
    }

    /// Moves past the contents of `slot`, the record that was found last.
    pub(crate) fn skip(&mut self, slot: Slot) -> Result<(), KeytabError> {
        let skipped = self.window.skip(slot.length.unsigned_abs().into());
        if skipped.map_err(|error| self.io(error))? {
            Ok(())
        } else {
            Err(self.torn(slot))
        }
    }

    /// The position of the window: at the end, where a new record would begin.
    pub(crate) fn offset(&self) -> u64 {
        self.window.offset()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The format version.
    pub fn version(&self) -> Version {
        self.version
    }

    pub(crate) fn file(&self) -> io::Result<&File> {
        self.window.file()
    }

    fn io(&mut self, error: io::Error) -> KeytabError {
        self.ended = true;
        KeytabError::from_io(&self.path, error)
    }

    fn torn(&mut self, slot: Slot) -> KeytabError {
        self.ended = true;
        KeytabError::TornEntry {
            path: self.path.clone(),
            offset: slot.at,
        }
    }

    fn bad(&self, slot: Slot, problem: &'static str) -> KeytabError {
        KeytabError::Format {
            path: self.path.clone(),
            offset: slot.at,
            problem,
        }
    }
}

impl fmt::Debug for KeytabReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeytabReader")
            .field("path", &self.path)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

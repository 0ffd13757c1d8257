//! `CcacheReader`: streams a cache, lending one entry at a time. The cache is a file, or was
//! fetched from elsewhere.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use kerberos_proto::Principal;

use crate::ccache::layout::{Layout, Misfit, read_name};
use crate::ccache::{
    CcacheBuilder, CcacheError, ClockOffset, CredentialView, HEADER_STYLE, Header,
    TAG_CLOCK_OFFSET, Version,
};
use crate::window::{MAX_RECORD, Window};
use crate::wire::{Cursor, Style};

/// A cache being read.
///
/// For a file it uses one buffer of 64 KiB, or more if an entry needs it, and makes no allocation
/// for an entry. As in MIT's library, a shared lock is held during each read from the file, and not
/// between them.
///
/// # Example
/// See the [module](crate::ccache).
pub struct CcacheReader {
    path: PathBuf,
    window: Window,
    style: Style,
    header: Header,
    default_principal: Principal,
    with_removed: bool,
    /// The position of the entry that was last lent.
    entry_offset: u64,
    ended: bool,
}

/// The result of parsing the front of the window.
enum Front<T> {
    Whole(T),
    /// Nothing: the file ends here.
    End,
    /// The file ends within this field.
    Torn(&'static str),
    Bad(&'static str),
}

impl CcacheReader {
    /// Opens the cache at `path` and reads its header and default principal.
    ///
    /// # Errors
    /// [`CcacheError::is_no_cache`] if there is no file or only an incomplete beginning of a cache;
    /// otherwise the documented variants of [`CcacheError`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, CcacheError> {
        let path = path.into();
        let window = Window::open(&path).map_err(|error| CcacheError::from_io(&path, error))?;
        Self::from_window(path, window)
    }

    /// Reads `file` from its current position, which must be the beginning. `path` is its name in
    /// errors.
    ///
    /// # Errors
    /// The same as [`open`](Self::open).
    pub fn from_file(file: File, path: impl Into<PathBuf>) -> Result<Self, CcacheError> {
        let path = path.into();
        let window = Window::from_file(file).map_err(|error| CcacheError::from_io(&path, error))?;
        Self::from_window(path, window)
    }

    /// Reads `file`, on which the caller must hold an exclusive lock as long as the reader exists.
    pub(crate) fn from_locked(path: PathBuf, file: File) -> Result<Self, CcacheError> {
        let window =
            Window::from_locked(file).map_err(|error| CcacheError::from_io(&path, error))?;
        Self::from_window(path, window)
    }

    /// Reads the contents of `cache`. `place` replaces the path in errors.
    ///
    /// # Errors
    /// None in practice, since the content was made here.
    pub(crate) fn from_builder(
        cache: CcacheBuilder,
        place: impl Into<PathBuf>,
    ) -> Result<Self, CcacheError> {
        Self::from_window(place.into(), Window::from_bytes(cache.into_bytes()))
    }

    fn from_window(path: PathBuf, mut window: Window) -> Result<Self, CcacheError> {
        let version = read_version(&mut window, &path)?;
        let style = version.style();
        let begin = window.offset();
        let front = front(&mut window, |bytes| parse_header(bytes, version, style));
        let (header, default_principal) =
            match front.map_err(|error| CcacheError::from_io(&path, error))? {
                Front::Whole(parsed) => parsed,
                Front::End => {
                    return Err(CcacheError::Torn {
                        path,
                        field: "header",
                    });
                }
                Front::Torn(field) => return Err(CcacheError::Torn { path, field }),
                Front::Bad(problem) => {
                    return Err(CcacheError::Format {
                        path,
                        offset: begin,
                        problem,
                    });
                }
            };
        Ok(Self {
            path,
            window,
            style,
            header,
            default_principal,
            with_removed: false,
            entry_offset: 0,
            ended: false,
        })
    }

    /// Whether [`next`](Self::next) also lends entries that were removed in place. The default is
    /// false.
    pub fn with_removed(mut self, with_removed: bool) -> Self {
        self.with_removed = with_removed;
        self
    }

    /// The next entry, including settings; `None` at the end.
    ///
    /// # Errors
    /// [`CcacheError::TornEntry`] if the file ends within an entry, [`CcacheError::Format`] if an
    /// entry is invalid, [`CcacheError::Io`]. After an error the reader is at its end.
    #[expect(
        clippy::should_implement_trait,
        reason = "items borrow from the reader, which Iterator does not allow"
    )]
    pub fn next(&mut self) -> Result<Option<CredentialView<'_>>, CcacheError> {
        let (version, style) = (self.header.version, self.style);
        let layout = loop {
            if self.ended {
                return Ok(None);
            }
            // Reset below on success.
            self.ended = true;
            self.entry_offset = self.window.offset();
            let front = front(&mut self.window, |bytes| {
                Layout::of(bytes, version, style).map(|layout| (layout, layout.length))
            });
            let path = || self.path.clone();
            let layout = match front.map_err(|error| CcacheError::from_io(&self.path, error))? {
                Front::Whole(layout) => layout,
                Front::End => return Ok(None),
                Front::Torn(field) => {
                    let offset = self.entry_offset;
                    return Err(CcacheError::TornEntry {
                        path: path(),
                        offset,
                        field,
                    });
                }
                Front::Bad(problem) => {
                    let offset = self.entry_offset;
                    return Err(CcacheError::Format {
                        path: path(),
                        offset,
                        problem,
                    });
                }
            };
            self.ended = false;
            let record = self.window.consumed(layout.length);
            if self.with_removed
                || !CredentialView::new(record, layout, version, style).is_removed()
            {
                break layout;
            }
        };
        let record = self.window.consumed(layout.length);
        Ok(Some(CredentialView::new(record, layout, version, style)))
    }

    /// The same as [`next`](Self::next), but an incomplete entry that a crash left at the end
    /// counts as the end.
    ///
    /// # Errors
    /// The same as [`next`](Self::next), except [`CcacheError::TornEntry`].
    pub(crate) fn next_whole(&mut self) -> Result<Option<CredentialView<'_>>, CcacheError> {
        match self.next() {
            Err(CcacheError::TornEntry { .. }) => Ok(None),
            next => next,
        }
    }

    /// The same as [`next`](Self::next), but damage counts as the end: an incomplete entry, or an
    /// invalid one. MIT's library reads caches in this way.
    ///
    /// # Errors
    /// [`CcacheError::Io`].
    pub fn next_undamaged(&mut self) -> Result<Option<CredentialView<'_>>, CcacheError> {
        match self.next() {
            Err(CcacheError::TornEntry { .. } | CcacheError::Format { .. }) => Ok(None),
            next => next,
        }
    }

    /// Closes a file that was written to.
    ///
    /// # Errors
    /// Errors in writing that are only reported on close.
    pub(crate) fn close(self) -> io::Result<()> {
        self.window.close()
    }

    /// The path of the file. If the cache is not a file, its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The header: version, clock offset, fields with unknown tags.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The format version.
    pub fn version(&self) -> Version {
        self.header.version
    }

    /// How far the KDC's clock is ahead, if the header states it.
    pub fn kdc_offset(&self) -> Option<ClockOffset> {
        self.header.kdc_offset
    }

    /// The user id of the file's owner, if it is an ordinary file.
    pub(crate) fn owner(&self) -> Option<u32> {
        self.window.owner()
    }

    /// The principal of the cache.
    pub fn default_principal(&self) -> &Principal {
        &self.default_principal
    }

    /// The file that is being read.
    pub(crate) fn file(&self) -> io::Result<&File> {
        self.window.file()
    }

    /// The position in the file of the entry that was last lent.
    pub(crate) fn entry_offset(&self) -> u64 {
        self.entry_offset
    }
}

impl fmt::Debug for CcacheReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CcacheReader")
            .field("path", &self.path)
            .field("header", &self.header)
            .field("default_principal", &self.default_principal)
            .finish_non_exhaustive()
    }
}

fn read_version(window: &mut Window, path: &Path) -> Result<Version, CcacheError> {
    let front = front(window, |bytes| {
        let mut cursor = Cursor::new(bytes, HEADER_STYLE);
        Ok((cursor.u16("version")?, cursor.position()))
    });
    let path = path.to_owned();
    let number = match front.map_err(|error| CcacheError::from_io(&path, error))? {
        // A file whose blocks were never written.
        Front::End | Front::Whole(0) => {
            let is_device = window.file().is_ok() && window.owner().is_none();
            return Err(CcacheError::Empty { path, is_device });
        }
        Front::Whole(number) => number,
        Front::Torn(field) | Front::Bad(field) => return Err(CcacheError::Torn { path, field }),
    };
    match number.to_be_bytes() {
        [5, low] => Version::from_number(low),
        _ => None,
    }
    .ok_or(CcacheError::Version {
        path,
        version: number,
    })
}

fn parse_header(
    bytes: &[u8],
    version: Version,
    style: Style,
) -> Result<((Header, Principal), usize), Misfit> {
    let mut header = Header {
        version,
        ..Header::default()
    };
    let mut cursor = Cursor::new(bytes, HEADER_STYLE);
    if version >= Version::V4 {
        let length = usize::from(cursor.u16("header")?);
        let fields = cursor.take(length, "header")?;
        parse_fields(fields, &mut header).map_err(|_| Misfit::Bad("a malformed header"))?;
    }
    let mut names = Cursor::new(bytes.get(cursor.position()..).unwrap_or_default(), style);
    let view = read_name(&mut names, version).map_err(|misfit| match misfit {
        Misfit::Short(mut short) => {
            short.needed = short.needed.saturating_add(cursor.position());
            short.into()
        }
        other => other,
    })?;
    if view.realm().is_empty() && view.components().len() == 0 {
        // The zeros of a file whose last blocks were never written.
        return Err(Misfit::Zeros);
    }
    Ok((
        (header, view.to_principal()),
        cursor.position() + names.position(),
    ))
}

fn parse_fields(fields: &[u8], header: &mut Header) -> Result<(), Misfit> {
    let mut cursor = Cursor::new(fields, HEADER_STYLE);
    while cursor.remaining() > 0 {
        let start = cursor.position();
        let tag = cursor.u16("tag")?;
        let length = usize::from(cursor.u16("length")?);
        let value = cursor.take(length, "value")?;
        if tag != TAG_CLOCK_OFFSET {
            let field = fields.get(start..cursor.position()).unwrap_or_default();
            header.unknown_fields.extend_from_slice(field);
            continue;
        }
        if length != 8 {
            return Err(Misfit::Bad("a clock offset of another length"));
        }
        let mut value = Cursor::new(value, HEADER_STYLE);
        header.kdc_offset = Some(ClockOffset {
            seconds: value.u32("seconds")?.cast_signed(),
            microseconds: value.u32("microseconds")?.cast_signed(),
        });
    }
    Ok(())
}

/// Parses and consumes what is at the front of the window. Reads more as long as the parser needs
/// more.
fn front<T>(
    window: &mut Window,
    parse: impl Fn(&[u8]) -> Result<(T, usize), Misfit>,
) -> io::Result<Front<T>> {
    if !window.require(1)? {
        return Ok(Front::End);
    }
    loop {
        match parse(window.bytes()) {
            Ok((item, length)) => {
                window.consume(length);
                return Ok(Front::Whole(item));
            }
            Err(Misfit::Bad(problem)) => return Ok(Front::Bad(problem)),
            Err(Misfit::Zeros) => return Ok(Front::Torn("beginning (zeros follow)")),
            Err(Misfit::Short(short)) if short.needed > MAX_RECORD => {
                return Ok(Front::Bad("an entry of more than 16 MiB"));
            }
            Err(Misfit::Short(short)) => {
                if !window.require(short.needed)? {
                    return Ok(Front::Torn(short.field));
                }
            }
        }
    }
}

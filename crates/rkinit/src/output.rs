//! Standard output as one growing buffer, written in large pieces.
//!
//! A listing of ten thousand tickets is a few system calls, and a reader that goes away ends the
//! tool quietly.

pub(crate) mod hex;
pub(crate) mod host_names;
pub(crate) mod json;
pub(crate) mod locale;
pub(crate) mod terminal_text;
pub(crate) mod time_format;
pub(crate) mod time_zone;

use std::io;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;
use rustix::stdio::stdout;
use rustix::termios::isatty;

use crate::messages::{Program, system_text};

/// What is written at once.
const FLUSH_AT: usize = 60 * 1024;

/// The exit status of a program ended by SIGPIPE, as a shell reports it: what MIT's tools show
/// when their reader goes away.
pub(crate) const BROKEN_PIPE_STATUS: u8 = 141;

/// Buffered standard output.
pub(crate) struct Output {
    buffer: Vec<u8>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { buffer: Vec::new() }
    }

    /// Where to append; call [`flush_if_full`](Self::flush_if_full) after each record.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Appends `bytes`.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Writes the buffer out when it has grown large.
    pub(crate) fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() < FLUSH_AT {
            Ok(())
        } else {
            self.flush()
        }
    }

    /// Writes the buffer out.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let result = show(&self.buffer);
        self.buffer.clear();
        result
    }
}

/// From now on standard output is for a document alone.
pub(crate) fn reserve_for_document() {
    RESERVED.store(true, Ordering::Relaxed);
}

/// Writes what a person is to read, as a prompt, to standard output or, when that is for a
/// document, to standard error. That it cannot be shown keeps nobody from going on.
pub(crate) fn tell(text: &[u8]) {
    if RESERVED.load(Ordering::Relaxed) {
        let _ = io::stderr().write_all(text);
    } else {
        let _ = write_all(text);
    }
}

static RESERVED: AtomicBool = AtomicBool::new(false);

/// Writes a listing to standard output, with names in it that anybody may have chosen: a terminal
/// gets no control characters beyond the ends of lines and tabs, a pipe or a file every byte as it
/// is.
pub(crate) fn show(bytes: &[u8]) -> io::Result<()> {
    if !isatty(stdout()) {
        return write_all(bytes);
    }
    let mut safe = Vec::with_capacity(bytes.len());
    terminal_text::push(bytes, &['\n', '\t'], &mut safe);
    write_all(&safe)
}

/// Writes `bytes` to standard output, unbuffered.
pub(crate) fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(stdout(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The exit status for a failure to write to standard output, said unless the reader went away.
pub(crate) fn failure(program: &Program, error: &io::Error) -> u8 {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return BROKEN_PIPE_STATUS;
    }
    program.error(system_text(error), "while writing to standard output");
    1
}

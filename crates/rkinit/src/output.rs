//! Standard output as one growing buffer, written in large pieces.
//!
//! So a listing of ten thousand tickets takes only a few system calls. If the reader goes away, the
//! tool ends quietly.

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

/// The buffer is written once it has this size.
const FLUSH_AT: usize = 60 * 1024;

/// The exit status of a program that SIGPIPE ended, as a shell reports it. MIT's tools end like
/// that when their reader goes away.
pub(crate) const BROKEN_PIPE_STATUS: u8 = 141;

/// Buffered standard output.
pub(crate) struct Output {
    buffer: Vec<u8>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { buffer: Vec::new() }
    }

    /// The buffer to append to; call [`flush_if_full`](Self::flush_if_full) after each record.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Appends `bytes`.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Writes the buffer if it has grown large.
    pub(crate) fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() < FLUSH_AT {
            Ok(())
        } else {
            self.flush()
        }
    }

    /// Writes the buffer.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let result = show(&self.buffer);
        self.buffer.clear();
        result
    }
}

/// From now on, standard output is reserved for a JSON document.
pub(crate) fn reserve_for_document() {
    RESERVED.store(true, Ordering::Relaxed);
}

/// Writes text for a person, such as a prompt, to standard output, or to standard error if standard
/// output is reserved for a document. Errors are ignored, because the tool can go on without it.
pub(crate) fn tell(text: &[u8]) {
    if RESERVED.load(Ordering::Relaxed) {
        let _ = io::stderr().write_all(text);
    } else {
        let _ = write_all(text);
    }
}

static RESERVED: AtomicBool = AtomicBool::new(false);

/// Writes a listing to standard output. It may contain names that anybody could have chosen, so a
/// terminal gets no control characters except line ends and tabs. Pipes and files get every byte
/// unchanged.
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

/// The exit status after standard output could not be written. Prints the error, unless the reader
/// just went away.
pub(crate) fn failure(program: &Program, error: &io::Error) -> u8 {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return BROKEN_PIPE_STATUS;
    }
    program.error(system_text(error), "while writing to standard output");
    1
}

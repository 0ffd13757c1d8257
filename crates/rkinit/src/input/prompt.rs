//! Asks for a password: prompt on standard output, answer from standard input, echo off.
//!
//! It reads from a pipe as well as from a terminal, so that scripts can use it. On a terminal the
//! echo is switched on again before a signal takes effect. The key for interrupt raises its signal,
//! which tells everybody in the foreground: make, sh, or a trap of bash. Without a trap, bash goes
//! on with the next command, because we end by ourselves, as MIT's tools do. The key for suspend
//! is read as a line end instead.

mod watch;

use std::io;

use kerberos_proto::{AskError, Password, Principal};
use rustix::io::Errno;
use rustix::process::Signal;
use rustix::stdio::stdin;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

use crate::input::prompt::watch::Watch;
use crate::output;
use crate::output::terminal_text;

/// The maximum length of a password.
const MAX_LEN: usize = 64 * 1024;

/// Prints `prompt`, a colon and a blank, and reads a line without echo.
///
/// All bytes up to the line feed belong to the password, in any encoding.
///
/// # Errors
/// [`AskError::Interrupted`] when the user pressed the interrupt key, [`AskError::Unreadable`] when
/// there is no input, [`AskError::Other`] when it is too long.
pub(crate) fn password(prompt: &[u8]) -> Result<Password, AskError> {
    hidden_line(prompt, true)
}

/// Asks for the password of `principal`, like [`password`].
pub(crate) fn password_for(principal: &Principal) -> Result<Password, AskError> {
    let mut prompt = b"Password for ".to_vec();
    push_shown(principal, &mut prompt);
    password(&prompt)
}

/// Asks for the hexadecimal digits of a key of `principal`, like [`password`]. But as with MIT, no
/// line feed follows the prompt if the input is not a terminal.
pub(crate) fn key_for(principal: &Principal) -> Result<Password, AskError> {
    let mut prompt = b"Key for ".to_vec();
    push_shown(principal, &mut prompt);
    prompt.extend_from_slice(b" (hex)");
    hidden_line(&prompt, false)
}

/// Appends the name without characters that could control the terminal: a referral can contain a
/// realm that anyone made up.
fn push_shown(principal: &Principal, out: &mut Vec<u8>) {
    let mut name = Vec::new();
    principal.unparse_into(&mut name);
    terminal_text::push(&name, &[], out);
}

/// Whether a person is there to answer: the input is a terminal.
pub(crate) fn is_for_a_person() -> bool {
    isatty(stdin())
}

fn hidden_line(prompt: &[u8], line_feed: bool) -> Result<Password, AskError> {
    let mut text = prompt.to_vec();
    text.extend_from_slice(b": ");
    loop {
        let terminal = Hidden::new()?;
        output::tell(&text);
        let line = read_line(
            |buffer| read(terminal.as_ref(), buffer),
            terminal.as_ref().and_then(Hidden::suspend_key),
        );
        let on_terminal = terminal.is_some();
        drop(terminal);
        if on_terminal || line_feed {
            output::tell(b"\n");
        }
        match line? {
            Line::Password(password) => return Ok(password),
            Line::Interrupted => return Err(AskError::Interrupted),
            Line::Suspended => {
                // The terminal would have signalled the whole foreground group.
                let _ = rustix::process::kill_current_process_group(Signal::TSTP);
            }
        }
    }
}

/// How reading a line ended.
#[derive(Debug)]
enum Line {
    Password(Password),
    Interrupted,
    Suspended,
}

/// Reads standard input, unless a signal comes first.
fn read(terminal: Option<&Hidden>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        if let Some(terminal) = terminal {
            terminal.watch.wait()?;
        }
        match rustix::io::read(stdin(), &mut *buffer) {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// Reads byte by byte, because what follows the line is not for us.
fn read_line(
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    suspend_key: Option<u8>,
) -> Result<Line, AskError> {
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    let mut byte = Zeroizing::new([0_u8]);
    let mut too_long = false;
    let mut read_any = false;
    loop {
        match read(&mut *byte) {
            Ok(0) if !read_any => return Err(AskError::Unreadable),
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Ok(Line::Interrupted);
            }
            Err(_) => return Err(AskError::Unreadable),
        }
        read_any = true;
        let [byte] = *byte;
        match byte {
            b'\n' => break,
            key if Some(key) == suspend_key => return Ok(Line::Suspended),
            _ if line.len() == MAX_LEN => too_long = true,
            _ => push(&mut line, byte),
        }
    }
    if too_long {
        return Err(AskError::Other(format!(
            "it is longer than {MAX_LEN} bytes"
        )));
    }
    Ok(Line::Password(Password::new(std::mem::take(&mut *line))))
}

/// Appends `byte`; if the buffer has to grow, no copy is left behind.
fn push(line: &mut Zeroizing<Vec<u8>>, byte: u8) {
    if line.len() == line.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(line.capacity() * 4));
        larger.extend_from_slice(line);
        *line = larger;
    }
    line.push(byte);
}

/// Standard input's terminal with echo off; dropping this restores the terminal.
struct Hidden {
    before: Termios,
    /// Dropped after the terminal is restored.
    watch: Watch,
}

impl Hidden {
    /// Switches echo off, if standard input is a terminal.
    fn new() -> Result<Option<Self>, AskError> {
        if !isatty(stdin()) {
            return Ok(None);
        }
        let before = tcgetattr(stdin()).map_err(|_| AskError::Unreadable)?;
        let watch = Watch::start().map_err(|_| AskError::Unreadable)?;
        let terminal = Self { before, watch };
        let mut hidden = terminal.before.clone();
        hidden
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ECHONL);
        hidden.local_modes.insert(LocalModes::ICANON);
        if let Some(key) = terminal.suspend_key() {
            hidden.special_codes[SpecialCodeIndex::VEOL2] = key;
            hidden.special_codes[SpecialCodeIndex::VSUSP] = DISABLED;
        }
        tcsetattr(stdin(), OptionalActions::Now, &hidden).map_err(|_| AskError::Unreadable)?;
        Ok(Some(terminal))
    }

    /// The key for suspend, unless the terminal's keys raise no signals.
    fn suspend_key(&self) -> Option<u8> {
        let raises_signals = self.before.local_modes.contains(LocalModes::ISIG);
        let key = self.before.special_codes[SpecialCodeIndex::VSUSP];
        (raises_signals && key != DISABLED).then_some(key)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

/// The value of a key that is switched off (`_POSIX_VDISABLE`).
const DISABLED: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut input: &[u8]) -> Result<Line, AskError> {
        read_line(|buffer| io::Read::read(&mut input, buffer), Some(26))
    }

    #[test]
    fn typed_line_is_taken_verbatim_up_to_line_feed() {
        let check = |input: &[u8], expected: &[u8]| match read(input).unwrap() {
            Line::Password(password) => assert_eq!(password.expose_bytes(), expected),
            other => panic!("{other:?}"),
        };
        check(b"secret\nnext", b"secret");
        check(b"no line feed", b"no line feed");
        check(b"\n", b"");
        check(b" a b \r\n", b" a b \r");
        check(b"nul\0\xff\xfe\n", b"nul\0\xff\xfe");
        let longest = vec![b'x'; MAX_LEN];
        check(&longest, &longest);
    }

    #[test]
    fn suspend_key_eof_and_overlong_lines_yield_no_password() {
        assert!(matches!(read(b"sec\x1a"), Ok(Line::Suspended)));
        assert_eq!(read(b"").unwrap_err(), AskError::Unreadable);
        let too_long = vec![b'x'; MAX_LEN + 1];
        assert!(matches!(read(&too_long).unwrap_err(), AskError::Other(_)));
    }
}

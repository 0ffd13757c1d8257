//! Asks for a password: prompt on standard output, answer from standard input, echo off.
//!
//! It reads from a pipe as well as from a terminal, so that scripts can use it. On a terminal, the
//! keys for interrupt and suspend are read as line ends instead of raising signals. So the echo is
//! always switched on again without a signal handler.

use std::io;

use kerberos_proto::{AskError, Password, Principal};
use rustix::io::Errno;
use rustix::process::Signal;
use rustix::stdio::stdin;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

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
            |buffer| match rustix::io::read(stdin(), buffer) {
                Err(Errno::INTR) => Err(io::ErrorKind::Interrupted.into()),
                result => Ok(result?),
            },
            &terminal.as_ref().map(Hidden::keys).unwrap_or_default(),
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

/// The keys that end a line, in addition to the line feed.
#[derive(Default)]
struct Keys {
    interrupt: Option<u8>,
    suspend: Option<u8>,
}

/// Reads byte by byte, because what follows the line is not for us.
fn read_line(
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    keys: &Keys,
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
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(AskError::Unreadable),
        }
        read_any = true;
        let [byte] = *byte;
        match byte {
            b'\n' => break,
            key if Some(key) == keys.interrupt => return Ok(Line::Interrupted),
            key if Some(key) == keys.suspend => return Ok(Line::Suspended),
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
}

impl Hidden {
    /// Switches echo off, if standard input is a terminal.
    fn new() -> Result<Option<Self>, AskError> {
        if !isatty(stdin()) {
            return Ok(None);
        }
        let before = tcgetattr(stdin()).map_err(|_| AskError::Unreadable)?;
        let mut hidden = before.clone();
        hidden
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ISIG);
        hidden.local_modes.insert(LocalModes::ICANON);
        let codes = &mut hidden.special_codes;
        codes[SpecialCodeIndex::VEOL] = codes[SpecialCodeIndex::VINTR];
        codes[SpecialCodeIndex::VEOL2] = codes[SpecialCodeIndex::VSUSP];
        let terminal = Self { before };
        tcsetattr(stdin(), OptionalActions::Now, &hidden).map_err(|_| AskError::Unreadable)?;
        Ok(Some(terminal))
    }

    fn keys(&self) -> Keys {
        // A key with the value 0 is disabled (POSIX_VDISABLE).
        let key = |index| Some(self.before.special_codes[index]).filter(|key| *key != 0);
        Keys {
            interrupt: key(SpecialCodeIndex::VINTR),
            suspend: key(SpecialCodeIndex::VSUSP),
        }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut input: &[u8]) -> Result<Line, AskError> {
        let keys = Keys {
            interrupt: Some(3),
            suspend: Some(26),
        };
        read_line(|buffer| io::Read::read(&mut input, buffer), &keys)
    }

    #[test]
    fn lines_are_taken_as_they_are() {
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
    fn keys_end_and_nothing_is_no_password() {
        assert!(matches!(read(b"sec\x03"), Ok(Line::Interrupted)));
        assert!(matches!(read(b"sec\x1a"), Ok(Line::Suspended)));
        assert_eq!(read(b"").unwrap_err(), AskError::Unreadable);
        let too_long = vec![b'x'; MAX_LEN + 1];
        assert!(matches!(read(&too_long).unwrap_err(), AskError::Other(_)));
    }
}

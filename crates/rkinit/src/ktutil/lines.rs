//! The input lines of the shell: from a terminal, with line editing, or from standard input.
//!
//! Both are read byte by byte, because what follows a line may answer a prompt: a password that is
//! pasted or piped along must reach that prompt, not the screen.

use std::io;

use rustix::io::Errno;
use rustix::process::Signal;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr,
};

use crate::ktutil::editor::{Editor, Outcome};
use crate::ktutil::screen::{PROMPT, Screen};
use crate::output;

/// The maximum length of a line.
const MAX_LEN: usize = 64 * 1024;

/// The next line, or why there is none.
pub(super) enum Input {
    Line(Vec<u8>),
    TooLong,
    End,
}

/// Prompts for lines and reads them.
pub(super) struct Lines {
    /// Whether the terminal shows the input itself.
    terminal: bool,
    /// The line editor, on a terminal that supports it.
    editor: Option<Editor>,
}

impl Lines {
    pub(super) fn new() -> Self {
        let terminal = isatty(stdin());
        let kind = std::env::var_os("TERM");
        let can_edit = kind.is_some_and(|kind| !kind.is_empty() && kind != "dumb");
        Self {
            terminal,
            editor: (terminal && can_edit && isatty(stdout())).then(Editor::default),
        }
    }

    /// Shows the prompt and reads a line, without its line end. If the input is not a terminal, the
    /// line is printed here, as MIT's shell does with readline.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn next(&mut self) -> io::Result<Input> {
        if let Some(editor) = &mut self.editor
            && let Some(raw) = Raw::new()
        {
            return edit(editor, raw);
        }
        output::write_all(PROMPT.as_bytes())?;
        let input = read_line();
        if let (Input::Line(line), false) = (&input, self.terminal) {
            let mut echo = line.clone();
            echo.push(b'\n');
            output::write_all(&echo)?;
        }
        Ok(input)
    }

    /// Adds a line to the history. Only requests are passed here, because other lines may be
    /// passwords that were typed at the wrong moment.
    pub(super) fn remember(&mut self, line: &[u8]) {
        if let (Some(editor), Ok(line)) = (&mut self.editor, str::from_utf8(line)) {
            editor.remember(line.to_owned());
        }
    }
}

/// Reads a line from a terminal.
fn edit(editor: &mut Editor, mut raw: Raw) -> io::Result<Input> {
    let mut screen = Screen::begin(editor)?;
    loop {
        let Some(byte) = read_byte() else {
            return Ok(Input::End);
        };
        match editor.take(byte) {
            Outcome::Pending => {}
            Outcome::Editing => screen.update(editor)?,
            Outcome::Clear => {
                output::write_all(b"\x1b[H\x1b[2J")?;
                screen = Screen::begin(editor)?;
            }
            Outcome::Interrupted => {
                output::write_all(b"\n")?;
                screen = Screen::begin(editor)?;
            }
            Outcome::Suspended => {
                drop(raw);
                output::write_all(b"\n")?;
                // The terminal would have signalled the whole foreground group.
                let _ = rustix::process::kill_current_process_group(Signal::TSTP);
                match Raw::new() {
                    Some(again) => raw = again,
                    None => return Ok(Input::End),
                }
                screen = Screen::begin(editor)?;
            }
            Outcome::Line(line) => {
                output::write_all(b"\n")?;
                return Ok(Input::Line(line.into_bytes()));
            }
            Outcome::End => {
                output::write_all(b"\n")?;
                return Ok(Input::End);
            }
        }
    }
}

/// Reads a line without editing.
fn read_line() -> Input {
    let mut line = Vec::new();
    let mut too_long = false;
    let mut read_any = false;
    loop {
        match read_byte() {
            None if !read_any => return Input::End,
            None | Some(b'\n') => break,
            Some(_) if line.len() == MAX_LEN => too_long = true,
            Some(byte) => line.push(byte),
        }
        read_any = true;
    }
    if too_long {
        return Input::TooLong;
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Input::Line(line)
}

fn read_byte() -> Option<u8> {
    let mut byte = [0];
    loop {
        match rustix::io::read(stdin(), &mut byte) {
            Err(Errno::INTR) => {}
            Ok(1..) => return Some(byte[0]),
            Ok(0) | Err(_) => return None,
        }
    }
}

/// Standard input's terminal in raw mode; dropping this restores the terminal.
struct Raw {
    before: Termios,
}

impl Raw {
    /// `None` if the terminal does not support it.
    fn new() -> Option<Self> {
        let before = tcgetattr(stdin()).ok()?;
        let mut raw = before.clone();
        // The enter key still sends a line feed, so that it ends a password that was typed ahead.
        raw.local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

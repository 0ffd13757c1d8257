//! Where the shell's lines come from: standard input, a byte at a time, because what follows a
//! line may be the answer to a prompt.

use std::io;

use rustix::io::Errno;
use rustix::stdio::stdin;
use rustix::termios::isatty;

use crate::output;

const PROMPT: &[u8] = b"ktutil:  ";

/// The longest line taken.
const MAX_LEN: usize = 64 * 1024;

/// The next line, or what came instead of it.
pub(super) enum Input {
    Line(Vec<u8>),
    TooLong,
    End,
}

/// Prompts for lines and reads them.
pub(super) struct Lines {
    terminal: bool,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self {
            terminal: isatty(stdin()),
        }
    }

    /// Shows the prompt and reads a line, without its end. What is no terminal shows nothing of
    /// what is read from it, so it is shown here, as MIT's does with readline.
    ///
    /// # Errors
    /// When standard output takes nothing.
    pub(super) fn next(&mut self) -> io::Result<Input> {
        output::write_all(PROMPT)?;
        let input = read_line();
        if let (Input::Line(line), false) = (&input, self.terminal) {
            let mut echo = line.clone();
            echo.push(b'\n');
            output::write_all(&echo)?;
        }
        Ok(input)
    }
}

fn read_line() -> Input {
    let mut line = Vec::new();
    let mut byte = [0];
    let mut too_long = false;
    let mut read_any = false;
    loop {
        match rustix::io::read(stdin(), &mut byte) {
            Err(Errno::INTR) => continue,
            Ok(0) | Err(_) if !read_any => return Input::End,
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        read_any = true;
        match byte {
            [b'\n'] => break,
            _ if line.len() == MAX_LEN => too_long = true,
            [byte] => line.push(byte),
        }
    }
    if too_long {
        return Input::TooLong;
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Input::Line(line)
}

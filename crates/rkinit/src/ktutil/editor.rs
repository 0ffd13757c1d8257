//! A line editor with a history: bytes of keys in, text out. It does not use a terminal itself.
//!
//! It supports the well-known keys of readline: arrows, Home, End, Delete, Backspace, and Ctrl with
//! A, B, C, D, E, F, H, K, L, N, P, U, W and Z.

/// How many lines are remembered.
const REMEMBERED: usize = 500;

/// Edits lines, one after the other.
#[derive(Default)]
pub(super) struct Editor {
    text: Vec<char>,
    /// The position where the next character is inserted.
    cursor: usize,
    history: Vec<String>,
    /// The line of the history that is shown, counted from the end; 0 is the new line.
    back: usize,
    /// The new line, while a line of the history is shown.
    kept: Vec<char>,
    /// The bytes of an incomplete key sequence.
    pending: Vec<u8>,
}

/// The result of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// Show the line again.
    Editing,
    /// The key sequence is not complete yet.
    Pending,
    Line(String),
    Interrupted,
    Suspended,
    /// Clear the screen and show the line again.
    Clear,
    /// The end of the input, typed on an empty line.
    End,
}

impl Editor {
    /// Processes a byte from the terminal.
    pub(super) fn take(&mut self, byte: u8) -> Outcome {
        self.pending.push(byte);
        match self.pending.as_slice() {
            [ESCAPE] | [ESCAPE, b'[' | b'O'] => return Outcome::Pending,
            // Parameters, then a final byte (ECMA-48 §5.4).
            [ESCAPE, b'[', .., b'0'..=b'?'] => return self.wait_for_more(),
            [ESCAPE, rest @ ..] => {
                let key = Key::of_sequence(rest);
                self.pending.clear();
                return match key {
                    Some(key) => self.press(key),
                    None => Outcome::Editing,
                };
            }
            [0..=0x1f | 0x7f] => {
                self.pending.clear();
                return match Key::of_control(byte) {
                    Ok(key) => self.press(key),
                    Err(outcome) => outcome.unwrap_or(Outcome::Editing),
                };
            }
            _ => {}
        }
        match str::from_utf8(&self.pending) {
            Ok(text) => {
                let typed: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
                self.insert(&typed);
            }
            Err(error) if error.error_len().is_none() => return Outcome::Pending,
            Err(_) => self.insert(&[char::REPLACEMENT_CHARACTER]),
        }
        self.pending.clear();
        Outcome::Editing
    }

    /// Adds a line to the history.
    pub(super) fn remember(&mut self, line: String) {
        if self.history.last() == Some(&line) {
            return;
        }
        if self.history.len() == REMEMBERED {
            self.history.remove(0);
        }
        self.history.push(line);
    }

    /// The text to show in `width` columns, and the cursor's column in it. If the line is longer,
    /// the text is the part around the cursor.
    pub(super) fn shown(&self, width: usize) -> (String, usize) {
        let width = width.max(1);
        let start = (self.cursor + 1).saturating_sub(width);
        let text = self.text.iter().skip(start).take(width).collect();
        (text, self.cursor - start)
    }

    fn wait_for_more(&mut self) -> Outcome {
        // No key sequence is this long, so what follows is ordinary input.
        if self.pending.len() > 16 {
            self.pending.clear();
        }
        Outcome::Pending
    }

    fn insert(&mut self, typed: &[char]) {
        self.text
            .splice(self.cursor..self.cursor, typed.iter().copied());
        self.cursor += typed.len();
    }

    fn press(&mut self, key: Key) -> Outcome {
        match key {
            Key::Enter => {
                let line = std::mem::take(&mut self.text).into_iter().collect();
                self.reset();
                return Outcome::Line(line);
            }
            Key::Interrupt => {
                self.reset();
                return Outcome::Interrupted;
            }
            Key::Delete | Key::EndOfInput if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            Key::EndOfInput if self.text.is_empty() => return Outcome::End,
            Key::Delete | Key::EndOfInput => {}
            Key::Backspace => {
                if let Some(before) = self.cursor.checked_sub(1) {
                    self.text.remove(before);
                    self.cursor = before;
                }
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::Up => self.recall(self.back + 1),
            Key::Down => {
                if let Some(newer) = self.back.checked_sub(1) {
                    self.recall(newer);
                }
            }
            Key::KillToEnd => self.text.truncate(self.cursor),
            Key::KillToStart => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::KillWord => {
                let before = self.text.get(..self.cursor).unwrap_or_default();
                let word = before.iter().rposition(|c| *c != ' ').unwrap_or(0);
                let blank = before.iter().take(word).rposition(|c| *c == ' ');
                let start = blank.map_or(0, |blank| blank + 1);
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            Key::Blank => self.insert(&[' ']),
        }
        Outcome::Editing
    }

    /// Shows the line that is `back` lines back in the history, if there is one.
    fn recall(&mut self, back: usize) {
        let line = match self.history.len().checked_sub(back) {
            Some(index) if back > 0 => self.history.get(index).map(|line| line.chars().collect()),
            Some(_) => Some(std::mem::take(&mut self.kept)),
            None => None,
        };
        let Some(line) = line else {
            return;
        };
        if self.back == 0 {
            self.kept = std::mem::take(&mut self.text);
        }
        self.text = line;
        self.cursor = self.text.len();
        self.back = back;
    }

    fn reset(&mut self) {
        self.text.clear();
        self.kept.clear();
        self.cursor = 0;
        self.back = 0;
    }
}

const ESCAPE: u8 = 0x1b;

/// A key that does something other than insert itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Enter,
    Interrupt,
    EndOfInput,
    Backspace,
    Delete,
    Left,
    Right,
    Home,
    End,
    Up,
    Down,
    KillToEnd,
    KillToStart,
    KillWord,
    Blank,
}

impl Key {
    /// The key of a control character; otherwise its outcome, if it has one.
    fn of_control(byte: u8) -> Result<Self, Option<Outcome>> {
        Ok(match byte {
            b'\r' | b'\n' => Self::Enter,
            b'\t' => Self::Blank,
            0x7f | CTRL_H => Self::Backspace,
            CTRL_A => Self::Home,
            CTRL_B => Self::Left,
            CTRL_C => Self::Interrupt,
            CTRL_D => Self::EndOfInput,
            CTRL_E => Self::End,
            CTRL_F => Self::Right,
            CTRL_K => Self::KillToEnd,
            CTRL_N => Self::Down,
            CTRL_P => Self::Up,
            CTRL_U => Self::KillToStart,
            CTRL_W => Self::KillWord,
            CTRL_L => return Err(Some(Outcome::Clear)),
            CTRL_Z => return Err(Some(Outcome::Suspended)),
            _ => return Err(None),
        })
    }

    /// The key for the bytes after an escape character.
    fn of_sequence(sequence: &[u8]) -> Option<Self> {
        Some(match sequence {
            [b'[' | b'O', b'A'] => Self::Up,
            [b'[' | b'O', b'B'] => Self::Down,
            [b'[' | b'O', b'C'] => Self::Right,
            [b'[' | b'O', b'D'] => Self::Left,
            [b'[' | b'O', b'H'] | [b'[', b'1' | b'7', b'~'] => Self::Home,
            [b'[' | b'O', b'F'] | [b'[', b'4' | b'8', b'~'] => Self::End,
            [b'[', b'3', b'~'] => Self::Delete,
            _ => return None,
        })
    }
}

const CTRL_A: u8 = 1;
const CTRL_B: u8 = 2;
const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const CTRL_E: u8 = 5;
const CTRL_F: u8 = 6;
const CTRL_H: u8 = 8;
const CTRL_K: u8 = 11;
const CTRL_L: u8 = 12;
const CTRL_N: u8 = 14;
const CTRL_P: u8 = 16;
const CTRL_U: u8 = 21;
const CTRL_W: u8 = 23;
const CTRL_Z: u8 = 26;

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcomes of the bytes, with a history of `first` and `second`.
    fn type_in(keys: &str) -> Vec<Outcome> {
        let mut editor = Editor::default();
        editor.remember("first".to_owned());
        editor.remember("second".to_owned());
        editor.remember("second".to_owned());
        keys.bytes()
            .map(|byte| editor.take(byte))
            .filter(|outcome| !matches!(outcome, Outcome::Editing | Outcome::Pending))
            .collect()
    }

    #[test]
    fn editing_keys_produce_the_expected_line() {
        let check = |keys: &str, line: &str| {
            let expected = [Outcome::Line(line.to_owned())];
            assert_eq!(type_in(&format!("{keys}\r")), expected, "{keys:?}");
        };
        check("list -e", "list -e");
        check("", "");
        check("lixt\x02\x7fs\x05 -e", "list -e");
        check("ist\x01l", "list");
        check("ist\x1b[Hl\x1b[F!", "list!");
        check("ab\x1b[D\x1b[DX", "Xab");
        check("ab\x1b[D\x1b[3~", "a");
        check("ab\x02\x04", "a");
        check("abc\x02\x0b", "ab");
        check("abc\x02\x15", "c");
        check("rkt some file  \x17", "rkt some ");
        check("word\x17", "");
        check("\x17\x7f\x15\x0b\x1b[3~", "");
        check("a\tb", "a b");
        check("a\x00\x07b", "ab");
        check("\u{fc}\u{1f600}\x7f", "\u{fc}");
        check("\x1b[A", "second");
        check("\x1b[A\x1bOA\x1b[A", "first");
        check("\x10\x10\x0e!", "second!");
        check("new\x1b[A\x1b[B", "new");
        check("\x1b[B", "");
        check("\x1b[200~pasted\x1b[201~", "pasted");
        check("\x1b[1;5Cx\x1bqy", "xy");
    }

    #[test]
    fn control_keys_interrupt_end_suspend_and_clear() {
        assert_eq!(type_in("abc\x03"), [Outcome::Interrupted]);
        assert_eq!(
            type_in("abc\x03x\r"),
            [Outcome::Interrupted, Outcome::Line("x".to_owned())]
        );
        assert_eq!(type_in("\x04"), [Outcome::End]);
        assert_eq!(type_in("a\x04"), []);
        assert_eq!(type_in("a\x1a\x0c"), [Outcome::Suspended, Outcome::Clear]);
    }

    #[test]
    fn invalid_utf8_is_shown_as_replacement_characters() {
        let mut editor = Editor::default();
        for byte in [0xff, b'a', 0xc3, b'b'] {
            editor.take(byte);
        }
        assert_eq!(editor.shown(80).0, "\u{fffd}a\u{fffd}");
    }

    #[test]
    fn a_long_line_is_shown_around_the_cursor() {
        let mut editor = Editor::default();
        "0123456789".bytes().for_each(|byte| {
            editor.take(byte);
        });
        assert_eq!(editor.shown(80), ("0123456789".to_owned(), 10));
        assert_eq!(editor.shown(5), ("6789".to_owned(), 4));
        editor.take(CTRL_A);
        assert_eq!(editor.shown(5), ("01234".to_owned(), 0));
        assert_eq!(editor.shown(0), ("0".to_owned(), 0));
    }
}

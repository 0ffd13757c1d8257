//! `Shown`: untrusted text, made safe for a terminal and for a line of a log.

use core::fmt::{self, Display, Write};

/// Untrusted text to be displayed: from a KDC whose reply is not verified, from a peer, from a
/// file. Control characters are escaped, including those that change the direction of text, and
/// long text is truncated.
///
/// # Example
/// ```
/// use kerberos_proto::Shown;
/// let text = "realm \u{1b}[2J\n";
/// assert_eq!(Shown::new(text).to_string(), "realm \\u{1b}[2J\\n");
/// let endless = "A".repeat(1_000_000);
/// assert!(Shown::new(endless).to_string().len() < 250);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shown<T> {
    text: T,
    limit: usize,
    with_lines: bool,
}

/// The length of encoded data, in debugging output: its bytes would fill a log.
pub(crate) struct Length(pub(crate) usize);

impl fmt::Debug for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

impl<T> Shown<T> {
    /// On a single line and at most 200 characters, which is enough for names and messages.
    pub fn new(text: T) -> Self {
        Self {
            text,
            limit: LIMIT,
            with_lines: false,
        }
    }

    /// Keeps line breaks and tabs, and allows 1000 characters: for text that people read.
    #[must_use]
    pub fn with_lines(self) -> Self {
        Self {
            limit: LIMIT_OF_LINES,
            with_lines: true,
            ..self
        }
    }

    /// Without a length limit: for text that is limited already, or that the user wrote.
    #[must_use]
    pub fn in_full(self) -> Self {
        Self {
            limit: usize::MAX,
            ..self
        }
    }
}

impl<T: Display> Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut screen = Screen {
            out: f,
            left: self.limit,
            with_lines: self.with_lines,
            is_cut: false,
        };
        let written = write!(screen, "{}", self.text);
        if screen.is_cut {
            // The error is our own, used to stop the formatting.
            return f.write_str(CUT);
        }
        written
    }
}

/// The writer that escapes and truncates.
struct Screen<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    /// How many more characters fit.
    left: usize,
    with_lines: bool,
    is_cut: bool,
}

impl Write for Screen<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let Some(left) = self.left.checked_sub(1) else {
                self.is_cut = true;
                return Err(fmt::Error);
            };
            self.left = left;
            match character {
                '\n' | '\t' if self.with_lines => self.out.write_char(character)?,
                _ if drives_terminals(character) => {
                    write!(self.out, "{}", character.escape_default())?;
                }
                _ => self.out.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Whether a character has an effect instead of being displayed: a control character, or one of
/// Unicode's that set the direction of text or end a line.
fn drives_terminals(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Names and messages of honest peers are shorter than this.
const LIMIT: usize = 200;
const LIMIT_OF_LINES: usize = 1000;
const CUT: &str = "[...]";

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};

    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        fn check(text: &str, expected: &str) {
            assert_eq!(Shown::new(text).to_string(), expected);
        }
        check("", "");
        check("a \"quoted\" one\\", "a \"quoted\" one\\");
        check("ä\u{1b}[2J\r\n\u{9b}1m", "ä\\u{1b}[2J\\r\\n\\u{9b}1m");
        check("\u{202e}moc", "\\u{202e}moc");
        let lines = Shown::new("a\n\tb\r\u{7}").with_lines();
        assert_eq!(lines.to_string(), "a\n\tb\\r\\u{7}");
    }

    #[test]
    fn long_text_is_truncated() {
        let text = "ä".repeat(LIMIT);
        assert_eq!(Shown::new(&text).to_string(), text);
        let more = format!("{text}b");
        assert_eq!(Shown::new(&more).to_string(), format!("{text}[...]"));
        assert_eq!(Shown::new(&more).with_lines().to_string(), more);
        assert_eq!(Shown::new(&more).in_full().to_string(), more);
    }

    /// Must not format a million numbers just to show the first.
    #[test]
    fn formatting_stops_once_the_text_is_truncated() {
        struct Endless;

        impl Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("again ")?;
                }
            }
        }

        let text: String = Shown::new(Endless).to_string();
        assert_eq!(text.len(), LIMIT + CUT.len());
    }
}

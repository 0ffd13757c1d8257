//! The row of the terminal in which a line is edited: the prompt, the line and the cursor.

use std::borrow::Cow;
use std::io;

use rustix::stdio::stdout;
use rustix::termios::tcgetwinsize;

use crate::ktutil::editor::Editor;
use crate::output;

pub(super) const PROMPT: &str = "ktutil:  ";

/// What a row of the terminal shows behind the prompt.
#[derive(PartialEq, Eq)]
pub(super) struct Screen {
    width: usize,
    text: String,
    cursor: usize,
}

impl Screen {
    /// Shows the prompt and the line in an empty row.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn begin(editor: &Editor) -> io::Result<Self> {
        let screen = Self::of(editor);
        output::write_all(screen.painted().as_bytes())?;
        Ok(screen)
    }

    /// Shows the line as it is now.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn update(&mut self, editor: &Editor) -> io::Result<()> {
        let next = Self::of(editor);
        output::write_all(next.change_from(self).as_bytes())?;
        *self = next;
        Ok(())
    }

    fn of(editor: &Editor) -> Self {
        let columns = tcgetwinsize(stdout()).map_or(0, |size| usize::from(size.ws_col));
        let columns = if columns == 0 { 80 } else { columns };
        let width = columns.saturating_sub(PROMPT.len() + 1);
        let (text, cursor) = editor.shown(width);
        Self {
            width,
            text,
            cursor,
        }
    }

    /// What is printed to change `before` to this. For what is typed at the end that is the text
    /// itself: a program that types for a person (expect) takes another prompt for another request.
    fn change_from<'a>(&'a self, before: &Self) -> Cow<'a, str> {
        if self == before {
            return Cow::Borrowed("");
        }
        let both_at_end = self.is_at_end() && before.is_at_end() && self.width == before.width;
        match self.text.strip_prefix(&before.text) {
            Some(typed) if both_at_end => Cow::Borrowed(typed),
            _ => Cow::Owned(format!("\r\x1b[K{}", self.painted())),
        }
    }

    fn painted(&self) -> String {
        let text = &self.text;
        if self.is_at_end() {
            return format!("{PROMPT}{text}");
        }
        let column = PROMPT.len() + self.cursor;
        format!("{PROMPT}{text}\r\x1b[{column}C")
    }

    fn is_at_end(&self) -> bool {
        self.cursor == self.text.chars().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_editing_paints_the_prompt_again() {
        let screen = |text: &str, cursor| Screen {
            width: 8,
            text: text.to_owned(),
            cursor,
        };
        let check = |before: &Screen, after: &Screen, expected: &str| {
            assert_eq!(after.change_from(before), expected);
        };
        check(&screen("lis", 3), &screen("list", 4), "t");
        check(&screen("", 0), &screen("list", 4), "list");
        check(&screen("lis", 2), &screen("lis", 2), "");
        check(
            &screen("list", 4),
            &screen("lis", 3),
            "\r\x1b[Kktutil:  lis",
        );
        let moved = "\r\x1b[Kktutil:  list\r\x1b[12C";
        check(&screen("list", 4), &screen("list", 3), moved);
        check(
            &screen("lst", 1),
            &screen("list", 2),
            &moved.replace("12", "11"),
        );
        // The line has become too long for the row.
        check(
            &screen("1234567", 7),
            &screen("2345678", 7),
            "\r\x1b[Kktutil:  2345678",
        );
    }
}

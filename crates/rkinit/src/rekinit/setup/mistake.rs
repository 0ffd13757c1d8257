//! Mistakes in the settings, and what to do about them.

use std::fmt;
use std::path::Path;

use kerberos_client::ClientError;

/// Why there is nothing to keep.
#[derive(Debug)]
pub(crate) struct Mistake {
    text: String,
    pub(crate) hint: Option<String>,
}

impl Mistake {
    pub(crate) fn with_hint(text: impl Into<String>, hint: Option<String>) -> Self {
        let text = text.into();
        Self { text, hint }
    }

    /// The text for a log: without the picture of the line in a file, which takes several lines.
    pub(crate) fn in_one_line(&self) -> String {
        let is_picture = |line: &str| {
            let left = line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
            left.starts_with('|')
        };
        let lines = self.text.lines().filter(|line| !is_picture(line));
        lines.collect::<Vec<_>>().join(": ")
    }

    /// The same mistake, for the ticket with this number in the file at `path`.
    pub(crate) fn of_ticket(self, path: &Path, number: usize, principal: Option<&str>) -> Self {
        let path = path.display();
        let principal = principal.map_or_else(String::new, |name| format!(" ({name})"));
        let text = format!("{path}: ticket {number}{principal}: {}", self.text);
        Self { text, ..self }
    }
}

impl From<String> for Mistake {
    fn from(text: String) -> Self {
        Self::with_hint(text, None)
    }
}

impl From<&str> for Mistake {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<ClientError> for Mistake {
    fn from(error: ClientError) -> Self {
        Self::with_hint(error.to_string(), error.hint())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

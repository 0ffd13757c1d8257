//! `ktutil`: creates, shows and changes keytabs.
//!
//! Without arguments it is MIT's interactive shell, which collects keys in a list and writes them
//! all at once. With arguments it executes a single command, like Heimdal's `ktutil`.

mod addent;
mod commands;
mod editor;
mod keylist;
mod keys;
mod lines;
mod requests;
mod screen;
mod shell;
mod words;

use std::ffi::OsString;

use crate::messages::Program;

/// The tool's clap definition, for manual pages and completions.
pub(crate) fn definition(name: &str) -> clap::Command {
    commands::args::definition(name)
}

/// Runs `ktutil` and returns its exit status.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.is_empty() {
        shell::run(program)
    } else {
        commands::run(program, &arguments)
    }
}

/// The current time in seconds since 1970, as in the files.
fn now() -> u32 {
    u32::try_from(kerberos_client::now().seconds).unwrap_or(u32::MAX)
}

/// The parsers of typed input, for the fuzz targets.
pub(crate) mod fuzzing {
    use super::addent::AddEnt;
    use super::editor::{Editor, Outcome};

    /// The words of a shell line; `None` if a quote is not closed.
    pub fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
        super::words::split(line).ok()
    }

    /// Whether `words` are valid arguments of `addent`.
    pub fn addent_is_sound(words: &[Vec<u8>]) -> bool {
        AddEnt::parse(words).is_ok()
    }

    /// The number of keys in a document for `import`.
    ///
    /// # Errors
    /// A description of what is wrong with the document.
    pub fn json_keytab(text: &[u8]) -> Result<usize, String> {
        super::commands::import::read(text).map(|entries| entries.len())
    }

    /// The lines that result from typing `keys`, and the widest text that was shown on a terminal
    /// of `width` columns.
    pub fn edit(keys: &[u8], width: usize) -> (Vec<String>, usize) {
        let mut editor = Editor::default();
        let mut lines = Vec::new();
        let mut widest = 0;
        for key in keys {
            if let Outcome::Line(line) = editor.take(*key) {
                editor.remember(line.clone());
                lines.push(line);
            }
            let (text, cursor) = editor.shown(width);
            widest = widest.max(text.chars().count()).max(cursor + 1);
        }
        (lines, widest)
    }
}

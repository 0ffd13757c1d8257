//! The file of `--config`.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::args::Typed;
use super::duration::Seconds;
use super::spec::Spec;

/// The file of `--config`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct File {
    pub(super) listen: Option<String>,
    pub(super) log: Option<String>,
    pub(super) hook: Option<Words>,
    pub(super) hook_shell: Option<String>,
    pub(super) period: Option<Seconds>,
    pub(super) timeout: Option<Seconds>,
    #[serde(deserialize_with = "tickets")]
    ticket: Vec<Spec>,
}

/// Reads the tickets, and says how to write them.
fn tickets<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Spec>, D::Error> {
    struct Tickets;
    impl<'de> Visitor<'de> for Tickets {
        type Value = Vec<Spec>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list: write [[ticket]], in double brackets")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<Spec>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list))
        }
    }
    from.deserialize_seq(Tickets)
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "it is not a program: write it as \"/path\" or [\"/path\", \"argument\"]"
)]
pub(super) enum Words {
    One(String),
    Many(Vec<String>),
}

impl File {
    /// The file that the command line names, if any.
    pub(super) fn of(typed: &Typed) -> Result<Self, String> {
        typed
            .config
            .as_deref()
            .map_or_else(|| Ok(Self::default()), Self::read)
    }

    pub(super) fn take_specs(&mut self, typed: &Typed) -> Result<Vec<Spec>, String> {
        let Some(path) = &typed.config else {
            return Ok(vec![Spec::from_options(typed)?]);
        };
        if !typed.principals.is_empty() {
            let text =
                "the file of --config names the principals: do not name one on the command line";
            return Err(text.to_owned());
        }
        if let Some(option) = typed.option_of_ticket() {
            return Err(format!(
                "{option} cannot be used with --config: set it for each ticket in that file"
            ));
        }
        if self.ticket.is_empty() {
            return Err(format!("{} has no [[ticket]]", path.display()));
        }
        Ok(std::mem::take(&mut self.ticket))
    }

    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            format!(
                "{}: {}",
                path.display(),
                crate::messages::system_text(&error)
            )
        })?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().and_then(|span| {
                let before = text.get(..span.start)?;
                text.lines().nth(before.matches('\n').count())
            });
            let hint = correction(line.unwrap_or_default().trim_start(), error.message());
            format!("{}{hint}", error.to_string().trim_end())
        })
    }
}

/// How to write a `line` that is not TOML as it is.
fn correction(line: &str, error: &str) -> &'static str {
    if line.starts_with("mode") && error.contains("leading zero") {
        ": write mode = \"0400\", in quotes"
    } else if line.starts_with("[ticket]") && error.contains("duplicate") {
        ": write [[ticket]], in double brackets"
    } else {
        ""
    }
}

/// The number of tickets in `text`, if it is a valid file of `--config`; for the fuzz target.
pub(in crate::rekinit) fn tickets_of_file(text: &str) -> Result<usize, String> {
    let file = File::parse(text)?;
    for time in [file.period, file.timeout].into_iter().flatten() {
        time.duration()?;
    }
    Ok(file.ticket.len())
}

//! The log: a line on standard error for each event, as text or as JSON.
//!
//! `outlet` writes the lines. Secrets never get here, because errors do not contain any.

mod outlet;

use std::fmt;
use std::time::Duration;

use kerberos_proto::Shown;
use serde_json::{Map, Value};

use crate::messages::Program;

/// The format of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

/// Logs events of a level and above.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    pub(super) format: Format,
    pub(super) least: Level,
}

/// From now on, logging does not block on a slow reader of standard error. [`end`] must be called
/// before exiting.
pub(super) fn start() {
    outlet::start();
}

/// Waits until everything is written, but not for long.
pub(super) fn end() {
    outlet::flush(END_LIMIT);
}

/// An event: what happened, and fields for programs.
#[must_use = "it is not logged yet"]
pub(super) struct Event {
    log: Log,
    level: Level,
    message: String,
    facts: Vec<(&'static str, Value)>,
}

impl Log {
    pub(super) fn error(self, message: impl fmt::Display) -> Event {
        self.event(Level::Error, message)
    }

    pub(super) fn warning(self, message: impl fmt::Display) -> Event {
        self.event(Level::Warning, message)
    }

    pub(super) fn info(self, message: impl fmt::Display) -> Event {
        self.event(Level::Info, message)
    }

    pub(super) fn debug(self, message: impl fmt::Display) -> Event {
        self.event(Level::Debug, message)
    }

    /// Reports why there is nothing to keep: in the format of all tools, or as JSON if requested.
    pub(super) fn complain(self, program: &Program, error: impl fmt::Display, hint: Option<&str>) {
        match self.format {
            Format::Text => {
                let hint = hint.map_or_else(String::new, |hint| format!("\nhint: {hint}"));
                let text = format!("{}: {error}{hint}", program.name());
                outlet::put(text, lost::<false>);
            }
            Format::Json => {
                let event = self.error(error).with("event", "start");
                event.with_some("hint", hint.map(str::to_owned)).write();
            }
        }
    }

    fn event(self, level: Level, message: impl fmt::Display) -> Event {
        Event {
            log: self,
            level,
            message: message.to_string(),
            facts: Vec::new(),
        }
    }
}

impl Event {
    /// Adds a field; the text format shows it only if it is a `hint`.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((name, value.into()));
        self
    }

    /// Adds a field, if it has a value.
    pub(super) fn with_some(self, name: &'static str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Logs the event.
    pub(super) fn write(self) {
        if self.level < self.log.least {
            return;
        }
        let notice = match self.log.format {
            Format::Text => lost::<false>,
            Format::Json => lost::<true>,
        };
        outlet::put(self.line(), notice);
    }

    fn line(&self) -> String {
        let time = jiff::Timestamp::now();
        match self.log.format {
            Format::Text => self.text(time),
            Format::Json => self.json(time).to_string(),
        }
    }

    fn text(&self, time: jiff::Timestamp) -> String {
        let level = match self.level {
            Level::Debug | Level::Info => "",
            Level::Warning => "warning: ",
            Level::Error => "error: ",
        };
        let hint = self.facts.iter().find(|(name, _)| *name == "hint");
        let hint = hint.and_then(|(_, value)| value.as_str());
        let hint = hint.map_or_else(String::new, |hint| format!(" (hint: {hint})"));
        // One line per event, whatever text came from a KDC.
        let text = format!("{level}{}{hint}", self.message).replace('\n', " ");
        format!("{time:.0} {}", Shown::new(&text).in_full())
    }

    fn json(&self, time: jiff::Timestamp) -> Value {
        let level = match self.level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let mut object = Map::new();
        object.insert("time".into(), format!("{time:.3}").into());
        object.insert("level".into(), level.into());
        object.insert("message".into(), self.message.as_str().into());
        for (name, value) in &self.facts {
            object.insert((*name).into(), value.clone());
        }
        Value::Object(object)
    }
}

/// A line that reports `count` missing lines.
fn lost<const JSON: bool>(count: u64) -> String {
    let format = if JSON { Format::Json } else { Format::Text };
    let least = Level::Warning;
    let text = format_args!("{count} log lines were lost: nothing was reading standard error");
    let event = Log { format, least }.warning(text);
    event.with("event", "lost").with("lines", count).line()
}

/// A time in seconds since 1970, formatted for people.
pub(super) fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |t| t.to_string())
}

/// The limit for writing the last lines, in case nobody reads them.
const END_LIMIT: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_is_formatted_as_text_and_as_json() {
        let event = |format| {
            let least = Level::Info;
            Log { format, least }
                .warning("a\r\u{1b}[1A: no new ticket:\nrefused")
                .with("reason", "kdc_refused")
                .with("hint", "ask \"them\"")
        };
        let time = jiff::Timestamp::from_second(1_795_000_000).unwrap();
        assert_eq!(
            event(Format::Text).text(time),
            "2026-11-18T11:06:40Z warning: a\\r\\u{1b}[1A: no new ticket: refused (hint: ask \"them\")"
        );
        let json = event(Format::Json).json(time);
        assert_eq!(json["reason"], "kdc_refused");
        assert_eq!(json["hint"], "ask \"them\"");
        assert_eq!(json["time"], "2026-11-18T11:06:40.000Z");
        assert!(!json.to_string().contains(['\n', '\r', '\u{1b}']));
    }
}

//! `KRB5_TRACE`: logs what the library does, line by line, in MIT's format.
//!
//! The libraries emit `tracing` events with the target `krb5_trace`, in MIT's words. This
//! subscriber puts `[pid] seconds.microseconds: ` before each and appends it to the file named by
//! the variable. Without the variable there is no subscriber, and an event costs a single load.

use std::fmt;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber, span};

use crate::input::configuration;

const TARGET: &str = "krb5_trace";

/// Starts tracing if `KRB5_TRACE` names a file. As in MIT, a file that cannot be opened is ignored.
pub(crate) fn start() {
    let Some(path) = configuration::variable("KRB5_TRACE").filter(|path| !path.is_empty()) else {
        return;
    };
    let opened = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path);
    if let Ok(file) = opened {
        let _ = tracing::subscriber::set_global_default(TraceFile { file });
    }
}

/// Whether an event has our target; all other events of the process are ignored.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && metadata.target() == TARGET
}

struct TraceFile {
    file: File,
}

impl Subscriber for TraceFile {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_ours(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event(&self, event: &Event<'_>) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut line = Line(String::with_capacity(160));
        let (seconds, microseconds) = (now.as_secs(), now.subsec_micros());
        let _ = write!(
            line.0,
            "[{}] {seconds}.{microseconds:06}: ",
            std::process::id()
        );
        event.record(&mut line);
        line.0.push('\n');
        // One write per line: with `O_APPEND`, lines of several processes are not mixed.
        let _ = (&self.file).write_all(line.0.as_bytes());
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Collects the message of an event; its other fields are for other subscribers.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_pid_time_and_message() {
        let folder = test_support::TempDir::new();
        let path = folder.join("trace");
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .unwrap();
        let dispatch = tracing::Dispatch::new(TraceFile { file });
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::debug!(target: "krb5_trace", etype = 18, "Decrypted AS reply; {}", "aes");
            tracing::debug!("not for the trace");
        });
        let text = std::fs::read_to_string(&path).unwrap();
        let (head, message) = text.split_once(": ").unwrap();
        assert_eq!(message, "Decrypted AS reply; aes\n");
        let (pid, time) = head.split_once(' ').unwrap();
        assert_eq!(pid, format!("[{}]", std::process::id()));
        assert_eq!(time.split_once('.').unwrap().1.len(), 6);
    }
}

//! What waits for the first tickets: the application, or the end of a one-time job.

use std::sync::Arc;
use std::time::Instant;

use kerberos_client::now;

use super::Life;
use crate::beside;
use crate::messages::system_text;
use crate::rekinit::setup::Mode;
use crate::rekinit::status::Status;

impl Life<'_> {
    /// Starts what waits for the first tickets, or gives up waiting.
    pub(super) fn look_at_beginning(&mut self) -> Option<u8> {
        if self.has_begun {
            return self.look_at_end();
        }
        let now = now().seconds;
        let begins = match self.setup.mode {
            Mode::Once => self.awaited.is_empty(),
            _ => self.fleet.is_ready(now),
        };
        if begins {
            self.has_begun = true;
            self.deadline = None;
            return match &self.setup.mode {
                Mode::Once | Mode::Daemon => self.look_at_end(),
                Mode::Beside(words) => self.start_application(&words.clone()),
            };
        }
        if self
            .deadline
            .is_some_and(|deadline| deadline <= Instant::now())
        {
            self.say_what_is_missing(now);
            return Some(1);
        }
        None
    }

    /// Logs, for each ticket that did not arrive in time, what it is waiting for.
    fn say_what_is_missing(&self, now: i64) {
        let statuses = self.fleet.statuses();
        let is_awaited = |status: &&Arc<Status>| match self.setup.mode {
            Mode::Once => self.awaited.iter().any(|other| Arc::ptr_eq(other, status)),
            _ => !status.is_ready(now),
        };
        for status in statuses.iter().filter(is_awaited) {
            let facts = status.facts();
            let principal = facts.shown_principal();
            let why = match (facts.reason, &facts.principal) {
                (Some(_), _) => format!("the last attempt failed: {}", facts.message),
                (None, Some(principal)) => {
                    let realm = String::from_utf8_lossy(principal.realm()).into_owned();
                    format!("no KDC of {realm} has answered yet")
                }
                (None, None) => "no KDC has answered yet".to_owned(),
            };
            let text = format!("timed out waiting for tickets: {principal}: {why}");
            let event = self.setup.log.error(text).with("event", "timeout");
            event
                .with("principal", principal)
                .with("cache", status.place())
                .with_some(
                    "reason",
                    facts.reason.map(|reason| reason.name().to_owned()),
                )
                .write();
        }
    }

    /// A one-time job ends when the last hook has ended.
    fn look_at_end(&self) -> Option<u8> {
        if self.setup.mode != Mode::Once || self.processes.has_hooks() {
            return None;
        }
        let statuses = self.fleet.statuses();
        let missing: usize = statuses.iter().map(|s| s.facts().missing_services).sum();
        if missing == 0 {
            return Some(0);
        }
        let tickets = if missing == 1 { "ticket" } else { "tickets" };
        let text = format!("{missing} {tickets} for services could not be obtained");
        let event = self.setup.log.error(text);
        event.with("event", "service_missing").write();
        Some(1)
    }

    fn start_application(&mut self, words: &[std::ffi::OsString]) -> Option<u8> {
        let started = self
            .processes
            .start_application(words, &self.fleet.first_cache().unwrap_or_default());
        let Err(error) = started else {
            return None;
        };
        let program = words.first().map(|word| word.display().to_string());
        let text = format!(
            "{} cannot be run: {}",
            program.unwrap_or_default(),
            system_text(&error)
        );
        let event = self.setup.log.error(text);
        event.with("event", "start").write();
        Some(beside::not_run(&error))
    }
}

//! `Observer`: turns what a keeper reports after each attempt into the status and the log.

use std::borrow::Cow;
use std::sync::Arc;

use kerberos_client::{ClientError, KeeperState, now};
use kerberos_files::keytab::KeytabError;
use kerberos_proto::Login;

use super::{Attempted, Shared, diagnosis};
use crate::input::new_password::mit_message;
use crate::messages::advice::advice;
use crate::messages::system_text;
use crate::rekinit::log;
use crate::rekinit::secret::Place;
use crate::rekinit::setup::service;
use crate::rekinit::status::reason::Reason;
use crate::rekinit::status::{Facts, Status};
use crate::rekinit::target::Target;

/// What reports one target's attempts.
pub(super) struct Observer {
    shared: Shared,
    target: Arc<Target>,
    status: Arc<Status>,
    /// The last failure, if nothing has succeeded since, and its reason as it was reported.
    failure: Option<(Arc<ClientError>, Reason)>,
    /// How many attempts of this keeper have been counted.
    attempts: u64,
    /// The last login that was reported as refreshed.
    reported: Option<Arc<Login>>,
}

impl Observer {
    pub(super) fn new(shared: Shared, target: Arc<Target>, status: Arc<Status>) -> Self {
        Self {
            shared,
            target,
            status,
            failure: None,
            attempts: 0,
            reported: None,
        }
    }

    pub(super) fn observe(&mut self, state: &KeeperState) {
        let known = self.failure.take();
        self.failure = state.error.as_ref().map(|error| match known {
            // Already reported; since then, only the present ticket was looked after.
            Some((known, reason)) if Arc::ptr_eq(&known, error) => {
                self.renewed_meanwhile(state);
                (known, reason)
            }
            _ => (Arc::clone(error), self.failed(state, error)),
        });
        if self.failure.is_none() {
            self.succeeded(state);
        }
        self.attempts = state.attempts;
        let mut is_new = false;
        self.status
            .update(|facts| is_new = std::mem::take(&mut facts.is_new));
        let attempted = Attempted {
            status: Arc::clone(&self.status),
            failed: self.failure.as_ref().map(|(_, reason)| *reason),
            is_new,
        };
        // The main thread may have ended.
        let _ = self.shared.events.send(attempted);
        self.shared.wake.ring();
    }

    /// Records what every attempt changes.
    fn attempted(&self, facts: &mut Facts, state: &KeeperState) {
        // What an attempt publishes late is reported apart from its failure.
        facts.attempts += state.attempts - self.attempts;
        facts.next_attempt = Some(state.next_attempt.seconds);
        facts.failures_in_a_row = state.failures;
    }

    fn succeeded(&mut self, state: &KeeperState) {
        let is_refreshed = self.is_refreshed(state);
        let facts = self.status.update(|facts| {
            self.attempted(facts, state);
            facts.reason = None;
            facts.refreshed_at = state.refreshed_at.map(|time| time.seconds);
            if is_refreshed {
                facts.kdc_time += state.took;
                facts.refreshes += 1;
            }
        });
        self.log_written(&facts, state, is_refreshed);
        self.warn(&facts, &facts.shown_principal());
    }

    /// The present ticket was looked after while a requested login fails.
    fn renewed_meanwhile(&mut self, state: &KeeperState) {
        let facts = self.status.update(|facts| {
            self.attempted(facts, state);
            if facts.is_new {
                facts.refreshed_at = state.refreshed_at.map(|time| time.seconds);
            }
        });
        if facts.is_new {
            let is_refreshed = self.is_refreshed(state);
            self.log_written(&facts, state, is_refreshed);
        }
    }

    /// Whether the login is a new one. Otherwise it was only written again.
    fn is_refreshed(&mut self, state: &KeeperState) -> bool {
        let last = self.reported.take();
        self.reported.clone_from(&state.login);
        let is_same = |(last, login)| Arc::ptr_eq(last, login);
        !last.as_ref().zip(state.login.as_ref()).is_some_and(is_same)
    }

    fn log_written(&self, facts: &Facts, state: &KeeperState, is_refreshed: bool) {
        let (principal, cache) = (facts.shown_principal(), self.status.place());
        let until = facts.valid_until.map_or_else(String::new, log::time);
        let (name, how) = match (is_refreshed, state.renewed) {
            (true, true) => ("refreshed", "renewed"),
            (true, false) => ("refreshed", "obtained"),
            (false, _) => ("restored", "written again"),
        };
        let next = (!self.shared.once).then(|| log::time(state.next_attempt.seconds));
        let then = next
            .as_ref()
            .map_or_else(String::new, |next| format!("; next refresh at {next}"));
        let text = format!("{principal}: ticket {how}, valid until {until}, in {cache}{then}");
        let event = self.shared.log.info(text);
        let mut event = event
            .with("event", name)
            .with("principal", principal.as_str())
            .with("cache", cache.as_str())
            .with("expires", until)
            .with_some("next", next);
        if is_refreshed {
            let millis = u64::try_from(state.took.as_millis()).unwrap_or(u64::MAX);
            event = event.with("renewed", state.renewed).with("took_ms", millis);
        }
        event.write();
    }

    /// Warns of problems although there is a ticket.
    fn warn(&self, facts: &Facts, principal: &str) {
        if facts.old_secret {
            let text = "the KDC accepts the previous secret but not the current one: check that the \
                        new one has reached all KDCs";
            let event = self.shared.log.warning(format_args!("{principal}: {text}"));
            event
                .with("event", "previous_secret")
                .with("reason", "old_secret")
                .with("principal", principal)
                .with("cache", self.status.place())
                .write();
        }
        let limit = i64::from(self.shared.client.config().krb5().clock_skew());
        if let Some(offset) = facts.clock_offset.filter(|offset| offset.abs() > limit) {
            let which = if offset > 0 { "behind" } else { "ahead of" };
            let seconds = offset.unsigned_abs();
            let text = format!(
                "{principal}: this machine's clock is {seconds} s {which} the KDC's, and services \
                 may refuse the ticket: set the clock, or synchronize it (NTP)"
            );
            let event = self.shared.log.warning(text);
            event
                .with("event", "clock_skew")
                .with("reason", Reason::ClockSkew.name())
                .with("principal", principal)
                .with("cache", self.status.place())
                .write();
        }
    }

    fn failed(&self, state: &KeeperState, error: &ClientError) -> Reason {
        let with_keys = matches!(self.target.secret, Place::Keytab(_));
        let reason = Reason::of(error, with_keys);
        let message = message(error);
        let facts = self.status.update(|facts| {
            self.attempted(facts, state);
            facts.fail(reason, &message);
        });
        let principal = facts.shown_principal();
        let cache = self.status.place();
        let keys = (reason == Reason::WrongKey)
            .then(|| diagnosis::keys(&self.shared.client, error, &facts, state))
            .flatten();
        let has = match facts.valid_until {
            Some(end) if facts.is_ready(now().seconds) => {
                format!("; the ticket in {cache} is valid until {}", log::time(end))
            }
            _ => match &facts.incomplete {
                Some((end, service)) if *end > now().seconds => format!(
                    "; the ticket in {cache} is valid until {}, but there is none for {}",
                    log::time(*end),
                    service::shown(service)
                ),
                _ => format!("; there is no valid ticket in {cache}"),
            },
        };
        let detail = keys
            .as_ref()
            .map_or_else(String::new, |keys| format!(" ({keys})"));
        let is_last = self.shared.exit_on_error || (self.shared.once && !reason.may_pass());
        let next = (!is_last).then(|| log::time(state.next_attempt.seconds));
        let then = next
            .as_ref()
            .map_or_else(String::new, |next| format!("; next attempt at {next}"));
        let text = format!("{principal}: {message}{detail}{has}{then}");
        let hint = match &facts.principal {
            _ if self.target.is_not_given_away(error) => Some(
                "run as root or with CAP_CHOWN to give the file to another user, or to a group that \
                 rekinit is not a member of"
                    .to_owned(),
            ),
            Some(_) if reason == Reason::WrongPassword => self.target.secret.correction(),
            Some(principal) => advice(error, principal, with_keys),
            None => error.hint(),
        };
        let mut event = self
            .shared
            .log
            .error(text)
            .with("event", "failed")
            .with("reason", reason.name())
            .with("principal", principal)
            .with("cache", cache)
            .with("error", message.as_ref())
            .with("failures", state.failures)
            .with_some("next", next);
        if let Some(keys) = keys {
            event = event
                .with("keytab_kvno", keys.keytab)
                .with("kdc_kvno", keys.kdc);
        }
        if let Some(hint) = hint {
            event = event.with("hint", hint);
        }
        event.write();
        reason
    }
}

/// The message as MIT's tools write it, or as the C library writes system errors.
fn message(error: &ClientError) -> Cow<'static, str> {
    match error {
        ClientError::Keytab(KeytabError::Io { path, source }) => {
            let (path, text) = (path.display(), system_text(source));
            format!("Key table file '{path}': {text}").into()
        }
        error => mit_message(error),
    }
}

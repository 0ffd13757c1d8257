//! The state of each ticket: its keeper's thread updates it, and metrics, probes and systemd read
//! it.

pub(crate) mod http;
pub(crate) mod metrics;
pub(crate) mod reason;
pub(crate) mod systemd;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kerberos_files::ccache::CcacheName;
use kerberos_proto::Principal;

use reason::Reason;

/// The state of one ticket, shared by threads.
#[derive(Debug)]
pub(super) struct Status {
    /// The name of its cache.
    pub(super) cache: String,
    facts: Mutex<Facts>,
    /// The due time of the overdue attempt, and when it was first seen to be overdue.
    overdue: Mutex<Option<(i64, Instant)>>,
}

/// Times are in seconds since 1970, by this machine's clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The principal that logs in, as soon as it is known.
    pub(super) principal: Option<Principal>,
    /// The version of the keytab's newest key, when the keytab was last read.
    pub(super) keytab_kvno: Option<u32>,
    /// The end of the ticket that is in the cache.
    pub(super) valid_until: Option<i64>,
    /// The end of the ticket that was written last; somebody else may have replaced it since.
    pub(super) published_until: Option<i64>,
    /// How often the cache was written.
    pub(super) writes: u64,
    /// Whether the cache was written since the last attempt was reported.
    pub(super) is_new: bool,
    /// The owner of the ticket that was written last.
    pub(super) owner: Option<Principal>,
    /// The cache that was written last, if the target's name is that of a collection.
    pub(super) written: Option<CcacheName>,
    /// The cache with the ticket of an earlier process.
    pub(super) found: Option<CcacheName>,
    pub(super) renew_till: Option<i64>,
    pub(super) refreshed_at: Option<i64>,
    pub(super) next_attempt: Option<i64>,
    pub(super) attempts: u64,
    /// In the order of [`Reason::ALL`].
    pub(super) failures: [u64; Reason::ALL.len()],
    pub(super) failures_in_a_row: u32,
    /// Why the last attempt failed, if it did.
    pub(super) reason: Option<Reason>,
    /// The reason in words, from the last attempt that failed.
    pub(super) message: String,
    /// The total time of successful refreshes, and their number.
    pub(super) kdc_time: Duration,
    pub(super) refreshes: u64,
    /// By how many seconds the KDC's clock is ahead.
    pub(super) clock_offset: Option<i64>,
    /// Whether the last login used the previous secret instead of the current one.
    pub(super) old_secret: bool,
    /// The services whose tickets were written with the last ticket.
    pub(super) services: Vec<Principal>,
    /// The number of services without a ticket.
    pub(super) missing_services: usize,
    /// The end of the ticket that an earlier process left in the cache, and the first service that
    /// it left no ticket for.
    pub(super) incomplete: Option<(i64, Principal)>,
    pub(super) hooks_succeeded: u64,
    pub(super) hooks_failed: u64,
}

impl Status {
    /// The state for a ticket of `principal` in the cache, or collection, called `cache`.
    pub(super) fn new(cache: String, principal: Option<Principal>) -> Self {
        let facts = Facts {
            principal,
            ..Facts::default()
        };
        Self {
            cache,
            facts: Mutex::new(facts),
            overdue: Mutex::default(),
        }
    }

    pub(super) fn facts(&self) -> Facts {
        self.lock().clone()
    }

    /// Changes the facts, and returns the new ones.
    pub(super) fn update(&self, change: impl FnOnce(&mut Facts)) -> Facts {
        let mut facts = self.lock();
        change(&mut facts);
        facts.clone()
    }

    /// A keeper starts at `now`. Its first attempt is due at once, and can get stuck like any
    /// other.
    pub(super) fn starts(&self, now: i64) {
        self.lock().next_attempt = Some(now);
    }

    /// A login for `principal` is about to begin.
    pub(super) fn asks_for(&self, principal: &Principal, keytab_kvno: Option<u32>) {
        let mut facts = self.lock();
        facts.principal = Some(principal.clone());
        facts.keytab_kvno = keytab_kvno;
    }

    /// Records what was found in the cache: a ticket that is valid until `until`, or none. `before`
    /// are the facts before looking. Returns whether the result counts: if the cache was written
    /// meanwhile, it may be outdated.
    pub(super) fn saw(&self, before: &Facts, until: Option<i64>) -> bool {
        let mut facts = self.lock();
        let counts = facts.writes == before.writes;
        if counts {
            facts.valid_until = until;
        }
        counts
    }

    /// From now on, the cache holds a ticket that is valid until `end`.
    pub(super) fn published(&self, end: i64, change: impl FnOnce(&mut Facts)) {
        self.update(|facts| {
            facts.valid_until = Some(end);
            facts.published_until = Some(end);
            facts.writes += 1;
            facts.is_new = true;
            facts.incomplete = None;
            change(facts);
        });
    }

    /// The name of the cache with the ticket. If `cache` is a collection, its primary cache may
    /// belong to somebody else.
    pub(super) fn place(&self) -> String {
        self.lock()
            .place()
            .map_or_else(|| self.cache.clone(), CcacheName::to_string)
    }

    pub(super) fn logged_in_with_old_secret(&self, is_old: bool) {
        self.lock().old_secret = is_old;
    }

    /// Whether the cache has a ticket that is valid at `now`.
    pub(super) fn is_ready(&self, now: i64) -> bool {
        self.lock().is_ready(now)
    }

    /// Whether an attempt has been overdue at `now` for so long that the keeper must be stuck:
    /// longer than with the slowest KDCs. The duration is measured with `instant`, because the
    /// clock may have been set, and then the attempt has only just begun.
    pub(super) fn is_stuck(&self, now: i64, instant: Instant) -> bool {
        let due = self.lock().next_attempt.filter(|due| *due < now);
        let mut overdue = self.overdue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(due) = due else {
            *overdue = None;
            return false;
        };
        let known = overdue.filter(|(other, _)| *other == due);
        let (_, since) = *overdue.insert(known.unwrap_or((due, instant)));
        instant.saturating_duration_since(since) > LONGEST_ATTEMPT
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Facts {
    /// Whether the cache has a ticket that is valid at `now`.
    pub(super) fn is_ready(&self, now: i64) -> bool {
        self.valid_until.is_some_and(|end| end > now)
    }

    /// Whether the ticket that was written last is valid at `now`, even if it has been removed.
    pub(super) fn is_published(&self, now: i64) -> bool {
        self.published_until.is_some_and(|end| end > now)
    }

    /// The cache with the ticket, if it is known.
    pub(super) fn place(&self) -> Option<&CcacheName> {
        self.written.as_ref().or(self.found.as_ref())
    }

    /// Counts a failed attempt.
    pub(super) fn fail(&mut self, reason: Reason, message: &str) {
        self.reason = Some(reason);
        message.clone_into(&mut self.message);
        let counters = Reason::ALL.iter().zip(&mut self.failures);
        for (_, count) in counters.filter(|(other, _)| **other == reason) {
            *count += 1;
        }
    }

    pub(super) fn shown_principal(&self) -> String {
        self.principal
            .as_ref()
            .map_or_else(|| "(unknown)".to_owned(), Principal::to_string)
    }
}

const LONGEST_ATTEMPT: Duration = Duration::from_secs(900);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_until_the_ticket_expires() {
        let status = Status::new("FILE:/cc".into(), None);
        status.update(|facts| facts.valid_until = Some(100));
        assert!(status.is_ready(99) && !status.is_ready(100));
        assert!(!Status::new(String::new(), None).is_ready(0));
        let facts = status.update(|facts| {
            facts.fail(Reason::ClockSkew, "");
        });
        assert_eq!(facts.failures.iter().sum::<u64>(), 1);
    }

    #[test]
    fn check_result_is_discarded_after_a_newer_publish() {
        let status = Status::new(String::new(), None);
        status.published(100, |_| ());
        // Somebody has replaced the ticket by a shorter one. This does not affect `is_published`.
        assert!(status.saw(&status.facts(), Some(50)));
        let facts = status.facts();
        assert!(!facts.is_ready(60) && facts.is_published(60));
        // An outdated result does not hide the new ticket.
        status.published(200, |_| ());
        assert!(!status.saw(&facts, Some(50)) && !status.saw(&facts, None));
        assert!(status.is_ready(199));
        assert!(status.saw(&status.facts(), None));
        assert!(!status.is_ready(199));
    }

    #[test]
    fn first_attempt_beyond_the_limit_counts_as_stuck() {
        let status = Status::new(String::new(), None);
        let start = Instant::now();
        status.starts(1_000);
        assert!(!status.is_stuck(1_001, start));
        assert!(!status.is_stuck(1_901, start + LONGEST_ATTEMPT));
        assert!(status.is_stuck(1_902, start + LONGEST_ATTEMPT + Duration::from_secs(1)));
    }

    #[test]
    fn stuck_detection_survives_clock_changes() {
        let status = Status::new(String::new(), None);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!status.is_stuck(1_000_000, at(0)));
        status.update(|facts| facts.next_attempt = Some(50));
        assert!(!status.is_stuck(50, at(1)));
        // The clock is set forward by a day.
        assert!(!status.is_stuck(86_400, at(2)));
        assert!(!status.is_stuck(87_300, at(902)));
        assert!(status.is_stuck(87_301, at(903)));
        // The attempt ends after all, and the next one is late.
        status.update(|facts| facts.next_attempt = Some(87_400));
        assert!(!status.is_stuck(87_401, at(1_003)));
        // The clock is set back, and forward again.
        assert!(!status.is_stuck(50, at(1_904)));
        assert!(!status.is_stuck(90_000, at(1_905)));
        assert!(status.is_stuck(90_000, at(2_806)));
    }
}

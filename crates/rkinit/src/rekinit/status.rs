//! How each ticket fares: what its keeper's thread notes, and metrics, probes and systemd read.

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
    /// The attempt that is overdue, by when it was due, and since when that has been seen.
    overdue: Mutex<Option<(i64, Instant)>>,
}

/// Times are in seconds since 1970 by this machine's clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// Who logs in, as soon as that is known.
    pub(super) principal: Option<Principal>,
    /// The version of the newest key of the keytab, when that was last read.
    pub(super) keytab_kvno: Option<u32>,
    /// Until when the ticket that lies in the cache is good.
    pub(super) valid_until: Option<i64>,
    /// Until when the one is good that was written last; somebody else may have put another there.
    pub(super) published_until: Option<i64>,
    /// How often the cache has been written.
    pub(super) writes: u64,
    /// Whether the cache has been written since the last attempt was told of.
    pub(super) is_new: bool,
    /// The cache itself that was written last, where the target's name stands for several.
    pub(super) written: Option<CcacheName>,
    /// The cache in which an earlier process had left the ticket.
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
    /// The same in words, of the last attempt that failed.
    pub(super) message: String,
    /// How long successful refreshes took in all, and how many those were.
    pub(super) kdc_time: Duration,
    pub(super) refreshes: u64,
    /// By how many seconds the KDC's clock is ahead.
    pub(super) clock_offset: Option<i64>,
    /// Whether the last login was with the secret before the last.
    pub(super) old_secret: bool,
    /// How many services there is no ticket for.
    pub(super) missing_services: usize,
    pub(super) hooks_succeeded: u64,
    pub(super) hooks_failed: u64,
}

impl Status {
    /// Of a ticket of `principal` in the cache, or one of the caches, called `cache`: until when
    /// the one that is there already is good, and in which cache that is.
    pub(super) fn new(
        cache: String,
        principal: Option<Principal>,
        found: Option<(i64, CcacheName)>,
    ) -> Self {
        let (valid_until, found) = found.unzip();
        let facts = Facts {
            principal,
            valid_until,
            found,
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

    /// Changes the facts, and gives what they have become.
    pub(super) fn update(&self, change: impl FnOnce(&mut Facts)) -> Facts {
        let mut facts = self.lock();
        change(&mut facts);
        facts.clone()
    }

    /// A keeper starts at `now`, and with it its first attempt, which can get stuck as any other.
    pub(super) fn starts(&self, now: i64) {
        self.lock().next_attempt = Some(now);
    }

    /// A login for `principal` is about to begin.
    pub(super) fn asks_for(&self, principal: &Principal, keytab_kvno: Option<u32>) {
        let mut facts = self.lock();
        facts.principal = Some(principal.clone());
        facts.keytab_kvno = keytab_kvno;
    }

    /// A look at the cache that began with the facts `before` has found a ticket that is good until
    /// then, or none. Says whether that counts: if the cache has been written meanwhile, what was
    /// seen may be what was there before.
    pub(super) fn saw(&self, before: &Facts, until: Option<i64>) -> bool {
        let mut facts = self.lock();
        let counts = facts.writes == before.writes;
        if counts {
            facts.valid_until = until;
        }
        counts
    }

    /// The cache holds a ticket from now on that is good until `end`.
    pub(super) fn published(&self, end: i64, change: impl FnOnce(&mut Facts)) {
        self.update(|facts| {
            facts.valid_until = Some(end);
            facts.published_until = Some(end);
            facts.writes += 1;
            facts.is_new = true;
            change(facts);
        });
    }

    /// The name of the cache that has the ticket: where `cache` stands for several, the primary one
    /// may be somebody else's.
    pub(super) fn place(&self) -> String {
        self.lock()
            .place()
            .map_or_else(|| self.cache.clone(), CcacheName::to_string)
    }

    pub(super) fn logged_in_with_old_secret(&self, is_old: bool) {
        self.lock().old_secret = is_old;
    }

    /// Whether the cache has a ticket that is good at `now`.
    pub(super) fn is_ready(&self, now: i64) -> bool {
        self.lock().is_ready(now)
    }

    /// Whether an attempt is overdue at `now` and has been for so long that the keeper must be
    /// stuck: longer than the slowest KDCs take. How long is told by `instant`: when the clock is
    /// set, the attempt has only begun.
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
    /// Whether the cache has a ticket that is good at `now`.
    pub(super) fn is_ready(&self, now: i64) -> bool {
        self.valid_until.is_some_and(|end| end > now)
    }

    /// Whether the ticket that was written last is good at `now`, wherever that is by now.
    pub(super) fn is_published(&self, now: i64) -> bool {
        self.published_until.is_some_and(|end| end > now)
    }

    /// The cache itself that has the ticket, as far as that is known.
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
    fn ready_while_the_ticket_lasts() {
        let status = Status::new(
            "FILE:/cc".into(),
            None,
            Some((100, CcacheName::file("/cc"))),
        );
        assert!(status.is_ready(99) && !status.is_ready(100));
        assert!(!Status::new(String::new(), None, None).is_ready(0));
        let facts = status.update(|facts| {
            facts.fail(Reason::ClockSkew, "");
        });
        assert_eq!(facts.failures.iter().sum::<u64>(), 1);
    }

    #[test]
    fn a_look_counts_unless_the_cache_was_written_meanwhile() {
        let status = Status::new(String::new(), None, None);
        status.published(100, |_| ());
        // Somebody has put a shorter one there: that does not change what was published.
        assert!(status.saw(&status.facts(), Some(50)));
        let facts = status.facts();
        assert!(!facts.is_ready(60) && facts.is_published(60));
        // What was there before does not hide what is there now.
        status.published(200, |_| ());
        assert!(!status.saw(&facts, Some(50)) && !status.saw(&facts, None));
        assert!(status.is_ready(199));
        assert!(status.saw(&status.facts(), None));
        assert!(!status.is_ready(199));
    }

    #[test]
    fn stuck_in_the_first_attempt() {
        let status = Status::new(String::new(), None, None);
        let start = Instant::now();
        status.starts(1_000);
        assert!(!status.is_stuck(1_001, start));
        assert!(!status.is_stuck(1_901, start + LONGEST_ATTEMPT));
        assert!(status.is_stuck(1_902, start + LONGEST_ATTEMPT + Duration::from_secs(1)));
    }

    #[test]
    fn stuck_by_a_clock_that_nobody_sets() {
        let status = Status::new(String::new(), None, None);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!status.is_stuck(1_000_000, at(0)));
        status.update(|facts| facts.next_attempt = Some(50));
        assert!(!status.is_stuck(50, at(1)));
        // The clock is set on by a day.
        assert!(!status.is_stuck(86_400, at(2)));
        assert!(!status.is_stuck(87_300, at(902)));
        assert!(status.is_stuck(87_301, at(903)));
        // The attempt ends after all, and the next one is late.
        status.update(|facts| facts.next_attempt = Some(87_400));
        assert!(!status.is_stuck(87_401, at(1_003)));
        // The clock is set back, and on again.
        assert!(!status.is_stuck(50, at(1_904)));
        assert!(!status.is_stuck(90_000, at(1_905)));
        assert!(status.is_stuck(90_000, at(2_806)));
    }
}

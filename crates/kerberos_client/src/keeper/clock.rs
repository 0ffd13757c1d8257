//! `WallClock`: notices that the wall clock was set, by comparing it with a clock that nobody can
//! set.
//!
//! A login records how far the KDC's clock was ahead of ours, and so does its cache. After our
//! clock has been corrected, that offset is wrong, and every KDC and service refuses requests made
//! with it.

use std::sync::atomic::{AtomicI64, Ordering};

use rustix::fs::Timespec;
use rustix::time::{ClockId, DynamicClockId, clock_gettime, clock_gettime_dynamic};

use crate::now;

/// The wall clock as it was when it was last looked at.
#[derive(Debug)]
pub(super) struct WallClock {
    /// How far it is ahead of the time since the machine started, in microseconds.
    lead: AtomicI64,
    /// Smaller changes do not count as setting the clock; in microseconds.
    tolerance: i64,
}

impl WallClock {
    /// For a client that tolerates a difference of `clock_skew` seconds between clocks. Changes of
    /// up to a tenth of that are ignored: synchronised clocks are often set by less.
    pub(super) fn new(clock_skew: u32) -> Self {
        Self {
            lead: AtomicI64::new(lead()),
            tolerance: (i64::from(clock_skew) * 100_000).max(1_000_000),
        }
    }

    /// Whether it was set since the last look.
    pub(super) fn was_set(&self) -> bool {
        self.is_other(lead(), self.lead.load(Ordering::Relaxed))
    }

    /// As [`was_set`](Self::was_set), and starts over from the present time.
    pub(super) fn look(&self) -> bool {
        let lead = lead();
        self.is_other(lead, self.lead.swap(lead, Ordering::Relaxed))
    }

    fn is_other(&self, now: i64, before: i64) -> bool {
        now.saturating_sub(before).saturating_abs() > self.tolerance
    }

    /// Acts as if the clock had been set forward by so many seconds since the last look.
    #[cfg(test)]
    pub(super) fn set_on(&self, seconds: i64) {
        self.lead.fetch_sub(seconds * 1_000_000, Ordering::Relaxed);
    }
}

/// How far the wall clock is ahead of the time since the machine started. That time includes sleep,
/// since the wall clock is right after it without being set.
fn lead() -> i64 {
    let since_start = clock_gettime_dynamic(DynamicClockId::Boottime)
        .unwrap_or_else(|_| clock_gettime(ClockId::Monotonic));
    let wall = now();
    micros(wall.seconds, wall.microseconds.into()).saturating_sub(of_timespec(since_start))
}

fn of_timespec(time: Timespec) -> i64 {
    micros(time.tv_sec, time.tv_nsec / 1_000)
}

fn micros(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_change_is_reported_until_looked_at() {
        for seconds in [900, -900, 31, -31] {
            let clock = WallClock::new(300);
            assert!(!clock.was_set() && !clock.look());
            clock.set_on(seconds);
            assert!(clock.was_set() && clock.was_set() && clock.look());
            assert!(!clock.was_set());
        }
    }

    #[test]
    fn small_clock_changes_are_ignored_until_they_add_up() {
        let clock = WallClock::new(300);
        clock.set_on(28);
        assert!(!clock.was_set());
        // But many small changes add up.
        clock.set_on(28);
        assert!(clock.was_set());
    }
}

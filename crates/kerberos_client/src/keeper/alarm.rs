//! `Alarm`: sleeps until a time of the wall clock, or until it is rung.
//!
//! Tickets end by the wall clock, so it is that one which counts: when it is set, or the machine
//! has been asleep, the sleeper wakes and looks at it again.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use kerberos_proto::Timestamp;
use rustix::event::{EventfdFlags, PollFlags, eventfd};
use rustix::fs::Timespec;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use crate::io::{Io, Waiting};
use crate::now;

/// A bell, and a clock to sleep by.
#[derive(Debug)]
pub(super) struct Alarm {
    bell: OwnedFd,
}

impl Alarm {
    pub(super) fn new() -> io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { bell })
    }

    /// Wakes the sleeper, or the next one to fall asleep.
    pub(super) fn ring(&self) {
        // It fails only when it has been rung some 2^64 times and nobody heard.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    /// Sleeps until then, or until someone rings or `was_set` tells that the clock was set. It is
    /// asked whenever the system knows of that.
    ///
    /// Nothing that the system lacks for a moment ends it, neither descriptors nor memory: a keeper
    /// that gave up would leave a service without tickets hours later.
    pub(super) async fn sleep(
        &self,
        io: Io,
        until: Timestamp,
        was_set: impl Fn() -> bool,
    ) -> Woken {
        // What a clock that was set back by a little would make of it.
        let longest = until.seconds.saturating_sub(now().seconds);
        loop {
            let now = now();
            let is_set_back = until.seconds.saturating_sub(now.seconds) > longest;
            if is_set_back || was_set() {
                return Woken::Called;
            }
            if now >= until {
                return Woken::Due;
            }
            let timer = timer(until);
            let mut waiting = vec![Waiting::new(self.bell.as_fd(), PollFlags::IN)];
            waiting.extend(
                timer
                    .iter()
                    .map(|timer| Waiting::new(timer.as_fd(), PollFlags::IN)),
            );
            // Without a timer a minute at a time, so that a clock that is set shows.
            let deadline = match timer {
                Some(_) => None,
                None => Instant::now().checked_add(left(now, until).min(Duration::from_secs(60))),
            };
            if io.wait(&mut waiting, deadline).await.is_err() {
                io.pause(MOMENT).await;
            }
            // It does not block; that there is nothing to read means that nobody rang.
            if rustix::io::read(&self.bell, &mut [0; 8]).is_ok() {
                return Woken::Called;
            }
        }
    }
}

/// Why a sleep ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Woken {
    /// It was time.
    Due,
    /// Somebody rang, or the clock was set: what was decided before that may not hold any more.
    Called,
}

/// A timer that is over then, or when the clock is set; `None` where the system has none, or none
/// to spare just now.
fn timer(until: Timestamp) -> Option<OwnedFd> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Realtime, flags).ok()?;
    let time = Itimerspec {
        it_interval: Timespec::default(),
        it_value: Timespec {
            tv_sec: until.seconds.max(0),
            // A time of nothing but zeros would disarm it.
            tv_nsec: i64::from(until.microseconds) * 1_000 + 1,
        },
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(&timer, flags, &time).ok()?;
    Some(timer)
}

fn left(now: Timestamp, until: Timestamp) -> Duration {
    let seconds = until.seconds.saturating_sub(now.seconds);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0).saturating_add(1))
}

/// How long it takes for a system that lacked something to have it again, perhaps.
const MOMENT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::io::block_on;

    fn in_millis(millis: i64) -> Timestamp {
        let now = now();
        let micros = i64::from(now.microseconds) + millis * 1_000;
        let rest = u32::try_from(micros.rem_euclid(1_000_000)).unwrap();
        Timestamp::new(now.seconds + micros.div_euclid(1_000_000), rest)
    }

    fn sleep(alarm: &Alarm, until: Timestamp) -> Woken {
        block_on(alarm.sleep(Io::Blocking, until, || false))
    }

    #[test]
    fn it_wakes_by_the_clock_and_not_before() {
        let alarm = Alarm::new().unwrap();
        let until = in_millis(50);
        assert_eq!(sleep(&alarm, until), Woken::Due);
        assert!(now() >= until);
        // What is past needs no sleep.
        assert_eq!(sleep(&alarm, in_millis(-5_000)), Woken::Due);
    }

    #[test]
    fn a_bell_wakes_it_though_it_was_rung_before() {
        let alarm = Alarm::new().unwrap();
        alarm.ring();
        assert_eq!(sleep(&alarm, in_millis(600_000)), Woken::Called);
        thread::scope(|scope| {
            let sleeper = scope.spawn(|| sleep(&alarm, in_millis(600_000)));
            thread::sleep(Duration::from_millis(20));
            alarm.ring();
            assert_eq!(sleeper.join().unwrap(), Woken::Called);
        });
    }

    #[test]
    fn a_clock_that_was_set_wakes_it() {
        let alarm = Alarm::new().unwrap();
        let woken = block_on(alarm.sleep(Io::Blocking, in_millis(600_000), || true));
        assert_eq!(woken, Woken::Called);
    }
}

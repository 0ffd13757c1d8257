//! `Alarm`: sleeps until a time on the wall clock, or until it is rung.
//!
//! Tickets end by the wall clock, so the alarm goes by it, too: when the clock is set, or the
//! machine wakes from sleep, the sleeper wakes and looks at the clock again.

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

    /// Wakes the sleeper, or else the next one that falls asleep.
    pub(super) fn ring(&self) {
        // It can only fail after some 2^64 rings that nobody heard.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    /// Sleeps until `until`, or until someone rings, or until `was_set` says that the clock was
    /// set. It is called whenever the system reports a change of the clock.
    ///
    /// A temporary lack of descriptors or memory does not end the sleep: a keeper that gave up
    /// would leave a service without tickets hours later.
    pub(super) async fn sleep(
        &self,
        io: Io,
        until: Timestamp,
        was_set: impl Fn() -> bool,
    ) -> Woken {
        // If more than this is left, the clock was set back, if only by a little.
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
            // Without a timer, sleeps for a minute at a time, so that a clock that is set is
            // noticed.
            let deadline = match timer {
                Some(_) => None,
                None => Instant::now().checked_add(left(now, until).min(Duration::from_secs(60))),
            };
            if io.wait(&mut waiting, deadline).await.is_err() {
                io.pause(MOMENT).await;
            }
            // The read does not block; it finds nothing if nobody rang.
            if rustix::io::read(&self.bell, &mut [0; 8]).is_ok() {
                return Woken::Called;
            }
        }
    }
}

/// Why a sleep ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Woken {
    /// The time has come.
    Due,
    /// Somebody rang, or the clock was set: earlier decisions may no longer hold.
    Called,
}

/// A timer that expires at `until`, or when the clock is set; `None` where the system has none, or
/// none to spare now.
fn timer(until: Timestamp) -> Option<OwnedFd> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Realtime, flags).ok()?;
    let time = Itimerspec {
        it_interval: Timespec::default(),
        it_value: Timespec {
            tv_sec: until.seconds.max(0),
            // A time of all zeros would disarm the timer.
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

/// How long to wait for a system that lacked something to have it again.
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
    fn alarm_sleeps_until_the_given_time() {
        let alarm = Alarm::new().unwrap();
        let until = in_millis(50);
        assert_eq!(sleep(&alarm, until), Woken::Due);
        assert!(now() >= until);
        // A time in the past needs no sleep.
        assert_eq!(sleep(&alarm, in_millis(-5_000)), Woken::Due);
    }

    #[test]
    fn ring_wakes_the_current_or_the_next_sleep() {
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
    fn sleep_ends_when_the_clock_was_set() {
        let alarm = Alarm::new().unwrap();
        let woken = block_on(alarm.sleep(Io::Blocking, in_millis(600_000), || true));
        assert_eq!(woken, Woken::Called);
    }
}

//! What systemd is told, if it started this process (`Type=notify`), its watchdog included.

use std::time::Duration;
use std::time::Instant;

use sd_notify::NotifyState;

/// The line to systemd; without it nothing is sent.
#[derive(Debug)]
pub(super) struct Systemd {
    interval: Option<Duration>,
    next: Option<Instant>,
    is_ready: bool,
}

impl Systemd {
    pub(super) fn new() -> Self {
        // Half of the time, as sd_watchdog_enabled(3) recommends.
        let interval = sd_notify::watchdog_enabled().map(|limit| limit / 2);
        Self {
            interval,
            next: interval.map(|_| Instant::now()),
            is_ready: false,
        }
    }

    /// When it wants to hear of us again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// Tells the watchdog that all is well, if it is time; if it is not well, that is looked at again
    /// soon.
    pub(super) fn pet(&mut self, is_well: bool) {
        let now = Instant::now();
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        if is_well {
            tell(&[NotifyState::Watchdog]);
        }
        let pause = |interval: Duration| {
            if is_well {
                interval
            } else {
                interval.min(SOON)
            }
        };
        self.next = self
            .interval
            .and_then(|interval| now.checked_add(pause(interval)));
    }

    /// A line for `systemctl status`; with the first one of a service that is ready, that it is.
    pub(super) fn status(&mut self, text: &str, is_ready: bool) {
        if is_ready && !self.is_ready {
            self.is_ready = true;
            tell(&[NotifyState::Ready, NotifyState::Status(text)]);
        } else {
            tell(&[NotifyState::Status(text)]);
        }
    }

    /// The configuration is read anew, until [`reloaded`](Self::reloaded). Who is not ready yet says
    /// nothing of it: `READY` would end the start.
    pub(super) fn reloading(&self) {
        if self.is_ready
            && let Ok(since) = NotifyState::monotonic_usec_now()
        {
            tell(&[NotifyState::Reloading, since]);
        }
    }

    /// It has been read, or cannot be used: a service is ready again then, whatever came of it
    /// (sd_notify(3)), and however its tickets fare.
    pub(super) fn reloaded(&self) {
        if self.is_ready {
            tell(&[NotifyState::Ready]);
        }
    }

    pub(super) fn stopping() {
        tell(&[NotifyState::Stopping]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    // Nothing hangs on it.
    let _ = sd_notify::notify(states);
}

/// Until a keeper that is stuck is looked at again.
const SOON: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_well_or_not_there_is_a_next_time() {
        let check = |is_well, seconds| {
            let start = Instant::now();
            let mut systemd = Systemd {
                interval: Some(Duration::from_secs(30)),
                next: Some(start),
                is_ready: true,
            };
            systemd.pet(is_well);
            let next = systemd.next.unwrap();
            assert!(next >= start + Duration::from_secs(seconds));
            // It is not time yet.
            systemd.pet(true);
            assert_eq!(systemd.next, Some(next));
        };
        check(true, 30);
        check(false, 1);
    }
}

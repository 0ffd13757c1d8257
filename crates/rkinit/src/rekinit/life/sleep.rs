//! How long the main thread sleeps.

use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::Life;
use crate::rekinit::files::Files;
use crate::rekinit::status::http::Server;

impl Life<'_> {
    /// Sleeps until something happens; forever, if nothing has a deadline.
    pub(super) fn sleep(&self) {
        let mut fds = vec![
            PollFd::from_borrowed_fd(self.signals.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.shared.wake.as_fd(), PollFlags::IN),
        ];
        let files = self.fleet.files.iter();
        fds.extend(files.map(|files| PollFd::from_borrowed_fd(files.as_fd(), PollFlags::IN)));
        let http = self.http.iter().flat_map(Server::waiting);
        fds.extend(http.map(|(fd, flags)| PollFd::from_borrowed_fd(fd, flags)));
        let deadlines = [
            self.deadline,
            self.fleet.files.as_ref().and_then(Files::deadline),
            self.http.as_ref().and_then(Server::deadline),
            self.processes.deadline(),
            self.systemd.deadline(),
        ];
        let timeout = deadlines.into_iter().flatten().min().map(|deadline| {
            // A bit longer, so that the deadline has passed when it is checked.
            let left = deadline.saturating_duration_since(Instant::now());
            let left = left.saturating_add(Duration::from_millis(1));
            Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            }
        });
        // The result does not matter, because everything is checked anyway.
        let _ = rustix::event::poll(&mut fds, timeout.as_ref());
    }
}

//! Notifications for systemd, if it started this process (`Type=notify`), including its watchdog.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The connection to systemd; without systemd nothing is sent.
#[derive(Debug)]
pub(crate) struct Systemd {
    interval: Option<Duration>,
    next: Option<Instant>,
    is_ready: bool,
}

impl Systemd {
    pub(crate) fn new() -> Self {
        // Half of the limit, as sd_watchdog_enabled(3) recommends.
        let interval = watchdog().map(|limit| limit / 2);
        Self {
            interval,
            next: interval.map(|_| Instant::now()),
            is_ready: false,
        }
    }

    /// When the next message to the watchdog is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// Whether a message to the watchdog is due.
    pub(crate) fn is_due(&self) -> bool {
        self.next.is_some_and(|next| next <= Instant::now())
    }

    /// Tells the watchdog that all is well, if a message is due. If `is_well` is false, nothing is
    /// sent, and the next check follows soon.
    pub(crate) fn pet(&mut self, is_well: bool) {
        let now = Instant::now();
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        if is_well {
            tell("WATCHDOG=1\n");
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

    /// Sends a line for `systemctl status`. With the first one that has `is_ready` set, it also
    /// reports that the service is ready.
    pub(crate) fn status(&mut self, text: &str, is_ready: bool) {
        if is_ready && !self.is_ready {
            self.is_ready = true;
            tell(&format!("READY=1\nSTATUS={text}\n"));
        } else {
            tell(&format!("STATUS={text}\n"));
        }
    }

    /// Reports that the configuration is being read, until [`reloaded`](Self::reloaded). Before the
    /// service is ready this sends nothing, because the `READY` at the end would complete its
    /// start.
    pub(crate) fn reloading(&self) {
        if self.is_ready {
            let since = monotonic_usec();
            tell(&format!("RELOADING=1\nMONOTONIC_USEC={since}\n"));
        }
    }

    /// Reports the end of a reload. Even if it failed, and whatever the state of the tickets, the
    /// service has to report that it is ready again (sd_notify(3)).
    pub(crate) fn reloaded(&self) {
        if self.is_ready {
            tell("READY=1\n");
        }
    }

    pub(crate) fn stopping() {
        tell("STOPPING=1\n");
    }
}

/// Sends a message to systemd, if there is one. Errors are ignored.
///
/// Implemented here, because `sd-notify` (0.5) supports only sockets in the file system, but
/// sd_notify(3) also has abstract sockets, with `@` before the name.
fn tell(text: &str) {
    if let Some(name) = std::env::var_os("NOTIFY_SOCKET") {
        let _ = send(&name, text);
    }
}

fn send(name: &OsStr, text: &str) -> io::Result<()> {
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    UnixDatagram::unbound()?.send_to_addr(text.as_bytes(), &address)?;
    Ok(())
}

/// In microseconds. systemd uses this to identify the reload.
fn monotonic_usec() -> i64 {
    let time = clock_gettime(ClockId::Monotonic);
    let (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec);
    seconds
        .saturating_mul(1_000_000)
        .saturating_add(nanoseconds / 1_000)
}

/// The watchdog's limit, if it watches this process (sd_watchdog_enabled(3)).
fn watchdog() -> Option<Duration> {
    let variable = |name| std::env::var(name).ok();
    watchdog_of(
        variable("WATCHDOG_USEC"),
        variable("WATCHDOG_PID"),
        std::process::id(),
    )
}

fn watchdog_of(limit: Option<String>, whose: Option<String>, id: u32) -> Option<Duration> {
    let limit = limit?.parse().ok().filter(|limit| *limit > 0)?;
    let is_ours = whose.is_none_or(|whose| whose.parse() == Ok(id));
    is_ours.then(|| Duration::from_micros(limit))
}

/// The time until a stuck keeper is checked again.
const SOON: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_watchdog_ping_is_scheduled_even_when_unwell() {
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
            // Not due yet.
            systemd.pet(true);
            assert_eq!(systemd.next, Some(next));
        };
        check(true, 30);
        check(false, 1);
    }

    #[test]
    fn watchdog_needs_a_valid_interval_and_matching_pid() {
        let check = |limit: Option<&str>, whose: Option<&str>, expected| {
            let limit = watchdog_of(limit.map(str::to_owned), whose.map(str::to_owned), 7);
            assert_eq!(limit, expected);
        };
        let second = Some(Duration::from_secs(1));
        check(Some("1000000"), None, second);
        check(Some("1000000"), Some("7"), second);
        check(Some("1000000"), Some("8"), None);
        check(Some("1000000"), Some("x"), None);
        check(Some("0"), None, None);
        check(Some("-1"), None, None);
        check(None, Some("7"), None);
    }

    #[test]
    fn notifies_path_and_abstract_sockets() {
        let check = |name: &str, address: &SocketAddr| {
            let socket = UnixDatagram::bind_addr(address).unwrap();
            send(OsStr::new(name), "READY=1\n").unwrap();
            let mut bytes = [0; 16];
            let count = socket.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..count], b"READY=1\n");
        };
        let name = format!("rkinit-notify-{}", std::process::id());
        check(
            &format!("@{name}"),
            &SocketAddr::from_abstract_name(&name).unwrap(),
        );
        let folder = test_support::TempDir::new();
        let path = folder.join("socket");
        check(
            path.to_str().unwrap(),
            &SocketAddr::from_pathname(&path).unwrap(),
        );
    }
}

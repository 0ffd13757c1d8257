//! An address in 127/8 with free standard ports, protected by a lock that every test process sees.

use std::env;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

/// How long to wait for an address: other tests use theirs for some seconds.
const LIMIT: Duration = Duration::from_secs(90);

/// An address that is reserved until this is dropped.
#[derive(Debug)]
pub(super) struct Address {
    ip: Ipv4Addr,
    // The lock ends with the file, even if the process is killed.
    _lock: File,
}

impl Address {
    /// Any address that is not in use.
    pub(super) fn any() -> Self {
        Self::wait(|| (21..60).find_map(|last| Self::lock(Ipv4Addr::new(127, 0, 0, last))))
    }

    /// Waits until the address `ip` is not in use.
    pub(super) fn wait_for(ip: Ipv4Addr) -> Self {
        Self::wait(|| Self::lock(ip))
    }

    pub(super) fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    fn wait(mut attempt: impl FnMut() -> Option<Self>) -> Self {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(address) = attempt() {
                return address;
            }
            assert!(
                Instant::now() < deadline,
                "timed out waiting for a free address of 127/8"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn lock(ip: Ipv4Addr) -> Option<Self> {
        let path = env::temp_dir().join(format!("rkinit-test-{ip}.lock"));
        let lock = File::create(path).ok()?;
        lock.try_lock().ok()?;
        // A controller that was just killed may still be ending.
        let is_free =
            |port| TcpListener::bind((ip, port)).is_ok() && UdpSocket::bind((ip, port)).is_ok();
        let free = [53, 88, 389, 445, 464].into_iter().all(is_free);
        free.then_some(Self { ip, _lock: lock })
    }
}

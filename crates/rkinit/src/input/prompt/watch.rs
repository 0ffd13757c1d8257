//! Signals that would end the program while a terminal's echo is off: they wait until it is on
//! again.
//!
//! A signal that was ignored when we were started stays ignored. `signal-hook` never removes a
//! handler, so between prompts the handlers do what the system does by default.

use std::io;
use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio::stdin;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::{emulate_default_handler, pipe};

use crate::beside::Ignored;

/// While this exists, signals wait. Dropping it lets those that arrived take effect.
pub(super) struct Watch(&'static Handlers);

impl Watch {
    /// # Errors
    /// When the handlers cannot be installed.
    pub(super) fn start() -> io::Result<Self> {
        let handlers = if let Some(handlers) = HANDLERS.get() {
            handlers
        } else {
            let handlers = Handlers::install()?;
            HANDLERS.get_or_init(|| handlers)
        };
        handlers.idle.store(false, Ordering::SeqCst);
        Ok(Self(handlers))
    }

    /// Waits for input.
    ///
    /// # Errors
    /// [`io::ErrorKind::Interrupted`] when a signal came first. SIGINT is done with then.
    pub(super) fn wait(&self) -> io::Result<()> {
        loop {
            let mut files = [
                PollFd::new(&self.0.bell, PollFlags::IN),
                PollFd::from_borrowed_fd(stdin(), PollFlags::IN),
            ];
            match poll(&mut files, None) {
                Err(Errno::INTR) => continue,
                result => result?,
            };
            let bell_rings = !files[0].revents().is_empty();
            if bell_rings {
                while (&self.0.bell).read(&mut [0; 16]).is_ok_and(|read| read > 0) {}
            }
            // The bell alone does not tell: `poll` may have found input just before the signal.
            if let Some(signal) = self.0.arrived().next() {
                if signal != SIGINT {
                    self.0.put_back(signal);
                }
                return Err(io::ErrorKind::Interrupted.into());
            }
            if !bell_rings {
                return Ok(());
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.idle.store(true, Ordering::SeqCst);
        for signal in self.0.arrived() {
            let _ = emulate_default_handler(signal);
        }
    }
}

static HANDLERS: OnceLock<Handlers> = OnceLock::new();

struct Handlers {
    /// Whether signals take effect at once.
    idle: Arc<AtomicBool>,
    /// The signals with a handler, and whether they arrived.
    signals: Vec<(i32, Arc<AtomicBool>)>,
    /// Gets a byte with each signal, because a handler of `signal-hook` interrupts no `read`.
    bell: UnixStream,
}

impl Handlers {
    fn install() -> io::Result<Self> {
        let idle = Arc::new(AtomicBool::new(true));
        let (bell, ring) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        let ignored = Ignored::now();
        let mut signals = Vec::new();
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            if ignored.contains(signal) {
                continue;
            }
            let arrived = Arc::new(AtomicBool::new(false));
            flag::register_conditional_default(signal, Arc::clone(&idle))?;
            flag::register(signal, Arc::clone(&arrived))?;
            pipe::register(signal, ring.try_clone()?)?;
            signals.push((signal, arrived));
        }
        Ok(Self {
            idle,
            signals,
            bell,
        })
    }

    /// The signals that arrived, each once.
    fn arrived(&self) -> impl Iterator<Item = i32> {
        let signals = self.signals.iter();
        signals.filter_map(|(signal, arrived)| {
            arrived.swap(false, Ordering::SeqCst).then_some(*signal)
        })
    }

    fn put_back(&self, signal: i32) {
        let mut signals = self.signals.iter();
        if let Some((_, arrived)) = signals.find(|(other, _)| *other == signal) {
            arrived.store(true, Ordering::SeqCst);
        }
    }
}

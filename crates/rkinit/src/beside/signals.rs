//! Signals as a file descriptor that can be polled, with the information where they come from.
//!
//! The signals must be blocked in all threads for that, so they are taken before there are other
//! threads. Because they are blocked, they also reach us as process 1 of a container, where the
//! kernel would drop signals without a handler.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use nix::libc::SI_KERNEL;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use signal_hook::consts::SIGCHLD;

/// The signals that have arrived.
pub(crate) struct Signals {
    file: SignalFd,
}

/// A signal that has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Received {
    pub(crate) number: i32,
    /// Whether the terminal sent it. Its signals go to all processes in the foreground, except
    /// SIGHUP when the terminal is gone, which goes only to the session's leader (POSIX, General
    /// Terminal Interface, 11.1.10).
    pub(crate) from_terminal: bool,
}

impl Received {
    pub(crate) fn is_hangup(self) -> bool {
        self.number == Signal::SIGHUP as i32
    }
}

impl Signals {
    /// Receives signals from now on: those that end or alarm a program, the one for the end of a
    /// child, and, if a program will run beside us, those that may be meant for that program.
    ///
    /// Signals that we inherited as ignored stay ignored, also in the programs that we start:
    /// Ctrl-C must not end a script's background job, and the end of the terminal must not end a
    /// job of `nohup`. If such a signal were blocked, it would be received nevertheless.
    ///
    /// # Errors
    /// When the system has no file descriptor left.
    pub(crate) fn take(with_program: bool) -> io::Result<Self> {
        let ignored = Ignored::now();
        let is_heeded =
            |signal: &Signal| *signal == Signal::SIGCHLD || !ignored.contains(*signal as i32);
        let signals = OURS
            .into_iter()
            .chain(with_program.then_some(Signal::SIGUSR2));
        let set: SigSet = signals.filter(is_heeded).collect();
        set.thread_block()?;
        heed_ends()?;
        let file = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Self { file })
    }

    /// The signals since the last call.
    pub(crate) fn pending(&self) -> impl Iterator<Item = Received> {
        std::iter::from_fn(|| {
            let signal = self.file.read_signal().ok()??;
            Some(Received {
                number: signal.ssi_signo.cast_signed(),
                from_terminal: signal.ssi_code == SI_KERNEL,
            })
        })
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Makes the kernel report the ends of children and keep their statuses.
///
/// Our parent may ignore SIGCHLD, as some supervisors do, and programs inherit that. The kernel
/// would then reap children itself, and nobody would learn about them. Installing any handler ends
/// that. This handler is never called because the signal is blocked, and programs that we start
/// have the default action again.
fn heed_ends() -> io::Result<()> {
    signal_hook::flag::register(SIGCHLD, Arc::default())?;
    Ok(())
}

/// The signals that we ignore. Asking with sigaction(2) instead would be unsafe in both `nix` and
/// `rustix`.
pub(crate) struct Ignored {
    bits: u64,
}

impl Ignored {
    /// None are known if there is no `/proc`.
    pub(crate) fn now() -> Self {
        Self::of(&std::fs::read_to_string("/proc/self/status").unwrap_or_default())
    }

    fn of(status: &str) -> Self {
        let mut lines = status.lines();
        let bits = lines.find_map(|line| line.strip_prefix("SigIgn:"));
        let bits = bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
        Self {
            bits: bits.unwrap_or(0),
        }
    }

    pub(crate) fn contains(&self, signal: i32) -> bool {
        self.bits & (1 << (signal - 1)) != 0
    }
}

const OURS: [Signal; 7] = [
    Signal::SIGALRM,
    Signal::SIGCHLD,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_proc_status() {
        let check = |status: &str, expected| assert_eq!(Ignored::of(status).bits, expected);
        // As under `nohup`: SIGHUP is ignored, and SIGPIPE too, as in all Rust programs.
        check(
            "SigBlk:\t0000000000000003\nSigIgn:\t0000000000001001\n",
            0x1001,
        );
        check("SigIgn:\tnonsense\n", 0);
        check("", 0);
    }
}

//! Signals as a file to be polled, in which they tell where they come from.
//!
//! They have to be blocked for that, in every thread: so they are taken before there are threads.
//! As blocked ones they reach us as process 1 of a container, too, where the kernel drops those
//! that have no handler.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use nix::libc::SI_KERNEL;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use signal_hook::consts::SIGCHLD;

/// The signals that have come.
pub(crate) struct Signals {
    file: SignalFd,
}

/// A signal that has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Received {
    pub(crate) number: i32,
    /// Whether the terminal sent it: to all in its foreground, but that it is gone to its session's
    /// leader alone (POSIX, General Terminal Interface, 11.1.10).
    pub(crate) from_terminal: bool,
}

impl Received {
    pub(crate) fn is_hangup(self) -> bool {
        self.number == Signal::SIGHUP as i32
    }
}

impl Signals {
    /// Takes signals from now on: those that end or alarm a program, that of a child's end, and, if
    /// one is to run beside us, what else may be meant for that.
    ///
    /// What whoever started us has us ignore goes on to be ignored, and by programs that we start,
    /// too: a script's job in the background is not to end by Ctrl-C, nor one of `nohup` by the
    /// terminal's end. A signal that is blocked would come all the same.
    ///
    /// # Errors
    /// When the system has no descriptor to give.
    pub(crate) fn take(with_program: bool) -> io::Result<Self> {
        let ignored = ignored();
        let is_heeded = |signal: &Signal| {
            *signal == Signal::SIGCHLD || ignored & (1 << (*signal as i32 - 1)) == 0
        };
        let signals = OURS
            .into_iter()
            .chain(with_program.then_some(Signal::SIGUSR2));
        let set: SigSet = signals.filter(is_heeded).collect();
        set.thread_block()?;
        heed_ends()?;
        let file = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Self { file })
    }

    /// Those since the last call.
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

/// Has the kernel tell of children's ends, and keep their statuses.
///
/// Who starts us may ignore SIGCHLD, as some supervisors do, and a program inherits that: then the
/// kernel collects children itself, and nobody learns of it. Any handler ends that. This one is
/// never called, since the signal is blocked; programs that we start have the default again.
fn heed_ends() -> io::Result<()> {
    signal_hook::flag::register(SIGCHLD, Arc::default())?;
    Ok(())
}

/// The signals that we ignore, as bits. None where there is no `/proc` to tell: to ask by
/// sigaction(2) is unsafe with `nix` and `rustix`.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_of(&status)
}

fn ignored_of(status: &str) -> u64 {
    let mut lines = status.lines();
    let bits = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or(0)
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
    fn what_proc_says_is_ignored() {
        let check = |status: &str, expected| assert_eq!(ignored_of(status), expected);
        // As under `nohup`: SIGHUP, and SIGPIPE as in all programs in Rust.
        check(
            "SigBlk:\t0000000000000003\nSigIgn:\t0000000000001001\n",
            0x1001,
        );
        check("SigIgn:\tnonsense\n", 0);
        check("", 0);
    }
}

//! Signals as a file to be polled, in which they tell where they come from.
//!
//! They have to be blocked for that, in every thread: so they are taken before there are threads. As
//! blocked ones they reach us as process 1 of a container, too, where the kernel drops those that
//! have no handler.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use nix::libc::SI_KERNEL;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal;
use nix::sys::signalfd::SfdFlags;
use nix::sys::signalfd::SignalFd;
use signal_hook::consts::SIGCHLD;

/// The signals that have come.
pub(crate) struct Signals {
    file: SignalFd,
}

/// A signal that has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Received {
    pub(crate) number: i32,
    /// Whether it went to all who read from the terminal.
    pub(crate) from_terminal: bool,
}

impl Signals {
    /// Takes signals from now on: those that end or alarm a program, that of a child's end, and, if
    /// one is to run beside us, what else may be meant for that.
    ///
    /// # Errors
    /// When the system has no descriptor to give.
    pub(crate) fn take(with_program: bool) -> io::Result<Self> {
        let mut set = SigSet::from_iter(OURS);
        set.extend(with_program.then_some(Signal::SIGUSR2));
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
/// kernel collects children itself, and nobody learns of it. Any handler ends that. This one is never
/// called, since the signal is blocked; programs that we start have the default again.
fn heed_ends() -> io::Result<()> {
    signal_hook::flag::register(SIGCHLD, Arc::default())?;
    Ok(())
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

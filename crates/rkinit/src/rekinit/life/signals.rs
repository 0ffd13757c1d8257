//! What signals ask a sidecar for.

use nix::sys::signal::Signal;

use crate::beside::Received;

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    Refresh,
    Reload,
    End,
    /// A child has ended.
    Reap,
    /// It is the application's.
    PassOn,
}

impl Wish {
    /// What `received` asks for; most signals are the application's if there is to be one.
    pub(crate) fn of(received: Received, with_application: bool) -> Self {
        match Signal::try_from(received.number) {
            Ok(Signal::SIGCHLD) => Self::Reap,
            Ok(Signal::SIGALRM) => Self::Refresh,
            _ if with_application => Self::PassOn,
            Ok(Signal::SIGUSR1) => Self::Refresh,
            // That its terminal is gone is no wish for a reload.
            Ok(Signal::SIGHUP) if !received.from_terminal => Self::Reload,
            _ => Self::End,
        }
    }
}

//! The meaning of signals for a sidecar.

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
    /// Forward it to the application.
    PassOn,
}

impl Wish {
    /// What `received` asks for. With an application, most signals are forwarded to it.
    pub(crate) fn of(received: Received, with_application: bool) -> Self {
        match Signal::try_from(received.number) {
            Ok(Signal::SIGCHLD) => Self::Reap,
            Ok(Signal::SIGALRM) => Self::Refresh,
            _ if with_application => Self::PassOn,
            Ok(Signal::SIGUSR1) => Self::Refresh,
            // A SIGHUP from the terminal means that the terminal is gone, not that someone wants a
            // reload.
            Ok(Signal::SIGHUP) if !received.from_terminal => Self::Reload,
            _ => Self::End,
        }
    }
}

//! Signals as something to poll for. A handler each, so that they reach us as process 1 of a
//! container, too, where the kernel drops those that have none.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

use signal_hook::consts::SIGALRM;
use signal_hook::consts::SIGCHLD;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGQUIT;
use signal_hook::consts::SIGTERM;
use signal_hook::consts::SIGUSR1;
use signal_hook::consts::SIGUSR2;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    Refresh,
    Reload,
    End,
    /// A child has ended.
    Reap,
    /// It is the application's.
    PassOn,
}

/// The signals that have come.
pub(super) struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
    with_application: bool,
}

impl Signals {
    /// Takes signals from now on; most are the application's if there is to be one.
    ///
    /// # Errors
    /// When the system has no descriptors to give.
    pub(super) fn take(with_application: bool) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let mut signals = vec![SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1];
        signals.extend(with_application.then_some(SIGUSR2));
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, signals)?;
        Ok(Self {
            delivery,
            with_application,
        })
    }

    /// Those since the last call.
    pub(super) fn pending(&mut self) -> Vec<(i32, Wish)> {
        let with_application = self.with_application;
        self.delivery
            .pending()
            .map(|signal| (signal, wish(signal, with_application)))
            .collect()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }
}

fn wish(signal: i32, with_application: bool) -> Wish {
    match signal {
        SIGCHLD => Wish::Reap,
        SIGALRM => Wish::Refresh,
        _ if with_application => Wish::PassOn,
        SIGUSR1 => Wish::Refresh,
        SIGHUP => Wish::Reload,
        _ => Wish::End,
    }
}

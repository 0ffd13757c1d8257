//! `Io`: the few things that the client's logic needs from a runtime. Through it, the same logic
//! serves blocking and asynchronous callers.
//!
//! ```text
//! Client ──────► block_on ─┐                              ┌─ poll(2), the calling thread
//!                          ├─► Driver: async fn … ─► Io ──┤
//! AsyncClient ─► .await  ──┘                              └─ Tokio: AsyncFd, Workers
//! ```
//! All logic is written once, as `async fn`. Under [`Io::Blocking`] a future blocks where it would
//! wait, so that [`block_on`] finds it finished, unless it waits for another thread. This module
//! only waits and works; what is asked of the network, and when, is decided elsewhere.

#[cfg(feature = "tokio")]
mod tokio;
#[cfg(feature = "tokio")]
mod workers;

use std::future::Future;
use std::io;
use std::os::fd::BorrowedFd;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::ClientError;

/// How a caller waits, and which thread works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Io {
    /// The calling thread does both.
    Blocking,
    /// The Tokio runtime that polls the future waits; threads for blocking work do what takes long.
    #[cfg(feature = "tokio")]
    Tokio,
}

/// Who continues detached work. Work in two equal places makes progress under the same conditions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// The thread that asked for it, whatever happens.
    Thread,
    /// This runtime, as long as somebody runs it.
    #[cfg(feature = "tokio")]
    Runtime(::tokio::runtime::Id),
}

/// A descriptor to wait for.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    fd: BorrowedFd<'a>,
    interest: PollFlags,
    is_ready: bool,
}

impl<'a> Waiting<'a> {
    /// Waits for `fd` to be readable ([`PollFlags::IN`]) or writable ([`PollFlags::OUT`]).
    pub(crate) fn new(fd: BorrowedFd<'a>, interest: PollFlags) -> Self {
        Self {
            fd,
            interest,
            is_ready: false,
        }
    }

    /// Whether it can be used, if only to learn of its failure.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready
    }
}

impl Io {
    /// Waits until one of `fds` is ready, or until `deadline`. It is no error if none is ready.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_async, reason = "only the Tokio variant awaits")
    )]
    pub(crate) async fn wait(
        self,
        fds: &mut [Waiting<'_>],
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        match self {
            Self::Blocking => wait(fds, deadline),
            #[cfg(feature = "tokio")]
            Self::Tokio => tokio::wait(fds, deadline).await,
        }
    }

    /// Waits for `time`. It uses no system resource that may have run out.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_async, reason = "only the Tokio variant awaits")
    )]
    pub(crate) async fn pause(self, time: Duration) {
        match self {
            Self::Blocking => thread::sleep(time),
            #[cfg(feature = "tokio")]
            Self::Tokio => ::tokio::time::sleep(time).await,
        }
    }

    /// Does work that occupies the processor or a file for more than a moment.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_async, reason = "only the Tokio variant awaits")
    )]
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ClientError> {
        match self {
            Self::Blocking => Ok(work()),
            #[cfg(feature = "tokio")]
            Self::Tokio => tokio::run(work).await,
        }
    }

    /// As [`run`](Self::run), for work that the end of the process must not cut off: a runtime that
    /// shuts down waits for it for a while.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_async, reason = "only the Tokio variant awaits")
    )]
    pub(crate) async fn finish<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ClientError> {
        match self {
            Self::Blocking => Ok(work()),
            #[cfg(feature = "tokio")]
            Self::Tokio => tokio::finish(work).await,
        }
    }

    /// Does work that may have to wait for a file but seldom does. If no other thread is available,
    /// it is done on this one, which is better than not at all. `None` when the process ends.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_async, reason = "only the Tokio variant awaits")
    )]
    pub(crate) async fn run_or_do<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        match self {
            Self::Blocking => Some(work()),
            #[cfg(feature = "tokio")]
            Self::Tokio => tokio::run_or_do(work).await,
        }
    }

    /// Where work is done that is detached here and now.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unnecessary_wraps, reason = "only the Tokio variant can fail")
    )]
    pub(crate) fn place(self) -> Result<Place, ClientError> {
        match self {
            Self::Blocking => Ok(Place::Thread),
            #[cfg(feature = "tokio")]
            Self::Tokio => tokio::place(),
        }
    }

    /// Does all of `work`, whatever happens to the caller. Only a blocking caller waits for it.
    pub(crate) async fn detach(
        self,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ClientError> {
        match self {
            Self::Blocking => {
                work.await;
                Ok(())
            }
            #[cfg(feature = "tokio")]
            Self::Tokio => tokio::detach(work),
        }
    }
}

/// Runs a future to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn wait(fds: &mut [Waiting<'_>], deadline: Option<Instant>) -> io::Result<()> {
    let mut polled: Vec<PollFd<'_>> = fds
        .iter()
        .map(|waiting| PollFd::from_borrowed_fd(waiting.fd, waiting.interest))
        .collect();
    let timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    match poll(&mut polled, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    for (waiting, polled) in fds.iter_mut().zip(polled) {
        waiting.is_ready = polled.revents() != PollFlags::empty();
    }
    Ok(())
}

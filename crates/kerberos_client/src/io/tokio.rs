//! Waiting and working with a Tokio runtime.

mod end;

use std::future::poll_fn;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;
use std::{io, thread};

use ::tokio::io::Interest;
use ::tokio::io::unix::AsyncFd;
use ::tokio::runtime::Handle;
use ::tokio::sync::oneshot;
use ::tokio::time::timeout_at;
use rustix::event::PollFlags;
use tracing::Instrument as _;

use super::workers::{Work, Workers, spawn};
use super::{Place, Waiting};
use crate::ClientError;
pub(super) use end::finish;

/// As [`Io::wait`](super::Io::wait).
///
/// Each descriptor is registered for one wait only. So epoll reports its present state, and no
/// earlier readiness has to be remembered or cleared.
pub(super) async fn wait(fds: &mut [Waiting<'_>], deadline: Option<Instant>) -> io::Result<()> {
    if Handle::try_current().is_err() {
        return Err(io::Error::other("there is no Tokio runtime"));
    }
    let registered = fds.iter().map(register).collect::<io::Result<Vec<_>>>()?;
    let mut readiness: Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = Vec::new();
    for (fd, interest) in &registered {
        readiness.push(Box::pin(async {
            // The next read or write will report an error.
            let _ = fd.ready(*interest).await;
        }));
    }
    let any = poll_fn(|context| {
        let mut result = Poll::Pending;
        for (waiting, readiness) in fds.iter_mut().zip(&mut readiness) {
            if readiness.as_mut().poll(context).is_ready() {
                waiting.is_ready = true;
                result = Poll::Ready(());
            }
        }
        result
    });
    match deadline {
        // It is no error if the time is over.
        Some(deadline) => drop(timeout_at(deadline.into(), any).await),
        None => any.await,
    }
    Ok(())
}

fn register<'a>(waiting: &Waiting<'a>) -> io::Result<(AsyncFd<BorrowedFd<'a>>, Interest)> {
    let interest = if waiting.interest.contains(PollFlags::OUT) {
        Interest::WRITABLE
    } else {
        Interest::READABLE
    };
    // For a refused datagram, a socket becomes neither readable nor writable.
    let interest = interest.add(Interest::ERROR);
    #[allow(
        deprecated,
        reason = "its replacement is unsafe to call, because a type may be wrong about its \
                  descriptor; `BorrowedFd` is not"
    )]
    let registered = AsyncFd::with_interest(waiting.fd, interest)?;
    Ok((registered, interest))
}

/// As [`Io::run`](super::Io::run).
pub(super) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ClientError> {
    let runtime = Handle::try_current().map_err(|_| ClientError::NoRuntime)?;
    let (work, told) = telling(runtime, work);
    queue(work)?;
    outcome(told).await.ok_or(ClientError::NoRuntime)
}

/// Has another thread do the work.
fn queue(work: Work) -> Result<(), ClientError> {
    WORKERS
        .run(work, spawn)
        .map_err(|(error, _)| ClientError::NoThread(Arc::new(error)))
}

/// As [`Io::run_or_do`](super::Io::run_or_do).
pub(super) async fn run_or_do<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let Ok(runtime) = Handle::try_current() else {
        return Some(work());
    };
    let (work, told) = telling(runtime, work);
    if let Err((_, Some(work))) = WORKERS.run(work, spawn) {
        work();
    }
    outcome(told).await
}

/// Wraps the work so that it sends its output.
fn telling<T: Send + 'static>(
    runtime: Handle,
    work: impl FnOnce() -> T + Send + 'static,
) -> (Work, oneshot::Receiver<thread::Result<T>>) {
    let span = tracing::Span::current();
    let (tell, told) = oneshot::channel();
    let work = move || {
        // The caller's callbacks may need the runtime.
        let _entered = runtime.enter();
        let output = catch_unwind(AssertUnwindSafe(|| span.in_scope(work)));
        // The receiver may be gone.
        let _ = tell.send(output);
    };
    (Box::new(work), told)
}

/// The output of the work; `None` when its thread ends with the process.
async fn outcome<T>(told: oneshot::Receiver<thread::Result<T>>) -> Option<T> {
    match told.await {
        Ok(Ok(output)) => Some(output),
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => None,
    }
}

static WORKERS: Workers = Workers::new();

/// As [`Io::place`](super::Io::place).
pub(super) fn place() -> Result<Place, ClientError> {
    let runtime = Handle::try_current().map_err(|_| ClientError::NoRuntime)?;
    Ok(Place::Runtime(runtime.id()))
}

/// As [`Io::detach`](super::Io::detach).
pub(super) fn detach(work: impl Future<Output = ()> + Send + 'static) -> Result<(), ClientError> {
    let runtime = Handle::try_current().map_err(|_| ClientError::NoRuntime)?;
    // The work is traced in the caller's span.
    runtime.spawn(work.in_current_span());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, OnceLock, mpsc};
    use std::time::Duration;

    use tracing::span::{Attributes, Id, Record};
    use tracing::subscriber::set_default;
    use tracing::{Event, Metadata, Subscriber, info_span};
    use tracing_core::span::Current;

    use super::*;

    /// How often a span is entered.
    #[derive(Clone, Default)]
    struct Depth(Arc<AtomicUsize>, Arc<OnceLock<&'static Metadata<'static>>>);

    impl Subscriber for Depth {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.is_span()
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            self.1.get_or_init(|| span.metadata());
            Id::from_u64(1)
        }

        fn current_span(&self) -> Current {
            match self.1.get() {
                Some(metadata) if self.0.load(Ordering::Relaxed) > 0 => {
                    Current::new(Id::from_u64(1), metadata)
                }
                _ => Current::none(),
            }
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {}

        fn enter(&self, _: &Id) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn exit(&self, _: &Id) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Work that writes a file is not cut off by the end of `main`.
    #[test]
    fn runtime_shutdown_waits_for_work_that_must_finish() {
        for multi_thread in [false, true] {
            let mut builder = if multi_thread {
                ::tokio::runtime::Builder::new_multi_thread()
            } else {
                ::tokio::runtime::Builder::new_current_thread()
            };
            let runtime = builder.build().unwrap();
            let (tell, told) = mpsc::channel();
            let done = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&done);
            runtime.block_on(async {
                ::tokio::spawn(finish(move || {
                    tell.send(()).unwrap();
                    thread::sleep(Duration::from_millis(300));
                    counted.store(1, Ordering::Release);
                }));
                while told.try_recv().is_err() {
                    ::tokio::task::yield_now().await;
                }
            });
            assert_eq!(done.load(Ordering::Acquire), 0);
            drop(runtime);
            assert_eq!(done.load(Ordering::Acquire), 1);
        }
    }

    #[tokio::test]
    async fn detached_work_runs_in_the_callers_span() {
        let depth = Depth::default();
        let _default = set_default(depth.clone());
        let (tell, told) = mpsc::channel();
        let entered = Arc::clone(&depth.0);
        let work = async move { tell.send(entered.load(Ordering::Relaxed)).unwrap() };
        info_span!("call").in_scope(|| detach(work)).unwrap();
        ::tokio::task::yield_now().await;
        assert_eq!(told.try_recv(), Ok(1));
    }
}

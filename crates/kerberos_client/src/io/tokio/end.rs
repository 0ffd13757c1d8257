//! `finish`: work that the end of its runtime does not cut off. Otherwise it would be: a runtime
//! does not wait for threads that are not its own.

use std::convert::Infallible;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::tokio::runtime::{Handle, Id};
use ::tokio::sync::oneshot;

use super::{outcome, queue, telling};
use crate::ClientError;

/// As [`Io::finish`](crate::io::Io::finish).
///
/// A runtime that shuts down drops its tasks. One of these tasks waits, when it is dropped, for the
/// work to end.
pub(in crate::io) async fn finish<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ClientError> {
    finish_within(LONGEST_END, work).await
}

async fn finish_within<T: Send + 'static>(
    longest: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ClientError> {
    let runtime = Handle::try_current().map_err(|_| ClientError::NoRuntime)?;
    let (at_work, ended) = mpsc::channel::<Infallible>();
    let (tell, told) = oneshot::channel::<()>();
    let (work, output) = telling(runtime.clone(), move || {
        // Dropped when the work has ended, perhaps by a panic, and in reverse order: when the task
        // is told, the work has already ended, so that it does not have to wait.
        let _tell = tell;
        let _at_work = at_work;
        work()
    });
    // Queued before the task, which a runtime that has shut down drops at once: that waits for
    // the work.
    queue(work)?;
    let end = End {
        ended,
        runtime: runtime.id(),
        longest,
    };
    runtime.spawn(async move {
        let _end = end;
        // It does not matter whether it is told, or the sender is dropped.
        let _ = told.await;
    });
    outcome(output).await.ok_or(ClientError::NoRuntime)
}

/// The end of some work. Dropping this waits for it.
struct End {
    /// Nothing is sent; the channel closes when the work ends.
    ended: mpsc::Receiver<Infallible>,
    runtime: Id,
    longest: Duration,
}

impl Drop for End {
    fn drop(&mut self) {
        if matches!(self.ended.try_recv(), Err(TryRecvError::Disconnected)) {
            return;
        }
        let left = deadline(self.runtime, self.longest).saturating_duration_since(Instant::now());
        if let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(left) {
            tracing::warn!("a runtime ends before work that was to be finished");
        }
    }
}

/// When the runtime must have shut down, even if work remains. All of a runtime's work has the same
/// deadline, which starts with the first wait.
fn deadline(runtime: Id, longest: Duration) -> Instant {
    let mut ends = ENDS.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    // Another runtime may get the same number after a while.
    ends.retain(|(_, deadline)| now.saturating_duration_since(*deadline) < FORGOTTEN);
    if let Some((_, deadline)) = ends.iter().find(|(id, _)| *id == runtime) {
        return *deadline;
    }
    let deadline = now + longest;
    ends.push((runtime, deadline));
    deadline
}

/// The runtimes that are shutting down, with their deadlines.
static ENDS: Mutex<Vec<(Id, Instant)>> = Mutex::new(Vec::new());

/// How long a runtime that shuts down waits for work in progress.
const LONGEST_END: Duration = Duration::from_secs(10);

/// When to forget a runtime that has shut down.
const FORGOTTEN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use ::tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtimes() -> [Runtime; 2] {
        [Builder::new_multi_thread(), Builder::new_current_thread()]
            .map(|mut builder| builder.build().unwrap())
    }

    /// Begins pieces of work that take this long.
    fn begin(runtime: &Runtime, count: usize, longest: Duration, takes: Duration) {
        runtime.block_on(async {
            let (tell, told) = mpsc::channel();
            for _ in 0..count {
                let tell = tell.clone();
                ::tokio::spawn(finish_within(longest, move || {
                    tell.send(()).unwrap();
                    thread::sleep(takes);
                }));
            }
            let mut begun = 0;
            while begun < count {
                begun += told.try_iter().count();
                ::tokio::task::yield_now().await;
            }
        });
    }

    #[test]
    fn runtime_shutdown_time_limit_is_shared_by_all_work() {
        for runtime in runtimes() {
            let longest = Duration::from_secs(2);
            begin(&runtime, 5, longest, longest * 30);
            let start = Instant::now();
            drop(runtime);
            let took = start.elapsed();
            assert!(took >= longest && took < longest * 2, "{took:?}");
        }
    }

    #[test]
    fn finish_after_runtime_shutdown_returns_promptly() {
        for runtime in runtimes() {
            let handle = runtime.handle().clone();
            drop(runtime);
            let start = Instant::now();
            let done = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&done);
            let count = move || counted.fetch_add(1, Ordering::Release);
            handle.block_on(finish(count)).unwrap();
            assert_eq!(done.load(Ordering::Acquire), 1);
            assert!(start.elapsed() < LONGEST_END / 2, "{:?}", start.elapsed());
        }
    }
}

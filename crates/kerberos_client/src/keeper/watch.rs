//! `KeeperWatch`: the state of a keeper. One side changes it, and any number of others wait for
//! changes, blocking or not.

use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::KeeperState;
use crate::wakers::Wakers;

/// The side that changes the state.
#[derive(Debug)]
pub(super) struct Watched(Arc<Cell>);

/// Waits for changes of the state of a [`TicketKeeper`](crate::TicketKeeper).
#[derive(Clone, Debug)]
pub struct KeeperWatch {
    cell: Arc<Cell>,
    /// The version that was seen last.
    seen: u64,
}

#[derive(Debug)]
struct Cell {
    content: Mutex<Content>,
    changed: Condvar,
}

#[derive(Debug)]
struct Content {
    state: Arc<KeeperState>,
    /// How often the state has changed.
    version: u64,
    is_closed: bool,
    /// Of those that wait without blocking a thread.
    wakers: Wakers,
}

impl Watched {
    pub(super) fn new(state: KeeperState) -> Self {
        let content = Content {
            state: Arc::new(state),
            version: 0,
            is_closed: false,
            wakers: Wakers::default(),
        };
        Self(Arc::new(Cell {
            content: Mutex::new(content),
            changed: Condvar::new(),
        }))
    }

    pub(super) fn current(&self) -> Arc<KeeperState> {
        Arc::clone(&self.0.lock().state)
    }

    /// Has no effect after the end.
    pub(super) fn set(&self, state: KeeperState) {
        self.0.change(|content| {
            if !content.is_closed {
                content.state = Arc::new(state);
                content.version += 1;
            }
        });
    }

    /// Says that there will be no further change.
    pub(super) fn close(&self) {
        self.0.change(|content| content.is_closed = true);
    }

    pub(super) fn watch(&self) -> KeeperWatch {
        KeeperWatch {
            seen: self.0.lock().version,
            cell: Arc::clone(&self.0),
        }
    }
}

impl KeeperWatch {
    /// The current state.
    pub fn current(&self) -> Arc<KeeperState> {
        Arc::clone(&self.cell.lock().state)
    }

    /// Waits for the next change, on any executor. Several changes since the last look count as
    /// one. `None` when the keeper has ended, for whatever reason; if it ended unexpectedly, the
    /// change before that has the error
    /// [`ClientError::KeeperEnded`](crate::ClientError::KeeperEnded).
    pub async fn changed(&mut self) -> Option<Arc<KeeperState>> {
        let cell = Arc::clone(&self.cell);
        let mut place = Place {
            cell: &cell,
            number: None,
        };
        poll_fn(|context| {
            let mut content = cell.lock();
            if let Poll::Ready(news) = self.news(&content) {
                return Poll::Ready(news);
            }
            let before = content.wakers.put(&mut place.number, context.waker());
            drop(content);
            drop(before);
            Poll::Pending
        })
        .await
    }

    /// Waits for the next change, for at most `timeout`; `None` when there was none, or when the
    /// keeper has ended.
    pub fn changed_within(&mut self, timeout: Duration) -> Option<Arc<KeeperState>> {
        self.changed_until(Instant::now().checked_add(timeout))
    }

    pub(super) fn changed_until(&mut self, deadline: Option<Instant>) -> Option<Arc<KeeperState>> {
        let cell = Arc::clone(&self.cell);
        let mut content = cell.lock();
        loop {
            if let Poll::Ready(news) = self.news(&content) {
                return news;
            }
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return None;
            }
            let waited = cell.changed.wait_timeout(content, left);
            content = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What has not been seen yet, if anything; it is `None` when there will be no further change.
    fn news(&mut self, content: &Content) -> Poll<Option<Arc<KeeperState>>> {
        if content.version != self.seen {
            self.seen = content.version;
            return Poll::Ready(Some(Arc::clone(&content.state)));
        }
        if content.is_closed {
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

/// The registered waker of a wait that blocks no thread. It is given up with the wait: after a
/// timeout, for example, it would otherwise be kept until the next change, perhaps for hours.
struct Place<'a> {
    cell: &'a Cell,
    number: Option<u64>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let waker = self.cell.lock().wakers.remove(self.number);
        drop(waker);
    }
}

impl Cell {
    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Content)) {
        let mut content = self.lock();
        change(&mut content);
        let wakers = content.wakers.take();
        drop(content);
        self.changed.notify_all();
        wakers.for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Wake};

    use super::*;

    #[derive(Default)]
    struct Count(std::sync::atomic::AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[test]
    fn dropped_waiter_is_removed_and_others_are_woken() {
        let watched = Watched::new(KeeperState::default());
        let wakers = || watched.0.lock().wakers.len();
        let mut patient = watched.watch();
        let woken = Arc::new(Count::default());
        let mut waiting = pin!(patient.changed());
        // Like a task that is polled again without news, each time with another waker.
        for _ in 0..3 {
            let waker = Waker::from(Arc::clone(&woken));
            let mut context = Context::from_waker(&waker);
            assert!(waiting.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(wakers(), 1);
        let mut watch = watched.watch();
        for _ in 0..1_000 {
            let waker = Waker::from(Arc::new(Count::default()));
            let mut given_up = Box::pin(watch.changed());
            let mut context = Context::from_waker(&waker);
            assert!(given_up.as_mut().poll(&mut context).is_pending());
            assert_eq!(wakers(), 2);
        }
        assert_eq!(wakers(), 1);
        watched.set(KeeperState::default());
        assert_eq!(woken.0.load(std::sync::atomic::Ordering::Relaxed), 1);
        assert!(
            waiting
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        );
        assert_eq!(wakers(), 0);
    }

    #[test]
    fn updates_after_close_are_ignored() {
        let watched = Watched::new(KeeperState::default());
        let mut watch = watched.watch();
        watched.close();
        watched.set(KeeperState {
            failures: 1,
            ..KeeperState::default()
        });
        assert!(watch.changed_within(Duration::from_secs(60)).is_none());
        assert_eq!(watch.current().failures, 0);
    }
}

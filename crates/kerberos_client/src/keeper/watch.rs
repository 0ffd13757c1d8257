//! `KeeperWatch`: the state of a keeper, which one side changes and any number of others wait for,
//! blocking or not.

use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::KeeperState;

/// The side that changes it.
#[derive(Debug)]
pub(super) struct Watched(Arc<Cell>);

/// Waits for the changes of what a [`TicketKeeper`](crate::TicketKeeper) keeps.
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
    /// How often it has changed.
    version: u64,
    is_closed: bool,
    wakers: Vec<Waker>,
}

impl Watched {
    pub(super) fn new(state: KeeperState) -> Self {
        let content = Content {
            state: Arc::new(state),
            version: 0,
            is_closed: false,
            wakers: Vec::new(),
        };
        Self(Arc::new(Cell {
            content: Mutex::new(content),
            changed: Condvar::new(),
        }))
    }

    pub(super) fn current(&self) -> Arc<KeeperState> {
        Arc::clone(&self.0.lock().state)
    }

    pub(super) fn set(&self, state: KeeperState) {
        self.0.change(|content| {
            content.state = Arc::new(state);
            content.version += 1;
        });
    }

    /// There will be no further change.
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
    /// What is kept now.
    pub fn current(&self) -> Arc<KeeperState> {
        Arc::clone(&self.cell.lock().state)
    }

    /// Waits for the next change, on any executor; changes that come faster than they are looked
    /// at are one. `None` when the keeper has ended.
    pub async fn changed(&mut self) -> Option<Arc<KeeperState>> {
        let cell = Arc::clone(&self.cell);
        poll_fn(|context| {
            let mut content = cell.lock();
            if let Poll::Ready(news) = self.news(&content) {
                return Poll::Ready(news);
            }
            let waker = context.waker();
            if !content.wakers.iter().any(|other| other.will_wake(waker)) {
                content.wakers.push(waker.clone());
            }
            Poll::Pending
        })
        .await
    }

    /// Waits for the next change for `timeout` at most; `None` when there was none, or the keeper
    /// has ended.
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

    /// What has not been seen yet, if anything; `None` in it when nothing will come any more.
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

impl Cell {
    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Content)) {
        let mut content = self.lock();
        change(&mut content);
        let wakers = std::mem::take(&mut content.wakers);
        drop(content);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }
}

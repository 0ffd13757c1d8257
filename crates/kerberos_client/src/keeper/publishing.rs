//! `Publishing`: what is being published, for whoever has to wait for the end of that.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, ThreadId};

/// One at a time publishes.
#[derive(Default, Debug)]
pub(super) struct Publishing {
    /// Held as long as somebody publishes.
    turn: Mutex<()>,
    by: Mutex<Option<ThreadId>>,
}

/// Somebody publishes until this is dropped.
pub(super) struct UnderWay<'a> {
    publishing: &'a Publishing,
    _turn: MutexGuard<'a, ()>,
}

impl Publishing {
    /// Publishes from now on, when those have ended who did before.
    pub(super) fn begin(&self) -> UnderWay<'_> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.set_publisher(Some(thread::current().id()));
        UnderWay {
            publishing: self,
            _turn: turn,
        }
    }

    /// Whether somebody publishes.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.turn.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Waits until nobody publishes any more, unless it is this thread that does.
    pub(super) fn wait_for_others(&self) {
        let by = *self.by.lock().unwrap_or_else(PoisonError::into_inner);
        if by != Some(thread::current().id()) {
            drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn set_publisher(&self, thread: Option<ThreadId>) {
        *self.by.lock().unwrap_or_else(PoisonError::into_inner) = thread;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.publishing.set_publisher(None);
    }
}

//! `Publishing`: what is being published, for whoever ends the keeper meanwhile.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use super::Shared;

/// One at a time publishes, and nobody after the end.
#[derive(Default, Debug)]
pub(super) struct Publishing {
    turn: Mutex<Turn>,
    over: Condvar,
}

#[derive(Default, Debug)]
struct Turn {
    /// Who publishes.
    by: Option<ThreadId>,
    /// Whether it is the last time, or has been.
    is_last: bool,
}

/// Somebody publishes until this is dropped.
pub(super) struct UnderWay<'a>(&'a Shared);

impl Shared {
    /// Publishes from now on; `None` after the end.
    pub(super) fn begin_to_publish(&self) -> Option<UnderWay<'_>> {
        let mut turn = self.publishing.lock();
        if turn.is_last {
            return None;
        }
        turn.by = Some(thread::current().id());
        Some(UnderWay(self))
    }

    /// Nothing is published or told any more. What is being published just now comes before the
    /// end, and it is the thread which does that that tells of it: nobody may run the keeper's task
    /// any more.
    pub(super) fn end(&self) {
        let mut turn = self.publishing.lock();
        turn.is_last = true;
        let is_over = turn.by.is_none();
        drop(turn);
        if is_over {
            self.state.close();
        }
    }
}

impl Publishing {
    /// Waits until nobody publishes any more, unless it is this thread that does.
    pub(super) fn wait_for_others(&self) {
        let this = thread::current().id();
        let by_another = |turn: &mut Turn| turn.by.is_some_and(|by| by != this);
        let waited = self.over.wait_while(self.lock(), by_another);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let publishing = &self.0.publishing;
        let mut turn = publishing.lock();
        turn.by = None;
        let is_last = turn.is_last;
        drop(turn);
        publishing.over.notify_all();
        if is_last {
            self.0.state.close();
        }
    }
}

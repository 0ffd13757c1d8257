//! `Wakers`: of all tasks that wait for one event; each may give up waiting.

use std::collections::BTreeMap;
use std::task::Waker;

/// Those who wait, each under a number of their own.
///
/// Wakers are given back rather than dropped: one may do anything then, and whoever has this locked
/// has to let go first.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    wakers: BTreeMap<u64, Waker>,
    /// The number that nobody has had yet.
    next: u64,
}

impl Wakers {
    /// Registers `waker` under `number`, which becomes a new one if there is none yet, and returns
    /// the waker that it replaces.
    pub(crate) fn put(&mut self, number: &mut Option<u64>, waker: &Waker) -> Option<Waker> {
        let number = *number.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        self.wakers.insert(number, waker.clone())
    }

    /// Forgets a task that waits no longer: a waker may keep the whole of it in memory.
    pub(crate) fn remove(&mut self, number: Option<u64>) -> Option<Waker> {
        self.wakers.remove(&number?)
    }

    /// All of them, to be woken.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.wakers).into_values()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.wakers.len()
    }
}

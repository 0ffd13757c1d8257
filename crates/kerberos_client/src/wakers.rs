//! `Wakers`: the wakers of all tasks that wait for one event; each task may give up waiting.

use std::collections::BTreeMap;
use std::task::Waker;

/// The waiting tasks, each under its own number.
///
/// Wakers are returned rather than dropped: dropping one may run any code, so a caller that holds a
/// lock must release it first.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    wakers: BTreeMap<u64, Waker>,
    /// The last number given out.
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

    /// Removes a task that no longer waits: its waker may keep the whole task in memory.
    pub(crate) fn remove(&mut self, number: Option<u64>) -> Option<Waker> {
        self.wakers.remove(&number?)
    }

    /// Removes all of them, to be woken.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.wakers).into_values()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.wakers.len()
    }
}

//! `Workers`: threads for work that would block a runtime.
//!
//! Tokio's own threads for this (`spawn_blocking`) panic where the system cannot provide a thread,
//! and do not do the work where no threads but those of the runtime are alive. Here that is an
//! error, and the caller may try again.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

/// Work to do; it does not panic.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// The threads, and their work.
#[derive(Default)]
pub(super) struct Workers {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    threads: usize,
    /// How many of the threads wait for work.
    idle: usize,
}

impl Workers {
    pub(super) const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                threads: 0,
                idle: 0,
            }),
            wake: Condvar::new(),
        }
    }

    /// Has an idle thread do the work, or else a new one: `spawn` must run the given closure on
    /// one.
    ///
    /// # Errors
    /// When no thread is available; returns the work, which has not been done.
    pub(super) fn run(
        &'static self,
        work: Work,
        spawn: impl FnOnce(Box<dyn FnOnce() + Send>) -> io::Result<()>,
    ) -> Result<(), (io::Error, Option<Work>)> {
        let mut state = self.lock();
        state.queue.push_back(work);
        if state.queue.len() <= state.idle {
            self.wake.notify_one();
        } else if state.threads < MAX_THREADS {
            if let Err(error) = spawn(Box::new(|| self.serve())) {
                return Err((error, state.queue.pop_back()));
            }
            state.threads += 1;
        }
        Ok(())
    }

    /// Works until there has been nothing to do for a while.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            while let Some(work) = state.queue.pop_front() {
                drop(state);
                work();
                state = self.lock();
            }
            state.idle += 1;
            let nothing = |state: &mut State| state.queue.is_empty();
            let waited = self.wake.wait_timeout_while(state, IDLE, nothing);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.idle -= 1;
            if state.queue.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread with a stack of the usual size, because the caller's callbacks run on it.
pub(super) fn spawn(work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let thread = thread::Builder::new().name("krb5-work".to_owned());
    thread.spawn(work).map(drop)
}

/// The most threads; work beyond that waits.
const MAX_THREADS: usize = 512;

/// How long an idle thread stays.
const IDLE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn workers() -> &'static Workers {
        Box::leak(Box::default())
    }

    /// One after another needs one thread; a busy one needs a second.
    #[test]
    fn idle_threads_are_reused() {
        let workers = workers();
        let (tell, told) = mpsc::channel();
        for _ in 0..10 {
            let tell = tell.clone();
            let work = move || tell.send(thread::current().id()).unwrap();
            assert!(workers.run(Box::new(work), spawn).is_ok());
            told.recv().unwrap();
            while workers.lock().idle == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(workers.lock().threads, 1);
        // A busy thread does not delay the work of others.
        let (go, gone) = mpsc::channel();
        let waits = move || gone.recv().unwrap();
        assert!(workers.run(Box::new(waits), spawn).is_ok());
        let work = move || tell.send(thread::current().id()).unwrap();
        assert!(workers.run(Box::new(work), spawn).is_ok());
        told.recv().unwrap();
        assert_eq!(workers.lock().threads, 2);
        go.send(()).unwrap();
    }

    #[test]
    fn work_is_returned_when_no_thread_can_be_started() {
        let workers = workers();
        let (tell, told) = mpsc::channel();
        let work = move || tell.send(()).unwrap();
        let none = |_| Err(io::ErrorKind::WouldBlock.into());
        let Err((_, Some(_))) = workers.run(Box::new(work), none) else {
            panic!("the work should have been returned")
        };
        assert!(workers.run(Box::new(|| ()), spawn).is_ok());
        assert!(told.recv().is_err());
    }
}

//! The way from the log to standard error: a short queue, and a thread that writes.
//!
//! A pipe that nobody reads, or a terminal that is held, blocks whoever writes to it. That must be
//! none of those who refresh tickets, answer probes and hear signals: they leave lines here. What
//! does not fit is lost, and how much that was is said.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use std::{io, thread};

/// A line about lines that were lost, of the format that they had.
pub(super) type Notice = fn(u64) -> String;

/// Lines on their way.
#[derive(Debug, Default)]
struct Outlet {
    queue: Mutex<Queue>,
    /// There is something to write.
    filled: Condvar,
    /// All is written.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<String>,
    bytes: usize,
    /// Lines that did not fit since there was something to say of them.
    lost: Option<(u64, Notice)>,
    is_writing: bool,
}

/// From now on lines are written by a thread; without one, by whoever has something to say.
pub(super) fn start() {
    let outlet = Arc::new(Outlet::default());
    let writer = Arc::clone(&outlet);
    let thread = thread::Builder::new()
        .name("log".to_owned())
        .stack_size(STACK)
        .spawn(move || writer.write_to(&mut io::stderr()));
    if thread.is_ok() {
        let _ = OUTLET.set(outlet);
    }
}

/// Writes a line, soon.
pub(super) fn put(mut line: String, notice: Notice) {
    line.push('\n');
    match OUTLET.get() {
        Some(outlet) => outlet.put(line, notice),
        // A closed standard error is nobody's problem.
        None => drop(io::stderr().write_all(line.as_bytes())),
    }
}

/// Waits until all lines are written, for `limit` at most.
pub(super) fn flush(limit: Duration) {
    if let Some(outlet) = OUTLET.get() {
        outlet.flush(limit);
    }
}

impl Outlet {
    fn put(&self, line: String, notice: Notice) {
        self.lock().put(line, notice);
        self.filled.notify_one();
    }

    /// Writes what there is, for ever.
    fn write_to(&self, stream: &mut dyn io::Write) {
        let mut queue = self.lock();
        loop {
            let Some(line) = queue.next() else {
                self.emptied.notify_all();
                let woken = self.filled.wait(queue);
                queue = woken.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            queue.is_writing = true;
            drop(queue);
            let _ = stream.write_all(line.as_bytes());
            queue = self.lock();
            queue.is_writing = false;
        }
    }

    fn flush(&self, limit: Duration) {
        let busy = |queue: &mut Queue| queue.is_busy();
        let _ = self.emptied.wait_timeout_while(self.lock(), limit, busy);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn put(&mut self, line: String, notice: Notice) {
        let is_full = !self.lines.is_empty() && self.bytes.saturating_add(line.len()) > LIMIT;
        // After the first that is lost the others are, too, until that is said: lines keep their
        // order, and the gap its place.
        if is_full || self.lost.is_some() {
            let (count, _) = self.lost.unwrap_or((0, notice));
            self.lost = Some((count.saturating_add(1), notice));
            return;
        }
        self.bytes = self.bytes.saturating_add(line.len());
        self.lines.push_back(line);
    }

    fn next(&mut self) -> Option<String> {
        if let Some(line) = self.lines.pop_front() {
            self.bytes = self.bytes.saturating_sub(line.len());
            return Some(line);
        }
        // What a flood has taken is given back.
        self.lines.shrink_to(LINES);
        let (count, notice) = self.lost.take()?;
        Some(notice(count) + "\n")
    }

    fn is_busy(&self) -> bool {
        self.is_writing || !self.lines.is_empty() || self.lost.is_some()
    }
}

static OUTLET: OnceLock<Arc<Outlet>> = OnceLock::new();

/// How many bytes wait at most: some three hundred lines.
const LIMIT: usize = 96 * 1024;

/// How many lines there is always room for.
const LINES: usize = 16;

/// Of the thread; virtual memory until it is used.
const STACK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(count: u64) -> String {
        format!("{count} lost")
    }

    #[test]
    fn what_does_not_fit_is_counted_in_its_place() {
        let mut queue = Queue::default();
        let long = "x".repeat(LIMIT);
        // A line alone always fits.
        queue.put(long.clone() + "x", notice);
        queue.put("a".into(), notice);
        queue.put("b".into(), notice);
        assert_eq!(queue.next(), Some(long + "x"));
        queue.put("c".into(), notice);
        assert_eq!(queue.next(), Some("3 lost\n".into()));
        assert_eq!(queue.next(), None);
        queue.put("d".into(), notice);
        assert!(queue.is_busy());
        assert_eq!(queue.next(), Some("d".into()));
        assert!(!queue.is_busy());
    }

    #[test]
    fn a_stream_that_takes_nothing_holds_up_nobody() {
        let outlet = Arc::new(Outlet::default());
        let (mut reader, mut writer) = io::pipe().unwrap();
        let writing = Arc::clone(&outlet);
        thread::spawn(move || writing.write_to(&mut writer));
        let line = "y".repeat(999) + "\n";
        for _ in 0..1_000 {
            outlet.put(line.clone(), notice);
        }
        outlet.flush(Duration::from_millis(10));
        assert!(outlet.lock().is_busy());
        let mut text = Vec::new();
        while !text.ends_with(b"lost\n") {
            let mut bytes = [0; 4096];
            let count = io::Read::read(&mut reader, &mut bytes).unwrap();
            text.extend_from_slice(&bytes[..count]);
        }
        outlet.flush(Duration::from_secs(60));
        assert!(!outlet.lock().is_busy());
        let text = String::from_utf8(text).unwrap();
        let (lines, lost) = text.rsplit_once("y\n").unwrap();
        let lost: usize = lost.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(lines.matches('\n').count() + 1 + lost, 1_000);
    }
}

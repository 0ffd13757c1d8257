//! From the log to standard error: a short queue, and a thread that writes.
//!
//! Writing to a pipe that nobody reads, or to a stopped terminal, blocks. This must not happen to
//! threads that refresh tickets, answer probes or handle signals, so these only add lines to the
//! queue. Lines that do not fit are lost, and their number is logged.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use std::{io, thread};

/// Makes a line about lost lines, in the format of the log.
pub(super) type Notice = fn(u64) -> String;

/// Lines waiting to be written.
#[derive(Debug, Default)]
struct Outlet {
    queue: Mutex<Queue>,
    /// Signalled when there is something to write.
    filled: Condvar,
    /// Signalled when everything is written.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<String>,
    bytes: usize,
    /// The lines lost since the last report: their number, and how to report it.
    lost: Option<(u64, Notice)>,
    is_writing: bool,
}

/// From now on, a thread writes the lines. If it cannot be started, they are written directly.
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

/// Writes a line soon.
pub(super) fn put(mut line: String, notice: Notice) {
    line.push('\n');
    match OUTLET.get() {
        Some(outlet) => outlet.put(line, notice),
        // A closed standard error is ignored.
        None => drop(io::stderr().write_all(line.as_bytes())),
    }
}

/// Waits until all lines are written, for at most `limit`.
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

    /// Writes lines as they come, forever.
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
        // After the first lost line, all further lines are lost until that has been reported, so
        // that the report is in the right place.
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
        // Frees the memory of a burst of lines.
        self.lines.shrink_to(LINES);
        let (count, notice) = self.lost.take()?;
        Some(notice(count) + "\n")
    }

    fn is_busy(&self) -> bool {
        self.is_writing || !self.lines.is_empty() || self.lost.is_some()
    }
}

static OUTLET: OnceLock<Arc<Outlet>> = OnceLock::new();

/// The maximum size of waiting lines in bytes: about three hundred lines.
const LIMIT: usize = 96 * 1024;

/// The number of lines for which space is always kept.
const LINES: usize = 16;

/// The thread's stack size; this is only virtual memory until it is used.
const STACK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(count: u64) -> String {
        format!("{count} lost")
    }

    #[test]
    fn lines_beyond_the_limit_are_replaced_by_their_count() {
        let mut queue = Queue::default();
        let long = "x".repeat(LIMIT);
        // A single line always fits.
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
    fn blocked_stream_does_not_block_the_writers() {
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

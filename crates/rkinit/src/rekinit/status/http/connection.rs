//! One connection of the server: it receives a request, and sends the answer.

use std::io;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::answer::{LONGEST_REQUEST, Page, answer};

/// A connection, for one request and one answer.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    pub(super) accepted: Instant,
    pub(super) deadline: Instant,
    received: Vec<u8>,
    /// The rest of the answer, once there is one.
    answer: Option<Vec<u8>>,
    sent: usize,
}

/// What a connection is waiting for.
pub(super) enum Progress {
    Waiting,
    Over,
}

impl Connection {
    /// A connection accepted at `now`. The stream does not block.
    pub(super) fn new(stream: TcpStream, now: Instant) -> Self {
        Self {
            stream,
            accepted: now,
            deadline: now.checked_add(LIMIT).unwrap_or(now),
            received: Vec::new(),
            answer: None,
            sent: 0,
        }
    }

    /// The file to poll, and the events.
    pub(super) fn waiting(&self) -> (BorrowedFd<'_>, PollFlags) {
        let flags = match self.answer {
            None => PollFlags::IN,
            Some(_) => PollFlags::OUT,
        };
        (self.stream.as_fd(), flags)
    }

    /// Whether the request has come.
    pub(super) fn has_answer(&self) -> bool {
        self.answer.is_some()
    }

    /// Receives and sends what it can now; `page` returns success and text.
    pub(super) fn progress(&mut self, page: &dyn Fn(Page) -> (bool, String)) -> Progress {
        if self.answer.is_none() {
            match self.receive() {
                Ok(true) => self.answer = Some(answer(&self.received, page)),
                Ok(false) => return Progress::Waiting,
                Err(_) => return Progress::Over,
            }
        }
        match self.send() {
            Ok(false) => Progress::Waiting,
            Ok(true) => {
                // The client may still be sending; a reset would discard the answer.
                let _ = self.stream.shutdown(std::net::Shutdown::Write);
                Progress::Over
            }
            Err(_) => Progress::Over,
        }
    }

    /// Whether the request is complete, or as much as will be read.
    fn receive(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.received
                        .extend_from_slice(buffer.get(..count).unwrap_or_default());
                    let is_whole = self.received.windows(4).any(|end| end == b"\r\n\r\n");
                    if is_whole || self.received.len() > LONGEST_REQUEST {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether everything is sent.
    fn send(&mut self) -> io::Result<bool> {
        let answer = self.answer.as_deref().unwrap_or_default();
        while let Some(left) = answer.get(self.sent..).filter(|left| !left.is_empty()) {
            match self.stream.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// The limit for a connection, from its first byte to its last.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

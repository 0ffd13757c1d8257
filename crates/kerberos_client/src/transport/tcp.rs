//! TCP, and streams by path: a length before each message, in four octets (RFC 4120 §7.2.2), or for
//! DNS in two (RFC 1035 §4.2.2).

use std::io::{self, Read as _, Write as _};
use std::os::fd::BorrowedFd;

use rustix::event::PollFlags;

use super::stream::{Stream, pending};
use super::{MAX_REPLY, Progress};
use crate::delivery::Address;

/// A connection for one request and one reply.
#[derive(Debug)]
pub(crate) struct Tcp {
    stream: Stream,
    state: State,
    framing: Framing,
    /// The length and the request.
    outgoing: Vec<u8>,
    sent: usize,
    /// The length and the part of the reply received so far; grows only with what arrives.
    incoming: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Connecting,
    Writing,
    Reading,
}

/// The size of the length before a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Framing {
    /// Four octets.
    Kerberos,
    /// Two octets.
    Dns,
}

impl Framing {
    pub(crate) fn prefix(self) -> usize {
        match self {
            Self::Kerberos => 4,
            Self::Dns => 2,
        }
    }

    /// The message after its length; `None` when it is too long.
    pub(super) fn frame(self, message: &[u8]) -> Option<Vec<u8>> {
        let mut framed = Vec::with_capacity(self.prefix() + message.len());
        match self {
            Self::Kerberos => framed.extend(u32::try_from(message.len()).ok()?.to_be_bytes()),
            Self::Dns => framed.extend(u16::try_from(message.len()).ok()?.to_be_bytes()),
        }
        framed.extend(message);
        Some(framed)
    }

    /// The length at the start of `incoming`, once it is complete.
    fn length(self, incoming: &[u8]) -> Option<usize> {
        match self {
            Self::Kerberos => usize::try_from(u32::from_be_bytes(*incoming.first_chunk()?)).ok(),
            Self::Dns => Some(u16::from_be_bytes(*incoming.first_chunk()?).into()),
        }
    }

    /// How many octets are missing from `incoming`: first of the length, then of the reply.
    pub(crate) fn wanted(self, incoming: &[u8]) -> io::Result<usize> {
        let prefix = self.prefix();
        if incoming.len() < prefix {
            return Ok(prefix - incoming.len());
        }
        let length = self.length(incoming).unwrap_or(usize::MAX);
        // RFC 4120 §7.2.2 reserves the high bit; a length that has it is beyond the limit, too.
        if length > MAX_REPLY {
            return Err(io::Error::other(format!(
                "the announced length of the reply, {length} bytes, is too large"
            )));
        }
        if length == 0 {
            return Err(io::Error::other("an empty reply"));
        }
        Ok((prefix + length).saturating_sub(incoming.len()))
    }
}

impl Tcp {
    pub(super) fn open(address: &Address, request: &[u8], framing: Framing) -> io::Result<Self> {
        let outgoing = framing
            .frame(request)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(Self {
            stream: Stream::open(address)?,
            state: State::Connecting,
            framing,
            outgoing,
            sent: 0,
            incoming: Vec::new(),
        })
    }

    pub(super) fn interest(&self) -> PollFlags {
        match self.state {
            State::Connecting | State::Writing => PollFlags::OUT,
            State::Reading => PollFlags::IN,
        }
    }

    pub(super) fn ready(&mut self) -> io::Result<Progress> {
        match self.state {
            State::Connecting => {
                self.stream.connected()?;
                self.state = State::Writing;
                self.write()?;
                Ok(Progress::Connected)
            }
            State::Writing => {
                self.write()?;
                Ok(Progress::Pending)
            }
            State::Reading => self.read(),
        }
    }

    /// What failed, in the words of MIT's traces.
    pub(super) fn trouble(&self) -> &'static str {
        match self.state {
            State::Connecting => "TCP error connecting to",
            State::Writing => "TCP error sending to",
            State::Reading => "TCP error receiving from",
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.stream.fd()
    }

    fn write(&mut self) -> io::Result<()> {
        while let Some(rest) = self
            .outgoing
            .get(self.sent..)
            .filter(|rest| !rest.is_empty())
        {
            match self.stream.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) => return pending(error),
            }
        }
        self.state = State::Reading;
        Ok(())
    }

    /// Reads what is there, but nothing beyond the reply.
    fn read(&mut self) -> io::Result<Progress> {
        // Enough for most replies, and no more: a keeper's stack never shrinks.
        let mut chunk = [0; 4 * 1024];
        loop {
            let wanted = self.framing.wanted(&self.incoming)?;
            if wanted == 0 {
                self.incoming.drain(..self.framing.prefix());
                return Ok(Progress::Reply(std::mem::take(&mut self.incoming)));
            }
            let room = wanted.min(chunk.len());
            let Some(buffer) = chunk.get_mut(..room) else {
                return Ok(Progress::Pending);
            };
            match self.stream.read(buffer) {
                Ok(0) => return Err(closed_early()),
                Ok(count) => self.incoming.extend(buffer.iter().take(count)),
                Err(error) => return pending(error).map(|()| Progress::Pending),
            }
        }
    }
}

/// The error for a reply that ends before it is complete.
pub(crate) fn closed_early() -> io::Error {
    io::Error::other("the connection was closed early")
}

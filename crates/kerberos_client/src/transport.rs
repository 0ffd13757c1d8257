//! Sockets for one request: non-blocking, connected, one per server address and transport.
//!
//! A socket knows how to move the request out and the reply in; what to open, and when, is the
//! business of [`delivery`](crate::delivery), or for DNS of its `lookup`.

mod tcp;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::delivery::Transport;
pub(crate) use tcp::Framing;
use tcp::Tcp;
use udp::Udp;

/// The longest reply that is taken, in bytes; MIT's limit, too.
pub(crate) const MAX_REPLY: usize = 1 << 20;

/// A socket on its way.
#[derive(Debug)]
pub(crate) enum Socket {
    Udp(Udp),
    Tcp(Tcp),
}

/// What a socket that was ready has come to.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Nothing to tell yet.
    Pending,
    /// The TCP connection stands.
    Connected,
    /// A whole reply.
    Reply(Vec<u8>),
}

impl Socket {
    /// Connects to `address`; a UDP request is sent at once, a TCP one when the connection stands.
    pub(crate) fn open(
        transport: Transport,
        address: SocketAddr,
        request: &[u8],
        framing: Framing,
    ) -> io::Result<Self> {
        match transport {
            Transport::Udp => Udp::open(address, request).map(Self::Udp),
            Transport::Tcp => Tcp::open(address, request, framing).map(Self::Tcp),
        }
    }

    /// Sends a UDP request once more.
    pub(crate) fn resend(&self, request: &[u8]) -> io::Result<()> {
        match self {
            Self::Udp(udp) => udp.send(request),
            Self::Tcp(_) => Ok(()),
        }
    }

    /// What to wait for.
    pub(crate) fn interest(&self) -> PollFlags {
        match self {
            Self::Udp(_) => PollFlags::IN,
            Self::Tcp(tcp) => tcp.interest(),
        }
    }

    /// Goes on after the socket became ready.
    pub(crate) fn ready(&mut self) -> io::Result<Progress> {
        match self {
            Self::Udp(udp) => udp.receive(),
            Self::Tcp(tcp) => tcp.ready(),
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Udp(udp) => udp.fd(),
            Self::Tcp(tcp) => tcp.fd(),
        }
    }
}

/// An address as MIT's traces write it: `dgram 192.0.2.1:88`.
pub(crate) struct TraceAddress(pub(crate) Transport, pub(crate) SocketAddr);

impl std::fmt::Display for TraceAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self.0 {
            Transport::Udp => "dgram",
            Transport::Tcp => "stream",
        };
        write!(f, "{word} {}", self.1)
    }
}

/// A system error as MIT's traces write it: `111/Connection refused`.
pub(crate) struct TraceError<'a>(pub(crate) &'a io::Error);

impl std::fmt::Display for TraceError<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.raw_os_error() {
            Some(number) => write!(f, "{number}/{}", describe(self.0)),
            None => write!(f, "{}", self.0),
        }
    }
}

/// The words of a system error without its number.
pub(crate) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

fn socket(address: SocketAddr, kind: SocketType) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(family, kind, flags, None)?)
}

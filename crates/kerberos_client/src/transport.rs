//! Sockets for one request: non-blocking, connected, one for each server address and transport.
//!
//! A socket sends the request and receives the reply. What to open, and when, is decided by
//! [`delivery`](crate::delivery), or for DNS by its `lookup`.

#[cfg(feature = "https")]
mod https;
mod proxy_error;
mod stream;
mod tcp;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::delivery::{Address, Endpoint, Transport};
#[cfg(feature = "https")]
use https::Https;
#[cfg(feature = "https")]
pub use https::read_proxy_response;
#[cfg(feature = "https")]
pub(crate) use https::{Proxy, Tls};
pub use proxy_error::ProxyError;
pub(crate) use tcp::Framing;
use tcp::Tcp;
#[cfg(all(test, feature = "https"))]
pub(crate) use tcp::closed_early;
use udp::Udp;

/// The longest reply that is accepted, in bytes; MIT's limit, too.
pub(crate) const MAX_REPLY: usize = 1 << 20;

/// A socket for one request.
#[derive(Debug)]
pub(crate) enum Socket {
    Udp(Udp),
    Tcp(Tcp),
    #[cfg(feature = "https")]
    Https(Box<Https>),
}

/// The progress of a socket that was ready.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Nothing to report yet.
    Pending,
    /// The connection is established: TCP, and for a proxy TLS.
    Connected,
    /// A whole reply.
    Reply(Vec<u8>),
}

impl Socket {
    /// Connects. A UDP request is sent at once, others when the connection is established. For a
    /// proxy, use [`https`](Self::https).
    pub(crate) fn open(endpoint: &Endpoint, request: &[u8], framing: Framing) -> io::Result<Self> {
        let address = &endpoint.address;
        match endpoint.transport {
            Transport::Udp => Udp::open(address, request).map(Self::Udp),
            Transport::Tcp | Transport::Unix => Tcp::open(address, request, framing).map(Self::Tcp),
            Transport::Https => Err(io::Error::other(ProxyError::NotBuilt)),
        }
    }

    /// Connects to a KDC proxy.
    #[cfg(feature = "https")]
    pub(crate) fn https(address: &Address, request: &[u8], proxy: &Proxy) -> io::Result<Self> {
        let https = Https::open(address, request, proxy)?;
        Ok(Self::Https(Box::new(https)))
    }

    /// Sends a UDP request again.
    pub(crate) fn resend(&self, request: &[u8]) -> io::Result<()> {
        match self {
            Self::Udp(udp) => udp.send(request),
            Self::Tcp(_) => Ok(()),
            #[cfg(feature = "https")]
            Self::Https(_) => Ok(()),
        }
    }

    /// What to wait for.
    pub(crate) fn interest(&self) -> PollFlags {
        match self {
            Self::Udp(_) => PollFlags::IN,
            Self::Tcp(tcp) => tcp.interest(),
            #[cfg(feature = "https")]
            Self::Https(https) => https.interest(),
        }
    }

    /// Continues after the socket has become ready.
    pub(crate) fn ready(&mut self) -> io::Result<Progress> {
        match self {
            Self::Udp(udp) => udp.receive(),
            Self::Tcp(tcp) => tcp.ready(),
            #[cfg(feature = "https")]
            Self::Https(https) => https.ready(),
        }
    }

    /// What failed, in the words of MIT's traces.
    pub(crate) fn trouble(&self) -> &'static str {
        match self {
            Self::Udp(_) => "UDP error receiving from",
            Self::Tcp(tcp) => tcp.trouble(),
            #[cfg(feature = "https")]
            Self::Https(https) => https.trouble(),
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Udp(udp) => udp.fd(),
            Self::Tcp(tcp) => tcp.fd(),
            #[cfg(feature = "https")]
            Self::Https(https) => https.fd(),
        }
    }
}

/// An endpoint as MIT's traces write it: `dgram 192.0.2.1:88`.
pub(crate) struct Traced<'a>(pub(crate) &'a Endpoint);

impl std::fmt::Display for Traced<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self.0.transport {
            Transport::Udp => "dgram",
            Transport::Tcp => "stream",
            Transport::Https => "https",
            Transport::Unix => "UNIX domain socket",
        };
        write!(f, "{word} {}", self.0.address)
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

/// The message of a system error without its number.
pub(crate) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// A non-blocking socket that connects to `address`, and the result of the connect call.
fn connect(address: &Address, kind: SocketType) -> Result<(OwnedFd, Result<(), Errno>), Errno> {
    let family = match address {
        Address::Ip(SocketAddr::V4(_)) => AddressFamily::INET,
        Address::Ip(SocketAddr::V6(_)) => AddressFamily::INET6,
        Address::Unix(_) => AddressFamily::UNIX,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(family, kind, flags, None)?;
    let progress = match address {
        Address::Ip(address) => rustix::net::connect(&fd, address),
        // A path of more than 107 octets does not fit into an address.
        Address::Unix(path) => {
            SocketAddrUnix::new(path).and_then(|address| rustix::net::connect(&fd, &address))
        }
    };
    Ok((fd, progress))
}

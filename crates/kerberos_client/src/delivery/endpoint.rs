//! Where a request goes, and by which transport.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How a request travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Transport {
    /// One datagram each way.
    Udp,
    /// A stream, with its length before each message (RFC 4120 §7.2.2).
    Tcp,
    /// An HTTP request over TLS to a proxy, which forwards it (MS-KKDCP).
    Https,
    /// As [`Tcp`](Self::Tcp), over a UNIX domain socket of this host.
    Unix,
}

/// Where a server listens.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Address {
    /// At an IP address and port.
    Ip(SocketAddr),
    /// At a socket in the file system.
    Unix(PathBuf),
}

/// An address of a server, and how it is reached there.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Endpoint {
    /// How it is reached.
    pub transport: Transport,
    /// Where it is.
    pub address: Address,
}

impl Endpoint {
    /// The endpoint at `address`.
    pub(crate) fn new(transport: Transport, address: impl Into<Address>) -> Self {
        Self {
            transport,
            address: address.into(),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Https => "HTTPS",
            Self::Unix => "UNIX socket",
        })
    }
}

/// `192.0.2.1:88`, or the path of the socket.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

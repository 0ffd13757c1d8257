//! `Attempt`: a server that was asked without success, and why.

use std::{fmt, io};

use thiserror::Error;

use super::Endpoint;
use crate::transport::{ProxyError, describe};

/// A server that was asked without success.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The server as the configuration names it.
    pub server: String,
    /// Where and how it was asked; `None` if it was not asked at all.
    pub via: Option<Endpoint>,
    /// What went wrong.
    pub reason: Reason,
}

/// Why asking a server failed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Reason {
    /// Its name has no address.
    #[error("the name has no address")]
    NoAddress,
    /// It did not answer in the time that it was given.
    #[error("no answer")]
    NoAnswer,
    /// It is configured for UDP alone, and the request or the reply is too large for that.
    #[error("not tried: it is configured for UDP only, and this message needs TCP")]
    OnlyUdp,
    /// The time was over before it was its turn.
    #[error("not tried: out of time")]
    OutOfTime,
    /// It is a KDC that cannot serve now (RFC 4120 §7.5.9, KDC_ERR_SVC_UNAVAILABLE).
    #[error("the KDC says that its service is not available")]
    Unavailable,
    /// It speaks a protocol other than Kerberos.
    #[error("the answer is not a Kerberos message")]
    NotKerberos,
    /// It is a KDC proxy, and there is a problem with it or on the way to it.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The system's error for the connection or the name.
    #[error("{0}")]
    System(String),
}

impl Reason {
    /// What to do about it, if that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Proxy(error) => error.hint(),
            _ => None,
        }
    }
}

/// The system's message without its number, or the error of one of our own sockets.
impl From<&io::Error> for Reason {
    fn from(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(proxy) => Self::Proxy(ProxyError::clone(proxy)),
            None => Self::System(describe(error)),
        }
    }
}

/// `kdc.example.com:88 (192.0.2.1:88, UDP): no answer`.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            server,
            via,
            reason,
        } = self;
        match via {
            Some(Endpoint { transport, address }) if address.to_string() == *server => {
                write!(f, "{server} ({transport}): {reason}")
            }
            Some(Endpoint { transport, address }) => {
                write!(f, "{server} ({address}, {transport}): {reason}")
            }
            None => write!(f, "{server}: {reason}"),
        }
    }
}

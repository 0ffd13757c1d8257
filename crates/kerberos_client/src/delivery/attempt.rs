//! `Attempt`: a server that was asked in vain, and why.

use std::{fmt, io};

use thiserror::Error;

use super::Endpoint;
use crate::transport::{ProxyError, describe};

/// A server that was asked in vain.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The server as the configuration names it.
    pub server: String,
    /// Where and how it was asked; `None` when it did not come to that.
    pub via: Option<Endpoint>,
    /// What went wrong.
    pub reason: Reason,
}

/// Why a server was asked in vain.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Reason {
    /// Its name has no address.
    #[error("the name has no address")]
    NoAddress,
    /// It said nothing in the time that it was given.
    #[error("no answer")]
    NoAnswer,
    /// It is named for UDP alone, and what is sent or comes back is too large for that.
    #[error("not tried: it is configured for UDP only, and this message needs TCP")]
    OnlyUdp,
    /// The time was over before its turn came.
    #[error("not tried: out of time")]
    OutOfTime,
    /// It is a KDC that cannot serve now (RFC 4120 §7.5.9, KDC_ERR_SVC_UNAVAILABLE).
    #[error("the KDC says that its service is not available")]
    Unavailable,
    /// It speaks something else than Kerberos.
    #[error("the answer is not a Kerberos message")]
    NotKerberos,
    /// It is a KDC proxy, and something is wrong with it or on the way to it.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// What the system says of the connection or of the name.
    #[error("{0}")]
    System(String),
}

impl Reason {
    /// What to do about it, where that can be told.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Proxy(error) => error.hint(),
            _ => None,
        }
    }
}

/// The words of the system, without its number; or what a socket of ours found wrong.
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

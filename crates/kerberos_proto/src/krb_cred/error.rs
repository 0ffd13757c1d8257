//! `CredError`: why a KRB-CRED cannot be made, or is refused (RFC 4120 §3.6.3).

use kerberos_asn1::{DecodeError, ErrorCode};
use thiserror::Error;

use crate::OriginFault;

/// What is wrong with a KRB-CRED.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CredError {
    /// A message, or a part of it, is not well-formed.
    #[error("{what}: {error}")]
    Decode {
        /// Which message or part.
        what: &'static str,
        /// What is wrong with it, and where.
        #[source]
        error: DecodeError,
    },
    /// It does not decrypt with any of the keys.
    #[error("the KRB-CRED does not decrypt")]
    Integrity,
    /// It is not encrypted, and that is not allowed.
    #[error("the KRB-CRED is not encrypted")]
    Unprotected,
    /// It holds no ticket.
    #[error("the KRB-CRED holds no ticket")]
    NoTickets,
    /// It has another number of tickets than of keys for them.
    #[error("{tickets} tickets, but information on {infos}")]
    Counts {
        /// How many tickets there are.
        tickets: usize,
        /// How many there is something about.
        infos: usize,
    },
    /// It does not say whose a ticket is, or for which service.
    #[error("ticket {0} has no client or no server")]
    NoName(usize),
    /// It is not one of this session.
    #[error(transparent)]
    Origin(#[from] OriginFault),
}

impl CredError {
    /// An error in decoding `what`.
    pub(super) fn decode(what: &'static str) -> impl FnOnce(DecodeError) -> Self {
        move |error| Self::Decode { what, error }
    }

    /// The error's code in RFC 4120 §7.5.9.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Integrity => ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
            Self::Counts { .. } | Self::NoName(_) | Self::NoTickets | Self::Unprotected => {
                ErrorCode::KRB_AP_ERR_MODIFIED
            }
            Self::Origin(fault) => fault.code(),
            Self::Decode { .. } => ErrorCode::KRB_ERR_GENERIC,
        }
    }
}

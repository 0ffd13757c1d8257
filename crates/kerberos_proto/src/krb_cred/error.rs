//! `CredError`: why a KRB-CRED cannot be made or is refused (RFC 4120 §3.6.3).

use kerberos_asn1::{DecodeError, ErrorCode};
use thiserror::Error;

use crate::OriginFault;

/// What is wrong with a KRB-CRED.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CredError {
    /// A message, or a part of one, is malformed.
    #[error("{what}: {error}")]
    Decode {
        /// Which message or part it is.
        what: &'static str,
        /// What is wrong with it, and where.
        #[source]
        error: DecodeError,
    },
    /// It does not decrypt with any of the keys.
    #[error("the KRB-CRED does not decrypt")]
    Integrity,
    /// It is not encrypted, but must be.
    #[error("the KRB-CRED is not encrypted")]
    Unprotected,
    /// It contains no ticket.
    #[error("the KRB-CRED holds no ticket")]
    NoTickets,
    /// The number of tickets and the number of entries about them differ.
    #[error("{tickets} tickets, but information on {infos}")]
    Counts {
        /// The number of tickets.
        tickets: usize,
        /// The number of entries with a session key and other details.
        infos: usize,
    },
    /// A ticket's client or service is not given.
    #[error("ticket {0} has no client or no server")]
    NoName(usize),
    /// It does not belong to this session.
    #[error(transparent)]
    Origin(#[from] OriginFault),
}

impl CredError {
    /// Makes an error about decoding `what`.
    pub(super) fn decode(what: &'static str) -> impl FnOnce(DecodeError) -> Self {
        move |error| Self::Decode { what, error }
    }

    /// The error code of RFC 4120 §7.5.9.
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

//! `MessageError`: why a KRB-SAFE or KRB-PRIV is refused (RFC 4120 §3.4.2, §3.5.2).

use kerberos_asn1::{DecodeError, ErrorCode};
use thiserror::Error;

use super::OriginFault;

/// What is wrong with a KRB-SAFE or KRB-PRIV.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is no message of the kind.
    #[error("the message is of another kind")]
    UnexpectedMessage,
    /// A message, or a part of it, is not well-formed.
    #[error("{what}: {error}")]
    Decode {
        /// Which message or part.
        what: &'static str,
        /// What is wrong with it, and where.
        #[source]
        error: DecodeError,
    },
    /// It does not decrypt with the key.
    #[error("the KRB-PRIV does not decrypt")]
    Integrity,
    /// The checksum of a KRB-SAFE is not one of its contents by the key.
    #[error("the KRB-SAFE was altered")]
    Altered,
    /// A KRB-SAFE has a checksum that anyone can make, or of another type than goes with the key.
    #[error("the KRB-SAFE has a checksum of type {0}, which does not go with the key")]
    InappropriateChecksum(i32),
    /// It is not one of this session.
    #[error(transparent)]
    Origin(#[from] OriginFault),
}

impl MessageError {
    /// An error in decoding `what`.
    pub(super) fn decode(what: &'static str) -> impl FnOnce(DecodeError) -> Self {
        move |error| Self::Decode { what, error }
    }

    /// The error's code in RFC 4120 §7.5.9.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnexpectedMessage => ErrorCode::KRB_AP_ERR_MSG_TYPE,
            Self::Integrity => ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
            Self::Altered => ErrorCode::KRB_AP_ERR_MODIFIED,
            Self::InappropriateChecksum(_) => ErrorCode::KRB_AP_ERR_INAPP_CKSUM,
            Self::Origin(fault) => fault.code(),
            Self::Decode { .. } => ErrorCode::KRB_ERR_GENERIC,
        }
    }
}

//! `MessageError`: why a KRB-SAFE or KRB-PRIV is refused (RFC 4120 §3.4.2, §3.5.2).

use kerberos_asn1::{DecodeError, ErrorCode};
use thiserror::Error;

use super::OriginFault;

/// Why a KRB-SAFE or KRB-PRIV is refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is a message of another type.
    #[error("the message is of another kind")]
    UnexpectedMessage,
    /// A message, or a part of one, is malformed.
    #[error("{what}: {error}")]
    Decode {
        /// Which message or part it is.
        what: &'static str,
        /// What is wrong with it, and where.
        #[source]
        error: DecodeError,
    },
    /// It does not decrypt with the key.
    #[error("the KRB-PRIV does not decrypt")]
    Integrity,
    /// The checksum of a KRB-SAFE does not match its contents and the key.
    #[error("the KRB-SAFE was altered")]
    Altered,
    /// The checksum of a KRB-SAFE is unkeyed, or of a type that does not belong to the key.
    #[error("the KRB-SAFE has a checksum of type {0}, which does not go with the key")]
    InappropriateChecksum(i32),
    /// It does not belong to this session.
    #[error(transparent)]
    Origin(#[from] OriginFault),
}

impl MessageError {
    /// Makes an error about decoding `what`.
    pub(super) fn decode(what: &'static str) -> impl FnOnce(DecodeError) -> Self {
        move |error| Self::Decode { what, error }
    }

    /// The error code of RFC 4120 §7.5.9.
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

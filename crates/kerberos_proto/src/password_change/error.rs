//! `PasswordChangeError`: why a password was not changed, and MIT's messages for it.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;

use kerberos_asn1::ErrorCode;
use thiserror::Error;

use super::PasswordRejection;
use crate::{ApError, KdcError, MIT_ERROR_BASE, MessageError, mit_text};

/// Why a password was not changed, or may not have been.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum PasswordChangeError {
    /// The service rejected the change.
    #[error("{0}")]
    Rejected(PasswordRejection),
    /// A KRB-ERROR that says nothing about the password.
    #[error("{0}")]
    Refused(Box<KdcError>),
    /// A KRB-ERROR reports that the password was changed. RFC 3244 §2 forbids this, because anyone
    /// could have written the error. Windows Server 2025 sends such errors. Logging in with the new
    /// password shows whether it is true.
    #[error("the service says that the password was changed, but does not prove it")]
    UnprovenSuccess,
    /// The AP-REQ cannot be made, or the AP-REP is not from the service.
    #[error("{0}")]
    Ap(#[source] Arc<ApError>),
    /// The KRB-PRIV of the reply was refused.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The reply is malformed.
    #[error("malformed reply: {0}")]
    Malformed(&'static str),
    /// The reply has another version of the protocol.
    #[error("the reply is of version {0:#06x} of the protocol")]
    Version(u16),
    /// The message would be longer than 65535 bytes.
    #[error("the new password is too long for the protocol")]
    TooLong,
}

impl From<ApError> for PasswordChangeError {
    fn from(error: ApError) -> Self {
        Self::Ap(Arc::new(error))
    }
}

impl PasswordChangeError {
    /// The code that MIT's library uses for this error.
    pub fn mit_code(&self) -> i32 {
        let code = match self {
            Self::Rejected(_) => return CHPW_FAIL,
            Self::Refused(error) => error.code,
            Self::Ap(error) => error.code(),
            Self::Message(error) => error.code(),
            Self::UnprovenSuccess | Self::Malformed(_) => ErrorCode::KRB_AP_ERR_MODIFIED,
            Self::Version(_) => ErrorCode::KDC_ERR_BAD_PVNO,
            Self::TooLong => ErrorCode::KRB_ERR_FIELD_TOOLONG,
        };
        MIT_ERROR_BASE + code.0.clamp(0, 127)
    }

    /// What MIT's `kpasswd` prints for this error. If MIT's library does not know the error or says
    /// less about it, this is our own text.
    pub fn mit_message(&self) -> Cow<'static, str> {
        match self {
            Self::Refused(_) | Self::Ap(_) | Self::Message(_) | Self::Version(_) => {
                mit_text(self.mit_code() - MIT_ERROR_BASE).into()
            }
            Self::Malformed(_) => mit_text(ErrorCode::KRB_AP_ERR_MODIFIED.0).into(),
            Self::Rejected(_) | Self::UnprovenSuccess | Self::TooLong => self.to_string().into(),
        }
    }
}

/// MIT's `KRB5_CHPW_FAIL`.
const CHPW_FAIL: i32 = MIT_ERROR_BASE + 234;

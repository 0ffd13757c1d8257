//! `SaslError`: why an exchange failed, or a message is not taken.

use kerberos_client::kerberos_gss::{GssError, StepError};
use kerberos_client::{ClientError, ServiceAcceptor};
use thiserror::Error;

use crate::Layers;

/// Why an exchange failed, or a message is not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SaslError {
    /// The context could not be established. [`StepError::send`] is for the peer.
    #[error(transparent)]
    Context(#[from] StepError),
    /// A token of the exchange or of a message is not genuine, or not the one whose turn it is.
    #[error(transparent)]
    Gss(#[from] GssError),
    /// The system has no randomness to give.
    #[error(transparent)]
    NoRandomness(ClientError),
    /// Something came where nothing was expected, or the exchange is over.
    #[error("there is no next step")]
    Finished,
    /// A message must be empty and is not.
    #[error("expected an empty response, found {0} octets")]
    NotEmpty(usize),
    /// What the layers are agreed on with is too short or too long (RFC 4752 §3.1).
    #[error("expected 4 octets with the security layers, found {0}")]
    OfferLength(usize),
    /// None of the layers that the peer offers will do.
    #[error("the peer offers {offered}, but {wanted} is required")]
    NoCommonLayer {
        /// What the peer offers.
        offered: Layers,
        /// What this side takes.
        wanted: Layers,
    },
    /// The client chose what was not offered, or several layers.
    #[error("the client chose {chosen}, but was offered {offered}")]
    Choice {
        /// What the client chose.
        chosen: Layers,
        /// What it had the choice of.
        offered: Layers,
    },
    /// A layer protects nothing, for the peer takes no messages long enough.
    #[error("the peer accepts at most {0} octets, too few for any message")]
    PeerTakesTooLittle(u32),
    /// The name to act as is no UTF-8 (RFC 4752 §3.1), or has a zero octet.
    #[error("the authorization identity is not text")]
    AuthorizationId,
    /// The peer's frame is longer than this side said that it takes.
    #[error("a frame of {length} octets exceeds the limit of {limit}")]
    FrameTooLong {
        /// Its length.
        length: u32,
        /// What is allowed.
        limit: u32,
    },
    /// A message is not encrypted, and has to be.
    #[error("the message is not encrypted, although that was agreed on")]
    NotSealed,
}

impl SaslError {
    /// What to do about it, where that can be told.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Context(failed) => ServiceAcceptor::gss_hint(&failed.error),
            Self::Gss(error) => ServiceAcceptor::gss_hint(error),
            Self::NoRandomness(error) => error.hint(),
            _ => None,
        }
    }
}

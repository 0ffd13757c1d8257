//! `SaslError`: why an exchange failed, or a message was refused.

use kerberos_client::kerberos_gss::{GssError, StepError};
use kerberos_client::{ClientError, ServiceAcceptor};
use thiserror::Error;

use crate::Layers;

/// Why an exchange failed, or a message was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SaslError {
    /// The context could not be established. Send [`StepError::send`] to the peer.
    #[error(transparent)]
    Context(#[from] StepError),
    /// A token of the exchange or of a message is not authentic, or not the expected one.
    #[error(transparent)]
    Gss(#[from] GssError),
    /// The system's random source failed.
    #[error(transparent)]
    NoRandomness(ClientError),
    /// A message came although none was expected, or the exchange is over.
    #[error("there is no next step")]
    Finished,
    /// A message must be empty, but is not.
    #[error("expected an empty response, found {0} octets")]
    NotEmpty(usize),
    /// The message that negotiates the layers is too short or too long (RFC 4752 §3.1).
    #[error("expected 4 octets with the security layers, found {0}")]
    OfferLength(usize),
    /// None of the layers that the peer offers is acceptable.
    #[error("the peer offers {offered}, but {wanted} is required")]
    NoCommonLayer {
        /// What the peer offers.
        offered: Layers,
        /// The layers that this side accepts.
        wanted: Layers,
    },
    /// The client chose something that was not offered, or several layers.
    #[error("the client chose {chosen}, but was offered {offered}")]
    Choice {
        /// What the client chose.
        chosen: Layers,
        /// The layers that it was offered.
        offered: Layers,
    },
    /// A layer was chosen, but the peer does not accept messages long enough to use it.
    #[error("the peer accepts at most {0} octets, too few for any message")]
    PeerTakesTooLittle(u32),
    /// The authorization identity is not UTF-8 (RFC 4752 §3.1), or contains a zero octet.
    #[error("the authorization identity is not text")]
    AuthorizationId,
    /// The peer's frame is longer than the limit that this side announced.
    #[error("a frame of {length} octets exceeds the limit of {limit}")]
    FrameTooLong {
        /// Its length.
        length: u32,
        /// The limit.
        limit: u32,
    },
    /// A message is not encrypted, but must be.
    #[error("the message is not encrypted, although that was agreed on")]
    NotSealed,
}

impl SaslError {
    /// What to do about the error, if that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Context(failed) => ServiceAcceptor::gss_hint(&failed.error),
            Self::Gss(error) => ServiceAcceptor::gss_hint(error),
            Self::NoRandomness(error) => error.hint(),
            _ => None,
        }
    }
}

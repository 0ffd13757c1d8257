//! `GssError`: why a context was not established or a message not taken; `StepError`: the same,
//! with the token that tells the peer.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use kerberos_asn1::DecodeError;
use kerberos_crypto::CryptoError;
use kerberos_proto::{ApError, CredError};
use thiserror::Error;

use crate::{Mechanism, OrderFault, TokenId};

/// Why a context was not established, or a message not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GssError {
    // Tokens that are not what was expected.
    /// A token, or a part of it, is not well-formed.
    #[error("{what}: {error}")]
    Decode {
        /// Which token or part.
        what: &'static str,
        /// What is wrong with it, and where.
        #[source]
        error: DecodeError,
    },
    /// The token ends too early.
    #[error("the token ends too early")]
    Truncated,
    /// The frame of a token does not fit what is in it.
    #[error("the frame of the token does not match its content")]
    Frame,
    /// The token is one of another mechanism.
    #[error("the token is of {}, not of Kerberos", Mechanism(.0))]
    Mechanism(Vec<u8>),
    /// The token is another one than the one whose turn it is.
    #[error("expected {expected}, found {found}")]
    TokenId {
        /// The one whose turn it is.
        expected: TokenId,
        /// The one that is there.
        found: TokenId,
    },
    /// The header of a message has a value that it must not have.
    #[error("the {0} of the token is not valid")]
    Header(&'static str),

    // Establishing a context.
    /// The AP exchange failed.
    #[error(transparent)]
    Ap(#[from] ApError),
    /// The credential that the initiator lends cannot be used.
    #[error("the delegated credential: {0}")]
    Delegation(#[from] CredError),
    /// The initiator is to lend a credential, and was given none: its caller's mistake.
    #[error("delegation was requested, but there is no credential to delegate")]
    NothingToDelegate,
    /// A key is of an unsupported type, or cannot be used.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// What stands in the authenticator instead of a checksum is not well-formed.
    #[error("the checksum of the authenticator: {0}")]
    Checksum(&'static str),
    /// The initiator is at the end of another channel: an attacker may sit in between.
    #[error("the channel bindings are those of another channel")]
    BindingsMismatch,
    /// The acceptor wants channel bindings, and the initiator sent none.
    #[error("channel bindings are required, but the initiator sent none")]
    BindingsMissing,
    /// The acceptor wants channel bindings, and was given none of its own to compare with: its
    /// caller's mistake, which no initiator can make good.
    #[error("channel bindings are required, but the acceptor has none of its own")]
    OwnBindingsMissing,
    /// There is no hash of the server's certificate that both sides would take (RFC 5929 §4.1).
    #[error("the certificate is signed with {}, for which no channel binding is known", Mechanism(.0))]
    CertificateSignature(Vec<u8>),
    /// The initiator did not ask for something that the acceptor requires.
    #[error("the initiator did not ask for {0:?}, which is required")]
    Required(crate::ContextFlags),
    /// Tokens without a frame, but no DCE style, or the other way round.
    #[error("tokens must have no frame in DCE style, and a frame otherwise")]
    DceStyle,
    /// The initiator wants an acceptor that proves its identity, and got a token that does not.
    #[error("the acceptor did not prove its identity")]
    NotMutual,

    // Negotiation.
    /// The peer speaks NTLM and not Kerberos.
    #[error("the peer offers NTLM only, which is not supported: it has no Kerberos ticket")]
    Ntlm,
    /// The peer offers no mechanism that is spoken here.
    #[error("the peer does not offer Kerberos, but {}", list(.0))]
    NoCommonMechanism(Vec<Vec<u8>>),
    /// The peer rejects all mechanisms that were offered.
    #[error("the peer rejects the negotiation")]
    Rejected,
    /// The acceptor answers as if it had been sent bare Kerberos.
    #[error("the acceptor answers with a token of Kerberos, not of SPNEGO")]
    NotSpnego,
    /// The peer's message has no token of Kerberos, and it was its turn to send one.
    #[error("the peer goes on with the negotiation without a token of Kerberos")]
    TokenMissing,
    /// The list of mechanisms was altered on the way.
    #[error("the list of mechanisms was altered on the way")]
    MechListMic,
    /// The checksum of the list of mechanisms is missing.
    #[error("the checksum of the list of mechanisms is missing")]
    MechListMicMissing,

    // Messages.
    /// The message was altered, or is of another context.
    #[error("the message was altered, or is of another context")]
    Integrity,
    /// The message comes from this side: it was sent back.
    #[error("the message was sent by this side")]
    WrongDirection,
    /// The message names a key that was never agreed on.
    #[error("the message is protected with an acceptor's subkey, but there is none")]
    WrongSubkey,
    /// The message is genuine and not the one whose turn it is. It is not handed out.
    #[error("message {number}: {fault}")]
    Order {
        /// What is the matter.
        fault: OrderFault,
        /// Its sequence number.
        number: u64,
    },
    /// The pieces of a scattered message do not have the sizes that they must have.
    #[error("the {piece} has {actual} bytes, but must have {expected}")]
    PieceLength {
        /// Which piece.
        piece: &'static str,
        /// The size it must have.
        expected: usize,
        /// The size it has.
        actual: usize,
    },

    // The caller.
    /// The context is established, or failed before: there is no next step.
    #[error("there is no next step")]
    Finished,
    /// A name has not the form that it must have.
    #[error("the name is not valid: {0}")]
    Name(&'static str),
}

impl GssError {
    /// What to do about it, where that can be told: mostly for the service's administrator.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Ap(error) => error.hint(),
            Self::NothingToDelegate => Some(
                "give the initiator a TGT to delegate, or do not ask for delegation".to_owned(),
            ),
            Self::OwnBindingsMissing => Some(
                "give the acceptor the bindings of its channel, or do not require any".to_owned(),
            ),
            Self::BindingsMissing => Some(
                "have the client bind its tokens to the channel, or do not require it".to_owned(),
            ),
            _ => None,
        }
    }
}

impl GssError {
    /// Whether this acceptor is to blame, whatever the initiator sent: as
    /// [`ApError::is_own_fault`](kerberos_proto::ApError::is_own_fault), and where bindings are
    /// required that it has not got.
    pub fn is_own_fault(&self) -> bool {
        match self {
            Self::Ap(error) => error.is_own_fault(),
            error => matches!(error, Self::OwnBindingsMissing),
        }
    }
}

/// Why a step failed. The context is dead.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct StepError {
    /// What went wrong.
    #[source]
    pub error: Box<GssError>,
    /// What tells the peer: a courtesy, which the peer cannot verify.
    pub send: Option<Vec<u8>>,
}

impl<E: Into<GssError>> From<E> for StepError {
    fn from(error: E) -> Self {
        Self {
            error: Box::new(error.into()),
            send: None,
        }
    }
}

fn list(mechanisms: &[Vec<u8>]) -> String {
    let mut list = String::new();
    for mechanism in mechanisms {
        let comma = if list.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = core::fmt::write(&mut list, format_args!("{comma}{}", Mechanism(mechanism)));
    }
    if list.is_empty() {
        list.push_str("nothing");
    }
    list
}

//! `GssError`: why a context was not established or a message was refused. `StepError` adds a token
//! that informs the peer.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use kerberos_asn1::DecodeError;
use kerberos_crypto::CryptoError;
use kerberos_proto::{ApError, CredError};
use thiserror::Error;

use crate::{Mechanism, OrderFault, TokenId};

/// Why a context was not established, or a message was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GssError {
    // Tokens that are not what was expected.
    /// A token, or a part of one, is malformed.
    #[error("{what}: {error}")]
    Decode {
        /// Which token or part it is.
        what: &'static str,
        /// What is wrong with it, and where.
        #[source]
        error: DecodeError,
    },
    /// The token ends too early.
    #[error("the token ends too early")]
    Truncated,
    /// The frame of a token does not match its contents.
    #[error("the frame of the token does not match its content")]
    Frame,
    /// The token belongs to another mechanism.
    #[error("the token is of {}, not of Kerberos", Mechanism(.0))]
    Mechanism(Vec<u8>),
    /// The token is not of the expected kind.
    #[error("expected {expected}, found {found}")]
    TokenId {
        /// The expected kind.
        expected: TokenId,
        /// The kind of the token.
        found: TokenId,
    },
    /// The header of a message has a forbidden value.
    #[error("the {0} of the token is not valid")]
    Header(&'static str),

    // Establishing a context.
    /// The AP exchange failed.
    #[error(transparent)]
    Ap(#[from] ApError),
    /// The credential that the initiator delegates cannot be used.
    #[error("the delegated credential: {0}")]
    Delegation(#[from] CredError),
    /// The initiator should delegate a credential, but was given none. This is a mistake of its
    /// caller.
    #[error("delegation was requested, but there is no credential to delegate")]
    NothingToDelegate,
    /// A key is of an unsupported type, or cannot be used.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The GSS-API field in place of the authenticator's checksum is malformed.
    #[error("the checksum of the authenticator: {0}")]
    Checksum(&'static str),
    /// The initiator uses another channel: there may be a man in the middle.
    #[error("the channel bindings are those of another channel")]
    BindingsMismatch,
    /// The acceptor requires channel bindings, but the initiator sent none.
    #[error("channel bindings are required, but the initiator sent none")]
    BindingsMissing,
    /// The acceptor requires channel bindings, but was given none of its own to compare with. This
    /// is a mistake of its caller, and affects all initiators.
    #[error("channel bindings are required, but the acceptor has none of its own")]
    OwnBindingsMissing,
    /// No hash of the server's certificate is defined that both sides would use (RFC 5929 §4.1).
    #[error("the certificate is signed with {}, for which no channel binding is known", Mechanism(.0))]
    CertificateSignature(Vec<u8>),
    /// The initiator did not request something that the acceptor requires.
    #[error("the initiator did not ask for {0:?}, which is required")]
    Required(crate::ContextFlags),
    /// Tokens without frame, but not in DCE style, or vice versa.
    #[error("tokens must have no frame in DCE style, and a frame otherwise")]
    DceStyle,
    /// The initiator requires proof of the acceptor's identity, but got a token without it.
    #[error("the acceptor did not prove its identity")]
    NotMutual,

    // Negotiation.
    /// The peer supports NTLM and not Kerberos.
    #[error("the peer offers NTLM only, which is not supported: it has no Kerberos ticket")]
    Ntlm,
    /// The peer offers no mechanism that is supported here.
    #[error("the peer does not offer Kerberos, but {}", list(.0))]
    NoCommonMechanism(Vec<Vec<u8>>),
    /// The peer rejects all offered mechanisms.
    #[error("the peer rejects the negotiation")]
    Rejected,
    /// The acceptor answers as if it had received a Kerberos token without SPNEGO.
    #[error("the acceptor answers with a token of Kerberos, not of SPNEGO")]
    NotSpnego,
    /// The peer should have sent a Kerberos token, but its message does not contain one.
    #[error("the peer goes on with the negotiation without a token of Kerberos")]
    TokenMissing,
    /// The list of mechanisms was altered in transit.
    #[error("the list of mechanisms was altered on the way")]
    MechListMic,
    /// The checksum of the list of mechanisms is missing.
    #[error("the checksum of the list of mechanisms is missing")]
    MechListMicMissing,

    // Messages.
    /// The message was altered, or belongs to another context.
    #[error("the message was altered, or is of another context")]
    Integrity,
    /// The message was sent by this side and came back.
    #[error("the message was sent by this side")]
    WrongDirection,
    /// The message refers to a key that was not negotiated.
    #[error("the message is protected with an acceptor's subkey, but there is none")]
    WrongSubkey,
    /// The message is authentic, but not the expected one. Its contents are not returned.
    #[error("message {number}: {fault}")]
    Order {
        /// How it differs from the expected one.
        fault: OrderFault,
        /// Its sequence number.
        number: u64,
    },
    /// The pieces of a scattered message do not have the required sizes.
    #[error("the {piece} has {actual} bytes, but must have {expected}")]
    PieceLength {
        /// Which piece.
        piece: &'static str,
        /// The required size.
        expected: usize,
        /// The actual size.
        actual: usize,
    },

    // Mistakes of the caller.
    /// The context is already established, or has failed: there is no next step.
    #[error("there is no next step")]
    Finished,
    /// A name does not have the required form.
    #[error("the name is not valid: {0}")]
    Name(&'static str),
}

impl GssError {
    /// What to do about the error, if that is clear. Mostly for the service's administrator.
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
    /// Whether this acceptor is at fault, whatever the initiator sent: in the cases of
    /// [`ApError::is_own_fault`](kerberos_proto::ApError::is_own_fault), and if it requires channel
    /// bindings but has none of its own.
    pub fn is_own_fault(&self) -> bool {
        match self {
            Self::Ap(error) => error.is_own_fault(),
            error => matches!(error, Self::OwnBindingsMissing),
        }
    }
}

/// Why a step failed. The context cannot be used any more.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct StepError {
    /// What went wrong.
    #[source]
    pub error: Box<GssError>,
    /// A token that informs the peer. This is a courtesy, which the peer cannot verify.
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
        // Writing to a string cannot fail.
        let _ = core::fmt::write(&mut list, format_args!("{comma}{}", Mechanism(mechanism)));
    }
    if list.is_empty() {
        list.push_str("nothing");
    }
    list
}

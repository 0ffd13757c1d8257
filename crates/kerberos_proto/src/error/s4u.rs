//! `S4uFault`: what a reply to a request on behalf of another fails to prove (MS-SFU).

use kerberos_crypto::ChecksumType;
use thiserror::Error;

use crate::{Principal, Shown};

/// What a KDC's reply fails to prove when a service asks on behalf of another (MS-SFU).
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum S4uFault {
    /// The ticket is the service's own: the KDC does not know the extension.
    #[error("the KDC ignored which user the ticket was requested for")]
    Ignored,
    /// The encrypted part has a trace of the proof, and the reply does not have it.
    #[error("the proof that the KDC saw the user is missing")]
    ProofMissing,
    /// The proof is for another request.
    #[error("the nonce with the user is not the request's")]
    Nonce,
    /// The checksum does not fit the user.
    #[error("the checksum of the user is wrong")]
    Checksum,
    /// The checksum is of a type that anyone can make.
    #[error("the checksum of the user, {0}, has no key")]
    ChecksumNotKeyed(ChecksumType),
    /// The checksums are not in the encrypted part, though only that would protect them.
    #[error("the checksums of the user are not repeated in the encrypted part")]
    ChecksumNotRepeated,
    /// The proof does not name a user.
    #[error("the KDC does not say who the user is")]
    UserMissing,
    /// A KDC on the way names another user than the one of the user's realm did, or that one names
    /// a user of another realm.
    #[error("the user is {} instead of {}", Shown::new(got), Shown::new(asked))]
    UserChanged {
        /// Whom the request names.
        asked: Principal,
        /// Whom the reply names.
        got: Principal,
    },
    /// The target's KDC, or one on the way, does not know resource-based constrained delegation, so
    /// that its referral is an ordinary one.
    #[error("the KDC does not support resource-based constrained delegation")]
    NotResourceBased,
}

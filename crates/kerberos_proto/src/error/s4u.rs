//! `S4uFault`: how a reply to a request on behalf of a user fails to prove who that is (MS-SFU).

use kerberos_crypto::ChecksumType;
use thiserror::Error;

use crate::{Principal, Shown};

/// What a KDC's reply fails to prove when a service makes a request on behalf of a user (MS-SFU).
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum S4uFault {
    /// The ticket is for the service itself: the KDC does not know the extension.
    #[error("the KDC ignored which user the ticket was requested for")]
    Ignored,
    /// The encrypted part refers to the proof, but the reply does not contain it.
    #[error("the proof that the KDC saw the user is missing")]
    ProofMissing,
    /// The proof belongs to another request.
    #[error("the nonce with the user is not the request's")]
    Nonce,
    /// The checksum does not match the user.
    #[error("the checksum of the user is wrong")]
    Checksum,
    /// The checksum is of an unkeyed type, which anyone can compute.
    #[error("the checksum of the user, {0}, has no key")]
    ChecksumNotKeyed(ChecksumType),
    /// The checksums are not repeated in the encrypted part, but nothing else would protect them.
    #[error("the checksums of the user are not repeated in the encrypted part")]
    ChecksumNotRepeated,
    /// The proof does not name a user.
    #[error("the KDC does not say who the user is")]
    UserMissing,
    /// A KDC on the way names a user other than the one named by the user's realm, or the user's
    /// realm names a user of another realm.
    #[error("the user is {} instead of {}", Shown::new(got), Shown::new(asked))]
    UserChanged {
        /// The user in the request.
        asked: Principal,
        /// The user in the reply.
        got: Principal,
    },
    /// The target's KDC, or one on the way, does not support resource-based constrained delegation,
    /// so its referral is an ordinary one.
    #[error("the KDC does not support resource-based constrained delegation")]
    NotResourceBased,
}

//! The AP exchange: a client shows its ticket to a service, and the service proves in turn that it
//! could read it (RFC 4120 §3.2).
//!
//! ```text
//! ApInitiator::start ──AP-REQ──► Acceptor::accept ─► Accepted: who it is, keys, restrictions
//!        │                                              │
//! ApInitiator::check_reply ◄──AP-REP── Accepted::reply ─┘  (mutual authentication)
//! ```
//! Left to the caller: carrying the messages (GSS-API, SASL, kpasswd), reading keytabs
//! ([`KeySource`]), interpreting authorization data, and the messages that the negotiated keys then
//! protect.

use alloc::vec::Vec;

use kerberos_asn1::{AuthorizationData, Checksum};
use kerberos_crypto::{ChecksumType, CryptoRng, Key, KeyBlock};

use crate::AuthorizationDataElement;

mod accepted;
mod acceptor;
mod checks;
mod dce;
mod error;
mod initiator;
mod keys;
mod replay;
mod ticket_key;

pub use accepted::{Accepted, AcceptorChoice, AcceptorReply};
pub use acceptor::Acceptor;
pub use error::ApError;
pub use initiator::{ApInitiator, ApReply, ApRequestOptions};
pub use keys::{KeySource, OwnTgt, ServiceKey, ServiceKeys, WantedKey};
pub use replay::{MemoryReplayCache, Replay, ReplayCache};

/// A checksum of application data in an authenticator (RFC 4120 §5.5.1).
///
/// The application decides which data it covers and which key it uses. GSS-API puts something there
/// that is not a checksum at all (RFC 4121 §4.1.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApChecksum {
    /// The type.
    pub checksum_type: ChecksumType,
    /// The checksum.
    pub checksum: Vec<u8>,
}

impl ApChecksum {
    fn to_wire(&self) -> Checksum<'_> {
        Checksum {
            cksumtype: self.checksum_type.0,
            checksum: &self.checksum,
        }
    }
}

impl From<Checksum<'_>> for ApChecksum {
    fn from(wire: Checksum<'_>) -> Self {
        Self {
            checksum_type: ChecksumType(wire.cksumtype),
            checksum: wire.checksum.to_vec(),
        }
    }
}

/// The subkey to put into a message, to be used instead of the session key.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Subkey {
    /// No subkey.
    #[default]
    None,
    /// A random key of the same type as the session key.
    Generate,
    /// This key.
    Given(KeyBlock),
}

impl Subkey {
    fn make(&self, session_key: &Key, rng: &mut dyn CryptoRng) -> Result<Option<Key>, ApError> {
        Ok(match self {
            Self::None => None,
            Self::Generate => Some(Key::generate(session_key.etype(), rng)?),
            Self::Given(block) => Some(Key::new(block)?),
        })
    }
}

/// An initial sequence number (RFC 4120 §5.5.1). It is random, so that numbers of other sessions do
/// not match, and has 30 bits: some peers treat it as signed and need room to count upwards.
fn sequence_number(wanted: bool, rng: &mut dyn CryptoRng) -> Option<u32> {
    wanted.then(|| rng.next_u32() >> 2)
}

/// An owned copy of the elements of `wire`.
fn owned(wire: Option<&AuthorizationData<'_>>) -> Vec<AuthorizationDataElement> {
    let elements = wire.into_iter().flat_map(|list| list.iter());
    elements
        .map(|one| AuthorizationDataElement {
            ad_type: one.ad_type,
            ad_data: one.ad_data.to_vec(),
        })
        .collect()
}

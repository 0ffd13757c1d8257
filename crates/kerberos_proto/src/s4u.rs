//! Tickets on behalf of users (MS-SFU, "service for user"). A service gets a ticket from a user to
//! itself without the user's help (S4U2Self). With that ticket, or one that the user presented, it
//! gets a ticket from the user to another service (S4U2Proxy).
//!
//! ```text
//! S4uUser ──► UserRealm ──realm──► a TGT for it ──► S4u2Self ──► ticket: user → service itself
//!             (AS-REQ, where         (any way,         │                     │
//!              names do not tell)     the cache)       │ referrals back      ▼
//!                                                      ▼                 evidence
//!                                                  TgsExchange               │
//!                                                      ▲                     ▼
//!             own TGT ──────────────────────────► S4u2Proxy ──► ticket: user → another service
//! ```
//! Each state machine takes one answer to each request, follows referrals through realms as far as
//! necessary, and is over after an error. Left to the caller: the TGT for the user's realm,
//! obtained like any other ticket, and the credential cache.

use alloc::vec::Vec;

use crate::Principal;

mod proxy;
mod to_self;
mod user_realm;

pub use proxy::S4u2Proxy;
pub use to_self::S4u2Self;
pub use user_realm::UserRealm;

/// The user on whose behalf a service asks for a ticket.
///
/// # Example
/// ```
/// use kerberos_proto::{Principal, S4uUser};
/// let user = S4uUser::Name(Principal::parse("alice@EXAMPLE.COM")?);
/// assert!(matches!(user, S4uUser::Name(name) if name.realm() == b"EXAMPLE.COM"));
/// // A name whose realm the KDC is asked for.
/// let user = Principal::parse_enterprise("alice@corp.example", "EXAMPLE.COM")?;
/// let user = S4uUser::Name(user);
/// # Ok::<(), kerberos_proto::PrincipalError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum S4uUser {
    /// By name. For an enterprise name (RFC 6806 §5), a KDC knows which realm is meant.
    Name(Principal),
    /// By an X.509 certificate in DER, which the KDC maps to a user.
    Certificate(Vec<u8>),
}

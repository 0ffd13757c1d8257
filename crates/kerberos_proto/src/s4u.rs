//! Tickets on behalf of users (MS-SFU, "service for user"): a service gets a ticket of a user to
//! itself without the user's help (S4U2Self), and with it, or with a ticket that the user showed, a
//! ticket of that user to another service (S4U2Proxy).
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
//! Each of the machines takes one answer to each request, through as many realms as it takes, and
//! is over when it fails. What they leave to others: the TGT for the user's realm, which is got as
//! any other ticket is, and the credential cache.

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
    /// By name. Where that is an enterprise name (RFC 6806 §5), a KDC knows which realm is meant.
    Name(Principal),
    /// By an X.509 certificate, in DER, that the KDC maps to a user.
    Certificate(Vec<u8>),
}

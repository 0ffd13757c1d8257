//! Security contexts (GSS-API, RFC 2743) with the tickets and keys of this machine: feature `gss`.
//!
//! ```text
//! Client::initiate ─► ticket (cache or KDC) ─► Initiation ──token──► Acceptance ◄─ ServiceAcceptor
//!                                                  step   ◄──token──   step       keytab, replays
//!                                                    └──► kerberos_gss::Context ◄──┘
//! ```
//! This module provides the ticket, the clock and the random numbers. `kerberos_gss` makes tokens
//! and messages; `kerberos_http` and `kerberos_sasl` put tokens into HTTP and SASL.

mod acceptance;
mod initiation;

pub use acceptance::Acceptance;
pub use initiation::{Delegation, InitiateOptions, Initiation};

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;

/// Which tokens establish a context.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum GssMechanism {
    /// SPNEGO (RFC 4178), for HTTP's `Negotiate`, SMB and SASL's `GSS-SPNEGO`. A service also
    /// accepts bare Kerberos.
    #[default]
    Spnego,
    /// Kerberos alone (RFC 4121), for SASL's `GSSAPI`, PostgreSQL and SSH.
    Kerberos,
}

/// The system's random numbers, for contexts. [`system_rng`](crate::system_rng) has already checked
/// that there are some.
fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

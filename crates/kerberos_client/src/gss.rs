//! Security contexts (GSS-API, RFC 2743) with the tickets and the keys of this machine: feature
//! `gss`.
//!
//! ```text
//! Client::initiate ─► ticket (cache or KDC) ─► Initiation ──token──► Acceptance ◄─ ServiceAcceptor
//!                                                  step   ◄──token──   step       keytab, replays
//!                                                    └──► kerberos_gss::Context ◄──┘
//! ```
//! Here are the ticket, the clock and the random numbers; the tokens and the messages are
//! `kerberos_gss`'s, and putting tokens into HTTP or SASL is for `kerberos_http` and
//! `kerberos_sasl`.

mod acceptance;
mod initiation;

pub use acceptance::Acceptance;
pub use initiation::{Delegation, InitiateOptions, Initiation};

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;

/// Which tokens a context is established with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum GssMechanism {
    /// SPNEGO (RFC 4178), as HTTP's `Negotiate`, SMB and SASL's `GSS-SPNEGO` have it. A service
    /// takes bare Kerberos, too.
    #[default]
    Spnego,
    /// Kerberos alone (RFC 4121), as SASL's `GSSAPI`, PostgreSQL and SSH have it.
    Kerberos,
}

/// The system's random numbers, for contexts: [`system_rng`](crate::system_rng) has found before
/// that there are some.
fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

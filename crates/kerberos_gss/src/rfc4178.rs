//! RFC 4178: SPNEGO, which negotiates the mechanism. Kerberos is the only one spoken here, so what
//! is negotiated is that; Windows and browsers will have it around their tokens all the same.
//!
//! ```text
//! initiator                                          acceptor
//!           NegTokenInit {Kerberos, …; AP-REQ} ──►
//!           ◄── NegTokenResp {accept-completed; AP-REP}
//! ```
//! When the acceptor does not take the initiator's first choice, both sign the list of mechanisms
//! (§5), so that an attacker in between cannot cut it down. NegTokenInit2 is Microsoft's (MS-SPNG
//! §2.2.1). What it leaves out: NTLM and NegoEx, which it names when it refuses them.

mod acceptor;
mod initiator;
mod messages;

pub use acceptor::SpnegoAcceptor;
pub use initiator::{MechanismOrder, SpnegoInitiator};

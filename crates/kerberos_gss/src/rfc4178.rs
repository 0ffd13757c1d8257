//! RFC 4178: SPNEGO, which negotiates the mechanism. Kerberos is the only mechanism supported here,
//! but Windows and browsers require SPNEGO around its tokens anyway.
//!
//! ```text
//! initiator                                          acceptor
//!           NegTokenInit {Kerberos, …; AP-REQ} ──►
//!           ◄── NegTokenResp {accept-completed; AP-REP}
//! ```
//! If the acceptor does not accept the initiator's first choice, both sign the list of mechanisms
//! (§5), so that a man in the middle cannot shorten it. NegTokenInit2 is Microsoft's extension
//! (MS-SPNG §2.2.1). NTLM and NegoEx are not supported, but named in errors.

mod acceptor;
mod initiator;
mod messages;

pub use acceptor::SpnegoAcceptor;
pub use initiator::{MechanismOrder, SpnegoInitiator};

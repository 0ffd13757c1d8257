//! Messages within a session that an AP exchange has established: with a checksum (KRB-SAFE, RFC
//! 4120 §3.4) or encrypted (KRB-PRIV, §3.5).
//!
//! ```text
//! data ──MessageSender::private──► KRB-PRIV ──MessageReceiver::private──► data
//! ```
//! Left to the caller: carrying and counting the messages, and replay detection in sessions that
//! use timestamps instead of sequence numbers (RFC 4120 §3.4.2 requires a replay cache there).

mod error;
mod origin;
mod receiver;
mod sender;

pub use error::MessageError;
pub use origin::OriginFault;
pub(crate) use origin::{ExpectedOrigin, Origin};
pub use receiver::{MessageReceiver, ReceivedMessage, SecretData};
pub use sender::MessageSender;

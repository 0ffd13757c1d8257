//! Messages of a session that an AP exchange has begun: with a checksum (KRB-SAFE, RFC 4120 §3.4)
//! or encrypted (KRB-PRIV, §3.5).
//!
//! ```text
//! data ──MessageSender::private──► KRB-PRIV ──MessageReceiver::private──► data
//! ```
//! What it leaves to others: carrying the messages, counting them, and whether one was seen before
//! where a session goes by time and not by number (RFC 4120 §3.4.2 wants a replay cache there).

mod error;
mod origin;
mod receiver;
mod sender;

pub use error::MessageError;
pub use origin::OriginFault;
pub(crate) use origin::{ExpectedOrigin, Origin};
pub use receiver::{MessageReceiver, ReceivedMessage, SecretData};
pub use sender::MessageSender;

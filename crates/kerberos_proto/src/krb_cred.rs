//! KRB-CRED: tickets and their session keys on the way to another host (RFC 4120 §3.6, §5.8).
//!
//! ```text
//! a forwarded TGT ──CredSender::message──► KRB-CRED ──CredReceiver::credentials──► Credential
//! ```
//! Left to the caller: getting the TGT to forward ([`TgsOptions`](crate::TgsOptions)), carrying the
//! message (GSS-API puts it into the authenticator), and replay detection. Within an AP exchange,
//! replay detection of the AP-REQ covers this message, too.

mod error;
mod receiver;
mod sender;

pub use error::CredError;
pub use receiver::{CredReceiver, ReceivedCredentials};
pub use sender::{CredProtection, CredSender};

/// The encryption type of an unencrypted message (RFC 6448 §3).
const ETYPE_NULL: i32 = 0;

//! SASL (RFC 4422) with Kerberos tickets: the mechanisms `GSSAPI` (RFC 4752) and `GSS-SPNEGO`
//! (Microsoft's, used by Active Directory), and the security layer that they negotiate.
//!
//! ```text
//! Client::initiate ─► SaslClient ◄──challenges, responses──► SaslServer ◄─ ServiceAcceptor
//!                         │                                      │
//!                         ▼          4 octets of length, token   ▼
//!                   SecurityLayer  ◄──────────────────────► SecurityLayer
//! ```
//! What this crate never does: **no socket.** Challenges and responses are carried in the messages
//! of another protocol (LDAP, IMAP, Kafka, Hadoop), which the caller encodes and decodes.
//! `GS2-KRB5` and other mechanisms are not supported.
//!
//! # LDAP, for example
//! ```no_run
//! use kerberos_client::Client;
//! use kerberos_sasl::{SaslClient, SaslMechanism, SaslOptions, SaslStep};
//! # fn bind(mechanism: &str, credentials: &[u8]) -> (bool, Vec<u8>) { unimplemented!() }
//!
//! // Encrypted, or not at all: what a directory of Microsoft's wants, too.
//! let options = SaslOptions::new(SaslMechanism::Gssapi);
//! let client = Client::from_env()?;
//! let cache = client.config().ccache_name()?;
//! let begun = client.initiate(&cache, "ldap/dc1.example.com", &options.initiate_options())?;
//! let (mut sasl, mut response) = SaslClient::start(options, begun)?;
//! let mut layer = loop {
//!     let (_, challenge) = bind("GSSAPI", &response); // a BindRequest and its BindResponse
//!     match sasl.step(&challenge)? {
//!         SaslStep::Continue(next) => response = next,
//!         SaslStep::Done { send, outcome } => {
//!             if let Some(last) = send {
//!                 assert!(bind("GSSAPI", &last).0);
//!             }
//!             break outcome.layer;
//!         }
//!     }
//! };
//! // From here on every message is protected.
//! let mut to_server = Vec::new();
//! layer.sender.protect(b"a SearchRequest", &mut to_server)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! The package `services` of this repository contains this as a program, tested with a real
//! directory.
//!
//! # What it refuses
//! A man in the middle can remove a security layer that neither side insists on, so the default is
//! [`Layers::CONFIDENTIALITY`] and nothing less. There are separate errors for a peer that does not
//! offer a required layer, chooses something that was not offered, sends a message without the
//! layer's protection, or sends a frame longer than was negotiated.
#![forbid(unsafe_code)]

mod client;
mod error;
mod layer;
mod offer;
mod options;
mod server;

pub use client::SaslClient;
pub use error::SaslError;
pub use layer::{LayerReceiver, LayerSender, SecurityLayer};
pub use options::{Layer, Layers, SaslMechanism, SaslOptions};
pub use server::SaslServer;

use kerberos_client::kerberos_gss::Details;

/// The next step of an exchange.
#[derive(Debug)]
#[must_use = "the response is to be sent, or the layer to be used"]
pub enum SaslStep {
    /// Send this, which may be empty, and pass the answer to the next step.
    Continue(Vec<u8>),
    /// The exchange is over on this side.
    Done {
        /// The last message of the exchange for the peer, without the layer's protection. The
        /// answer tells a client whether the server accepts it.
        send: Option<Vec<u8>>,
        /// What was negotiated.
        outcome: Box<Outcome>,
    },
}

/// The result of an exchange.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The peers.
    pub details: Details,
    /// For a server: the identity that the client wants to act as, if it says so. The caller must
    /// decide whether it may.
    pub authorization_id: Option<String>,
    /// The protection of all further messages.
    pub layer: SecurityLayer,
}

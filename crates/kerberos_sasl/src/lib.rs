//! SASL (RFC 4422) with Kerberos tickets: the mechanisms `GSSAPI` (RFC 4752) and `GSS-SPNEGO`
//! (Microsoft's, as Active Directory has it), and the security layer that they agree on.
//!
//! ```text
//! Client::initiate ─► SaslClient ◄──challenges, responses──► SaslServer ◄─ ServiceAcceptor
//!                         │                                      │
//!                         ▼          4 octets of length, token   ▼
//!                   SecurityLayer  ◄──────────────────────► SecurityLayer
//! ```
//! What this crate never does: **no socket.** Challenges and responses travel in the messages of
//! another protocol (LDAP, IMAP, Kafka, Hadoop), whose codec is the caller's. There is no
//! `GS2-KRB5`, and no other mechanism.
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
//! The package `services` of this repository has that with a real directory.
//!
//! # What it refuses
//! A security layer that neither side insists on can be taken away by whoever sits in between, so
//! the default is [`Layers::CONFIDENTIALITY`] and nothing less. A peer that does not offer what is
//! wanted, chooses what was not offered, sends a message without the layer's protection, or a frame
//! longer than was agreed on, is refused with an error of its own.
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

/// What comes next in an exchange.
#[derive(Debug)]
#[must_use = "the response is to be sent, or the layer to be used"]
pub enum SaslStep {
    /// Send this, which may be empty; the next step takes the answer.
    Continue(Vec<u8>),
    /// The exchange is over on this side.
    Done {
        /// What the peer is to get in the last message of the exchange, without the layer's
        /// protection. A client hears in the answer whether the server lets it in.
        send: Option<Vec<u8>>,
        /// What was agreed on.
        outcome: Box<Outcome>,
    },
}

/// What an exchange came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Who the peers are.
    pub details: Details,
    /// As a server: whom the client wants to act as, if it says so. Whether it may is for the
    /// caller to decide.
    pub authorization_id: Option<String>,
    /// The protection of all that follows.
    pub layer: SecurityLayer,
}

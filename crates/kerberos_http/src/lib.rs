//! HTTP `Negotiate` (RFC 4559) with Kerberos tickets, based on the types of [`http`]: the client's
//! side for any HTTP library, and a tower layer for services (feature `tower`).
//!
//! ```text
//! client                                             service
//!   GET /                                    ──►     NegotiateLayer: 401
//!           ◄── 401, WWW-Authenticate: Negotiate
//!   Client::initiate ─► Negotiation::start           ServiceAcceptor
//!   GET /, Authorization: Negotiate token    ──►     NegotiateLayer: Authenticated ─► the handler
//!           ◄── 200, WWW-Authenticate: Negotiate token
//!   Negotiation::step: it is the service
//! ```
//! What this crate never does: **no socket, no TLS.** It only parses and makes headers.
//!
//! # A client
//! Each attempt is a separate request, whose body must be sent again.
//! ```no_run
//! use http::{HeaderMap, HeaderValue, StatusCode};
//! use kerberos_client::{Client, InitiateOptions};
//! use kerberos_http::{Negotiation, Party, Progress};
//! # fn get(authorization: Option<HeaderValue>) -> (StatusCode, HeaderMap) { unimplemented!() }
//!
//! let client = Client::from_env()?;
//! let cache = client.config().ccache_name()?;
//! let (mut status, mut headers) = get(None);
//! if Party::Server.asks(status, &headers) {
//!     let options = InitiateOptions::default();
//!     let begun = client.initiate(&cache, "HTTP/www.example.com", &options)?;
//!     let (mut negotiation, mut authorization) = Negotiation::start(Party::Server, begun)?;
//!     loop {
//!         (status, headers) = get(Some(authorization));
//!         match negotiation.step(status, &headers)? {
//!             Progress::Again(next) => authorization = next,
//!             // The service has proved who it is, and the answer is in hand.
//!             Progress::Done(_) => break,
//!         }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! If a service is known to require a ticket, send one with the first request. A ticket is for one
//! host: after a redirect to another host, start over with that host's name. Over TLS the context
//! can be bound to the channel: put the [`ChannelBindings::of_certificate`][certificate] of the
//! server into [`InitiateOptions::context`](kerberos_client::InitiateOptions::context).
//!
//! [certificate]: kerberos_client::kerberos_gss::ChannelBindings::of_certificate
#![forbid(unsafe_code)]

mod client;
mod error;
mod header;
#[cfg(feature = "tower")]
mod layer;

pub use client::{Negotiation, Progress};
pub use error::HttpError;
pub use header::Party;
#[cfg(feature = "tower")]
pub use layer::{Authenticated, NegotiateLayer, NegotiateService};

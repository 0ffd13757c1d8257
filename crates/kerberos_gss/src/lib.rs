//! Sans-IO GSS-API (RFC 2743): security contexts of Kerberos 5 (RFC 4121, RFC 4757 §7), optionally
//! negotiated with SPNEGO (RFC 4178).
//!
//! ```text
//! Credential ──► Initiator::start ──token──► Acceptor::step ◄── kerberos_proto::Acceptor, the keys
//!                Initiator::step  ◄──token──     │
//!                     │                          │
//!                     ▼        messages          ▼
//!                  Context  ◄────────────►   Context{details, sender, receiver}
//!                            wrap, unwrap, mic
//! ```
//!
//! What this crate never does: **no socket, no file, no environment, no clock, no random source.**
//! It does not look for tickets or keys: a [`Credential`](kerberos_proto::Credential) comes from
//! `kerberos_client` or elsewhere, and an acceptor's keys come from a
//! [`KeySource`](kerberos_proto::KeySource). It does not carry tokens: HTTP, SASL and other
//! protocols put them into their own messages. Kerberos is the only mechanism: NTLM, NegoEx, IAKERB
//! and single DES are not supported. Nothing that a peer sends makes it panic, loop, or allocate
//! more than a small multiple of the token's size.
//!
//! # A context
//! Both ends in one program; `to_service` and `to_client` stand for the network.
//! ```
//! use std::sync::Arc;
//! use kerberos_gss::{
//!     Acceptor, AcceptorOptions, Initiator, InitiatorOptions, Protection, Step,
//! };
//! use kerberos_proto::{MemoryReplayCache, ServiceKeys};
//! # use kerberos_proto::{
//! #     AsExchange, AsParams, KeyEntry, Password, Principal, Secret, Timestamp,
//! # };
//! # use kerberos_testkdc::{Kdc, Transport};
//! # let mut rng = kerberos_testkdc::Repeatable(7);
//! # let kdc = Kdc::builder("R").principal("alice", "pw").service("HTTP/www").build()?;
//! # let now = Timestamp::new(1_767_225_600, 0);
//! # let mut params = AsParams::new(Principal::parse("alice@R")?);
//! # params.server = Some(Principal::parse("HTTP/www@R")?);
//! # let secret = Secret::Password(Password::new("pw"));
//! # let (mut exchange, mut request) = AsExchange::start(params, secret, &mut rng, now)?;
//! # let credential = loop {
//! #     let time = std::time::Duration::from_secs(now.seconds as u64);
//! #     let reply = kdc.answer(&request.payload, Transport::Tcp, time).expect("an answer");
//! #     match exchange.step(&reply, &mut rng, now)? {
//! #         kerberos_proto::Step::Send(next) => request = next,
//! #         kerberos_proto::Step::Done(login) => break login.credential,
//! #     }
//! # };
//! # let entries = kdc.keys("HTTP/www").iter().map(|key| {
//! #     let entry = KeyEntry { kvno: key.kvno(), key: key.block() };
//! #     (Principal::parse("HTTP/www@R").expect("a name"), entry)
//! # });
//! // The service: its keys, and what it remembers.
//! let keys = ServiceKeys::new(entries)?;
//! let service = Arc::new(kerberos_proto::Acceptor::new(keys));
//! let mut replays = MemoryReplayCache::default();
//!
//! // A connection.
//! let mut acceptor = Acceptor::new(Arc::clone(&service), AcceptorOptions::default());
//! let options = InitiatorOptions::default();
//! let (mut initiator, step) = Initiator::start(&credential, &options, &mut rng, now)?;
//! let Step::Continue(to_service) = step else { panic!("an answer is asked for") };
//!
//! let step = acceptor.step(&to_service, &mut replays, &mut rng, now)?;
//! let Step::Done { send: Some(to_client), context: mut service_end } = step else {
//!     panic!("an answer was asked for")
//! };
//! assert_eq!(service_end.details.initiator.to_string(), "alice@R");
//!
//! let step = initiator.step(&to_client, &mut rng, now)?;
//! let Step::Done { send: None, context: mut client_end } = step else {
//!     panic!("there is nothing more to say")
//! };
//!
//! // Messages.
//! let token = client_end.wrap(Protection::Seal, b"hello", &mut rng)?;
//! let read = service_end.unwrap(&token)?;
//! assert_eq!((&read.message[..], read.protection), (&b"hello"[..], Protection::Seal));
//! assert!(service_end.unwrap(&token).is_err(), "it was received before");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! [`SpnegoInitiator`] and [`SpnegoAcceptor`] are used in the same way. The latter also accepts
//! Kerberos tokens without SPNEGO.
//!
//! # Errors
//! Errors are typed. While a context is being established, they are final, and a [`StepError`] may
//! contain a token that informs the peer. A message that is not authentic does not affect the
//! context. Unlike in RFC 2743 §1.2.3, the contents of a message that is repeated, late, or follows
//! a gap are not returned, although the message counts as received from then on. An application
//! that can do without a strict order leaves out [`ContextFlags::SEQUENCE`]. No error or `Debug`
//! output contains a secret.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod acceptor;
mod authenticator;
mod channel_bindings;
mod context;
mod error;
mod flags;
mod initiator;
mod mechanism;
mod message;
mod name;
mod rfc4121;
mod rfc4178;
mod rfc4757;
mod sequence;
mod step;

pub use acceptor::{Acceptor, AcceptorOptions};
pub use channel_bindings::ChannelBindings;
pub use context::{Context, Details, PrfKey};
pub use error::{GssError, StepError};
pub use flags::ContextFlags;
pub use initiator::{Initiator, InitiatorOptions};
pub use kerberos_crypto::Part;
pub use mechanism::{Mechanism, TokenId};
pub use message::{Overhead, Pieces, Protection, Receiver, Sender, Unwrapped};
pub use name::{export_name, host_based_service, import_exported_name};
pub use rfc4178::{MechanismOrder, SpnegoAcceptor, SpnegoInitiator};
pub use sequence::OrderFault;
pub use step::Step;

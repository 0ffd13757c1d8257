//! Sans-IO Kerberos exchanges: bytes in, bytes out; the caller brings IO, clock and randomness.
//!
//! ```text
//! AsParams + Secret ──► AsExchange::start ──► Request{realm, payload, stream_only} ──► a KDC
//!                          ▲      │                                                     │
//!                          │      └── Step::Send(Request) ◄── AsExchange::step ◄── its answer
//!                          │                                        │
//!          Policy, from krb5.conf or not            Step::Done(Login): credential, clock offset
//! ```
//!
//! What this crate never does: **no socket, no file, no environment, no clock, no random source, no
//! krb5.conf.** It neither waits nor retries: the caller decides which KDC to ask, how long to wait
//! and which KDC to ask next (`kerberos_client` does that). Nothing that a KDC sends makes it
//! panic, loop or allocate more than a small multiple of the message's size, and string-to-key work
//! is capped.
//!
//! # Logging in
//! This is the whole loop; `kdc.answer` stands for the network. Time and random numbers are
//! arguments, so every byte is reproducible.
//! ```
//! use kerberos_proto::{AsExchange, AsParams, Password, Principal, Secret, Step, Timestamp};
//! # use kerberos_testkdc::{Kdc, Transport};
//! # let mut rng = kerberos_testkdc::Repeatable(7);
//! # let kdc = Kdc::builder("EXAMPLE.COM").principal("alice", "correct horse").build()?;
//! # let clock = || Timestamp::new(1_767_225_600, 0);
//! let mut params = AsParams::new(Principal::parse("alice@EXAMPLE.COM")?);
//! params.lifetime = Some(8 * 3600);
//! let secret = Secret::Password(Password::new("correct horse"));
//!
//! let (mut exchange, mut request) = AsExchange::start(params, secret, &mut rng, clock())?;
//! let login = loop {
//!     assert_eq!(request.realm, b"EXAMPLE.COM");
//!     let transport = if request.stream_only { Transport::Tcp } else { Transport::Udp };
//!     # let time = std::time::Duration::from_secs(clock().seconds as u64);
//!     let reply = kdc.answer(&request.payload, transport, time).expect("an answer");
//!     match exchange.step(&reply, &mut rng, clock())? {
//!         Step::Send(next) => request = next,
//!         Step::Done(login) => break login,
//!     }
//! };
//! assert_eq!(login.credential.server.to_string(), "krbtgt/EXAMPLE.COM@EXAMPLE.COM");
//! assert_eq!(login.credential.times.endtime.unix(), clock().seconds + 8 * 3600);
//! assert_eq!(login.pa_type, Some(2)); // by encrypted timestamp
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Tickets for services, and their use
//! [`TgsExchange`] has the same loop: given a TGT, it returns a ticket for a service, or a referral
//! to another realm's KDC. [`ApInitiator`] shows such a ticket to its service, and [`Acceptor`] is
//! the service's side. GSS-API, SASL and kpasswd build on both. With [`Accepted::pac`] the service
//! learns the client's groups and SIDs, if the KDC sends them ([`pac`]). With [`CredSender`] and
//! [`CredReceiver`] a client forwards a TGT to the service.
//!
//! # Errors and traces
//! Errors are typed and final. [`ExchangeError::mit_message`] words them like MIT's `kinit`, for
//! scripts that match on its output. `tracing` events with the target `krb5_trace` have the format
//! that users know from MIT's `KRB5_TRACE`. No error, event or `Debug` output contains a secret.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ap_exchange;
mod as_exchange;
mod as_key;
mod authentication_indicators;
mod credential;
mod error;
mod error_text;
mod exchange;
mod krb_cred;
pub mod pac;
mod password_change;
mod plain;
mod policy;
mod preauth;
mod principal;
mod realm_hierarchy;
mod s4u;
mod secret;
mod session_message;
mod shown;
mod tgs_exchange;
mod ticket_chase;
mod time;
mod trace;
mod trail;
mod transit;

pub use ap_exchange::{
    Accepted, Acceptor, AcceptorChoice, AcceptorReply, ApChecksum, ApError, ApInitiator, ApReply,
    ApRequestOptions, KeySource, MemoryReplayCache, OwnTgt, Replay, ReplayCache, ServiceKey,
    ServiceKeys, Subkey, WantedKey,
};
pub use as_exchange::{
    AsExchange, AsParams, LastPreauth, Login, SaltExchange, StartTime, TicketOptions,
};
pub use as_key::PasswordSalt;
pub use authentication_indicators::authentication_indicators;
pub use credential::{AuthorizationDataElement, Credential, HostAddress, TicketTimes};
pub use error::{ExchangeError, KdcError, ReplyFault, S4uFault};
pub use error_text::{MIT_ERROR_BASE, mit_text};
pub use exchange::{Request, Step};
pub use krb_cred::{CredError, CredProtection, CredReceiver, CredSender, ReceivedCredentials};
pub use password_change::{
    PasswordChange, PasswordChangeError, PasswordPolicy, PasswordRejection, PasswordResult,
};
pub use policy::Policy;
pub use principal::{
    OmitRealm, ParseOptions, Principal, PrincipalError, RealmRule, UnparseOptions,
};
pub use s4u::{S4u2Proxy, S4u2Self, S4uUser, UserRealm};
pub use secret::{AskError, AskFn, KeyEntry, Password, Secret};
pub use session_message::{
    MessageError, MessageReceiver, MessageSender, OriginFault, ReceivedMessage, SecretData,
};
pub use shown::Shown;
pub use tgs_exchange::{OnBehalf, S4uProof, TgsExchange, TgsOptions, TgsOutcome, TgsParams};
pub use ticket_chase::{ChaseParams, Chased, Route, TicketChase};
pub use time::{ClockOffset, Timestamp};
pub use transit::TransitPolicy;

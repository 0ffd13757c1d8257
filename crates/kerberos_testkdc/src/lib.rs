//! A small KDC to embed in tests and demos: UDP and TCP on 127.0.0.1, or no network at all.
//!
//! It serves the AS exchange (RFC 4120 §3.1) with and without preauthentication by encrypted
//! timestamp, and the TGS exchange (§3.3), including tickets on behalf of users (MS-SFU). If there
//! is a service `kadmin/changepw`, it changes passwords (RFC 3244). It uses only `kerberos_asn1`
//! and `kerberos_crypto`, so that the client crates can be tested against it. And it can misbehave:
//! there is a [`Fault`] for everything that a client must withstand.
//!
//! What it never does: **it is not a KDC for production.** Nothing is stored or replicated, there
//! is no administration, no replay cache and no PAC, and it listens on the loopback interface only.
//! **It does not prove the cryptography**, because it shares that with the client: the test vectors
//! of the RFCs and real KDCs do that.
//!
//! ```text
//! TestKdc::builder(realm) ── accounts, services, faults ──┬─ build() ─► Kdc::answer(bytes, …)
//!                                                         └─ start() ─► TestKdc: UDP + TCP
//! ```
//!
//! # Example: a service's own test
//! ```
//! use kerberos_testkdc::{Fault, TestKdc, Transport};
//!
//! let kdc = TestKdc::builder("TEST.REALM")
//!     .principal("user", "password")
//!     .service("host/www.test.realm")
//!     .start()?;
//!
//! // Point the client at it: KRB5_CONFIG names a file with this text.
//! let conf = kdc.krb5_conf();
//! assert!(conf.contains("default_realm = TEST.REALM"));
//! assert!(conf.contains(&format!("kdc = {}", kdc.address())));
//!
//! // What the service needs for a keytab, and the keys in there.
//! let keytab = kdc.keytab("host/www.test.realm");
//! assert!(keytab.starts_with(&[5, 2]));
//! let keys = kdc.keys("host/www.test.realm");
//! assert_eq!(keys.len(), 2);
//! assert_eq!(keys[0].etype().to_string(), "aes256-cts-hmac-sha1-96");
//! assert_eq!(keys[0].kvno(), 1);
//!
//! // Let something go wrong from now on, and see how often the client tried.
//! kdc.set_fault(Fault::Silence);
//! assert_eq!(kdc.requests().len(), 0);
//! kdc.clear_faults();
//! # Ok::<(), kerberos_testkdc::TestKdcError>(())
//! ```
//!
//! # Example: without a network, in virtual time
//! ```
//! use std::time::Duration;
//! use kerberos_asn1::{
//!     AsReq, Decode, Encode, ErrorCode, KdcOptions, KdcReqBody, KerberosTime, KrbError, NameType,
//!     PrincipalName, SequenceOf,
//! };
//! use kerberos_testkdc::{TestKdc, Transport};
//!
//! let kdc = TestKdc::builder("TEST.REALM").principal("user", "password").build()?;
//! let request = AsReq::new(None, KdcReqBody {
//!     kdc_options: KdcOptions::empty(),
//!     cname: Some(PrincipalName {
//!         name_type: NameType::PRINCIPAL,
//!         name_string: SequenceOf::from(vec!["user".into()]),
//!     }),
//!     realm: "TEST.REALM".into(),
//!     sname: Some(PrincipalName {
//!         name_type: NameType::SRV_INST,
//!         name_string: SequenceOf::from(vec!["krbtgt".into(), "TEST.REALM".into()]),
//!     }),
//!     from: None,
//!     till: KerberosTime::from_unix(0),
//!     rtime: None,
//!     nonce: 42,
//!     etype: SequenceOf::from(vec![18]),
//!     addresses: None,
//!     enc_authorization_data: None,
//!     additional_tickets: None,
//! }).to_der();
//!
//! let now = Duration::from_secs(1_000_000_000);
//! let reply = kdc.answer(&request, Transport::Tcp, now).expect("an answer");
//! let error = KrbError::from_der(&reply).expect("an error");
//! assert_eq!(error.error_code, ErrorCode::KDC_ERR_PREAUTH_REQUIRED);
//! assert_eq!(error.stime, KerberosTime::from_unix(1_000_000_000));
//! # Ok::<(), kerberos_testkdc::TestKdcError>(())
//! ```
#![forbid(unsafe_code)]

mod account;
mod as_service;
mod builder;
mod database;
mod error;
mod fault;
pub mod forge;
mod header_ticket;
mod kdc;
mod keytab;
mod password_service;
mod preauth;
mod repeatable;
mod reply;
mod request;
mod s4u;
mod server;
mod tgs_service;

pub use account::{Account, AccountState, Referral};
pub use builder::{Hint, TestKdcBuilder};
pub use database::PrincipalKey;
pub use error::TestKdcError;
pub use fault::{Fault, PasswordFault, S4uFault};
pub use kdc::{Kdc, Received, Transport};
pub use repeatable::Repeatable;
pub use server::TestKdc;

//! Log in to Kerberos and keep the ticket: the IO around [`kerberos_proto`].
//!
//! ```text
//! Config (krb5.conf) ──► Client ──as_params──► AsParams ─┐
//!                          │                             ▼
//!                          └──────────── login ──► AsExchange ◄──► deliver ◄──► KDC (UDP, TCP, …)
//!                                          │
//!                                          ▼
//!                                        Login ──store──► credential cache
//! ```
//!
//! # With a keytab
//! A service logs in with the keys that an administrator gave it.
//! ```
//! use kerberos_client::{Client, Config, keytab_secret};
//!
//! # let file = |name| std::env::temp_dir().join(format!("{name}_doc_{}", std::process::id()));
//! # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM").principal("svc", "password").start()?;
//! # std::fs::write(file("keytab"), kdc.keytab("svc"))?;
//! # let krb5_conf = kdc.krb5_conf();
//! # let (keytab, cache) = (file("keytab").display().to_string(), file("cc").display().to_string());
//! let config = Config::parse(&krb5_conf)? // or Config::from_env()?
//!     .with_keytab_name(keytab)
//!     .with_ccache_name(cache);
//! let client = Client::new(config);
//! let service = client.principal("svc@EXAMPLE.COM")?;
//! let keys = keytab_secret(&client.config().keytab_name()?, &service)?;
//! let login = client.login(client.as_params(service)?, keys)?;
//! client.store(&login, &client.config().ccache_name()?)?;
//! # assert!(file("cc").exists());
//! # std::fs::remove_file(file("keytab"))?;
//! # std::fs::remove_file(file("cc"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # With a password
//! ```
//! use kerberos_client::{Client, Config, Password, Secret};
//!
//! # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM").principal("user", "password").start()?;
//! # let krb5_conf = kdc.krb5_conf();
//! let client = Client::new(Config::parse(&krb5_conf)?);
//! let mut params = client.as_params(client.principal("user@EXAMPLE.COM")?)?;
//! params.lifetime = Some(3600);
//! let login = client.login(params, Secret::Password(Password::new("password")))?;
//! // An hour from now, by our clock: the second may turn before the KDC answers.
//! let times = login.credential.times;
//! assert!((3590..=3600).contains(&(times.endtime.unix() - times.authtime.unix())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! [`Secret::ask`] asks a person, and only if the KDC knows the principal.
//!
//! # On a Tokio runtime
//! `AsyncClient` (feature `tokio`) has the same methods, as `async fn` where they may wait, except
//! `tickets_in_turn` and `service_principal_as_typed`. Both clients run the same code. A clone made
//! by `into` shares what the other one learns.
//!
//! # Through a KDC proxy
//! With the feature `https`, a `kdc = https://…` in krb5.conf or in a URI record can be used. The
//! feature brings TLS (rustls over ring, which needs a C compiler); without it, such a KDC gives
//! [`ProxyError::NotBuilt`].
//!
//! # As a service
//! [`ServiceAcceptor`] authenticates the sender of an AP-REQ with the keys of a keytab.
//!
//! # Security contexts
//! With the feature `gss`, `Client::initiate` does all that it takes to speak `Negotiate` to a
//! service, and `ServiceAcceptor::acceptance` does the same on the service's side.
//!
//! What this crate never does: it prints nothing, prompts nobody, and reads the environment only
//! for a configuration made by [`Config::from_env`].
#![forbid(unsafe_code)]

mod acceptor;
#[cfg(feature = "tokio")]
mod async_client;
mod change_password;
mod client;
mod config;
mod delivery;
pub mod dns;
mod driver;
mod error;
// Combined in one `cfg(all(…))`, clippy would not recognise it as a test module.
#[cfg(feature = "https")]
#[cfg(test)]
mod fault_matrix;
mod flights;
mod good_servers;
#[cfg(feature = "gss")]
mod gss;
mod io;
mod keeper;
mod keytab;
mod keytab_keys;
mod last_preauth;
mod locate;
mod login;
mod own_cache;
mod policy;
mod probe;
mod realm;
mod salts;
mod secure_execution;
mod service_name;
mod store;
mod system;
mod tickets;
mod trace;
mod transport;
mod verify;
mod wakers;

pub use acceptor::{ServiceAcceptor, SharedKeys};
#[cfg(feature = "tokio")]
pub use async_client::AsyncClient;
pub use client::Client;
pub use config::Config;
#[doc(hidden)]
pub use delivery::play_delivery;
pub use delivery::{Address, Attempt, Endpoint, Reason, Transport};
pub use error::{ClientError, DnsSearch};
#[cfg(feature = "gss")]
pub use gss::{Acceptance, Delegation, GssMechanism, InitiateOptions, Initiation};
pub use keeper::{KeeperParams, KeeperState, KeeperWatch, LoginSource, TicketKeeper};
pub use keytab::keytab_secret;
pub use keytab_keys::KeytabKeys;
pub use last_preauth::last_preauth;
pub use locate::FoundBy;
pub use probe::{FoundServer, Probe};
pub use secure_execution::secure_execution;
pub use store::cache_of;
pub use system::{now, system_rng};
pub use tickets::TicketRequest;
pub use transport::ProxyError;
#[cfg(feature = "https")]
#[doc(hidden)]
pub use transport::read_proxy_response;

// The types of all four are in the public API (encryption types, keys, error codes, ticket flags).
// Whoever logs in needs them, and with these re-exports has no versions to keep in step.
pub use kerberos_asn1;
pub use kerberos_crypto;
pub use kerberos_files;
#[cfg(feature = "gss")]
pub use kerberos_gss;
pub use kerberos_proto::{self, AsParams, Login, Password, Principal, Secret};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

//! Shared code of the tests: real KDCs as subprocesses, the tools under test, temporary places.
//!
//! ```text
//! MitRealm / HeimdalRealm   a realm with its accounts, on a free port of 127.0.0.1, killed on drop
//! MitRealms                 four realms that trust each other in a row
//! MitLdapRealm              MIT's with constrained delegation and aliases
//! SambaRealm                an Active Directory on an address of its own; needs root
//! Kcm                       the daemon that keeps KCM caches, Heimdal's or sssd's; needs root
//! KdcProxy                  a proxy behind TLS in front of one of them
//! Apache / Postgres         servers that accept tickets for HTTP/localhost and postgres/localhost
//! Slapd                     a directory that logs in who has a ticket for ldap/localhost
//! GssPeer                   MIT's GSS-API library in a process, led call by call
//!        │ place()
//!        ▼
//! Place                     a user's corner: krb5.conf, cache, keytab, environment
//!        │ ours("kinit") · mit("kinit") · heimdal("kinit")
//!        ▼
//! Tool → Finished           one run of a program: exit code, output, a time limit
//! ```
//!
//! This crate serves only tests, so it panics when anything is not as expected. It does not depend
//! on the product: the tools are run as the executable files that a user runs.
#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "only tests use this"
)]

mod apache;
mod binary;
mod cached;
mod conf;
mod dns;
mod gss_peer;
mod heimdal;
mod kcm;
mod kdc_proxy;
mod kpropd;
mod locales;
mod mit;
mod mit_ldap;
mod mit_realms;
pub mod parts;
mod place;
mod postgres;
pub mod raw;
mod samba;
mod server;
mod sidecar;
mod slapd;
mod temp;
mod tool;

pub use apache::{Apache, apache_configuration};
pub use binary::{rkinit, static_rkinit};
pub use conf::Krb5Conf;
pub use dns::{DnsServer, DnsView};
pub use gss_peer::GssPeer;
pub use heimdal::{HeimdalRealm, Kpasswdd};
pub use kcm::Kcm;
pub use kdc_proxy::{KdcProxy, certificate};
pub use kpropd::{Kpropd, KpropdAnswer};
pub use locales::locales;
pub use mit::{ETYPES, Kadmind, MitOptions, MitRealm};
pub use mit_ldap::MitLdapRealm;
pub use mit_realms::MitRealms;
pub use place::Place;
pub use postgres::Postgres;
pub use samba::SambaRealm;
pub use server::{Server, free_port};
pub use sidecar::Sidecar;
pub use slapd::Slapd;
pub use temp::{TempDir, names_in};
pub use tool::{Finished, Tool};

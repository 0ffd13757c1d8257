//! Keytabs, credential caches, replay caches and krb5.conf. Parsing and encoding are separate from
//! the file system.
//!
//! What this crate never does: no protocol, no network, no clock. Two types of credential caches
//! are not files: KCM asks a daemon on this machine, through a UNIX socket and with a time limit;
//! KEYRING, behind the feature `keyring`, asks the kernel, and tells it when tickets expire. No
//! memory is allocated just because a file or daemon claims a length, and no error or `Debug`
//! output contains a secret.
#![forbid(unsafe_code)]

pub mod atomic;
pub mod ccache;
pub mod config;
pub mod deltat;
pub mod expand;
mod foreign;
pub mod keytab;
pub mod lock;
mod mit_code;
mod open;
pub mod profile;
pub mod rcache;
pub mod stamp;
pub mod timestamp_text;
mod typed_name;
mod window;
mod wire;

pub use wire::{Components, DecodeError, EncodeError, PrincipalView};

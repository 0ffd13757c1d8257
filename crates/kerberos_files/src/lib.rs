//! Keytabs, credential caches, replay caches and krb5.conf: codecs apart from the file system.
//!
//! What this crate never does: no protocol, no network, no clock. Two types of credential caches
//! are no files: KCM asks a daemon on this machine, by a UNIX socket and within a time limit, and
//! KEYRING, behind the feature `keyring`, the kernel, which is told how long tickets last. Nothing
//! is allocated because a file or a daemon merely claims a length, and no secret is in an error or
//! a `Debug` text.
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

//! Keytabs, credential caches, replay caches and krb5.conf: codecs apart from the file system.
//!
//! What this crate never does: no protocol, no network, no clock. Nothing is allocated because a
//! file merely claims a length, and no secret is in an error or a `Debug` text.
#![forbid(unsafe_code)]

pub mod atomic;
pub mod ccache;
pub mod config;
pub mod deltat;
pub mod expand;
pub mod keytab;
pub mod lock;
pub mod profile;
pub mod rcache;
mod typed_name;
mod window;
mod wire;

pub use wire::{Components, DecodeError, EncodeError, PrincipalView};

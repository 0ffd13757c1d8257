//! The common parts of the two binary formats: integers in a given byte order, length-prefixed
//! bytes, and principals that stay in the buffer.
//!
//! The layouts are in [`crate::ccache`] and [`crate::keytab`]. This module does not use the file
//! system.

mod cursor;
mod encoder;
mod principal;

use thiserror::Error;

pub(crate) use cursor::{Cursor, Short};
pub(crate) use encoder::{Encoder, Sink};
pub use principal::{Components, PrincipalView};

/// A length does not fit into the field of the format. This is the only way in which encoding can
/// fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("{field} is too long for the file format")]
pub struct EncodeError {
    /// The part that is too long.
    pub field: &'static str,
}

/// Bytes that are not an entry, or not exactly one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("malformed encoding: {problem}")]
pub struct DecodeError {
    /// The field that does not fit, or what is wrong.
    pub problem: &'static str,
}

/// The order of the bytes of an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ByteOrder {
    Big,
    Little,
}

/// The width of a length prefix: 16 bits in keytabs, 32 bits in caches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Width {
    Two,
    Four,
}

/// How a format version encodes integers and lengths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Style {
    pub(crate) order: ByteOrder,
    pub(crate) width: Width,
}

impl ByteOrder {
    /// The byte order of this machine.
    pub(crate) const NATIVE: Self = if cfg!(target_endian = "big") {
        Self::Big
    } else {
        Self::Little
    };
}

impl Width {
    fn bytes(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
        }
    }
}

//! What the two binary formats share: integers in a stated byte order, length-prefixed bytes, and
//! principals that stay in the buffer they were read into.
//!
//! The layouts themselves are in [`crate::ccache`] and [`crate::keytab`]; no file system here.

mod cursor;
mod encoder;
mod principal;

use thiserror::Error;

pub(crate) use cursor::{Cursor, Short};
pub(crate) use encoder::{Encoder, Sink};
pub use principal::{Components, PrincipalView};

/// Where a length did not fit the format's field: the only way encoding can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("{field} is too long for the file format")]
pub struct EncodeError {
    /// The part that is too long.
    pub field: &'static str,
}

/// Bytes that are no entry, or not exactly one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("malformed encoding: {problem}")]
pub struct DecodeError {
    /// The part that does not fit, or what is wrong.
    pub problem: &'static str,
}

/// The order of the bytes of an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ByteOrder {
    Big,
    Little,
}

/// The width of a length prefix: 16 bits in keytabs, 32 in caches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Width {
    Two,
    Four,
}

/// How a format version writes integers and lengths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Style {
    pub(crate) order: ByteOrder,
    pub(crate) width: Width,
}

impl ByteOrder {
    /// The order of the machine that this program runs on.
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

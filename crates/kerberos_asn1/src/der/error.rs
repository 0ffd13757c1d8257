//! What can be wrong with received DER, and where.

use super::Tag;

/// Why bytes could not be decoded, and at which position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{kind} at byte {position}")]
pub struct DecodeError {
    /// The kind of error.
    pub kind: DecodeErrorKind,
    /// The offset of the error from the start of the decoded input.
    pub position: usize,
}

/// What is wrong with received DER.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input, or the element that encloses the position, ends too early.
    #[error("input ends in the middle of an element")]
    Truncated,
    /// An element has another tag than expected.
    #[error("expected {expected}, found {found}")]
    UnexpectedTag {
        /// The expected tag.
        expected: Tag,
        /// The actual tag.
        found: Tag,
    },
    /// An expected element is missing at the end of the enclosing one.
    #[error("expected {expected}, found nothing")]
    Missing {
        /// The expected tag.
        expected: Tag,
    },
    /// Octets follow a complete value.
    #[error("unexpected data after a complete value")]
    TrailingData,
    /// A tag number above 30, which no Kerberos type has (RFC 4120 §5.1.5).
    #[error("tag number above 30")]
    HighTagNumber,
    /// An indefinite length, which is BER (RFC 4120 §5.1.1).
    #[error("indefinite length")]
    IndefiniteLength,
    /// A length in more octets than it needs.
    #[error("length not in its shortest form")]
    NonMinimalLength,
    /// A length of more than four octets.
    #[error("length of more than 32 bits")]
    LengthTooLong,
    /// An INTEGER without contents, or in more octets than it needs.
    #[error("integer not in its shortest form")]
    NonMinimalInteger,
    /// An INTEGER outside the range of its type (RFC 4120 §5.2.4).
    #[error("integer out of range")]
    IntegerOutOfRange,
    /// A BOOLEAN that is neither 0x00 nor 0xFF.
    #[error("malformed boolean")]
    InvalidBoolean,
    /// A BIT STRING whose count of unused bits is wrong, or whose unused bits are not zero.
    #[error("malformed bit string")]
    InvalidBitString,
    /// A time that is not `YYYYMMDDHHMMSSZ` or does not exist (RFC 4120 §5.2.3).
    #[error("malformed time")]
    InvalidTime,
    /// A UTF8String that is not UTF-8.
    #[error("malformed UTF-8")]
    InvalidUtf8,
    /// The protocol version is not 5 (RFC 4120 §7.5.6).
    #[error("protocol version {0} instead of 5")]
    WrongVersion(i32),
    /// The message type inside does not match the tag outside (RFC 4120 §7.5.7).
    #[error("message type {0} inside a message of another type")]
    WrongMessageType(i32),
}

//! The common fields of RFC 4120 messages: the protocol version and the message type.

use crate::der::{DecodeError, DecodeErrorKind, DecodeField, Reader};
use crate::numbers::MessageType;

/// The protocol version number (RFC 4120 §7.5.6).
pub(crate) const PVNO: i32 = 5;

/// Reads the field `[tag]` with the protocol version, which RFC 4120 §5.2.4 fixes at 5.
#[inline]
pub(crate) fn decode_version(tag: u8, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let start = reader.clone();
    match i32::decode_field(tag, reader)? {
        PVNO => Ok(()),
        other => Err(start.error(DecodeErrorKind::WrongVersion(other))),
    }
}

/// Reads the field `[tag]` with the message type, which must be `expected` (RFC 4120 §7.5.7).
#[inline]
pub(crate) fn decode_type(
    tag: u8,
    expected: MessageType,
    reader: &mut Reader<'_>,
) -> Result<(), DecodeError> {
    let start = reader.clone();
    let found = MessageType::decode_field(tag, reader)?;
    if found == expected {
        Ok(())
    } else {
        Err(start.error(DecodeErrorKind::WrongMessageType(found.0)))
    }
}

impl MessageType {
    /// The type of the message in `bytes`, judged by its outermost tag only; `None` if there is no
    /// such tag.
    ///
    /// Use this to distinguish a reply from an error before decoding it.
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::MessageType;
    /// assert_eq!(MessageType::of_der(b"\x7e\x81\xba"), Some(MessageType::KRB_ERROR));
    /// assert_eq!(MessageType::of_der(b"\x30\x00"), None);
    /// ```
    pub fn of_der(bytes: &[u8]) -> Option<Self> {
        // RFC 4120 §5.10: a message's application tag number equals its message type.
        let number = Reader::new(bytes).peek()?.application_number()?;
        Some(Self(i32::from(number)))
    }
}

//! The Distinguished Encoding Rules (X.690) as far as Kerberos uses them.
//!
//! * [`Reader`] walks borrowed bytes: bounds-checked, strict, no allocation, no recursion by input.
//! * [`Sink`] takes bytes from the last to the first, so that a length is known when it is written.
//!   One `encode` body per type runs twice: into a [`Counter`], then into a [`Buffer`] of exactly
//!   that size. Hence [`Encode::to_der`] allocates once.
//! * [`SequenceOf`] is a `SEQUENCE OF`, either borrowed from the wire or built from values.
//!
//! Strict means: definite lengths in the fewest octets, integers in the fewest octets, no octets
//! after a value, low tag numbers only. BER, which RFC 4120 §5.1.1 allows but advises against, is
//! refused. What the fields of a message mean is left to the other modules.

mod error;
mod field;
mod primitive;
mod reader;
mod sequence_of;
mod tag;
mod writer;

use alloc::vec;
use alloc::vec::Vec;

pub use error::{DecodeError, DecodeErrorKind};
pub(crate) use field::{DecodeField, EncodeField, sequence};
pub(crate) use primitive::{decode_flags, decode_i32, encode_flags, encode_integer};
pub use reader::Reader;
pub use sequence_of::{SequenceOf, SequenceOfIter};
pub use tag::Tag;
pub use writer::{Buffer, Counter, Sink};

/// A type that can be read from DER, borrowing from it.
pub trait Decode<'a>: Sized {
    /// Reads one value from the front of `reader`.
    ///
    /// # Errors
    /// When the next element is not a well-formed value of this type.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError>;

    /// Decodes `bytes`, all of them.
    ///
    /// # Errors
    /// When `bytes` are not one well-formed value of this type, or anything follows it.
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::{Decode, KerberosTime};
    /// let time = KerberosTime::from_der(b"\x18\x0f19940610060317Z")?;
    /// assert_eq!(time.unix(), 771_228_197);
    /// assert!(KerberosTime::from_der(b"\x18\x0f19940610060317Z\0").is_err());
    /// # Ok::<(), kerberos_asn1::DecodeError>(())
    /// ```
    #[inline]
    fn from_der(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// A type that can be written as DER.
pub trait Encode {
    /// Writes the value to `sink`, from its last octet to its first.
    fn encode<S: Sink>(&self, sink: &mut S);

    /// How many octets the encoding has.
    fn der_len(&self) -> usize {
        let mut counter = Counter::new();
        self.encode(&mut counter);
        counter.written()
    }

    /// The encoding, in a single allocation of exactly its size.
    ///
    /// When the value holds a key, so does the returned buffer: wiping it is the caller's part,
    /// and the single allocation means that no other copy was left behind.
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::{Encode, KerberosTime};
    /// let time = KerberosTime::from_unix(771_228_197);
    /// assert_eq!(time.to_der(), b"\x18\x0f19940610060317Z");
    /// ```
    fn to_der(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.der_len()];
        let mut buffer = Buffer::new(&mut bytes);
        self.encode(&mut buffer);
        debug_assert!(buffer.is_full(), "the two passes of an encoder disagree");
        bytes
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        (**self).encode(sink);
    }
}

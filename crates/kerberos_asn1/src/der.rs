//! The Distinguished Encoding Rules (X.690), as far as Kerberos uses them.
//!
//! * [`Reader`] reads from borrowed bytes: bounds-checked and strict, without allocation or
//!   recursion.
//! * [`Sink`] takes bytes from the last to the first, so that each length is known by the time it
//!   is written. The same `encode` code runs twice: into a [`Counter`], then into a [`Buffer`] of
//!   exactly that size. So [`Encode::to_der`] allocates once.
//! * [`SequenceOf`] is a `SEQUENCE OF`, either borrowed from encoded bytes or built from values.
//!
//! Strict means: definite lengths in the fewest octets, integers in the fewest octets, no octets
//! after a value, and low tag numbers only. BER, which RFC 4120 §5.1.1 allows but advises against,
//! is refused. The meaning of a message's fields is left to the other modules.

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

/// A type that can be decoded from DER, borrowing from the input.
pub trait Decode<'a>: Sized {
    /// Decodes a value from the start of `reader`.
    ///
    /// # Errors
    /// When the next element is not a well-formed value of this type.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError>;

    /// Decodes all of `bytes`.
    ///
    /// # Errors
    /// When `bytes` is not a single well-formed value of this type, or has trailing data.
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

/// A type that can be encoded as DER.
pub trait Encode {
    /// Writes the value to `sink`, from its last octet to its first.
    fn encode<S: Sink>(&self, sink: &mut S);

    /// The length of the encoding, in octets.
    fn der_len(&self) -> usize {
        let mut counter = Counter::new();
        self.encode(&mut counter);
        counter.written()
    }

    /// The encoding, in a single allocation of exactly its size.
    ///
    /// If the value contains a key, so does the returned buffer, and the caller must wipe it.
    /// Because of the single allocation there is no other copy.
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

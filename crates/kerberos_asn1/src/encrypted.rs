//! Encrypted data, keys and checksums (RFC 4120 §5.2.9).
//!
//! This is only the wire format. Encryption and checksum types are plain numbers here; the crypto
//! crate interprets them.

use core::fmt;

use crate::der::{Decode, DecodeError, DecodeField, Encode, EncodeField, Reader, Sink, sequence};

/// A ciphertext, and which key decrypts it.
///
/// ```text
/// EncryptedData   ::= SEQUENCE {
///         etype   [0] Int32 -- EncryptionType --,
///         kvno    [1] UInt32 OPTIONAL,
///         cipher  [2] OCTET STRING -- ciphertext
/// }
/// ```
///
/// A kvno above 2³¹ − 1 is accepted in both of its forms, and written as the negative INTEGER with
/// the same 32 bits. Windows' read-only domain controllers, which put their number into the upper
/// half, and MIT do the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EncryptedData<'a> {
    /// The encryption type.
    pub etype: i32,
    /// The version of the key, for long-term keys only.
    pub kvno: Option<u32>,
    /// The ciphertext.
    pub cipher: &'a [u8],
}

impl<'a> Decode<'a> for EncryptedData<'a> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut fields = reader.sequence(None)?;
        let value = Self {
            etype: DecodeField::decode_field(0, &mut fields)?,
            kvno: DecodeField::decode_field(1, &mut fields)?,
            cipher: DecodeField::decode_field(2, &mut fields)?,
        };
        fields.finish_sequence(2)?;
        Ok(value)
    }
}

impl Encode for EncryptedData<'_> {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.sequence(None, |sink| {
            self.cipher.encode_field(2, sink);
            self.kvno.map(u32::cast_signed).encode_field(1, sink);
            self.etype.encode_field(0, sink);
        });
    }
}

sequence! {
    /// A borrowed key. Whoever owns the buffer must wipe it.
    ///
    /// ```text
    /// EncryptionKey   ::= SEQUENCE {
    ///         keytype         [0] Int32 -- actually encryption type --,
    ///         keyvalue        [1] OCTET STRING
    /// }
    /// ```
    ///
    /// `Debug` shows only the type and the length. Neither this type nor those that contain it
    /// implement `PartialEq`: the crypto crate compares keys in constant time.
    #[derive(Clone, Copy)]
    pub struct EncryptionKey<'a> {
        /// The encryption type that the key is for.
        [0] keytype: i32,
        /// The key itself.
        [1] keyvalue: &'a [u8],
    }
}

impl fmt::Debug for EncryptionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("keytype", &self.keytype)
            .field(
                "keyvalue",
                &format_args!("<{} secret bytes>", self.keyvalue.len()),
            )
            .finish()
    }
}

sequence! {
    /// A checksum, keyed or not.
    ///
    /// ```text
    /// Checksum        ::= SEQUENCE {
    ///         cksumtype       [0] Int32,
    ///         checksum        [1] OCTET STRING
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Checksum<'a> {
        /// The checksum type.
        [0] cksumtype: i32,
        /// The checksum itself.
        [1] checksum: &'a [u8],
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{Decode, Encode, EncryptedData, EncryptionKey};

    #[track_caller]
    fn check(der: &[u8], kvno: Option<u32>, again: &[u8]) {
        let read = EncryptedData::from_der(der).unwrap();
        assert_eq!(
            read,
            EncryptedData {
                etype: 18,
                kvno,
                cipher: b"x"
            }
        );
        assert_eq!(read.to_der(), again);
    }

    #[test]
    fn kvno_decodes_signed_or_unsigned_and_encodes_signed() {
        let none = b"\x30\x0a\xa0\x03\x02\x01\x12\xa2\x03\x04\x01x";
        check(none, None, none);
        let one = b"\x30\x0f\xa0\x03\x02\x01\x12\xa1\x03\x02\x01\x01\xa2\x03\x04\x01x";
        check(one, Some(1), one);
        let signed =
            b"\x30\x12\xa0\x03\x02\x01\x12\xa1\x06\x02\x04\xff\x00\x00\x00\xa2\x03\x04\x01x";
        check(signed, Some(0xff00_0000), signed);
        let unsigned =
            b"\x30\x13\xa0\x03\x02\x01\x12\xa1\x07\x02\x05\x00\xff\x00\x00\x00\xa2\x03\x04\x01x";
        check(unsigned, Some(0xff00_0000), signed);
    }

    #[test]
    fn debug_hides_key_bytes() {
        let key = EncryptionKey {
            keytype: 18,
            keyvalue: b"secret",
        };
        assert_eq!(
            format!("{key:?}"),
            "EncryptionKey { keytype: 18, keyvalue: <6 secret bytes> }"
        );
    }
}

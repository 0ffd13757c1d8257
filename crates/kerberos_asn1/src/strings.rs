//! `KerberosString` and `Realm` (RFC 4120 §5.2.1, §5.2.2), and `UTF8String`.

use core::fmt;

use crate::der::{Decode, DecodeError, DecodeErrorKind, Encode, Reader, Sink, Tag};

/// A string of the protocol, kept as bytes.
///
/// ```text
/// KerberosString  ::= GeneralString (IA5String)
/// ```
///
/// RFC 4120 allows only ASCII, but acknowledges that implementations send UTF-8 and local
/// encodings, so nothing is checked here. `Debug` and `Display` show invalid UTF-8 as U+FFFD.
///
/// # Example
/// ```
/// use kerberos_asn1::{Encode, KerberosString};
/// let name = KerberosString::from("host");
/// assert_eq!(name.to_der(), b"\x1b\x04host");
/// assert_eq!(name.to_string(), "host");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct KerberosString<'a>(pub &'a [u8]);

/// The name of a realm (RFC 4120 §5.2.2).
///
/// ```text
/// Realm           ::= KerberosString
/// ```
pub type Realm<'a> = KerberosString<'a>;

impl<'a> KerberosString<'a> {
    /// The bytes.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The string, if it is UTF-8.
    pub fn as_str(self) -> Option<&'a str> {
        core::str::from_utf8(self.0).ok()
    }
}

impl<'a> From<&'a str> for KerberosString<'a> {
    fn from(string: &'a str) -> Self {
        Self(string.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for KerberosString<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Decode<'a> for KerberosString<'a> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        reader.contents(Tag::GENERAL_STRING).map(Self)
    }
}

impl Encode for KerberosString<'_> {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.primitive(Tag::GENERAL_STRING, self.0);
    }
}

/// A `UTF8String` (X.680 §41), which few messages contain.
///
/// # Example
/// ```
/// use kerberos_asn1::{Decode, Encode, Utf8String};
/// let encoded = Utf8String("strong").to_der();
/// assert_eq!(encoded, b"\x0c\x06strong");
/// assert_eq!(Utf8String::from_der(&encoded)?.0, "strong");
/// assert!(Utf8String::from_der(b"\x0c\x01\xff").is_err());
/// # Ok::<(), kerberos_asn1::DecodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Utf8String<'a>(pub &'a str);

impl<'a> Decode<'a> for Utf8String<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let text = core::str::from_utf8(reader.contents(Tag::UTF8_STRING)?);
        text.map(Self)
            .map_err(|_| start.error(DecodeErrorKind::InvalidUtf8))
    }
}

impl Encode for Utf8String<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.primitive(Tag::UTF8_STRING, self.0.as_bytes());
    }
}

impl fmt::Display for KerberosString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{fffd}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for KerberosString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for chunk in self.0.utf8_chunks() {
            write!(f, "{}", chunk.valid().escape_debug())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{fffd}")?;
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::{Decode, Encode, KerberosString};

    #[track_caller]
    fn check(bytes: &[u8], display: &str, debug: &str) {
        let string = KerberosString(bytes);
        assert_eq!(string.to_string(), display);
        assert_eq!(format!("{string:?}"), debug);
        assert_eq!(KerberosString::from_der(&string.to_der()), Ok(string));
    }

    #[test]
    fn non_utf8_strings_round_trip_and_display_lossily() {
        check(b"", "", "\"\"");
        check(b"EXAMPLE.COM", "EXAMPLE.COM", "\"EXAMPLE.COM\"");
        check("r\u{e9}alm".as_bytes(), "r\u{e9}alm", "\"r\u{e9}alm\"");
        check(b"r\xe9alm\0", "r\u{fffd}alm\0", "\"r\u{fffd}alm\\0\"");
    }
}

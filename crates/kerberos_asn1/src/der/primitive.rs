//! The primitive types of RFC 4120 §5.2: integers, octet strings, booleans and flag words.

#![expect(
    clippy::inline_always,
    reason = "without it, results travel through memory and an AS-REP takes twice as long to read"
)]

use super::{Decode, DecodeError, DecodeErrorKind, Encode, Reader, Sink, Tag};

/// `Int32 ::= INTEGER (-2147483648..2147483647)` (RFC 4120 §5.2.4).
impl<'a> Decode<'a> for i32 {
    #[inline(always)]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        decode_i32(reader)
    }
}

impl Encode for i32 {
    #[inline(always)]
    fn encode<S: Sink>(&self, sink: &mut S) {
        encode_integer(i64::from(*self), sink);
    }
}

/// `UInt32 ::= INTEGER (0..4294967295)` (RFC 4120 §5.2.4).
///
/// A negative 32-bit INTEGER is read as the same bits without a sign: implementations that keep
/// nonces and sequence numbers in signed integers send them this way (compatibility note in
/// §5.5.1).
impl<'a> Decode<'a> for u32 {
    #[inline(always)]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let value = decode_integer(reader)?;
        Self::try_from(value)
            .or_else(|_| i32::try_from(value).map(i32::cast_unsigned))
            .map_err(|_| start.error(DecodeErrorKind::IntegerOutOfRange))
    }
}

impl Encode for u32 {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        encode_integer(i64::from(*self), sink);
    }
}

/// `BOOLEAN` in DER: 0x00 or 0xFF (X.690 §11.1).
impl<'a> Decode<'a> for bool {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        match reader.contents(Tag::BOOLEAN)? {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(start.error(DecodeErrorKind::InvalidBoolean)),
        }
    }
}

impl Encode for bool {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.primitive(Tag::BOOLEAN, if *self { &[0xff] } else { &[0x00] });
    }
}

/// `OCTET STRING`.
impl<'a> Decode<'a> for &'a [u8] {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        reader.contents(Tag::OCTET_STRING)
    }
}

impl Encode for [u8] {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.primitive(Tag::OCTET_STRING, self);
    }
}

/// Reads an `Int32`.
#[inline(always)]
pub(crate) fn decode_i32(reader: &mut Reader<'_>) -> Result<i32, DecodeError> {
    let start = reader.clone();
    let value = decode_integer(reader)?;
    i32::try_from(value).map_err(|_| start.error(DecodeErrorKind::IntegerOutOfRange))
}

/// Writes an INTEGER in the fewest octets (X.690 §8.3.2).
#[inline]
pub(crate) fn encode_integer<S: Sink>(value: i64, sink: &mut S) {
    let octets = value.to_be_bytes();
    // If the first nine bits are equal, the first octet is redundant.
    let redundant = octets
        .iter()
        .zip(octets.iter().skip(1))
        .take_while(|&(&first, &second)| {
            (first == 0x00 && second < 0x80) || (first == 0xff && second >= 0x80)
        })
        .count();
    sink.primitive(Tag::INTEGER, octets.get(redundant..).unwrap_or_default());
}

/// Reads `KerberosFlags ::= BIT STRING (SIZE (32..MAX))` (RFC 4120 §5.2.8): the first 32 bits.
///
/// Flag words of fewer than 32 bits are padded with zeros, as the RFC allows. Bits after the 32nd
/// are dropped; none of them has a meaning.
#[inline]
pub(crate) fn decode_flags(reader: &mut Reader<'_>) -> Result<u32, DecodeError> {
    let start = reader.clone();
    let invalid = || start.error(DecodeErrorKind::InvalidBitString);
    let (&unused, bits) = reader
        .contents(Tag::BIT_STRING)?
        .split_first()
        .ok_or_else(invalid)?;
    // X.690 §8.6.2.2 and §11.2.1: at most seven unused bits, none when empty, each of them zero.
    let padding = bits.last().map_or(0, |octet| octet.trailing_zeros());
    if unused > 7 || u32::from(unused) > padding {
        return Err(invalid());
    }
    let mut word = [0; 4];
    for (place, octet) in word.iter_mut().zip(bits) {
        *place = *octet;
    }
    Ok(u32::from_be_bytes(word))
}

/// Writes `KerberosFlags` with exactly 32 bits, like all implementations (RFC 4120 §5.2.8).
#[inline]
pub(crate) fn encode_flags<S: Sink>(flags: u32, sink: &mut S) {
    let [a, b, c, d] = flags.to_be_bytes();
    sink.primitive(Tag::BIT_STRING, &[0, a, b, c, d]);
}

/// Reads an INTEGER of at most five octets, which is enough for all types of RFC 4120.
#[inline(always)]
fn decode_integer(reader: &mut Reader<'_>) -> Result<i64, DecodeError> {
    let start = reader.clone();
    let octets = reader.contents(Tag::INTEGER)?;
    // X.690 §8.3.2: the first nine bits must not be all ones or all zeros.
    match *octets {
        [octet] => return Ok(i64::from(octet.cast_signed())),
        [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => {
            return Err(start.error(DecodeErrorKind::NonMinimalInteger));
        }
        [_, _, _, _, _, _, ..] => return Err(start.error(DecodeErrorKind::IntegerOutOfRange)),
        _ => {}
    }
    let sign = if octets.first().is_some_and(|&first| first >= 0x80) {
        -1
    } else {
        0
    };
    Ok(octets
        .iter()
        .fold(sign, |value, &octet| (value << 8) | i64::from(octet)))
}

#[cfg(test)]
mod tests {
    use core::fmt::Debug;

    use super::super::{Decode, DecodeErrorKind, Encode, Reader};
    use super::decode_flags;

    /// Checks that `bytes` decode to `value`, and `value` encodes to `bytes`.
    #[track_caller]
    fn check<T>(bytes: &'static [u8], value: &T)
    where
        T: Decode<'static> + Encode + PartialEq + Debug,
    {
        assert_eq!(T::from_der(bytes).as_ref(), Ok(value));
        assert_eq!(value.to_der(), bytes);
    }

    #[track_caller]
    fn check_error<T: Decode<'static> + Debug>(bytes: &'static [u8], kind: DecodeErrorKind) {
        assert_eq!(T::from_der(bytes).unwrap_err().kind, kind);
    }

    #[test]
    fn i32_must_be_minimal_and_in_range() {
        check(b"\x02\x01\x00", &0);
        check(b"\x02\x01\x7f", &127);
        check(b"\x02\x02\x00\x80", &128);
        check(b"\x02\x01\x80", &-128);
        check(b"\x02\x02\xff\x7f", &-129);
        check(b"\x02\x04\x7f\xff\xff\xff", &i32::MAX);
        check(b"\x02\x04\x80\x00\x00\x00", &i32::MIN);
        check_error::<i32>(b"\x02\x00", DecodeErrorKind::NonMinimalInteger);
        check_error::<i32>(b"\x02\x02\x00\x7f", DecodeErrorKind::NonMinimalInteger);
        check_error::<i32>(b"\x02\x02\xff\x80", DecodeErrorKind::NonMinimalInteger);
        check_error::<i32>(
            b"\x02\x05\x00\x80\x00\x00\x00",
            DecodeErrorKind::IntegerOutOfRange,
        );
        check_error::<i32>(
            b"\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00",
            DecodeErrorKind::IntegerOutOfRange,
        );
    }

    #[test]
    fn u32_accepts_negative_encoding_of_same_32_bits() {
        check(b"\x02\x01\x2a", &42_u32);
        check(b"\x02\x05\x00\x80\x00\x00\x00", &0x8000_0000_u32);
        check(b"\x02\x05\x00\xff\xff\xff\xff", &u32::MAX);
        // Sent as negative numbers with the same 32 bits.
        assert_eq!(u32::from_der(b"\x02\x01\xff"), Ok(u32::MAX));
        assert_eq!(u32::from_der(b"\x02\x04\x80\x00\x00\x01"), Ok(0x8000_0001));
        check_error::<u32>(
            b"\x02\x05\x01\x00\x00\x00\x00",
            DecodeErrorKind::IntegerOutOfRange,
        );
        check_error::<u32>(
            b"\x02\x05\xff\x7f\xff\xff\xff",
            DecodeErrorKind::IntegerOutOfRange,
        );
    }

    #[test]
    fn boolean_must_be_00_or_ff() {
        check(b"\x01\x01\x00", &false);
        check(b"\x01\x01\xff", &true);
        check_error::<bool>(b"\x01\x01\x01", DecodeErrorKind::InvalidBoolean);
        check_error::<bool>(b"\x01\x00", DecodeErrorKind::InvalidBoolean);
    }

    #[test]
    fn flags_decode_from_bit_string_of_any_length() {
        let flags = |bytes| decode_flags(&mut Reader::new(bytes)).map_err(|error| error.kind);
        let invalid = Err(DecodeErrorKind::InvalidBitString);
        assert_eq!(flags(b"\x03\x05\x00\xfe\xdc\xba\x98"), Ok(0xfedc_ba98));
        assert_eq!(flags(b"\x03\x01\x00"), Ok(0));
        assert_eq!(flags(b"\x03\x02\x06\x40"), Ok(0x4000_0000));
        assert_eq!(flags(b"\x03\x03\x00\x40\x80"), Ok(0x4080_0000));
        assert_eq!(flags(b"\x03\x06\x00\x40\x80\x00\x00\xff"), Ok(0x4080_0000));
        assert_eq!(flags(b"\x03\x00"), invalid);
        assert_eq!(flags(b"\x03\x01\x01"), invalid);
        assert_eq!(flags(b"\x03\x02\x08\x00"), invalid);
        assert_eq!(flags(b"\x03\x02\x07\x40"), invalid);
    }
}

//! `Reader`: reads borrowed DER, strict and bounds-checked (X.690 §8.1, §10.1).

#![expect(
    clippy::inline_always,
    reason = "without it, results travel through memory and an AS-REP takes twice as long to read"
)]

use super::{DecodeError, DecodeErrorKind, Tag};

/// A cursor over a series of DER elements.
///
/// It only moves forward and returns parts of the input. Entering an element returns a new reader
/// that is limited to that element. Errors contain offsets into the whole input.
///
/// # Example
/// ```
/// use kerberos_asn1::der::{Reader, Tag};
/// let mut outer = Reader::new(b"\x30\x03\x02\x01\x05");
/// let mut fields = outer.enter(Tag::SEQUENCE)?;
/// assert_eq!(fields.contents(Tag::INTEGER)?, b"\x05");
/// fields.finish()?;
/// outer.finish()?;
/// # Ok::<(), kerberos_asn1::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// The offset of the end of `rest` in the whole input.
    end: usize,
}

impl<'a> Reader<'a> {
    /// A reader of all of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            end: bytes.len(),
        }
    }

    /// Reads an element with `tag` and returns its contents.
    ///
    /// # Errors
    /// When the next element does not have this tag, or is malformed.
    #[inline(always)]
    pub fn contents(&mut self, tag: Tag) -> Result<&'a [u8], DecodeError> {
        // Nearly all elements have a short length. That case is small enough to be inlined.
        if let [octet, length @ ..0x80, body @ ..] = self.rest
            && *octet == tag.0
            && let Some((contents, rest)) = body.split_at_checked(usize::from(*length))
        {
            self.rest = rest;
            return Ok(contents);
        }
        match self.medium_contents(tag) {
            Some(contents) => Ok(contents),
            None => self.any_contents(tag),
        }
    }

    /// Reads an element with `tag` and returns a reader for its contents.
    ///
    /// # Errors
    /// When the next element does not have this tag, or is malformed.
    #[inline]
    pub fn enter(&mut self, tag: Tag) -> Result<Self, DecodeError> {
        let contents = self.contents(tag)?;
        Ok(Self {
            rest: contents,
            end: self.position(),
        })
    }

    /// The same as [`Reader::enter`], but `None` if the next element does not have `tag`.
    ///
    /// # Errors
    /// When the next element has `tag` but is malformed.
    #[inline]
    pub fn enter_optional(&mut self, tag: Tag) -> Result<Option<Self>, DecodeError> {
        if self.peek() == Some(tag) {
            self.enter(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The octets from the position of `start`, an earlier copy of this reader, to the current
    /// position.
    #[inline]
    pub fn since(&self, start: &Self) -> &'a [u8] {
        let length = start.rest.len().saturating_sub(self.rest.len());
        start.rest.get(..length).unwrap_or_default()
    }

    /// Reads an element with `tag` and returns all its octets, including identifier and length.
    ///
    /// # Errors
    /// When the next element does not have this tag, or is malformed.
    #[inline]
    pub fn raw(&mut self, tag: Tag) -> Result<&'a [u8], DecodeError> {
        let start = self.clone();
        self.contents(tag)?;
        Ok(self.since(&start))
    }

    /// Enters a SEQUENCE, inside `[APPLICATION n]` if `application` is given, and returns a reader
    /// for its fields. [`Reader::finish_sequence`] must end it.
    ///
    /// # Errors
    /// When there is no such element here, or it is malformed.
    #[inline]
    pub fn sequence(&mut self, application: Option<u8>) -> Result<Self, DecodeError> {
        let Some(number) = application else {
            return self.enter(Tag::SEQUENCE);
        };
        let mut frame = self.enter(Tag::application(number))?;
        let fields = frame.enter(Tag::SEQUENCE)?;
        frame.finish()?;
        Ok(fields)
    }

    /// Ends a SEQUENCE whose last known field has the context tag `last`.
    ///
    /// Fields that a later version of the protocol added at the end are skipped: according to
    /// RFC 4120 §1.5.1, an extension alone is no reason to refuse a message. They must be
    /// well-formed, with explicit context tags above `last` in ascending order. They are not kept;
    /// messages that must be preserved exactly are available as raw bytes.
    ///
    /// # Errors
    /// When anything else follows.
    #[inline]
    pub fn finish_sequence(self, last: u8) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            self.skip_extensions(last)
        }
    }

    /// Ends the reader.
    ///
    /// # Errors
    /// [`DecodeErrorKind::TrailingData`] if anything is left.
    #[inline]
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error(DecodeErrorKind::TrailingData))
        }
    }

    /// The tag of the next element, if there is one.
    #[inline]
    pub fn peek(&self) -> Option<Tag> {
        self.rest.first().map(|&octet| Tag(octet))
    }

    /// Whether everything has been read.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The octets that have not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The offset of the next element in the whole input.
    #[inline]
    pub const fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    /// An error at the current position.
    pub const fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError {
            kind,
            position: self.position(),
        }
    }

    /// [`Reader::contents`] for lengths from 128 to 65 535; `None` on any error.
    #[inline(never)]
    fn medium_contents(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let (length, body) = match self.rest {
            [octet, 0x81, a @ 0x80..=0xff, body @ ..] if *octet == tag.0 => (u16::from(*a), body),
            [octet, 0x82, a @ 1..=0xff, b, body @ ..] if *octet == tag.0 => {
                (u16::from_be_bytes([*a, *b]), body)
            }
            _ => return None,
        };
        let (contents, rest) = body.split_at_checked(usize::from(length))?;
        self.rest = rest;
        Some(contents)
    }

    /// [`Reader::contents`] for any length, with the exact error.
    #[cold]
    fn any_contents(&mut self, tag: Tag) -> Result<&'a [u8], DecodeError> {
        match self.peek() {
            Some(found) if found == tag => self.element(),
            Some(found) => Err(self.error(DecodeErrorKind::UnexpectedTag {
                expected: tag,
                found,
            })),
            None => Err(self.error(DecodeErrorKind::Missing { expected: tag })),
        }
    }

    /// Skips the extensions that [`Reader::finish_sequence`] allows.
    #[cold]
    fn skip_extensions(mut self, mut last: u8) -> Result<(), DecodeError> {
        while let Some(tag) = self.peek() {
            match tag.context_number() {
                Some(number) if number > last => last = number,
                _ => return Err(self.error(DecodeErrorKind::TrailingData)),
            }
            self.element()?;
        }
        Ok(())
    }

    /// Reads an element with any tag and returns its contents.
    fn element(&mut self) -> Result<&'a [u8], DecodeError> {
        let (length, body) = match *self.rest {
            // RFC 4120 §5.1.5: be prepared for tag numbers above 30. They are refused with an
            // error.
            [tag, ..] if tag & 0x1f == 0x1f => {
                return Err(self.error(DecodeErrorKind::HighTagNumber));
            }
            // X.690 §10.1: the short form for every length below 128.
            [_, length, ref body @ ..] if length < 0x80 => (usize::from(length), body),
            [_, length, ref body @ ..] => self.long_length(length, body)?,
            _ => return Err(self.error(DecodeErrorKind::Truncated)),
        };
        let Some((contents, rest)) = body.split_at_checked(length) else {
            return Err(self.error(DecodeErrorKind::Truncated));
        };
        self.rest = rest;
        Ok(contents)
    }

    /// Reads a length in the long form, whose first octet is `first`. Also returns what follows it.
    #[inline]
    fn long_length(&self, first: u8, body: &'a [u8]) -> Result<(usize, &'a [u8]), DecodeError> {
        let (length, body) = match (first, body) {
            (0x80, _) => return Err(self.error(DecodeErrorKind::IndefiniteLength)),
            (0x81, &[a, ref body @ ..]) => (u32::from(a), body),
            (0x82, &[a, b, ref body @ ..]) => (u32::from_be_bytes([0, 0, a, b]), body),
            (0x83, &[a, b, c, ref body @ ..]) => (u32::from_be_bytes([0, a, b, c]), body),
            (0x84, &[a, b, c, d, ref body @ ..]) => (u32::from_be_bytes([a, b, c, d]), body),
            (0x81..=0x84, _) => return Err(self.error(DecodeErrorKind::Truncated)),
            _ => return Err(self.error(DecodeErrorKind::LengthTooLong)),
        };
        // X.690 §10.1: a length must have the fewest possible octets.
        let shortest = match first {
            0x81 => length >= 0x80,
            0x82 => length > 0xff,
            0x83 => length > 0xffff,
            _ => length > 0x00ff_ffff,
        };
        if !shortest {
            return Err(self.error(DecodeErrorKind::NonMinimalLength));
        }
        let length =
            usize::try_from(length).map_err(|_| self.error(DecodeErrorKind::LengthTooLong))?;
        Ok((length, body))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::super::{DecodeError, DecodeErrorKind, Tag};
    use super::Reader;

    #[track_caller]
    fn check(input: &[u8], expected: Result<&[u8], (DecodeErrorKind, usize)>) {
        let found = Reader::new(input).contents(Tag::OCTET_STRING);
        assert_eq!(
            found,
            expected.map_err(|(kind, position)| DecodeError { kind, position })
        );
    }

    /// An OCTET STRING of `count` zeros with the length octets as given.
    fn octets(length: &[u8], count: usize) -> Vec<u8> {
        let mut bytes = vec![0x04];
        bytes.extend_from_slice(length);
        bytes.resize(bytes.len() + count, 0);
        bytes
    }

    #[test]
    fn lengths_must_be_definite_and_minimal() {
        check(b"\x04\x00", Ok(b""));
        check(b"\x04\x02ab", Ok(b"ab"));
        check(&octets(&[0x7f], 0x7f), Ok(&[0; 0x7f]));
        check(&octets(&[0x81, 0x80], 0x80), Ok(&[0; 0x80]));
        check(&octets(&[0x82, 0x01, 0x00], 0x100), Ok(&[0; 0x100]));
        check(
            &octets(&[0x83, 0x01, 0x00, 0x00], 0x1_0000),
            Ok(&vec![0; 0x1_0000]),
        );
        check(
            b"\x04\x80\x00\x00",
            Err((DecodeErrorKind::IndefiniteLength, 0)),
        );
        check(
            &octets(&[0x81, 0x7f], 0x7f),
            Err((DecodeErrorKind::NonMinimalLength, 0)),
        );
        check(
            &octets(&[0x82, 0x00, 0xff], 0xff),
            Err((DecodeErrorKind::NonMinimalLength, 0)),
        );
        check(
            &[0x04, 0x83, 0, 0xff, 0xff],
            Err((DecodeErrorKind::NonMinimalLength, 0)),
        );
        check(
            &[0x04, 0x84, 0, 0xff, 0xff, 0xff],
            Err((DecodeErrorKind::NonMinimalLength, 0)),
        );
        check(
            &[0x04, 0x85, 1, 0, 0, 0, 0],
            Err((DecodeErrorKind::LengthTooLong, 0)),
        );
        check(&[0x04, 0xff], Err((DecodeErrorKind::LengthTooLong, 0)));
        check(
            &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff],
            Err((DecodeErrorKind::Truncated, 0)),
        );
    }

    #[test]
    fn truncated_input_and_wrong_tags_are_refused() {
        check(
            b"",
            Err((
                DecodeErrorKind::Missing {
                    expected: Tag::OCTET_STRING,
                },
                0,
            )),
        );
        check(b"\x04", Err((DecodeErrorKind::Truncated, 0)));
        check(b"\x04\x02a", Err((DecodeErrorKind::Truncated, 0)));
        check(b"\x04\x81", Err((DecodeErrorKind::Truncated, 0)));
        check(b"\x04\x82\x01", Err((DecodeErrorKind::Truncated, 0)));
        let found = DecodeErrorKind::UnexpectedTag {
            expected: Tag::OCTET_STRING,
            found: Tag::INTEGER,
        };
        check(b"\x02\x01\x00", Err((found, 0)));
        assert_eq!(
            Reader::new(b"\x1f\x81\x00\x00")
                .contents(Tag(0x1f))
                .unwrap_err()
                .kind,
            DecodeErrorKind::HighTagNumber
        );
    }

    #[test]
    fn positions_count_from_the_start_of_the_outer_input() {
        let mut outer = Reader::new(b"\x30\x05\x02\x01\x05\x04\x00");
        let mut inner = outer.enter(Tag::SEQUENCE).unwrap();
        assert_eq!(inner.position(), 2);
        inner.contents(Tag::INTEGER).unwrap();
        assert_eq!(inner.contents(Tag::INTEGER).unwrap_err().position, 5);
        assert_eq!(inner.raw(Tag::OCTET_STRING), Ok(&b"\x04\x00"[..]));
        assert_eq!(outer.position(), 7);
    }

    #[test]
    fn unknown_trailing_fields_are_skipped_if_tags_ascend() {
        let read = |bytes| {
            let fields = Reader::new(bytes).sequence(None).unwrap();
            fields.finish_sequence(1).map_err(|error| error.kind)
        };
        assert_eq!(read(b"\x30\x04\xa2\x02\x04\x00"), Ok(()));
        assert_eq!(read(b"\x30\x08\xa2\x02\x04\x00\xa5\x02\x04\x00"), Ok(()));
        assert_eq!(
            read(b"\x30\x04\xa1\x02\x04\x00"),
            Err(DecodeErrorKind::TrailingData)
        );
        assert_eq!(
            read(b"\x30\x08\xa5\x02\x04\x00\xa2\x02\x04\x00"),
            Err(DecodeErrorKind::TrailingData)
        );
        assert_eq!(
            read(b"\x30\x02\x04\x00"),
            Err(DecodeErrorKind::TrailingData)
        );
        assert_eq!(
            read(b"\x30\x04\xa2\x03\x04\x00"),
            Err(DecodeErrorKind::Truncated)
        );
    }
}

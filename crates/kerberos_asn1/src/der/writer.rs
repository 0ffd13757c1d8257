//! Writing DER backwards, so that a value's length is known when its header is written.

use super::Tag;

/// Takes an encoding from its last octet to its first.
pub trait Sink {
    /// Writes `bytes` in front of what was written before.
    fn prepend(&mut self, bytes: &[u8]);

    /// The number of octets written.
    fn written(&self) -> usize;

    /// Writes an element with `tag` in front. Its contents are written by `contents`.
    #[inline]
    fn element(&mut self, tag: Tag, contents: impl FnOnce(&mut Self))
    where
        Self: Sized,
    {
        let before = self.written();
        contents(self);
        let length = self.written() - before;
        self.header(tag, length);
    }

    /// Writes an element with `tag` and the given contents in front.
    #[inline]
    fn primitive(&mut self, tag: Tag, contents: &[u8])
    where
        Self: Sized,
    {
        self.prepend(contents);
        self.header(tag, contents.len());
    }

    /// Writes a SEQUENCE in front, inside `[APPLICATION n]` if `application` is given.
    #[inline]
    fn sequence(&mut self, application: Option<u8>, fields: impl FnOnce(&mut Self))
    where
        Self: Sized,
    {
        match application {
            None => self.element(Tag::SEQUENCE, fields),
            Some(number) => self.element(Tag::application(number), |sink| {
                sink.element(Tag::SEQUENCE, fields);
            }),
        }
    }

    /// Writes the identifier and length octets in front of contents of `length` octets.
    #[inline]
    fn header(&mut self, tag: Tag, length: usize) {
        // X.690 §10.1: the short form below 128, otherwise the long form with the fewest octets.
        match u8::try_from(length) {
            Ok(short @ ..0x80) => self.prepend(&[tag.0, short]),
            Ok(long) => self.prepend(&[tag.0, 0x81, long]),
            Err(_) => {
                let octets = length.to_be_bytes();
                let zeros = octets.iter().take_while(|&&octet| octet == 0).count();
                let significant = octets.get(zeros..).unwrap_or_default();
                self.prepend(significant);
                // At most the eight octets of a `usize`.
                let count = u8::try_from(significant.len()).unwrap_or_default();
                self.prepend(&[tag.0, 0x80 | count]);
            }
        }
    }
}

/// A sink that only counts, for the first pass of an encoder.
#[derive(Debug, Default)]
pub struct Counter {
    written: usize,
}

impl Counter {
    /// A counter at zero.
    pub const fn new() -> Self {
        Self { written: 0 }
    }
}

impl Sink for Counter {
    #[inline]
    fn prepend(&mut self, bytes: &[u8]) {
        self.written += bytes.len();
    }

    #[inline]
    fn written(&self) -> usize {
        self.written
    }
}

/// A sink that fills a buffer from its end, for the second pass of an encoder.
#[derive(Debug)]
pub struct Buffer<'b> {
    bytes: &'b mut [u8],
    /// How many octets at the front of `bytes` are still free.
    free: usize,
}

impl<'b> Buffer<'b> {
    /// A sink into `bytes`, which must have the length of the encoding.
    pub const fn new(bytes: &'b mut [u8]) -> Self {
        let free = bytes.len();
        Self { bytes, free }
    }

    /// Whether every octet of the buffer was written.
    pub const fn is_full(&self) -> bool {
        self.free == 0
    }
}

impl Sink for Buffer<'_> {
    /// Writes `bytes` in front. If they do not fit into the buffer, they are left out.
    #[inline]
    fn prepend(&mut self, bytes: &[u8]) {
        let Some(start) = self.free.checked_sub(bytes.len()) else {
            debug_assert!(false, "the buffer is shorter than the encoding");
            return;
        };
        if let Some(place) = self.bytes.get_mut(start..self.free) {
            place.copy_from_slice(bytes);
        }
        self.free = start;
    }

    #[inline]
    fn written(&self) -> usize {
        self.bytes.len() - self.free
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::super::{Encode, Tag};
    use super::{Counter, Sink};

    #[track_caller]
    fn check(length: usize, header: &[u8]) {
        let contents = vec![7; length];
        let mut expected = Vec::from(header);
        expected.extend_from_slice(&contents);
        assert_eq!(contents.as_slice().to_der(), expected);
    }

    #[test]
    fn length_header_uses_shortest_form() {
        check(0, &[4, 0]);
        check(0x7f, &[4, 0x7f]);
        check(0x80, &[4, 0x81, 0x80]);
        check(0xff, &[4, 0x81, 0xff]);
        check(0x100, &[4, 0x82, 1, 0]);
        check(0xffff, &[4, 0x82, 0xff, 0xff]);
        check(0x1_0000, &[4, 0x83, 1, 0, 0]);
    }

    #[test]
    fn counter_includes_nested_headers() {
        let mut counter = Counter::new();
        counter.sequence(Some(1), |sink| sink.primitive(Tag::OCTET_STRING, &[0; 126]));
        assert_eq!(counter.written(), 126 + 2 + 3 + 3);
    }
}

//! `SEQUENCE OF`, borrowed from encoded bytes or built from values.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use super::{Decode, DecodeError, Encode, Reader, Sink, Tag};

/// A `SEQUENCE OF T`.
///
/// Decoding checks every element, but keeps only the encoded bytes and allocates nothing. Iterating
/// decodes the elements again, one at a time. To encode one, build it from a `Vec` or a slice.
///
/// # Example
/// ```
/// use kerberos_asn1::{Decode, Encode, SequenceOf};
/// let built: SequenceOf<'_, i32> = SequenceOf::from(vec![18, 17]);
/// let der = built.to_der();
/// assert_eq!(der, b"\x30\x06\x02\x01\x12\x02\x01\x11");
///
/// let read = SequenceOf::<i32>::from_der(&der)?;
/// assert_eq!(read.iter().collect::<Vec<_>>(), [18, 17]);
/// assert_eq!(read, built);
/// # Ok::<(), kerberos_asn1::DecodeError>(())
/// ```
#[derive(Clone)]
pub struct SequenceOf<'a, T>(Elements<'a, T>);

#[derive(Clone)]
enum Elements<'a, T> {
    /// The contents octets. Every element has been decoded successfully once.
    Wire(&'a [u8]),
    Slice(&'a [T]),
    Vec(Vec<T>),
}

impl<'a, T: Decode<'a> + Clone> SequenceOf<'a, T> {
    /// The elements, in order.
    pub fn iter(&self) -> SequenceOfIter<'_, 'a, T> {
        SequenceOfIter(match &self.0 {
            Elements::Wire(contents) => Iter::Wire(Reader::new(contents), PhantomData),
            Elements::Slice(values) => Iter::Values(values.iter()),
            Elements::Vec(values) => Iter::Values(values.iter()),
        })
    }

    /// The first element.
    pub fn first(&self) -> Option<T> {
        self.iter().next()
    }

    /// The number of elements. For a decoded list this has to count them.
    pub fn len(&self) -> usize {
        self.iter().count()
    }
}

impl<T> SequenceOf<'_, T> {
    /// A list without elements.
    pub const fn empty() -> Self {
        Self(Elements::Slice(&[]))
    }

    /// Whether the list is empty.
    pub const fn is_empty(&self) -> bool {
        match &self.0 {
            Elements::Wire(contents) => contents.is_empty(),
            Elements::Slice(values) => values.is_empty(),
            Elements::Vec(values) => values.is_empty(),
        }
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for SequenceOf<'a, T> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut elements = reader.enter(Tag::SEQUENCE)?;
        let contents = elements.rest();
        while !elements.is_empty() {
            T::decode(&mut elements)?;
        }
        Ok(Self(Elements::Wire(contents)))
    }
}

impl<T: Encode> Encode for SequenceOf<'_, T> {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        let values = match &self.0 {
            // Verbatim, to keep extensions of elements that their type does not know.
            Elements::Wire(contents) => return sink.primitive(Tag::SEQUENCE, contents),
            Elements::Slice(values) => values,
            Elements::Vec(values) => values.as_slice(),
        };
        sink.element(Tag::SEQUENCE, |sink| {
            for value in values.iter().rev() {
                value.encode(sink);
            }
        });
    }
}

impl<T> From<Vec<T>> for SequenceOf<'_, T> {
    fn from(values: Vec<T>) -> Self {
        Self(Elements::Vec(values))
    }
}

impl<'a, T> From<&'a [T]> for SequenceOf<'a, T> {
    fn from(values: &'a [T]) -> Self {
        Self(Elements::Slice(values))
    }
}

impl<T> FromIterator<T> for SequenceOf<'_, T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(Elements::Vec(values.into_iter().collect()))
    }
}

impl<T> Default for SequenceOf<'_, T> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<'s, 'a, T: Decode<'a> + Clone> IntoIterator for &'s SequenceOf<'a, T> {
    type Item = T;
    type IntoIter = SequenceOfIter<'s, 'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Equal if the elements are, whether decoded or built.
impl<'a, T: Decode<'a> + Clone + PartialEq> PartialEq for SequenceOf<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Decode<'a> + Clone + Eq> Eq for SequenceOf<'a, T> {}

impl<'a, T: Decode<'a> + Clone + fmt::Debug> fmt::Debug for SequenceOf<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The elements of a [`SequenceOf`].
#[derive(Clone)]
pub struct SequenceOfIter<'s, 'a, T>(Iter<'s, 'a, T>);

#[derive(Clone)]
enum Iter<'s, 'a, T> {
    Wire(Reader<'a>, PhantomData<fn() -> T>),
    Values(core::slice::Iter<'s, T>),
}

impl<'a, T: Decode<'a> + Clone> Iterator for SequenceOfIter<'_, 'a, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            // All elements were already decoded once, so an error can only mean the end.
            Iter::Wire(reader, _) => T::decode(reader).ok(),
            Iter::Values(values) => values.next().cloned(),
        }
    }
}

impl<T> fmt::Debug for SequenceOfIter<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SequenceOfIter")
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::super::{Decode, DecodeErrorKind, Encode};
    use super::SequenceOf;

    #[test]
    fn slice_vec_and_wire_sources_are_equal() {
        let values = [1, -5, 300];
        let slice = SequenceOf::from(&values[..]);
        let vector = SequenceOf::from(vec![1, -5, 300]);
        let der = slice.to_der();
        let wire = SequenceOf::<i32>::from_der(&der).unwrap();
        assert_eq!((&slice, &slice), (&vector, &wire));
        assert_eq!((vector.to_der(), wire.to_der()), (der.clone(), der.clone()));
        assert_eq!(wire.iter().collect::<Vec<_>>(), values);
        assert_eq!(
            (wire.len(), wire.first(), wire.is_empty()),
            (3, Some(1), false)
        );
    }

    #[test]
    fn empty_sequence_round_trips() {
        let wire = SequenceOf::<i32>::from_der(b"\x30\x00").unwrap();
        assert!(wire.is_empty());
        assert_eq!(wire, SequenceOf::empty());
        assert_eq!(wire.first(), None);
        assert_eq!(SequenceOf::<i32>::empty().to_der(), b"\x30\x00");
    }

    #[test]
    fn decoding_validates_every_element_up_front() {
        let error = SequenceOf::<i32>::from_der(b"\x30\x06\x02\x01\x05\x04\x01\x05").unwrap_err();
        assert!(matches!(error.kind, DecodeErrorKind::UnexpectedTag { .. }));
        assert_eq!(error.position, 5);
    }
}

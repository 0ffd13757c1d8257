//! What the two binary formats share: integers in a stated byte order, length-prefixed bytes, and
//! principals that stay in the buffer they were read into.
//!
//! The layouts themselves are in [`crate::ccache`] and [`crate::keytab`]; no file system here.

use core::fmt;

use kerberos_asn1::NameType;
use kerberos_proto::Principal;
use thiserror::Error;

/// Where a length did not fit the format's field: the only way encoding can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("{field} is too long for the file format")]
pub struct EncodeError {
    /// The part that is too long.
    pub field: &'static str,
}

/// Bytes that are no entry, or not exactly one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("malformed encoding: {problem}")]
pub struct DecodeError {
    /// The part that does not fit, or what is wrong.
    pub problem: &'static str,
}

/// The order of the bytes of an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ByteOrder {
    Big,
    Little,
}

/// The width of a length prefix: 16 bits in keytabs, 32 in caches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Width {
    Two,
    Four,
}

/// How a format version writes integers and lengths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Style {
    pub(crate) order: ByteOrder,
    pub(crate) width: Width,
}

/// A field reaches beyond the bytes at hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Short {
    /// How many bytes, from where the cursor began, the field would need at least.
    pub(crate) needed: usize,
    /// Which field.
    pub(crate) field: &'static str,
}

/// Reads fields from the front of a slice.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    style: Style,
}

/// Where encoded bytes go: a counter first, then a buffer of exactly that size.
pub(crate) trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

/// Writes fields to a [`Sink`].
pub(crate) struct Encoder<'s, S: ?Sized> {
    pub(crate) sink: &'s mut S,
    pub(crate) style: Style,
}

/// The name of a principal as it lies in a file's buffer: nothing is copied until
/// [`to_principal`](Self::to_principal).
///
/// Two views, or a view and a [`Principal`], are the same name when realm and components are,
/// whatever their name types (RFC 4120 §6.2).
#[derive(Clone, Copy)]
pub struct PrincipalView<'a> {
    pub(crate) name_type: NameType,
    pub(crate) realm: &'a [u8],
    pub(crate) count: u32,
    /// The length-prefixed components, already checked to be `count` whole ones.
    pub(crate) components: &'a [u8],
    pub(crate) style: Style,
}

/// The components of a [`PrincipalView`], first to last.
#[derive(Clone)]
pub struct Components<'a> {
    cursor: Cursor<'a>,
    left: u32,
}

impl ByteOrder {
    /// The order of the machine that this program runs on.
    pub(crate) const NATIVE: Self = if cfg!(target_endian = "big") {
        Self::Big
    } else {
        Self::Little
    };
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], style: Style) -> Self {
        Self {
            bytes,
            position: 0,
            style,
        }
    }

    /// How many bytes were read so far.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    pub(crate) fn take(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], Short> {
        let end = self.position.saturating_add(length);
        let taken = self
            .bytes
            .get(self.position..end)
            .ok_or(Short { needed: end, field })?;
        self.position = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Short> {
        let end = self.position.saturating_add(N);
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let taken = rest
            .first_chunk::<N>()
            .ok_or(Short { needed: end, field })?;
        self.position = end;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, Short> {
        let [byte] = self.array(field)?;
        Ok(byte)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, Short> {
        let bytes = self.array(field)?;
        Ok(match self.style.order {
            ByteOrder::Big => u16::from_be_bytes(bytes),
            ByteOrder::Little => u16::from_le_bytes(bytes),
        })
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, Short> {
        let bytes = self.array(field)?;
        Ok(match self.style.order {
            ByteOrder::Big => u32::from_be_bytes(bytes),
            ByteOrder::Little => u32::from_le_bytes(bytes),
        })
    }

    /// A length in the format's width.
    fn length(&mut self, field: &'static str) -> Result<usize, Short> {
        let length = match self.style.width {
            Width::Two => u32::from(self.u16(field)?),
            Width::Four => self.u32(field)?,
        };
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Length-prefixed bytes.
    pub(crate) fn data(&mut self, field: &'static str) -> Result<&'a [u8], Short> {
        let length = self.length(field)?;
        self.take(length, field)
    }

    /// Walks over `count` items of at least `least` bytes each and returns the bytes they span.
    ///
    /// A count that the bytes cannot hold fails before the walk, so that no work is done and
    /// nothing is allocated for a number a file merely claims.
    pub(crate) fn items(
        &mut self,
        count: u32,
        least: usize,
        field: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Short>,
    ) -> Result<&'a [u8], Short> {
        let start = self.position;
        let claimed = usize::try_from(count)
            .unwrap_or(usize::MAX)
            .saturating_mul(least);
        if claimed > self.remaining() {
            return Err(Short {
                needed: start.saturating_add(claimed),
                field,
            });
        }
        for _ in 0..count {
            item(self)?;
        }
        Ok(self.bytes.get(start..self.position).unwrap_or_default())
    }

    /// A realm and `count` components.
    pub(crate) fn names(
        &mut self,
        name_type: NameType,
        count: u32,
    ) -> Result<PrincipalView<'a>, Short> {
        let realm = self.data("realm")?;
        let least = self.style.width.bytes();
        let components = self.items(count, least, "name component", |cursor| {
            cursor.data("name component").map(drop)
        })?;
        Ok(PrincipalView {
            name_type,
            realm,
            count,
            components,
            style: self.style,
        })
    }
}

impl Width {
    fn bytes(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
        }
    }
}

impl Sink for usize {
    fn put(&mut self, bytes: &[u8]) {
        *self = self.saturating_add(bytes.len());
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl<S: Sink + ?Sized> Encoder<'_, S> {
    pub(crate) fn u8(&mut self, value: u8) {
        self.sink.put(&[value]);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.sink.put(&match self.style.order {
            ByteOrder::Big => value.to_be_bytes(),
            ByteOrder::Little => value.to_le_bytes(),
        });
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.sink.put(&match self.style.order {
            ByteOrder::Big => value.to_be_bytes(),
            ByteOrder::Little => value.to_le_bytes(),
        });
    }

    /// The low 16 bits of a signed number that both formats cut to 16 bits.
    pub(crate) fn low_u16(&mut self, value: i32) {
        let [_, _, high, low] = value.to_be_bytes();
        self.u16(u16::from_be_bytes([high, low]));
    }

    pub(crate) fn count(&mut self, count: usize, field: &'static str) -> Result<(), EncodeError> {
        match self.style.width {
            Width::Two => self.u16(u16::try_from(count).map_err(|_| EncodeError { field })?),
            Width::Four => self.u32(u32::try_from(count).map_err(|_| EncodeError { field })?),
        }
        Ok(())
    }

    pub(crate) fn data(&mut self, bytes: &[u8], field: &'static str) -> Result<(), EncodeError> {
        self.count(bytes.len(), field)?;
        self.sink.put(bytes);
        Ok(())
    }

    /// The realm and the components, without their count.
    pub(crate) fn names(&mut self, principal: &Principal) -> Result<(), EncodeError> {
        self.data(principal.realm(), "realm")?;
        for component in principal.components() {
            self.data(component, "name component")?;
        }
        Ok(())
    }
}

impl<'a> PrincipalView<'a> {
    /// How the components are meant; `UNKNOWN` where the format does not say.
    pub fn name_type(&self) -> NameType {
        self.name_type
    }

    /// The realm.
    pub fn realm(&self) -> &'a [u8] {
        self.realm
    }

    /// The components, first to last.
    pub fn components(&self) -> Components<'a> {
        Components {
            cursor: Cursor::new(self.components, self.style),
            left: self.count,
        }
    }

    /// Whether this is the name of `principal`.
    pub fn matches(&self, principal: &Principal) -> bool {
        self.realm == principal.realm() && self.components().eq(principal.components())
    }

    /// Appends the text form with MIT's escapes, `name@REALM`, to `out`.
    pub fn unparse_into(&self, out: &mut Vec<u8>) {
        Principal::unparse_parts_into(self.components(), self.realm, out);
    }

    /// A copy that outlives the buffer.
    pub fn to_principal(&self) -> Principal {
        Principal::new(self.name_type, self.components(), self.realm)
    }
}

impl PartialEq for PrincipalView<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.realm == other.realm && self.components().eq(other.components())
    }
}

impl Eq for PrincipalView<'_> {}

/// The text form, with bytes that are no UTF-8 replaced; see [`PrincipalView::unparse_into`].
impl fmt::Display for PrincipalView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.unparse_into(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for PrincipalView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.name_type)
    }
}

impl<'a> Iterator for Components<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        // The components were walked when the view was made, so this never falls short.
        self.cursor.data("name component").ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // Each component has a length prefix, so this cannot claim more than the bytes hold.
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Components<'_> {}

impl fmt::Debug for Components<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.clone().map(String::from_utf8_lossy))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIG: Style = Style {
        order: ByteOrder::Big,
        width: Width::Four,
    };

    #[test]
    fn a_claimed_count_fails_before_the_walk() {
        let mut cursor = Cursor::new(&[0; 16], BIG);
        let mut walked = 0;
        let result = cursor.items(u32::MAX, 4, "list", |_| {
            walked += 1;
            Ok(())
        });
        assert_eq!(result.unwrap_err().field, "list");
        assert_eq!(walked, 0);
    }

    #[test]
    fn short_says_how_much_is_needed() {
        let mut cursor = Cursor::new(&[0, 0, 0, 9, 1, 2], BIG);
        assert_eq!(
            cursor.data("x"),
            Err(Short {
                needed: 13,
                field: "x"
            })
        );
    }

    #[test]
    fn sixteen_bit_lengths_refuse_longer_bytes() {
        let style = Style {
            order: ByteOrder::Little,
            width: Width::Two,
        };
        let mut out = Vec::new();
        let mut encoder = Encoder {
            sink: &mut out,
            style,
        };
        assert_eq!(
            encoder.data(&vec![0; 65_536], "key"),
            Err(EncodeError { field: "key" })
        );
        encoder.data(b"ab", "key").unwrap();
        assert_eq!(out, [2, 0, b'a', b'b']);
    }
}

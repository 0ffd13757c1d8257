//! Reads fields from the front of a slice. If one is incomplete, the error says how much is
//! missing.

use kerberos_asn1::NameType;

use super::{ByteOrder, PrincipalView, Style, Width};

/// Reads fields from the front of a slice.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    style: Style,
}

/// A field extends beyond the available bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Short {
    /// The minimum number of bytes, counted from the cursor's beginning, that the field needs.
    pub(crate) needed: usize,
    /// The name of the field.
    pub(crate) field: &'static str,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], style: Style) -> Self {
        Self {
            bytes,
            position: 0,
            style,
        }
    }

    /// The number of bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// The number of bytes left.
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

    /// Reads a length of the format's width.
    fn length(&mut self, field: &'static str) -> Result<usize, Short> {
        let length = match self.style.width {
            Width::Two => u32::from(self.u16(field)?),
            Width::Four => self.u32(field)?,
        };
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Reads length-prefixed bytes.
    pub(crate) fn data(&mut self, field: &'static str) -> Result<&'a [u8], Short> {
        let length = self.length(field)?;
        self.take(length, field)
    }

    /// Skips `count` items of at least `least` bytes each, and returns the bytes that they occupy.
    ///
    /// A count that is too large for the bytes fails immediately, so that a number that a file
    /// merely claims causes no work and no allocation.
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

    /// Reads a realm and `count` components.
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

#[cfg(test)]
mod tests {
    use super::*;

    const BIG: Style = Style {
        order: ByteOrder::Big,
        width: Width::Four,
    };

    #[test]
    fn oversized_item_count_fails_before_any_item_is_read() {
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
    fn short_input_error_states_the_bytes_needed() {
        let mut cursor = Cursor::new(&[0, 0, 0, 9, 1, 2], BIG);
        assert_eq!(
            cursor.data("x"),
            Err(Short {
                needed: 13,
                field: "x"
            })
        );
    }
}

//! Writes fields to a counter or a buffer.

use kerberos_proto::Principal;

use super::{ByteOrder, EncodeError, Style, Width};

/// Writes fields to a [`Sink`].
pub(crate) struct Encoder<'s, S: ?Sized> {
    pub(crate) sink: &'s mut S,
    pub(crate) style: Style,
}

/// The destination of encoded bytes: first a counter, then a buffer of exactly that size.
pub(crate) trait Sink {
    fn put(&mut self, bytes: &[u8]);
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

    /// The low 16 bits of a signed number, which both formats truncate to 16 bits.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_too_long_for_a_16_bit_length_is_refused() {
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

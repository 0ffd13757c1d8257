//! `Cursor`: reads little-endian numbers, as used throughout a PAC, from borrowed bytes.

use alloc::string::String;

use super::PacFault;
use super::error::Fault;

/// Reads forward, and checks every read.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// A cursor that begins at `position` in `bytes`.
    pub(super) fn at(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let end = self.position.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.position..end));
        let taken = taken.ok_or_else(|| self.fault(PacFault::Truncated))?;
        self.position += count;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let start = self.position;
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| Fault {
            kind: PacFault::Truncated,
            position: start,
        })
    }

    /// The next `length` bytes, an even number, as UTF-16 text.
    pub(super) fn utf16(&mut self, length: usize) -> Result<String, Fault> {
        let start = self.position;
        let wrong = Fault {
            kind: PacFault::Utf16,
            position: start,
        };
        let (units, rest) = self.take(length)?.as_chunks();
        if !rest.is_empty() {
            return Err(wrong);
        }
        char::decode_utf16(units.iter().map(|&unit| u16::from_le_bytes(unit)))
            .collect::<Result<_, _>>()
            .map_err(|_| wrong)
    }

    /// Skips to the next multiple of `alignment`, which is a power of two.
    pub(super) fn align(&mut self, alignment: usize) -> Result<(), Fault> {
        let padding = self.position.wrapping_neg() & (alignment - 1);
        self.take(padding).map(drop)
    }

    /// Limits what is left to read to `count` bytes.
    pub(super) fn shorten_to(&mut self, count: usize) -> Result<(), Fault> {
        let end = self.position.checked_add(count);
        let shorter = end.and_then(|end| self.bytes.get(..end));
        self.bytes = shorter.ok_or_else(|| self.fault(PacFault::Truncated))?;
        Ok(())
    }

    pub(super) fn fault(&self, kind: PacFault) -> Fault {
        Fault {
            kind,
            position: self.position,
        }
    }
}

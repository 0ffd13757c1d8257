//! NDR as used in PACs: a single structure with its pointers, serialised to bytes (MS-RPCE §2.2.6,
//! C706 §14).
//!
//! The structure comes first, then the pointed-to values in the order of the pointers. A pointer is
//! a number of which only zero or non-zero matters. Counts are checked against each other and
//! against the available bytes; no memory is allocated based on them.

use alloc::string::String;
use alloc::vec::Vec;

use super::cursor::Cursor;
use super::error::Fault;
use super::{PacFault, Sid};

/// Reads the single top-level structure.
pub(super) struct NdrReader<'a>(Cursor<'a>);

/// An RPC_UNICODE_STRING, whose characters follow later (MS-DTYP §2.3.10).
#[derive(Clone, Copy)]
pub(super) struct Text {
    /// In bytes.
    length: u16,
    present: bool,
}

impl<'a> NdrReader<'a> {
    /// Reads the headers (MS-RPCE §2.2.6.1, §2.2.6.2) and the pointer to the structure.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(bytes);
        let start = cursor.fault(PacFault::NdrHeader);
        // Version, endianness, the length of this header, and four bytes that are ignored.
        let [version, endianness, length, zero, ..] = cursor.array::<8>()?;
        if [version, endianness, length, zero] != [1, 0x10, 8, 0] {
            return Err(start);
        }
        let object = cursor.u32()?;
        cursor.take(4)?;
        let object = usize::try_from(object).map_err(|_| start)?;
        cursor.shorten_to(object)?;
        // Alignment is relative to this position. It is a multiple of eight, so positions in the
        // buffer can be used instead.
        let mut reader = Self(cursor);
        let null = reader.here(PacFault::NullPointer)?;
        if reader.pointer()? {
            Ok(reader)
        } else {
            Err(null)
        }
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        self.0.align(2)?;
        self.0.u16()
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        self.0.align(4)?;
        self.0.u32()
    }

    /// A 64-bit number declared as two 32-bit halves, and aligned accordingly, such as FILETIME.
    pub(super) fn u64_in_halves(&mut self) -> Result<u64, Fault> {
        self.0.align(4)?;
        self.0.u64()
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        self.0.take(count)
    }

    /// Whether the pointer here is non-null.
    pub(super) fn pointer(&mut self) -> Result<bool, Fault> {
        Ok(self.u32()? != 0)
    }

    /// The part of a text that is within the structure.
    pub(super) fn text_header(&mut self) -> Result<Text, Fault> {
        self.0.align(4)?;
        let length = self.u16()?;
        let _maximum = self.u16()?;
        Ok(Text {
            length,
            present: self.pointer()?,
        })
    }

    /// The characters of a text: a conformant and varying array (C706 §14.3.7.3).
    pub(super) fn text(&mut self, header: Text) -> Result<String, Fault> {
        if !header.present {
            return if header.length == 0 {
                Ok(String::new())
            } else {
                Err(self.0.fault(PacFault::NullPointer))
            };
        }
        let counts = self.here(PacFault::Count)?;
        let (maximum, offset, actual) = (self.u32()?, self.u32()?, self.u32()?);
        if offset != 0 || actual > maximum || u32::from(header.length.div_ceil(2)) > actual {
            return Err(counts);
        }
        let text = self.0.utf16(header.length.into())?;
        // The array may be longer than the text.
        let spare = u64::from(actual) * 2 - u64::from(header.length);
        self.0.take(usize::try_from(spare).map_err(|_| counts)?)?;
        Ok(text)
    }

    /// Checks the count before a conformant array (C706 §14.3.3.2) against `count` from the
    /// structure. `present` says whether the pointer is non-null. Returns `None` if there is no
    /// array.
    pub(super) fn array(&mut self, count: u32, present: bool) -> Result<Option<u32>, Fault> {
        match (count, present) {
            (0, false) => return Ok(None),
            (_, false) => return Err(self.0.fault(PacFault::NullPointer)),
            _ => {}
        }
        let wrong = self.here(PacFault::Count)?;
        if self.u32()? == count {
            Ok(Some(count))
        } else {
            Err(wrong)
        }
    }

    /// Reads `count` elements. Memory is allocated only as they are read.
    pub(super) fn elements<T>(
        &mut self,
        count: u32,
        mut one: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut elements = Vec::new();
        for _ in 0..count {
            elements.push(one(self)?);
        }
        Ok(elements)
    }

    /// An RPC_SID, which repeats its count (MS-DTYP §2.4.2.3).
    pub(super) fn sid(&mut self) -> Result<Sid, Fault> {
        let wrong = self.here(PacFault::Count)?;
        let count = self.u32()?;
        let sid = Sid::read(&mut self.0)?;
        if u32::try_from(sid.parts().len()) == Ok(count) {
            Ok(sid)
        } else {
            Err(wrong)
        }
    }

    /// A fault at the position of the next number.
    pub(super) fn here(&mut self, kind: PacFault) -> Result<Fault, Fault> {
        self.0.align(4)?;
        Ok(self.0.fault(kind))
    }
}

//! A writer of NDR for PACs made in tests: structures first, then the pointed-to values.

/// A top-level structure under construction.
#[derive(Default)]
pub(crate) struct Ndr {
    structure: Vec<u8>,
    /// What comes after the structure, and its alignment.
    deferred: Vec<u8>,
    pointers: u32,
}

impl Ndr {
    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.structure.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.structure.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.structure.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn zeros(&mut self, count: usize) -> &mut Self {
        self.structure.resize(self.structure.len() + count, 0);
        self
    }

    pub(crate) fn pointer(&mut self) -> &mut Self {
        self.pointers += 1;
        self.u32(0x0002_0000 + 4 * self.pointers)
    }

    /// A pointed-to value.
    pub(crate) fn defer(&mut self, bytes: &[u8]) -> &mut Self {
        let aligned = self.deferred.len().next_multiple_of(4);
        self.deferred.resize(aligned, 0);
        self.deferred.extend_from_slice(bytes);
        self
    }

    /// An RPC_UNICODE_STRING, whose characters come later.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.structure.extend(text_header(text));
        self.pointer();
        self.defer(&characters(text))
    }

    pub(crate) fn null_text(&mut self) -> &mut Self {
        self.zeros(8)
    }

    /// The complete encoding with its headers (MS-RPCE §2.2.6).
    pub(crate) fn finish(&self) -> Vec<u8> {
        let mut object = 0x0002_0000_u32.to_le_bytes().to_vec();
        object.extend_from_slice(&self.structure);
        object.resize(object.len().next_multiple_of(4), 0);
        object.extend_from_slice(&self.deferred);
        object.resize(object.len().next_multiple_of(8), 0);
        let mut bytes = vec![1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc];
        bytes.extend((object.len() as u32).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(object);
        bytes
    }
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Length and MaximumLength of an RPC_UNICODE_STRING.
pub(crate) fn text_header(text: &str) -> Vec<u8> {
    let length = utf16(text).len() as u16;
    [length.to_le_bytes(), length.to_le_bytes()].concat()
}

/// A conformant and varying array of characters.
pub(crate) fn characters(text: &str) -> Vec<u8> {
    let units = utf16(text);
    let count = (units.len() as u32 / 2).to_le_bytes();
    [&count[..], &[0; 4], &count, &units].concat()
}

/// A SID in binary form, with the authority of Windows.
pub(crate) fn packed_sid(parts: &[u32]) -> Vec<u8> {
    let mut bytes = vec![1, parts.len() as u8, 0, 0, 0, 0, 0, 5];
    bytes.extend(parts.iter().flat_map(|part| part.to_le_bytes()));
    bytes
}

/// An RPC_SID.
pub(crate) fn sid(parts: &[u32]) -> Vec<u8> {
    let count = (parts.len() as u32).to_le_bytes();
    [&count[..], &packed_sid(parts)].concat()
}

/// An array of numbers, preceded by its count.
pub(crate) fn array(count: u32, numbers: &[u32]) -> Vec<u8> {
    let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
    count.to_le_bytes().into_iter().chain(numbers).collect()
}

//! `KeytabEntryView`: an entry of a keytab, read in place.

use core::fmt;

use kerberos_asn1::NameType;
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_proto::KeyEntry;

use crate::keytab::entry::Age;
use crate::keytab::{KeytabEntry, Version};
use crate::wire::{Cursor, PrincipalView, Style};

/// An entry of a keytab, borrowed from the reader's buffer.
#[derive(Clone, Copy)]
pub struct KeytabEntryView<'a> {
    principal: PrincipalView<'a>,
    timestamp: u32,
    kvno: u32,
    etype: EncryptionType,
    key: &'a [u8],
}

impl<'a> KeytabEntryView<'a> {
    /// Parses the contents of an entry's record; the error says what is wrong.
    pub(crate) fn parse(
        record: &'a [u8],
        version: Version,
        style: Style,
    ) -> Result<Self, &'static str> {
        Self::parse_fields(Cursor::new(record, style), version)
    }

    fn parse_fields(mut cursor: Cursor<'a>, version: Version) -> Result<Self, &'static str> {
        let short = |short: crate::wire::Short| short.field;
        let mut count = cursor.u16("number of name components").map_err(short)?;
        if version == Version::V1 {
            count = count.checked_sub(1).ok_or("name without a realm")?;
        }
        let name_type = NameType::UNKNOWN;
        let mut principal = cursor.names(name_type, count.into()).map_err(short)?;
        if version != Version::V1 {
            principal.name_type = NameType(cursor.u32("name type").map_err(short)?.cast_signed());
        }
        let timestamp = cursor.u32("timestamp").map_err(short)?;
        let mut kvno = u32::from(cursor.u8("key version number").map_err(short)?);
        let etype = i32::from(cursor.u16("encryption type").map_err(short)?.cast_signed());
        let key = cursor.data("key").map_err(short)?;
        // Zero is the padding of a slot that is larger than its entry.
        if let Ok(wide @ 1..) = cursor.u32("key version number") {
            kvno = wide;
        }
        Ok(Self {
            principal,
            timestamp,
            kvno,
            etype: EncryptionType(etype),
            key,
        })
    }

    /// The principal that the key belongs to.
    pub fn principal(&self) -> PrincipalView<'a> {
        self.principal
    }

    /// When it was written, in seconds since 1970.
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// The key version number, with all 32 bits if the file stores them.
    pub fn kvno(&self) -> u32 {
        self.kvno
    }

    /// The encryption type of the key.
    pub fn etype(&self) -> EncryptionType {
        self.etype
    }

    /// The key bytes, for a listing that must show them.
    pub fn expose_key(&self) -> &'a [u8] {
        self.key
    }

    /// A copy of the key.
    pub fn key(&self) -> KeyBlock {
        KeyBlock::new(self.etype, self.key.to_vec())
    }

    /// The key with its version, as needed for an exchange.
    pub fn to_key_entry(&self) -> KeyEntry {
        KeyEntry {
            kvno: self.kvno,
            key: self.key(),
        }
    }

    /// An owned copy.
    pub fn to_entry(&self) -> KeytabEntry {
        KeytabEntry {
            principal: self.principal.to_principal(),
            timestamp: self.timestamp,
            kvno: self.kvno,
            key: self.key(),
        }
    }

    /// The number and time of the key, which determine how recent it is.
    pub(crate) fn age(&self) -> Age {
        Age {
            kvno: self.kvno,
            timestamp: self.timestamp,
        }
    }
}

/// Does not show the key.
impl fmt::Debug for KeytabEntryView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeytabEntryView")
            .field("principal", &self.principal)
            .field("timestamp", &self.timestamp)
            .field("kvno", &self.kvno)
            .field("etype", &self.etype)
            .finish_non_exhaustive()
    }
}

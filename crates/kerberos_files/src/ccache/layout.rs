//! `Layout`: the positions of an entry's parts, found in a single pass that checks every length.

use core::ops::Range;

use kerberos_asn1::NameType;

use crate::ccache::Version;
use crate::wire::{Cursor, PrincipalView, Short, Style};

/// The positions of a record's parts, and its small numbers.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) length: usize,
    pub(super) client: NameLayout,
    pub(super) server: NameLayout,
    pub(super) etype: i32,
    pub(super) key: Span,
    pub(super) times_at: usize,
    pub(super) times: [u32; 4],
    pub(super) is_skey: bool,
    pub(super) flags: u32,
    pub(super) address_count: u32,
    pub(super) addresses: Span,
    pub(super) authdata_count: u32,
    pub(super) authdata: Span,
    pub(super) ticket: Span,
    pub(super) second_ticket: Span,
}

/// Why the bytes are not a record, or not a complete one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Misfit {
    /// More bytes are needed than were given.
    Short(Short),
    /// The bytes are invalid, whatever follows.
    Bad(&'static str),
    /// Zeros, as at the end of a file whose last blocks were not written.
    Zeros,
}

#[derive(Clone, Copy)]
pub(super) struct NameLayout {
    pub(super) name_type: NameType,
    pub(super) count: u32,
    pub(super) realm: Span,
    pub(super) components: Span,
}

#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Layout {
    /// Parses the record at the start of `bytes`.
    pub(super) fn of(bytes: &[u8], version: Version, style: Style) -> Result<Self, Misfit> {
        let mut cursor = Cursor::new(bytes, style);
        let client = NameLayout::read(&mut cursor, version)?;
        let server = NameLayout::read(&mut cursor, version)?;
        let etype = i32::from(cursor.u16("encryption type")?.cast_signed());
        if version == Version::V3 {
            cursor.u16("encryption type")?;
        }
        let key = Span::read(&mut cursor, |cursor| cursor.data("session key"))?;
        let times_at = cursor.position();
        let mut times = [0; 4];
        for time in &mut times {
            *time = cursor.u32("times")?;
        }
        let is_skey = cursor.u8("is_skey")? != 0;
        let flags = cursor.u32("flags")?;
        let (address_count, addresses) = Span::read_list(&mut cursor, "addresses")?;
        let (authdata_count, authdata) = Span::read_list(&mut cursor, "authorization data")?;
        let ticket = Span::read(&mut cursor, |cursor| cursor.data("ticket"))?;
        let second_ticket = Span::read(&mut cursor, |cursor| cursor.data("second ticket"))?;
        let layout = Self {
            length: cursor.position(),
            client,
            server,
            etype,
            key,
            times_at,
            times,
            is_skey,
            flags,
            address_count,
            addresses,
            authdata_count,
            authdata,
            ticket,
            second_ticket,
        };
        // Zeros would otherwise be read as empty entries.
        if etype == 0 && bytes.iter().take(layout.length).all(|byte| *byte == 0) {
            return Err(Misfit::Zeros);
        }
        Ok(layout)
    }
}

impl NameLayout {
    fn read(cursor: &mut Cursor<'_>, version: Version) -> Result<Self, Misfit> {
        let name = read_name(cursor, version)?;
        // The components end at the cursor, and the realm and the first component's length prefix,
        // if any, come right before.
        let components = Span {
            start: cursor.position() - name.components.len(),
            end: cursor.position(),
        };
        let realm = Span {
            start: components.start - name.realm.len(),
            end: components.start,
        };
        Ok(Self {
            name_type: name.name_type,
            count: name.count,
            realm,
            components,
        })
    }
}

/// Reads a principal in the format of `version`.
pub(super) fn read_name<'a>(
    cursor: &mut Cursor<'a>,
    version: Version,
) -> Result<PrincipalView<'a>, Misfit> {
    let name_type = match version {
        Version::V1 => NameType::UNKNOWN,
        _ => NameType(cursor.u32("name type")?.cast_signed()),
    };
    let mut count = cursor.u32("number of name components")?;
    if version == Version::V1 {
        count = count
            .checked_sub(1)
            .ok_or(Misfit::Bad("a name without a realm"))?;
    }
    Ok(cursor.names(name_type, count)?)
}

impl Span {
    fn read<'a>(
        cursor: &mut Cursor<'a>,
        read: impl FnOnce(&mut Cursor<'a>) -> Result<&'a [u8], Short>,
    ) -> Result<Self, Short> {
        let length = read(cursor)?.len();
        let end = cursor.position();
        Ok(Self {
            start: end - length,
            end,
        })
    }

    fn read_list(cursor: &mut Cursor<'_>, field: &'static str) -> Result<(u32, Self), Short> {
        let count = cursor.u32(field)?;
        let span = Self::read(cursor, |cursor| {
            cursor.items(count, 6, field, |cursor| {
                cursor.u16(field)?;
                cursor.data(field).map(drop)
            })
        })?;
        Ok((count, span))
    }
}

impl From<Span> for Range<usize> {
    fn from(span: Span) -> Self {
        span.start..span.end
    }
}

impl From<Short> for Misfit {
    fn from(short: Short) -> Self {
        Self::Short(short)
    }
}

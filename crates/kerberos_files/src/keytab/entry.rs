//! Keytab entries: read in place, or owned and encoded. No file system here.

use core::fmt;

use kerberos_asn1::NameType;
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_proto::{KeyEntry, Principal};
use zeroize::Zeroizing;

use crate::keytab::Version;
use crate::window::MAX_RECORD;
use crate::wire::{Cursor, EncodeError, Encoder, PrincipalView, Sink, Style};

/// A key of a principal, to be written to a keytab or read from one.
#[derive(Clone, Debug)]
pub struct KeytabEntry {
    /// Whose key it is.
    pub principal: Principal,
    /// When it was written, in seconds since 1970.
    pub timestamp: u32,
    /// The key version number.
    pub kvno: u32,
    /// The key.
    pub key: KeyBlock,
}

impl KeytabEntry {
    /// Whether its key is more recent than the other one, by version number; a small number that
    /// was written no earlier than a large one has wrapped around.
    ///
    /// # Example
    /// ```
    /// use kerberos_crypto::{EncryptionType, KeyBlock};
    /// use kerberos_files::keytab::KeytabEntry;
    /// let entry = |kvno, timestamp| KeytabEntry {
    ///     principal: kerberos_proto::Principal::parse("host/www@EXAMPLE.COM").unwrap(),
    ///     timestamp,
    ///     kvno,
    ///     key: KeyBlock::new(EncryptionType::AES256_CTS_HMAC_SHA1_96, vec![7; 32]),
    /// };
    /// assert!(entry(3, 0).is_newer_than(&entry(2, 0)));
    /// assert!(entry(1, 20).is_newer_than(&entry(255, 10)));
    /// ```
    pub fn is_newer_than(&self, other: &Self) -> bool {
        self.age().is_newer_than(other.age())
    }

    fn age(&self) -> Age {
        Age {
            kvno: self.kvno,
            timestamp: self.timestamp,
        }
    }
}

/// One entry of a keytab, borrowed from the reader's buffer.
#[derive(Clone, Copy)]
pub struct KeytabEntryView<'a> {
    principal: PrincipalView<'a>,
    timestamp: u32,
    kvno: u32,
    etype: EncryptionType,
    key: &'a [u8],
}

impl<'a> KeytabEntryView<'a> {
    /// Parses what an entry's record holds; says what is wrong if it holds none.
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
        // Zero is the fill of a slot that is larger than its entry.
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

    /// Whose key it is.
    pub fn principal(&self) -> PrincipalView<'a> {
        self.principal
    }

    /// When it was written, in seconds since 1970.
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// The key version number, all 32 bits where the file has them.
    pub fn kvno(&self) -> u32 {
        self.kvno
    }

    /// The encryption type of the key.
    pub fn etype(&self) -> EncryptionType {
        self.etype
    }

    /// The key itself, for a listing that was asked to show it.
    pub fn expose_key(&self) -> &'a [u8] {
        self.key
    }

    /// The key, copied.
    pub fn key(&self) -> KeyBlock {
        KeyBlock::new(self.etype, self.key.to_vec())
    }

    /// The key with its version, as an exchange wants it.
    pub fn to_key_entry(&self) -> KeyEntry {
        KeyEntry {
            kvno: self.kvno,
            key: self.key(),
        }
    }

    /// A copy that outlives the buffer.
    pub fn to_entry(&self) -> KeytabEntry {
        KeytabEntry {
            principal: self.principal.to_principal(),
            timestamp: self.timestamp,
            kvno: self.kvno,
            key: self.key(),
        }
    }

    /// Number and time of the key, which decide whether it is the more recent one.
    pub(crate) fn age(&self) -> Age {
        Age {
            kvno: self.kvno,
            timestamp: self.timestamp,
        }
    }
}

/// The key is not shown.
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

/// How recent a key is.
#[derive(Clone, Copy)]
pub(crate) struct Age {
    kvno: u32,
    timestamp: u32,
}

impl Age {
    /// Whether this key is the more recent one.
    ///
    /// Old files keep 8 bits of the number, and old databases 16, so a small number that was
    /// written at the same time as a large one, or later, has wrapped around (MIT's kt_file.c).
    pub(crate) fn is_newer_than(self, other: Self) -> bool {
        const SMALL: u32 = 128;
        const LARGE: u32 = 240;
        // Timestamps wrap in 2106; the shorter way round tells which came later.
        let later = |a: Self, b: Self| a.timestamp.wrapping_sub(b.timestamp).cast_signed() > 0;
        if self.kvno < SMALL && other.kvno > LARGE && !later(other, self) {
            return true;
        }
        if self.kvno > LARGE && other.kvno < SMALL && !later(self, other) {
            return false;
        }
        self.kvno > other.kvno
    }
}

/// The bytes of a whole keytab of version 0x0502 that holds `entries`.
///
/// # Errors
/// When a part of an entry is longer than the format's 16 bits can say.
pub fn encode_keytab(entries: &[KeytabEntry]) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    let version = Version::V2;
    let payloads = entries
        .iter()
        .map(|entry| encode_entry(version, entry))
        .collect::<Result<Vec<_>, EncodeError>>()?;
    let length = payloads
        .iter()
        .map(|payload| payload.len() + 4)
        .sum::<usize>()
        + 2;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    bytes.extend(version.bytes());
    for payload in &payloads {
        bytes.extend(length_bytes(version, payload.len())?);
        bytes.extend_from_slice(payload);
    }
    Ok(bytes)
}

/// What the record of `entry` holds, without its length.
pub(crate) fn encode_entry(
    version: Version,
    entry: &KeytabEntry,
) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    let mut length = 0_usize;
    entry_to(&mut length, version, entry)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    entry_to(&mut *bytes, version, entry)?;
    Ok(bytes)
}

/// The length of a record with an entry.
pub(crate) fn length_bytes(version: Version, length: usize) -> Result<[u8; 4], EncodeError> {
    let length = i32::try_from(length).ok().filter(|_| length <= MAX_RECORD);
    let length = length.ok_or(EncodeError { field: "the entry" })?;
    Ok(record_length(version, length))
}

/// The length of a record, negative for a hole.
pub(crate) fn record_length(version: Version, length: i32) -> [u8; 4] {
    match version {
        Version::V1 => length.to_ne_bytes(),
        Version::V2 => length.to_be_bytes(),
    }
}

fn entry_to<S: Sink>(
    sink: &mut S,
    version: Version,
    entry: &KeytabEntry,
) -> Result<(), EncodeError> {
    let mut encoder = Encoder {
        sink,
        style: version.style(),
    };
    let realm = usize::from(version == Version::V1);
    encoder.count(
        entry.principal.components().len() + realm,
        "number of name components",
    )?;
    encoder.names(&entry.principal)?;
    if version != Version::V1 {
        encoder.u32(entry.principal.name_type().0.cast_unsigned());
    }
    encoder.u32(entry.timestamp);
    let [.., low] = entry.kvno.to_be_bytes();
    encoder.u8(low);
    encoder.low_u16(entry.key.etype().0);
    encoder.data(entry.key.expose_bytes(), "key")?;
    encoder.u32(entry.kvno);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ByteOrder, Width};

    /// The sample entry, assembled from the format's description and not by the encoder.
    fn sample(version: Version, order: ByteOrder) -> Vec<u8> {
        let n16 = |value: u16| match order {
            ByteOrder::Big => value.to_be_bytes(),
            ByteOrder::Little => value.to_le_bytes(),
        };
        let n32 = |value: u32| match order {
            ByteOrder::Big => value.to_be_bytes(),
            ByteOrder::Little => value.to_le_bytes(),
        };
        let data = |bytes: &[u8]| [&n16(u16::try_from(bytes.len()).unwrap())[..], bytes].concat();
        [
            &n16(if version == Version::V1 { 3 } else { 2 })[..],
            &data(b"EXAMPLE"),
            &data(b"host"),
            &data(b"www"),
            if version == Version::V1 {
                &[]
            } else {
                &[0, 0, 0, 3]
            },
            &n32(1_700_000_000),
            &[0x02],
            &n16(18),
            &data(b"KEY"),
            &n32(0x0102),
        ]
        .concat()
    }

    fn check(version: Version, order: ByteOrder) {
        let style = Style {
            order,
            width: Width::Two,
        };
        let bytes = sample(version, order);
        let view = KeytabEntryView::parse(&bytes, version, style).unwrap();
        assert_eq!(view.principal().to_string(), "host/www@EXAMPLE");
        let name_type = if version == Version::V1 {
            NameType::UNKNOWN
        } else {
            NameType::SRV_HST
        };
        assert_eq!(view.principal().name_type(), name_type);
        assert_eq!((view.timestamp(), view.kvno()), (1_700_000_000, 0x0102));
        assert_eq!(
            (view.etype(), view.expose_key()),
            (EncryptionType(18), &b"KEY"[..])
        );
        assert!(!format!("{view:?}").contains("KEY"));

        // Without the wide number, with a zero one, or with three bytes of slack: eight bits.
        let narrow = &bytes[..bytes.len() - 4];
        for tail in [&[][..], &[0; 3], &[0; 9]] {
            let bytes = [narrow, tail].concat();
            let view = KeytabEntryView::parse(&bytes, version, style).unwrap();
            assert_eq!(view.kvno(), 2);
        }
        for cut in 0..narrow.len() {
            assert!(KeytabEntryView::parse(&bytes[..cut], version, style).is_err());
        }
    }

    #[test]
    fn every_version_in_every_byte_order() {
        check(Version::V1, ByteOrder::Big);
        check(Version::V1, ByteOrder::Little);
        check(Version::V2, ByteOrder::Big);
    }

    #[test]
    fn what_is_written_is_the_sample_again() {
        for version in [Version::V1, Version::V2] {
            let style = version.style();
            let bytes = sample(version, style.order);
            let entry = KeytabEntryView::parse(&bytes, version, style)
                .unwrap()
                .to_entry();
            assert_eq!(*encode_entry(version, &entry).unwrap(), bytes);
        }
    }

    #[test]
    fn a_whole_file_byte_by_byte() {
        let style = Version::V2.style();
        let bytes = sample(Version::V2, style.order);
        let entry = KeytabEntryView::parse(&bytes, Version::V2, style)
            .unwrap()
            .to_entry();
        let expected = [
            &b"\x05\x02\x00\x00\x00\x2a"[..],
            b"\x00\x02\x00\x07EXAMPLE\x00\x04host\x00\x03www\x00\x00\x00\x03",
            b"\x65\x53\xf1\x00\x02\x00\x12\x00\x03KEY\x00\x00\x01\x02",
        ]
        .concat();
        assert_eq!(*encode_keytab(&[entry]).unwrap(), expected);
    }

    #[test]
    #[cfg_attr(miri, ignore = "minutes in miri")]
    fn a_part_beyond_16_bits_is_refused() {
        let entry = |name: &str, key: usize| KeytabEntry {
            principal: Principal::new(NameType::PRINCIPAL, [name.as_bytes()], b"R".as_slice()),
            timestamp: 0,
            kvno: 1,
            key: KeyBlock::new(EncryptionType(18), vec![0; key]),
        };
        let check = |entry, field| {
            assert_eq!(encode_keytab(&[entry]).err(), Some(EncodeError { field }));
        };
        check(entry(&"x".repeat(65_536), 1), "name component");
        check(entry("x", 65_536), "key");
        assert!(encode_keytab(&[entry(&"x".repeat(65_535), 65_535)]).is_ok());
    }

    #[test]
    fn recency_with_wraparound() {
        fn check((kvno, time): (u32, u32), other: (u32, u32), expected: bool) {
            let other = Age {
                kvno: other.0,
                timestamp: other.1,
            };
            let newer = Age {
                kvno,
                timestamp: time,
            }
            .is_newer_than(other);
            assert_eq!(newer, expected, "{kvno} at {time}");
        }
        check((2, 10), (1, 20), true);
        check((1, 20), (2, 10), false);
        check((2, 10), (2, 10), false);
        check((1, 20), (255, 10), true);
        check((1, 10), (255, 10), true);
        check((1, 9), (255, 10), false);
        check((255, 10), (1, 20), false);
        check((255, 10), (1, 10), false);
        check((255, 11), (1, 10), true);
        check((1, 5), (65_535, u32::MAX), true);
        check((128, 20), (255, 10), false);
        check((127, 20), (240, 10), false);
    }
}

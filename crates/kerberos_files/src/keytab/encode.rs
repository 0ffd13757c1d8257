//! Encoding entries, and whole keytabs.

use zeroize::Zeroizing;

use crate::keytab::{KeytabEntry, Version};
use crate::window::MAX_RECORD;
use crate::wire::{EncodeError, Encoder, Sink};

/// The bytes of a complete keytab of version 0x0502 with `entries`.
///
/// # Errors
/// When a part of an entry is longer than the format's 16 bits allow.
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

/// The contents of the record for `entry`, without the length.
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

/// The length of a record that contains an entry.
pub(crate) fn length_bytes(version: Version, length: usize) -> Result<[u8; 4], EncodeError> {
    let length = i32::try_from(length).ok().filter(|_| length <= MAX_RECORD);
    let length = length.ok_or(EncodeError { field: "the entry" })?;
    Ok(record_length(version, length))
}

/// The length of a record, which is negative for a hole.
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

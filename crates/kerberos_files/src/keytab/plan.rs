//! `Plan`: adds entries to a keytab in place so that after a crash each is complete or absent.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use zeroize::Zeroizing;

use crate::keytab::encode::{encode_entry, length_bytes, record_length};
use crate::keytab::reader::Slot;
use crate::keytab::{KeytabEntry, KeytabError, Version};
use crate::window::MAX_RECORD;

/// The positions of new entries, and the order in which the bytes are written.
pub(super) struct Plan {
    version: Version,
    /// Entries that fill holes: the hole, and the entry padded with zeros to the length of the
    /// hole.
    filled: Vec<(Slot, Zeroizing<Vec<u8>>)>,
    /// The end of the file's records.
    end: u64,
    /// The records to append, without the length of the first one.
    appended: Zeroizing<Vec<u8>>,
    /// The length that makes all appended records visible.
    first_length: Option<[u8; 4]>,
}

impl Plan {
    pub(super) fn new(
        version: Version,
        entries: &[KeytabEntry],
        mut holes: Vec<Slot>,
        end: u64,
    ) -> Result<Self, KeytabError> {
        let mut filled = Vec::new();
        let mut records = Vec::new();
        for entry in entries {
            let mut payload = encode_entry(version, entry)?;
            let size = |slot: &Slot| usize::try_from(slot.length.unsigned_abs()).unwrap_or(0);
            // The entry's record takes the whole hole, and readers refuse longer records.
            let fits = |slot: &Slot| (payload.len()..=MAX_RECORD).contains(&size(slot));
            match holes.iter().position(fits) {
                Some(index) => {
                    let slot = holes.remove(index);
                    // Resizing the vector could leave a copy of the key behind.
                    let mut whole = Zeroizing::new(vec![0; size(&slot)]);
                    if let Some(start) = whole.get_mut(..payload.len()) {
                        start.swap_with_slice(&mut payload);
                    }
                    filled.push((slot, whole));
                }
                None => records.push((length_bytes(version, payload.len())?, payload)),
            }
        }
        let first_length = records.first().map(|(length, _)| *length);
        let length = records.iter().map(|(_, payload)| payload.len() + 4).sum();
        let mut appended = Zeroizing::new(Vec::with_capacity(length));
        for (index, (length, payload)) in records.iter().enumerate() {
            if index > 0 {
                appended.extend_from_slice(length);
            }
            appended.extend_from_slice(payload);
        }
        Ok(Self {
            version,
            filled,
            end,
            appended,
            first_length,
        })
    }

    /// Writes all entries where no reader looks.
    pub(super) fn write(&self, file: &File, file_length: u64) -> io::Result<()> {
        if self.first_length.is_some() {
            let start = self.end + 4;
            let end = start + self.appended.len() as u64;
            // Written first, because this is what fails if the disk is full. What follows the old
            // end mark must not become a record.
            if file_length > end {
                file.write_all_at(&[0; 4], end)?;
            }
            file.write_all_at(&self.appended, start)?;
            file.write_all_at(&[0; 4], self.end)?;
        }
        for (slot, payload) in &self.filled {
            file.write_all_at(payload, slot.at + 4)?;
        }
        file.sync_data()
    }

    /// Makes the written bytes entries.
    pub(super) fn commit(&self, file: &File) -> io::Result<()> {
        for (slot, _) in &self.filled {
            file.write_all_at(&record_length(self.version, -slot.length), slot.at)?;
        }
        if let Some(length) = self.first_length {
            file.write_all_at(&length, self.end)?;
        }
        file.sync_data()
    }
}

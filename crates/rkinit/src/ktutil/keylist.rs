//! The keys that the shell has collected, and their listing.

use std::io::Write as _;

use kerberos_files::keytab::{KeytabEntry, KeytabError, KeytabFile};

use crate::output::hex;
use crate::output::time_format::TimeFormat;

/// The number of dashes under the title of the principals.
const DASHES: usize = 69;

/// The current keylist; slots count from 1.
#[derive(Default)]
pub(super) struct KeyList {
    entries: Vec<KeytabEntry>,
}

/// What a listing shows besides the principals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Detail {
    pub(super) timestamps: bool,
    pub(super) keys: bool,
    pub(super) etypes: bool,
}

impl KeyList {
    /// The entries, in the order of their slots.
    pub(super) fn entries(&self) -> &[KeytabEntry] {
        &self.entries
    }

    /// Removes all entries.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Appends an entry.
    pub(super) fn push(&mut self, entry: KeytabEntry) {
        self.entries.push(entry);
    }

    /// Removes the entry in `slot`; false if there is none.
    pub(super) fn delete(&mut self, slot: usize) -> bool {
        let index = slot
            .checked_sub(1)
            .filter(|index| *index < self.entries.len());
        index.map(|index| self.entries.remove(index)).is_some()
    }

    /// Appends the intact entries of `keytab`.
    ///
    /// # Errors
    /// As for [`KeytabFile::entries`], about the first damaged entry. An error about the whole file
    /// changes nothing.
    pub(super) fn read(&mut self, keytab: &KeytabFile) -> Result<(), KeytabError> {
        let mut reader = keytab.open()?;
        let mut read = Vec::new();
        let mut damage = None;
        loop {
            match reader.next() {
                Ok(Some(entry)) => read.push(entry.to_entry()),
                Ok(None) => break,
                Err(error) if error.is_of_an_entry() => {
                    damage.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        self.entries.append(&mut read);
        damage.map_or(Ok(()), Err)
    }

    /// Adds all entries to `keytab`, with the timestamp `now` as in MIT. The file is created unless
    /// the list is empty.
    ///
    /// # Errors
    /// As for [`KeytabFile::add`]; then none is added.
    pub(super) fn write(&self, keytab: &KeytabFile, now: u32) -> Result<(), KeytabError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let mut entries = self.entries.clone();
        for entry in &mut entries {
            entry.timestamp = now;
        }
        keytab.add(&entries)
    }

    /// Appends the listing to `out`.
    pub(super) fn list(&self, detail: Detail, out: &mut Vec<u8>) {
        let mut times = detail.timestamps.then(TimeFormat::from_env);
        let (title, dashes) = match times {
            Some(_) => (
                format!("{:17} ", "Timestamp"),
                format!("{:-<17} {:-<51}", "", ""),
            ),
            None => (String::new(), "-".repeat(DASHES)),
        };
        let _ = writeln!(out, "slot KVNO {title}Principal\n---- ---- {dashes}");
        for (index, entry) in self.entries.iter().enumerate() {
            // MIT shows the number as signed.
            let _ = write!(out, "{:4} {:4} ", index + 1, entry.kvno.cast_signed());
            if let Some(times) = &mut times {
                times.push_narrow(entry.timestamp, out);
                out.push(b' ');
            }
            let mut name = Vec::new();
            entry.principal.unparse_into(&mut name);
            out.resize(out.len() + 40_usize.saturating_sub(name.len()), b' ');
            out.append(&mut name);
            if detail.etypes {
                let _ = write!(out, " ({}) ", entry.key.etype());
            }
            if detail.keys {
                out.extend_from_slice(b" (0x");
                hex::push(entry.key.expose_bytes(), out);
                out.push(b')');
            }
            out.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use kerberos_crypto::{EncryptionType, KeyBlock};
    use kerberos_proto::Principal;

    use super::*;

    fn entry(name: &str, kvno: u32) -> KeytabEntry {
        KeytabEntry {
            principal: Principal::parse(name).unwrap(),
            timestamp: 1_700_000_000,
            kvno,
            key: KeyBlock::new(EncryptionType::ARCFOUR_HMAC, vec![0xab; 2]),
        }
    }

    fn list(entries: &[KeytabEntry], detail: Detail) -> String {
        let list = KeyList {
            entries: entries.to_vec(),
        };
        let mut out = Vec::new();
        list.list(detail, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn list_layout_matches_mit() {
        let entries = [
            entry("u@EX.COM", 1),
            entry(&format!("{}@R", "x".repeat(40)), u32::MAX),
        ];
        let all = Detail {
            keys: true,
            etypes: true,
            ..Detail::default()
        };
        assert_eq!(
            list(&entries, all),
            format!(
                "slot KVNO Principal\n---- ---- {}\n   1    1 {:>40} (arcfour-hmac)  (0xabab)\n   \
                 2   -1 {}@R (arcfour-hmac)  (0xabab)\n",
                "-".repeat(69),
                "u@EX.COM",
                "x".repeat(40)
            )
        );
        assert_eq!(
            list(&[], Detail::default()),
            format!("slot KVNO Principal\n---- ---- {}\n", "-".repeat(69))
        );
    }

    #[test]
    fn slots_count_from_one() {
        let mut list = KeyList::default();
        list.push(entry("a@R", 1));
        list.push(entry("b@R", 1));
        for slot in [0, 3, usize::MAX] {
            assert!(!list.delete(slot), "{slot}");
        }
        assert!(list.delete(1));
        assert_eq!(list.entries.len(), 1);
        assert_eq!(list.entries[0].principal.to_string(), "b@R");
    }
}

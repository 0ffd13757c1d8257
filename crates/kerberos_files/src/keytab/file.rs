//! `KeytabFile`: the operations on a keytab file.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use kerberos_crypto::EncryptionType;
use kerberos_proto::{KeyEntry, Principal};

use crate::atomic::{self, Durability};
use crate::keytab::encode::record_length;
use crate::keytab::entry::Age;
use crate::keytab::plan::Plan;
use crate::keytab::{KeytabEntry, KeytabEntryView, KeytabError, KeytabReader, encode_keytab};
use crate::{lock, open};

/// The location of a keytab file. Nothing is kept open between calls.
///
/// See the [module](crate::keytab) for an example, and for the effects of a crash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeytabFile {
    path: PathBuf,
}

impl KeytabFile {
    /// The keytab at `path`, whether it exists or not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the keytab for reading, one entry after the other.
    ///
    /// # Errors
    /// The same as [`KeytabReader::open`].
    pub fn open(&self) -> Result<KeytabReader, KeytabError> {
        KeytabReader::open(&self.path)
    }

    /// The principal of the first entry; `None` if there is no entry.
    ///
    /// # Errors
    /// The same as [`KeytabReader::open`] and [`KeytabReader::next`].
    pub fn first_principal(&self) -> Result<Option<Principal>, KeytabError> {
        let mut reader = self.open()?;
        Ok(reader.next()?.map(|entry| entry.principal().to_principal()))
    }

    /// All entries, in the order of the file.
    ///
    /// # Errors
    /// The same as [`KeytabReader::open`] and [`KeytabReader::next`].
    pub fn entries(&self) -> Result<Vec<KeytabEntry>, KeytabError> {
        let mut reader = self.open()?;
        let mut entries = Vec::new();
        while let Some(view) = reader.next()? {
            entries.push(view.to_entry());
        }
        Ok(entries)
    }

    /// Checks that there is at least one entry.
    ///
    /// # Errors
    /// [`KeytabError::Empty`], for whatever reason no entry can be read.
    pub fn require_content(&self) -> Result<(), KeytabError> {
        match self.open().as_mut().map(KeytabReader::next) {
            Ok(Ok(Some(_))) => Ok(()),
            _ => Err(KeytabError::Empty {
                path: self.path.clone(),
            }),
        }
    }

    /// The entry of `principal` with this version number and encryption type, if given.
    ///
    /// Without a version number (or with 0) this is the most recent entry. If no entry has the full
    /// version number, one that has its low eight bits is returned, because old files store only
    /// those.
    ///
    /// # Errors
    /// [`KeytabError::KvnoNotFound`] if only the version number is wrong,
    /// [`KeytabError::EntryNotFound`], and the same as [`KeytabReader::open`] and
    /// [`KeytabReader::next`].
    pub fn find(
        &self,
        principal: &Principal,
        kvno: Option<u32>,
        etype: Option<EncryptionType>,
    ) -> Result<KeytabEntry, KeytabError> {
        let wanted = kvno.filter(|kvno| *kvno != 0);
        let mut best: Option<(Age, KeytabEntry)> = None;
        let mut wrong_kvno = false;
        self.visit(principal, |view| {
            if etype.is_some_and(|etype| etype != view.etype()) {
                return false;
            }
            let exact = wanted == Some(view.kvno());
            let better = match wanted {
                Some(wanted) if view.kvno() != 0 => {
                    exact || (view.kvno() == wanted & 0xff && best.is_none())
                }
                _ => best
                    .as_ref()
                    .is_none_or(|(age, _)| view.age().is_newer_than(*age)),
            };
            if better {
                best = Some((view.age(), view.to_entry()));
            } else {
                wrong_kvno = true;
            }
            exact
        })
        .and_then(|()| match best {
            Some((_, entry)) => Ok(entry),
            None if wrong_kvno => Err(KeytabError::KvnoNotFound {
                path: self.path.clone(),
                principal: principal.to_string(),
                kvno: kvno.unwrap_or_default(),
            }),
            None => Err(KeytabError::EntryNotFound {
                path: self.path.clone(),
                principal: principal.to_string(),
            }),
        })
    }

    /// All keys of `principal`, the most recent first and otherwise in the order of the file. This
    /// is a single pass that copies nothing of other principals.
    ///
    /// # Errors
    /// [`KeytabError::NoKeys`], and the same as [`KeytabReader::open`] and [`KeytabReader::next`].
    pub fn keys_for(&self, principal: &Principal) -> Result<Vec<KeyEntry>, KeytabError> {
        let mut keys: Vec<(Age, KeyEntry)> = Vec::new();
        self.visit(principal, |view| {
            let age = view.age();
            // Not `sort_by`, because with wraparound this is not a total order.
            let place = keys.iter().position(|(other, _)| age.is_newer_than(*other));
            keys.insert(place.unwrap_or(keys.len()), (age, view.to_key_entry()));
            false
        })?;
        if keys.is_empty() {
            return Err(KeytabError::NoKeys {
                path: self.path.clone(),
                principal: principal.to_string(),
                others: self.some_principals(),
            });
        }
        Ok(keys.into_iter().map(|(_, key)| key).collect())
    }

    /// A few principals of the keytab, and a sign if there are more, for a message.
    fn some_principals(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let Ok(mut reader) = self.open() else {
            return names;
        };
        // The file has just been read, and any error would have been reported.
        while let Ok(Some(entry)) = reader.next() {
            let name = entry.principal().to_principal().to_string();
            if names.contains(&name) {
                continue;
            }
            if names.len() == MOST_PRINCIPALS {
                names.push("…".to_owned());
                break;
            }
            names.push(name);
        }
        names
    }

    /// Adds `entries`, each in the first hole that is large enough, otherwise at the end. If the
    /// file does not exist, it is created, readable only by its owner.
    ///
    /// # Errors
    /// [`KeytabError::Encode`], [`KeytabError::TornEntry`] if the file is damaged, and
    /// [`KeytabError::Io`]. Nothing is added then.
    pub fn add(&self, entries: &[KeytabEntry]) -> Result<(), KeytabError> {
        for _ in 0..CREATE_ATTEMPTS {
            match self.open_locked() {
                Ok(reader) => return self.add_in_place(reader, entries),
                Err(KeytabError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
            let bytes = encode_keytab(entries)?;
            let created = atomic::create(&self.path, &bytes, Durability::Synced)
                .map_err(|error| KeytabError::from_replace(&self.path, error))?;
            if created {
                return Ok(());
            }
        }
        // It neither exists nor can be created, most likely because it is a symbolic link to
        // nothing.
        Err(self.error(io::ErrorKind::NotFound.into()))
    }

    /// Removes all entries for which `matches` returns true, and returns their number. They become
    /// holes filled with zeros.
    ///
    /// # Errors
    /// The same as [`KeytabReader::open`] and [`KeytabReader::next`], before anything is changed;
    /// and [`KeytabError::Io`].
    pub fn remove(
        &self,
        mut matches: impl FnMut(&KeytabEntryView<'_>) -> bool,
    ) -> Result<usize, KeytabError> {
        let mut reader = self.open_locked()?;
        let mut removed = Vec::new();
        while let Some((slot, view)) = reader.next_placed()? {
            if matches(&view) {
                removed.push(slot);
            }
        }
        let file = reader.file().map_err(|error| self.error(error))?;
        let wipe = || {
            if removed.is_empty() {
                return Ok(());
            }
            for slot in &removed {
                file.write_all_at(&record_length(reader.version(), -slot.length), slot.at)?;
            }
            file.sync_data()?;
            for slot in &removed {
                let length = usize::try_from(slot.length).unwrap_or_default();
                file.write_all_at(&vec![0; length], slot.at + 4)?;
            }
            file.sync_data()
        };
        wipe().map_err(|error| self.error(error))?;
        Ok(removed.len())
    }

    /// Calls `visit` with each entry of `principal` until it returns true.
    ///
    /// A damaged entry does not hide the intact ones: it is an error only if no entry was visited.
    fn visit(
        &self,
        principal: &Principal,
        mut visit: impl FnMut(&KeytabEntryView<'_>) -> bool,
    ) -> Result<(), KeytabError> {
        let mut reader = self.open()?;
        let mut visited = false;
        let mut damage = None;
        loop {
            match reader.next() {
                Ok(Some(view)) if view.principal().matches(principal) => {
                    visited = true;
                    if visit(&view) {
                        return Ok(());
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) if error.is_of_an_entry() => {
                    damage.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match damage {
            Some(error) if !visited => Err(error),
            _ => Ok(()),
        }
    }

    fn add_in_place(
        &self,
        mut reader: KeytabReader,
        entries: &[KeytabEntry],
    ) -> Result<(), KeytabError> {
        let version = reader.version();
        let mut holes = Vec::new();
        while let Some(slot) = reader.next_slot()? {
            reader.skip(slot)?;
            if slot.length < 0 {
                holes.push(slot);
            }
        }
        let plan = Plan::new(version, entries, holes, reader.offset())?;
        let file = reader.file().map_err(|error| self.error(error))?;
        let length = file.metadata().map_err(|error| self.error(error))?.len();
        let written = plan.write(file, length);
        if written.is_err() {
            // What was not committed is after the old end. Nothing can be done if this fails.
            let _ = file.set_len(length);
        }
        written
            .and_then(|()| plan.commit(file))
            .map_err(|error| self.error(error))
    }

    fn open_locked(&self) -> Result<KeytabReader, KeytabError> {
        let lock = || {
            let file = open::to_change(&self.path)?;
            lock::lock_exclusive(&file)?;
            Ok(file)
        };
        let file = lock().map_err(|error| self.error(error))?;
        KeytabReader::from_locked(self.path.clone(), file)
    }

    fn error(&self, error: io::Error) -> KeytabError {
        KeytabError::from_io(&self.path, error)
    }
}

/// How many times to retry if another process creates or removes the keytab in between.
const CREATE_ATTEMPTS: u32 = 4;
/// How many principals a message names.
const MOST_PRINCIPALS: usize = 4;

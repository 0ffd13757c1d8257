//! `KeytabKeys`: a keytab's keys in memory, ready for use, and up to date without a restart.

use std::error::Error;
use std::io;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use kerberos_files::keytab::{KeytabError, KeytabFile, KeytabName};
use kerberos_files::stamp::FileStamp;
use kerberos_proto::{KeySource, ServiceKey, ServiceKeys, WantedKey};

use crate::ClientError;

/// How often the file is looked at, unless a key is missing.
const INTERVAL: Duration = Duration::from_secs(1);

/// The keys of a keytab, for an [`Acceptor`](kerberos_proto::Acceptor) that threads share.
///
/// The file is read once. Once a second at most, and whenever a ticket wants a key that is not
/// there, it is looked at and read again if it is another one or was changed: a rotated keytab
/// needs no restart. Keys that cannot be used (of unknown types or wrong lengths) are passed over,
/// and so is an entry that is damaged: the whole ones beside it still let clients in, as with MIT's
/// library.
///
/// While a changed file cannot be read, as when it is just being copied, the last keys stay. When
/// it is gone, so are they.
#[derive(Debug)]
pub struct KeytabKeys {
    file: KeytabFile,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    keys: ServiceKeys,
    /// What the file was that they are from.
    stamp: Option<FileStamp>,
    /// Whether any further change would have shown in the stamp.
    settled: bool,
    /// When it was last looked at.
    looked: Instant,
}

impl KeytabKeys {
    /// The keys of the keytab called `name`, read now.
    ///
    /// # Errors
    /// [`ClientError::KeytabName`] when `name` is no file, [`ClientError::Keytab`] when it cannot
    /// be read, or when all that is in it is damaged.
    pub fn open(name: &KeytabName) -> Result<Self, ClientError> {
        let file = KeytabFile::new(name.file_path()?);
        let read = Contents::read(&file)?;
        match read.damage {
            Some(error) if read.keys.is_empty() => Err(error.into()),
            _ => Ok(Self {
                file,
                state: RwLock::new(read.into()),
            }),
        }
    }

    /// The keys, if they are fresh and `wanted` is among them.
    fn fresh(&self, wanted: &WantedKey<'_>) -> Option<ServiceKeys> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.is_fresh() && state.keys.has(wanted)).then(|| state.keys.clone())
    }
}

impl KeySource for KeytabKeys {
    fn keys(&self, wanted: &WantedKey<'_>) -> Result<ServiceKeys, Box<dyn Error + Send + Sync>> {
        if let Some(keys) = self.fresh(wanted) {
            return Ok(keys);
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = state.look(&self.file) {
            if !state.keys.has(wanted) {
                return Err(error.into());
            }
            tracing::warn!(
                "the keytab cannot be read, and the keys in memory are still used: {error}"
            );
        }
        Ok(state.keys.clone())
    }
}

impl State {
    fn is_fresh(&self) -> bool {
        self.looked.elapsed() < INTERVAL
    }

    /// Reads the file again if it has changed.
    fn look(&mut self, file: &KeytabFile) -> Result<(), KeytabError> {
        let due = !self.is_fresh();
        if due {
            // Not otherwise: requests for missing keys, one after the other, would put it off for
            // ever.
            self.looked = Instant::now();
        }
        let stamp = FileStamp::of(file.path());
        if matches!(&stamp, Err(error) if error.kind() == io::ErrorKind::NotFound) {
            self.keys = ServiceKeys::default();
        }
        let stamp = stamp.ok();
        let changed = stamp != self.stamp || stamp.is_none();
        // A request for a missing key cannot have the file read more often than it changes.
        if changed || (due && !self.settled) {
            // As it is, it may be unreadable; a look each second is for what does not show.
            (self.stamp, self.settled) = (stamp, false);
            let read = Contents::read(file)?;
            match read.damage {
                // Perhaps it is just being written: the keys in memory are better until then.
                Some(error) if !read.settled || read.keys.is_empty() => return Err(error),
                _ => *self = read.into(),
            }
        }
        Ok(())
    }
}

/// What a keytab holds.
struct Contents {
    keys: Vec<ServiceKey>,
    /// Why an entry is passed over, the first of those that are damaged.
    damage: Option<KeytabError>,
    stamp: Option<FileStamp>,
    settled: bool,
}

impl Contents {
    fn read(file: &KeytabFile) -> Result<Self, KeytabError> {
        // Taken before: a change in between shows the next time.
        let stamp = FileStamp::of(file.path()).ok();
        let (mut keys, mut damage) = (Vec::new(), None);
        let mut reader = file.open()?;
        loop {
            let entry = match reader.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                // The reader goes on behind it.
                Err(error @ (KeytabError::Format { .. } | KeytabError::TornEntry { .. })) => {
                    tracing::warn!("an entry of the keytab is skipped: {error}");
                    damage.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let principal = entry.principal().to_principal();
            match ServiceKey::new(principal, &entry.to_key_entry()) {
                Ok(key) => keys.push(key),
                Err(error) => {
                    tracing::debug!("a key of {} is skipped: {error}", entry.principal());
                }
            }
        }
        Ok(Self {
            keys,
            damage,
            stamp,
            settled: stamp.is_some_and(FileStamp::is_settled),
        })
    }
}

impl From<Contents> for State {
    fn from(read: Contents) -> Self {
        Self {
            keys: read.keys.into_iter().collect(),
            stamp: read.stamp,
            settled: read.settled,
            looked: Instant::now(),
        }
    }
}

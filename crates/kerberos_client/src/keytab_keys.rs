//! `KeytabKeys`: a keytab's keys in memory, ready for use, and kept up to date without a restart.

use std::error::Error;
use std::io;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use kerberos_files::keytab::{KeytabError, KeytabFile, KeytabName};
use kerberos_files::stamp::FileStamp;
use kerberos_proto::{KeySource, ServiceKey, ServiceKeys, WantedKey};

use crate::ClientError;

/// How often the file is checked, unless a key is missing.
const INTERVAL: Duration = Duration::from_secs(1);

/// The keys of a keytab, for an [`Acceptor`](kerberos_proto::Acceptor) that threads share.
///
/// The file is read at the start. At most once a second, and whenever a ticket needs a key that is
/// not there, it is checked and read again if it was replaced or changed, so a rotated keytab needs
/// no restart. Keys that cannot be used (of unknown types or wrong lengths) are ignored, and so is
/// a damaged entry: the intact ones beside it still let clients in, as with MIT's library.
///
/// While a changed file cannot be read, because it is just being copied, for example, the last keys
/// stay in use. When the file is deleted, so are the keys.
#[derive(Debug)]
pub struct KeytabKeys {
    file: KeytabFile,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    keys: ServiceKeys,
    /// The state of the file that the keys were read from.
    stamp: Option<FileStamp>,
    /// Whether any further change would show in the stamp.
    settled: bool,
    /// When the file was last checked.
    looked: Instant,
}

impl KeytabKeys {
    /// The keys of the keytab called `name`, read now.
    ///
    /// # Errors
    /// [`ClientError::KeytabName`] when `name` does not mean a file, [`ClientError::Keytab`] when
    /// the file cannot be read, or when every entry is damaged.
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

    /// The keys, if they were checked recently and `wanted` is among them.
    fn fresh(&self, wanted: &WantedKey<'_>) -> Option<ServiceKeys> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.is_fresh() && state.keys.has(wanted)).then(|| state.keys.clone())
    }

    /// The keys after a look at the file. If it cannot be read, the keys in memory are returned if
    /// they are enough.
    fn looked(
        &self,
        are_enough: impl Fn(&ServiceKeys) -> bool,
    ) -> Result<ServiceKeys, Box<dyn Error + Send + Sync>> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = state.look(&self.file) {
            if !are_enough(&state.keys) {
                return Err(error.into());
            }
            tracing::warn!(
                "the keytab cannot be read, and the keys in memory are still used: {error}"
            );
        }
        Ok(state.keys.clone())
    }
}

impl KeySource for KeytabKeys {
    fn keys(&self, wanted: &WantedKey<'_>) -> Result<ServiceKeys, Box<dyn Error + Send + Sync>> {
        match self.fresh(wanted) {
            Some(keys) => Ok(keys),
            None => self.looked(|keys| keys.has(wanted)),
        }
    }

    fn present(&self) -> Result<ServiceKeys, Box<dyn Error + Send + Sync>> {
        self.looked(|keys| keys.iter().next().is_some())
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
            // Only when due: otherwise a series of requests for missing keys would put off the
            // regular check for ever.
            self.looked = Instant::now();
        }
        let stamp = FileStamp::of(file.path());
        if matches!(&stamp, Err(error) if error.kind() == io::ErrorKind::NotFound) {
            self.keys = ServiceKeys::default();
        }
        let stamp = stamp.ok();
        let changed = stamp != self.stamp || stamp.is_none();
        // Requests for a missing key cannot cause more reads than there are changes.
        if changed || (due && !self.settled) {
            // Recorded first, since the file may be unreadable as it is. The check each second
            // finds changes that the stamp does not show.
            (self.stamp, self.settled) = (stamp, false);
            let read = Contents::read(file)?;
            match read.damage {
                // It may just be being written; until then, keep the keys in memory.
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
    /// Why an entry was ignored: the error of the first damaged one.
    damage: Option<KeytabError>,
    stamp: Option<FileStamp>,
    settled: bool,
}

impl Contents {
    fn read(file: &KeytabFile) -> Result<Self, KeytabError> {
        // Taken before reading, so that a change in between shows at the next check.
        let stamp = FileStamp::of(file.path()).ok();
        let (mut keys, mut damage) = (Vec::new(), None);
        let mut reader = file.open()?;
        loop {
            let entry = match reader.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                // The reader continues after the damaged entry.
                Err(error) if error.is_of_an_entry() => {
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

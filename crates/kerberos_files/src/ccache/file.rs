//! `CcacheFile`: the operations on a cache file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kerberos_proto::Credential;
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::atomic::{self, Access, Durability};
use crate::ccache::builder::append_credential;
use crate::ccache::store::Store;
use crate::ccache::{
    CcacheBuilder, CcacheError, CcacheName, CcacheReader, ConfigEntry, CredentialView,
};
use crate::foreign::{Trust, is_planted};
use crate::{lock, open};

/// The location of a FILE cache. Nothing is kept open between calls.
///
/// See the [module](crate::ccache) for an example.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CcacheFile {
    path: PathBuf,
    trust: Trust,
}

impl CcacheFile {
    /// The cache at `path`, whether it exists or not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            trust: Trust::Named,
        }
    }

    /// The cache of the FILE name `name`.
    pub(super) fn of(name: &CcacheName) -> Self {
        Self {
            path: name.residual().into(),
            trust: name.trust(),
        }
    }

    /// The same location, but refused if it is in a place like /tmp that is open to everyone, and
    /// the file belongs neither to the effective user nor to root. This is for predictable names.
    ///
    /// A caller that chose a name knows who owns the cache: for example the user of a sidecar in a
    /// shared `/dev/shm`, or the user whose cache root wants to see.
    pub fn refusing_planted(self) -> Self {
        Self {
            trust: Trust::Default,
            ..self
        }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the cache for reading.
    ///
    /// # Errors
    /// The same as [`CcacheReader::open`]; [`CcacheError::ForeignFile`] if another user may have
    /// planted it and this [matters](Self::refusing_planted).
    pub fn open(&self) -> Result<CcacheReader, CcacheError> {
        let reader = CcacheReader::open(&self.path)?;
        self.refuse_planted(reader)
    }

    /// Replaces the cache. Readers see either the old one or the new one, never a part, and on
    /// failure the old one is still there. A symbolic link is replaced, not followed. See
    /// [`atomic`] for files that cannot be replaced by renaming.
    ///
    /// # Errors
    /// [`CcacheError::NotAFile`], [`CcacheError::Permission`], [`CcacheError::ForeignFile`] or
    /// [`CcacheError::Io`].
    pub fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        self.replace_with_access(cache, &Access::default())
    }

    /// The same as [`replace_with`](Self::replace_with), for readers other than the user of this
    /// process: the new cache has these rights from the beginning.
    ///
    /// # Errors
    /// The same as [`replace_with`](Self::replace_with); [`CcacheError::Permission`] if the file
    /// may not be given to that owner or group.
    pub fn replace_with_access(
        &self,
        cache: &CcacheBuilder,
        access: &Access,
    ) -> Result<(), CcacheError> {
        let (bytes, durability) = (cache.expose_bytes(), Durability::Volatile);
        atomic::replace(&self.path, bytes, durability, access)
            .map_err(|error| blamed(CcacheError::from_replace(&self.path, error)))
    }

    /// Appends tickets in the version of the file, with a single write under an exclusive lock. An
    /// incomplete entry that a crash left at the end is removed first.
    ///
    /// # Errors
    /// The same as [`open`](Self::open), [`CcacheError::Encode`], or [`CcacheError::Io`]; the file
    /// is then unchanged.
    pub fn append<'a>(
        &self,
        credentials: impl IntoIterator<Item = &'a Credential>,
    ) -> Result<(), CcacheError> {
        let mut reader = self.open_locked()?;
        while reader.next_whole()?.is_some() {}
        let mut bytes = Zeroizing::default();
        for credential in credentials {
            append_credential(&mut bytes, reader.version(), credential)?;
        }
        let written = add_at_end(&reader, &bytes).and_then(|()| reader.close());
        written.map_err(|error| self.error(error))
    }

    /// Stores a setting. An older one with the same key and principal is removed after the new one
    /// is written.
    ///
    /// # Errors
    /// The same as [`append`](Self::append).
    pub fn set_config(&self, entry: &ConfigEntry) -> Result<(), CcacheError> {
        let mut reader = self.open_locked()?;
        let mut older = Vec::new();
        while let Some(view) = reader.next_whole()? {
            if view.is_setting(entry) {
                let (at, bytes) = view.removal();
                older.push((reader.entry_offset() + at as u64, bytes));
            }
        }
        let mut new = Zeroizing::default();
        let credential = entry.to_credential(reader.default_principal());
        append_credential(&mut new, reader.version(), &credential)?;
        let written = add_at_end(&reader, &new).and_then(|()| {
            let file = reader.file()?;
            let mut older = older.iter();
            older.try_for_each(|(offset, bytes)| file.write_all_at(bytes, *offset))?;
            reader.close()
        });
        written.map_err(|error| self.error(error))
    }

    /// Removes all entries for which `matches` returns true, and returns their number.
    ///
    /// Like in MIT's library, each is overwritten in place, under an exclusive lock, with one of
    /// the same length that is not taken for a ticket. The session key and the ticket remain in the
    /// file.
    ///
    /// # Errors
    /// The same as [`open`](Self::open), and [`CcacheError::TornEntry`] after all complete entries
    /// have been processed.
    pub fn remove(
        &self,
        mut matches: impl FnMut(&CredentialView<'_>) -> bool,
    ) -> Result<usize, CcacheError> {
        let mut reader = self.open_locked()?;
        let mut removed = 0;
        while let Some(view) = reader.next()? {
            if !matches(&view) {
                continue;
            }
            let (at, bytes) = view.removal();
            let offset = reader.entry_offset() + at as u64;
            reader
                .file()
                .and_then(|file| file.write_all_at(&bytes, offset))
                .map_err(|error| self.error(error))?;
            removed += 1;
        }
        reader.close().map_err(|error| self.error(error))?;
        Ok(removed)
    }

    /// Removes the file and overwrites its contents with zeros.
    ///
    /// A file that cannot be unlinked, because it is mounted or its folder is read-only, is left
    /// empty, which is treated as "no cache". A symbolic link is removed; the file that it refers
    /// to is overwritten only if the link belongs to the effective user or root. A file with other
    /// names loses this one if possible, but keeps its contents: a backup by hard links belongs to
    /// someone else.
    ///
    /// # Errors
    /// [`CcacheError::NotFound`], [`CcacheError::NotAFile`], [`CcacheError::Permission`],
    /// [`CcacheError::ForeignFile`] or [`CcacheError::Io`].
    pub fn destroy(&self) -> Result<(), CcacheError> {
        self.destroy_inner().map_err(|error| self.error(error))
    }

    fn destroy_inner(&self) -> io::Result<()> {
        let entry = std::fs::symlink_metadata(&self.path)?;
        if !entry.is_file() && !entry.is_symlink() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let owner = entry.uid();
        if entry.is_symlink() && owner != 0 && owner != rustix::process::geteuid().as_raw() {
            return std::fs::remove_file(&self.path);
        }
        // If it was not a link a moment ago, a link is not followed now: in a folder that others
        // may write to, another user could make it refer to any of our files.
        let follow = if entry.is_symlink() {
            OFlags::empty()
        } else {
            OFlags::NOFOLLOW
        };
        let file = match OpenOptions::new()
            .write(true)
            .custom_flags((follow | OFlags::NONBLOCK).bits().cast_signed())
            .open(&self.path)
        {
            Ok(file) => file,
            // A link to nothing, or to something that is not a file.
            Err(_) if entry.is_symlink() => return std::fs::remove_file(&self.path),
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let mounted = error.kind() == io::ErrorKind::ResourceBusy;
                if !mounted && file.metadata()?.nlink() > 1 {
                    return Err(error);
                }
                lock::lock_exclusive(&file)?;
                overwrite(&file, metadata.len())?;
                file.set_len(0)
            }
            _ => {
                // The target of a symbolic link still has its own name.
                let names = u64::from(entry.is_symlink());
                if file.metadata()?.nlink() > names {
                    return Ok(());
                }
                overwrite(&file, metadata.len())
            }
        }
    }

    /// Opens the file for reading and writing and locks it, and makes sure that it was not replaced
    /// in between.
    fn open_locked(&self) -> Result<CcacheReader, CcacheError> {
        let file = loop {
            let file = self.try_lock().map_err(|error| self.error(error))?;
            if let Some(file) = file {
                break file;
            }
        };
        self.refuse_planted(CcacheReader::from_locked(self.path.clone(), file)?)
    }

    /// Checks the open file, because its name may refer to another file by now.
    fn refuse_planted(&self, reader: CcacheReader) -> Result<CcacheReader, CcacheError> {
        let owner = reader.owner();
        match owner.filter(|&owner| self.trust.refuses(&self.path, owner)) {
            Some(owner) => Err(CcacheError::ForeignFile {
                path: self.path.clone(),
                owner,
            }),
            None => Ok(reader),
        }
    }

    fn try_lock(&self) -> io::Result<Option<File>> {
        let file = open::to_change(&self.path)?;
        lock::lock_exclusive(&file)?;
        let (locked, named) = (file.metadata()?, std::fs::metadata(&self.path)?);
        let same = (locked.dev(), locked.ino()) == (named.dev(), named.ino());
        Ok(same.then_some(file))
    }

    fn error(&self, error: io::Error) -> CcacheError {
        blamed(CcacheError::from_io(&self.path, error))
    }
}

impl Store for CcacheFile {
    fn open(&self) -> Result<CcacheReader, CcacheError> {
        self.open()
    }

    fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        self.replace_with(cache)
    }

    fn append(&self, credentials: &[&Credential]) -> Result<(), CcacheError> {
        self.append(credentials.iter().copied())
    }

    fn set_config(&self, entry: &ConfigEntry) -> Result<(), CcacheError> {
        self.set_config(entry)
    }

    fn remove(
        &self,
        matches: &mut dyn FnMut(&CredentialView<'_>) -> bool,
    ) -> Result<usize, CcacheError> {
        self.remove(matches)
    }

    fn destroy(&self) -> Result<(), CcacheError> {
        self.destroy()
    }
}

/// `error`, or a better explanation of it: another user's file in a place like /tmp can be neither
/// replaced nor removed.
fn blamed(error: CcacheError) -> CcacheError {
    let CcacheError::Permission { path, .. } = &error else {
        return error;
    };
    match std::fs::symlink_metadata(path) {
        Ok(entry) if is_planted(path, entry.uid()) => CcacheError::ForeignFile {
            path: path.clone(),
            owner: entry.uid(),
        },
        _ => error,
    }
}

/// Writes `bytes` after the last complete entry that was read from a locked file. On failure
/// nothing of them is left.
fn add_at_end(reader: &CcacheReader, bytes: &[u8]) -> io::Result<()> {
    let (file, end) = (reader.file()?, reader.entry_offset());
    // Only truncate if there is something incomplete: setting the length costs more than checking
    // it.
    if file.metadata()?.len() > end {
        file.set_len(end)?;
    }
    let written = file.write_all_at(bytes, end);
    if written.is_err() {
        // A full disk may have taken a part of it. Nothing can be done if this fails.
        let _ = file.set_len(end);
    }
    written
}

fn overwrite(file: &File, length: u64) -> io::Result<()> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut offset = 0;
    while offset < length {
        let count = usize::try_from(length - offset)
            .unwrap_or(usize::MAX)
            .min(ZEROS.len());
        file.write_all_at(ZEROS.get(..count).unwrap_or_default(), offset)?;
        offset += count as u64;
    }
    Ok(())
}

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

/// The place of a FILE cache. Nothing is open between calls.
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

    /// The cache of the FILE that `name` is.
    pub(super) fn of(name: &CcacheName) -> Self {
        Self {
            path: name.residual().into(),
            trust: name.trust(),
        }
    }

    /// The same, but refused when it is in a place like /tmp, open to all, and neither the
    /// effective user nor root put it there: for names that anybody can foresee.
    ///
    /// A caller that names a cache knows its owner: a sidecar's user in a shared `/dev/shm`, or the
    /// user for whom root looks at it.
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

    /// Opens it for reading.
    ///
    /// # Errors
    /// As [`CcacheReader::open`]; [`CcacheError::ForeignFile`] when another user may have planted
    /// it and that [counts](Self::refusing_planted).
    pub fn open(&self) -> Result<CcacheReader, CcacheError> {
        let reader = CcacheReader::open(&self.path)?;
        self.refuse_planted(reader)
    }

    /// Puts `cache` in place of whatever was there: the old cache or the new one is seen, never a
    /// part, and if it fails the old one is still there. A symbolic link is replaced, not followed.
    /// See [`atomic`] for what happens where a file cannot be renamed over.
    ///
    /// # Errors
    /// [`CcacheError::NotAFile`], [`CcacheError::Permission`], [`CcacheError::ForeignFile`] or
    /// [`CcacheError::Io`].
    pub fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        self.replace_with_access(cache, &Access::default())
    }

    /// As [`replace_with`](Self::replace_with), for other readers than the user of this process:
    /// from the moment that the new cache is there it has these rights.
    ///
    /// # Errors
    /// The same; [`CcacheError::Permission`] when the file may not be given to that owner or group.
    pub fn replace_with_access(
        &self,
        cache: &CcacheBuilder,
        access: &Access,
    ) -> Result<(), CcacheError> {
        let (bytes, durability) = (cache.expose_bytes(), Durability::Volatile);
        atomic::replace(&self.path, bytes, durability, access)
            .map_err(|error| blamed(CcacheError::from_replace(&self.path, error)))
    }

    /// Adds tickets at the end, in the version that the file has, with one write under an
    /// exclusive lock. What a crash left of an entry at the end is cut off first.
    ///
    /// # Errors
    /// As [`open`](Self::open), [`CcacheError::Encode`], or [`CcacheError::Io`]; the file is as it
    /// was then.
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

    /// Sets a setting: an older one with the same key and principal is removed, once the new one is
    /// there.
    ///
    /// # Errors
    /// As [`append`](Self::append).
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

    /// Removes every entry for which `matches` says so, and returns how many those were.
    ///
    /// As MIT does, each is overwritten in place, under an exclusive lock, with one of the same
    /// length that no one takes for a ticket; the key and the ticket stay in the file.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`CcacheError::TornEntry`] after the whole entries are done.
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

    /// Removes the file and overwrites what it held with zeros.
    ///
    /// A file that cannot be unlinked, because it is mounted or its folder is read-only, is left
    /// empty, which reads as "no cache". A symbolic link is removed; the file it leads to is
    /// overwritten only if the link belongs to the effective user or root. A file that has other
    /// names loses this one, if it can, and keeps what it holds: a backup by hard links is somebody
    /// else's.
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
        // What was no link a moment ago is not followed if it has become one since: in a folder
        // that others may write to, its owner could have it lead to any file of ours.
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
            // A link to nowhere, or to what is no file.
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
                // What a symbolic link leads to has its own name still.
                let names = u64::from(entry.is_symlink());
                if file.metadata()?.nlink() > names {
                    return Ok(());
                }
                overwrite(&file, metadata.len())
            }
        }
    }

    /// Opens the file for reading and writing and locks it, making sure that it was not replaced
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

    /// Looks at what is open, for the name can lead elsewhere by now.
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

/// `error`, or what explains it: a file of somebody else's in a place like /tmp can neither be
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

/// Writes `bytes` where the whole entries end that were read of a locked file. Nothing of them is
/// left if that fails.
fn add_at_end(reader: &CcacheReader, bytes: &[u8]) -> io::Result<()> {
    let (file, end) = (reader.file()?, reader.entry_offset());
    // Only what was torn is cut off: to set a length anew costs more than to ask for it.
    if file.metadata()?.len() > end {
        file.set_len(end)?;
    }
    let written = file.write_all_at(bytes, end);
    if written.is_err() {
        // A full disk may have taken a part of it; nothing better can be done if this fails.
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

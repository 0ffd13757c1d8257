//! DIR caches: the files `tkt*` of a directory; the file `primary` names the primary cache.
//!
//! `DIR:/path` is the collection, and also means its primary cache; `DIR::/path/tktX` is one cache.
//! The directory and `primary` are only created when a cache is written or a tool wants the
//! collection. MIT's library creates them whenever it looks for a cache.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use kerberos_proto::Credential;
use rustix::fs::OFlags;

use crate::atomic::{self, Access, Durability};
use crate::ccache::store::Store;
use crate::ccache::{
    CcacheBuilder, CcacheError, CcacheFile, CcacheKind, CcacheName, CcacheNameError, CcacheReader,
    ConfigEntry, CredentialView,
};
use crate::foreign::{self, Trust};

/// One cache of a directory.
#[derive(Clone, Debug)]
pub(super) struct DirStore {
    directory: PathBuf,
    /// The file's name in the directory.
    entry: String,
    file: CcacheFile,
    trust: Trust,
}

impl DirStore {
    /// The cache of `name`: the one at `:/path/tktX`, or the primary one of `/path`.
    pub(super) fn resolve(name: &CcacheName) -> Result<Self, CcacheError> {
        let (residual, trust) = (name.residual(), name.trust());
        let Some(path) = residual.strip_prefix(':') else {
            let directory = Path::new(residual);
            check_directory(directory, trust)?;
            let entry = read_primary(directory)?.unwrap_or_else(|| FIRST.to_owned());
            return Ok(Self::new(residual, entry, trust));
        };
        let (directory, entry) = split(path)?;
        check_directory(Path::new(directory), trust)?;
        Ok(Self::new(directory, entry.to_owned(), trust))
    }

    /// The caches of the directory `name`, the primary one first; or the single cache that `name`
    /// means.
    pub(super) fn all(name: &CcacheName) -> Result<Vec<Self>, CcacheError> {
        let (residual, trust) = (name.residual(), name.trust());
        if residual.starts_with(':') {
            let one = Self::resolve(name)?;
            return Ok(one
                .file
                .path()
                .exists()
                .then_some(one)
                .into_iter()
                .collect());
        }
        let directory = Path::new(residual);
        let Ok(entries) = fs::read_dir(directory) else {
            return Ok(Vec::new());
        };
        check_directory(directory, trust)?;
        // As with MIT's library, a damaged `primary` does not hide the caches.
        let primary = read_primary(directory).ok().flatten();
        let primary = primary.map(|entry| Self::new(residual, entry, trust));
        let mut all: Vec<Self> = primary
            .into_iter()
            .filter(|cache| cache.file.path().exists())
            .collect();
        let first = all.first().map(|cache| cache.entry.clone());
        for entry in entries.filter_map(Result::ok) {
            if let Ok(name) = entry.file_name().into_string()
                && name.starts_with(FIRST)
                && first.as_ref() != Some(&name)
            {
                all.push(Self::new(residual, name, trust));
            }
        }
        Ok(all)
    }

    /// A new cache of the collection `name`, which does not exist yet.
    pub(super) fn new_unique(name: &CcacheName) -> Result<Self, CcacheError> {
        let (residual, trust) = (name.residual(), name.trust());
        if residual.is_empty() || residual.starts_with(':') {
            let kind = CcacheKind::Dir;
            return Err(CcacheNameError::NoCollection { kind }.into());
        }
        check_directory(Path::new(residual), trust)?;
        loop {
            let entry = format!("{FIRST}{}", atomic::random_letters(6));
            let cache = Self::new(residual, entry, trust);
            if fs::symlink_metadata(cache.file.path()).is_err() {
                return Ok(cache);
            }
        }
    }

    /// The name keeps the present trust for whoever uses it later: another user may have created
    /// the directory by then.
    pub(super) fn name(&self) -> CcacheName {
        let residual = format!(":{}", self.file.path().to_string_lossy());
        CcacheName::new(CcacheKind::Dir, residual).trusting(self.trust)
    }

    fn new(directory: &str, entry: String, trust: Trust) -> Self {
        // Joined as in MIT's library, whose tools show the path.
        let slash = if directory.ends_with('/') { "" } else { "/" };
        Self {
            directory: directory.into(),
            file: CcacheFile::new(format!("{directory}{slash}{entry}")),
            entry,
            trust,
        }
    }

    /// Creates the directory and its `primary` if they do not exist.
    fn prepare(&self) -> Result<(), CcacheError> {
        match fs::DirBuilder::new().mode(0o700).create(&self.directory) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) if self.directory.is_dir() => {}
            Err(source) => {
                let (path, source) = (self.directory.clone(), source.into());
                return Err(CcacheError::NoDirectory { path, source });
            }
        }
        check_directory(&self.directory, self.trust)?;
        let path = self.directory.join(PRIMARY);
        if fs::symlink_metadata(&path).is_ok() {
            return Ok(());
        }
        let first = format!("{FIRST}\n");
        atomic::create(&path, first.as_bytes(), Durability::Volatile)
            .map(drop)
            .map_err(|error| CcacheError::from_replace(&path, error))
    }
}

impl Store for DirStore {
    fn open(&self) -> Result<CcacheReader, CcacheError> {
        self.file.open()
    }

    fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        self.prepare()?;
        self.file.replace_with(cache)
    }

    fn append(&self, credentials: &[&Credential]) -> Result<(), CcacheError> {
        self.file.append(credentials.iter().copied())
    }

    fn set_config(&self, entry: &ConfigEntry) -> Result<(), CcacheError> {
        self.file.set_config(entry)
    }

    fn remove(
        &self,
        matches: &mut dyn FnMut(&CredentialView<'_>) -> bool,
    ) -> Result<usize, CcacheError> {
        self.file.remove(matches)
    }

    fn destroy(&self) -> Result<(), CcacheError> {
        self.file.destroy()
    }

    fn make_primary(&self) -> Result<(), CcacheError> {
        let path = self.directory.join(PRIMARY);
        let line = format!("{}\n", self.entry);
        let access = Access::default();
        atomic::replace(&path, line.as_bytes(), Durability::Volatile, &access)
            .map_err(|error| CcacheError::from_replace(&path, error))
    }

    fn make_collection(&self) -> Result<(), CcacheError> {
        self.prepare()
    }
}

/// The directory and the file of `DIR::path`.
fn split(path: &str) -> Result<(&str, &str), CcacheNameError> {
    let (directory, entry) = match path.rsplit_once('/') {
        Some(("", entry)) => ("/", entry),
        Some((directory, entry)) => (directory.trim_end_matches('/'), entry),
        None => return Err(CcacheNameError::NoParent { path: path.into() }),
    };
    if !entry.starts_with(FIRST) {
        return Err(CcacheNameError::NoTkt { path: path.into() });
    }
    Ok((directory, entry))
}

/// Checks that caches can be at `path`: it is a directory, or may become one.
fn check_directory(path: &Path, trust: Trust) -> Result<(), CcacheError> {
    let error = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return refuse_foreign(path, &metadata, trust),
        Ok(_) => return Err(CcacheError::NotADirectory { path: path.into() }),
        Err(error) => error,
    };
    let can_be_made = error.kind() == io::ErrorKind::NotFound
        && !path.as_os_str().is_empty()
        && foreign::folder_of(path).is_dir();
    if can_be_made {
        return Ok(());
    }
    Err(CcacheError::NoDirectory {
        path: path.into(),
        source: error.into(),
    })
}

fn refuse_foreign(path: &Path, directory: &Metadata, trust: Trust) -> Result<(), CcacheError> {
    let owner = directory.uid();
    if trust.refuses(path, owner) {
        let path = path.into();
        return Err(CcacheError::ForeignDirectory { path, owner });
    }
    Ok(())
}

/// The file name in `primary`; `None` when there is no `primary`.
///
/// A symbolic link is followed, because containers get whole directories of links mounted. Its
/// target must still be one short line that names a file in the directory.
fn read_primary(directory: &Path) -> Result<Option<String>, CcacheError> {
    let path = directory.join(PRIMARY);
    let opened = OpenOptions::new()
        .read(true)
        // Opening a pipe must not block.
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(&path);
    let line = match opened.and_then(first_line) {
        Ok(line) => line,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CcacheError::from_io(&path, error)),
    };
    let name = line.filter(|name| name.starts_with(FIRST) && !name.contains(['/', '\\', '\0']));
    match name {
        Some(name) => Ok(Some(name)),
        None => Err(CcacheError::Primary { path }),
    }
}

/// The first line of a regular file, if it is complete and shorter than 64 bytes.
fn first_line(file: File) -> io::Result<Option<String>> {
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut start = Vec::new();
    file.take(LONGEST_LINE).read_to_end(&mut start)?;
    let text = String::from_utf8(start).ok();
    Ok(text.and_then(|text| Some(text.split_once('\n')?.0.to_owned())))
}

/// The file that names the primary cache.
const PRIMARY: &str = "primary";
/// The prefix of cache names, and the name of the first cache.
const FIRST: &str = "tkt";
/// MIT's library reads no more of a line, including its end.
const LONGEST_LINE: u64 = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsidiary_paths_split_as_in_mit() {
        fn check(path: &str, expected: Result<(&str, &str), &str>) {
            let parts = split(path).map_err(|error| error.to_string());
            assert_eq!(
                parts.as_ref().map_err(String::as_str),
                expected.as_ref().map_err(|e| *e)
            );
        }
        check("/run/cc/tkt", Ok(("/run/cc", "tkt")));
        check("/run/cc//tktX", Ok(("/run/cc", "tktX")));
        check("/tkt", Ok(("/", "tkt")));
        check("cc/tkt", Ok(("cc", "tkt")));
        check(
            "tkt",
            Err("Subsidiary cache path tkt has no parent directory"),
        );
        let no_tkt = "Subsidiary cache path /run/primary filename does not begin with \"tkt\"";
        check("/run/primary", Err(no_tkt));
    }
}

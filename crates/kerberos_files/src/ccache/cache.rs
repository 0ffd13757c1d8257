//! `Ccache`: a cache of any type, behind one set of operations.
//!
//! Each type is a file of its own that implements [`Store`]. All give their content as a
//! [`CcacheReader`], so that there is one way to read caches of every type; a file is streamed as
//! it is, of the others the content is fetched whole and in the format of version 4.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kerberos_proto::{Credential, Principal};

use crate::atomic;
use crate::ccache::dir::DirStore;
use crate::ccache::kcm::KcmStore;
#[cfg(feature = "keyring")]
use crate::ccache::keyring::KeyringStore;
use crate::ccache::memory::MemoryStore;
use crate::ccache::store::Store;
use crate::ccache::{
    CcacheBuilder, CcacheError, CcacheFile, CcacheKind, CcacheName, CcacheNameError, CcacheReader,
    ConfigEntry, CredentialView,
};

/// What a name alone does not say about where caches are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CcacheOptions {
    /// Where the daemon of KCM caches listens; `None` if it is not to be asked.
    pub(super) kcm_socket: Option<PathBuf>,
    pub(super) kcm_timeout: Duration,
}

/// A credential cache of any type. Nothing is open between calls.
///
/// # Example
/// ```
/// use kerberos_files::ccache::{Ccache, CcacheBuilder, CcacheName, CcacheOptions, Header};
/// use kerberos_proto::Principal;
///
/// let name = CcacheName::parse("MEMORY:example")?;
/// let cache = Ccache::resolve(&name, &CcacheOptions::default())?;
/// assert!(cache.open().is_err_and(|error| error.is_no_cache()));
///
/// let user = Principal::parse("user@EXAMPLE.COM")?;
/// cache.replace_with(&CcacheBuilder::new(&Header::default(), &user)?)?;
/// assert_eq!(cache.principal()?, user);
/// cache.destroy()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ccache {
    name: CcacheName,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    File(CcacheFile),
    Dir(DirStore),
    Memory(MemoryStore),
    #[cfg(feature = "keyring")]
    Keyring(KeyringStore),
    Kcm(KcmStore),
}

/// The place of Heimdal's daemon, which MIT's library and sssd use too; no limit is documented, but
/// no daemon that is well takes half a minute.
impl Default for CcacheOptions {
    fn default() -> Self {
        Self {
            kcm_socket: Some(DEFAULT_KCM_SOCKET.into()),
            kcm_timeout: Duration::from_secs(30),
        }
    }
}

impl CcacheOptions {
    /// With the daemon of KCM caches at this socket (`kcm_socket`); `None` if it is not to be
    /// asked.
    pub fn with_kcm_socket(mut self, socket: Option<impl Into<PathBuf>>) -> Self {
        self.kcm_socket = socket.map(Into::into);
        self
    }

    /// With this time for all that one operation asks of the daemon of KCM caches.
    pub fn with_kcm_timeout(mut self, timeout: Duration) -> Self {
        self.kcm_timeout = timeout;
        self
    }
}

impl Ccache {
    /// The cache that `name` leads to now, whether it exists or not.
    ///
    /// The name of a collection leads to its primary cache, for which a DIR is read, the kernel or
    /// the KCM daemon asked; for a FILE or a MEMORY nothing is.
    ///
    /// # Errors
    /// [`CcacheError::Name`] when the name is malformed or its type is not supported, and whatever
    /// prevents finding out which cache of a collection is the primary.
    pub fn resolve(name: &CcacheName, options: &CcacheOptions) -> Result<Self, CcacheError> {
        let residual = name.residual();
        let place = match name.kind() {
            CcacheKind::File => return Ok(Self::file(name.clone())),
            CcacheKind::Dir => Place::Dir(DirStore::resolve(name)?),
            CcacheKind::Memory => Place::Memory(MemoryStore::new(residual)),
            CcacheKind::Kcm => Place::Kcm(KcmStore::resolve(residual, options)?),
            #[cfg(feature = "keyring")]
            CcacheKind::Keyring => Place::Keyring(KeyringStore::resolve(residual)?),
            kind => return Err(CcacheNameError::Unsupported { kind }.into()),
        };
        Ok(Self::of(place))
    }

    /// A FILE cache in `directory` that nobody else has: a new file that its owner alone may read,
    /// empty until the cache is written, under a name that nobody could foresee.
    ///
    /// # Errors
    /// [`CcacheError::Io`] when the file cannot be made.
    ///
    /// # Example
    /// ```
    /// use kerberos_files::ccache::Ccache;
    ///
    /// let cache = Ccache::new_private(&std::env::temp_dir())?;
    /// assert!(cache.name().to_string().starts_with("FILE:"));
    /// assert!(cache.open().is_err_and(|error| error.is_no_cache()));
    /// cache.destroy()?;
    /// # Ok::<(), kerberos_files::ccache::CcacheError>(())
    /// ```
    pub fn new_private(directory: &Path) -> Result<Self, CcacheError> {
        let uid = rustix::process::geteuid().as_raw();
        loop {
            let letters = atomic::random_letters(6);
            let path = directory.join(format!("krb5cc_{uid}_{letters}"));
            let mut options = OpenOptions::new();
            match options.write(true).create_new(true).mode(0o600).open(&path) {
                Ok(_) => return Ok(Self::file(CcacheName::file(path.to_string_lossy()))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let source = error.into();
                    return Err(CcacheError::Io { path, source });
                }
            }
        }
    }

    /// The name, that of one cache: what a collection's led to stands in it.
    pub fn name(&self) -> &CcacheName {
        &self.name
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// [`CcacheError::is_no_cache`] when no cache is found; else as the variants of [`CcacheError`]
    /// say.
    pub fn open(&self) -> Result<CcacheReader, CcacheError> {
        self.store().open()
    }

    /// The principal whose cache it is; cheaper than [`open`](Self::open) where that fetches all.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn principal(&self) -> Result<Principal, CcacheError> {
        self.store().principal()
    }

    /// Puts `cache` in place of whatever was there.
    ///
    /// FILE, DIR and MEMORY show the old cache or the new one, never a part, and so does KCM if the
    /// daemon knows how (sssd since 2.9, MIT's test server); Heimdal's is told one ticket at a
    /// time. In a KEYRING tickets for the same service are replaced one by one, then the others go.
    ///
    /// # Errors
    /// As the variants of [`CcacheError`] say.
    pub fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        self.store().replace_with(cache)
    }

    /// Adds tickets. In a KEYRING each takes the place of the one for the same service.
    ///
    /// # Errors
    /// As [`open`](Self::open), and whatever keeps it from being written.
    pub fn append<'a>(
        &self,
        credentials: impl IntoIterator<Item = &'a Credential>,
    ) -> Result<(), CcacheError> {
        let credentials: Vec<&Credential> = credentials.into_iter().collect();
        self.store().append(&credentials)
    }

    /// Sets a setting: an older one with the same key and principal is removed.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn set_config(&self, entry: &ConfigEntry) -> Result<(), CcacheError> {
        self.store().set_config(entry)
    }

    /// Removes every entry for which `matches` says so, and returns how many those were.
    ///
    /// What another process adds to a KCM cache at the same moment may be lost with it.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn remove(
        &self,
        mut matches: impl FnMut(&CredentialView<'_>) -> bool,
    ) -> Result<usize, CcacheError> {
        self.store().remove(&mut matches)
    }

    /// Removes the cache with all that it holds.
    ///
    /// # Errors
    /// [`CcacheError::is_no_cache`] for a FILE or DIR that is not there, and what the KCM daemon
    /// says of a cache that it does not have; a KEYRING or MEMORY cache that is not there is gone
    /// already. Else whatever keeps it from being removed.
    pub fn destroy(&self) -> Result<(), CcacheError> {
        self.store().destroy()
    }

    /// Makes it the primary cache of its collection, if its type has collections.
    ///
    /// # Errors
    /// Whatever keeps that from being written.
    pub fn make_primary(&self) -> Result<(), CcacheError> {
        self.store().make_primary()
    }

    /// Makes the collection that it belongs to, unless it exists: the directory of a DIR, the
    /// keyring of KEYRING caches, either with this one as the primary. Writing a cache does so,
    /// too; MIT's library does whenever one is looked for.
    ///
    /// # Errors
    /// Whatever keeps it from being made.
    pub fn make_collection(&self) -> Result<(), CcacheError> {
        self.store().make_collection()
    }

    pub(super) fn file(name: CcacheName) -> Self {
        let place = Place::File(CcacheFile::of(&name));
        Self { name, place }
    }

    pub(super) fn dir(store: DirStore) -> Self {
        Self::of(Place::Dir(store))
    }

    #[cfg(feature = "keyring")]
    pub(super) fn keyring(store: KeyringStore) -> Self {
        Self::of(Place::Keyring(store))
    }

    pub(super) fn kcm(store: KcmStore) -> Self {
        Self::of(Place::Kcm(store))
    }

    fn of(place: Place) -> Self {
        let name = match &place {
            Place::File(file) => CcacheName::file(file.path().to_string_lossy()),
            Place::Dir(store) => store.name(),
            Place::Memory(store) => store.name(),
            #[cfg(feature = "keyring")]
            Place::Keyring(store) => store.name(),
            Place::Kcm(store) => store.name(),
        };
        Self { name, place }
    }

    fn store(&self) -> &dyn Store {
        match &self.place {
            Place::File(file) => file,
            Place::Dir(store) => store,
            Place::Memory(store) => store,
            #[cfg(feature = "keyring")]
            Place::Keyring(store) => store,
            Place::Kcm(store) => store,
        }
    }
}

/// Where Heimdal's KCM daemon listens, and with it everyone's.
pub(crate) const DEFAULT_KCM_SOCKET: &str = "/var/run/.heim_org.h5l.kcm-socket";

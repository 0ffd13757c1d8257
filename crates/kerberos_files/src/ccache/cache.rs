//! `Ccache`: a cache of any type, behind one set of operations.
//!
//! Each type has its own file, with an implementation of [`Store`]. All return their contents as a
//! [`CcacheReader`], so that caches of all types are read in the same way. A file is streamed; the
//! contents of other types are fetched completely and converted to the format of version 4.

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

/// What a name alone does not say about the location of caches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CcacheOptions {
    /// Where the KCM daemon listens; `None` if it must not be used.
    pub(super) kcm_socket: Option<PathBuf>,
    pub(super) kcm_timeout: Duration,
}

/// A credential cache of any type. Nothing is kept open between calls.
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

/// The socket of Heimdal's daemon, which MIT's library and sssd use, too. No time limit is
/// documented, but a healthy daemon never takes half a minute.
impl Default for CcacheOptions {
    fn default() -> Self {
        Self {
            kcm_socket: Some(DEFAULT_KCM_SOCKET.into()),
            kcm_timeout: Duration::from_secs(30),
        }
    }
}

impl CcacheOptions {
    /// Uses the KCM daemon at this socket (`kcm_socket`); `None` if it must not be used.
    pub fn with_kcm_socket(mut self, socket: Option<impl Into<PathBuf>>) -> Self {
        self.kcm_socket = socket.map(Into::into);
        self
    }

    /// Sets the time limit for all requests to the KCM daemon within one operation.
    pub fn with_kcm_timeout(mut self, timeout: Duration) -> Self {
        self.kcm_timeout = timeout;
        self
    }
}

impl Ccache {
    /// The cache that `name` refers to now, whether it exists or not.
    ///
    /// The name of a collection refers to its primary cache. To find it, a DIR is read, or the
    /// kernel or the KCM daemon is asked. For a FILE or MEMORY cache nothing is accessed.
    ///
    /// # Errors
    /// [`CcacheError::Name`] if the name is malformed or its type is not supported, and any error
    /// in determining the primary cache of a collection.
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

    /// Creates a new FILE cache in `directory`, with an unpredictable name. Only its owner can read
    /// it, and it is empty until the cache is written.
    ///
    /// # Errors
    /// [`CcacheError::Io`] if the file cannot be created.
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

    /// The name of this single cache. For a collection, this is the name of the cache that was
    /// found.
    pub fn name(&self) -> &CcacheName {
        &self.name
    }

    /// Opens the cache for reading.
    ///
    /// # Errors
    /// [`CcacheError::is_no_cache`] if no cache is found, otherwise the documented variants of
    /// [`CcacheError`].
    pub fn open(&self) -> Result<CcacheReader, CcacheError> {
        self.store().open()
    }

    /// The principal of the cache. Faster than [`open`](Self::open) if that would have to fetch
    /// everything.
    ///
    /// # Errors
    /// The same as [`open`](Self::open).
    pub fn principal(&self) -> Result<Principal, CcacheError> {
        self.store().principal()
    }

    /// Replaces the contents of the cache.
    ///
    /// Readers of FILE, DIR and MEMORY see either the old cache or the new one, never a part. So do
    /// readers of KCM if the daemon supports it (sssd since 2.9, MIT's test server); Heimdal's
    /// daemon receives one ticket at a time. In a KEYRING, tickets for the same service are
    /// replaced one by one, then the others are removed.
    ///
    /// # Errors
    /// The documented variants of [`CcacheError`].
    pub fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        self.store().replace_with(cache)
    }

    /// Adds tickets. In a KEYRING, each replaces the ticket for the same service.
    ///
    /// # Errors
    /// The same as [`open`](Self::open), and any error in writing the cache.
    pub fn append<'a>(
        &self,
        credentials: impl IntoIterator<Item = &'a Credential>,
    ) -> Result<(), CcacheError> {
        let credentials: Vec<&Credential> = credentials.into_iter().collect();
        self.store().append(&credentials)
    }

    /// Stores a setting, and removes an older one with the same key and principal.
    ///
    /// # Errors
    /// The same as [`append`](Self::append).
    pub fn set_config(&self, entry: &ConfigEntry) -> Result<(), CcacheError> {
        self.store().set_config(entry)
    }

    /// Removes all entries for which `matches` returns true, and returns their number.
    ///
    /// What another process adds to a KCM cache at the same time may be lost.
    ///
    /// # Errors
    /// The same as [`append`](Self::append).
    pub fn remove(
        &self,
        mut matches: impl FnMut(&CredentialView<'_>) -> bool,
    ) -> Result<usize, CcacheError> {
        self.store().remove(&mut matches)
    }

    /// Removes the cache and its contents.
    ///
    /// # Errors
    /// If the cache does not exist: [`CcacheError::is_no_cache`] for a FILE or DIR, the daemon's
    /// error for KCM, and no error for KEYRING and MEMORY. Otherwise any error in removing it.
    pub fn destroy(&self) -> Result<(), CcacheError> {
        self.store().destroy()
    }

    /// Makes this the primary cache of its collection, if its type has collections.
    ///
    /// # Errors
    /// Any error in writing this.
    pub fn make_primary(&self) -> Result<(), CcacheError> {
        self.store().make_primary()
    }

    /// Creates the collection that the cache belongs to, unless it exists: the directory of a DIR,
    /// or the keyring of KEYRING caches, with this cache as the primary one. Writing a cache does
    /// this, too; MIT's library does it whenever a cache is looked up.
    ///
    /// # Errors
    /// Any error in creating it.
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

/// Where Heimdal's KCM daemon listens, and all others, too.
pub(crate) const DEFAULT_KCM_SOCKET: &str = "/var/run/.heim_org.h5l.kcm-socket";

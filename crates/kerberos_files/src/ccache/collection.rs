//! `Collection`: all caches that a default name stands for, as in MIT's library: the files of a
//! DIR, the caches of a KEYRING collection or of the KCM daemon. For other types, and for the name
//! of a single cache, it is just that cache.

use kerberos_asn1::NameType;
use kerberos_proto::Principal;

use crate::ccache::dir::DirStore;
use crate::ccache::kcm::KcmStore;
#[cfg(feature = "keyring")]
use crate::ccache::keyring::KeyringStore;
use crate::ccache::{Ccache, CcacheError, CcacheKind, CcacheName, CcacheNameError, CcacheOptions};

/// The caches of a user, one of which is the primary.
///
/// # Example
/// ```
/// use kerberos_files::ccache::{CcacheBuilder, CcacheName, CcacheOptions, Collection, Header};
/// use kerberos_proto::Principal;
///
/// let directory = std::env::temp_dir().join(format!("krb5cc_dir_{}", std::process::id()));
/// let name = CcacheName::parse(&format!("DIR:{}", directory.display()))?;
/// let caches = Collection::new(name, CcacheOptions::default());
/// assert_eq!(caches.all()?.len(), 0);
///
/// let (anna, ben) = (Principal::parse("anna@A.TEST")?, Principal::parse("ben@B.TEST")?);
/// let first = caches.primary()?;
/// first.replace_with(&CcacheBuilder::new(&Header::default(), &anna)?)?;
/// let second = caches.new_unique()?;
/// second.replace_with(&CcacheBuilder::new(&Header::default(), &ben)?)?;
/// second.make_primary()?;
///
/// assert_eq!(caches.primary()?.principal()?, ben);
/// let found = caches.of_principal(&anna)?.expect("it was just written");
/// assert_eq!(found.name(), first.name());
/// # std::fs::remove_dir_all(directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Collection {
    name: CcacheName,
    options: CcacheOptions,
}

/// Which cache to use for a service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Selection {
    /// This cache.
    Cache(Ccache),
    /// A cache of this principal, but there is none.
    Missing(Principal),
    /// There is no preference; use the primary cache.
    Undecided,
}

impl Collection {
    /// The collection that `name` stands for.
    pub fn new(name: CcacheName, options: CcacheOptions) -> Self {
        Self { name, options }
    }

    /// The name of the collection.
    pub fn name(&self) -> &CcacheName {
        &self.name
    }

    /// Whether there can be several caches, of which one is the primary.
    pub fn can_switch(&self) -> bool {
        self.name.kind().has_collections()
    }

    /// The primary cache, whether it exists or not.
    ///
    /// # Errors
    /// The same as [`Ccache::resolve`].
    pub fn primary(&self) -> Result<Ccache, CcacheError> {
        Ccache::resolve(&self.name, &self.options)
    }

    /// The existing caches, the primary one first. Some may still be empty.
    ///
    /// # Errors
    /// Any error of the kernel or the KCM daemon. A directory that does not exist has no caches.
    pub fn all(&self) -> Result<Vec<Ccache>, CcacheError> {
        let residual = self.name.residual();
        Ok(match self.name.kind() {
            CcacheKind::Dir => into_caches(DirStore::all(&self.name)?, Ccache::dir),
            CcacheKind::Kcm => into_caches(KcmStore::all(residual, &self.options)?, Ccache::kcm),
            #[cfg(feature = "keyring")]
            CcacheKind::Keyring => into_caches(KeyringStore::all(residual)?, Ccache::keyring),
            CcacheKind::File => {
                let there = std::fs::metadata(residual).is_ok();
                let cache = there.then(|| Ccache::file(self.name.clone()));
                cache.into_iter().collect()
            }
            _ => {
                let cache = self.primary()?;
                let there = cache.principal().is_ok();
                there.then_some(cache).into_iter().collect()
            }
        })
    }

    /// A new cache of the collection, under an unused name. It comes into existence when it is
    /// written; in KCM it exists immediately.
    ///
    /// # Errors
    /// [`CcacheNameError::NoCollection`] if the name is that of a single cache,
    /// [`CcacheNameError::Unsupported`] if the type has no collections, and any error in finding an
    /// unused name.
    pub fn new_unique(&self) -> Result<Ccache, CcacheError> {
        match self.name.kind() {
            CcacheKind::Dir => DirStore::new_unique(&self.name).map(Ccache::dir),
            CcacheKind::Kcm => KcmStore::new_unique(&self.options).map(Ccache::kcm),
            #[cfg(feature = "keyring")]
            CcacheKind::Keyring => {
                KeyringStore::new_unique(self.name.residual()).map(Ccache::keyring)
            }
            kind => Err(CcacheNameError::Unsupported { kind }.into()),
        }
    }

    /// The first cache of `principal`.
    ///
    /// # Errors
    /// The same as [`all`](Self::all). Caches that cannot be read are skipped.
    pub fn of_principal(&self, principal: &Principal) -> Result<Option<Ccache>, CcacheError> {
        self.first(|owner| owner == principal)
    }

    /// The cache to use for `service`: one of the principal that `identity` names for it; otherwise
    /// one of the service's own realm; otherwise one of the realm that is named like the domain of
    /// the service's host, or like the closest of its parent domains. The modules of MIT's library
    /// choose in the same way (`ccselect`).
    ///
    /// # Errors
    /// The same as [`all`](Self::all).
    pub fn select(
        &self,
        service: &Principal,
        identity: Option<Principal>,
    ) -> Result<Selection, CcacheError> {
        if let Some(principal) = identity {
            let found = self.of_principal(&principal)?;
            return Ok(found.map_or(Selection::Missing(principal), Selection::Cache));
        }
        let found = match service.realm() {
            [] => None,
            realm => self.first(|owner| owner.realm() == realm)?,
        };
        let found = match found {
            None => self.of_domain(service)?,
            found => found,
        };
        Ok(found.map_or(Selection::Undecided, Selection::Cache))
    }

    /// The first cache of the longest realm with which the service's host name, in upper case,
    /// ends.
    fn of_domain(&self, service: &Principal) -> Result<Option<Ccache>, CcacheError> {
        let host = service.components().nth(1);
        let Some(host) = host.filter(|_| service.name_type() == NameType::SRV_HST) else {
            return Ok(None);
        };
        let host = host.to_ascii_uppercase();
        let mut domains = Some(host.as_slice());
        while let Some(domain) = domains {
            if let Some(found) = self.first(|owner| owner.realm() == domain)? {
                return Ok(Some(found));
            }
            let dot = domain.iter().position(|byte| *byte == b'.');
            domains = dot.and_then(|dot| domain.get(dot + 1..));
        }
        Ok(None)
    }

    fn first(&self, fits: impl Fn(&Principal) -> bool) -> Result<Option<Ccache>, CcacheError> {
        let mut caches = self.all()?.into_iter();
        Ok(caches.find(|cache| cache.principal().is_ok_and(|owner| fits(&owner))))
    }
}

fn into_caches<S>(stores: Vec<S>, cache: impl Fn(S) -> Ccache) -> Vec<Ccache> {
    stores.into_iter().map(cache).collect()
}

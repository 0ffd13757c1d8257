//! `OwnCache`: the chosen cache, and whether a login is due.

use kerberos_files::ccache::{Ccache, CcacheError, CcacheName, Collection, K5Identity, Selection};
use kerberos_files::keytab::{KeytabError, KeytabFile};
use kerberos_proto::{KeyEntry, ParseOptions, Principal, Timestamp};

use super::{PAUSE, REFRESH_TIME, refresh_time, stays_in_use};
use crate::{ClientError, Config, now};

/// The cache to talk to a service with.
pub(super) enum OwnCache {
    /// Its ticket is good, or there is no key to get another one with.
    AsItIs(CcacheName),
    /// A login is due.
    Due(Due),
}

/// A login that is due.
pub(super) struct Due {
    /// Where to store it; `None` for a new cache.
    pub(super) cache: Option<Ccache>,
    /// The cache's name, if it has a TGT that has not ended.
    pub(super) in_use: Option<CcacheName>,
    pub(super) keys: OwnKeys,
}

/// Keys of the client keytab.
pub(super) struct OwnKeys {
    pub(super) principal: Principal,
    pub(super) keys: Vec<KeyEntry>,
}

impl OwnCache {
    pub(super) fn find(config: &Config, service: &Principal) -> Result<Self, ClientError> {
        let caches = collection(config)?;
        let selection = caches.select(service, identity(config, service))?;
        Self::of(config, &caches, selection)
    }

    fn of(config: &Config, caches: &Collection, selection: Selection) -> Result<Self, ClientError> {
        let (cache, named) = match selection {
            Selection::Cache(cache) => (Some(cache), None),
            Selection::Missing(principal) if caches.can_switch() => (None, Some(principal)),
            Selection::Missing(principal) => (Some(caches.primary()?), Some(principal)),
            _ => (Some(caches.primary()?), None),
        };
        let state = match &cache {
            Some(cache) => State::of(cache, config.krb5().kdc_timesync())?,
            None => State::default(),
        };
        let owner = named.clone().or_else(|| state.owner.clone());
        // It is missing no longer if somebody else has just logged in.
        let named = named.filter(|named| state.owner.as_ref() != Some(named));
        let is_anothers = named.is_some() && state.owner.is_some();
        let in_use = cache.as_ref().filter(|_| state.has_ticket(now()));
        let in_use = in_use.map(|cache| cache.name().clone());
        let keys = if state.is_due(now()) && !is_anothers {
            match (keys(config, owner), &in_use) {
                // Whatever the error is, as with MIT's library.
                (Err(error), Some(name)) => {
                    stays_in_use(name, &error);
                    None
                }
                (keys, _) => keys?,
            }
        } else {
            None
        };
        match (keys, cache, named) {
            (Some(keys), cache, _) => Ok(Self::Due(Due {
                cache,
                in_use,
                keys,
            })),
            (None, _, Some(principal)) => Err(ClientError::NoCacheOf {
                principal,
                caches: caches.name().clone(),
            }),
            (None, Some(cache), None) => Ok(Self::AsItIs(cache.name().clone())),
            (None, None, None) => Ok(Self::AsItIs(caches.primary()?.name().clone())),
        }
    }
}

impl Due {
    /// To be called before the login begins.
    pub(super) fn begin(&self) {
        let (Some(cache), Some(name)) = (&self.cache, &self.in_use) else {
            return;
        };
        // Others continue with the present ticket, and so do we if no KDC answers.
        let soon = refresh_time(now().seconds + PAUSE);
        if let Err(error) = cache.set_config(&soon) {
            tracing::debug!("{name} cannot note who renews its ticket: {error}");
        }
    }
}

pub(super) fn collection(config: &Config) -> Result<Collection, ClientError> {
    let options = config.krb5().ccache_options();
    Ok(Collection::new(config.ccache_name()?, options))
}

/// What was found in a cache.
#[derive(Default)]
struct State {
    owner: Option<Principal>,
    /// When the last TGT of the owner's realm ends, by this machine's clock.
    end: Option<i64>,
    /// When to repeat a login with the client keytab.
    refresh_at: Option<i64>,
}

impl State {
    /// `timesync` says whether to believe the cache's offset of the KDC's clock.
    fn of(cache: &Ccache, timesync: bool) -> Result<Self, CcacheError> {
        let mut reader = match cache.open() {
            Err(error) if error.is_no_cache() => return Ok(Self::default()),
            opened => opened?,
        };
        let owner = reader.default_principal().clone();
        let ahead = reader.kdc_offset().filter(|_| timesync);
        let ahead = ahead.map_or(0, |offset| i64::from(offset.seconds));
        let tgt = Principal::krbtgt(owner.realm(), owner.realm());
        let mut state = Self {
            owner: Some(owner),
            ..Self::default()
        };
        while let Some(entry) = reader.next_undamaged()? {
            if let Some(config) = entry.config() {
                if config.key == REFRESH_TIME && config.principal.is_none() {
                    let text = str::from_utf8(config.value).ok();
                    state.refresh_at = text.and_then(|text| text.parse().ok());
                }
            } else if entry.server().matches(&tgt) {
                let end = i64::from(entry.endtime()) - ahead;
                state.end = state.end.max(Some(end));
            }
        }
        Ok(state)
    }

    fn has_ticket(&self, now: Timestamp) -> bool {
        self.end.is_some_and(|end| end > now.seconds)
    }

    /// Also true when the ticket would end while it is used, whoever obtained it.
    fn is_due(&self, now: Timestamp) -> bool {
        let lasts = self.end.is_some_and(|end| end > now.seconds + PAUSE);
        !lasts || self.refresh_at.is_some_and(|at| at <= now.seconds)
    }
}

/// The principal to talk to the service as, if the user has chosen one.
fn identity(config: &Config, service: &Principal) -> Option<Principal> {
    // As in MIT's library, a file that cannot be read says nothing.
    let bytes = std::fs::read(config.k5identity()?).ok()?;
    // A byte that is not UTF-8 spoils only its own line.
    let text = String::from_utf8_lossy(&bytes);
    let realm = config.default_realm().ok();
    let options = realm.map_or_else(ParseOptions::default, |realm| {
        ParseOptions::with_default_realm(realm.as_bytes())
    });
    K5Identity::parse(text).principal_for(service, &options)
}

/// The keys in the client keytab of `principal`, or of the first one if that is `None`. `None` if
/// there are none, except that a file which the environment names must exist: MIT's library would
/// complain of a missing cache instead.
fn keys(config: &Config, principal: Option<Principal>) -> Result<Option<OwnKeys>, ClientError> {
    let file = KeytabFile::new(config.client_keytab_name()?.file_path()?);
    let found = match principal {
        Some(principal) => Ok(Some(principal)),
        None => file.first_principal(),
    };
    let keys = found.and_then(|principal| {
        let keys = |principal| {
            let keys = file.keys_for(&principal)?;
            Ok(OwnKeys { principal, keys })
        };
        principal.map(keys).transpose()
    });
    match keys {
        Err(KeytabError::NotFound { .. }) if !config.chooses_client_keytab() => Ok(None),
        Err(
            KeytabError::Empty { .. }
            | KeytabError::NoKeys { .. }
            | KeytabError::EntryNotFound { .. },
        ) => Ok(None),
        keys => Ok(keys?),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::{Client, Password, Secret};

    /// The file was missing when the cache was selected, and somebody else has written it since.
    #[test]
    fn cache_that_comes_after_the_selection_is_used() {
        let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
            .principal("bob", "secret")
            .start()
            .unwrap();
        let folder = test_support::TempDir::new();
        let config = Config::parse(&kdc.krb5_conf())
            .unwrap()
            .with_ccache_name(folder.join("cache").display().to_string());
        let client = Client::new(config.clone());
        let bob = client.principal("bob").unwrap();
        let selection = || Selection::Missing(bob.clone());
        let caches = collection(&config).unwrap();
        let found = OwnCache::of(&config, &caches, selection());
        assert!(matches!(found, Err(ClientError::NoCacheOf { .. })));

        let login = client.as_params(bob.clone()).unwrap();
        let secret = Secret::Password(Password::new("secret"));
        let login = client.login(login, secret).unwrap();
        client.store(&login, caches.name()).unwrap();
        let found = OwnCache::of(&config, &caches, selection()).unwrap();
        assert!(matches!(found, OwnCache::AsItIs(name) if name == *caches.name()));
    }
}

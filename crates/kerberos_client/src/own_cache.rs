//! `cache_for`: as whom to talk to a service, by the rules of MIT's GSS-API library for a program
//! that names no client (`acquire_cred.c`): a cache of the collection, and a login with the client
//! keytab where there is no ticket.

use std::sync::Arc;

use kerberos_files::ccache::{
    Ccache, CcacheError, CcacheName, Collection, ConfigEntry, K5Identity, Selection,
};
use kerberos_files::keytab::{KeytabError, KeytabFile};
use kerberos_proto::{KeyEntry, Login, ParseOptions, Principal, Secret, Timestamp};

use crate::driver::Driver;
use crate::io::block_on;
use crate::store::cache_of;
use crate::{Client, ClientError, Config, now};

impl Client {
    /// The cache to talk to `service` with, for a program that needs no more of a person than a
    /// keytab: what [`initiate`](Self::initiate) and [`ticket`](Self::ticket) take. `service` is
    /// named as there.
    ///
    /// In a collection (DIR, KCM, KEYRING) it is a cache of the principal that `~/.k5identity`
    /// names for the service, else one of the service's realm, else the primary one. Where that has
    /// no TGT, or one that has ended, there is a login with the client keytab
    /// (`KRB5_CLIENT_KTNAME`, `default_client_keytab_name`): as the cache's principal, or as the
    /// first one of the keytab. A ticket that came so is replaced when half of its life is over;
    /// the cache says when (`refresh_time`), to programs with MIT's library, too. Without a client
    /// keytab, or without a key of that principal, everything stays as it is.
    ///
    /// It is for the beginning of each connection: with a good ticket it costs a look at the cache.
    /// A [keeper](Self::keep) has the ticket fresh without being asked.
    ///
    /// # Errors
    /// As [`login`](Self::login), but not while there is a good ticket; [`ClientError::NoCacheOf`]
    /// when `~/.k5identity` names a principal with neither cache nor key; [`ClientError::Ccache`]
    /// and [`ClientError::Keytab`] when one cannot be read.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Client, Config, TicketRequest};
    ///
    /// # let file = |name| std::env::temp_dir().join(format!("{name}_own_{}", std::process::id()));
    /// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
    /// #     .principal("svc", "password").service("HTTP/www.example.com").start()?;
    /// # std::fs::write(file("keytab"), kdc.keytab("svc"))?;
    /// # let (keytab, cache) = (file("keytab").display().to_string(), file("cc").display().to_string());
    /// # let config = Config::parse(&kdc.krb5_conf())? // or Config::from_env()?
    /// #     .with_client_keytab_name(keytab)
    /// #     .with_ccache_name(cache);
    /// let client = Client::new(config);
    /// // Nobody has logged in.
    /// let cache = client.cache_for("HTTP/www.example.com@EXAMPLE.COM")?;
    /// let service = client.principal("HTTP/www.example.com")?;
    /// let ticket = client.ticket(&cache, &TicketRequest::new(service))?;
    /// assert_eq!(ticket.client.to_string(), "svc@EXAMPLE.COM");
    /// # for name in ["cc", "keytab"] { std::fs::remove_file(file(name))?; }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cache_for(&self, service: &str) -> Result<CcacheName, ClientError> {
        block_on(self.driver.cache_for(service))
    }
}

impl Driver {
    /// As [`Client::cache_for`].
    pub(crate) async fn cache_for(&self, service: &str) -> Result<CcacheName, ClientError> {
        let service = self.named_service(service).await?;
        let config = Arc::clone(&self.config);
        let find = move || OwnCache::find(&config, &service);
        let own = self.io.run(find).await??;
        let Some(keys) = own.keys else {
            return Ok(own.name);
        };
        let login = self.config.as_params(keys.principal)?;
        let done = match self.login(login, Secret::Keys(keys.keys)).await {
            Ok(login) => {
                let (config, name) = (Arc::clone(&self.config), own.name.clone());
                let store = move || store(&login, &name, &config);
                self.io.finish(store).await?
            }
            Err(error) => Err(error),
        };
        match done {
            Err(error) if own.has_ticket => {
                tracing::warn!(
                    "the ticket in {} is still used, since a login failed: {error}",
                    own.name
                );
                Ok(own.name)
            }
            done => done.map(|()| own.name),
        }
    }
}

/// The cache that was chosen.
struct OwnCache {
    name: CcacheName,
    /// Whether there is a TGT in it that has not ended.
    has_ticket: bool,
    /// What to log in with, where that is to be done.
    keys: Option<OwnKeys>,
}

/// Keys of the client keytab.
struct OwnKeys {
    principal: Principal,
    keys: Vec<KeyEntry>,
}

impl OwnCache {
    fn find(config: &Config, service: &Principal) -> Result<Self, ClientError> {
        let options = config.krb5().ccache_options();
        let caches = Collection::new(config.ccache_name()?, options);
        let (cache, named) = match caches.select(service, identity(config, service))? {
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
        let is_anothers = named.is_some() && state.owner.is_some() && state.owner != named;
        let keys = if state.is_due(now()) && !is_anothers {
            keys(config, owner)?
        } else {
            None
        };
        if let Some(principal) = named.filter(|_| is_anothers || keys.is_none()) {
            return Err(ClientError::NoCacheOf {
                principal,
                caches: caches.name().clone(),
            });
        }
        let cache = match cache {
            Some(cache) => cache,
            None => caches.new_unique()?,
        };
        let has_ticket = state.has_ticket(now());
        if has_ticket && keys.is_some() {
            // Others go on with the ticket that there is, and so do we if no KDC answers.
            let soon = refresh_time(now().seconds + PAUSE);
            if let Err(error) = cache.set_config(&soon) {
                tracing::debug!(
                    "{} cannot note who renews its ticket: {error}",
                    cache.name()
                );
            }
        }
        Ok(Self {
            name: cache.name().clone(),
            has_ticket,
            keys,
        })
    }
}

/// What a cache has.
#[derive(Default)]
struct State {
    owner: Option<Principal>,
    /// When the last TGT of the owner's realm ends, by this machine's clock.
    end: Option<i64>,
    /// When a login with the client keytab is to be repeated.
    refresh_at: Option<i64>,
}

impl State {
    /// `timesync` says whether what the cache knows of the KDC's clock is believed.
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
        while let Some(entry) = reader.next()? {
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

    fn is_due(&self, now: Timestamp) -> bool {
        !self.has_ticket(now) || self.refresh_at.is_some_and(|at| at <= now.seconds)
    }
}

/// As whom to talk to the service, if the user says so.
fn identity(config: &Config, service: &Principal) -> Option<Principal> {
    // As in MIT's library a file that cannot be read says nothing.
    let text = std::fs::read_to_string(config.k5identity()?).ok()?;
    let realm = config.default_realm().ok();
    let options = realm.map_or_else(ParseOptions::default, |realm| {
        ParseOptions::with_default_realm(realm.as_bytes())
    });
    K5Identity::parse(text).principal_for(service, &options)
}

/// The keys of `principal` in the client keytab, or of its first one; `None` if there are none.
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
        Err(
            KeytabError::NotFound { .. }
            | KeytabError::Empty { .. }
            | KeytabError::NoKeys { .. }
            | KeytabError::EntryNotFound { .. },
        ) => Ok(None),
        keys => Ok(keys?),
    }
}

/// Puts the login into the cache, with the time at which it is to be repeated: MIT's library takes
/// half of the ticket's life.
fn store(login: &Login, name: &CcacheName, config: &Config) -> Result<(), ClientError> {
    let krb5 = config.krb5();
    let mut cache = cache_of(login, krb5.ccache_version(name.kind()))?;
    let left = login.credential.times.endtime.unix() - login.by_kdc(now()).seconds;
    cache.config(&refresh_time(now().seconds + left / 2))?;
    Ok(Ccache::resolve(name, &krb5.ccache_options())?.replace_with(&cache)?)
}

fn refresh_time(at: i64) -> ConfigEntry {
    ConfigEntry::new(REFRESH_TIME, None, at.to_string())
}

/// The setting of a cache by which MIT's library has it, too.
const REFRESH_TIME: &[u8] = b"refresh_time";

/// In seconds: how long others leave the renewal of a ticket to whoever has begun it.
const PAUSE: i64 = 30;

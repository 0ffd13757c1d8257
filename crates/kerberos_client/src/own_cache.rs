//! `cache_for`: chooses the client principal and cache for a service, by the rules of MIT's GSS-API
//! library for a program that names no client (`acquire_cred.c`): a cache of the collection, and a
//! login with the client keytab if that has no ticket.

mod find;

use std::sync::Arc;

use kerberos_files::ccache::{Ccache, CcacheName, ConfigEntry};
use kerberos_proto::{Login, Principal, Secret};

use crate::driver::Driver;
use crate::flights::Route;
use crate::io::block_on;
use crate::store::cache_of;
use crate::{Client, ClientError, Config, now};
use find::{Due, OwnCache, collection};

impl Client {
    /// The cache to talk to `service` with, for a program that can log in without a person, with a
    /// keytab. [`initiate`](Self::initiate) and [`ticket`](Self::ticket) take the result. `service`
    /// is named as for `initiate`.
    ///
    /// In a collection (DIR, KCM, KEYRING) it is a cache of the principal that `~/.k5identity`
    /// names for the service, or else one of the service's realm, or else the primary one. If that
    /// has no TGT, or one that ends within half a minute, there is a login with the client keytab
    /// (`KRB5_CLIENT_KTNAME`, `default_client_keytab_name`), as the cache's principal, or else as
    /// the first one in the keytab. A ticket from such a login is replaced when half of its life is
    /// over. The cache records the time for that (`refresh_time`), which programs with MIT's
    /// library follow, too. Without a client keytab, or without a key of that principal, nothing is
    /// changed.
    ///
    /// Call it before each connection: with a good ticket it only costs a look at the cache. A
    /// [keeper](Self::keep) keeps the ticket fresh by itself.
    ///
    /// # Errors
    /// As [`login`](Self::login), and [`ClientError::Keytab`] when the client keytab cannot be
    /// read. Both only occur when the cache has no valid ticket. [`ClientError::NoCacheOf`] when
    /// `~/.k5identity` names a principal with neither cache nor key; [`ClientError::Ccache`] when
    /// the cache cannot be read.
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
        let due = match self.own_cache(&service).await? {
            OwnCache::AsItIs(name) => return Ok(name),
            OwnCache::Due(due) => due,
        };
        match (
            self.log_in_once(service, due.keys.principal).await,
            due.in_use,
        ) {
            (Err(error), Some(name)) => {
                stays_in_use(&name, &error);
                Ok(name)
            }
            (done, _) => done,
        }
    }

    async fn own_cache(&self, service: &Principal) -> Result<OwnCache, ClientError> {
        let (config, service) = (Arc::clone(&self.config), service.clone());
        let find = move || OwnCache::find(&config, &service);
        self.io.run(find).await?
    }

    /// Logs in as `owner`, once for all who ask at the same time: a service often opens several
    /// connections at its start, and otherwise each would create a cache.
    async fn log_in_once(
        &self,
        service: Principal,
        owner: Principal,
    ) -> Result<CcacheName, ClientError> {
        let route = OwnRoute {
            caches: self.config.ccache_name()?,
            owner,
        };
        let driver = self.clone();
        let log_in = || async move { driver.log_in_unless_there(&service).await };
        let (logins, caller) = (&self.shared.own_logins, self.caller()?);
        logins.outcome(self.io, caller, &route, log_in).await
    }

    /// Logs in, unless somebody else has done so since the login was found to be due.
    async fn log_in_unless_there(&self, service: &Principal) -> Result<CcacheName, ClientError> {
        let due = match self.own_cache(service).await? {
            OwnCache::AsItIs(name) => return Ok(name),
            OwnCache::Due(due) => due,
        };
        let begin = move || {
            due.begin();
            due
        };
        let Due { cache, keys, .. } = self.io.run(begin).await?;
        let login = self.config.as_params(keys.principal)?;
        let login = self.login(login, Secret::Keys(keys.keys)).await?;
        let config = Arc::clone(&self.config);
        let store = move || match cache {
            Some(cache) => store(&login, &cache, &config),
            // Only now: Heimdal's KCM daemon makes it at once, and keeps it if the login fails.
            None => store(&login, &collection(&config)?.new_unique()?, &config),
        };
        self.io.finish(store).await?
    }
}

/// What callers must have in common to share a login.
#[derive(Clone, Debug)]
pub(crate) struct OwnRoute {
    caches: CcacheName,
    owner: Principal,
}

impl Route for OwnRoute {
    fn is_same(&self, other: &Self) -> bool {
        self.caches == other.caches && self.owner == other.owner
    }
}

fn stays_in_use(cache: &CcacheName, error: &ClientError) {
    tracing::warn!("the ticket in {cache} is still used, since a login failed: {error}");
}

/// Stores the login in the cache, with the time at which to repeat it: as in MIT's library, after
/// half of the ticket's life.
fn store(login: &Login, cache: &Ccache, config: &Config) -> Result<CcacheName, ClientError> {
    let name = cache.name();
    let mut content = cache_of(login, config.krb5().ccache_version(name.kind()))?;
    let left = login.credential.times.endtime.unix() - login.by_kdc(now()).seconds;
    content.config(&refresh_time(now().seconds + left / 2))?;
    cache.replace_with(&content)?;
    Ok(name.clone())
}

fn refresh_time(at: i64) -> ConfigEntry {
    ConfigEntry::new(REFRESH_TIME, None, at.to_string())
}

/// MIT's library uses the same setting of a cache.
const REFRESH_TIME: &[u8] = b"refresh_time";

/// In seconds: how long others leave a login to the program that has begun it, and how long a
/// ticket must still last to be left alone.
const PAUSE: i64 = 30;

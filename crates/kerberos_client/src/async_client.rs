//! `AsyncClient`: the client for services on a Tokio runtime.
//!
//! It does what [`Client`] does, by the same code, except for
//! [`tickets_in_turn`](Client::tickets_in_turn), whose iterator would have to be a stream, and
//! [`service_principal_as_typed`](Client::service_principal_as_typed). Threads of the client's own
//! do what takes the processor or a file for more than a moment: string-to-key and credential
//! caches.

use std::sync::Arc;
use std::time::Duration;

use kerberos_crypto::EncryptionType;
use kerberos_files::ccache::CcacheName;
use kerberos_proto::{
    AsParams, ClockOffset, Credential, HostAddress, Login, Password, PasswordSalt, Principal,
    Request, S4uUser, Secret, TgsParams,
};
use tokio::runtime::Handle;

use crate::dns::Resolver;
use crate::driver::Driver;
use crate::io::Io;
use crate::keeper::keeper;
use crate::store::{store_at, store_credential_at};
use crate::tickets::store_renewed_at;
use crate::{
    Client, ClientError, Config, FoundServer, KeeperParams, ServiceAcceptor, TicketKeeper,
    TicketRequest,
};

/// A Kerberos client whose calls are awaited; cheap to clone and to share between tasks.
///
/// Its futures are `Send`, and need a Tokio runtime with IO and time enabled. Each may be dropped
/// at any time: nothing is left half done, and other callers that wait for the same ticket still
/// get it.
///
/// # Example
/// ```
/// use kerberos_client::{AsyncClient, Config, Password, Secret, TicketRequest};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
/// #     .principal("user", "password").service("HTTP/www.example.com").start()?;
/// # let krb5_conf = kdc.krb5_conf();
/// # let path = std::env::temp_dir().join(format!("async_doc_{}", std::process::id()));
/// let config = Config::parse(&krb5_conf)?.with_ccache_name(path.display().to_string());
/// let client = AsyncClient::new(config);
/// let cache = client.config().ccache_name()?;
///
/// let params = client.as_params(client.principal("user").await?)?;
/// let login = client.login(params, Secret::Password(Password::new("password"))).await?;
/// client.store(&login, &cache).await?;
///
/// let request = TicketRequest::new(client.principal("HTTP/www.example.com").await?);
/// // However many want it at once, the KDC is asked once.
/// let (one, other) = tokio::join!(client.ticket(&cache, &request), client.ticket(&cache, &request));
/// assert_eq!(one?.ticket, other?.ticket);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AsyncClient {
    pub(crate) driver: Driver,
}

/// Makes a client that shares what the other one learns: DNS answers, and which KDC answered last.
impl From<Client> for AsyncClient {
    fn from(client: Client) -> Self {
        Self {
            driver: client.driver.with_io(Io::Tokio),
        }
    }
}

/// Makes a client that shares what the other one learns: DNS answers, and which KDC answered last.
impl From<AsyncClient> for Client {
    fn from(client: AsyncClient) -> Self {
        Self {
            driver: client.driver.with_io(Io::Blocking),
        }
    }
}

impl AsyncClient {
    /// A client with this configuration.
    pub fn new(config: Config) -> Self {
        Client::new(config).into()
    }

    /// A client with the configuration that the environment names; see [`Config::from_env`].
    ///
    /// # Errors
    /// [`ClientError::Config`] when krb5.conf cannot be read.
    pub fn from_env() -> Result<Self, ClientError> {
        Client::from_env().map(Self::from)
    }

    /// Its resolver of names. The resolver's own methods block.
    pub fn resolver(&self) -> &Resolver {
        &self.driver.resolver
    }

    /// As [`Client::with_request_timeout`].
    #[must_use = "the other one stays as it was"]
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.driver.timeout = Some(timeout);
        self
    }

    /// As [`Client::unattended`].
    #[must_use = "the other one stays as it was"]
    pub fn unattended(mut self) -> Self {
        self.driver = self.driver.unattended();
        self
    }

    /// As [`Client::with_resolver`].
    #[must_use = "the other one stays as it was"]
    pub fn with_resolver(mut self, resolver: Resolver) -> Self {
        self.driver.resolver = Arc::new(resolver);
        self
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.driver.config
    }

    /// A request for an initial ticket of `client` with the settings of krb5.conf, which can be
    /// changed before the login.
    ///
    /// # Errors
    /// As [`Config::as_params`].
    pub fn as_params(&self, client: Principal) -> Result<AsParams, ClientError> {
        self.config().as_params(client)
    }

    /// As [`Client::principal`].
    ///
    /// # Errors
    /// The same, as for all methods below; and [`ClientError::NoRuntime`].
    pub async fn principal(&self, name: &str) -> Result<Principal, ClientError> {
        self.driver.principal(name).await
    }

    /// As [`Client::default_realm`].
    ///
    /// # Errors
    /// The same.
    pub async fn default_realm(&self) -> Result<String, ClientError> {
        self.driver.default_realm().await
    }

    /// As [`Client::fallback_realm`].
    ///
    /// # Errors
    /// The same.
    pub async fn fallback_realm(&self, host: &str) -> Result<String, ClientError> {
        self.driver.fallback_realm(host).await
    }

    /// As [`Client::service_principal`].
    ///
    /// # Errors
    /// The same.
    pub async fn service_principal(
        &self,
        service: &str,
        host: Option<&str>,
    ) -> Result<Principal, ClientError> {
        self.driver.service_principal(service, host).await
    }

    /// As [`Client::service_candidates`], but returns all of them: DNS is asked for the second one,
    /// too.
    ///
    /// # Errors
    /// The same.
    pub async fn service_candidates(
        &self,
        server: &Principal,
    ) -> Result<Vec<Principal>, ClientError> {
        let mut names = self.driver.service_names(server)?;
        let mut candidates = Vec::new();
        while let Some(name) = names.next().await {
            candidates.push(name);
        }
        Ok(candidates)
    }

    /// As [`Client::login`]. Turning a password into a key, or asking for one, is done on a thread
    /// for blocking work.
    ///
    /// # Errors
    /// The same.
    pub async fn login(&self, params: AsParams, secret: Secret) -> Result<Login, ClientError> {
        self.driver.login(params, secret).await
    }

    /// As [`Client::verify`].
    ///
    /// # Errors
    /// The same.
    pub async fn verify(
        &self,
        login: &Login,
        server: &Principal,
        service: &ServiceAcceptor,
    ) -> Result<(), ClientError> {
        self.driver.verify(login, server, service).await
    }

    /// As [`Client::store`].
    ///
    /// # Errors
    /// The same.
    pub async fn store(&self, login: &Login, cache: &CcacheName) -> Result<(), ClientError> {
        let (login, cache) = (login.clone(), cache.clone());
        let config = Arc::clone(&self.driver.config);
        let store = move || store_at(&login, &cache, config.krb5());
        self.driver.io.finish(store).await?
    }

    /// As [`Client::store_credential`].
    ///
    /// # Errors
    /// The same.
    pub async fn store_credential(
        &self,
        credential: &Credential,
        cache: &CcacheName,
    ) -> Result<(), ClientError> {
        let (credential, cache) = (credential.clone(), cache.clone());
        let config = Arc::clone(&self.driver.config);
        let store = move || store_credential_at(&credential, &cache, config.krb5());
        self.driver.io.finish(store).await?
    }

    /// As [`Client::store_renewed`].
    ///
    /// # Errors
    /// The same.
    pub async fn store_renewed(
        &self,
        ticket: &Credential,
        cache: &CcacheName,
    ) -> Result<(), ClientError> {
        let (ticket, cache) = (ticket.clone(), cache.clone());
        let options = self.driver.config.krb5().ccache_options();
        let store = move || store_renewed_at(&ticket, &cache, &options);
        self.driver.io.finish(store).await?
    }

    /// As [`Client::cache_for`].
    ///
    /// # Errors
    /// The same.
    pub async fn cache_for(&self, service: &str) -> Result<CcacheName, ClientError> {
        self.driver.cache_for(service).await
    }

    /// As [`Client::ticket`].
    ///
    /// # Errors
    /// The same.
    pub async fn ticket(
        &self,
        cache: &CcacheName,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        self.driver.ticket(cache, request).await
    }

    /// As [`Client::tickets`].
    ///
    /// # Errors
    /// The same.
    pub async fn tickets(
        &self,
        cache: &CcacheName,
        requests: &[TicketRequest],
    ) -> Result<Vec<Result<Credential, ClientError>>, ClientError> {
        let mut turns = self.driver.tickets_in_turn(cache, requests).await?;
        let mut results = Vec::with_capacity(requests.len());
        while let Some(result) = turns.next().await {
            results.push(result);
        }
        Ok(results)
    }

    /// As [`Client::renew`].
    ///
    /// # Errors
    /// The same.
    pub async fn renew(
        &self,
        cache: &CcacheName,
        server: Option<Principal>,
    ) -> Result<Credential, ClientError> {
        self.driver.again(cache, server, TgsParams::renew).await
    }

    /// As [`Client::validate`].
    ///
    /// # Errors
    /// The same.
    pub async fn validate(
        &self,
        cache: &CcacheName,
        server: Option<Principal>,
    ) -> Result<Credential, ClientError> {
        self.driver.again(cache, server, TgsParams::validate).await
    }

    /// As [`Client::forward`].
    ///
    /// # Errors
    /// The same.
    pub async fn forward(
        &self,
        cache: &CcacheName,
        addresses: Vec<HostAddress>,
        forwardable: bool,
    ) -> Result<Credential, ClientError> {
        self.driver.forward(cache, addresses, forwardable).await
    }

    /// As [`Client::s4u2self`].
    ///
    /// # Errors
    /// The same.
    pub async fn s4u2self(
        &self,
        cache: &CcacheName,
        user: &S4uUser,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        // Its state between steps is large.
        Box::pin(self.driver.s4u2self(cache, user, request)).await
    }

    /// As [`Client::s4u2proxy`].
    ///
    /// # Errors
    /// The same.
    pub async fn s4u2proxy(
        &self,
        cache: &CcacheName,
        evidence: &Credential,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        self.driver.s4u2proxy(cache, evidence, request).await
    }

    /// As [`Client::initiate`].
    ///
    /// # Errors
    /// The same.
    #[cfg(feature = "gss")]
    pub async fn initiate(
        &self,
        cache: &CcacheName,
        service: &str,
        options: &crate::InitiateOptions,
    ) -> Result<(crate::Initiation, kerberos_gss::Step), ClientError> {
        self.driver.initiate(cache, service, options).await
    }

    /// As [`Client::initiate_with_ticket`].
    ///
    /// # Errors
    /// The same.
    #[cfg(feature = "gss")]
    pub async fn initiate_with_ticket(
        &self,
        cache: &CcacheName,
        ticket: &Credential,
        options: &crate::InitiateOptions,
    ) -> Result<(crate::Initiation, kerberos_gss::Step), ClientError> {
        let begun = self.driver.initiate_with_ticket(cache, ticket, options);
        begun.await
    }

    /// As [`Client::keep`], in a task of its own.
    ///
    /// # Errors
    /// The same, and [`ClientError::NoRuntime`].
    pub fn keep(&self, params: KeeperParams) -> Result<TicketKeeper, ClientError> {
        let runtime = Handle::try_current().map_err(|_| ClientError::NoRuntime)?;
        let (keeper, work) = keeper(self.driver.clone(), params)?;
        runtime.spawn(work);
        Ok(keeper)
    }

    /// As [`Client::change_password`].
    ///
    /// # Errors
    /// The same.
    pub async fn change_password(&self, login: &Login, new: &Password) -> Result<(), ClientError> {
        self.driver.change_password(login, new).await
    }

    /// As [`Client::set_password`].
    ///
    /// # Errors
    /// The same.
    pub async fn set_password(
        &self,
        credential: &Credential,
        target: &Principal,
        new: &Password,
        kdc_offset: Option<ClockOffset>,
    ) -> Result<(), ClientError> {
        let set = self
            .driver
            .set_password(credential, target, new, kdc_offset);
        set.await
    }

    /// As [`Client::salts`].
    ///
    /// # Errors
    /// The same.
    pub async fn salts(
        &self,
        principal: Principal,
        etypes: &[EncryptionType],
    ) -> Result<Vec<PasswordSalt>, ClientError> {
        self.driver.salts(principal, etypes).await
    }

    /// As [`Client::send`].
    ///
    /// # Errors
    /// The same.
    pub async fn send(&self, request: &Request) -> Result<Vec<u8>, ClientError> {
        self.driver.send(request).await
    }

    /// As [`Client::probe_kdcs`].
    ///
    /// # Errors
    /// The same.
    pub async fn probe_kdcs(
        &self,
        realm: &str,
        limit: Duration,
    ) -> Result<Vec<FoundServer>, ClientError> {
        let (client, realm) = (Client::from(self.clone()), realm.to_owned());
        let probe = move || client.probe_kdcs(&realm, limit);
        self.driver.io.run(probe).await?
    }
}

//! Tickets on behalf of users (MS-SFU): from the cache, or else from the KDCs and then stored in
//! the cache as MIT's library stores them. One to the service itself is stored under the user's
//! name, one to another service together with the evidence.

use kerberos_asn1::NameType;
use kerberos_files::ccache::{Ccache, CcacheName};
use kerberos_proto::{
    ClockOffset, Credential, Policy, Principal, S4u2Proxy, S4u2Self, S4uUser, Step, TgsParams,
    UserRealm,
};

use super::TicketRequest;
use super::get::is_unknown_service;
use super::look_up::{Hit, no_credential};
use super::request::Whose;
use crate::driver::Driver;
use crate::io::block_on;
use crate::trace::trace;
use crate::{Client, ClientError, now, system_rng};

impl Client {
    /// A ticket of `user` to the service that `request` names, which must be the one that `cache`
    /// belongs to. This is S4U2Self: a service uses it to learn what its realm knows about a user
    /// who did not authenticate with Kerberos.
    ///
    /// If the user's realm is not known, the KDC is asked for it; a user of another realm is asked
    /// for there. The ticket does not prove that the user is present: the caller vouches for that.
    /// That the KDC meant this user is proven by PA-S4U-X509-USER in its reply (MIT's KDC sends it,
    /// Heimdal's and Samba's do not). Otherwise only the ticket itself says so, to those who have
    /// the service's key.
    ///
    /// For [`s4u2proxy`](Self::s4u2proxy) the ticket must be forwardable, and so the service's own
    /// TGT must be: set `forwardable = true` in krb5.conf, or in the parameters of the login.
    ///
    /// # Errors
    /// As [`ticket`](Self::ticket). Also [`ClientError::Exchange`] when the KDC's reply does not
    /// prove that it saw this user.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::kerberos_proto::S4uUser;
    /// use kerberos_client::{Client, Config, Password, Secret, TicketRequest};
    ///
    /// # use kerberos_testkdc::{Account, TestKdc};
    /// # let kdc = TestKdc::builder("EXAMPLE.COM").principal("alice", "unknown to the service")
    /// #     .account(Account::new("HTTP/web").password("pw").may_impersonate().delegates_to("ldap/back"))
    /// #     .service("ldap/back").start()?;
    /// # let krb5_conf = kdc.krb5_conf();
    /// # let path = std::env::temp_dir().join(format!("s4u_doc_{}", std::process::id()));
    /// # let config = Config::parse(&krb5_conf)?.with_ccache_name(path.display().to_string());
    /// let client = Client::new(config);
    /// let web = client.principal("HTTP/web")?;
    /// let cache = client.config().ccache_name()?;
    /// let mut params = client.as_params(web.clone())?;
    /// params.options.forwardable = true;
    /// let login = client.login(params, Secret::Password(Password::new("pw")))?;
    /// client.store(&login, &cache)?;
    ///
    /// let alice = S4uUser::Name(client.principal("alice")?);
    /// let evidence = client.s4u2self(&cache, &alice, &TicketRequest::new(web))?;
    /// assert_eq!(evidence.client.to_string(), "alice@EXAMPLE.COM");
    ///
    /// let back = TicketRequest::new(client.principal("ldap/back")?);
    /// let ticket = client.s4u2proxy(&cache, &evidence, &back)?;
    /// assert_eq!(ticket.client.to_string(), "alice@EXAMPLE.COM");
    /// assert_eq!(ticket.server.to_string(), "ldap/back@EXAMPLE.COM");
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn s4u2self(
        &self,
        cache: &CcacheName,
        user: &S4uUser,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        block_on(self.driver.s4u2self(cache, user, request))
    }

    /// A ticket of the client of `evidence` to the service that `request` names: S4U2Proxy.
    ///
    /// `evidence` is a ticket to the service that `cache` belongs to, either from
    /// [`s4u2self`](Self::s4u2self) or presented by the user.
    ///
    /// # Errors
    /// As [`ticket`](Self::ticket). Also [`ClientError::Exchange`] when the ticket's client is not
    /// that of the evidence, and when the KDC does not let the service act on behalf of others.
    ///
    /// # Example
    /// See [`s4u2self`](Self::s4u2self).
    pub fn s4u2proxy(
        &self,
        cache: &CcacheName,
        evidence: &Credential,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        block_on(self.driver.s4u2proxy(cache, evidence, request))
    }
}

impl Driver {
    /// As [`Client::s4u2self`].
    pub(crate) async fn s4u2self(
        &self,
        cache: &CcacheName,
        user: &S4uUser,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        let mut behalf = Behalf::new(self, cache, request).await?;
        if let S4uUser::Name(name) = user
            && let Some(ticket) = behalf.cached(Whose::User(name.clone())).await?
        {
            return Ok(ticket);
        }
        if request.cached_only {
            return Err(behalf.no_credential());
        }
        let realm = behalf.realm_of(user).await?;
        if let S4uUser::Name(name) = user
            && name.name_type() == NameType::ENTERPRISE
        {
            let whose = Whose::User(name.clone().with_realm(realm.as_slice()));
            if let Some(ticket) = behalf.cached(whose).await? {
                return Ok(ticket);
            }
        }
        let tgt = behalf.tgt(&realm).await?;
        let params = behalf.params();
        let mut rng = system_rng()?;
        let (mut machine, message) = S4u2Self::start(params, user, &realm, &tgt, &mut rng, now())?;
        let step = |reply: &[u8]| machine.step(reply, &mut rng, now());
        let ticket = self.exchange(Step::Send(message), step).await?;
        // The user's real name is only known now.
        let renamed = !matches!(user, S4uUser::Name(name) if *name == ticket.client);
        if renamed {
            let whose = Whose::User(ticket.client.clone());
            if let Some(ticket) = behalf.cached(whose).await? {
                return Ok(ticket);
            }
        }
        behalf.store(&ticket).await;
        Ok(ticket)
    }

    /// As [`Client::s4u2proxy`].
    pub(crate) async fn s4u2proxy(
        &self,
        cache: &CcacheName,
        evidence: &Credential,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        let mut behalf = Behalf::new(self, cache, request).await?;
        let whose = Whose::Evidence(evidence.ticket.clone());
        if let Some(ticket) = behalf.cached(whose).await?
            && ticket.client == evidence.client
        {
            return Ok(ticket);
        }
        if request.cached_only {
            return Err(behalf.no_credential());
        }
        let tgt = behalf.tgt(behalf.owner.realm()).await?;
        let mut names = self.service_names(&request.server)?;
        let mut result = Err(ClientError::NoResult);
        while let Some(name) = names.next().await {
            result = behalf.proxy(evidence, name, &tgt).await;
            if !is_unknown_service(&result) {
                break;
            }
        }
        // As in MIT's library, the ticket is stored under the name that was asked for.
        let server = request.server.clone();
        let ticket = Credential { server, ..result? };
        behalf.store(&ticket).await;
        Ok(ticket)
    }
}

/// The state of one call.
struct Behalf<'a> {
    driver: &'a Driver,
    name: &'a CcacheName,
    cache: Ccache,
    request: TicketRequest,
    /// The client that the cache belongs to: the service that acts on behalf of users.
    owner: Principal,
    policy: Policy,
    kdc_offset: Option<ClockOffset>,
}

impl<'a> Behalf<'a> {
    async fn new(
        driver: &'a Driver,
        name: &'a CcacheName,
        request: &TicketRequest,
    ) -> Result<Self, ClientError> {
        let cache = driver.ccache(name).await?;
        let found = driver.look_up(&cache, Vec::new()).await?;
        Ok(Self {
            driver,
            name,
            request: request.clone(),
            policy: driver.config.tgs_policy(found.client.realm())?,
            owner: found.client,
            kdc_offset: found.kdc_offset,
            cache,
        })
    }

    /// The ticket of this kind in the cache, if there is one.
    async fn cached(&mut self, whose: Whose) -> Result<Option<Credential>, ClientError> {
        let (server, name) = (&self.request.server, self.name);
        let user = match &whose {
            Whose::User(user) => Some(user.clone()),
            _ => None,
        };
        if let Some(user) = &user {
            trace!("Getting credentials {user} -> {server} using ccache {name}");
        }
        self.request.whose = whose;
        let requests = vec![self.request.clone()];
        let found = self.driver.look_up(&self.cache, requests).await?;
        let hit = found.hits.into_iter().next().unwrap_or(Hit::Nothing);
        let server = &self.request.server;
        let ticket = hit.ticket(server, &self.cache);
        if let Some(user) = &user {
            let result = match &ticket {
                Ok(_) => "0/Success".to_owned(),
                Err(error) => error.mit_code_and_text(),
            };
            trace!("Retrieving {user} -> {server} from {name} with result: {result}");
        }
        Ok(ticket.ok())
    }

    fn no_credential(&self) -> ClientError {
        no_credential(&self.request.server, &self.cache)
    }

    async fn realm_of(&self, user: &S4uUser) -> Result<Vec<u8>, ClientError> {
        let mut rng = system_rng()?;
        let realm = self.owner.realm();
        let policy = self.driver.config.policy(realm)?;
        let (mut search, step) = UserRealm::start(user, realm, policy, &mut rng, now())?;
        let next = |reply: &[u8]| search.step(reply, &mut rng, now());
        self.driver.exchange(step, next).await
    }

    /// A TGT for `realm`, obtained and stored like any ticket.
    async fn tgt(&self, realm: &[u8]) -> Result<Credential, ClientError> {
        let mut request = TicketRequest::new(Principal::krbtgt(realm, self.owner.realm()));
        request.no_store = self.request.no_store;
        self.driver.ticket(self.name, &request).await
    }

    fn params(&self) -> TgsParams {
        let mut params = self.request.tgs_params(self.request.server.clone());
        // With it, this would be another kind of request.
        params.second_ticket = None;
        params.kdc_offset = self.kdc_offset;
        params.policy = self.policy.clone();
        params
    }

    async fn proxy(
        &self,
        evidence: &Credential,
        server: Principal,
        tgt: &Credential,
    ) -> Result<Credential, ClientError> {
        let mut params = self.params();
        params.server = server;
        let mut rng = system_rng()?;
        let (mut machine, message) = S4u2Proxy::start(params, evidence, tgt, &mut rng, now())?;
        let step = |reply: &[u8]| machine.step(reply, &mut rng, now());
        self.driver.exchange(Step::Send(message), step).await
    }

    /// Adds the ticket to the cache, unless the request says not to.
    async fn store(&self, ticket: &Credential) {
        if !self.request.no_store {
            let request = Some(&self.request);
            let stored = self.driver.store(ticket, request, &self.cache, self.name);
            stored.await;
        }
    }
}

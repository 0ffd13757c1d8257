//! Tickets for services: from the credential cache, else from the KDC, and then kept in the cache.
//!
//! ```text
//! TicketRequest ─► look_up: one pass over the cache ─► a ticket that lasts ──────────► Credential
//!                                │ none                                                    ▲
//!                                ▼                                                         │
//!                    TGT, cross-realm TGTs ─► get: the exchange with the KDCs ─► stored ───┘
//!                                             once for all who want it now (`flights`)
//! ```
//! What it leaves to others: finding the KDCs ([`Client::send`]), and what is asked of them
//! (`kerberos_proto`).

mod again;
mod get;
mod look_up;
mod request;
mod route;
mod s4u;

use std::sync::{Arc, Mutex};

use kerberos_crypto::EncryptionType;
use kerberos_files::ccache::{Ccache, CcacheError, CcacheName, CredentialView};
use kerberos_proto::{ClockOffset, Credential, Policy, Principal};

#[cfg(feature = "tokio")]
pub(crate) use again::store_renewed_at;
pub use request::TicketRequest;
pub(crate) use route::TicketRoute;

use crate::driver::Driver;
use crate::io::block_on;
use crate::trace::trace;
use crate::{Client, ClientError, now};
use look_up::Hit;

impl Client {
    /// The ticket that `request` describes: from `cache` if it has one that lasts, else from the
    /// KDC, and then it is in the cache, too.
    ///
    /// # Errors
    /// [`ClientError::Ccache`] when there is no cache, [`ClientError::NoCredential`] when it has
    /// neither the ticket nor a TGT, [`ClientError::NoCredentialOfEtype`] when it has them with
    /// session keys of other types than are allowed, [`ClientError::TicketExpired`] when the TGT
    /// has expired, [`ClientError::Exchange`] when a KDC refuses or its reply is not what was asked
    /// for, [`ClientError::CannotFindKdc`] and [`ClientError::CannotContactKdc`] when there is no
    /// reply; [`ClientError::Config`] when a value of krb5.conf cannot be used, and
    /// [`ClientError::Random`].
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Client, Config, Password, Secret, TicketRequest};
    ///
    /// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
    /// #     .principal("user", "password").service("host/www.example.com").start()?;
    /// # let krb5_conf = kdc.krb5_conf();
    /// # let path = std::env::temp_dir().join(format!("ticket_doc_{}", std::process::id()));
    /// let config = Config::parse(&krb5_conf)?.with_ccache_name(path.display().to_string());
    /// let client = Client::new(config);
    /// let cache = client.config().ccache_name()?;
    /// let params = client.as_params(client.principal("user")?)?;
    /// let login = client.login(params, Secret::Password(Password::new("password")))?;
    /// client.store(&login, &cache)?;
    ///
    /// let request = TicketRequest::new(client.principal("host/www.example.com")?);
    /// let ticket = client.ticket(&cache, &request)?;
    /// assert_eq!(ticket.server.to_string(), "host/www.example.com@EXAMPLE.COM");
    /// // The next time no KDC is asked.
    /// kdc.forget_requests();
    /// assert_eq!(client.ticket(&cache, &request)?.ticket, ticket.ticket);
    /// assert_eq!(kdc.requests().len(), 0);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ticket(
        &self,
        cache: &CcacheName,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        block_on(self.driver.ticket(cache, request))
    }

    /// The tickets that `requests` describe, in their order, each as [`ticket`](Self::ticket)
    /// gives it. However many they are, the cache is read once.
    ///
    /// # Errors
    /// [`ClientError::Ccache`] when the cache cannot be read, and
    /// [`ClientError::Config`] when krb5.conf allows no encryption type.
    pub fn tickets(
        &self,
        cache: &CcacheName,
        requests: &[TicketRequest],
    ) -> Result<Vec<Result<Credential, ClientError>>, ClientError> {
        Ok(self.tickets_in_turn(cache, requests)?.collect())
    }

    /// As [`tickets`](Self::tickets), but a KDC is asked only when it is that ticket's turn: what
    /// is there can be used, or told, while the next one is waited for.
    ///
    /// # Errors
    /// As [`tickets`](Self::tickets).
    pub fn tickets_in_turn<'a>(
        &'a self,
        cache: &'a CcacheName,
        requests: &'a [TicketRequest],
    ) -> Result<impl Iterator<Item = Result<Credential, ClientError>> + use<'a>, ClientError> {
        let mut turns = block_on(self.driver.tickets_in_turn(cache, requests))?;
        Ok(std::iter::from_fn(move || block_on(turns.next())))
    }
}

impl Driver {
    /// As [`Client::ticket`].
    pub(crate) async fn ticket(
        &self,
        cache: &CcacheName,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        let request = std::slice::from_ref(request);
        let mut turns = self.tickets_in_turn(cache, request).await?;
        // One request has one result.
        turns.next().await.unwrap_or(Err(ClientError::NoResult))
    }

    /// As [`Client::tickets_in_turn`].
    pub(crate) async fn tickets_in_turn(
        &self,
        cache: &CcacheName,
        requests: &[TicketRequest],
    ) -> Result<Turns, ClientError> {
        let name = cache.clone();
        let cache = self.ccache(cache).await?;
        let landed = self.shared.flights.landed();
        let found = self.look_up(&cache, requests.to_vec()).await?;
        let getter = Getter {
            driver: self.clone(),
            name,
            policy: self.config.tgs_policy(found.client.realm())?,
            cache,
            client: found.client,
            start_realm: found.start_realm,
            kdc_offset: found.kdc_offset,
            tgts: Mutex::new(found.tgts),
            start_tgt_of_other_etype: found.start_tgt_of_other_etype,
            landed,
        };
        let requests = requests.iter().cloned();
        Ok(Turns {
            getter: Arc::new(getter),
            requests: requests.zip(found.hits).collect::<Vec<_>>().into_iter(),
            new: Vec::new(),
        })
    }

    /// The cache that `name` leads to now.
    pub(crate) async fn ccache(&self, name: &CcacheName) -> Result<Ccache, ClientError> {
        let (name, options) = (name.clone(), self.config.krb5().ccache_options());
        let resolve = move || Ccache::resolve(&name, &options);
        Ok(self.io.run(resolve).await??)
    }

    /// How far the KDC's clock is ahead, as the cache called `name` has it.
    #[cfg(feature = "gss")]
    pub(crate) async fn kdc_offset(
        &self,
        name: &CcacheName,
    ) -> Result<Option<ClockOffset>, ClientError> {
        let timesync = self.config.krb5().kdc_timesync();
        let cache = self.ccache(name).await?;
        let open = move || {
            cache
                .open()
                .map(|reader| look_up::kdc_offset(&reader, timesync))
        };
        Ok(self.io.run(open).await??)
    }

    /// What `cache` has for `requests`.
    async fn look_up(
        &self,
        cache: &Ccache,
        requests: Vec<TicketRequest>,
    ) -> Result<look_up::Found, ClientError> {
        let etypes = self.config.krb5().tgs_enctypes()?;
        let timesync = self.config.krb5().kdc_timesync();
        let cache = cache.clone();
        let look_up = move || look_up::look_up(&cache, &requests, &etypes, timesync, now());
        Ok(self.io.run(look_up).await??)
    }

    /// Adds `ticket` to the cache; that it cannot be kept is no reason not to use it. Where it is
    /// the answer to a request for a fresh one, those go that would have been an answer before.
    async fn store(
        &self,
        ticket: &Credential,
        request: Option<&TicketRequest>,
        cache: &Ccache,
        name: &CcacheName,
    ) {
        let (client, server) = (&ticket.client, &ticket.server);
        trace!("Storing {client} -> {server} in {name}");
        let (ticket, cache) = (ticket.clone(), cache.clone());
        let etypes = request.filter(|request| request.fresh);
        let etypes = etypes.map(|request| request.etypes.clone());
        let append = move || {
            cache.append([&ticket])?;
            // Only then, lest there be none for a moment.
            if let Some(etypes) = etypes {
                cache.remove(|view| is_replaced(view, &ticket, &etypes))?;
            }
            Ok::<_, CcacheError>(())
        };
        let stored = self.io.finish(append).await;
        if let Err(error) = stored.and_then(|stored| Ok(stored?)) {
            tracing::warn!("the ticket for {server} cannot be stored in {name}: {error}");
        }
    }
}

/// The tickets of one call, each to be had when it is its turn.
pub(crate) struct Turns {
    getter: Arc<Getter>,
    requests: std::vec::IntoIter<(TicketRequest, Hit)>,
    /// The tickets that were got, with the requests that they answer.
    new: Vec<(TicketRequest, Credential)>,
}

impl Turns {
    /// How far the KDC's clock is ahead, as the cache has it.
    #[cfg(feature = "gss")]
    pub(crate) fn kdc_offset(&self) -> Option<ClockOffset> {
        self.getter.kdc_offset
    }

    /// What the next request comes to; `None` when there is none left.
    pub(crate) async fn next(&mut self) -> Option<Result<Credential, ClientError>> {
        let (request, hit) = self.requests.next()?;
        Some(self.result(request, hit).await)
    }

    async fn result(
        &mut self,
        request: TicketRequest,
        hit: Hit,
    ) -> Result<Credential, ClientError> {
        let getter = &self.getter;
        let (client, server, name) = (&getter.client, &request.server, &getter.name);
        trace!("Getting credentials {client} -> {server} using ccache {name}");
        let error = match hit.ticket(server, &getter.cache) {
            Ok(ticket) => {
                getter.trace_retrieved(server, "0/Success");
                return Ok(ticket);
            }
            Err(error) => error,
        };
        getter.trace_retrieved(server, &error.mit_code_and_text());
        // The same name twice: what MIT's library would find in the cache the second time.
        let same = |(answered, _): &&(TicketRequest, _)| answered.wants_the_same(&request);
        if let Some((_, ticket)) = self.new.iter().find(same) {
            return Ok(ticket.clone());
        }
        if request.cached_only {
            return Err(error);
        }
        let ticket = getter.get_once(&request).await?;
        if request.may_be_cached() {
            self.new.push((request, ticket.clone()));
        }
        Ok(ticket)
    }
}

/// What it takes to get tickets that the cache has not.
struct Getter {
    driver: Driver,
    name: CcacheName,
    cache: Ccache,
    policy: Policy,
    client: Principal,
    /// Where the way to other realms starts.
    start_realm: Vec<u8>,
    kdc_offset: Option<ClockOffset>,
    /// The client's TGTs; those that are got on the way come to them.
    tgts: Mutex<Vec<Credential>>,
    /// Whether the one that every way starts with has a session key of no type that is allowed.
    start_tgt_of_other_etype: bool,
    /// How many [`Flights`](crate::flights::Flights) had landed when the cache was read.
    landed: u64,
}

impl Getter {
    /// The ticket, got by whoever was the first to want it. Once somebody waits for it, it is got
    /// even if the first one has lost interest.
    async fn get_once(
        self: &Arc<Self>,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        // One that is under way may have been asked for before there was a reason to ask anew.
        if request.fresh || !request.may_be_cached() {
            return self.get(request).await;
        }
        let route = TicketRoute {
            cache: self.cache.name().clone(),
            client: self.client.clone(),
            start_realm: self.start_realm.clone(),
            request: request.clone(),
        };
        let (getter, request) = (Arc::clone(self), request.clone());
        let get = || async move { getter.get_unless_there(&request).await };
        let driver = &self.driver;
        let (flights, caller) = (&driver.shared.flights, driver.caller()?);
        flights.outcome(driver.io, caller, &route, get).await
    }

    /// Gets the ticket, unless somebody else has put it into the cache since that was read.
    async fn get_unless_there(&self, request: &TicketRequest) -> Result<Credential, ClientError> {
        if self.driver.shared.flights.landed() != self.landed {
            let found = self
                .driver
                .look_up(&self.cache, vec![request.clone()])
                .await;
            // The cache may be another client's by now.
            let hits = match found {
                Ok(found) if found.client == self.client => found.hits,
                _ => Vec::new(),
            };
            if let Some(Hit::Ticket(ticket)) = hits.into_iter().next() {
                return Ok(*ticket);
            }
        }
        self.get(request).await
    }

    fn trace_retrieved(&self, server: &Principal, result: &str) {
        let (client, name) = (&self.client, &self.name);
        trace!("Retrieving {client} -> {server} from {name} with result: {result}");
    }

    async fn store(&self, ticket: &Credential, request: Option<&TicketRequest>) {
        let (cache, name) = (&self.cache, &self.name);
        self.driver.store(ticket, request, cache, name).await;
    }
}

/// Whether `ticket` takes the place of this entry, which a look-up would find for the same request.
fn is_replaced(view: &CredentialView<'_>, ticket: &Credential, etypes: &[EncryptionType]) -> bool {
    view.ticket() != ticket.ticket
        && !view.is_config()
        && view.client().matches(&ticket.client)
        && view.server().matches(&ticket.server)
        && view.is_skey() == ticket.is_skey
        && view.second_ticket() == ticket.second_ticket
        && look_up::has_type(view, etypes)
        && look_up::has_restrictions(view, &ticket.authorization_data)
}

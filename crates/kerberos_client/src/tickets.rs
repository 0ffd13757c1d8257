//! Tickets for services: from the credential cache, or else from the KDC and then stored in the
//! cache.
//!
//! ```text
//! TicketRequest ─► look_up: one pass over the cache ─► a ticket that lasts ──────────► Credential
//!                                │ none                                                    ▲
//!                                ▼                                                         │
//!                    TGT, cross-realm TGTs ─► get: the exchange with the KDCs ─► stored ───┘
//!                                             once for all who want it now (`flights`)
//! ```
//! Finding the KDCs is left to [`Client::send`], and the messages to them to `kerberos_proto`.

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
    /// The ticket that `request` describes: from `cache` if it has one that still lasts, otherwise
    /// from the KDC, and then it is stored in the cache.
    ///
    /// # Errors
    /// [`ClientError::Ccache`] when there is no cache, [`ClientError::NoCredential`] when it has
    /// neither the ticket nor a TGT, [`ClientError::NoCredentialOfEtype`] when their session keys
    /// are of types that are not allowed, [`ClientError::TicketExpired`] when the TGT has expired,
    /// [`ClientError::Exchange`] when a KDC refuses or its reply is not what was asked for,
    /// [`ClientError::CannotFindKdc`] and [`ClientError::CannotContactKdc`] when there is no reply;
    /// [`ClientError::Config`] when a value of krb5.conf cannot be used, and
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

    /// The tickets that `requests` describe, in the same order, each as [`ticket`](Self::ticket)
    /// returns it. The cache is read only once.
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

    /// As [`tickets`](Self::tickets), but a KDC is asked only when the iterator reaches that
    /// ticket, so that one ticket can be used or shown while the next is awaited.
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

    /// The cache that `name` means now.
    pub(crate) async fn ccache(&self, name: &CcacheName) -> Result<Ccache, ClientError> {
        let (name, options) = (name.clone(), self.config.krb5().ccache_options());
        let resolve = move || Ccache::resolve(&name, &options);
        Ok(self.io.run(resolve).await??)
    }

    /// How far the KDC's clock is ahead, according to the cache called `name`.
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

    /// Adds `ticket` to the cache; if that fails, the ticket can still be used. If it answers a
    /// request for a fresh ticket, older ones that would have matched are removed.
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
            // Only after storing, so that there is always a ticket.
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

/// The tickets of one call, each obtained when it is its turn.
pub(crate) struct Turns {
    getter: Arc<Getter>,
    requests: std::vec::IntoIter<(TicketRequest, Hit)>,
    /// The new tickets, with the requests that they answer.
    new: Vec<(TicketRequest, Credential)>,
}

impl Turns {
    /// How far the KDC's clock is ahead, according to the cache.
    #[cfg(feature = "gss")]
    pub(crate) fn kdc_offset(&self) -> Option<ClockOffset> {
        self.getter.kdc_offset
    }

    /// The result of the next request; `None` when there is none left.
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
        // The same request again gets what MIT's library would now find in the cache.
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

/// What is needed to get tickets that are not in the cache.
struct Getter {
    driver: Driver,
    name: CcacheName,
    cache: Ccache,
    policy: Policy,
    client: Principal,
    /// The realm where the path to other realms starts.
    start_realm: Vec<u8>,
    kdc_offset: Option<ClockOffset>,
    /// The client's TGTs, including those obtained on the way.
    tgts: Mutex<Vec<Credential>>,
    /// Whether the TGT that every path starts with has a session key whose type is not allowed.
    start_tgt_of_other_etype: bool,
    /// How many [`Flights`](crate::flights::Flights) had landed when the cache was read.
    landed: u64,
}

impl Getter {
    /// The ticket, obtained by the first caller who wants it. Once another caller waits for it, it
    /// is obtained even if the first one gives up.
    async fn get_once(
        self: &Arc<Self>,
        request: &TicketRequest,
    ) -> Result<Credential, ClientError> {
        // A request in progress may have begun before there was a reason to ask for a fresh ticket.
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

    /// Gets the ticket, unless somebody else has stored it since the cache was read.
    async fn get_unless_there(&self, request: &TicketRequest) -> Result<Credential, ClientError> {
        if self.driver.shared.flights.landed() != self.landed {
            let found = self
                .driver
                .look_up(&self.cache, vec![request.clone()])
                .await;
            // The cache may belong to another client by now.
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

/// Whether `ticket` replaces this entry, which a look-up would find for the same request.
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

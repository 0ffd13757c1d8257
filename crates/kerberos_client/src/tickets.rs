//! Tickets for services: from the credential cache, else from the KDC, and then kept in the cache.
//!
//! ```text
//! TicketRequest ─► look_up: one pass over the cache ─► a ticket that lasts ──────────► Credential
//!                                │ none                                                    ▲
//!                                ▼                                                         │
//!                    TGT, cross-realm TGTs ─► get: the exchange with the KDCs ─► stored ───┘
//! ```
//! What it leaves to others: finding the KDCs ([`Client::send`]), and what is asked of them
//! (`kerberos_proto`).

/// Emits a line of the trace that users know from `KRB5_TRACE`.
macro_rules! trace {
    ($($arg:tt)+) => { tracing::debug!(target: "krb5_trace", $($arg)+) };
}

mod again;
mod get;
mod look_up;
mod request;
mod s4u;

use kerberos_files::ccache::{CcacheFile, CcacheName};
use kerberos_proto::{Credential, Policy, Principal};

pub use again::store_renewed;
pub use request::TicketRequest;

use crate::{Client, ClientError, now};
use look_up::{Found, Hit};

impl Client {
    /// The ticket that `request` describes: from `cache` if it has one that lasts, else from the
    /// KDC, and then it is in the cache, too.
    ///
    /// # Errors
    /// [`ClientError::Ccache`] when there is no cache, [`ClientError::NoCredential`] when it has
    /// neither the ticket nor a TGT, [`ClientError::TicketExpired`] when the TGT has expired,
    /// [`ClientError::Exchange`] when a KDC refuses or its reply is not what was asked for,
    /// [`ClientError::CannotFindKdc`] and [`ClientError::CannotContactKdc`] when there is no reply.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Client, Config, Password, Secret, TicketRequest, store};
    ///
    /// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
    /// #     .principal("user", "password").service("host/www.example.com").start()?;
    /// # let krb5_conf = kdc.krb5_conf();
    /// # let path = std::env::temp_dir().join(format!("ticket_doc_{}", std::process::id()));
    /// let config = Config::parse(&krb5_conf)?.with_ccache_name(path.display().to_string());
    /// let client = Client::new(config);
    /// let cache = client.config().ccache_name()?;
    /// let params = client.as_params(client.principal("user")?)?;
    /// store(&client.login(params, Secret::Password(Password::new("password")))?, &cache)?;
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
        let mut results = self.tickets(cache, std::slice::from_ref(request))?;
        // One request has one result.
        results.pop().unwrap_or(Err(ClientError::NoResult))
    }

    /// The tickets that `requests` describe, in their order, each as [`ticket`](Self::ticket)
    /// gives it. However many they are, the cache is read once.
    ///
    /// # Errors
    /// [`ClientError::Ccache`] and [`ClientError::CcacheName`] when the cache cannot be read, and
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
        let file = CcacheFile::new(cache.file_path()?);
        let etypes = self.config().krb5().tgs_enctypes()?;
        let timesync = self.config().krb5().kdc_timesync();
        let mut found = look_up::look_up(&file, requests, &etypes, timesync, now())?;
        let hits = std::mem::take(&mut found.hits);
        let mut session = Session {
            client: self,
            name: cache,
            file,
            policy: self.tgs_policy(found.client.realm())?,
            found,
            new: Vec::new(),
        };
        let results = requests.iter().zip(hits);
        Ok(results.map(move |(request, hit)| session.result(request, hit)))
    }

    /// What krb5.conf allows and prefers for service tickets of clients of `realm`.
    fn tgs_policy(&self, realm: &[u8]) -> Result<Policy, ClientError> {
        let mut policy = self.config().policy(realm)?;
        policy.etypes = self.config().krb5().tgs_enctypes()?;
        Ok(policy)
    }
}

/// What serves the requests of one call.
struct Session<'a> {
    client: &'a Client,
    name: &'a CcacheName,
    file: CcacheFile,
    policy: Policy,
    found: Found,
    /// The tickets that were got, with the requests that they answer.
    new: Vec<(TicketRequest, Credential)>,
}

impl Session<'_> {
    fn result(&mut self, request: &TicketRequest, hit: Hit) -> Result<Credential, ClientError> {
        let (client, server, name) = (&self.found.client, &request.server, self.name);
        trace!("Getting credentials {client} -> {server} using ccache {name}");
        let error = match hit.ticket(server, &self.file) {
            Ok(ticket) => {
                self.trace_retrieved(server, "0/Success");
                return Ok(ticket);
            }
            Err(error) => error,
        };
        self.trace_retrieved(server, &error.mit_code_and_text());
        // The same name twice: what MIT's library would find in the cache the second time.
        let same = |(answered, _): &&(TicketRequest, _)| answered.wants_the_same(request);
        if let Some((_, ticket)) = self.new.iter().find(same) {
            return Ok(ticket.clone());
        }
        if request.cached_only {
            return Err(error);
        }
        self.get(request)
    }

    fn trace_retrieved(&self, server: &Principal, result: &str) {
        let (client, name) = (&self.found.client, self.name);
        trace!("Retrieving {client} -> {server} from {name} with result: {result}");
    }

    /// Adds `ticket` to the cache; that it cannot be kept is no reason not to use it.
    fn store(&self, ticket: &Credential) {
        let (client, server, name) = (&ticket.client, &ticket.server, self.name);
        trace!("Storing {client} -> {server} in {name}");
        if let Err(error) = self.file.append([ticket]) {
            tracing::warn!("{name} does not take the ticket for {server}: {error}");
        }
    }
}

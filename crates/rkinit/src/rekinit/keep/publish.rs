//! Stores a ticket in its cache, together with the tickets for services, so that a reader sees
//! either all of the old or all of the new tickets.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kerberos_asn1::KerberosTime;
use kerberos_client::kerberos_files::atomic;
use kerberos_client::{Client, ClientError, TicketRequest, cache_of, now};
use kerberos_files::ccache::{
    Ccache, CcacheBuilder, CcacheError, CcacheFile, CcacheKind, CcacheName, Collection,
};
use kerberos_proto::{Login, Principal, TicketTimes};

use super::gathering::{Gathering, Services};
use crate::messages::advice::advice;
use crate::rekinit::log::Log;
use crate::rekinit::setup::service;
use crate::rekinit::setup::service::Service;
use crate::rekinit::status::Status;
use crate::rekinit::status::reason::Reason;
use crate::rekinit::target::Target;

/// Where and how a target's tickets are published for applications.
pub(crate) struct Publisher {
    client: Client,
    target: Arc<Target>,
    status: Arc<Status>,
    log: Log,
    /// Whether another keeper, perhaps of another ticket, has taken over the cache.
    ended: Arc<AtomicBool>,
    /// What there is for the last login.
    gathering: Option<Gathering>,
    /// How many times in a row a service ticket was missing.
    without: u32,
}

impl Publisher {
    pub(crate) fn new(
        client: Client,
        target: Arc<Target>,
        status: Arc<Status>,
        log: Log,
        ended: Arc<AtomicBool>,
    ) -> Self {
        if let Some(path) = target.cache.path() {
            remove_leftovers(path);
        }
        Self {
            client,
            target,
            status,
            log,
            ended,
            gathering: None,
            without: 0,
        }
    }

    /// Gets the service tickets, writes everything, and returns when the first service ticket ends.
    ///
    /// # Errors
    /// [`ClientError::Ccache`] when the cache cannot be written. Also when the KDC of a service
    /// cannot be reached: then the cache is written nevertheless, and another attempt may succeed.
    pub(crate) fn publish(&mut self, login: &Login) -> Result<Option<KerberosTime>, ClientError> {
        let krb5 = self.client.config().krb5();
        let version = krb5.ccache_version(self.target.cache.kind());
        let mut content = cache_of(login, version)?;
        let mut services = Services::default();
        if !self.target.services.is_empty() {
            (content, services) = self.gather(login, &content)?;
        }
        // Getting the tickets may take long, depending on KDCs.
        if self.ended.load(Ordering::Acquire) {
            return Ok(None);
        }
        if self.is_news(&services.tickets) {
            let written = self.write(&content)?;
            self.note(login, written, &services);
            if let Some(gathering) = &mut self.gathering {
                gathering.published = Some(services.tickets.clone());
            }
        }
        if let Some(error) = services.unreachable {
            return Err(error);
        }
        let again = self.again_for_missing(login, services.missing);
        Ok(services.first_end().into_iter().chain(again).min())
    }

    /// Whether the cache lacks something of what there is. When the KDC of a service cannot be
    /// reached, the same login comes here again and again.
    fn is_news(&self, tickets: &[(Principal, KerberosTime)]) -> bool {
        let published = self
            .gathering
            .as_ref()
            .and_then(|it| it.published.as_deref());
        // The ticket may be gone, too: somebody may have removed it.
        published != Some(tickets) || self.status.facts().valid_until.is_none()
    }

    /// Records that the login is in the cache now.
    fn note(&self, login: &Login, written: Option<CcacheName>, services: &Services) {
        let offset = clock_offset(login);
        let times = login.credential.times;
        self.status
            .published(times.endtime.unix() - offset, |facts| {
                facts.principal = Some(login.credential.client.clone());
                facts.owner = Some(login.credential.client.clone());
                facts.written = written;
                facts.renew_till = times.renew_till.map(|time| time.unix() - offset);
                facts.clock_offset = login.kdc_offset.map(|_| offset);
                facts.services = services.names();
                facts.missing_services = services.missing;
            });
    }

    /// The fictitious end of a ticket whose refresh is due when missing tickets should be requested
    /// again. KDCs may know these services already, or will once somebody creates them or corrects
    /// their names.
    fn again_for_missing(&mut self, login: &Login, missing: usize) -> Option<KerberosTime> {
        if missing == 0 {
            self.without = 0;
            return None;
        }
        let delay = FIRST_DELAY
            .saturating_mul(2_i64.saturating_pow(self.without))
            .min(LONGEST_DELAY);
        self.without = self.without.saturating_add(1);
        // Tickets are refreshed when a third of their lifetime is left.
        let end = login.by_kdc(now()).seconds.saturating_add(delay / 2 * 3);
        Some(KerberosTime::from_unix(end))
    }

    /// The contents of the cache with the service tickets added. Only those are requested that an
    /// earlier attempt to publish the same login did not get.
    fn gather(
        &mut self,
        login: &Login,
        content: &CcacheBuilder,
    ) -> Result<(CcacheBuilder, Services), ClientError> {
        let options = self.client.config().krb5().ccache_options();
        let gathering = match self.gathering.take().filter(|it| it.is_for(login)) {
            Some(gathering) => gathering,
            None => Gathering::new(login, content, &options)?,
        };
        let gathering = self.gathering.insert(gathering);
        let name = gathering.cache.clone();
        let wanted = self.names_of_services()?;
        let requests: Vec<TicketRequest> = wanted.iter().cloned().map(TicketRequest::new).collect();
        let results = self.client.tickets(&name, &requests)?;
        let mut services = Services::default();
        for (service, result) in wanted.iter().zip(results) {
            match result {
                Ok(ticket) if is_late(&ticket.times, login) => {
                    // Retries for the sake of another service have gone on for long.
                    let mut request = TicketRequest::new(service.clone());
                    request.fresh = true;
                    let fresh = self.client.ticket(&name, &request);
                    services.take(service, fresh.unwrap_or(ticket).times.endtime);
                }
                Ok(ticket) => services.take(service, ticket.times.endtime),
                Err(error) => {
                    self.warn_of_missing(service, &error, content.default_principal());
                    services.lack(error);
                }
            }
        }
        let mut reader = Ccache::resolve(&name, &options)?.open()?;
        let mut gathered = CcacheBuilder::new(reader.header(), reader.default_principal())?;
        while let Some(entry) = reader.next()? {
            gathered.copy(&entry)?;
        }
        Ok((gathered, services))
    }

    /// The names of the services in tickets. The ticket of the login does not wait long for an
    /// unresponsive DNS, however many services there are.
    fn names_of_services(&self) -> Result<Vec<Principal>, ClientError> {
        let end = Instant::now() + NAMES_LIMIT;
        let name = |service: &Service| {
            let left = end.saturating_duration_since(Instant::now());
            let client = self.client.clone();
            service.resolve(&client.with_request_timeout(left.min(NAME_LIMIT)))
        };
        self.target.services.iter().map(name).collect()
    }

    fn warn_of_missing(&self, service: &Principal, error: &ClientError, principal: &Principal) {
        let shown = service::shown(service);
        let text = format!("{principal}: there is no ticket for {shown}: {error}");
        let event = self.log.warning(text);
        let event = event
            .with("event", "service_missing")
            .with("reason", Reason::of(error, false).name())
            .with("principal", principal.to_string())
            .with("cache", self.status.place())
            .with("service", shown);
        event
            .with_some("hint", advice(error, principal, false))
            .write();
    }

    /// Writes the cache. For a collection, returns the cache that was written.
    fn write(&self, content: &CcacheBuilder) -> Result<Option<CcacheName>, CcacheError> {
        let (name, access) = (&self.target.cache, &self.target.access);
        if name.kind() == CcacheKind::File {
            CcacheFile::new(name.residual()).replace_with_access(content, access)?;
            return Ok(None);
        }
        let _alone = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = self.cache_of_collection(content.default_principal())?;
        cache.replace_with(content)?;
        Ok(Some(cache.name().clone()))
    }

    /// The cache of `principal` in the collection: the one that applications were told about,
    /// unless somebody else took it; otherwise an existing cache of the principal, otherwise the
    /// primary cache if it is unused, otherwise a new one. If the name is that of one cache, it is
    /// that one, whoever has it.
    fn cache_of_collection(&self, principal: &Principal) -> Result<Ccache, CcacheError> {
        let options = self.client.config().krb5().ccache_options();
        if let Some(name) = self.status.facts().place() {
            let cache = Ccache::resolve(name, &options)?;
            let is_ours = match cache.principal() {
                Ok(owner) => owner == *principal,
                Err(error) => error.is_no_cache(),
            };
            if is_ours {
                return Ok(cache);
            }
        }
        let caches = Collection::new(self.target.cache.clone(), options);
        if let Some(cache) = caches.of_principal(principal)? {
            return Ok(cache);
        }
        let primary = caches.primary()?;
        if caches.name().is_single() || primary.principal().is_err() {
            return Ok(primary);
        }
        caches.new_unique()
    }
}

/// When two keepers look for a place in a collection, the second one must see what the first one
/// wrote.
static PLACES: Mutex<()> = Mutex::new(());

/// Whether a third of the ticket's life is left, or less.
fn is_late(times: &TicketTimes, login: &Login) -> bool {
    let (start, end) = (times.starttime.unwrap_or(times.authtime), times.endtime);
    let third = end.unix().saturating_sub(start.unix()) / 3;
    login.by_kdc(now()).seconds >= end.unix().saturating_sub(third)
}

/// By how many seconds the KDC's clock is ahead of ours, if it is trusted.
fn clock_offset(login: &Login) -> i64 {
    login.kdc_offset.map_or(0, |offset| offset.seconds.into())
}

/// Removes temporary files that a killed process left behind. No other writer takes a minute.
fn remove_leftovers(path: &Path) {
    // If the folder cannot be read, writing the cache will report that.
    let _ = atomic::remove_leftovers(path, Duration::from_secs(60));
}

/// The time limit for the name of one service, and for all names.
const NAME_LIMIT: Duration = Duration::from_secs(3);
const NAMES_LIMIT: Duration = Duration::from_secs(10);

/// In seconds, until missing service tickets are requested again. It doubles each time.
const FIRST_DELAY: i64 = 300;
const LONGEST_DELAY: i64 = 3600;

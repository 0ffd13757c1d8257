//! `Resolver`: names and addresses from the system's files and its DNS servers.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::cache::Cache;
use super::lookup::Lookup;
use super::message::{Answer, Data, Question, RecordType};
use super::source::Source;
use super::{DnsError, HostsFile, ResolvConf, driver, name};
use crate::io::{Io, block_on};

/// A stub resolver: asks the hosts file and the servers of resolv.conf, and keeps their answers.
///
/// It reads files and opens sockets only for the first question that needs them, and reads the
/// files again when they have changed.
///
/// # Example
/// ```
/// use kerberos_client::dns::{HostsFile, ResolvConf, Resolver};
/// let hosts = HostsFile::parse("192.0.2.7 kdc.example.com kdc\n");
/// let resolver = Resolver::new(ResolvConf::new([])).with_hosts(hosts);
/// assert_eq!(resolver.addresses("kdc", None)?, ["192.0.2.7".parse::<std::net::IpAddr>()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Resolver {
    conf: Source<ResolvConf>,
    hosts: Source<HostsFile>,
    cache: Mutex<Cache>,
    /// The server that answered last, as an index into resolv.conf; it is asked first.
    first: AtomicUsize,
}

/// The most addresses of a host that are used.
const MAX_ADDRESSES: usize = 32;

impl Resolver {
    /// The resolver of this system: `/etc/hosts` and `/etc/resolv.conf`.
    pub fn system() -> Self {
        Self::with_sources(
            Source::file("/etc/resolv.conf", |path| ResolvConf::load(path)),
            Source::file("/etc/hosts", |path| Ok(HostsFile::load(path))),
        )
    }

    /// A resolver with these settings and without a hosts file.
    pub fn new(conf: ResolvConf) -> Self {
        Self::with_sources(Source::fixed(conf), Source::fixed(HostsFile::default()))
    }

    /// Uses these lines instead of the hosts file.
    pub fn with_hosts(mut self, hosts: HostsFile) -> Self {
        self.hosts = Source::fixed(hosts);
        self
    }

    fn with_sources(conf: Source<ResolvConf>, hosts: Source<HostsFile>) -> Self {
        Self {
            conf,
            hosts,
            cache: Mutex::default(),
            first: AtomicUsize::new(0),
        }
    }

    /// The addresses of `host`, reachable ones first; empty when it has none. Numeric addresses are
    /// never looked up, and `localhost` is this machine (RFC 6761 §6.3).
    ///
    /// # Errors
    /// [`DnsError::NoAnswer`] when no server has answered by `deadline`.
    pub fn addresses(
        &self,
        host: &str,
        deadline: Option<Instant>,
    ) -> Result<Vec<IpAddr>, DnsError> {
        block_on(self.find_addresses(Io::Blocking, host, deadline))
    }

    /// As [`addresses`](Self::addresses).
    pub(crate) async fn find_addresses(
        &self,
        io: Io,
        host: &str,
        deadline: Option<Instant>,
    ) -> Result<Vec<IpAddr>, DnsError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let known = self.hosts(io).await.addresses(host);
        if !known.is_empty() {
            return Ok(known);
        }
        if name::is_localhost(host) {
            return Ok(vec![
                [127, 0, 0, 1].into(),
                std::net::Ipv6Addr::LOCALHOST.into(),
            ]);
        }
        self.forward(io, host, deadline)
            .await
            .map(|found| found.map_or_else(Vec::new, |(_, addresses)| addresses))
    }

    /// The canonical name of `host` and its first address, as `getaddrinfo` with `AI_CANONNAME`
    /// returns them; `None` when there is no such host.
    ///
    /// # Errors
    /// As [`addresses`](Self::addresses).
    pub fn canonical_name(
        &self,
        host: &str,
        deadline: Option<Instant>,
    ) -> Result<Option<(String, IpAddr)>, DnsError> {
        block_on(self.find_canonical_name(Io::Blocking, host, deadline))
    }

    /// As [`canonical_name`](Self::canonical_name).
    pub(crate) async fn find_canonical_name(
        &self,
        io: Io,
        host: &str,
        deadline: Option<Instant>,
    ) -> Result<Option<(String, IpAddr)>, DnsError> {
        if let Ok(address) = host.parse() {
            return Ok(Some((host.to_owned(), address)));
        }
        let owned = |(name, address): (&str, _)| (name.to_owned(), address);
        if let Some(known) = self.hosts(io).await.find(host).map(owned) {
            return Ok(Some(known));
        }
        let found = self.forward(io, host, deadline).await?;
        Ok(found.and_then(|(name, addresses)| Some((name, *addresses.first()?))))
    }

    /// The name of `address`; `None` when it has none.
    ///
    /// # Errors
    /// As [`addresses`](Self::addresses).
    pub fn name_of(
        &self,
        address: IpAddr,
        deadline: Option<Instant>,
    ) -> Result<Option<String>, DnsError> {
        block_on(self.find_name_of(Io::Blocking, address, deadline))
    }

    /// As [`name_of`](Self::name_of).
    pub(crate) async fn find_name_of(
        &self,
        io: Io,
        address: IpAddr,
        deadline: Option<Instant>,
    ) -> Result<Option<String>, DnsError> {
        if let Some(known) = self.hosts(io).await.name_of(address) {
            return Ok(Some(known.to_owned()));
        }
        let name = name::reverse(address);
        let answer = self.ask(io, &name, RecordType::PTR, deadline).await?;
        Ok(answer.records.into_iter().find_map(|data| match data {
            Data::Name(name) => Some(name.to_string()),
            _ => None,
        }))
    }

    /// The settings for asking DNS.
    ///
    /// # Errors
    /// [`DnsError::ResolvConf`] when resolv.conf cannot be read.
    pub fn settings(&self) -> Result<ResolvConf, DnsError> {
        let conf = block_on(self.conf.get(Io::Blocking))?;
        Ok(ResolvConf::clone(&conf))
    }

    /// The first domain in which names are searched.
    pub fn search_domain(&self) -> Option<String> {
        block_on(self.find_search_domain(Io::Blocking))
    }

    /// As [`search_domain`](Self::search_domain).
    pub(crate) async fn find_search_domain(&self, io: Io) -> Option<String> {
        self.conf.get(io).await.ok()?.search.first().cloned()
    }

    /// Asks several questions about absolute names at the same time.
    pub(crate) async fn ask_all(
        &self,
        io: Io,
        questions: &[(&str, RecordType)],
        deadline: Option<Instant>,
    ) -> Vec<Result<Answer, DnsError>> {
        let conf = match self.conf.get(io).await {
            Ok(conf) => conf,
            Err(error) => return questions.iter().map(|_| Err(error.clone())).collect(),
        };
        let start = Instant::now();
        let limit = deadline.map(|deadline| deadline.saturating_duration_since(start));
        let first = self.first(&conf);
        let mut lookups = Vec::new();
        let mut answers: Vec<Option<Result<Answer, DnsError>>> = Vec::new();
        let mut asked = Vec::new();
        for &(name, kind) in questions {
            let Some(parsed) = name::parse(name) else {
                answers.push(Some(Err(DnsError::BadName(name.to_owned()))));
                continue;
            };
            let question = Question { name: parsed, kind };
            let known = self.lock().get(&question, start).cloned();
            if known.is_none() {
                lookups.push(Lookup::new(question.clone(), &conf, first, limit));
                asked.push((answers.len(), question));
            }
            answers.push(known.map(Ok));
        }
        driver::run(io, &mut lookups, start).await;
        for ((index, question), mut lookup) in asked.into_iter().zip(lookups) {
            let (result, server) = lookup.finish();
            if let Some(server) = server {
                self.first.store(first + server, Ordering::Relaxed);
            }
            if let Ok(answer) = &result {
                self.lock().put(question, answer.clone(), Instant::now());
            }
            if let Some(slot) = answers.get_mut(index) {
                *slot = Some(result);
            }
        }
        answers.into_iter().flatten().collect()
    }

    async fn ask(
        &self,
        io: Io,
        name: &str,
        kind: RecordType,
        deadline: Option<Instant>,
    ) -> Result<Answer, DnsError> {
        let mut answers = self.ask_all(io, &[(name, kind)], deadline).await;
        let none = || Err(DnsError::BadName(name.to_owned()));
        answers.pop().unwrap_or_else(none)
    }

    /// The first record of a name, searched in the domains of resolv.conf as
    /// [`forward`](Self::forward) does.
    pub(crate) async fn search(
        &self,
        io: Io,
        name: &str,
        kind: RecordType,
        deadline: Option<Instant>,
    ) -> Result<Option<Data>, DnsError> {
        let mut failure = None;
        for candidate in self.conf.get(io).await?.candidates(name) {
            if is_pointless(failure.as_ref(), &candidate, name) {
                continue;
            }
            match self.ask(io, &candidate, kind, deadline).await {
                Ok(answer) => {
                    if let Some(data) = answer.records.into_iter().next() {
                        return Ok(Some(data));
                    }
                }
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Asks DNS for the name at the end of the aliases of `host`, and for its addresses. If a
    /// domain of the search list fails, the next is tried; the failure is only an error if nothing
    /// is found.
    async fn forward(
        &self,
        io: Io,
        host: &str,
        deadline: Option<Instant>,
    ) -> Result<Option<(String, Vec<IpAddr>)>, DnsError> {
        let mut failure = None;
        for candidate in self.conf.get(io).await?.candidates(host) {
            if is_pointless(failure.as_ref(), &candidate, host) {
                continue;
            }
            let questions = [
                (candidate.as_str(), RecordType::AAAA),
                (candidate.as_str(), RecordType::A),
            ];
            let mut name = None;
            let mut addresses = Vec::new();
            for answer in self.ask_all(io, &questions, deadline).await {
                match answer {
                    Ok(answer) => {
                        let found = answer.records.iter().filter_map(|data| match data {
                            Data::A(address) => Some(IpAddr::V4(*address)),
                            Data::Aaaa(address) => Some(IpAddr::V6(*address)),
                            _ => None,
                        });
                        let before = addresses.len();
                        addresses.extend(found.take(MAX_ADDRESSES - before));
                        if addresses.len() > before {
                            name.get_or_insert(answer.name.to_string());
                        }
                    }
                    Err(error) => failure = Some(error),
                }
            }
            if let Some(name) = name {
                put_reachable_first(&mut addresses);
                return Ok(Some((name, addresses)));
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// The hosts file; one that cannot be checked has no lines.
    async fn hosts(&self, io: Io) -> Arc<HostsFile> {
        self.hosts.get(io).await.unwrap_or_default()
    }

    /// The server to ask first.
    fn first(&self, conf: &ResolvConf) -> usize {
        let first = if conf.rotate {
            self.first.fetch_add(1, Ordering::Relaxed)
        } else {
            self.first.load(Ordering::Relaxed)
        };
        first % conf.servers.len().max(1)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is useless to ask for `candidate` after that `failure`: servers that are silent about
/// one domain are silent about the next, and each takes its time. As with glibc's `res_search`, the
/// name as it is is always asked for.
fn is_pointless(failure: Option<&DnsError>, candidate: &str, name: &str) -> bool {
    candidate != name && failure.is_some_and(DnsError::is_silence)
}

/// Moves addresses without a route to the end (RFC 6724 §6, rule 1). The others keep their order,
/// IPv6 before IPv4 (rule 6). Connecting a UDP socket sends nothing.
fn put_reachable_first(addresses: &mut [IpAddr]) {
    if addresses.len() < 2 {
        return;
    }
    addresses.sort_by_cached_key(|&address| {
        let any: IpAddr = match address {
            IpAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0));
        !socket.is_ok_and(|socket| socket.connect(SocketAddr::new(address, 88)).is_ok())
    });
}

#[cfg(test)]
mod tests;

//! Finds the servers of a realm: in krb5.conf, or else in DNS, by URI records or else by SRV
//! records.
//!
//! The rules are MIT's (`locate_kdc.c`, `dnssrv.c`), with an improvement: all DNS questions are
//! asked at the same time, so that they take one round trip instead of three. This is safe: DNS is
//! not authenticated, but a server that is not the realm's cannot prove itself, and the number of
//! servers that are tried is limited.

mod records;

use std::io;
#[cfg(feature = "https")]
use std::sync::Arc;
use std::time::Instant;

use kerberos_files::config::{Server, ServerKind};

use crate::ClientError;
#[cfg(feature = "https")]
use crate::Config;
use crate::delivery::{Address, Endpoint, Target, Transport};
use crate::dns::{DnsError, RecordType};
use crate::driver::Driver;
use crate::error::{DnsSearch, shown};
use crate::trace::trace;
#[cfg(feature = "https")]
use crate::transport::Proxy;
use crate::transport::{Framing, Socket};
use records::{Found, of_srv, of_uri};

/// A server, and what named it.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) server: Server,
    /// The only transport of the server; `None` where it may use any.
    pub(crate) transport: Option<Transport>,
    /// Whether it is a primary KDC; `None` if its source does not say.
    pub(crate) is_primary: Option<bool>,
    pub(crate) found_by: FoundBy,
    /// Its address that answered last.
    pub(crate) answered_at: Option<Address>,
    /// What a proxy must be told and must prove, if it is one.
    #[cfg(feature = "https")]
    pub(crate) proxy: Option<Arc<Proxy>>,
}

/// The source that names a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FoundBy {
    /// krb5.conf.
    Config,
    /// A URI record of DNS.
    Uri,
    /// An SRV record of DNS.
    Srv,
}

/// The most servers to take from DNS for UDP, and for anything else; they are sorted by priority.
const MAX_SERVERS: usize = 64;

impl Located {
    /// The server, for the delivery.
    pub(crate) fn target(&self) -> Target {
        Target {
            name: self.server.to_string(),
            transport: match self.server {
                Server::Https { .. } => Some(Transport::Https),
                Server::Unix { .. } => Some(Transport::Unix),
                _ => self.transport,
            },
        }
    }

    /// Connects to one of its endpoints, to send `request`.
    #[cfg_attr(
        not(feature = "https"),
        expect(clippy::unused_self, reason = "only KDC proxies need `self`")
    )]
    pub(crate) fn open(&self, endpoint: &Endpoint, request: &[u8]) -> io::Result<Socket> {
        #[cfg(feature = "https")]
        if let Some(proxy) = &self.proxy {
            return Socket::https(&endpoint.address, request, proxy);
        }
        Socket::open(endpoint, request, Framing::Kerberos)
    }

    /// Adds what a proxy must be told and must prove.
    #[cfg(feature = "https")]
    fn with_proxy(mut self, config: &Config, realm: &[u8]) -> Self {
        if let Server::Https { host, port, path } = &self.server {
            let anchors = config.krb5().http_anchors(&String::from_utf8_lossy(realm));
            self.proxy = Some(Arc::new(Proxy {
                host: host.clone(),
                port: *port,
                path: path.clone(),
                realm: realm.to_vec(),
                anchors: anchors.into_iter().map(str::to_owned).collect(),
                tls: config.tls().clone(),
            }));
        }
        self
    }
}

/// A server that krb5.conf names.
impl From<Server> for Located {
    fn from(server: Server) -> Self {
        Self {
            server,
            transport: None,
            is_primary: None,
            found_by: FoundBy::Config,
            answered_at: None,
            #[cfg(feature = "https")]
            proxy: None,
        }
    }
}

/// The servers of `realm`, in the order in which to ask them; never empty.
pub(crate) async fn locate(
    driver: &Driver,
    realm: &[u8],
    kind: ServerKind,
    deadline: Option<Instant>,
) -> Result<Vec<Located>, ClientError> {
    let cannot_find = |dns| ClientError::CannotFindKdc {
        realm: shown(realm),
        dns,
    };
    if realm.is_empty() {
        return Err(cannot_find(DnsSearch::NotAsked));
    }
    let servers = find(driver, realm, kind, deadline).await?;
    let servers = match (servers, kind) {
        (Ok(servers), _) => servers,
        // As in MIT's changepw.c: the realm's admin server is asked to change passwords.
        (Err(search), ServerKind::Kpasswd) => {
            let admin = find(driver, realm, ServerKind::Admin, deadline).await?;
            let mut servers = admin.map_err(|_| cannot_find(search))?;
            for located in &mut servers {
                located.transport = None;
                if let Server::Host { port, .. } = &mut located.server {
                    *port = ServerKind::Kpasswd.default_port();
                }
            }
            servers
        }
        (Err(search), _) => return Err(cannot_find(search)),
    };
    #[cfg(feature = "https")]
    let servers = servers
        .into_iter()
        .map(|located| located.with_proxy(&driver.config, realm))
        .collect();
    Ok(servers)
}

/// The servers of one kind, or the reason why DNS gave none.
async fn find(
    driver: &Driver,
    realm: &[u8],
    kind: ServerKind,
    deadline: Option<Instant>,
) -> Result<Result<Vec<Located>, DnsSearch>, ClientError> {
    let krb5 = driver.config.krb5();
    let text = String::from_utf8_lossy(realm);
    let named = krb5.servers(&text, kind)?;
    if !named.is_empty() {
        return Ok(Ok(named.into_iter().map(Located::from).collect()));
    }
    if !krb5.dns_lookup_kdc() || realm.contains(&0) || std::str::from_utf8(realm).is_err() {
        return Ok(Err(DnsSearch::NotAsked));
    }
    let search = Search {
        driver,
        realm: &text,
        kind,
        with_uri: krb5.dns_uri_lookup(),
        deadline,
    };
    // A site's servers are looked for first, and what the site lacks in the whole realm.
    let found = match krb5.sitename(&text) {
        Some(site) => search.run(&format!("{site}._sites.")).await,
        None => [Err(None), Err(None), Err(None)],
    };
    let found = match found {
        [Ok(uri), Ok(udp), Ok(tcp)] => [Ok(uri), Ok(udp), Ok(tcp)],
        of_site => {
            let mut found = search.run("").await;
            for (general, of_site) in found.iter_mut().zip(of_site) {
                if of_site.is_ok() {
                    *general = of_site;
                }
            }
            found
        }
    };
    Ok(choose(found, kind))
}

/// The records of one kind in DNS; `Err(None)` when there are none.
type OfOneKind = Result<Vec<Found>, Option<DnsError>>;

/// A search for the servers of a realm in DNS.
struct Search<'a> {
    driver: &'a Driver,
    realm: &'a str,
    kind: ServerKind,
    with_uri: bool,
    deadline: Option<Instant>,
}

impl Search<'_> {
    /// Asks for the URI records, and the SRV records for UDP and TCP; `site` has a site's labels.
    async fn run(&self, site: &str) -> [OfOneKind; 3] {
        let (uri_service, srv_service) = match self.kind {
            ServerKind::Kdc => ("_kerberos", "_kerberos"),
            ServerKind::PrimaryKdc => ("_kerberos", "_kerberos-master"),
            ServerKind::Admin => ("_kerberos-adm", "_kerberos-adm"),
            ServerKind::Kpasswd => ("_kpasswd", "_kpasswd"),
        };
        let realm = self.realm.strip_suffix('.').unwrap_or(self.realm);
        // The dot at the end keeps the resolver from using its search domains.
        let uri = format!("{uri_service}.{site}{realm}.");
        let udp = format!("{srv_service}._udp.{site}{realm}.");
        let tcp = format!("{srv_service}._tcp.{site}{realm}.");
        let mut questions = vec![
            (udp.as_str(), RecordType::SRV),
            (tcp.as_str(), RecordType::SRV),
        ];
        if self.with_uri {
            trace!("Sending DNS URI query for {uri}");
            questions.push((uri.as_str(), RecordType::URI));
        }
        trace!("Sending DNS SRV query for {udp}");
        trace!("Sending DNS SRV query for {tcp}");
        let (resolver, io) = (&self.driver.resolver, self.driver.io);
        let answers = resolver.ask_all(io, &questions, self.deadline).await;
        let mut answers = answers.into_iter().map(|answer| match answer {
            Ok(answer) if answer.records.is_empty() => Err(None),
            Ok(answer) => Ok(answer.records),
            Err(error) => Err(Some(error)),
        });
        let mut next = || answers.next().unwrap_or(Err(None));
        let (udp, tcp, uri) = (next(), next(), next());
        let default_port = self.kind.default_port();
        [
            uri.map(|records| of_uri(&records, default_port)),
            udp.map(|records| of_srv(&records, Transport::Udp)),
            tcp.map(|records| of_srv(&records, Transport::Tcp)),
        ]
    }
}

/// Uses the URI records if any of them names a server, or else the SRV records, those for UDP
/// first.
fn choose(found: [OfOneKind; 3], kind: ServerKind) -> Result<Vec<Located>, DnsSearch> {
    let mut failure = DnsSearch::Nothing;
    let mut servers = Vec::new();
    for (index, records) in found.into_iter().enumerate() {
        match records {
            Ok(records) => {
                for found in records {
                    match found {
                        Found::Server(located) => servers.push(located),
                        Found::NoService => failure = DnsSearch::NoService,
                    }
                }
            }
            Err(Some(error)) => failure = DnsSearch::Failed(error),
            Err(None) => {}
        }
        if index == 0 && kind == ServerKind::PrimaryKdc {
            // The same records name all KDCs; keep only those that are marked as primary.
            servers.retain(|located| located.is_primary == Some(true));
        }
        if index == 0 && !servers.is_empty() {
            break;
        }
    }
    limit(&mut servers);
    if servers.is_empty() {
        return Err(failure);
    }
    Ok(servers)
}

/// Limits the number for each transport. With one limit for all, the records for UDP, which come
/// first, could leave a realm with many KDCs none for TCP, which large replies need.
fn limit(servers: &mut Vec<Located>) {
    let (mut by_udp, mut by_others) = (0, 0);
    servers.retain(|located| {
        let count = match located.transport {
            Some(Transport::Udp) => &mut by_udp,
            _ => &mut by_others,
        };
        *count += 1;
        *count <= MAX_SERVERS
    });
}

#[cfg(test)]
mod tests;

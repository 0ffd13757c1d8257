//! Lists the KDCs of a realm and tests whether each answers, to diagnose problems.

use std::thread;
use std::time::{Duration, Instant};

use kerberos_files::config::{Server, ServerKind};
use kerberos_proto::{AsExchange, AsParams, AskError, Principal, Secret};

use crate::delivery::driver::{deliver, resolve};
use crate::delivery::{Address, Endpoint, Reason, Strategy, Transport};
use crate::io::block_on;
use crate::locate::{FoundBy, Located, locate};
use crate::{Client, ClientError, now, system_rng};

/// A KDC of a realm.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct FoundServer {
    /// The name in the configuration or in DNS.
    pub server: String,
    /// The source that names it.
    pub found_by: FoundBy,
    /// Whether it is a primary KDC; `None` if its source does not say.
    pub is_primary: Option<bool>,
    /// The results, by address and transport; or why it could not be asked.
    pub probes: Result<Vec<Probe>, Reason>,
}

/// The result of asking a KDC at one endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Probe {
    /// Where and how it was asked.
    pub endpoint: Endpoint,
    /// How long it took to answer, or what happened instead.
    pub outcome: Result<Duration, Reason>,
}

/// The most addresses of a server to ask.
const MAX_ADDRESSES: usize = 4;

impl Client {
    /// Finds the KDCs of `realm` and asks them all at the same time whether they are there. Each
    /// has `limit` to answer. Whatever a KDC says to an unknown client counts as an answer.
    ///
    /// # Errors
    /// [`ClientError::CannotFindKdc`] when nothing says where the KDCs are, and
    /// [`ClientError::Config`].
    pub fn probe_kdcs(
        &self,
        realm: &str,
        limit: Duration,
    ) -> Result<Vec<FoundServer>, ClientError> {
        let deadline = Instant::now().checked_add(limit);
        let kind = ServerKind::Kdc;
        let locating = locate(&self.driver, realm.as_bytes(), kind, deadline);
        let servers = block_on(locating)?;
        let request = harmless_request(realm)?;
        let probe = |located: &Located| self.probe(located, &request, limit);
        let probes = thread::scope(|scope| {
            let threads: Vec<_> = servers
                .iter()
                .map(|located| {
                    (
                        located,
                        thread::Builder::new().spawn_scoped(scope, move || probe(located)),
                    )
                })
                .collect();
            let joined = threads.into_iter().map(|(located, thread)| match thread {
                Ok(thread) => thread.join(),
                // If the system has no thread for it, it is asked after those before it.
                Err(_) => Ok(probe(located)),
            });
            joined.collect::<Vec<_>>()
        });
        let with = |(located, probes): (Located, thread::Result<_>)| FoundServer {
            server: located.server.to_string(),
            found_by: located.found_by,
            is_primary: located.is_primary,
            probes: probes
                .unwrap_or_else(|_| Err(Reason::System("it could not be asked".to_owned()))),
        };
        Ok(servers.into_iter().zip(probes).map(with).collect())
    }

    fn probe(
        &self,
        located: &Located,
        request: &[u8],
        limit: Duration,
    ) -> Result<Vec<Probe>, Reason> {
        let ask = |endpoint: Endpoint, target: Located| {
            let start = Instant::now();
            let deadline = start.checked_add(limit);
            let targets = [target];
            let strategy = Strategy::UdpFirst;
            let asking = deliver(&self.driver, request, &targets, strategy, deadline, None);
            let result = block_on(asking);
            Probe {
                endpoint,
                outcome: outcome(result, start.elapsed()),
            }
        };
        if let Server::Unix { path } = &located.server {
            let endpoint = Endpoint::new(Transport::Unix, Address::Unix(path.into()));
            return Ok(vec![ask(endpoint, located.clone())]);
        }
        let deadline = Instant::now().checked_add(limit);
        let addresses = block_on(resolve(&self.driver, located, deadline))?;
        let mut probes = Vec::new();
        for &address in addresses.iter().take(MAX_ADDRESSES) {
            // One endpoint at a time; the name that a proxy must prove is passed separately.
            let mut target = located.clone();
            if let Server::Host { host, .. } | Server::Https { host, .. } = &mut target.server {
                *host = address.ip().to_string();
            }
            let transports: &[Transport] = match target.target().transport {
                Some(Transport::Udp) => &[Transport::Udp],
                Some(Transport::Tcp) => &[Transport::Tcp],
                Some(Transport::Https) => &[Transport::Https],
                _ => &[Transport::Udp, Transport::Tcp],
            };
            for &transport in transports {
                target.transport = Some(transport);
                probes.push(ask(Endpoint::new(transport, address), target.clone()));
            }
        }
        Ok(probes)
    }
}

/// A request that every KDC answers and that changes nothing: the first one of an anonymous client
/// (RFC 8062 §3.1). The settings of krb5.conf for tickets do not matter.
fn harmless_request(realm: &str) -> Result<Vec<u8>, ClientError> {
    let components = ["WELLKNOWN", "ANONYMOUS"];
    let anonymous = Principal::new(kerberos_asn1::NameType::WELLKNOWN, components, realm);
    let nobody = Secret::ask(|_| Err(AskError::Unreadable));
    let params = AsParams::new(anonymous);
    let (_, request) = AsExchange::start(params, nobody, &mut system_rng()?, now())?;
    Ok(request.payload)
}

fn outcome(
    result: Result<crate::delivery::driver::Delivered, Vec<crate::Attempt>>,
    elapsed: Duration,
) -> Result<Duration, Reason> {
    match result {
        Ok(delivered) if is_kerberos(&delivered.message) => Ok(elapsed),
        Ok(_) => Err(Reason::NotKerberos),
        Err(attempts) => {
            let last = attempts.into_iter().next_back();
            Err(last.map_or(Reason::NoAnswer, |attempt| attempt.reason))
        }
    }
}

/// AS-REP is `[APPLICATION 11]`, KRB-ERROR `[APPLICATION 30]` (RFC 4120 §5.10).
fn is_kerberos(message: &[u8]) -> bool {
    matches!(message.first(), Some(0x6b | 0x7e))
}

#[cfg(test)]
mod tests {
    use kerberos_testkdc::TestKdc;

    use super::*;
    use crate::Config;

    #[test]
    fn probe_tells_answering_from_refusing_kdcs() {
        let kdc = TestKdc::builder("R").start().unwrap();
        let dead = format!("127.0.0.1:{}", test_support::free_port());
        let config = Config::parse(&format!(
            "[realms]\nR = {{\nkdc = {}\nkdc = {dead}\nkdc = https://{dead}/\n\
             http_anchors = FILE:../../tests/support/certificates/authority.pem\n}}\n",
            kdc.address()
        ));
        let client = Client::new(config.unwrap());
        let found = client.probe_kdcs("R", Duration::from_secs(10)).unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|server| {
                let probes = server.probes.as_ref().map(|probes| {
                    probes
                        .iter()
                        .map(|probe| match &probe.outcome {
                            Ok(_) => format!("{} answers", probe.endpoint.transport),
                            Err(reason) => format!("{} {reason}", probe.endpoint.transport),
                        })
                        .collect::<Vec<_>>()
                        .join(", ")
                });
                format!("{probes:?}")
            })
            .collect();
        let expected = [
            r#"Ok("UDP answers, TCP answers")"#,
            r#"Ok("UDP Connection refused, TCP Connection refused")"#,
            if cfg!(feature = "https") {
                r#"Ok("HTTPS Connection refused")"#
            } else {
                "Err(Proxy(NotBuilt))"
            },
        ];
        assert_eq!(shown, expected);
        assert!(
            found
                .iter()
                .all(|server| server.found_by == FoundBy::Config)
        );
        let error = client.probe_kdcs("", Duration::from_secs(1)).unwrap_err();
        assert!(matches!(error, ClientError::CannotFindKdc { .. }));
    }
}

//! Service names from host names: `krb5_sname_to_principal`, and which realm a host is in.
//!
//! The rules are MIT's (`sn2princ.c`, `hostrealm.c`), above all those of
//! `dns_canonicalize_hostname`, `rdns` and `qualify_shortname`. Names and addresses come through a
//! trait, so that the rules are tested without DNS.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use kerberos_asn1::NameType;
use kerberos_files::config::{CanonicalizeHostname, clean_host, is_numeric_address};
use kerberos_proto::Principal;

use crate::driver::{Driver, after};
use crate::io::block_on;
use crate::{Client, ClientError, Config};

/// Looks up names and addresses of hosts.
pub(crate) trait Names {
    /// The canonical name of `host` and its first address.
    async fn forward(&self, host: &str) -> Option<(String, IpAddr)>;
    /// The name of an address.
    async fn reverse(&self, address: IpAddr) -> Option<String>;
    /// The first domain in which hosts are searched.
    async fn search_domain(&self) -> Option<String>;
}

impl Client {
    /// The principal of `service` on `host`, such as `HTTP/www.example.com@EXAMPLE.COM`. `None`
    /// means this machine.
    ///
    /// The host's name is made canonical as `dns_canonicalize_hostname`, `rdns` and
    /// `qualify_shortname` say; a trailer of `host:port` or `host:instance` is kept. The realm
    /// comes from `[domain_realm]`. Otherwise it is empty, and the KDC is to find it (RFC 6806 §8).
    /// With `dns_canonicalize_hostname = fallback` the name is left as it is, since it may take two
    /// attempts: [`service_candidates`](Self::service_candidates) returns them.
    ///
    /// # Errors
    /// [`ClientError::Config`] for an invalid `dns_canonicalize_hostname`.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Client, Config};
    /// let client = Client::new(Config::parse(
    ///     "[libdefaults]\n dns_canonicalize_hostname = false\n\
    ///      [domain_realm]\n .example.com = EXAMPLE.COM\n",
    /// )?);
    /// let name = |host| client.service_principal("HTTP", Some(host)).map(|name| name.to_string());
    /// assert_eq!(name("WWW.Example.com.")?, "HTTP/www.example.com@EXAMPLE.COM");
    /// assert_eq!(name("www.example.org")?, "HTTP/www.example.org@");
    /// # Ok::<(), kerberos_client::ClientError>(())
    /// ```
    pub fn service_principal(
        &self,
        service: &str,
        host: Option<&str>,
    ) -> Result<Principal, ClientError> {
        block_on(self.driver.service_principal(service, host))
    }

    /// The principal of `service` on `host`, made without asking DNS: the same as
    /// [`service_principal`](Self::service_principal) returns with `dns_canonicalize_hostname =
    /// false`.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Client, Config};
    /// let client = Client::new(Config::parse("[libdefaults]\n qualify_shortname = example.com\n")?);
    /// let name = client.service_principal_as_typed("MSSQLSvc", "DB:Inst");
    /// assert_eq!(name.to_string(), "MSSQLSvc/db.example.com:Inst@");
    /// # Ok::<(), kerberos_client::ClientError>(())
    /// ```
    pub fn service_principal_as_typed(&self, service: &str, host: &str) -> Principal {
        let names = KnownNames {
            driver: &self.driver,
            deadline: None,
        };
        let (host, realm) = block_on(canonical(self.config(), &names, host, false));
        Principal::new(NameType::SRV_HST, [service, &host], realm)
    }

    /// The names to ask for `server` under, best first; each is only made when it is its turn.
    ///
    /// Usually there is one, `server` itself. If `server` is a service on a host and
    /// `dns_canonicalize_hostname` is `fallback`, there is its name as it is, and then the name
    /// that DNS gives, if that is different.
    ///
    /// # Errors
    /// [`ClientError::Config`] for an invalid `dns_canonicalize_hostname` or `request_timeout`.
    pub fn service_candidates<'a>(
        &'a self,
        server: &'a Principal,
    ) -> Result<impl Iterator<Item = Principal> + 'a, ClientError> {
        let mut names = self.driver.service_names(server)?;
        Ok(std::iter::from_fn(move || block_on(names.next())))
    }
}

impl Driver {
    /// As [`Client::service_principal`].
    pub(crate) async fn service_principal(
        &self,
        service: &str,
        host: Option<&str>,
    ) -> Result<Principal, ClientError> {
        let local = || rustix::system::uname().nodename().to_string_lossy().into();
        let host: String = host.map_or_else(local, Into::into);
        let dns = match self.config.krb5().dns_canonicalize_hostname()? {
            CanonicalizeHostname::Yes => true,
            CanonicalizeHostname::No => false,
            CanonicalizeHostname::Fallback => {
                return Ok(Principal::new(NameType::SRV_HST, [service, &host], ""));
            }
        };
        let names = KnownNames {
            driver: self,
            deadline: self.deadline()?,
        };
        let (host, realm) = canonical(&self.config, &names, &host, dns).await;
        Ok(Principal::new(NameType::SRV_HST, [service, &host], realm))
    }

    /// The principal of a service as `Client::initiate` and [`Client::cache_for`] accept it:
    /// `service/host` and `service@host` mean the service on that host, anything else is a
    /// principal name.
    pub(crate) async fn named_service(&self, name: &str) -> Result<Principal, ClientError> {
        match service_and_host(name) {
            Some((service, host)) => self.service_principal(service, Some(host)).await,
            None => self.principal(name).await,
        }
    }

    /// As [`Client::service_candidates`].
    pub(crate) fn service_names<'a>(
        &'a self,
        server: &'a Principal,
    ) -> Result<ServiceNames<'a>, ClientError> {
        let configured = self.config.krb5().dns_canonicalize_hostname()?;
        Ok(ServiceNames {
            driver: self,
            limit: self.time_limit()?,
            server,
            fallback: configured == CanonicalizeHostname::Fallback,
            steps: [false, true].into_iter(),
        })
    }
}

/// The names to ask for a service under, each made when it is its turn.
pub(crate) struct ServiceNames<'a> {
    driver: &'a Driver,
    /// The time limit for each name; a KDC may have taken long for the one before.
    limit: Option<Duration>,
    server: &'a Principal,
    fallback: bool,
    /// Without DNS, then with it.
    steps: std::array::IntoIter<bool, 2>,
}

impl ServiceNames<'_> {
    /// The next name; best first.
    pub(crate) async fn next(&mut self) -> Option<Principal> {
        loop {
            let dns = self.steps.next()?;
            let names = KnownNames {
                driver: self.driver,
                deadline: after(self.limit),
            };
            let config = &self.driver.config;
            let name = candidate(config, &names, self.server, self.fallback, dns);
            if let Some(name) = name.await {
                return Some(name);
            }
        }
    }
}

impl Config {
    /// The realm of `host` when neither `[domain_realm]` nor a KDC's referral names it, as far as
    /// it can be found without DNS: the domain of the host, in upper case, or else the default
    /// realm.
    ///
    /// # Errors
    /// [`ClientError::NoDefaultRealm`].
    ///
    /// # Example
    /// ```
    /// let config = kerberos_client::Config::parse("[libdefaults]\n default_realm = R\n")?;
    /// assert_eq!(config.fallback_realm("www.example.com")?, "EXAMPLE.COM");
    /// assert_eq!(config.fallback_realm("www")?, "R");
    /// # Ok::<(), kerberos_client::ClientError>(())
    /// ```
    pub fn fallback_realm(&self, host: &str) -> Result<String, ClientError> {
        let host = clean_host(host);
        let domain = host.split_once('.').map(|(_, domain)| domain);
        match domain.filter(|_| !is_numeric_address(&host)) {
            Some(domain) => Ok(domain.to_ascii_uppercase()),
            None => self.default_realm().map(Into::into),
        }
    }
}

/// The resolver's knowledge. As in MIT's library, no answer counts as no such name.
struct KnownNames<'a> {
    driver: &'a Driver,
    deadline: Option<Instant>,
}

impl Names for KnownNames<'_> {
    async fn forward(&self, host: &str) -> Option<(String, IpAddr)> {
        let Driver { resolver, io, .. } = self.driver;
        let found = resolver.find_canonical_name(*io, host, self.deadline);
        found.await.ok().flatten()
    }

    async fn reverse(&self, address: IpAddr) -> Option<String> {
        let Driver { resolver, io, .. } = self.driver;
        let found = resolver.find_name_of(*io, address, self.deadline);
        found.await.ok().flatten()
    }

    async fn search_domain(&self) -> Option<String> {
        let Driver { resolver, io, .. } = self.driver;
        resolver.find_search_domain(*io).await
    }
}

/// One of the two steps of MIT's `k5_canonprinc`: without DNS, then with it where that makes a
/// difference.
async fn candidate(
    config: &Config,
    names: &impl Names,
    server: &Principal,
    fallback: bool,
    dns: bool,
) -> Option<Principal> {
    let components: Vec<&[u8]> = server.components().collect();
    let on_host = match *components {
        [service, host] if fallback && server.name_type() == NameType::SRV_HST => {
            std::str::from_utf8(host).ok().map(|host| (service, host))
        }
        _ => None,
    };
    let Some((service, host)) = on_host.filter(|(_, host)| !host.is_empty()) else {
        return (!dns).then(|| server.clone());
    };
    let (canonical_host, host_realm) = canonical(config, names, host, dns).await;
    if dns && canonical_host == canonical(config, names, host, false).await.0 {
        return None;
    }
    let realm = match server.realm() {
        [] => host_realm.as_bytes(),
        known => known,
    };
    let components = [service, canonical_host.as_bytes()];
    Some(Principal::new(NameType::SRV_HST, components, realm))
}

/// The canonical name of `host`, its trailer kept, and its realm, which may be empty.
async fn canonical(config: &Config, names: &impl Names, host: &str, dns: bool) -> (String, String) {
    let (host, trailer) = split_trailer(host);
    let host = clean_host(&expand(config, names, host, dns).await);
    let realm = config.krb5().domain_realm(&host).unwrap_or_default();
    (format!("{host}{trailer}"), realm.to_owned())
}

/// The parts of `service/host` and of `service@host`; `None` for any other form, such as Active
/// Directory's `ldap/host/domain`.
fn service_and_host(name: &str) -> Option<(&str, &str)> {
    let (service, host) = name.split_once(['/', '@'])?;
    (!host.contains(['/', '@']) && !name.contains('\\')).then_some((service, host))
}

/// A trailer is a single colon with something after it; an IPv6 address has more than one colon.
fn split_trailer(host: &str) -> (&str, &str) {
    match host.split_once(':') {
        Some((name, rest)) if !rest.is_empty() && !rest.contains(':') => {
            (name, host.get(name.len()..).unwrap_or_default())
        }
        _ => (host, ""),
    }
}

/// The name from DNS, if DNS is to be asked and knows one; otherwise the name with a domain.
async fn expand(config: &Config, names: &impl Names, host: &str, dns: bool) -> String {
    if dns && let Some((name, address)) = names.forward(host).await {
        if config.krb5().rdns()
            && let Some(reverse) = names.reverse(address).await
        {
            return reverse;
        }
        return name;
    }
    if host.contains('.') {
        return host.to_owned();
    }
    let configured = config.krb5().qualify_shortname().map(str::to_owned);
    let domain = match configured {
        Some(domain) => Some(domain),
        None => names.search_domain().await,
    };
    match domain {
        Some(domain) if !domain.is_empty() => format!("{host}.{domain}"),
        _ => host.to_owned(),
    }
}

#[cfg(test)]
mod tests;

//! Realms that krb5.conf does not name: those of hosts, and the default realm.
//!
//! The rules are those of MIT's `hostrealm_dns.c` and `hostrealm_domain.c`. Both use DNS, and
//! whoever forges it can redirect clients to another realm, so both are off by default.

use std::time::Instant;

use kerberos_files::config::{ServerKind, clean_host, is_numeric_address};
use kerberos_proto::Principal;

use crate::dns::{Data, RecordType};
use crate::driver::Driver;
use crate::io::block_on;
use crate::locate::locate;
use crate::trace::trace;
use crate::{Client, ClientError};

impl Client {
    /// The principal that `name` means; its realm is the default realm unless `name` has one.
    ///
    /// # Errors
    /// As [`Config::principal`](crate::Config::principal).
    pub fn principal(&self, name: &str) -> Result<Principal, ClientError> {
        block_on(self.driver.principal(name))
    }

    /// The realm for names that have none: `default_realm`, or with `dns_lookup_realm` what DNS
    /// says about this host.
    ///
    /// # Errors
    /// [`ClientError::NoDefaultRealm`].
    pub fn default_realm(&self) -> Result<String, ClientError> {
        block_on(self.driver.default_realm())
    }

    /// The realm of `host` when neither `[domain_realm]` nor a KDC's referral names it: from TXT
    /// records (`dns_lookup_realm`), else the first of the host's domains that has KDCs
    /// (`realm_try_domains`), else [`Config::fallback_realm`](crate::Config::fallback_realm).
    ///
    /// # Errors
    /// [`ClientError::NoDefaultRealm`] when only the default realm is left and there is none, and
    /// [`ClientError::Config`].
    pub fn fallback_realm(&self, host: &str) -> Result<String, ClientError> {
        block_on(self.driver.fallback_realm(host))
    }
}

impl Driver {
    /// As [`Client::principal`].
    pub(crate) async fn principal(&self, name: &str) -> Result<Principal, ClientError> {
        match self.config.principal(name) {
            Err(ClientError::NoDefaultRealm) => {
                let realm = self.default_realm().await?;
                self.config.principal(name_in(name, &realm).as_str())
            }
            result => result,
        }
    }

    /// As [`Client::default_realm`].
    pub(crate) async fn default_realm(&self) -> Result<String, ClientError> {
        let configured = self.config.default_realm().map(str::to_owned);
        if configured.is_ok() || !self.config.krb5().dns_lookup_realm() {
            return configured;
        }
        let deadline = self.deadline()?;
        let node = rustix::system::uname();
        let node = node.nodename().to_string_lossy();
        let host = self.resolver.find_canonical_name(self.io, &node, deadline);
        if let Ok(Some((host, _))) = host.await
            && let Some(realm) = self.realm_by_txt(&clean_host(&host), deadline).await
        {
            return Ok(realm);
        }
        // A record of a search domain applies to every host in it.
        let search = self
            .resolver
            .search(self.io, TXT_PREFIX, RecordType::TXT, deadline);
        let data = search.await.ok().flatten();
        let found = data.as_ref().and_then(realm_of);
        found.ok_or(ClientError::NoDefaultRealm)
    }

    /// As [`Client::fallback_realm`].
    pub(crate) async fn fallback_realm(&self, host: &str) -> Result<String, ClientError> {
        let krb5 = self.config.krb5();
        let host = clean_host(host);
        if !is_numeric_address(&host) {
            let deadline = self.deadline()?;
            if krb5.dns_lookup_realm()
                && let Some(realm) = self.realm_by_txt(&host, deadline).await
            {
                return Ok(realm);
            }
            let tries = usize::try_from(krb5.realm_try_domains());
            let tries = tries.map_or(0, |parents| parents.saturating_add(1));
            let upper = host.to_ascii_uppercase();
            // A suffix of one label is nobody's realm.
            let with_dot = |suffix: &&str| suffix.contains('.');
            for suffix in suffixes(&upper).take_while(with_dot).take(tries) {
                let servers = locate(self, suffix.as_bytes(), ServerKind::Kdc, deadline);
                if servers.await.is_ok() {
                    return Ok(suffix.to_owned());
                }
            }
        }
        self.config.fallback_realm(&host)
    }

    /// The realm in the TXT record of the host, or of the nearest of its domains that has one.
    async fn realm_by_txt(&self, host: &str, deadline: Option<Instant>) -> Option<String> {
        for suffix in suffixes(host) {
            let name = format!("{TXT_PREFIX}.{suffix}.");
            let question = [(name.as_str(), RecordType::TXT)];
            let mut answers = self.resolver.ask_all(self.io, &question, deadline).await;
            let answer = answers.pop().and_then(Result::ok);
            let realm = answer.and_then(|answer| realm_of(answer.records.first()?));
            if let Some(realm) = realm {
                trace!("TXT record {name} found: {realm}");
                return Some(realm);
            }
            trace!("TXT record {name} not found");
        }
        None
    }
}

const TXT_PREFIX: &str = "_kerberos";

/// The name and each domain that it is in, the nearest first.
fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| Some(name.split_once('.')?.1))
        .filter(|suffix| !suffix.is_empty())
}

/// The realm that a TXT record names; a dot at its end is a common mistake.
fn realm_of(data: &Data) -> Option<String> {
    let Data::Txt(text) = data else {
        return None;
    };
    let text = std::str::from_utf8(text).ok()?;
    let realm = text.strip_suffix('.').unwrap_or(text);
    // A text that could control a terminal is not a realm.
    let is_fine = !realm.is_empty() && !realm.contains(char::is_control);
    is_fine.then(|| realm.to_owned())
}

/// Appends to `name` the realm that it lacks.
fn name_in(name: &str, realm: &str) -> String {
    let mut escaped = String::new();
    for character in realm.chars() {
        if matches!(character, '\\' | '/' | '@') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    format!("{name}@{escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn suffixes_of_a_host_name_are_listed() {
        let all: Vec<_> = suffixes("a.b.c").collect();
        assert_eq!(all, ["a.b.c", "b.c", "c"]);
        assert_eq!(suffixes("").count(), 0);
        assert_eq!(suffixes("a.").collect::<Vec<_>>(), ["a."]);
    }

    #[test]
    fn realm_is_taken_from_a_valid_txt_record() {
        let check = |text: &[u8], expected: Option<&str>| {
            assert_eq!(realm_of(&Data::Txt(text.to_vec())).as_deref(), expected);
        };
        check(b"EXAMPLE.COM", Some("EXAMPLE.COM"));
        check(b"EXAMPLE.COM.", Some("EXAMPLE.COM"));
        for none in [&b""[..], b".", b"\xff", b"R\x1b[0m"] {
            check(none, None);
        }
    }

    #[test]
    fn fallback_realm_without_dns_is_the_parent_domain() {
        let client = |text| Client::new(Config::parse(text).unwrap());
        let realm = client("").fallback_realm("WWW.Example.com.").unwrap();
        assert_eq!(realm, "EXAMPLE.COM");
        let tries = client(
            "[libdefaults]\nrealm_try_domains = 1\ndns_lookup_kdc = no\n\
             [realms]\nSUB.EXAMPLE.COM = {\nkdc = a\n}\nEXAMPLE.COM = {\nkdc = a\n}\n",
        );
        let check = |host: &str, realm: &str| {
            assert_eq!(tries.fallback_realm(host).unwrap(), realm, "{host}");
        };
        check("www.sub.example.com", "SUB.EXAMPLE.COM");
        check("sub.example.com", "SUB.EXAMPLE.COM");
        check("www.example.com", "EXAMPLE.COM");
        // It is not looked for two parents up.
        check("a.b.example.com", "B.EXAMPLE.COM");
        assert!(matches!(
            client("").default_realm(),
            Err(ClientError::NoDefaultRealm)
        ));
    }

    #[test]
    fn special_characters_of_a_realm_are_escaped() {
        assert_eq!(name_in("alice", "R"), "alice@R");
        assert_eq!(name_in("alice", r"R/x@y\z"), r"alice@R\/x\@y\\z");
    }
}

//! Tickets and caches to store.
#![allow(dead_code, reason = "not every test file uses every helper")]

use kerberos_asn1::{KerberosTime, TicketFlags};
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_files::ccache::{Ccache, CcacheBuilder, Header, Version};
use kerberos_proto::{Credential, Principal, TicketTimes};

pub(crate) fn user() -> Principal {
    Principal::parse("user@EXAMPLE.COM").unwrap()
}

/// A ticket for `server` that lasts until 2128, although the formats end in 2106.
pub(crate) fn credential(server: &str) -> Credential {
    Credential {
        client: user(),
        server: Principal::parse(server).unwrap(),
        session_key: KeyBlock::new(EncryptionType(18), vec![7; 32]),
        times: TicketTimes {
            authtime: KerberosTime::from_unix(1_000),
            starttime: Some(KerberosTime::from_unix(1_001)),
            endtime: KerberosTime::from_unix(5_000_000_000),
            renew_till: None,
        },
        is_skey: false,
        flags: TicketFlags::INITIAL,
        addresses: Vec::new(),
        authorization_data: Vec::new(),
        ticket: vec![b't'; 700],
        second_ticket: Vec::new(),
    }
}

/// A cache of this version with tickets for `servers`.
pub(crate) fn cache(version: Version, servers: &[&str]) -> CcacheBuilder {
    cache_of(&user(), version, servers)
}

/// The same as [`cache`], for `owner`.
pub(crate) fn cache_of(owner: &Principal, version: Version, servers: &[&str]) -> CcacheBuilder {
    let mut builder = CcacheBuilder::new(&Header::new(version, None), owner).unwrap();
    for server in servers {
        builder.credential(&credential(server)).unwrap();
    }
    builder
}

/// The services for which a cache has tickets, and its settings as `key=value`, sorted.
pub(crate) fn content(cache: &Ccache) -> Vec<String> {
    let mut reader = cache.open().unwrap();
    let mut names = Vec::new();
    while let Some(view) = reader.next().unwrap() {
        names.push(match view.config() {
            Some(config) => [config.key, config.value]
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .join("="),
            None => view.server().to_string(),
        });
    }
    names.sort();
    names
}

//! Where servers are found: krb5.conf before DNS, URI before SRV, a site before its realm.

use std::sync::Arc;

use super::*;
use crate::Config;
use crate::dns::{ResolvConf, Resolver};
use crate::io::block_on;

fn locate_by(text: &str, realm: &[u8], kind: ServerKind) -> Result<Vec<String>, ClientError> {
    let mut driver = Driver::new(Config::parse(text).unwrap());
    // A test must not ask anybody.
    driver.resolver = Arc::new(Resolver::new(ResolvConf::new([])));
    let servers = block_on(locate(&driver, realm, kind, None))?;
    Ok(servers
        .iter()
        .map(|located| located.server.to_string())
        .collect())
}

#[test]
fn servers_come_from_krb5_conf() {
    let text = "[realms]\nR = {\nkdc = a\nkdc = b:89\nadmin_server = s\nadmin_server = t:7\n}\n";
    let check = |kind, expected: &[&str]| {
        assert_eq!(locate_by(text, b"R", kind).unwrap(), expected);
    };
    check(ServerKind::Kdc, &["a:88", "b:89"]);
    check(ServerKind::Admin, &["s:749", "t:7"]);
    // Without a password server, the admin server's host is asked, at the kpasswd port.
    check(ServerKind::Kpasswd, &["s:464", "t:464"]);
}

#[test]
fn empty_realm_is_an_error() {
    let error = locate_by("", b"", ServerKind::Kdc).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cannot find KDC for invalid realm name \"\""
    );
    assert!(!error.hint().unwrap().contains("krb5.conf"));
}

#[test]
fn error_hint_says_why_no_server_was_found() {
    let without_dns = "[libdefaults]\ndns_lookup_kdc = no\n[realms]\nR = {\nadmin_server = a\n}\n";
    let error = locate_by(without_dns, b"R", ServerKind::Kdc).unwrap_err();
    assert_eq!(error.to_string(), "Cannot find KDC for realm \"R\"");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("[realms] R = { kdc = host } (DNS was not asked)"),
        "{hint}"
    );
    let error = locate_by("", b"R", ServerKind::Kdc).unwrap_err();
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("no answer about _kerberos._tcp.R from DNS"),
        "{hint}"
    );
    // A realm that is not a domain name has no servers in DNS.
    for realm in [&b"R\0"[..], b"\xff", b"a..b"] {
        assert!(locate_by("", realm, ServerKind::Kdc).is_err());
    }
}

#[test]
fn control_characters_of_a_realm_are_escaped() {
    let check = |realm: &[u8], expected: &str| {
        let text = "[libdefaults]\ndns_lookup_kdc = no\n";
        let error = locate_by(text, realm, ServerKind::Kdc).unwrap_err();
        let text = format!("Cannot find KDC for realm \"{expected}\"");
        assert_eq!(error.to_string(), text);
        assert!(!error.hint().unwrap().contains(char::is_control));
        let error = locate_by("", realm, ServerKind::Kdc).unwrap_err();
        assert!(!error.hint().unwrap().contains(char::is_control));
    };
    check(b"R\x1b]0;x\x07\n", r"R\u{1b}]0;x\u{7}\n");
    check("R\u{9b}2J".as_bytes(), r"R\u{9b}2J");
    check("R\u{e9}".as_bytes(), "R\u{e9}");
    check(b"R\xff", "R\u{fffd}");
}

/// A server as a record names it; `primary` is a URI record's flag.
fn record(host: &str, transport: Transport, primary: Option<bool>) -> Found {
    Found::Server(Located {
        transport: Some(transport),
        is_primary: primary,
        found_by: primary.map_or(FoundBy::Srv, |_| FoundBy::Uri),
        answered_at: None,
        ..Located::from(Server::parse(host, 88).unwrap())
    })
}

/// Checks the choice between URI records and SRV records for UDP and TCP: the hosts, or the error.
fn check_choice(kind: ServerKind, found: [OfOneKind; 3], expected: &str) {
    let chosen = match choose(found, kind) {
        Ok(servers) => {
            let names = servers.iter().map(|located| located.server.to_string());
            names.collect::<Vec<_>>().join(" ")
        }
        Err(search) => search.to_string(),
    };
    assert_eq!(chosen, expected);
}

#[test]
fn uri_records_take_precedence_over_srv_records() {
    let uri = || {
        Ok(vec![
            record("replica", Transport::Udp, Some(false)),
            record("primary", Transport::Tcp, Some(true)),
        ])
    };
    let udp = || Ok(vec![record("a", Transport::Udp, None)]);
    let tcp = || Ok(vec![record("b", Transport::Tcp, None)]);
    let none = || -> OfOneKind { Err(None) };
    let check = check_choice;
    check(
        ServerKind::Kdc,
        [uri(), udp(), tcp()],
        "replica:88 primary:88",
    );
    check(ServerKind::PrimaryKdc, [uri(), udp(), tcp()], "primary:88");
    check(ServerKind::Kdc, [none(), udp(), tcp()], "a:88 b:88");
    check(ServerKind::Kdc, [Ok(vec![]), none(), tcp()], "b:88");
    // If no URI record names a primary, the SRV records do.
    let replica = Ok(vec![record("replica", Transport::Udp, Some(false))]);
    check(ServerKind::PrimaryKdc, [replica, udp(), none()], "a:88");
}

#[test]
fn missing_records_and_dns_failures_are_reported() {
    let failed = || -> OfOneKind {
        Err(Some(DnsError::NoAnswer {
            name: "x".to_owned(),
            servers: Vec::new(),
        }))
    };
    let none = || -> OfOneKind { Err(None) };
    let nothing = "DNS has no URI or SRV record that names one";
    let check = |found, expected| check_choice(ServerKind::Kdc, found, expected);
    check([none(), none(), none()], nothing);
    check(
        [none(), Ok(vec![Found::NoService]), none()],
        "DNS says that the realm has none",
    );
    check([none(), none(), failed()], "no answer about x from DNS");
    // Servers that are found count, whatever else fails.
    check(
        [
            failed(),
            Ok(vec![record("a", Transport::Udp, None)]),
            failed(),
        ],
        "a:88",
    );
}

#[test]
fn the_number_of_servers_is_bounded() {
    let many = |transport| {
        let hosts = (0..1_000).map(|number| format!("kdc{number}"));
        let records = hosts.map(|host| record(&host, transport, None));
        Ok(records.collect())
    };
    let found = [Err(None), many(Transport::Udp), many(Transport::Tcp)];
    let chosen = choose(found, ServerKind::Kdc).unwrap();
    // The first of each transport.
    let names = chosen.iter().map(|located| located.server.to_string());
    let expected = (0..MAX_SERVERS).map(|number| format!("kdc{number}:88"));
    let twice = expected.clone().chain(expected);
    assert!(names.eq(twice));
    let by_tcp = |located: &&Located| located.transport == Some(Transport::Tcp);
    assert_eq!(chosen.iter().filter(by_tcp).count(), MAX_SERVERS);
}

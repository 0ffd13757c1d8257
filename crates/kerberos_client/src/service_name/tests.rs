//! The rules for names, against a small world of hosts: what each setting makes of a name.

use std::net::UdpSocket;
use std::thread;

use super::*;
use crate::dns::{HostsFile, ResolvConf, Resolver};

/// `www` and `alias` are `web.example.com` at 192.0.2.1, whose reverse name is
/// `Node1.example.net.`; `plain.example.com` at 192.0.2.2 has no reverse name; `vm` is only known
/// to the hosts file.
struct World;

impl Names for World {
    async fn forward(&self, host: &str) -> Option<(String, IpAddr)> {
        let (name, address) = match host {
            "www" | "alias" | "alias.example.com" => ("Web.example.com", "192.0.2.1"),
            "plain.example.com" => ("plain.example.com", "192.0.2.2"),
            "vm" => ("vm", "192.0.2.3"),
            "192.0.2.1" | "192.0.2.2" => (host, host),
            _ => return None,
        };
        Some((name.to_owned(), address.parse().unwrap()))
    }

    async fn reverse(&self, address: IpAddr) -> Option<String> {
        (address.to_string() == "192.0.2.1").then(|| "Node1.example.net.".to_owned())
    }

    async fn search_domain(&self) -> Option<String> {
        Some("search.example".to_owned())
    }
}

const REALMS: &str = "[domain_realm]\n.example.com = COM\n.example.net = NET\n";

fn config(libdefaults: &str) -> Config {
    Config::parse(&format!("[libdefaults]\n{libdefaults}\n{REALMS}")).unwrap()
}

/// Checks the name and realm of `host` with these settings, with and without DNS.
fn check(libdefaults: &str, host: &str, with_dns: &str, without: &str) {
    let config = config(libdefaults);
    for (dns, expected) in [(true, with_dns), (false, without)] {
        let (host, realm) = block_on(canonical(&config, &World, host, dns));
        assert_eq!(format!("{host}@{realm}"), expected, "{libdefaults} {dns}");
    }
}

#[test]
fn reverse_lookup_gives_the_canonical_name() {
    check(
        "",
        "alias",
        "node1.example.net@NET",
        "alias.search.example@",
    );
    check(
        "",
        "alias.example.com",
        "node1.example.net@NET",
        "alias.example.com@COM",
    );
    check(
        "",
        "plain.example.com",
        "plain.example.com@COM",
        "plain.example.com@COM",
    );
    check(
        "",
        "Unknown.Example.com.",
        "unknown.example.com@COM",
        "unknown.example.com@COM",
    );
}

#[test]
fn rdns_false_uses_the_forward_canonical_name() {
    check(
        "rdns = false",
        "alias",
        "web.example.com@COM",
        "alias.search.example@",
    );
}

#[test]
fn short_names_get_a_domain_unless_dns_knows_them() {
    check("", "db", "db.search.example@", "db.search.example@");
    check(
        "qualify_shortname = example.com",
        "db",
        "db.example.com@COM",
        "db.example.com@COM",
    );
    check("qualify_shortname = \"\"", "db", "db@", "db@");
    check("", "vm", "vm@", "vm.search.example@");
    // MIT's rule looks for dots only.
    check("", "::1", "::1.search.example@", "::1.search.example@");
}

#[test]
fn port_or_instance_after_the_host_is_kept() {
    check(
        "",
        "alias:1433",
        "node1.example.net:1433@NET",
        "alias.search.example:1433@",
    );
    check(
        "rdns = 0",
        "www:MSSQL",
        "web.example.com:MSSQL@COM",
        "www.search.example:MSSQL@",
    );
    // No trailer: nothing after the colon, or more than one.
    check("qualify_shortname = \"\"", "alias:", "alias:@", "alias:@");
    check("", "a.b:c:d", "a.b:c:d@", "a.b:c:d@");
}

#[test]
fn numeric_address_is_named_only_by_reverse_lookup() {
    check("", "192.0.2.1", "node1.example.net@NET", "192.0.2.1@");
    check("rdns = false", "192.0.2.1", "192.0.2.1@", "192.0.2.1@");
    check("", "192.0.2.2", "192.0.2.2@", "192.0.2.2@");
    check(
        "",
        "192.0.2.1:88",
        "node1.example.net:88@NET",
        "192.0.2.1:88@",
    );
}

#[test]
fn fallback_tries_the_given_name_before_the_canonical() {
    let config = config("dns_canonicalize_hostname = fallback");
    let check = |host: &str, realm: &str, expected: &[&str]| {
        let name = Principal::new(NameType::SRV_HST, ["HTTP", host], realm);
        let found: Vec<String> = [false, true]
            .into_iter()
            .filter_map(|dns| block_on(candidate(&config, &World, &name, true, dns)))
            .map(|name| name.to_string())
            .collect();
        assert_eq!(found, expected, "{host}");
    };
    let both = ["HTTP/alias.example.com@COM", "HTTP/node1.example.net@NET"];
    check("Alias.example.com", "", &["HTTP/alias.example.com@COM"]);
    check("alias.example.com", "", &both);
    let both = ["HTTP/alias.example.com@R", "HTTP/node1.example.net@R"];
    check("alias.example.com", "R", &both);
    check("plain.example.com", "", &["HTTP/plain.example.com@COM"]);
    check("", "R", &["HTTP/@R"]);
}

#[test]
fn names_not_subject_to_fallback_are_used_as_they_are() {
    let config = config("");
    let check = |name: &str, name_type: NameType, fallback: bool| {
        let name = Principal::parse(name).unwrap().with_name_type(name_type);
        let with = |dns| block_on(candidate(&config, &World, &name, fallback, dns));
        assert_eq!(with(false), Some(name.clone()));
        assert_eq!(with(true), None);
    };
    check("HTTP/alias@R", NameType::SRV_HST, false);
    check("HTTP/alias@R", NameType::PRINCIPAL, true);
    check("alice@R", NameType::SRV_HST, true);
    check("a/b/c@R", NameType::SRV_HST, true);
}

#[test]
fn service_principal_defers_fallback_canonicalization() {
    let client = Client::new(config("dns_canonicalize_hostname = fallback"));
    let name = client.service_principal("HTTP", Some("WWW.")).unwrap();
    assert_eq!(
        (name.to_string().as_str(), name.name_type()),
        ("HTTP/WWW.@", NameType::SRV_HST)
    );
    let client = Client::new(config(
        "dns_canonicalize_hostname = no\nqualify_shortname = \"\"",
    ));
    let name = client.service_principal("host", None).unwrap();
    let node = rustix::system::uname();
    let node = node.nodename().to_string_lossy().to_ascii_lowercase();
    assert!(
        name.to_string().starts_with(&format!("host/{node}@")),
        "{name}"
    );
}

#[test]
fn fallback_realm_is_the_parent_domain_or_the_default() {
    let config = Config::parse("[libdefaults]\ndefault_realm = R\n").unwrap();
    let check = |host: &str, realm: &str| assert_eq!(config.fallback_realm(host).unwrap(), realm);
    check("www.sub.example.com", "SUB.EXAMPLE.COM");
    check("WWW.Example.com.", "EXAMPLE.COM");
    check("www", "R");
    check("192.0.2.1", "R");
    check("::1", "R");
    let error = Config::parse("")
        .unwrap()
        .fallback_realm("www")
        .unwrap_err();
    assert!(matches!(error, ClientError::NoDefaultRealm));
}

/// A DNS server that has every host at 192.0.2.1.
fn dns() -> Resolver {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let mut reply = buffer[..length].to_vec();
            reply[2..4].copy_from_slice(&[0x84, 0]);
            reply[7] = 1;
            reply.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
            let _ = socket.send_to(&reply, from);
        }
    });
    Resolver::new(ResolvConf::new([address]))
}

#[test]
fn each_service_candidate_has_its_own_time_limit() {
    const LIMIT: Duration = Duration::from_millis(500);
    let hosts = HostsFile::parse("192.0.2.1 node.example.com\n");
    let client = Client::new(config("dns_canonicalize_hostname = fallback"))
        .with_resolver(dns().with_hosts(hosts))
        .with_request_timeout(LIMIT);
    let server = Principal::new(NameType::SRV_HST, ["host", "www.example.com"], "");
    let mut names = client.service_candidates(&server).unwrap();
    let first = names.next().unwrap();
    assert_eq!(first.to_string(), "host/www.example.com@COM");
    // Meanwhile a KDC is asked.
    thread::sleep(LIMIT * 2);
    let second = names.next().unwrap();
    assert_eq!(second.to_string(), "host/node.example.com@COM");
}

#[test]
fn service_and_host_are_split_from_a_principal() {
    let both = Some(("HTTP", "www.example.com"));
    assert_eq!(service_and_host("HTTP/www.example.com"), both);
    assert_eq!(service_and_host("HTTP@www.example.com"), both);
    for principal in [
        "HTTP",
        "HTTP/www.example.com@EXAMPLE.COM",
        "ldap/dc1.example.com/EXAMPLE.COM",
        "a\\/b/c",
    ] {
        assert_eq!(service_and_host(principal), None, "{principal}");
    }
}

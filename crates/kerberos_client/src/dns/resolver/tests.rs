//! The resolver against small DNS servers on the loopback: honest, silent, truncating, with TCP.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::AtomicU32;
use std::time::Duration;
use std::{fs, thread};

use super::*;

/// A DNS server with the zone below, which counts queries.
struct Server {
    address: SocketAddr,
    queries: Arc<AtomicU32>,
}

/// How long a busy machine may take for something that needs no waiting.
const PATIENCE: Duration = Duration::from_secs(5);

impl Server {
    fn start() -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let queries = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&queries);
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, from)) = udp.recv_from(&mut buffer) {
                count.fetch_add(1, Ordering::Relaxed);
                let mut reply = reply(&buffer[..length]);
                if reply.len() > 512 {
                    reply.truncate(512);
                    reply[2] |= 2;
                }
                let _ = udp.send_to(&reply, from);
            }
        });
        thread::spawn(move || {
            for stream in tcp.incoming() {
                let mut stream = stream.unwrap();
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                let mut query = vec![0; u16::from_be_bytes(length).into()];
                stream.read_exact(&mut query).unwrap();
                let reply = reply(&query);
                let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length[..], &reply].concat()).unwrap();
            }
        });
        Self { address, queries }
    }

    fn count(&self) -> u32 {
        self.queries.load(Ordering::Relaxed)
    }

    fn resolver(&self) -> Resolver {
        Resolver::new(ResolvConf::new([self.address]))
    }
}

/// The zone: records by name and type, each with its data.
fn zone(name: &str, kind: RecordType) -> Vec<(RecordType, Vec<u8>)> {
    let wire = |text: &str| name::parse(text).unwrap().as_slice().to_vec();
    match (name, kind) {
        ("host.example", RecordType::A) => vec![(RecordType::A, vec![192, 0, 2, 1])],
        ("host.example", RecordType::AAAA) => {
            let address: std::net::Ipv6Addr = "2001:db8::1".parse().unwrap();
            vec![(RecordType::AAAA, address.octets().to_vec())]
        }
        ("alias.example", RecordType::A | RecordType::AAAA) => {
            vec![(RecordType::CNAME, wire("host.example"))]
        }
        ("short.search.example", RecordType::A) => vec![(RecordType::A, vec![192, 0, 2, 2])],
        ("many.example", RecordType::A) => vec![(RecordType::A, vec![192, 0, 2, 3]); 100],
        ("1.2.0.192.in-addr.arpa", RecordType::PTR) => {
            vec![(RecordType::PTR, wire("name.example"))]
        }
        _ => Vec::new(),
    }
}

/// An honest answer; it includes the target of an alias.
fn reply(query: &[u8]) -> Vec<u8> {
    let labels = query[12..].split(|&byte| byte == 0).next().unwrap();
    let mut name = String::new();
    let mut rest = labels;
    while let Some((&length, after)) = rest.split_first() {
        let (label, after) = after.split_at(length.into());
        name.push_str(std::str::from_utf8(label).unwrap());
        name.push('.');
        rest = after;
    }
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let end = 12 + labels.len() + 5;
    let kind = RecordType::from_int(u16::from_be_bytes([query[end - 4], query[end - 3]]));
    let mut records = Vec::new();
    for (found, data) in zone(&name, kind) {
        records.push((name::parse(&name).unwrap(), found, data.clone()));
        if found == RecordType::CNAME {
            let target = name::parse("host.example").unwrap();
            for (found, data) in zone("host.example", kind) {
                records.push((target.clone(), found, data));
            }
        }
    }
    let mut reply = query[..end].to_vec();
    let code = match records.is_empty() {
        _ if name.ends_with("failing.example") => 2,
        true => 3,
        false => 0,
    };
    reply[2..4].copy_from_slice(&[0x84, code]);
    reply[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
    reply[10..12].fill(0);
    for (owner, kind, data) in records {
        reply.extend(owner.as_slice());
        reply.extend(kind.to_int().to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 60]);
        reply.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        reply.extend(data);
    }
    reply
}

fn addresses(resolver: &Resolver, host: &str) -> Vec<String> {
    let found = resolver.addresses(host, None).unwrap();
    let mut found: Vec<_> = found.iter().map(ToString::to_string).collect();
    found.sort();
    found
}

#[test]
fn names_and_addresses_are_looked_up_in_dns() {
    let server = Server::start();
    let resolver = server.resolver();
    assert_eq!(
        addresses(&resolver, "host.example"),
        ["192.0.2.1", "2001:db8::1"]
    );
    assert_eq!(
        addresses(&resolver, "HOST.example."),
        ["192.0.2.1", "2001:db8::1"]
    );
    // The second time no server is asked.
    assert_eq!(server.count(), 2);
    let (name, _) = resolver
        .canonical_name("alias.example", None)
        .unwrap()
        .unwrap();
    assert_eq!(name, "host.example");
    assert_eq!(resolver.canonical_name("none.example", None), Ok(None));
    let address = "192.0.2.1".parse().unwrap();
    assert_eq!(
        resolver.name_of(address, None),
        Ok(Some("name.example".to_owned()))
    );
    assert_eq!(
        resolver.name_of("192.0.2.2".parse().unwrap(), None),
        Ok(None)
    );
}

#[test]
fn hosts_file_and_literal_addresses_need_no_dns() {
    let resolver = Resolver::new(ResolvConf::new([]))
        .with_hosts(HostsFile::parse("192.0.2.7 db.example db\n::7 db\n"));
    assert_eq!(addresses(&resolver, "db"), ["192.0.2.7", "::7"]);
    assert_eq!(addresses(&resolver, "192.0.2.9"), ["192.0.2.9"]);
    assert_eq!(addresses(&resolver, "::9"), ["::9"]);
    assert_eq!(addresses(&resolver, "a.LOCALHOST."), ["127.0.0.1", "::1"]);
    let address = "192.0.2.7".parse().unwrap();
    let known = Some(("db.example".to_owned(), address));
    assert_eq!(resolver.canonical_name("db", None), Ok(known));
    assert_eq!(
        resolver.name_of(address, None),
        Ok(Some("db.example".to_owned()))
    );
    let numeric = Some(("192.0.2.9".to_owned(), "192.0.2.9".parse().unwrap()));
    assert_eq!(resolver.canonical_name("192.0.2.9", None), Ok(numeric));
    assert!(matches!(
        resolver.addresses("x", None),
        Err(DnsError::NoAnswer { .. })
    ));
    assert!(matches!(
        resolver.addresses("a..b", None),
        Err(DnsError::BadName(_))
    ));
}

#[test]
fn short_names_are_tried_in_search_domains() {
    let server = Server::start();
    let mut conf = ResolvConf::new([server.address]);
    conf.search = vec!["nothing.example".to_owned(), "search.example".to_owned()];
    let resolver = Resolver::new(conf.clone());
    let found = resolver.canonical_name("short", None).unwrap().unwrap();
    assert_eq!(found.0, "short.search.example");
    assert_eq!(resolver.canonical_name("short.", None), Ok(None));
    assert_eq!(resolver.search_domain().as_deref(), Some("nothing.example"));
    let order = |ndots, name: &str| conf.clone().candidates_with(ndots, name);
    assert_eq!(
        order(1, "a"),
        ["a.nothing.example", "a.search.example", "a"]
    );
    assert_eq!(
        order(1, "a.b"),
        ["a.b", "a.b.nothing.example", "a.b.search.example"]
    );
    assert_eq!(
        order(2, "a.b"),
        ["a.b.nothing.example", "a.b.search.example", "a.b"]
    );
    assert_eq!(order(1, "a."), ["a."]);
}

/// As in Kubernetes: a name with few dots is first searched in domains that other servers serve.
#[test]
fn failing_search_domain_does_not_hide_other_names() {
    let server = Server::start();
    let mut conf = ResolvConf::new([server.address]);
    conf.search = vec!["failing.example".to_owned(), "search.example".to_owned()];
    conf.ndots = 5;
    let resolver = Resolver::new(conf);
    let found = ["192.0.2.1", "2001:db8::1"];
    assert_eq!(addresses(&resolver, "host.example"), found);
    assert_eq!(addresses(&resolver, "short"), ["192.0.2.2"]);
    let search = |name| block_on(resolver.search(Io::Blocking, name, RecordType::A, None));
    let address = Data::A([192, 0, 2, 1].into());
    assert_eq!(search("host.example").unwrap(), Some(address));
    // Nobody knows whether that domain has the name.
    let error = resolver.addresses("none.example", None).unwrap_err();
    let told = "no answer about none.example.failing.example from DNS";
    assert!(error.to_string().starts_with(told), "{error}");
    assert_eq!(search("none.example").unwrap_err(), error);
}

#[test]
fn silent_servers_are_not_asked_for_every_search_domain() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut conf = ResolvConf::new([silent.local_addr().unwrap()]);
    conf.search = (0..6)
        .map(|number| format!("domain{number}.example"))
        .collect();
    conf.timeout = Duration::from_millis(200);
    conf.attempts = 1;
    let resolver = Resolver::new(conf);
    let search = resolver.search(Io::Blocking, "name", RecordType::TXT, None);
    assert!(block_on(search).is_err());
    silent.set_nonblocking(true).unwrap();
    let mut buffer = [0; 512];
    let asked = std::iter::from_fn(|| silent.recv(&mut buffer).ok()).count();
    assert_eq!(
        asked, 2,
        "only the first domain and the bare name should be tried"
    );
}

impl ResolvConf {
    fn candidates_with(mut self, ndots: usize, name: &str) -> Vec<String> {
        self.ndots = ndots;
        self.candidates(name)
    }
}

#[test]
fn truncated_answer_is_fetched_over_tcp() {
    let server = Server::start();
    let found = server.resolver().addresses("many.example", None).unwrap();
    assert_eq!(found.len(), MAX_ADDRESSES);
    let mut conf = ResolvConf::new([server.address]);
    conf.use_vc = true;
    assert_eq!(addresses(&Resolver::new(conf), "host.example").len(), 2);
}

#[test]
fn the_server_that_answered_is_asked_first() {
    let server = Server::start();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let conf = ResolvConf::new([silent.local_addr().unwrap(), server.address]);
    let resolver = Resolver::new(conf);
    let start = Instant::now();
    assert_eq!(addresses(&resolver, "host.example").len(), 2);
    assert!(start.elapsed() >= Duration::from_secs(1));
    for _ in 0..5 {
        assert!(
            resolver
                .canonical_name("none.example", None)
                .unwrap()
                .is_none()
        );
    }
    silent.set_nonblocking(true).unwrap();
    let mut buffer = [0; 512];
    let asked = std::iter::from_fn(|| silent.recv(&mut buffer).ok()).count();
    assert_eq!(
        asked, 2,
        "only the first lookup should ask the silent server"
    );
}

#[test]
fn lookup_ends_at_the_deadline() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let resolver = Resolver::new(ResolvConf::new([silent.local_addr().unwrap()]));
    let start = Instant::now();
    let deadline = start + Duration::from_millis(300);
    assert!(resolver.addresses("host.example", Some(deadline)).is_err());
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(start.elapsed() < PATIENCE);
    assert!(resolver.addresses("host.example", Some(start)).is_err());
}

#[test]
fn changed_resolv_conf_is_reloaded() {
    let folder = test_support::TempDir::new();
    let path = folder.join("resolv.conf");
    let resolver = Resolver::with_sources(
        Source::file(&path, |path| ResolvConf::load(path)),
        Source::fixed(HostsFile::default()),
    );
    let servers = || resolver.settings().unwrap().servers;
    assert_eq!(servers(), ["127.0.0.1:53".parse().unwrap()]);
    fs::write(&path, "nameserver 192.0.2.1\n").unwrap();
    assert_eq!(servers(), ["192.0.2.1:53".parse().unwrap()]);
    fs::write(&path, "nameserver 192.0.2.11\n").unwrap();
    assert_eq!(servers(), ["192.0.2.11:53".parse().unwrap()]);
    fs::remove_file(&path).unwrap();
    assert_eq!(servers(), ["127.0.0.1:53".parse().unwrap()]);
}

/// A hosts file that cannot be read yet: a pipe that nobody has written to.
#[cfg(feature = "tokio")]
#[tokio::test]
async fn reading_a_hosts_file_does_not_block_the_runtime() {
    let path = std::env::temp_dir().join(format!("rkinit_hosts_{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let resolver = Resolver::with_sources(
        Source::fixed(ResolvConf::new([])),
        Source::file(&path, |path| Ok(HostsFile::load(path))),
    );
    let question = resolver.find_addresses(Io::Tokio, "kdc.example.com", None);
    let line = async {
        // The runtime gets here although the question came first.
        tokio::task::yield_now().await;
        let path = path.clone();
        let write = move || fs::write(path, "192.0.2.7 kdc.example.com\n");
        tokio::task::spawn_blocking(write).await.unwrap().unwrap();
    };
    let (found, ()) = tokio::join!(question, line);
    fs::remove_file(&path).unwrap();
    assert_eq!(found.unwrap(), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
}

//! The driver against small servers on the loopback: dead, silent, lying, slow.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;

use test_support::free_port;

use super::*;
use crate::Config;
use crate::dns::{ResolvConf, Resolver};
use crate::io::block_on;
use crate::transport::MAX_REPLY;

const REQUEST: &[u8] = b"request";
const SECOND: Duration = Duration::from_secs(1);

/// Delivers to servers of krb5.conf within `timeout`; returns only the reply.
fn deliver(
    request: &[u8],
    servers: &[Server],
    strategy: Strategy,
    timeout: Option<Duration>,
) -> Result<Vec<u8>, Vec<Attempt>> {
    let located: Vec<_> = servers.iter().cloned().map(Located::from).collect();
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    let driver = Driver::new(Config::parse("").unwrap());
    block_on(super::deliver(
        &driver, request, &located, strategy, deadline, None,
    ))
    .map(|delivered| delivered.message)
}

/// A UDP server that sends the result of `answer` for the n-th request, counted from 1.
fn udp(answer: impl Fn(usize, &[u8]) -> Option<Vec<u8>> + Send + 'static) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        for count in 1.. {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                return;
            };
            if let Some(reply) = answer(count, &buffer[..length]) {
                let _ = socket.send_to(&reply, from);
            }
        }
    });
    port
}

/// A TCP server on `port`, or on a new one if that is 0, that runs `serve` for each connection.
fn tcp(port: u16, serve: impl Fn(&mut TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            serve(&mut stream.unwrap());
        }
    });
    port
}

/// Reads a request with its length and checks it.
fn read_request(stream: &mut TcpStream) {
    let mut request = [0; 4 + REQUEST.len()];
    stream.read_exact(&mut request).unwrap();
    assert_eq!(request[..4], [0, 0, 0, 7]);
    assert_eq!(&request[4..], REQUEST);
}

fn framed(reply: &[u8]) -> Vec<u8> {
    let mut framed = u32::try_from(reply.len()).unwrap().to_be_bytes().to_vec();
    framed.extend(reply);
    framed
}

fn answering(reply: &'static [u8]) -> impl Fn(&mut TcpStream) {
    move |stream| {
        read_request(stream);
        stream.write_all(&framed(reply)).unwrap();
    }
}

/// Delivers to the ports, within 10 s; returns the result and how long it took.
fn run(ports: &[u16], strategy: Strategy) -> (Result<Vec<u8>, Vec<Attempt>>, Duration) {
    let servers: Vec<_> = ports
        .iter()
        .map(|&port| Server::Host {
            host: "127.0.0.1".to_owned(),
            port,
        })
        .collect();
    let start = Instant::now();
    let result = deliver(REQUEST, &servers, strategy, Some(10 * SECOND));
    (result, start.elapsed())
}

/// How long a busy machine may take for something that needs no waiting. The schedule itself is
/// tested in virtual time, in `delivery/tests.rs`.
const PATIENCE: Duration = Duration::from_secs(5);

fn check(ports: &[u16], strategy: Strategy, reply: &[u8], at_least: Duration) {
    let (result, elapsed) = run(ports, strategy);
    assert_eq!(result.expect("the delivery should have got a reply"), reply);
    assert!((at_least..PATIENCE).contains(&elapsed), "{elapsed:?}");
}

/// Delivers to one TCP server without success; returns why.
fn reason(serve: impl Fn(&mut TcpStream) + Send + 'static) -> String {
    let (result, _) = run(&[tcp(0, serve)], Strategy::TcpOnly);
    let attempts = result.unwrap_err();
    assert_eq!(attempts.len(), 1);
    attempts[0].reason.to_string()
}

#[test]
fn reply_arrives_over_udp() {
    let port = udp(|_, request| {
        assert_eq!(request, REQUEST);
        Some(b"reply".to_vec())
    });
    check(&[port], Strategy::UdpFirst, b"reply", Duration::ZERO);
}

#[test]
fn reply_arrives_over_tcp() {
    let port = tcp(0, answering(b"reply"));
    check(&[port], Strategy::TcpFirst, b"reply", Duration::ZERO);
    check(&[port], Strategy::TcpOnly, b"reply", Duration::ZERO);
}

#[test]
fn tcp_is_used_when_udp_is_refused() {
    let port = tcp(0, answering(b"reply"));
    check(&[port], Strategy::UdpFirst, b"reply", Duration::ZERO);
}

#[test]
fn a_dead_first_server_costs_no_time() {
    let port = udp(|_, _| Some(b"reply".to_vec()));
    check(
        &[free_port(), free_port(), port],
        Strategy::UdpFirst,
        b"reply",
        Duration::ZERO,
    );
    let port = tcp(0, answering(b"reply"));
    check(
        &[free_port(), port],
        Strategy::TcpOnly,
        b"reply",
        Duration::ZERO,
    );
}

#[test]
fn a_silent_first_server_costs_a_second() {
    let ports = [udp(|_, _| None), udp(|_, _| Some(b"reply".to_vec()))];
    check(&ports, Strategy::UdpFirst, b"reply", SECOND);
}

#[test]
fn late_reply_of_an_earlier_server_is_accepted() {
    let slow = udp(|_, _| {
        thread::sleep(SECOND * 3 / 2);
        Some(b"slow".to_vec())
    });
    check(
        &[slow, udp(|_, _| None)],
        Strategy::UdpFirst,
        b"slow",
        SECOND,
    );
}

/// One server answers after a second and a half; for the name of the other, DNS is silent.
async fn answered_during_a_lookup(io: Io, timeout: Duration) -> Vec<u8> {
    let slow = udp(|_, _| {
        thread::sleep(SECOND * 3 / 2);
        Some(b"slow".to_vec())
    });
    let server = |host: &str, port| {
        let host = host.to_owned();
        Located::from(Server::Host { host, port })
    };
    let servers = [server("127.0.0.1", slow), server("kdc.example.com.", 88)];
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut driver = Driver::new(Config::parse("").unwrap());
    driver.io = io;
    let conf = ResolvConf::new([silent.local_addr().unwrap()]);
    driver.resolver = Arc::new(Resolver::new(conf));
    let deadline = Some(Instant::now() + timeout);
    let strategy = Strategy::UdpFirst;
    let delivered = super::deliver(&driver, REQUEST, &servers, strategy, deadline, None);
    delivered
        .await
        .expect("the delivery should have got a reply")
        .message
}

#[test]
fn reply_during_a_dns_lookup_is_accepted() {
    // The lookup takes all the time there is.
    let answered = answered_during_a_lookup(Io::Blocking, SECOND * 5 / 2);
    assert_eq!(block_on(answered), b"slow");
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn tokio_waits_for_replies_and_dns_concurrently() {
    let start = Instant::now();
    let answered = answered_during_a_lookup(Io::Tokio, SECOND * 20);
    assert_eq!(answered.await, b"slow");
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn a_lost_request_is_sent_again() {
    let port = udp(|count, _| (count == 2).then(|| b"second".to_vec()));
    // The refused TCP attempt comes between: 1 s, then the pause of 2 s.
    check(&[port], Strategy::UdpFirst, b"second", 3 * SECOND);
}

#[test]
fn tcp_reply_in_single_bytes_is_reassembled() {
    let port = tcp(0, |stream| {
        read_request(stream);
        for byte in framed(b"reply") {
            stream.write_all(&[byte]).unwrap();
            thread::sleep(Duration::from_millis(5));
        }
        // The connection stays open, and more than the reply arrives.
        stream.write_all(b"more").unwrap();
        thread::sleep(SECOND);
    });
    check(&[port], Strategy::TcpOnly, b"reply", Duration::ZERO);
}

#[test]
fn tcp_reply_of_maximum_size_is_accepted() {
    let large = vec![b'x'; MAX_REPLY];
    let reply = large.clone();
    let port = tcp(0, move |stream| {
        read_request(stream);
        stream.write_all(&framed(&reply)).unwrap();
    });
    check(&[port], Strategy::TcpOnly, &large, Duration::ZERO);
}

#[test]
fn tcp_reply_with_a_false_length_is_an_error() {
    let announce = |length: u32| {
        reason(move |stream| {
            read_request(stream);
            stream.write_all(&length.to_be_bytes()).unwrap();
            stream.write_all(b"reply").unwrap();
        })
    };
    assert_eq!(
        announce(u32::MAX),
        "the announced length of the reply, 4294967295 bytes, is too large"
    );
    assert_eq!(
        announce(0x8000_0005),
        "the announced length of the reply, 2147483653 bytes, is too large"
    );
    assert_eq!(
        announce(1_048_577),
        "the announced length of the reply, 1048577 bytes, is too large"
    );
    assert_eq!(announce(0), "an empty reply");
    assert_eq!(announce(6), "the connection was closed early");
}

#[test]
fn connection_closed_before_the_reply_is_an_error() {
    assert_eq!(reason(read_request), "the connection was closed early");
    let half = |stream: &mut TcpStream| {
        read_request(stream);
        stream.write_all(&[0, 0]).unwrap();
    };
    assert_eq!(reason(half), "the connection was closed early");
}

#[test]
fn next_server_is_asked_after_a_broken_connection() {
    let ports = [tcp(0, read_request), tcp(0, answering(b"reply"))];
    check(&ports, Strategy::TcpOnly, b"reply", Duration::ZERO);
}

#[test]
fn timeout_ends_a_reply_that_trickles_in() {
    let port = tcp(0, |stream| {
        read_request(stream);
        let _ = stream.write_all(&[0, 0, 255, 255]);
        while stream.write_all(b".").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let server = Server::Host {
        host: "127.0.0.1".to_owned(),
        port,
    };
    let start = Instant::now();
    let result = deliver(REQUEST, &[server], Strategy::TcpOnly, Some(SECOND / 2));
    assert!(
        (SECOND / 2..PATIENCE).contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(result.unwrap_err()[0].reason, Reason::NoAnswer);
}

#[test]
fn refused_udp_and_tcp_attempts_are_both_reported() {
    let (port, start) = (free_port(), Instant::now());
    let (result, _) = run(&[port], Strategy::UdpFirst);
    let attempts: Vec<_> = result
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        attempts,
        [
            format!("127.0.0.1:{port} (UDP): Connection refused"),
            format!("127.0.0.1:{port} (TCP): Connection refused"),
        ]
    );
    assert!(start.elapsed() < PATIENCE);
}

#[cfg(not(feature = "https"))]
#[test]
fn kdc_proxy_without_https_feature_is_an_error() {
    let server = Server::parse("https://proxy.example.com/KdcProxy", 88).unwrap();
    let attempts = deliver(REQUEST, &[server], Strategy::UdpFirst, None).unwrap_err();
    assert_eq!(
        attempts[0].to_string(),
        "https://proxy.example.com:443/KdcProxy: this build has no support for KDC proxies"
    );
    assert!(attempts[0].reason.hint().is_some());
}

#[test]
fn reply_arrives_over_a_unix_socket() {
    let folder = test_support::TempDir::new();
    let path = folder.join("kdc.sock");
    let server = Server::parse(path.to_str().unwrap(), 88).unwrap();
    let ask = || {
        deliver(
            REQUEST,
            std::slice::from_ref(&server),
            Strategy::UdpFirst,
            None,
        )
    };
    let reason = |expected: &str| {
        let attempts = ask().unwrap_err();
        let expected = format!("{} (UNIX socket): {expected}", path.display());
        assert_eq!(attempts[0].to_string(), expected);
    };
    reason("No such file or directory");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4 + REQUEST.len()];
            stream.read_exact(&mut request).unwrap();
            assert_eq!(&request[4..], REQUEST);
            stream.write_all(&framed(b"reply")).unwrap();
        }
    });
    assert_eq!(ask().unwrap(), b"reply");
    // Never deferred: it comes before TCP to an earlier server that has no UDP.
    let dead = Server::Host {
        host: "127.0.0.1".to_owned(),
        port: free_port(),
    };
    let servers = [dead, server.clone()];
    let reply = deliver(REQUEST, &servers, Strategy::TcpOnly, None).unwrap();
    assert_eq!(reply, b"reply");
    let long = Server::parse(&format!("/{}", "x".repeat(200)), 88).unwrap();
    assert!(deliver(REQUEST, &[long], Strategy::UdpFirst, None).is_err());
}

#[test]
fn hostname_is_resolved_and_failing_ipv6_server_is_skipped() {
    let port = udp(|_, _| Some(b"reply".to_vec()));
    let named = Server::Host {
        host: "localhost".to_owned(),
        port,
    };
    assert_eq!(
        deliver(REQUEST, &[named], Strategy::UdpFirst, None).unwrap(),
        b"reply"
    );
    // Where the system has no IPv6 the attempt fails, and the next server answers.
    let v6 = Server::parse(&format!("[::1]:{}", free_port()), 88).unwrap();
    let v4 = Server::Host {
        host: "127.0.0.1".to_owned(),
        port,
    };
    assert_eq!(
        deliver(REQUEST, &[v6, v4], Strategy::UdpFirst, None).unwrap(),
        b"reply"
    );
}

#[test]
fn as_req_may_wait_for_a_person_and_tgs_req_may_not() {
    // The tags of AS-REQ and TGS-REQ (RFC 4120 §5.4.1).
    assert!(may_be_of_a_person(&[0x6a, 0x82]));
    assert!(!may_be_of_a_person(&[0x6c, 0x82]));
    assert!(may_be_of_a_person(&[]));
}

//! Proxies on the loopback with every fault that a proxy can have; TLS is real.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kerberos_asn1::Decode as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::*;
use crate::delivery::driver::deliver;
use crate::delivery::{Attempt, Reason, Strategy};
use crate::driver::Driver;
use crate::io::block_on;
use crate::locate::locate;
use crate::{Client, Config};
use kerberos_files::config::ServerKind;

type TlsStream = rustls::StreamOwned<ServerConnection, TcpStream>;

const REQUEST: &[u8] = b"request";
/// `reply` in a KDC-PROXY-MESSAGE.
const BODY: &[u8] = b"\x30\x0d\xa0\x0b\x04\x09\0\0\0\x05reply";
const LIMIT: Duration = Duration::from_secs(10);

fn certificate(name: &str) -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.join(format!("../../tests/support/certificates/{name}.pem"))
}

fn server_config(name: &str) -> Arc<ServerConfig> {
    let chain = vec![CertificateDer::from_pem_file(certificate(name)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate("key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key);
    Arc::new(config.unwrap())
}

/// A server that presents the certificate `name` and runs `serve` for each connection.
fn proxy(name: &str, serve: impl Fn(&mut TlsStream) -> io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = server_config(name);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = TlsStream::new(connection, stream.unwrap());
            // It does not matter if a client goes away.
            let _ = serve(&mut stream);
        }
    });
    port
}

/// The head of a request, and its body by its length.
fn read_request(stream: &mut TlsStream) -> io::Result<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(char::from(byte[0]));
    }
    let length = head.split_once("Content-Length: ").unwrap().1.trim_end();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body)?;
    Ok((head, body))
}

/// Reads the request and writes `response`; then closes the connection.
fn saying(response: Vec<u8>) -> impl Fn(&mut TlsStream) -> io::Result<()> {
    move |stream| {
        read_request(stream)?;
        stream.write_all(&response)?;
        stream.conn.send_close_notify();
        stream.flush()
    }
}

fn good_response() -> Vec<u8> {
    [b"HTTP/1.0 200 OK\r\nContent-Length: 15\r\n\r\n", BODY].concat()
}

/// Delivers to the servers of the realm R in `krb5.conf` within `limit`.
fn deliver_by(lines: &str, limit: Duration) -> Result<Vec<u8>, Vec<Attempt>> {
    let config = Config::parse(&format!("[realms]\nR = {{\n{lines}}}\n")).unwrap();
    deliver_with(config, REQUEST, limit)
}

fn deliver_with(config: Config, request: &[u8], limit: Duration) -> Result<Vec<u8>, Vec<Attempt>> {
    let driver = Driver::new(config);
    let deadline = Some(Instant::now() + limit);
    let servers = block_on(locate(&driver, b"R", ServerKind::Kdc, deadline)).unwrap();
    let delivering = deliver(
        &driver,
        request,
        &servers,
        Strategy::UdpFirst,
        deadline,
        None,
    );
    block_on(delivering).map(|delivered| delivered.message)
}

/// Delivers to `url` with the tests' authority as the anchor.
fn ask(url: &str) -> Result<Vec<u8>, Reason> {
    let authority = certificate("authority").display().to_string();
    let lines = format!("kdc = {url}\nhttp_anchors = FILE:{authority}\n");
    deliver_by(&lines, LIMIT).map_err(|attempts| {
        assert_eq!(attempts.len(), 1, "{attempts:?}");
        attempts[0].reason.clone()
    })
}

fn check_reason(url: &str, expected: &str) {
    assert_eq!(ask(url).unwrap_err().to_string(), expected);
}

#[test]
fn request_is_posted_and_reply_is_returned() {
    let port = proxy("good", |stream| {
        let (head, body) = read_request(stream)?;
        let port = stream.sock.local_addr()?.port();
        assert_eq!(
            head,
            format!(
                "POST /KdcProxy?a=b HTTP/1.0\r\nHost: localhost:{port}\r\n\
                 Cache-Control: no-cache\r\nPragma: no-cache\r\nUser-Agent: kerberos/1.0\r\n\
                 Content-type: application/kerberos\r\nContent-Length: 22\r\n\r\n"
            )
        );
        assert_eq!(stream.conn.server_name(), Some("localhost"));
        let message = KdcProxyMessage::from_der(&body).unwrap();
        assert_eq!(message.kerb_message, b"\0\0\0\x07request");
        assert_eq!(message.target_domain, Some("R".into()));
        stream.write_all(&good_response())?;
        // The connection stays open: the length says that this was all.
        thread::sleep(LIMIT);
        Ok(())
    });
    let start = Instant::now();
    assert_eq!(
        ask(&format!("https://localhost:{port}/KdcProxy?a=b")),
        Ok(b"reply".to_vec())
    );
    assert!(start.elapsed() < LIMIT / 2);
}

#[test]
fn proxy_is_reached_by_ip_address() {
    let port = proxy("good", saying(good_response()));
    assert_eq!(
        ask(&format!("https://127.0.0.1:{port}/")),
        Ok(b"reply".to_vec())
    );
}

#[test]
fn response_without_length_or_close_notify_is_accepted() {
    let port = proxy("good", |stream| {
        read_request(stream)?;
        for byte in [b"HTTP/1.1 200 OK\r\n\r\n", BODY].concat() {
            stream.write_all(&[byte])?;
        }
        // Neither a length nor a proper end of TLS.
        Ok(())
    });
    assert_eq!(
        ask(&format!("https://localhost:{port}/")),
        Ok(b"reply".to_vec())
    );
}

#[test]
fn large_request_and_reply_are_carried() {
    let port = proxy("good", |stream| {
        let (_, body) = read_request(stream)?;
        let body = KdcProxyMessage {
            target_domain: None,
            ..KdcProxyMessage::from_der(&body).unwrap()
        }
        .to_der();
        write!(
            stream,
            "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(&body)
    });
    let config = format!(
        "[realms]\nR = {{\nkdc = https://localhost:{port}/\nhttp_anchors = FILE:{}\n}}\n",
        certificate("authority").display()
    );
    let config = Config::parse(&config).unwrap();
    let large = vec![b'x'; 900_000];
    let reply = deliver_with(config, &large, LIMIT).unwrap();
    // Not `assert_eq`, which would print them.
    assert!(reply == large);
}

#[test]
fn invalid_server_certificates_are_refused() {
    let check = |name: &str, expected: &str| {
        let port = proxy(name, saying(good_response()));
        check_reason(&format!("https://localhost:{port}/"), expected);
    };
    check(
        "other_name",
        "its certificate is not for this host, but for proxy.example.com",
    );
    check(
        "no_name",
        "its certificate is not for this host, but for none",
    );
    check("expired", "its certificate has expired");
    check(
        "self_signed",
        "its certificate is that of a certificate authority",
    );
}

#[test]
fn http_anchors_decide_which_authorities_are_trusted() {
    let port = proxy("good", saying(good_response()));
    let check = |anchors: &str, expected: Result<&[u8], &str>| {
        let lines = format!("kdc = https://localhost:{port}/\n{anchors}\n");
        let result = deliver_by(&lines, LIMIT).map_err(|attempts| attempts[0].reason.to_string());
        assert_eq!(
            result.as_deref().map_err(String::as_str),
            expected,
            "{anchors}"
        );
    };
    let folder = certificate("authority")
        .parent()
        .unwrap()
        .display()
        .to_string();
    check(&format!("http_anchors = DIR:{folder}"), Ok(b"reply"));
    let two = format!(
        "http_anchors = FILE:{folder}/self_signed.pem\nhttp_anchors = FILE:{folder}/authority.pem"
    );
    check(&two, Ok(b"reply"));
    check(
        &format!("http_anchors = FILE:{folder}/self_signed.pem"),
        Err("its certificate is not signed by a trusted authority"),
    );
    // An invalid one is an error even beside a valid one.
    check(
        &format!("{two}\nhttp_anchors = FILE:/nowhere.pem"),
        Err("http_anchors = FILE:/nowhere.pem: No such file or directory"),
    );
    check(
        &format!("{two}\nhttp_anchors = FILE:/dev/zero"),
        Err("http_anchors = FILE:/dev/zero: it is larger than 16 MiB"),
    );
    check(
        &format!("http_anchors = FILE:{folder}/make.sh"),
        Err(&format!(
            "http_anchors = FILE:{folder}/make.sh: it has no certificate in PEM format"
        )),
    );
    check(
        "http_anchors = /etc/ssl",
        Err("http_anchors = /etc/ssl: expected FILE:, DIR: or ENV:"),
    );
    check(
        "http_anchors = ENV:HOME",
        Err("http_anchors = ENV:HOME: this program does not use environment variables"),
    );
}

#[test]
fn ca_certificate_is_refused_as_server_certificate() {
    let port = proxy("self_signed", saying(good_response()));
    let itself = certificate("self_signed").display().to_string();
    let lines = format!("kdc = https://localhost:{port}/\nhttp_anchors = FILE:{itself}\n");
    let reason = deliver_by(&lines, LIMIT).unwrap_err()[0].reason.clone();
    assert_eq!(reason, Reason::Proxy(ProxyError::AuthorityCertificate));
    assert!(reason.hint().is_some());
}

#[test]
fn invalid_proxy_urls_are_errors() {
    check_reason(
        "https://a_b..c@127.0.0.1:1/",
        "\"a_b..c@127.0.0.1\" is not a domain name",
    );
    check_reason(
        "https://127.0.0.1:1/a b",
        "the path of the URL has a character that must be written as %XX",
    );
}

#[test]
fn invalid_http_responses_are_errors() {
    let check = |response: &[u8], expected: &str| {
        let port = proxy("good", saying(response.to_vec()));
        check_reason(&format!("https://localhost:{port}/"), expected);
    };
    check(b"", "the connection was closed early");
    check(
        b"HTTP/1.0 503 Service Unavailable\r\n\r\n",
        "HTTP status 503 Service Unavailable",
    );
    check(
        b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>",
        "the answer (text/html) is not a KDC-PROXY-MESSAGE: expected SEQUENCE, found tag 0x3c \
         at byte 0",
    );
    check(
        b"HTTP/1.0 200 OK\r\nContent-Length: 9999999\r\n\r\n",
        "the answer is too long",
    );
    let endless = proxy("good", |stream| {
        read_request(stream)?;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n")?;
        loop {
            stream.write_all(&[0; 4096])?;
        }
    });
    check_reason(
        &format!("https://localhost:{endless}/"),
        "the answer is too long",
    );
}

#[test]
fn server_without_tls_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream
                .unwrap()
                .write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
        }
    });
    check_reason(
        &format!("https://localhost:{port}/"),
        "TLS: received corrupt message of type InvalidContentType",
    );
}

/// A proxy that accepts the connection and says nothing costs a second, and not the login.
#[test]
fn the_next_server_is_asked_when_a_proxy_stalls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stalled = listener.local_addr().unwrap();
    let port = proxy("good", saying(good_response()));
    let lines = format!(
        "kdc = https://{stalled}/\nkdc = https://localhost:{port}/\nhttp_anchors = FILE:{}\n",
        certificate("authority").display()
    );
    let start = Instant::now();
    assert_eq!(deliver_by(&lines, LIMIT), Ok(b"reply".to_vec()));
    assert!((Duration::from_secs(1)..LIMIT / 2).contains(&start.elapsed()));
}

#[test]
fn timeout_ends_a_response_that_trickles_in() {
    let port = proxy("good", |stream| {
        read_request(stream)?;
        stream.write_all(b"HTTP/1.0 200 OK\r\nX: ")?;
        loop {
            stream.write_all(b"y")?;
            thread::sleep(Duration::from_millis(50));
        }
    });
    let lines = format!(
        "kdc = https://localhost:{port}/\nhttp_anchors = FILE:{}\n",
        certificate("authority").display()
    );
    let start = Instant::now();
    let attempts = deliver_by(&lines, Duration::from_millis(500)).unwrap_err();
    assert!(start.elapsed() < LIMIT / 2);
    assert_eq!(attempts[0].reason, Reason::NoAnswer);
    assert_eq!(
        attempts[0].to_string(),
        format!("https://localhost:{port}/ (127.0.0.1:{port}, HTTPS): no answer")
    );
}

#[test]
fn tls_sessions_are_resumed_by_later_requests() {
    let connections = Arc::new(AtomicUsize::new(0));
    let resumed = Arc::clone(&connections);
    let port = proxy("good", move |stream| {
        saying(good_response())(stream)?;
        if stream.conn.handshake_kind() == Some(rustls::HandshakeKind::Resumed) {
            resumed.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    });
    let config = format!(
        "[realms]\nR = {{\nkdc = https://localhost:{port}/\nhttp_anchors = FILE:{}\n}}\n",
        certificate("authority").display()
    );
    let client = Client::new(Config::parse(&config).unwrap()).with_request_timeout(LIMIT);
    let request = kerberos_proto::Request {
        realm: b"R".to_vec(),
        payload: REQUEST.to_vec(),
        stream_only: false,
    };
    for _ in 0..3 {
        assert_eq!(client.send(&request).unwrap(), b"reply");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[cfg(feature = "tokio")]
#[test]
fn async_client_reaches_a_proxy() {
    let port = proxy("good", saying(good_response()));
    let config = Config::parse(&format!(
        "[realms]\nR = {{\nkdc = https://localhost:{port}/\nhttp_anchors = FILE:{}\n}}\n",
        certificate("authority").display()
    ));
    let client = Client::new(config.unwrap()).with_request_timeout(LIMIT);
    let client = crate::AsyncClient::from(client);
    let request = kerberos_proto::Request {
        realm: b"R".to_vec(),
        payload: REQUEST.to_vec(),
        stream_only: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let reply = runtime.block_on(async { client.send(&request).await });
    assert_eq!(reply.unwrap(), b"reply");
}

/// A proxy called `host`, as krb5.conf would name it.
fn proxy_called(host: &str) -> Proxy {
    Proxy {
        host: host.to_owned(),
        port: 443,
        path: String::new(),
        realm: b"R".to_vec(),
        anchors: vec![format!("FILE:{}", certificate("authority").display())],
        tls: Tls::default(),
    }
}

#[test]
fn invalid_proxy_host_name_is_refused() {
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let error = Https::open(&address.into(), REQUEST, &proxy_called("a b")).unwrap_err();
    assert_eq!(Reason::from(&error), Reason::Proxy(ProxyError::BadHost));
}

#[test]
fn ipv6_address_has_brackets_in_the_request_only() {
    let proxy = proxy_called("::1");
    let request = proxy.request(REQUEST).unwrap();
    let head = String::from_utf8_lossy(&request);
    assert!(head.contains("\r\nHost: [::1]:443\r\n"), "{head}");
    let name = proxy.name().unwrap();
    assert_eq!(
        name,
        ServerName::from(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16]))
    );
}

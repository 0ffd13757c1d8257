//! Whole logins against the embedded KDC: with each kind of secret, by each transport, past servers
//! that fail, and into a credential cache.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kerberos_asn1::ErrorCode;
use kerberos_client::{Client, ClientError, Config, KeeperParams, keytab_secret};
use kerberos_files::ccache::{CcacheFile, CcacheName, Version};
use kerberos_files::keytab::KeytabName;
use kerberos_proto::{AskError, ExchangeError, Login, Password, Secret};
use kerberos_testkdc::{Fault, TestKdc, Transport};
use test_support::{TempDir, free_port};

const REALM: &str = "EXAMPLE.COM";
const USER: &str = "user";
const PASSWORD: &str = "correct horse";

fn kdc() -> TestKdc {
    TestKdc::builder(REALM)
        .principal(USER, PASSWORD)
        .start()
        .unwrap()
}

/// A client that knows these KDCs, in this order.
fn client(ports: &[u16], libdefaults: &str) -> Client {
    let mut kdcs = String::new();
    for port in ports {
        writeln!(kdcs, "kdc = 127.0.0.1:{port}").unwrap();
    }
    let text = format!(
        "[libdefaults]\ndefault_realm = {REALM}\nrequest_timeout = 10s\n{libdefaults}\n\
         [realms]\n{REALM} = {{\n{kdcs}}}\n"
    );
    Client::new(Config::parse(&text).unwrap())
}

fn password(text: &str) -> Secret {
    Secret::Password(Password::new(text))
}

fn login(client: &Client, secret: Secret) -> Result<Login, ClientError> {
    let params = client.as_params(client.principal(USER)?)?;
    client.login(params, secret)
}

/// A login must succeed.
fn check(client: &Client) -> Login {
    let login = login(client, password(PASSWORD)).unwrap();
    assert_eq!(login.credential.client.to_string(), "user@EXAMPLE.COM");
    assert_eq!(
        login.credential.server.to_string(),
        "krbtgt/EXAMPLE.COM@EXAMPLE.COM"
    );
    login
}

/// The error of a login that must fail.
fn refusal(client: &Client, secret: Secret) -> ExchangeError {
    match login(client, secret) {
        Err(ClientError::Exchange(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn password_login_succeeds_over_udp() {
    let kdc = kdc();
    let login = check(&client(&[kdc.address().port()], ""));
    assert_eq!(login.pa_type, Some(2));
    assert_eq!(
        (kdc.count(Transport::Udp), kdc.count(Transport::Tcp)),
        (2, 0)
    );
}

#[test]
fn keytab_login_succeeds() {
    let kdc = TestKdc::builder(REALM).service("host/www").start().unwrap();
    let client = client(&[kdc.address().port()], "");
    let service = client.principal("host/www").unwrap();
    let folder = TempDir::new();
    let path = folder.write("keytab", kdc.keytab("host/www"));
    let name = KeytabName::file(path.to_str().unwrap());
    let keys = keytab_secret(&name, &service).unwrap();
    let stranger = keytab_secret(&name, &client.principal(USER).unwrap());
    assert!(matches!(stranger, Err(ClientError::Keytab(_))));
    std::fs::remove_file(path).unwrap();
    let params = client.as_params(service.clone()).unwrap();
    let login = client.login(params, keys).unwrap();
    assert_eq!(login.credential.client, service);
}

#[test]
fn user_is_asked_only_when_the_kdc_wants_a_password() {
    let kdc = kdc();
    let client = client(&[kdc.address().port()], "");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let asking = |answer: Result<&'static str, AskError>| {
        let asked = Arc::clone(&asked);
        Secret::ask(move |principal| {
            asked.lock().unwrap().push(principal.to_string());
            answer.clone().map(Password::new)
        })
    };
    login(&client, asking(Ok(PASSWORD))).unwrap();
    assert_eq!(*asked.lock().unwrap(), ["user@EXAMPLE.COM"]);
    let error = refusal(&client, asking(Err(AskError::Interrupted)));
    assert!(
        matches!(error, ExchangeError::Ask(AskError::Interrupted)),
        "{error}"
    );
    // The user is not asked for the password of a client that the KDC does not know.
    asked.lock().unwrap().clear();
    let params = client
        .as_params(client.principal("nobody").unwrap())
        .unwrap();
    let error = client.login(params, asking(Ok(PASSWORD))).unwrap_err();
    let ClientError::Exchange(error) = error else {
        panic!("{error}")
    };
    assert_eq!(
        error.kdc_code(),
        Some(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN)
    );
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn wrong_password_is_reported() {
    let kdc = kdc();
    let error = refusal(
        &client(&[kdc.address().port()], ""),
        password("battery staple"),
    );
    assert!(matches!(error, ExchangeError::WrongPassword(_)), "{error}");
}

#[test]
fn reply_too_big_for_udp_comes_over_tcp() {
    let kdc = kdc();
    kdc.set_fault(Fault::TooBigForUdp);
    check(&client(&[kdc.address().port()], ""));
    assert_eq!(kdc.count(Transport::Udp), 1);
    assert_eq!(kdc.count(Transport::Tcp), 2);
}

#[test]
fn request_over_udp_preference_limit_goes_over_tcp() {
    let kdc = kdc();
    check(&client(&[kdc.address().port()], "udp_preference_limit = 1"));
    assert_eq!(
        (kdc.count(Transport::Udp), kdc.count(Transport::Tcp)),
        (0, 2)
    );
}

#[test]
fn tcp_is_used_when_udp_is_silent() {
    let kdc = kdc();
    kdc.set_fault(Fault::SilenceOn(Transport::Udp));
    check(&client(&[kdc.address().port()], ""));
}

#[test]
fn datagrams_from_another_port_are_ignored() {
    let kdc = kdc();
    kdc.set_fault(Fault::UdpFromOtherPort);
    let login = check(&client(&[kdc.address().port()], ""));
    assert_eq!(login.pa_type, Some(2));
    assert_eq!(kdc.count(Transport::Tcp), 2);
}

#[test]
fn a_dead_first_kdc_costs_no_time() {
    let kdc = kdc();
    let login = || {
        let start = Instant::now();
        check(&client(&[free_port(), kdc.address().port()], ""));
        start.elapsed()
    };
    // MIT's schedule would wait a second; a busy machine delays at most two of three logins.
    let quickest = (0..3)
        .map(|_| login())
        .min()
        .expect("there were three logins");
    assert!(quickest < Duration::from_millis(900), "{quickest:?}");
}

#[test]
fn svc_unavailable_moves_on_to_the_next_kdc() {
    let (first, second) = (kdc(), kdc());
    first.set_fault(Fault::Error(ErrorCode::KDC_ERR_SVC_UNAVAILABLE));
    let ports = [first.address().port(), second.address().port()];
    check(&client(&ports, ""));
    // The second request of the login goes to the KDC that answered the first.
    assert_eq!(first.count(Transport::Udp), 1);
    // If no other KDC can serve, the user is told this error.
    let error = refusal(&client(&ports[..1], ""), password(PASSWORD));
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_SVC_UNAVAILABLE));
}

#[test]
fn broken_tcp_reply_moves_on_to_the_next_kdc() {
    let (first, second) = (kdc(), kdc());
    let ports = [first.address().port(), second.address().port()];
    for fault in [
        Fault::TcpLength(u32::MAX),
        Fault::TcpCloses,
        Fault::TcpClosesMidway,
    ] {
        first.clear_faults();
        first.set_fault(fault);
        check(&client(&ports, "udp_preference_limit = 0"));
    }
}

#[test]
fn malformed_reply_is_a_typed_error() {
    let kdc = kdc();
    let client = client(&[kdc.address().port()], "");
    for fault in [Fault::Garbage, Fault::Truncated] {
        kdc.clear_faults();
        kdc.set_fault(fault);
        let error = refusal(&client, password(PASSWORD));
        let is_typed = matches!(
            error,
            ExchangeError::UnexpectedMessage | ExchangeError::Decode { .. }
        );
        assert!(is_typed, "{error}");
    }
}

#[test]
fn unreachable_or_unknown_kdc_is_reported() {
    let port = free_port();
    let error = login(&client(&[port], ""), password(PASSWORD)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cannot contact any KDC for realm 'EXAMPLE.COM'"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains(&format!("127.0.0.1:{port} (UDP): Connection refused")),
        "{hint}"
    );
    let error = login(&client(&[], ""), password(PASSWORD)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cannot find KDC for realm \"EXAMPLE.COM\""
    );
}

#[test]
fn request_timeout_ends_the_login() {
    let kdc = kdc();
    kdc.set_fault(Fault::Silence);
    let client =
        client(&[kdc.address().port()], "").with_request_timeout(Duration::from_millis(300));
    let start = Instant::now();
    let error = login(&client, password(PASSWORD)).unwrap_err();
    assert!(
        matches!(error, ClientError::CannotContactKdc { .. }),
        "{error}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn stored_login_can_be_read_from_the_cache() {
    let kdc = kdc();
    kdc.set_fault(Fault::ClockOffset(60));
    let client = client(&[kdc.address().port()], "");
    let login = check(&client);
    let folder = TempDir::new();
    let path = folder.join("cache");
    let name = CcacheName::file(path.to_str().unwrap());
    client.store(&login, &name).unwrap();
    let mut cache = CcacheFile::new(&path).open().unwrap();
    assert_eq!(cache.default_principal(), &login.credential.client);
    assert!(
        cache
            .kdc_offset()
            .is_some_and(|offset| (58..=61).contains(&offset.seconds))
    );
    let mut settings = Vec::new();
    let mut tickets = Vec::new();
    while let Some(entry) = cache.next().unwrap() {
        match entry.config() {
            Some(config) => settings.push((
                String::from_utf8(config.key.to_vec()).unwrap(),
                String::from_utf8(config.value.to_vec()).unwrap(),
            )),
            None => tickets.push(entry.to_credential()),
        }
    }
    std::fs::remove_file(path).unwrap();
    assert!(
        settings.contains(&("pa_type".to_owned(), "2".to_owned())),
        "{settings:?}"
    );
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0].ticket, login.credential.ticket);
    let error = client.store(&login, &CcacheName::parse("API:").unwrap());
    let error = error.unwrap_err();
    assert!(matches!(error, ClientError::Ccache(_)), "{error}");
}

#[test]
fn caches_have_the_configured_format() {
    let kdc = kdc();
    let check = |conf: &str, version: Version| {
        let client = client(&[kdc.address().port()], conf);
        let login = check(&client);
        let folder = TempDir::new();
        let name = CcacheName::file(folder.join("cache").to_str().unwrap());
        let written = || {
            let cache = CcacheFile::new(folder.join("cache")).open().unwrap();
            assert_eq!(cache.header().version, version, "{conf}");
            std::fs::remove_file(folder.join("cache")).unwrap();
        };
        client.store(&login, &name).unwrap();
        written();
        client.store_credential(&login.credential, &name).unwrap();
        written();
        let params = client.as_params(client.principal(USER).unwrap()).unwrap();
        let params = KeeperParams::new(params, || Ok(password(PASSWORD))).with_cache(name.clone());
        let keeper = client.keep(params).unwrap();
        keeper.wait(Duration::from_secs(10)).unwrap();
        written();
    };
    check("", Version::V4);
    check("ccache_type = 3", Version::V3);
}

#[test]
fn clients_are_shared_between_threads() {
    let kdc = kdc();
    let client = client(&[kdc.address().port()], "");
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || check(&client))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(kdc.count(Transport::Udp), 8);
}

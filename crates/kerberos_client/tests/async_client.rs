//! The asynchronous client against the embedded KDC: the same results as the blocking one, without
//! blocking the runtime, even if callers give up.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use kerberos_asn1::ErrorCode;
use kerberos_client::{AsyncClient, Client, ClientError, Config, TicketRequest};
use kerberos_files::ccache::CcacheName;
use kerberos_proto::{AskError, Login, Password, Principal, Secret};
use kerberos_testkdc::{Fault, TestKdc, Transport};
use test_support::{TempDir, free_port};

const REALM: &str = "EXAMPLE.COM";
const SECOND: Duration = Duration::from_secs(1);

/// A cache that is deleted when the test ends.
struct Cache(
    CcacheName,
    #[expect(dead_code, reason = "kept so that the folder is deleted on drop")] TempDir,
);

impl Cache {
    fn new() -> Self {
        let folder = TempDir::new();
        let cache = CcacheName::file(folder.join("cache").to_str().unwrap());
        Self(cache, folder)
    }
}

fn kdc() -> TestKdc {
    TestKdc::builder(REALM)
        .principal("user", "password")
        .service("host/www.example.com")
        .service("host/db.example.com")
        .start()
        .unwrap()
}

/// A client that knows these KDCs, in this order.
fn client(ports: &[u16]) -> AsyncClient {
    let mut kdcs = String::new();
    for port in ports {
        writeln!(kdcs, "kdc = 127.0.0.1:{port}").unwrap();
    }
    let text = format!(
        "[libdefaults]\ndefault_realm = {REALM}\nrequest_timeout = 10s\n\
         [realms]\n{REALM} = {{\n{kdcs}}}\n"
    );
    AsyncClient::new(Config::parse(&text).unwrap())
}

async fn log_in(client: &AsyncClient) -> Result<Login, ClientError> {
    let params = client.as_params(client.principal("user").await?)?;
    let password = Secret::Password(Password::new("password"));
    client.login(params, password).await
}

/// A client of `kdc`, and its cache with a TGT.
async fn logged_in(kdc: &TestKdc) -> (AsyncClient, Arc<Cache>) {
    let (client, cache) = (client(&[kdc.address().port()]), Cache::new());
    let login = log_in(&client).await.unwrap();
    client.store(&login, &cache.0).await.unwrap();
    kdc.forget_requests();
    (client, Arc::new(cache))
}

fn host(name: &str) -> TicketRequest {
    TicketRequest::new(Principal::parse(&format!("host/{name}@{REALM}")).unwrap())
}

fn is_send<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::test]
async fn login_and_ticket_work_over_udp_and_tcp() {
    for fault in [None, Some(Transport::Udp), Some(Transport::Tcp)] {
        let kdc = kdc();
        if let Some(transport) = fault {
            kdc.set_fault(Fault::SilenceOn(transport));
        }
        let (client, cache) = logged_in(&kdc).await;
        let ticket = is_send(client.ticket(&cache.0, &host("www.example.com"))).await;
        let ticket = ticket.unwrap();
        assert_eq!(ticket.client.to_string(), "user@EXAMPLE.COM");
        assert_eq!(kdc.requests().len(), 1);
        // The login has learnt that the KDC is silent by UDP.
        let by_tcp = usize::from(fault == Some(Transport::Udp));
        assert_eq!(kdc.count(Transport::Tcp), by_tcp);
        // The blocking client finds what is cached, too.
        let blocking = Client::from(client);
        let cached = blocking.ticket(&cache.0, &host("www.example.com")).unwrap();
        assert_eq!((cached.ticket, kdc.requests().len()), (ticket.ticket, 1));
    }
}

#[tokio::test]
async fn concurrent_callers_share_one_ticket_request() {
    let kdc = kdc();
    let (client, cache) = logged_in(&kdc).await;
    // Long enough for all of them to ask before the answer comes.
    kdc.set_fault(Fault::Delay(SECOND / 4));
    let tasks: Vec<_> = (0..50)
        .map(|index| {
            let (client, cache) = (client.clone(), Arc::clone(&cache));
            let name = ["www.example.com", "db.example.com"][index % 2];
            tokio::spawn(async move { client.ticket(&cache.0, &host(name)).await })
        })
        .collect();
    let mut tickets = Vec::new();
    for task in tasks {
        tickets.push(task.await.unwrap().unwrap().ticket);
    }
    assert!(tickets.iter().step_by(2).all(|one| *one == tickets[0]));
    assert_eq!(kdc.requests().len(), 2);
}

#[tokio::test]
async fn concurrent_callers_share_one_refusal() {
    let kdc = kdc();
    let (client, cache) = logged_in(&kdc).await;
    kdc.set_fault(Fault::Error(ErrorCode::KDC_ERR_POLICY));
    let wanted = host("www.example.com");
    client.ticket(&cache.0, &wanted).await.unwrap_err();
    let by_one = kdc.requests().len();
    kdc.forget_requests();
    kdc.set_fault(Fault::Delay(SECOND / 4));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (client, cache) = (client.clone(), Arc::clone(&cache));
            tokio::spawn(async move { client.ticket(&cache.0, &host("www.example.com")).await })
        })
        .collect();
    for task in tasks {
        match task.await.unwrap() {
            Err(ClientError::Exchange(error)) => {
                assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_POLICY));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kdc.requests().len(), by_one);
}

#[tokio::test]
async fn dropped_caller_does_not_cancel_the_shared_request() {
    let kdc = kdc();
    let (client, cache) = logged_in(&kdc).await;
    kdc.set_fault(Fault::Delay(SECOND / 2));
    let wanted = host("www.example.com");
    let first = client.ticket(&cache.0, &wanted);
    // The first caller gives up after it has asked the KDC.
    assert!(tokio::time::timeout(SECOND / 10, first).await.is_err());
    let ticket = client.ticket(&cache.0, &wanted).await.unwrap();
    assert_eq!(
        ticket.server.to_string(),
        "host/www.example.com@EXAMPLE.COM"
    );
    assert_eq!(kdc.requests().len(), 1);
}

#[tokio::test]
async fn caller_that_is_not_polled_does_not_block_others() {
    let kdc = kdc();
    let (client, cache) = logged_in(&kdc).await;
    // Longer than the first caller is polled, and shorter than the wait before a second request,
    // even on a busy machine.
    kdc.set_fault(Fault::Delay(SECOND / 2));
    let wanted = host("www.example.com");
    let mut asleep = pin!(client.ticket(&cache.0, &wanted));
    tokio::select! {
        biased;
        _ = &mut asleep => panic!("the ticket came before the KDC's delay was over"),
        () = tokio::time::sleep(SECOND / 10) => {}
    }
    // It does the work, and nobody polls it.
    client.ticket(&cache.0, &wanted).await.unwrap();
    asleep.await.unwrap();
    assert_eq!(kdc.requests().len(), 1);
}

#[tokio::test]
async fn password_prompt_does_not_block_the_runtime() {
    let kdc = kdc();
    let client = client(&[kdc.address().port()]);
    let params = client.as_params(client.principal("user").await.unwrap());
    let slow = Secret::ask(|_| {
        std::thread::sleep(SECOND / 2);
        Ok::<_, AskError>(Password::new("password"))
    });
    let login = client.login(params.unwrap(), slow);
    let ticks = async {
        for _ in 0..10 {
            tokio::time::sleep(SECOND / 50).await;
        }
        Instant::now()
    };
    let (login, ticked) = tokio::join!(async { (login.await, Instant::now()) }, ticks);
    login.0.unwrap();
    assert!(ticked < login.1);
}

#[tokio::test]
async fn refusing_kdc_costs_no_time_and_silent_one_is_asked_once() {
    let kdc = kdc();
    // Refused at once, by UDP and by TCP. Otherwise the next would be asked after a second; a busy
    // machine delays at most two of three logins.
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let client = client(&[free_port(), kdc.address().port()]);
        let start = Instant::now();
        log_in(&client).await.unwrap();
        quickest = quickest.min(start.elapsed());
    }
    assert!(quickest < SECOND * 9 / 10, "{quickest:?}");

    let silent = kdc_that_says_nothing();
    let client = client(&[silent.address().port(), kdc.address().port()]);
    for _ in 0..3 {
        log_in(&client).await.unwrap();
    }
    // It was tried before the other KDC, and never again.
    assert_eq!(silent.count(Transport::Udp), 1);
}

fn kdc_that_says_nothing() -> TestKdc {
    let kdc = kdc();
    kdc.set_fault(Fault::Silence);
    kdc
}

#[tokio::test]
async fn request_timeout_ends_the_login() {
    let silent = kdc_that_says_nothing();
    let client = client(&[silent.address().port()]).with_request_timeout(SECOND / 5);
    let start = Instant::now();
    let error = log_in(&client).await.unwrap_err();
    assert!(matches!(error, ClientError::CannotContactKdc { .. }));
    assert!(start.elapsed() >= SECOND / 5);
    // krb5.conf's own limit is ten seconds.
    assert!(start.elapsed() < SECOND * 8);
}

#[test]
fn login_without_a_runtime_is_an_error() {
    let kdc = kdc();
    let client = client(&[kdc.address().port()]);
    let mut login = pin!(log_in(&client));
    match login.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(ClientError::NoRuntime)) => {}
        other => panic!("{other:?}"),
    }
}

/// A runtime that makes progress only while somebody blocks on it.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn caller_on_an_idle_runtime_does_not_block_others() {
    let kdc = kdc();
    let (alone, other) = (runtime(), runtime());
    let (client, cache) = alone.block_on(logged_in(&kdc));
    kdc.set_fault(Fault::Delay(SECOND / 2));
    let wanted = host("www.example.com");
    let given_up = alone.block_on(async {
        tokio::time::timeout(SECOND / 10, client.ticket(&cache.0, &wanted)).await
    });
    assert!(given_up.is_err());
    // It has asked, and nobody runs it: neither a thread nor another runtime waits for it.
    let (tell, told) = std::sync::mpsc::channel();
    let (name, request) = (cache.0.clone(), wanted.clone());
    std::thread::spawn(move || {
        let blocking = Client::from(client.clone()).ticket(&name, &request);
        let awaited = other.block_on(client.ticket(&name, &request));
        tell.send((blocking, awaited)).unwrap();
    });
    let (blocking, awaited) = told.recv_timeout(SECOND * 8).unwrap();
    assert_eq!(blocking.unwrap().ticket, awaited.unwrap().ticket);
}

#[tokio::test]
async fn callers_with_different_time_limits_share_no_request() {
    let kdc = kdc();
    let (client, cache) = logged_in(&kdc).await;
    let wanted = host("www.example.com");
    let ask = async |limit| {
        let client = client.clone().with_request_timeout(limit);
        let start = Instant::now();
        (client.ticket(&cache.0, &wanted).await, start.elapsed())
    };
    // The second caller is not bound to the time limit of the first.
    kdc.set_fault(Fault::Silence);
    let (patient, hasty) = tokio::join!(ask(SECOND * 2), ask(SECOND / 5));
    assert!(patient.0.is_err() && hasty.0.is_err());
    assert!(hasty.1 < SECOND, "{:?}", hasty.1);
    // Nor does it fail because the first one's time is over.
    kdc.clear_faults();
    kdc.set_fault(Fault::Delay(SECOND / 2));
    let (hasty, patient) = tokio::join!(ask(SECOND / 5), ask(SECOND * 5));
    let error = hasty.0.unwrap_err();
    assert!(matches!(error, ClientError::CannotContactKdc { .. }));
    patient.0.unwrap();
}

#[test]
fn blocking_callers_share_one_ticket_request() {
    let kdc = kdc();
    let runtime = runtime();
    let (client, cache) = runtime.block_on(logged_in(&kdc));
    kdc.set_fault(Fault::Delay(SECOND / 4));
    let client = Client::from(client);
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| client.ticket(&cache.0, &host("www.example.com")).unwrap());
        }
    });
    assert_eq!(kdc.requests().len(), 1);
}

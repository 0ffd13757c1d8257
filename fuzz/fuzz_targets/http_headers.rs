//! HTTP headers from clients and servers: nothing panics, a header that asks for `Negotiate` is
//! recognised, and a service lets nobody in without a ticket.
//!
//! The first octet chooses: a server's header, a proxy's, a client's header, or the token in one.
#![no_main]

#[path = "support/memory_file.rs"]
mod memory_file;
#[path = "support/service.rs"]
mod service;

use std::convert::Infallible;
use std::future::Ready;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use base64ct::{Base64, Encoding};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use kerberos_http::{NegotiateLayer, NegotiateService, Party};
use libfuzzer_sys::fuzz_target;
use tower_layer::Layer;
use tower_service::Service;

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else {
        return;
    };
    match choice % 4 {
        0 => asks(Party::Server, bytes),
        1 => asks(Party::Proxy, bytes),
        2 => refused(bytes),
        _ => refused(format!("Negotiate {}", Base64::encode_string(bytes)).as_bytes()),
    }
});

/// One or several headers, one per line.
fn asks(party: Party, bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(party.response_header(), value);
        }
    }
    let asks = party.asks(party.status(), &headers);
    let lower = bytes.to_ascii_lowercase();
    assert!(!asks || lower.windows(9).any(|window| window == b"negotiate"));
    assert!(!party.asks(StatusCode::OK, &headers));
}

/// A service refuses everything that is not a ticket.
fn refused(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let mut request = Request::new(());
    request.headers_mut().insert(AUTHORIZATION, value);
    // This completes at once, without a runtime.
    let answer = pin!(SERVICE.clone().call(request));
    let Poll::Ready(Ok(response)) = answer.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the service must answer at once");
    };
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let challenge = response.headers().get(WWW_AUTHENTICATE);
    let challenge = challenge.expect("a refusal has a challenge");
    assert!(challenge.as_bytes().starts_with(b"Negotiate"));
}

/// A service for which nobody here has a ticket.
static SERVICE: LazyLock<NegotiateService<Inside>> =
    LazyLock::new(|| NegotiateLayer::new(service::service()).layer(Inside));

/// The inner service, which must never be reached.
#[derive(Clone)]
struct Inside;

impl Service<Request<()>> for Inside {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        panic!("a request without a ticket was let in")
    }
}

//! Headers of HTTP as clients and servers send them: nothing panics, what asks for `Negotiate` says
//! so, and nobody gets past a service without a ticket.
//!
//! The first octet chooses: the header of a server, of a proxy, the header of a client, or the
//! token in one.
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

/// One header, or several: each line is one.
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

/// A service has no other answer to what is no ticket.
fn refused(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let mut request = Request::new(());
    request.headers_mut().insert(AUTHORIZATION, value);
    // Without a runtime it is done at once.
    let answer = pin!(SERVICE.clone().call(request));
    let Poll::Ready(Ok(response)) = answer.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits for nothing");
    };
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let challenge = response.headers().get(WWW_AUTHENTICATE);
    let challenge = challenge.expect("what the client should do");
    assert!(challenge.as_bytes().starts_with(b"Negotiate"));
}

/// A service that nobody here has a ticket for.
static SERVICE: LazyLock<NegotiateService<Inside>> =
    LazyLock::new(|| NegotiateLayer::new(service::service()).layer(Inside));

/// Where nobody comes.
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
        panic!("somebody is let in without a ticket")
    }
}

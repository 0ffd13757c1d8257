//! The client's side and the layer, tested against each other and against faulty peers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests panic"
)]

#[path = "../../kerberos_client/tests/shared/world.rs"]
mod world;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use base64ct::{Base64, Encoding};
use http::header::{AUTHORIZATION, PROXY_AUTHENTICATE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use kerberos_asn1::TicketFlags;
use kerberos_client::kerberos_gss::{
    AcceptorOptions, ChannelBindings, ContextFlags, GssError, MechanismOrder, Step,
};
use kerberos_client::kerberos_proto::HostAddress;
use kerberos_client::{GssMechanism, InitiateOptions, Initiation};
use kerberos_http::{
    Authenticated, HttpError, NegotiateLayer, NegotiateService, Negotiation, Party, Progress,
};
use kerberos_testkdc::Fault;
use test_support::raw::tlv;
use tower_layer::Layer;
use tower_service::Service;
use world::{SERVICE, World};

/// Answers with a description of the client.
#[derive(Clone)]
struct Handler(fn(Option<&Authenticated>) -> String);

/// Answers with the name of the client.
const WHO_AM_I: Handler = Handler(|who| {
    let who = who.unwrap();
    assert!(who.pac().unwrap().is_none(), "the test KDC issues no PAC");
    who.principal().to_string()
});

impl Service<Request<()>> for Handler {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let who = request.extensions().get::<Authenticated>();
        ready(Ok(Response::new(self.0(who))))
    }
}

fn begin(world: &World, options: &InitiateOptions) -> (Initiation, Step) {
    let begun = world.client().initiate(&world.cache(), SERVICE, options);
    begun.unwrap()
}

fn layer(world: &World) -> NegotiateLayer {
    NegotiateLayer::new(world.service().with_memory_replay_cache())
}

async fn get(
    service: &mut NegotiateService<Handler>,
    authorization: Option<HeaderValue>,
) -> Response<String> {
    let mut request = Request::new(());
    if let Some(value) = authorization {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    service.call(request).await.unwrap()
}

#[tokio::test]
async fn client_authenticates_and_replay_is_refused() {
    let world = World::new();
    let mut service = layer(&world).layer(WHO_AM_I);
    let refused = get(&mut service, None).await;
    assert!(Party::Server.asks(refused.status(), refused.headers()));

    let begun = begin(&world, &InitiateOptions::default());
    let (mut negotiation, token) = Negotiation::start(Party::Server, begun).unwrap();
    let answer = get(&mut service, Some(token.clone())).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.body(), "alice@R");
    let done = negotiation.step(answer.status(), answer.headers()).unwrap();
    let Progress::Done(context) = done else {
        panic!("the negotiation should be done after one round")
    };
    assert_eq!(
        context.details.acceptor.to_string(),
        "HTTP/www.example.com@R"
    );
    let over = negotiation.step(answer.status(), answer.headers());
    assert!(matches!(over, Err(HttpError::Finished)));

    // A token can only be used once.
    let replayed = get(&mut service, Some(token)).await;
    assert_eq!(replayed.status(), StatusCode::UNAUTHORIZED);
    assert!(replayed.body().is_empty());
}

#[tokio::test]
async fn bad_credentials_give_401_and_own_faults_500() {
    let world = World::new();
    let mut service = layer(&world).layer(WHO_AM_I);
    for value in [
        "Negotiate",
        "Negotiate !",
        "Negotiate AAAA",
        "Basic YWxpY2U6cHc=",
        "Negotiate TlRMTVNTUAABAAAA",
        "",
    ] {
        let value = HeaderValue::from_static(value);
        let refused = get(&mut service, Some(value.clone())).await;
        assert!(
            Party::Server.asks(refused.status(), refused.headers()),
            "{value:?}"
        );
    }
    let long = HeaderValue::from_str(&format!("Negotiate {}", "A".repeat(0x2_0004))).unwrap();
    let refused = get(&mut service, Some(long)).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);

    // The service's own fault is not the client's.
    std::fs::remove_file(world.folder.join("keytab")).unwrap();
    let begun = begin(&world, &InitiateOptions::default());
    let (_, token) = Negotiation::start(Party::Server, begun).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let refused = get(&mut service, Some(token)).await;
    assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!refused.headers().contains_key(WWW_AUTHENTICATE));
}

#[tokio::test]
async fn bindings_of_the_request_override_those_of_the_layer() {
    let world = World::new();
    let bindings = |certificate| ChannelBindings::tls_server_end_point(&[certificate; 32]);
    let mut accept = AcceptorOptions::default();
    accept.channel_bindings = vec![bindings(3), bindings(1)];
    accept.require_bindings = true;
    let mut service = layer(&world).with_options(accept).layer(WHO_AM_I);
    for (ours, of_request, expected) in [
        (None, None, StatusCode::UNAUTHORIZED),
        (Some(1), None, StatusCode::OK),
        (Some(2), None, StatusCode::UNAUTHORIZED),
        (Some(2), Some(2), StatusCode::OK),
        (Some(1), Some(2), StatusCode::UNAUTHORIZED),
    ] {
        let mut options = InitiateOptions::default();
        options.context.channel_bindings = ours.map(bindings);
        let started = Negotiation::start(Party::Server, begin(&world, &options));
        let mut request = Request::new(());
        request
            .headers_mut()
            .insert(AUTHORIZATION, started.unwrap().1);
        if let Some(certificate) = of_request {
            request.extensions_mut().insert(bindings(certificate));
        }
        let answer = service.call(request).await.unwrap();
        assert_eq!(answer.status(), expected, "{ours:?} {of_request:?}");
    }
}

/// When a certificate is renewed, each request is checked against the current bindings.
#[tokio::test]
async fn channel_bindings_may_change_while_the_service_runs() {
    let world = World::new();
    let bindings = |certificate| ChannelBindings::tls_server_end_point(&[certificate; 32]);
    let certificates = Arc::new(Mutex::new(vec![1]));
    let current = Arc::clone(&certificates);
    let layer = layer(&world).with_bindings(move || {
        current
            .lock()
            .unwrap()
            .iter()
            .copied()
            .map(bindings)
            .collect()
    });
    let mut service = layer.layer(WHO_AM_I);
    let ok = StatusCode::OK;
    for (now, ours, expected) in [
        (vec![1], 1, ok),
        (vec![1], 2, StatusCode::UNAUTHORIZED),
        (vec![1, 2], 1, ok),
        (vec![1, 2], 2, ok),
        (vec![2], 1, StatusCode::UNAUTHORIZED),
        (vec![2], 2, ok),
    ] {
        *certificates.lock().unwrap() = now.clone();
        let mut options = InitiateOptions::default();
        options.context.channel_bindings = Some(bindings(ours));
        let (_, token) = Negotiation::start(Party::Server, begin(&world, &options)).unwrap();
        let answer = get(&mut service, Some(token)).await;
        assert_eq!(answer.status(), expected, "{ours} of {now:?}");
    }
}

/// Answers with the client, if it is known.
const WHO_IF_ANYBODY: Handler =
    Handler(|who| who.map_or_else(|| "nobody".to_owned(), |who| who.principal().to_string()));

#[tokio::test]
async fn optional_layer_admits_unauthenticated_but_not_bad_tokens() {
    let world = World::new();
    let mut service = layer(&world).optional().layer(WHO_IF_ANYBODY);
    let begun = begin(&world, &InitiateOptions::default());
    let (_, token) = Negotiation::start(Party::Server, begun).unwrap();
    for (authorization, expected) in [
        (None, Ok("nobody")),
        (Some(HeaderValue::from_static("Bearer abc")), Ok("nobody")),
        (Some(HeaderValue::from_static("Negotiate")), Ok("nobody")),
        (Some(token.clone()), Ok("alice@R")),
        // An invalid ticket is still a ticket; this one is a replay.
        (Some(token), Err(StatusCode::UNAUTHORIZED)),
        (
            Some(HeaderValue::from_static("Negotiate YWJj")),
            Err(StatusCode::UNAUTHORIZED),
        ),
    ] {
        let mut request = Request::new(());
        if let Some(authorization) = authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        let answer = service.call(request).await.unwrap();
        match expected {
            Ok(who) => assert_eq!(answer.body(), who),
            Err(status) => assert_eq!(answer.status(), status),
        }
    }
}

/// A ticket may be bound to addresses. A layer that knows where a request comes from checks this.
#[tokio::test]
async fn ticket_addresses_are_checked_against_the_request() {
    let world = World::new();
    let own = HostAddress::from(IpAddr::from([192, 0, 2, 1]));
    world.log_in_with(|params| params.addresses = vec![own.clone()]);
    let mut service = layer(&world).layer(WHO_AM_I);
    for (from, expected) in [
        (None, StatusCode::OK),
        (Some("192.0.2.1"), StatusCode::OK),
        // The same through an IPv6 socket.
        (Some("::ffff:192.0.2.1"), StatusCode::OK),
        (Some("192.0.2.2"), StatusCode::UNAUTHORIZED),
    ] {
        let options = InitiateOptions::default();
        let started = Negotiation::start(Party::Server, begin(&world, &options));
        let mut request = Request::new(());
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, started.unwrap().1);
        if let Some(from) = from {
            let from: IpAddr = from.parse().unwrap();
            request.extensions_mut().insert(HostAddress::from(from));
        }
        let answer = service.call(request).await.unwrap();
        assert_eq!(answer.status(), expected, "{from:?}");
    }
}

/// A ticket that anybody can get does not identify anyone.
#[tokio::test]
async fn anonymous_client_is_refused_unless_allowed() {
    let world = World::new();
    let anonymous = Fault::AddedFlags(TicketFlags::ANONYMOUS);
    world.kdc.set_fault(anonymous);
    let mut service = world.service().with_memory_replay_cache();
    for (accepted, expected) in [(false, StatusCode::UNAUTHORIZED), (true, StatusCode::OK)] {
        service.settings().accept_anonymous = accepted;
        let begun = begin(&world, &InitiateOptions::default());
        let (_, token) = Negotiation::start(Party::Server, begun).unwrap();
        let mut layered = NegotiateLayer::new(service.clone()).layer(WHO_AM_I);
        let answer = get(&mut layered, Some(token)).await;
        assert_eq!(answer.status(), expected);
    }
}

#[test]
fn client_reports_failed_or_unproven_responses() {
    let world = World::new();
    let step = |status, headers: &HeaderMap| {
        let begun = begin(&world, &InitiateOptions::default());
        let (mut negotiation, _) = Negotiation::start(Party::Server, begun).unwrap();
        negotiation.step(status, headers).unwrap_err()
    };
    let mut headers = HeaderMap::new();
    for status in [StatusCode::OK, StatusCode::FOUND] {
        let error = step(status, &headers);
        assert!(matches!(error, HttpError::NotProven(found) if found == status));
    }
    // A gateway's answer does not mean that the server failed to prove its identity.
    for status in [407, 431, 500, 502, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let error = step(status, &headers);
        assert!(matches!(error, HttpError::Failed(found) if found == status));
    }
    assert!(matches!(
        step(StatusCode::UNAUTHORIZED, &headers),
        HttpError::Rejected(_)
    ));
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Negotiate"));
    assert!(matches!(
        step(StatusCode::UNAUTHORIZED, &headers),
        HttpError::Rejected(_)
    ));
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Negotiate a"));
    assert!(matches!(step(StatusCode::OK, &headers), HttpError::Base64));
    // SPNEGO's reject.
    let rejected = HeaderValue::from_static("Negotiate oQcwBaADCgEC");
    headers.insert(WWW_AUTHENTICATE, rejected);
    let HttpError::Context(failed) = step(StatusCode::UNAUTHORIZED, &headers) else {
        panic!("expected an error of the context")
    };
    assert!(matches!(*failed.error, GssError::Rejected));
}

/// A client that asks for no proof accepts a success without a header, but nothing else.
#[test]
fn client_without_mutual_auth_accepts_a_bare_success() {
    let world = World::new();
    let mut options = InitiateOptions::default();
    options.context.flags = ContextFlags::INTEG;
    let step = |status| {
        let begun = begin(&world, &options);
        let (mut negotiation, _) = Negotiation::start(Party::Server, begun).unwrap();
        negotiation.step(status, &HeaderMap::new())
    };
    assert!(matches!(step(StatusCode::OK), Ok(Progress::Done(_))));
    let failed = step(StatusCode::BAD_GATEWAY);
    assert!(matches!(failed, Err(HttpError::Failed(_))));
    let rejected = step(StatusCode::UNAUTHORIZED);
    assert!(matches!(rejected, Err(HttpError::Rejected(_))));
}

/// Faults of the service are not the client's fault.
#[tokio::test]
async fn required_bindings_without_configured_ones_give_500() {
    let world = World::new();
    let mut accept = AcceptorOptions::default();
    accept.require_bindings = true;
    let mut service = layer(&world).with_options(accept).layer(WHO_AM_I);
    let begun = begin(&world, &InitiateOptions::default());
    let (_, token) = Negotiation::start(Party::Server, begun).unwrap();
    let answer = get(&mut service, Some(token)).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

/// RFC 4178 §5: a server that prefers another mechanism wants the list signed by both sides, and
/// the client's signature is the last message.
#[test]
fn client_completes_a_signed_spnego_negotiation() {
    const KRB5: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
    const MS_KRB5: &[u8] = b"\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02";
    let world = World::new();
    let mut options = InitiateOptions::default();
    options.order = MechanismOrder::Windows;
    for (status, let_in) in [(StatusCode::OK, true), (StatusCode::UNAUTHORIZED, false)] {
        let begun = begin(&world, &options);
        let (mut negotiation, _) = Negotiation::start(Party::Server, begun).unwrap();
        let mut again = |fields: &[&[u8]]| {
            let token = tlv(0xa1, &tlv(0x30, &fields.concat()));
            let value = format!("Negotiate {}", Base64::encode_string(&token));
            let mut headers = HeaderMap::new();
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_str(&value).unwrap());
            let step = negotiation.step(StatusCode::UNAUTHORIZED, &headers);
            let Progress::Again(value) = step.unwrap() else {
                panic!("the client should send another token")
            };
            let text = value.to_str().unwrap().strip_prefix("Negotiate ");
            Base64::decode_vec(text.unwrap()).unwrap()
        };
        let state = |state| tlv(0xa0, &tlv(0x0a, &[state]));
        let token = again(&[&state(3), &tlv(0xa1, KRB5)]);
        let frame = token.windows(2).position(|two| two == [0x60, 0x82]);
        let service = world.service().with_memory_replay_cache();
        let mut service = service.acceptance(GssMechanism::Kerberos, AcceptorOptions::default());
        let Step::Done {
            send: Some(reply),
            mut context,
        } = service.step(&token[frame.unwrap()..]).unwrap()
        else {
            panic!("the service should be done and send an AP-REP")
        };
        let list = tlv(0x30, &[MS_KRB5, KRB5].concat());
        let mic = context.mic(&list).unwrap();
        let octets = |tag, octets: &[u8]| tlv(tag, &tlv(4, octets));
        let answer = again(&[&state(1), &octets(0xa2, &reply), &octets(0xa3, &mic)]);
        // accept-completed, with the signature at the end.
        assert!(answer.windows(5).any(|part| part == state(0)));
        context
            .verify_mic(&list, &answer[answer.len() - 28..])
            .unwrap();
        let end = negotiation.step(status, &HeaderMap::new());
        match end {
            Ok(Progress::Done(_)) => assert!(let_in),
            other => assert!(!let_in && matches!(other, Err(HttpError::Rejected(_)))),
        }
    }
}

/// A proxy uses other headers, and without mutual authentication nothing must be proven.
#[test]
fn proxy_authentication_uses_proxy_headers() {
    let world = World::new();
    let mut headers = HeaderMap::new();
    headers.insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Negotiate"));
    let status = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    assert!(Party::Proxy.asks(status, &headers) && !Party::Server.asks(status, &headers));
    assert_eq!(
        Party::Proxy.request_header().as_str(),
        "proxy-authorization"
    );

    let mut options = InitiateOptions::default();
    options.mechanism = GssMechanism::Kerberos;
    options.context.flags = ContextFlags::INTEG;
    let begun = begin(&world, &options);
    let (mut negotiation, _) = Negotiation::start(Party::Proxy, begun).unwrap();
    let done = negotiation.step(StatusCode::OK, &HeaderMap::new());
    assert!(matches!(done, Ok(Progress::Done(_))));
}

/// Where the bindings are to be found out, to have none is a mistake: it would let in whoever sends
/// none, from wherever a ticket is relayed.
#[tokio::test]
async fn empty_dynamic_bindings_give_500_unless_request_has_some() {
    let world = World::new();
    let bindings = |certificate| ChannelBindings::tls_server_end_point(&[certificate; 32]);
    let mut service = layer(&world).with_bindings(Vec::new).layer(WHO_AM_I);
    let broken = StatusCode::INTERNAL_SERVER_ERROR;
    for (ours, of_request, expected) in [
        (None, None, broken),
        (Some(1), None, broken),
        (Some(1), Some(1), StatusCode::OK),
        (Some(1), Some(2), StatusCode::UNAUTHORIZED),
    ] {
        let mut options = InitiateOptions::default();
        options.context.channel_bindings = ours.map(bindings);
        let (_, token) = Negotiation::start(Party::Server, begin(&world, &options)).unwrap();
        let mut request = Request::new(());
        request.headers_mut().insert(AUTHORIZATION, token);
        if let Some(certificate) = of_request {
            request.extensions_mut().insert(bindings(certificate));
        }
        let answer = service.call(request).await.unwrap();
        assert_eq!(answer.status(), expected, "{ours:?} {of_request:?}");
    }
}

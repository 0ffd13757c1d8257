//! An HTTP client that sends its ticket, and responses from anybody: it accepts only the response
//! with the server's proof, and treats nothing but a refusal as one.
//!
//! The first octet chooses: server or proxy, the mechanism, whether the response refuses, and
//! whether it is the server's, possibly altered on the way, or a stranger's, with one header per
//! line.
#![no_main]

#[path = "support/client.rs"]
mod client;
#[path = "support/constant.rs"]
mod constant;
#[path = "support/memory_file.rs"]
mod memory_file;
#[path = "support/script.rs"]
mod script;
#[path = "support/service.rs"]
mod service;

use std::sync::LazyLock;

use base64ct::{Base64, Encoding};
use http::{HeaderMap, HeaderValue, StatusCode};
use kerberos_client::kerberos_gss::{AcceptorOptions, Step};
use kerberos_client::{Client, GssMechanism, InitiateOptions, ServiceAcceptor};
use kerberos_files::ccache::CcacheName;
use kerberos_http::{HttpError, Negotiation, Party, Progress};
use libfuzzer_sys::fuzz_target;

use script::Script;

static CLIENT: LazyLock<(Client, CcacheName)> = LazyLock::new(client::client);
static SERVICE: LazyLock<ServiceAcceptor> = LazyLock::new(service::service);

fuzz_target!(|data: &[u8]| {
    let Some((&choices, rest)) = data.split_first() else {
        return;
    };
    let party = [Party::Server, Party::Proxy][usize::from(choices & 1)];
    let mut options = InitiateOptions::default();
    if choices & 2 != 0 {
        options.mechanism = GssMechanism::Kerberos;
    }
    let (client, cache) = &*CLIENT;
    let begun = client.initiate(cache, service::NAME, &options);
    let started = Negotiation::start(party, begun.expect("the cache has a ticket"));
    let (negotiation, token) = started.expect("the negotiation starts");
    assert!(token.is_sensitive(), "a token must be marked as sensitive");
    let status = match choices >> 2 & 3 {
        0 => StatusCode::OK,
        1 => party.status(),
        2 => StatusCode::FORBIDDEN,
        _ => StatusCode::CONTINUE,
    };
    if choices & 16 == 0 {
        stranger(negotiation, party, status, rest);
    } else {
        server(negotiation, party, status, &token, &mut Script(rest));
    }
});

/// Responses separated by zero octets, with one header per line.
fn stranger(mut negotiation: Negotiation, party: Party, status: StatusCode, bytes: &[u8]) {
    for response in bytes.split(|&byte| byte == 0) {
        let mut headers = HeaderMap::new();
        for line in response.split(|&byte| byte == b'\n') {
            if let Ok(value) = HeaderValue::from_bytes(line) {
                headers.append(party.response_header(), value);
            }
        }
        match negotiation.step(status, &headers) {
            Ok(Progress::Again(token)) => {
                assert!(token.is_sensitive(), "a token must be marked as sensitive")
            }
            Ok(Progress::Done(_)) => panic!("a context without the session key"),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                let again = negotiation.step(status, &headers);
                return assert!(matches!(again, Err(HttpError::Finished)));
            }
        }
    }
}

fn server(
    mut negotiation: Negotiation,
    party: Party,
    status: StatusCode,
    token: &HeaderValue,
    script: &mut Script<'_>,
) {
    let answer = answer(token);
    let altered = script.alter(answer.clone());
    let Ok(value) = HeaderValue::from_bytes(&altered) else {
        return;
    };
    let headers = HeaderMap::from_iter([(party.response_header(), value)]);
    match negotiation.step(status, &headers) {
        Ok(Progress::Done(context)) => {
            assert_ne!(status, party.status(), "a refusal must not end in success");
            let details = &context.details;
            assert_eq!(details.initiator.to_string(), client::WHO);
            assert_eq!(details.acceptor.to_string(), service::NAME);
        }
        Ok(Progress::Again(_)) => assert!(altered != answer && status == party.status()),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(altered != answer || status == party.status());
        }
    }
}

/// The contents of the server's header when it lets the client in.
fn answer(token: &HeaderValue) -> Vec<u8> {
    let text = token.to_str().expect("the header is text");
    let (_, text) = text
        .split_once(' ')
        .expect("the header has a scheme and a token");
    let token = Base64::decode_vec(text).expect("the token is base64");
    let mut acceptance = SERVICE.acceptance(GssMechanism::Spnego, AcceptorOptions::default());
    let Ok(Step::Done {
        send: Some(send), ..
    }) = acceptance.step(&token)
    else {
        panic!("the service must accept the ticket and reply");
    };
    format!("Negotiate {}", Base64::encode_string(&send)).into_bytes()
}

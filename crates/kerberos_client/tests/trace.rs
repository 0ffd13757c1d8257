//! What `KRB5_TRACE` shows of the transport: MIT's words, and not the password.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use kerberos_client::{Client, Config};
use kerberos_proto::{Password, Secret};
use kerberos_testkdc::{Fault, TestKdc};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Records the messages of the target `krb5_trace`.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "krb5_trace"
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        write!(self.0, "{value:?}").unwrap();
    }
}

#[test]
fn transport_trace_lines_match_those_of_mit() {
    let kdc = TestKdc::builder("R")
        .principal("user", "pass-word")
        .start()
        .unwrap();
    kdc.set_fault(Fault::TooBigForUdp);
    let client = Client::new(Config::parse(&kdc.krb5_conf()).unwrap());
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let params = client.as_params(client.principal("user").unwrap()).unwrap();
        client
            .login(params, Secret::Password(Password::new("pass-word")))
            .unwrap();
    });
    let lines = lines.0.lock().unwrap();
    assert!(
        lines.iter().all(|line| !line.contains("pass-word")),
        "{lines:#?}"
    );
    let address = kdc.address();
    let (host, port) = (address.ip(), address.port());
    // Sizes differ from run to run by a byte or two.
    let transport: Vec<String> = lines
        .iter()
        .map(|line| match (line.find('('), line.find(" bytes)")) {
            (Some(start), Some(end)) => format!("{}(N{}", &line[..start], &line[end..]),
            _ => line.clone(),
        })
        .filter(|line| {
            [
                "Sending request",
                "Sending initial",
                "Sending TCP",
                "Received answer",
                "Resolving",
                "Initiating",
                "Terminating",
            ]
            .iter()
            .any(|word| line.starts_with(word))
        })
        .collect();
    let by_tcp = [
        "Sending request (N bytes) to R (tcp only)".to_owned(),
        format!("Resolving hostname {host}"),
        format!("Initiating TCP connection to stream {host}:{port}"),
        format!("Sending TCP request to stream {host}:{port}"),
        format!("Received answer (N bytes) from stream {host}:{port}"),
        format!("Terminating TCP connection to stream {host}:{port}"),
    ];
    let mut expected = vec![
        "Sending request (N bytes) to R".to_owned(),
        format!("Resolving hostname {host}"),
        format!("Sending initial UDP request to dgram {host}:{port}"),
        format!("Received answer (N bytes) from dgram {host}:{port}"),
    ];
    expected.extend(by_tcp.clone());
    expected.extend(by_tcp);
    assert_eq!(transport, expected, "{lines:#?}");
}

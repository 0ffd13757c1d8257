//! SASL on a hostile network, with either mechanism and any options: the layer is one that both
//! ends want, and two ends that finish have agreed on it and on their identities. Otherwise one of
//! them refuses.
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

use kerberos_client::kerberos_gss::AcceptorOptions;
use kerberos_client::{Client, ServiceAcceptor};
use kerberos_files::ccache::CcacheName;
use kerberos_sasl::{
    Layers, Outcome, SaslClient, SaslError, SaslMechanism, SaslOptions, SaslServer, SaslStep,
};
use libfuzzer_sys::fuzz_target;

use script::Script;

struct World {
    client: Client,
    cache: CcacheName,
    service: ServiceAcceptor,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (client, cache) = client::client();
    let service = service::service();
    World {
        client,
        cache,
        service,
    }
});

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let choices = script.byte();
    let mechanism = if choices & 1 == 0 {
        SaslMechanism::Gssapi
    } else {
        SaslMechanism::GssSpnego
    };
    let mut wants = |layers| {
        let mut options = SaslOptions::new(mechanism);
        options.layers = Layers(layers);
        options.max_receive = 256 + u32::from(script.byte());
        options
    };
    let (mut here, there) = (wants(choices >> 1 & 7), wants(choices >> 4 & 7));
    here.authorization_id = (choices & 128 != 0).then(|| "bob".to_owned());
    let played = play(here.clone(), there.clone(), &mut script);
    for (outcome, wanted) in [(&played.ours, &here), (&played.theirs, &there)] {
        if let Some(outcome) = outcome {
            assert!(
                wanted.layers.has(outcome.layer.layer),
                "this end did not want the layer"
            );
        }
    }
    match (played.ours, played.theirs) {
        (Some(ours), Some(theirs)) => {
            let name = here
                .authorization_id
                .filter(|_| mechanism == SaslMechanism::Gssapi);
            assert_eq!(theirs.authorization_id, name);
            agree(*ours, *theirs, &there);
        }
        // The options of the two ends may be incompatible.
        _ => {
            assert!(played.altered || matches!(played.error, Some(SaslError::NoCommonLayer { .. })))
        }
    }
});

/// The result.
#[derive(Default)]
struct Played {
    ours: Option<Box<Outcome>>,
    theirs: Option<Box<Outcome>>,
    error: Option<SaslError>,
    altered: bool,
}

fn play(here: SaslOptions, there: SaslOptions, script: &mut Script<'_>) -> Played {
    let World {
        client,
        cache,
        service,
    } = &*WORLD;
    let begun = client.initiate(cache, service::NAME, &here.initiate_options());
    let (mut client, mut message) =
        SaslClient::start(here, begun.expect("the cache has a ticket")).expect("the client starts");
    let mut server = SaslServer::new(service, there, AcceptorOptions::default());
    let mut played = Played::default();
    for turn in 0..12 {
        let arrived = script.alter(message.clone());
        played.altered |= arrived != message;
        let step = if turn % 2 == 0 {
            server.step(&arrived)
        } else {
            client.step(&arrived)
        };
        let send = match step {
            Ok(SaslStep::Continue(send)) => Some(send),
            Ok(SaslStep::Done { send, outcome }) => {
                let end = if turn % 2 == 0 {
                    &mut played.theirs
                } else {
                    &mut played.ours
                };
                *end = Some(outcome);
                send
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                let again = if turn % 2 == 0 {
                    server.step(&arrived)
                } else {
                    client.step(&arrived)
                };
                assert!(again.is_err(), "a step after an error must fail");
                played.error = Some(error);
                return played;
            }
        };
        let (Some(send), None) = (send, played.ours.as_ref().zip(played.theirs.as_ref())) else {
            return played;
        };
        message = send;
    }
    panic!("the negotiation does not end");
}

/// Both ends have the same layer of the same context, and it accepts their messages.
fn agree(mut ours: Outcome, mut theirs: Outcome, there: &SaslOptions) {
    assert_eq!(ours.layer.layer, theirs.layer.layer);
    let essence = |outcome: &Outcome| {
        let details = &outcome.details;
        let key = details.session_key().expose_bytes().to_vec();
        let names = (details.initiator.to_string(), details.acceptor.to_string());
        (names, details.flags, key)
    };
    assert_eq!(essence(&ours), essence(&theirs));
    let names = (client::WHO.to_owned(), service::NAME.to_owned());
    assert_eq!(essence(&theirs).0, names);
    let (mut frames, mut messages) = (Vec::new(), Vec::new());
    // For GSSAPI, more than one frame.
    let text = vec![
        5;
        if there.mechanism == SaslMechanism::Gssapi {
            600
        } else {
            20
        }
    ];
    ours.layer
        .sender
        .protect(&text, &mut frames)
        .expect("the text can be protected");
    while !frames.is_empty() {
        let taken = theirs.layer.receiver.receive(&mut frames, &mut messages);
        assert!(
            taken.expect("honest frames are accepted"),
            "honest frames must be complete"
        );
    }
    assert_eq!(messages, text);
}

//! Both ends of SASL, all pairs of options, and messages in the layer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests panic"
)]

#[path = "../../kerberos_client/tests/shared/world.rs"]
mod world;

use kerberos_client::kerberos_gss::{
    AcceptorOptions, Context, ContextFlags, GssError, OrderFault, Protection, Step,
};
use kerberos_client::{GssMechanism, InitiateOptions};
use kerberos_sasl::{
    Layer, Layers, Outcome, SaslClient, SaslError, SaslMechanism, SaslOptions, SaslServer,
    SaslStep, SecurityLayer,
};
use world::{SERVICE, World};

fn wants(mechanism: SaslMechanism, layers: Layers) -> SaslOptions {
    let mut options = SaslOptions::new(mechanism);
    options.layers = layers;
    options
}

type Ends = (Box<Outcome>, Box<Outcome>);

fn exchange(world: &World, client: SaslOptions, server: SaslOptions) -> Result<Ends, SaslError> {
    let options = client.initiate_options();
    let begun = world.client().initiate(&world.cache(), SERVICE, &options);
    let (mut client, mut response) = SaslClient::start(client, begun.unwrap())?;
    let service = world.service().with_memory_replay_cache();
    let mut server = SaslServer::new(&service, server, AcceptorOptions::default());
    let mut ours = None;
    let theirs = loop {
        let challenge = match server.step(&response)? {
            SaslStep::Continue(challenge) => challenge,
            SaslStep::Done { send, outcome } => {
                if let Some(last) = send {
                    let SaslStep::Done { outcome, .. } = client.step(&last)? else {
                        panic!("the client should be done when the server is")
                    };
                    ours = Some(outcome);
                }
                break outcome;
            }
        };
        response = match client.step(&challenge)? {
            SaslStep::Continue(response) => response,
            SaslStep::Done { send, outcome } => {
                ours = Some(outcome);
                send.unwrap()
            }
        };
    };
    Ok((ours.unwrap(), theirs))
}

const ALL: Layers = Layers(7);

#[test]
fn strongest_common_layer_is_negotiated_and_used() {
    use SaslMechanism::{GssSpnego, Gssapi};
    let world = World::new();
    let up_to_integrity = Layers::NONE | Layers::INTEGRITY;
    for (mechanism, client, server, agreed) in [
        (Gssapi, ALL, ALL, Layer::Confidentiality),
        (Gssapi, ALL, Layers::INTEGRITY, Layer::Integrity),
        (Gssapi, ALL, Layers::NONE, Layer::None),
        (Gssapi, up_to_integrity, ALL, Layer::Integrity),
        (Gssapi, Layers::NONE, ALL, Layer::None),
        (GssSpnego, ALL, ALL, Layer::Confidentiality),
        (GssSpnego, up_to_integrity, ALL, Layer::Integrity),
        (GssSpnego, Layers::NONE, ALL, Layer::None),
    ] {
        let ends = exchange(&world, wants(mechanism, client), wants(mechanism, server));
        let (mut ours, mut theirs) = ends.unwrap();
        let case = format!("{mechanism:?} {client} {server}");
        assert_eq!(
            (ours.layer.layer, theirs.layer.layer),
            (agreed, agreed),
            "{case}"
        );
        assert_eq!(theirs.details.initiator.to_string(), "alice@R");

        // 300 000 octets take several frames; a message of one octet takes one.
        for message in [vec![7; 300_000], vec![1], Vec::new()] {
            let mut frames = Vec::new();
            ours.layer.sender.protect(&message, &mut frames).unwrap();
            let plain = frames.windows(64).any(|part| part == [7; 64]);
            let sealed = agreed == Layer::Confidentiality;
            assert_eq!(plain, message.len() > 64 && !sealed, "{case}");
            let (mut received, mut whole) = (Vec::new(), Vec::new());
            // They arrive octet by octet at first, then all at once.
            for octet in frames.drain(..frames.len().min(9)) {
                received.push(octet);
                theirs
                    .layer
                    .receiver
                    .receive(&mut received, &mut whole)
                    .unwrap();
            }
            received.append(&mut frames);
            while theirs
                .layer
                .receiver
                .receive(&mut received, &mut whole)
                .unwrap()
            {}
            assert!(received.is_empty() && whole == message, "{case}");
        }
        let mut frame = Vec::new();
        theirs.layer.sender.protect(b"answer", &mut frame).unwrap();
        let mut answer = Vec::new();
        assert!(
            ours.layer
                .receiver
                .receive(&mut frame, &mut answer)
                .unwrap()
        );
        assert_eq!(answer, b"answer");
    }
}

/// Both ends of a context without SASL.
fn contexts(world: &World) -> (Context, Context) {
    let mut options = InitiateOptions::default();
    options.mechanism = GssMechanism::Kerberos;
    let begun = world.client().initiate(&world.cache(), SERVICE, &options);
    let (mut client, Step::Continue(token)) = begun.unwrap() else {
        panic!("the client should wait for an AP-REP")
    };
    let service = world.service().with_memory_replay_cache();
    let mut service = service.acceptance(options.mechanism, AcceptorOptions::default());
    let Step::Done {
        send: Some(answer),
        context: theirs,
    } = service.step(&token).unwrap()
    else {
        panic!("the service should be done and send an AP-REP")
    };
    let Step::Done { context: ours, .. } = client.step(&answer).unwrap() else {
        panic!("the client should be done after the AP-REP")
    };
    (*ours, *theirs)
}

/// Whatever set is requested, messages are protected by the layer in use.
#[test]
fn framed_layer_is_the_strongest_of_the_wanted() {
    let world = World::new();
    let both = Layers::INTEGRITY | Layers::CONFIDENTIALITY;
    for (wanted, agreed) in [
        (ALL, Layer::Confidentiality),
        (both, Layer::Confidentiality),
        (Layers::NONE | Layers::INTEGRITY, Layer::Integrity),
        (Layers(0x80 | 4), Layer::Confidentiality),
        (Layers::NONE, Layer::None),
    ] {
        let (ours, theirs) = contexts(&world);
        let (_, mut ours) = SecurityLayer::framed(ours, wanted, 1000, 1000).unwrap();
        let (details, mut theirs) = SecurityLayer::framed(theirs, wanted, 1000, 1000).unwrap();
        // A server still knows who its client is.
        assert_eq!(details.initiator.to_string(), "alice@R");
        assert_eq!((ours.layer, theirs.layer), (agreed, agreed), "{wanted}");
        let (mut frames, mut message) = (Vec::new(), Vec::new());
        ours.sender.protect(b"a secret", &mut frames).unwrap();
        let plain = frames.windows(8).any(|part| part == b"a secret");
        assert_eq!(plain, agreed != Layer::Confidentiality, "{wanted}");
        assert_eq!(frames.len() == 8, agreed == Layer::None, "{wanted}");
        theirs.receiver.receive(&mut frames, &mut message).unwrap();
        assert_eq!(message, b"a secret");
    }
    for wanted in [Layers(0), Layers(8)] {
        let refused = SecurityLayer::framed(contexts(&world).0, wanted, 1000, 1000);
        assert!(matches!(refused, Err(SaslError::NoCommonLayer { .. })));
    }
}

/// A GSS-SPNEGO peer, which cannot be told how long its frames may be.
#[test]
fn gss_spnego_accepts_longer_frames_than_gssapi() {
    let world = World::new();
    let message = vec![7; 200_000];
    for (mechanism, taken) in [
        (SaslMechanism::GssSpnego, true),
        (SaslMechanism::Gssapi, false),
    ] {
        let options = SaslOptions::new(mechanism);
        let (ours, theirs) = contexts(&world);
        let wanted = options.layers;
        let layer = SecurityLayer::framed(theirs, wanted, options.max_receive, 1000);
        let (_, mut theirs) = layer.unwrap();
        let (_, mut ours) = SecurityLayer::framed(ours, wanted, 1000, u32::MAX).unwrap();
        let (mut frames, mut whole) = (Vec::new(), Vec::new());
        ours.sender.protect(&message, &mut frames).unwrap();
        match theirs.receiver.receive(&mut frames, &mut whole) {
            Ok(true) => assert!(taken && whole == message),
            other => assert!(!taken && matches!(other, Err(SaslError::FrameTooLong { .. }))),
        }
    }
}

#[test]
fn exchange_without_a_common_layer_is_refused() {
    let world = World::new();
    let sealed = Layers::CONFIDENTIALITY;
    for mechanism in [SaslMechanism::Gssapi, SaslMechanism::GssSpnego] {
        for (client, server) in [(sealed, Layers::INTEGRITY), (Layers::NONE, sealed)] {
            let refused = exchange(&world, wants(mechanism, client), wants(mechanism, server));
            assert!(
                matches!(refused, Err(SaslError::NoCommonLayer { .. })),
                "{mechanism:?} {client} {server}: {refused:?}"
            );
        }
    }
}

#[test]
fn authorization_id_is_passed_on_and_checked() {
    let world = World::new();
    let mut options = wants(SaslMechanism::Gssapi, ALL);
    options.authorization_id = Some("u:bob".to_owned());
    let (_, theirs) = exchange(&world, options.clone(), wants(SaslMechanism::Gssapi, ALL)).unwrap();
    assert_eq!(theirs.authorization_id.as_deref(), Some("u:bob"));
    options.authorization_id = Some("u:b\0b".to_owned());
    let refused = exchange(&world, options, wants(SaslMechanism::Gssapi, ALL));
    assert!(matches!(refused, Err(SaslError::AuthorizationId)));
}

#[test]
fn overlong_altered_replayed_and_echoed_frames_are_refused() {
    let world = World::new();
    let mechanism = SaslMechanism::Gssapi;
    let ends = || {
        exchange(
            &world,
            SaslOptions::new(mechanism),
            SaslOptions::new(mechanism),
        )
    };
    let (mut ours, mut theirs) = ends().unwrap();
    let mut messages = Vec::new();
    let mut take = |outcome: &mut Outcome, mut frame: Vec<u8>| {
        outcome.layer.receiver.receive(&mut frame, &mut messages)
    };
    // The length alone is enough.
    let long = take(&mut theirs, vec![0, 1, 0, 1]);
    assert!(matches!(
        long,
        Err(SaslError::FrameTooLong {
            length: 65_537,
            limit: 65_536
        })
    ));

    let mut frame = Vec::new();
    ours.layer.sender.protect(b"hello", &mut frame).unwrap();
    let mut altered = frame.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert!(matches!(
        take(&mut theirs, altered),
        Err(SaslError::Gss(GssError::Integrity))
    ));
    assert!(take(&mut theirs, frame.clone()).unwrap());
    let again = take(&mut theirs, frame.clone());
    assert!(matches!(
        again,
        Err(SaslError::Gss(GssError::Order {
            fault: OrderFault::Duplicate,
            ..
        }))
    ));
    assert!(matches!(
        take(&mut ours, frame),
        Err(SaslError::Gss(GssError::WrongDirection))
    ));
    assert!(take(&mut theirs, vec![0, 0, 0, 0]).is_err());
}

/// A server that is satisfied with the client's first token, and then wrong answers to its offer.
#[test]
fn layer_choice_must_be_one_that_was_offered() {
    let world = World::new();
    let service = world.service().with_memory_replay_cache();
    let choose_of = |offered, expected: [u8; 4], choice: &[u8]| {
        let mut options = InitiateOptions::default();
        options.mechanism = GssMechanism::Kerberos;
        let begun = world.client().initiate(&world.cache(), SERVICE, &options);
        let (mut client, Step::Continue(token)) = begun.unwrap() else {
            panic!("the client should wait for an AP-REP")
        };
        let wanted = wants(SaslMechanism::Gssapi, offered);
        let mut server = SaslServer::new(&service, wanted, AcceptorOptions::default());
        let SaslStep::Continue(token) = server.step(&token).unwrap() else {
            panic!("the server should send an AP-REP")
        };
        let Step::Done { mut context, .. } = client.step(&token).unwrap() else {
            panic!("the client should be done after the AP-REP")
        };
        let SaslStep::Continue(offer) = server.step(&[]).unwrap() else {
            panic!("the server should offer layers")
        };
        assert_eq!(context.unwrap(&offer).unwrap().message, expected);
        let mut rng = kerberos_client::system_rng().unwrap();
        let choice = context.wrap(Protection::Sign, choice, &mut rng).unwrap();
        server.step(&choice)
    };
    let both = Layers::INTEGRITY | Layers::CONFIDENTIALITY;
    let choose = |choice: &[u8]| choose_of(both, [6, 1, 0, 0], choice);
    assert!(matches!(choose(&[4, 1, 0, 0]), Ok(SaslStep::Done { .. })));
    assert!(matches!(
        choose(&[1, 0, 0, 0]),
        Err(SaslError::Choice { .. })
    ));
    assert!(matches!(
        choose(&[6, 1, 0, 0]),
        Err(SaslError::Choice { .. })
    ));
    assert!(matches!(
        choose(&[0, 1, 0, 0]),
        Err(SaslError::Choice { .. })
    ));
    assert!(matches!(
        choose(&[8, 1, 0, 0]),
        Err(SaslError::Choice { .. })
    ));
    assert!(matches!(choose(&[4, 1, 0]), Err(SaslError::OfferLength(3))));
    assert!(matches!(
        choose(&[4, 0, 0, 9]),
        Err(SaslError::PeerTakesTooLittle(9))
    ));
    assert!(matches!(
        choose(b"\x04\x01\x00\x00\xff"),
        Err(SaslError::AuthorizationId)
    ));
    // Without a layer the size is meaningless, and not all clients set it to 0.
    assert!(matches!(
        choose_of(Layers::NONE, [1, 0, 0, 0], &[1, 1, 0, 0]),
        Ok(SaslStep::Done { .. })
    ));
}

#[test]
fn there_is_no_exchange_without_mutual_authentication() {
    let world = World::new();
    let options = SaslOptions::new(SaslMechanism::Gssapi);
    let mut initiate = options.initiate_options();
    initiate.context.flags = ContextFlags::INTEG;
    let begun = world.client().initiate(&world.cache(), SERVICE, &initiate);
    let refused = SaslClient::start(options, begun.unwrap());
    assert!(matches!(refused, Err(SaslError::Finished)));
}

/// Performs each of the server's steps in a task.
#[cfg(feature = "tokio")]
#[tokio::test(flavor = "current_thread")]
async fn async_server_completes_an_exchange() {
    let world = World::new();
    let wish = wants(SaslMechanism::Gssapi, ALL);
    let begun = world
        .client()
        .initiate(&world.cache(), SERVICE, &wish.initiate_options());
    let (mut client, mut response) = SaslClient::start(wish.clone(), begun.unwrap()).unwrap();
    let service = world.service().with_memory_replay_cache();
    let mut server = SaslServer::new(&service, wish, AcceptorOptions::default());
    let outcome = loop {
        response = match server.step_async(&response).await.unwrap() {
            SaslStep::Done { outcome, .. } => break outcome,
            SaslStep::Continue(challenge) => match client.step(&challenge).unwrap() {
                SaslStep::Continue(response) => response,
                SaslStep::Done { send, .. } => send.unwrap(),
            },
        };
    };
    assert_eq!(outcome.details.initiator.to_string(), "alice@R");
    let finished = server.step_async(b"").await;
    assert!(matches!(finished, Err(SaslError::Finished)));
}

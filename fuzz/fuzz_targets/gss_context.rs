//! Both ends of a Kerberos context on a hostile network, which inserts or alters messages: an end
//! that gets a context agrees with the other end on all its properties, and on the channel
//! bindings.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/negotiation.rs"]
mod negotiation;
#[path = "support/script.rs"]
mod script;
#[path = "support/ticket.rs"]
mod ticket;

use std::sync::{Arc, LazyLock};

use kerberos_crypto::EncryptionType;
use kerberos_gss::{
    Acceptor, AcceptorOptions, ChannelBindings, ContextFlags, Initiator, InitiatorOptions,
};
use kerberos_proto::{Credential, MemoryReplayCache, ServiceKeys};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use negotiation::{agree, play};
use script::Script;
use ticket::NOW;

type Service = Arc<kerberos_proto::Acceptor<ServiceKeys>>;

static WORLD: LazyLock<(Service, Credential)> = LazyLock::new(|| {
    let (service, credential) = ticket::service(EncryptionType::AES128_CTS_HMAC_SHA1_96);
    (Arc::new(service), credential)
});

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let choices = script.byte();
    let (service, credential) = &*WORLD;
    let mut options = InitiatorOptions::default();
    if choices & 1 != 0 {
        options.flags |= ContextFlags::DCE_STYLE;
    }
    if choices & 2 != 0 {
        options.flags = options.flags & !ContextFlags::MUTUAL;
    }
    options.delegate = (choices & 4 != 0).then(|| credential.clone());
    // No bindings, the same, different ones, and bindings only at the initiator.
    let [here, there] = match choices >> 3 & 3 {
        0 => [None, None],
        1 => [Some("channel"); 2],
        2 => [Some("channel"), Some("another")],
        _ => [Some("channel"), None],
    };
    let bindings = |channel: &str| ChannelBindings::new(channel);
    options.channel_bindings = here.map(bindings);
    let mut accept = AcceptorOptions::default();
    accept.channel_bindings = there.map(bindings).into_iter().collect();
    accept.delegation = true;

    let start = Initiator::start(credential, &options, &mut Constant, NOW);
    let (mut initiator, first) = start.expect("the initiator starts");
    let mut acceptor = Acceptor::new(Arc::clone(service), accept);
    let mut replays = MemoryReplayCache::default();
    let played = play(
        &mut script,
        first,
        |token| initiator.step(token, &mut Constant, NOW),
        |token| acceptor.step(token, &mut replays, &mut Constant, NOW),
    );
    if let Some(theirs) = &played.theirs {
        let details = &theirs.details;
        assert_eq!(details.channel_bound, here.is_some() && here == there);
        assert!(
            here == there || there.is_none(),
            "other channel bindings must be refused"
        );
        let lent = |credential: &Credential| {
            let key = credential.session_key.expose_bytes().to_vec();
            (
                credential.client.to_string(),
                key,
                credential.ticket.clone(),
            )
        };
        let lent_to: Vec<_> = details.delegated.iter().map(lent).collect();
        assert_eq!(
            lent_to,
            options.delegate.iter().map(lent).collect::<Vec<_>>()
        );
    }
    match (played.ours, played.theirs) {
        (Some(mut ours), Some(mut theirs)) => {
            assert_eq!(ours.details.channel_bound, here.is_some());
            agree(&mut ours, &mut theirs, false);
        }
        _ => assert!(!played.honest || here != there && there.is_some()),
    }
});

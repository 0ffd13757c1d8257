//! An acceptor that takes SPNEGO and bare Kerberos, and an initiator of any behaviour: first bytes
//! that are what they are, then the honest token with what the fuzzer does to it.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/script.rs"]
mod script;
#[path = "support/ticket.rs"]
mod ticket;

use std::sync::{Arc, LazyLock};

use kerberos_crypto::EncryptionType;
use kerberos_gss::{
    AcceptorOptions, InitiatorOptions, MechanismOrder, SpnegoAcceptor, SpnegoInitiator, Step,
};
use kerberos_proto::{MemoryReplayCache, ServiceKeys};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use script::Script;
use ticket::NOW;

type Service = Arc<kerberos_proto::Acceptor<ServiceKeys>>;

/// The service, and an honest first token.
static WORLD: LazyLock<(Service, Vec<u8>)> = LazyLock::new(|| {
    let (service, credential) = ticket::service(EncryptionType::AES128_CTS_HMAC_SHA1_96);
    let options = InitiatorOptions::default();
    let order = MechanismOrder::Standard;
    let start = SpnegoInitiator::start(&credential, &options, order, &mut Constant, NOW);
    let Step::Continue(token) = start.expect("good").1 else {
        panic!("an answer is expected");
    };
    (Arc::new(service), token)
});

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let (service, honest) = &*WORLD;
    let mut acceptor = SpnegoAcceptor::new(Arc::clone(service), AcceptorOptions::default());
    let mut replays = MemoryReplayCache::default();
    for _ in 0..4 {
        let token = script.alter(honest.clone());
        match acceptor.step(&token, &mut replays, &mut Constant, NOW) {
            Ok(Step::Continue(_)) => {}
            Ok(Step::Done { context, .. }) => {
                assert_eq!(context.details.initiator.to_string(), "alice@R");
                assert_eq!(context.details.flags, InitiatorOptions::default().flags);
                return;
            }
            Err(failed) => {
                assert!(!failed.to_string().is_empty());
                let again = acceptor.step(honest, &mut replays, &mut Constant, NOW);
                return assert!(again.is_err(), "an error is final");
            }
        }
    }
});

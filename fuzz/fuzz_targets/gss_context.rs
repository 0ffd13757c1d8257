//! Both ends of a Kerberos context on a hostile network, which drops in what it likes or alters what
//! is sent: whoever ends up with a context has agreed with the other on the key and the flags.
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
    Acceptor, AcceptorOptions, Context, ContextFlags, Initiator, InitiatorOptions, Step,
};
use kerberos_proto::{Credential, MemoryReplayCache, ServiceKeys};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use script::Script;
use ticket::NOW;

type Service = Arc<kerberos_proto::Acceptor<ServiceKeys>>;

static WORLD: LazyLock<(Service, Credential)> = LazyLock::new(|| {
    let (service, credential) = ticket::service(EncryptionType::AES128_CTS_HMAC_SHA1_96);
    (Arc::new(service), credential)
});

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let (service, credential) = &*WORLD;
    let mut options = InitiatorOptions::default();
    if script.byte() % 2 == 1 {
        options.flags |= ContextFlags::DCE_STYLE;
    }
    let start = Initiator::start(credential, &options, &mut Constant, NOW);
    let (mut initiator, mut step) = start.expect("the ticket is good");
    let mut acceptor = Acceptor::new(Arc::clone(service), AcceptorOptions::default());
    let mut replays = MemoryReplayCache::default();
    let (mut ours, mut theirs): (Option<Box<Context>>, Option<Box<Context>>) = (None, None);
    for _ in 0..3 {
        let Some(token) = take(step, &mut ours) else {
            break;
        };
        let token = script.alter(token);
        let answer = match acceptor.step(&token, &mut replays, &mut Constant, NOW) {
            Ok(step) => take(step, &mut theirs),
            Err(failed) => {
                assert!(!failed.to_string().is_empty());
                let again = acceptor.step(&token, &mut replays, &mut Constant, NOW);
                assert!(again.is_err(), "an error is final");
                failed.send
            }
        };
        let Some(answer) = answer else { break };
        match initiator.step(&script.alter(answer), &mut Constant, NOW) {
            Ok(next) => step = next,
            Err(failed) => return assert!(!failed.to_string().is_empty()),
        }
    }
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        let (ours, theirs) = (ours.details, theirs.details);
        assert_eq!(ours.flags, theirs.flags);
        assert_eq!(
            ours.session_key().expose_bytes(),
            theirs.session_key().expose_bytes()
        );
    }
});

fn take(step: Step, end: &mut Option<Box<Context>>) -> Option<Vec<u8>> {
    match step {
        Step::Continue(token) => Some(token),
        Step::Done { send, context } => {
            *end = Some(context);
            send
        }
    }
}

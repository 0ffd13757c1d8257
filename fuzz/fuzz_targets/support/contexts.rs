//! Both ends of an established context.

use std::sync::Arc;

use kerberos_crypto::EncryptionType;
use kerberos_gss::{Acceptor, AcceptorOptions, Context, Initiator, InitiatorOptions, Step};
use kerberos_proto::MemoryReplayCache;

use crate::constant::Constant;
use crate::ticket::{self, NOW};

/// Both ends of a context with keys of this encryption type.
pub fn contexts(etype: EncryptionType) -> (Box<Context>, Box<Context>) {
    let (service, credential) = ticket::service(etype);
    let mut options = InitiatorOptions::default();
    options.etypes = Some(Vec::new());
    let start = Initiator::start(&credential, &options, &mut Constant, NOW);
    let (mut initiator, step) = start.expect("the initiator starts");
    let Step::Continue(token) = step else {
        panic!("the initiator must wait for an AP-REP");
    };
    let mut acceptor = Acceptor::new(Arc::new(service), AcceptorOptions::default());
    let mut replays = MemoryReplayCache::default();
    let step = acceptor.step(&token, &mut replays, &mut Constant, NOW);
    let Ok(Step::Done {
        send: Some(reply),
        context: theirs,
    }) = step
    else {
        panic!("the acceptor must accept an honest token");
    };
    match initiator.step(&reply, &mut Constant, NOW) {
        Ok(Step::Done { context, .. }) => (context, theirs),
        _ => panic!("the initiator must accept an honest reply"),
    }
}

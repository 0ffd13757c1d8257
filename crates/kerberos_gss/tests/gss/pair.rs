//! Both ends of a context.

use std::sync::Arc;

use kerberos_crypto::{EncryptionType, Key};
use kerberos_gss::{
    Acceptor, AcceptorOptions, Context, GssError, Initiator, InitiatorOptions, Step, StepError,
};
use kerberos_proto::{Credential, MemoryReplayCache, ServiceKeys};

use crate::random::Rng;
use crate::service::{AES256, Issue, NOW, acceptor};

/// The encryption types for each token format.
pub(crate) const ETYPES: [i32; 8] = [18, 17, 20, 19, 26, 25, 23, 16];

pub(crate) fn service() -> Arc<kerberos_proto::Acceptor<ServiceKeys>> {
    Arc::new(acceptor(&[(AES256, 1)]))
}

/// A ticket whose session key has this type.
pub(crate) fn ticket(etype: i32) -> Credential {
    let session_etype = EncryptionType(etype);
    Issue {
        session_etype,
        ..Issue::new()
    }
    .credential()
}

/// The usual options; keys stay of the ticket's type.
pub(crate) fn plain() -> InitiatorOptions {
    let mut options = InitiatorOptions::default();
    options.etypes = Some(Vec::new());
    options
}

/// The ends of a context: the initiator's, the acceptor's, and the number of tokens.
pub(crate) struct Pair {
    pub(crate) initiator: Box<Context>,
    pub(crate) acceptor: Box<Context>,
    pub(crate) tokens: usize,
}

/// The error, and the end where it occurred.
#[derive(Debug)]
pub(crate) enum Failed {
    Initiator(GssError),
    Acceptor(StepError),
}

pub(crate) fn pair(etype: i32) -> Pair {
    establish(&ticket(etype), &plain(), AcceptorOptions::default()).unwrap()
}

/// The same with other random keys.
pub(crate) fn pair_with_seed(etype: i32, seed: u64) -> Pair {
    let rng = &mut Rng(seed);
    let start = Initiator::start(&ticket(etype), &plain(), rng, NOW);
    finish(start.unwrap(), AcceptorOptions::default(), seed).unwrap()
}

pub(crate) fn start(
    ticket: &Credential,
    options: &InitiatorOptions,
) -> Result<(Initiator, Step), GssError> {
    Initiator::start(ticket, options, &mut Rng(11), NOW)
}

/// The first token of an initiator.
pub(crate) fn request(ticket: &Credential, options: &InitiatorOptions) -> (Initiator, Vec<u8>) {
    match start(ticket, options).unwrap() {
        (initiator, Step::Continue(token)) => (initiator, token),
        (initiator, Step::Done { send, .. }) => (initiator, send.unwrap()),
    }
}

pub(crate) fn establish(
    ticket: &Credential,
    options: &InitiatorOptions,
    wanted: AcceptorOptions,
) -> Result<Pair, Failed> {
    let started = start(ticket, options).map_err(Failed::Initiator)?;
    finish(started, wanted, 12)
}

fn finish(started: (Initiator, Step), wanted: AcceptorOptions, seed: u64) -> Result<Pair, Failed> {
    let (mut initiator, mut step) = started;
    let (mut rng, mut replays) = (Rng(seed), MemoryReplayCache::default());
    let mut acceptor = Acceptor::new(service(), wanted);
    let (mut ours, mut theirs, mut tokens) = (None, None, 0);
    loop {
        let (token, context) = parts(step);
        ours = ours.or(context);
        let Some(token) = token else { break };
        tokens += 1;
        let answer = acceptor.step(&token, &mut replays, &mut rng, NOW);
        let (token, context) = parts(answer.map_err(Failed::Acceptor)?);
        theirs = theirs.or(context);
        let Some(token) = token else { break };
        tokens += 1;
        let answer = initiator.step(&token, &mut rng, NOW);
        step = answer.map_err(|failed| Failed::Initiator(*failed.error))?;
    }
    Ok(Pair {
        initiator: ours.unwrap(),
        acceptor: theirs.unwrap(),
        tokens,
    })
}

pub(crate) fn parts(step: Step) -> (Option<Vec<u8>>, Option<Box<Context>>) {
    match step {
        Step::Continue(token) => (Some(token), None),
        Step::Done { send, context } => (send, Some(context)),
    }
}

/// The session key of both ends, which must be the same.
pub(crate) fn session_key(pair: &Pair) -> &Key {
    let key = pair.initiator.details.session_key();
    let other = pair.acceptor.details.session_key();
    assert_eq!(key.expose_bytes(), other.expose_bytes());
    key
}

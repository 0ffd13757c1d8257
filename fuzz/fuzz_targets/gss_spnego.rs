//! SPNEGO on a hostile network: an acceptor for SPNEGO and bare Kerberos accepts nobody but the
//! client, and two ends that finish agree on everything, including what was offered.
//!
//! The first octet chooses the initiator: one with arbitrary behaviour, ours, or one that prefers
//! another mechanism to Kerberos, so that both ends have to sign what was offered.
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

use kerberos_asn1::DecodeError;
use kerberos_asn1::der::{Reader, Tag};
use kerberos_crypto::EncryptionType;
use kerberos_gss::{
    AcceptorOptions, GssError, Initiator, InitiatorOptions, Mechanism, MechanismOrder,
    SpnegoAcceptor, SpnegoInitiator, Step, StepError,
};
use kerberos_proto::{Credential, MemoryReplayCache, ServiceKeys};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use negotiation::{Played, agree, play};
use script::Script;
use ticket::NOW;

type Service = Arc<kerberos_proto::Acceptor<ServiceKeys>>;

static WORLD: LazyLock<(Service, Credential)> = LazyLock::new(|| {
    let (service, credential) = ticket::service(EncryptionType::AES128_CTS_HMAC_SHA1_96);
    (Arc::new(service), credential)
});

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    match script.byte() % 4 {
        0 => anybody(&mut script),
        1 => both(MechanismOrder::Standard, &mut script),
        2 => both(MechanismOrder::Windows, &mut script),
        _ => kerberos_second(&mut script),
    }
});

fn acceptor() -> (SpnegoAcceptor<ServiceKeys>, MemoryReplayCache) {
    let acceptor = SpnegoAcceptor::new(Arc::clone(&WORLD.0), AcceptorOptions::default());
    (acceptor, MemoryReplayCache::default())
}

/// Sends initial tokens repeatedly, whatever the acceptor answers.
fn anybody(script: &mut Script<'_>) {
    let options = InitiatorOptions::default();
    let order = MechanismOrder::Standard;
    let start = SpnegoInitiator::start(&WORLD.1, &options, order, &mut Constant, NOW);
    let Step::Continue(honest) = start.expect("the initiator starts").1 else {
        panic!("the initiator must wait for an answer");
    };
    let (mut acceptor, mut replays) = acceptor();
    for _ in 0..4 {
        let token = script.alter(honest.clone());
        match acceptor.step(&token, &mut replays, &mut Constant, NOW) {
            Ok(Step::Continue(_)) => {}
            Ok(Step::Done { context, .. }) => {
                assert_eq!(context.details.initiator.to_string(), "alice@R");
                assert_eq!(context.details.flags, options.flags);
                return;
            }
            Err(failed) => {
                assert!(!failed.to_string().is_empty());
                let again = acceptor.step(&honest, &mut replays, &mut Constant, NOW);
                return assert!(again.is_err(), "a step after an error must fail");
            }
        }
    }
}

fn both(order: MechanismOrder, script: &mut Script<'_>) {
    let options = InitiatorOptions::default();
    let start = SpnegoInitiator::start(&WORLD.1, &options, order, &mut Constant, NOW);
    let (mut initiator, first) = start.expect("the initiator starts");
    let (mut acceptor, mut replays) = acceptor();
    conclude(play(
        script,
        first,
        |token| initiator.step(token, &mut Constant, NOW),
        |token| acceptor.step(token, &mut replays, &mut Constant, NOW),
    ));
}

fn kerberos_second(script: &mut Script<'_>) {
    let mut initiator = KerberosSecond::new();
    let first = Step::Continue(initiator.first());
    let (mut acceptor, mut replays) = acceptor();
    let mut offered = None;
    let played = play(
        script,
        first,
        |token| initiator.step(token),
        |token| {
            offered.get_or_insert_with(|| token.to_vec());
            acceptor.step(token, &mut replays, &mut Constant, NOW)
        },
    );
    if played.ours.is_some() && played.theirs.is_some() {
        let (offered, list) = (offered.unwrap_or_default(), initiator.list);
        let seen = offered.windows(list.len()).any(|window| window == list);
        assert!(seen, "an altered list of mechanisms must be noticed");
    }
    conclude(played);
}

fn conclude(played: Played) {
    match (played.ours, played.theirs) {
        (Some(mut ours), Some(mut theirs)) => agree(&mut ours, &mut theirs, !played.honest),
        _ => assert!(!played.honest),
    }
}

/// An initiator that prefers NTLM, and follows RFC 4178 §5.
struct KerberosSecond {
    list: Vec<u8>,
    kerberos: Option<Initiator>,
    /// The first Kerberos token, until it is asked for.
    token: Option<Vec<u8>>,
}

impl KerberosSecond {
    fn new() -> Self {
        let options = InitiatorOptions::default();
        let start = Initiator::start(&WORLD.1, &options, &mut Constant, NOW);
        let (kerberos, Step::Continue(token)) = start.expect("the initiator starts") else {
            panic!("the initiator must wait for an answer");
        };
        let offered = [Mechanism::NTLMSSP, Mechanism::KRB5];
        let types = offered.map(|mechanism| element(0x06, &[mechanism.0]));
        Self {
            list: element(0x30, &[&types[0], &types[1]]),
            kerberos: Some(kerberos),
            token: Some(token),
        }
    }

    /// The NegTokenInit.
    fn first(&self) -> Vec<u8> {
        let list = element(0xa0, &[&self.list]);
        let fields = element(0x30, &[&list, &octets(2, b"NTLMSSP\0\x01\0\0\0")]);
        let spnego = element(0x06, &[Mechanism::SPNEGO.0]);
        element(0x60, &[&spnego, &element(0xa0, &[&fields])])
    }

    fn step(&mut self, token: &[u8]) -> Result<Step, StepError> {
        let mut kerberos = self.kerberos.take().ok_or(GssError::Finished)?;
        let what = "the NegTokenResp";
        let (answer, mic) = answer(token).map_err(|error| GssError::Decode { what, error })?;
        if let Some(first) = self.token.take() {
            self.kerberos = Some(kerberos);
            return Ok(Step::Continue(response(&octets(2, &first))));
        }
        let token = answer.ok_or(GssError::TokenMissing)?;
        let Step::Done { mut context, .. } = kerberos.step(token, &mut Constant, NOW)? else {
            return Err(GssError::Finished.into());
        };
        let mic = mic.ok_or(GssError::MechListMicMissing)?;
        context.verify_mic(&self.list, mic)?;
        let own = context.mic(&self.list)?;
        // accept-completed: it expects no further token.
        let completed = element(0xa0, &[&[0x0a, 1, 0]]);
        let send = Some(response(&[completed, octets(3, &own)].concat()));
        Ok(Step::Done { send, context })
    }
}

/// The token and the signature of a NegTokenResp.
type Answer<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

fn answer(token: &[u8]) -> Result<Answer<'_>, DecodeError> {
    let mut fields = Reader::new(token)
        .enter(Tag::context(1))?
        .enter(Tag::SEQUENCE)?;
    for number in 0..2 {
        fields.enter_optional(Tag::context(number))?;
    }
    let mut next = |number| match fields.enter_optional(Tag::context(number))? {
        Some(mut field) => field.contents(Tag::OCTET_STRING).map(Some),
        None => Ok(None),
    };
    Ok((next(2)?, next(3)?))
}

fn response(field: &[u8]) -> Vec<u8> {
    element(0xa1, &[&element(0x30, &[field])])
}

fn octets(number: u8, octets: &[u8]) -> Vec<u8> {
    element(0xa0 + number, &[&element(0x04, &[octets])])
}

/// A DER element. The longest contents are those of a ticket.
fn element(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let [high, low] = (contents.len() as u16).to_be_bytes();
    let head: &[u8] = match contents.len() {
        0..=0x7f => &[tag, low],
        0x80..=0xff => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    [head, &contents].concat()
}

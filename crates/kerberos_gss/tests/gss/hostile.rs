//! What no bytes can achieve: every token truncated, with each octet altered, and with random
//! damage, to both ends, with and without SPNEGO. The context is unusable afterwards, and nothing
//! panics.

use kerberos_asn1::{ApOptions, ApRep, ApReq, Decode, Encode, NameType, RawTicket, SequenceOf};
use kerberos_gss::{
    Acceptor, AcceptorOptions, Context, ContextFlags, Initiator, MechanismOrder, Protection,
    SpnegoAcceptor, SpnegoInitiator, Step, StepError, TokenId,
};
use kerberos_proto::MemoryReplayCache;

use crate::pair::{ETYPES, pair, parts, plain, request, service, start, ticket};
use crate::random::{Rng, edited};
use crate::service::NOW;

/// `token` truncated, with each octet altered, and with random damage.
fn damaged(token: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..token.len()).map(|length| token[..length].to_vec());
    let flipped = (0..token.len()).flat_map(|at| {
        [1, 0x80, 0xff].map(|bits| {
            let mut altered = token.to_vec();
            altered[at] ^= bits;
            altered
        })
    });
    let longer = [token, b"\0"].concat();
    let random = (0..500).map(|number| edited(number, token));
    cut.chain(flipped)
        .chain([longer])
        .chain(random)
        .filter(move |altered| altered != token)
        .collect::<Vec<_>>()
        .into_iter()
}

fn options(dce_style: bool) -> kerberos_gss::InitiatorOptions {
    let mut options = plain();
    if dce_style {
        options.flags |= ContextFlags::DCE_STYLE;
    }
    options
}

#[test]
fn acceptor_refuses_damaged_requests() {
    for dce_style in [false, true] {
        let (_, token) = request(&ticket(18), &options(dce_style));
        let mut harmless = 0;
        for altered in damaged(&token) {
            let mut replays = MemoryReplayCache::default();
            let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
            let mut accept = |token: &[u8]| acceptor.step(token, &mut replays, &mut Rng(2), NOW);
            if let Ok(step) = accept(&altered) {
                harmless += 1;
                assert_eq!(protected_request(&altered), protected_request(&token));
                let (mut initiator, _) = start(&ticket(18), &options(dce_style)).unwrap();
                let (mut ours, mut theirs) = meet(
                    step,
                    |token| initiator.step(token, &mut Rng(3), NOW),
                    accept,
                )
                .unwrap();
                assert!(theirs.details.flags.contains(plain().flags));
                assert_eq!(ours.unwrap(&seal(&mut theirs)).unwrap().message, MESSAGE);
            } else {
                assert_eq!(accept(&token).unwrap_err().to_string(), OVER);
            }
        }
        // Some octets are not protected, such as the key version.
        assert_ne!(harmless, 0);
    }
}

#[test]
fn initiator_refuses_damaged_replies() {
    for dce_style in [false, true] {
        let begin = || start(&ticket(18), &options(dce_style)).unwrap().0;
        let (_, token) = request(&ticket(18), &options(dce_style));
        let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
        let mut replays = MemoryReplayCache::default();
        let mut accept = |token: &[u8]| acceptor.step(token, &mut replays, &mut Rng(2), NOW);
        let (reply, context) = parts(accept(&token).unwrap());
        let reply = reply.unwrap();
        let third = parts(begin().step(&reply, &mut Rng(3), NOW).unwrap()).0;
        let context = context.or_else(|| parts(accept(&third.unwrap()).unwrap()).1);
        let sealed = seal(&mut context.unwrap());
        for altered in damaged(&reply) {
            let mut initiator = begin();
            if let Ok(step) = initiator.step(&altered, &mut Rng(3), NOW) {
                assert_eq!(protected_reply(&altered), protected_reply(&reply));
                let mut ours = parts(step).1.unwrap();
                assert_eq!(ours.unwrap(&sealed).unwrap().message, MESSAGE);
            } else {
                let again = initiator.step(&reply, &mut Rng(3), NOW);
                assert_eq!(again.unwrap_err().to_string(), OVER);
            }
        }
    }
}

/// If the acceptor accepts the first mechanism (RFC 4178 §5), nobody signs the list or negState.
/// But everything in Kerberos is as protected as without SPNEGO.
#[test]
fn spnego_refuses_damaged_tokens() {
    let begin = || {
        let order = MechanismOrder::Standard;
        let start = SpnegoInitiator::start(&ticket(18), &plain(), order, &mut Rng(11), NOW);
        let (initiator, step) = start.unwrap();
        (initiator, parts(step).0.unwrap())
    };
    let (_, token) = begin();
    for altered in damaged(&token) {
        let mut acceptor = SpnegoAcceptor::new(service(), AcceptorOptions::default());
        let mut replays = MemoryReplayCache::default();
        let mut accept = |token: &[u8]| acceptor.step(token, &mut replays, &mut Rng(2), NOW);
        let Ok(step) = accept(&altered) else { continue };
        let (mut initiator, _) = begin();
        let established = matches!(step, Step::Done { .. });
        let met = meet(
            step,
            |token| initiator.step(token, &mut Rng(3), NOW),
            accept,
        );
        // Otherwise the first mechanism of the list was lost, and both must sign the list.
        assert_eq!(met.is_some(), established);
        if let Some((mut ours, mut theirs)) = met {
            assert_eq!(protected_request(&altered), protected_request(&token));
            assert_eq!(ours.unwrap(&seal(&mut theirs)).unwrap().message, MESSAGE);
        }
    }
    let mut acceptor = SpnegoAcceptor::new(service(), AcceptorOptions::default());
    let step = acceptor.step(&token, &mut MemoryReplayCache::default(), &mut Rng(2), NOW);
    let (reply, theirs) = parts(step.unwrap());
    let (reply, sealed) = (reply.unwrap(), seal(&mut theirs.unwrap()));
    for altered in damaged(&reply) {
        let (mut initiator, _) = begin();
        let Ok(step) = initiator.step(&altered, &mut Rng(3), NOW) else {
            continue;
        };
        assert_eq!(protected_reply(&altered), protected_reply(&reply));
        // As if the acceptor had asked for a MIC, which it will not send.
        let Step::Done { context, .. } = step else {
            continue;
        };
        let mut ours = context;
        assert_eq!(ours.unwrap(&sealed).unwrap().message, MESSAGE);
    }
}

/// Continues after the acceptor's `step`. Returns both contexts, unless one side refuses.
fn meet(
    mut step: Step,
    mut initiate: impl FnMut(&[u8]) -> Result<Step, StepError>,
    mut accept: impl FnMut(&[u8]) -> Result<Step, StepError>,
) -> Option<(Box<Context>, Box<Context>)> {
    let (mut ours, mut theirs) = (None, None);
    loop {
        let (token, context) = parts(step);
        theirs = theirs.or(context);
        let Some(token) = token else { break };
        let (token, context) = parts(initiate(&token).ok()?);
        ours = ours.or(context);
        let Some(token) = token else { break };
        step = accept(&token).ok()?;
    }
    ours.zip(theirs)
}

const MESSAGE: &[u8] = b"a message";

fn seal(context: &mut Context) -> Vec<u8> {
    let sealed = context.wrap(Protection::Seal, MESSAGE, &mut Rng(5));
    sealed.unwrap()
}

/// The AP-REQ in `token` without its unprotected parts: its options, the name of the service, and
/// the versions of keys.
fn protected_request(token: &[u8]) -> Option<Vec<u8>> {
    let mut request = ApReq::from_der(inner(token, TokenId::AP_REQ)).ok()?;
    request.ap_options = ApOptions::empty();
    request.authenticator.kvno = None;
    let mut ticket = request.ticket.ticket().clone();
    ticket.realm = "".into();
    ticket.sname.name_type = NameType::UNKNOWN;
    ticket.sname.name_string = SequenceOf::default();
    ticket.enc_part.kvno = None;
    let ticket = ticket.to_der();
    request.ticket = RawTicket::from_der(&ticket).ok()?;
    Some(request.to_der())
}

/// The AP-REP in `token` without its unprotected parts: the version of a key, and the token id if
/// it is that of a KRB-ERROR although the message is not.
fn protected_reply(token: &[u8]) -> Option<Vec<u8>> {
    let message = match inner(token, TokenId::AP_REP) {
        whole if whole == token => inner(token, TokenId::ERROR),
        message => message,
    };
    let mut reply = ApRep::from_der(message).ok()?;
    reply.enc_part.kvno = None;
    Some(reply.to_der())
}

/// What follows the token id, whatever frames enclose it.
fn inner(token: &[u8], id: TokenId) -> &[u8] {
    let before = [&b"\x12\x01\x02\x02"[..], &id.0].concat();
    let at = token.windows(before.len()).position(|part| part == before);
    at.map_or(token, |at| &token[at + before.len()..])
}

/// The answer of a context that has already failed.
const OVER: &str = "there is no next step";

#[test]
fn damaged_wrap_and_mic_tokens_are_refused() {
    for etype in ETYPES {
        let mut pair = pair(etype);
        for protection in [Protection::Seal, Protection::Sign] {
            let sender = &mut pair.initiator.sender;
            let token = sender.wrap(protection, b"a message", &mut Rng(5)).unwrap();
            for altered in damaged(&token) {
                if protection == Protection::Sign
                    && etype == RC4
                    && same_but_number(&altered, &token)
                {
                    continue;
                }
                let receiver = &mut pair.acceptor.receiver;
                assert!(receiver.unwrap(&altered).is_err(), "{etype}");
                let mut altered = altered;
                assert!(receiver.unwrap_in_place(&mut altered).is_err(), "{etype}");
            }
            assert_eq!(pair.acceptor.unwrap(&token).unwrap().message, b"a message");
        }
        let mic = pair.initiator.mic(b"a message").unwrap();
        for altered in damaged(&mic) {
            if etype == RC4 && same_but_number(&altered, &mic) {
                continue;
            }
            let verified = pair.acceptor.verify_mic(b"a message", &altered);
            assert!(verified.is_err(), "{etype}");
        }
        let verified = pair.acceptor.verify_mic(b"another message", &mic);
        assert!(verified.is_err(), "{etype}");
        pair.acceptor.verify_mic(b"a message", &mic).unwrap();
    }
}

const RC4: i32 = 23;

/// Whether only the sequence number differs. In an RC4 token that is not sealed it is not protected
/// (RFC 4757 §7.2): it is encrypted with a stream cipher, and not covered by the checksum.
fn same_but_number(altered: &[u8], token: &[u8]) -> bool {
    let without = |token: &[u8]| [&token[..21], &token[25..]].concat();
    altered.len() == token.len() && without(altered) == without(token)
}

#[test]
fn random_bytes_are_refused() {
    let mut rng = Rng(77);
    let mut pair = pair(18);
    for length in 0..200 {
        let bytes: Vec<u8> = (0..length).map(|_| rng.number() as u8).collect();
        let mut replays = MemoryReplayCache::default();
        let mut acceptor = SpnegoAcceptor::new(service(), AcceptorOptions::default());
        let step = acceptor.step(&bytes, &mut replays, &mut Rng(2), NOW);
        assert!(step.is_err() || bytes.is_empty());
        let (mut initiator, _): (Initiator, Step) = start(&ticket(18), &plain()).unwrap();
        assert!(initiator.step(&bytes, &mut Rng(3), NOW).is_err());
        assert!(pair.acceptor.unwrap(&bytes).is_err());
    }
}

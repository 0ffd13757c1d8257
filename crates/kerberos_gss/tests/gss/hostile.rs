//! What no bytes can do: every token cut short, with each octet altered, and with random damage, to
//! both ends, with and without SPNEGO. The context is dead afterwards, and nothing panics.

use kerberos_gss::{
    Acceptor, AcceptorOptions, ContextFlags, Initiator, MechanismOrder, Protection, SpnegoAcceptor,
    SpnegoInitiator, Step,
};
use kerberos_proto::MemoryReplayCache;

use crate::pair::{ETYPES, pair, parts, plain, request, service, start, ticket};
use crate::random::{Rng, edited};
use crate::service::NOW;

/// `token` cut, each octet of it altered, and damaged at random.
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
fn an_acceptor_takes_no_damaged_request() {
    for dce_style in [false, true] {
        let (_, token) = request(&ticket(18), &options(dce_style));
        for altered in damaged(&token) {
            let mut replays = MemoryReplayCache::default();
            let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
            if let Ok(step) = acceptor.step(&altered, &mut replays, &mut Rng(2), NOW) {
                // The options of an AP-REQ are not protected, nor is the key version. What counts
                // is in the authenticator.
                let context = parts(step).1;
                assert!(dce_style || context.unwrap().details.flags == plain().flags);
            } else {
                let again = acceptor.step(&token, &mut replays, &mut Rng(2), NOW);
                assert_eq!(again.unwrap_err().to_string(), "there is no next step");
            }
        }
    }
}

#[test]
fn an_initiator_takes_no_damaged_reply() {
    for dce_style in [false, true] {
        let (_, token) = request(&ticket(18), &options(dce_style));
        let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
        let mut replays = MemoryReplayCache::default();
        let step = acceptor.step(&token, &mut replays, &mut Rng(2), NOW);
        let reply = parts(step.unwrap()).0.unwrap();
        for altered in damaged(&reply) {
            let (mut initiator, _) = start(&ticket(18), &options(dce_style)).unwrap();
            // The key version of an AP-REP is the only thing that is not protected.
            if initiator.step(&altered, &mut Rng(3), NOW).is_err() {
                let again = initiator.step(&reply, &mut Rng(3), NOW);
                assert_eq!(again.unwrap_err().to_string(), "there is no next step");
            }
        }
    }
}

#[test]
fn neither_end_of_a_negotiation_takes_damage() {
    let begin = || {
        let order = MechanismOrder::Standard;
        let start = SpnegoInitiator::start(&ticket(18), &plain(), order, &mut Rng(11), NOW);
        let (initiator, step) = start.unwrap();
        (initiator, parts(step).0.unwrap())
    };
    let accept = |token: &[u8]| {
        let mut acceptor = SpnegoAcceptor::new(service(), AcceptorOptions::default());
        let mut replays = MemoryReplayCache::default();
        acceptor.step(token, &mut replays, &mut Rng(2), NOW)
    };
    let (_, token) = begin();
    for altered in damaged(&token) {
        if let Ok(Step::Done { context, .. }) = accept(&altered) {
            assert_eq!(context.details.flags, plain().flags);
        }
    }
    let reply = parts(accept(&token).unwrap()).0.unwrap();
    for altered in damaged(&reply) {
        let (mut initiator, _) = begin();
        if let Ok(Step::Done { context, .. }) = initiator.step(&altered, &mut Rng(3), NOW) {
            assert_eq!(context.details.flags, plain().flags);
        }
    }
}

#[test]
fn no_damaged_message_is_taken() {
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

/// Whether only the sequence number differs, which nothing protects in a token of RC4 that is not
/// sealed (RFC 4757 §7.2): it is hidden by a stream cipher, and no part of the checksum.
fn same_but_number(altered: &[u8], token: &[u8]) -> bool {
    let without = |token: &[u8]| [&token[..21], &token[25..]].concat();
    altered.len() == token.len() && without(altered) == without(token)
}

#[test]
fn bytes_of_any_kind() {
    let mut rng = Rng(77);
    let mut pair = pair(18);
    for length in 0..200 {
        let bytes: Vec<u8> = (0..length).map(|_| rng.next() as u8).collect();
        let mut replays = MemoryReplayCache::default();
        let mut acceptor = SpnegoAcceptor::new(service(), AcceptorOptions::default());
        let step = acceptor.step(&bytes, &mut replays, &mut Rng(2), NOW);
        assert!(step.is_err() || bytes.is_empty());
        let (mut initiator, _): (Initiator, Step) = start(&ticket(18), &plain()).unwrap();
        assert!(initiator.step(&bytes, &mut Rng(3), NOW).is_err());
        assert!(pair.acceptor.unwrap(&bytes).is_err());
    }
}

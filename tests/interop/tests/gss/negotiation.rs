//! SPNEGO with MIT's library at the other end, in both roles.

use kerberos_client::kerberos_proto::MemoryReplayCache;
use kerberos_client::{now, system_rng};
use kerberos_gss::{
    Acceptor, AcceptorOptions, ContextFlags, Initiator, InitiatorOptions, MechanismOrder,
    SpnegoInitiator, Step,
};
use test_support::raw::tlv;

use crate::{SERVER, World, accept, all_flags};

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn our_spnego_acceptor_works_with_mits_initiator() {
    let world = World::new();
    for etype in ["aes256-cts-hmac-sha1-96", "arcfour-hmac"] {
        world.ticket(etype);
        for flags in [
            all_flags(),
            ContextFlags::INTEG,
            all_flags() | ContextFlags::DCE_STYLE,
        ] {
            let options = AcceptorOptions::default();
            let mut pair = accept(&world, flags, None, "spnego", options).unwrap();
            assert_eq!(pair.ours.details.initiator.to_string(), "alice@MIT.TEST");
            pair.talk(b"hello", etype);
        }
    }
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn our_spnego_initiator_works_with_mits_acceptor() {
    let world = World::new();
    for order in [MechanismOrder::Standard, MechanismOrder::Windows] {
        for flags in [
            all_flags(),
            ContextFlags::INTEG,
            all_flags() | ContextFlags::DCE_STYLE,
        ] {
            let ticket = world.ticket("aes256-cts-hmac-sha1-96");
            let mut rng = system_rng().unwrap();
            let mut options = InitiatorOptions::default();
            options.flags = flags;
            let mut theirs = world.peer();
            theirs.ok("accept -", b"");
            let start = SpnegoInitiator::start(&ticket, &options, order, &mut rng, now());
            let (mut initiator, mut step) = start.unwrap();
            let ours = loop {
                match step {
                    Step::Continue(token) => {
                        let answer = theirs.ok("step", &token);
                        step = initiator.step(&answer[1..], &mut rng, now()).unwrap();
                    }
                    Step::Done { send, context } => {
                        assert!(send.is_none());
                        break context;
                    }
                }
            };
            let mut pair = crate::Pair { ours, theirs };
            assert_eq!(pair.theirs.ok("initiator", b""), b"alice@MIT.TEST");
            pair.talk(b"hello", &format!("{order:?} {flags:?}"));
        }
    }
}

/// The MICs over the mechanism lists, made by hand: MIT's library prefers Kerberos, and has no
/// other mechanism here. Its last message is the one that our acceptor gets in the unit tests.
#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn mits_initiator_sends_the_last_mechlist_mic() {
    let world = World::new();
    world.ticket("aes256-cts-hmac-sha1-96");
    let mut theirs = world.peer();
    let flags = all_flags().0;
    let first = theirs.ok(&format!("initiate {SERVER} {flags} - spnego"), b"");
    let at = first.windows(KRB5.len()).position(|part| part == KRB5);
    let list = &first[at.unwrap() - 2..];
    let (list, rest) = list.split_at(2 + usize::from(list[1]));
    let frame = rest.windows(2).position(|two| two == [0x60, 0x82]);
    let mut acceptor = Acceptor::new(world.service(), AcceptorOptions::default());
    let (mut replays, mut rng) = (MemoryReplayCache::default(), system_rng().unwrap());
    let step = acceptor.step(&rest[frame.unwrap()..], &mut replays, &mut rng, now());
    let Step::Done {
        send: Some(reply),
        context: mut ours,
    } = step.unwrap()
    else {
        panic!("expected a token for the peer")
    };
    let mic = ours.mic(list).unwrap();
    let answer = response(&[
        &state(REQUEST_MIC),
        &tlv(0xa1, KRB5),
        &octets(0xa2, &reply),
        &octets(0xa3, &mic),
    ]);
    let message = theirs.ok("step", &answer);
    assert_eq!(message[0], 1, "MIT's initiator should be complete");
    let mic = &message[message.len() - MIC..];
    assert_eq!(
        message[1..],
        response(&[&state(COMPLETED), &octets(0xa3, mic)])
    );
    ours.verify_mic(list, mic).unwrap();
    let mut pair = crate::Pair { ours, theirs };
    pair.talk(b"hello", "signed");
}

/// An initiator that prefers NTLM.
#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn mits_acceptor_sends_no_token_after_the_last_mic() {
    let world = World::new();
    let ticket = world.ticket("aes256-cts-hmac-sha1-96");
    let (options, mut rng) = (InitiatorOptions::default(), system_rng().unwrap());
    let start = Initiator::start(&ticket, &options, &mut rng, now()).unwrap();
    let (mut initiator, Step::Continue(token)) = start else {
        panic!("expected a token for the peer")
    };
    let mut theirs = world.peer();
    theirs.ok("accept -", b"");
    let list = tlv(0x30, &[NTLM, KRB5].concat());
    let fields = tlv(0x30, &tlv(0xa0, &list));
    let first = tlv(0x60, &[SPNEGO, &tlv(0xa0, &fields)].concat());
    let answer = theirs.ok("step", &first);
    let asked = response(&[&state(REQUEST_MIC), &tlv(0xa1, KRB5)]);
    assert_eq!((answer[0], &answer[1..]), (0, &asked[..]));
    let answer = theirs.ok("step", &response(&[&octets(0xa2, &token)]));
    assert_eq!(answer[0], 0, "MIT's acceptor should wait for our MIC");
    // The Kerberos token begins before its identifier, and ends before the MIC.
    let at = answer.windows(KRB5.len()).position(|part| part == KRB5);
    let start = answer[..at.unwrap()]
        .iter()
        .rposition(|&octet| octet == 0x60);
    let reply = &answer[start.unwrap()..answer.len() - MIC - 4];
    let step = initiator.step(reply, &mut rng, now()).unwrap();
    let Step::Done {
        send: None,
        context: mut ours,
    } = step
    else {
        panic!("expected a complete Kerberos context")
    };
    ours.verify_mic(&list, &answer[answer.len() - MIC..])
        .unwrap();
    let mic = ours.mic(&list).unwrap();
    let message = response(&[&state(COMPLETED), &octets(0xa3, &mic)]);
    assert_eq!(
        theirs.ok("step", &message),
        [1],
        "MIT's acceptor should be complete"
    );
    let mut pair = crate::Pair { ours, theirs };
    pair.talk(b"hello", "signed");
}

const SPNEGO: &[u8] = b"\x06\x06\x2b\x06\x01\x05\x05\x02";
const KRB5: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
const NTLM: &[u8] = b"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
const COMPLETED: u8 = 0;
const REQUEST_MIC: u8 = 3;
/// The length of a MIC with this type of key.
const MIC: usize = 28;

fn response(fields: &[&[u8]]) -> Vec<u8> {
    tlv(0xa1, &tlv(0x30, &fields.concat()))
}

fn state(state: u8) -> Vec<u8> {
    tlv(0xa0, &tlv(0x0a, &[state]))
}

fn octets(tag: u8, octets: &[u8]) -> Vec<u8> {
    tlv(tag, &tlv(4, octets))
}

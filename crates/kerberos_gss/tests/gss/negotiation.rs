//! SPNEGO: what is chosen, who signs the list, and what is refused.

use kerberos_gss::{
    AcceptorOptions, Context, GssError, MechanismOrder, SpnegoAcceptor, SpnegoInitiator, Step,
};
use kerberos_proto::{MemoryReplayCache, ServiceKeys};
use test_support::raw::tlv;

use crate::pair::{parts, plain, request, service, ticket};
use crate::random::Rng;
use crate::service::NOW;

const KRB5: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
const MS_KRB5: &[u8] = b"\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02";
const NTLM: &[u8] = b"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
const OTHER: &[u8] = b"\x06\x03\x2a\x03\x04";

const COMPLETED: u8 = 0;
const INCOMPLETE: u8 = 1;
const REQUEST_MIC: u8 = 3;

fn acceptor() -> SpnegoAcceptor<ServiceKeys> {
    SpnegoAcceptor::new(service(), AcceptorOptions::default())
}

fn accept(
    acceptor: &mut SpnegoAcceptor<ServiceKeys>,
    token: &[u8],
) -> Result<Step, kerberos_gss::StepError> {
    acceptor.step(token, &mut MemoryReplayCache::default(), &mut Rng(2), NOW)
}

fn initiator(flags: u32, order: MechanismOrder) -> (SpnegoInitiator, Vec<u8>) {
    let mut options = plain();
    options.flags.0 = flags;
    let start = SpnegoInitiator::start(&ticket(18), &options, order, &mut Rng(11), NOW);
    let (initiator, step) = start.unwrap();
    (initiator, parts(step).0.unwrap())
}

fn mech_types(mechanisms: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &mechanisms.concat())
}

/// A NegTokenInit that offers these mechanisms.
fn init(mechanisms: &[&[u8]], token: Option<&[u8]>) -> Vec<u8> {
    let mut fields = tlv(0xa0, &mech_types(mechanisms));
    if let Some(token) = token {
        fields.extend(tlv(0xa2, &tlv(4, token)));
    }
    let choice = tlv(0xa0, &tlv(0x30, &fields));
    tlv(
        0x60,
        &[b"\x06\x06\x2b\x06\x01\x05\x05\x02", &choice[..]].concat(),
    )
}

fn response(token: Option<&[u8]>, mic: Option<&[u8]>) -> Vec<u8> {
    response_with(&[], token, mic)
}

/// An acceptor's answer with this negState and this identifier.
fn answer(state: u8, chosen: &[u8], token: Option<&[u8]>, mic: Option<&[u8]>) -> Vec<u8> {
    let state = tlv(0xa0, &tlv(0x0a, &[state]));
    response_with(&[&state[..], &tlv(0xa1, chosen)].concat(), token, mic)
}

fn response_with(first: &[u8], token: Option<&[u8]>, mic: Option<&[u8]>) -> Vec<u8> {
    let mut fields = first.to_vec();
    for (tag, value) in [(0xa2, token), (0xa3, mic)] {
        fields.extend(
            value
                .map(|value| tlv(tag, &tlv(4, value)))
                .unwrap_or_default(),
        );
    }
    tlv(0xa1, &tlv(0x30, &fields))
}

/// Runs both to the end.
fn run(mut initiator: SpnegoInitiator, mut token: Vec<u8>) -> (Box<Context>, Box<Context>, usize) {
    let mut acceptor = acceptor();
    let (mut ours, mut theirs, mut tokens) = (None, None, 0);
    loop {
        tokens += 1;
        let (answer, context) = parts(accept(&mut acceptor, &token).unwrap());
        theirs = theirs.or(context);
        let Some(answer) = answer else { break };
        tokens += 1;
        let step = initiator.step(&answer, &mut Rng(3), NOW).unwrap();
        let (next, context) = parts(step);
        ours = ours.or(context);
        let Some(next) = next else { break };
        token = next;
    }
    (ours.unwrap(), theirs.unwrap(), tokens)
}

#[test]
fn spnego_establishes_a_context() {
    for (flags, tokens) in [(0x3e, 2), (0x30, 2), (0x103e, 4)] {
        for order in [MechanismOrder::Standard, MechanismOrder::Windows] {
            let (initiator, token) = initiator(flags, order);
            let (mut ours, mut theirs, took) = run(initiator, token);
            assert_eq!(took, tokens, "{flags:#x}");
            let mic = ours.mic(b"hello").unwrap();
            theirs.verify_mic(b"hello", &mic).unwrap();
        }
    }
}

#[test]
fn spnego_acceptor_accepts_bare_kerberos() {
    let (mut initiator, token) = request(&ticket(18), &plain());
    let mut acceptor = acceptor();
    let (reply, context) = parts(accept(&mut acceptor, &token).unwrap());
    assert!(context.is_some());
    let step = initiator.step(&reply.unwrap(), &mut Rng(3), NOW).unwrap();
    assert!(matches!(step, Step::Done { send: None, .. }));
}

/// An initiator's message that completes with its MIC.
fn completed(mic: &[u8]) -> Vec<u8> {
    response_with(&tlv(0xa0, &tlv(0x0a, &[COMPLETED])), None, Some(mic))
}

#[test]
fn mech_list_is_signed_if_kerberos_is_not_first() {
    // RFC 4178 §5 b I: an initiator that has completed gets no further message. One that does not
    // say so waits for it.
    for says_so in [true, false] {
        sign_the_list(says_so);
    }
}

fn sign_the_list(says_so: bool) {
    let offered: [&[u8]; 3] = [NTLM, MS_KRB5, KRB5];
    let (mut inner, token) = request(&ticket(18), &plain());
    let mut acceptor = acceptor();
    // The first token is for NTLM, and is ignored.
    let (answer, _) = parts(accept(&mut acceptor, &init(&offered, Some(b"NTLMSSP\0"))).unwrap());
    // request-mic, and the identifier that was first in the list.
    let expected = [&tlv(0xa0, &tlv(0x0a, &[3]))[..], &tlv(0xa1, MS_KRB5)].concat();
    assert_eq!(answer.unwrap(), tlv(0xa1, &tlv(0x30, &expected)));

    let (answer, context) = parts(accept(&mut acceptor, &response(Some(&token), None)).unwrap());
    assert!(
        context.is_none(),
        "the acceptor should wait for the initiator's MIC"
    );
    let answer = answer.unwrap();
    // It contains the AP-REP, and ends with a MIC of 28 octets.
    let at = answer
        .windows(2)
        .position(|two| two == [0x04, 0x82] || two == [0x04, 0x81]);
    let reply = &answer[at.unwrap()..];
    let reply = &reply[if reply[1] == 0x81 { 3 } else { 4 }..answer.len() - at.unwrap() - 32];
    let (_, context) = parts(inner.step(reply, &mut Rng(3), NOW).unwrap());
    let mut context = context.unwrap();
    let list = mech_types(&offered);
    context
        .verify_mic(&list, &answer[answer.len() - 28..])
        .unwrap();
    let mic = context.mic(&list).unwrap();

    let message = if says_so {
        completed(&mic)
    } else {
        response(None, Some(&mic))
    };
    let (answer, theirs) = parts(accept(&mut acceptor, &message).unwrap());
    assert!(theirs.is_some());
    let told = response_with(&tlv(0xa0, &tlv(0x0a, &[COMPLETED])), None, None);
    assert_eq!(answer, (!says_so).then_some(told));
}

/// RFC 4178 §5 b I: the initiator sends its MIC with accept-completed, and waits for nothing more.
#[test]
fn initiator_completes_with_its_mech_list_mic() {
    let (mut initiator, token) = initiator(0x3e, MechanismOrder::Windows);
    let list = mech_types(&[MS_KRB5, KRB5]);
    // An acceptor that prefers Kerberos under the second identifier.
    let first = answer(REQUEST_MIC, KRB5, None, None);
    let (again, _) = parts(initiator.step(&first, &mut Rng(3), NOW).unwrap());
    let inner = &token[token.len() - inner_length(&token)..];
    assert!(again.unwrap().ends_with(inner));
    let mut acceptor = kerberos_gss::Acceptor::new(service(), AcceptorOptions::default());
    let mut replays = MemoryReplayCache::default();
    let step = acceptor.step(inner, &mut replays, &mut Rng(2), NOW);
    let (reply, theirs) = parts(step.unwrap());
    let mut theirs = theirs.unwrap();
    let mic = theirs.mic(&list).unwrap();
    let state = tlv(0xa0, &tlv(0x0a, &[INCOMPLETE]));
    let signed = response_with(&state, reply.as_deref(), Some(&mic));
    let step = initiator.step(&signed, &mut Rng(3), NOW).unwrap();
    let Step::Done {
        send: Some(message),
        ..
    } = step
    else {
        panic!("{step:?}");
    };
    let mic = &message[message.len() - 28..];
    assert_eq!(message, completed(mic));
    theirs.verify_mic(&list, mic).unwrap();
}

#[test]
fn altered_mech_list_or_missing_mic_is_refused() {
    let offered: [&[u8]; 2] = [NTLM, KRB5];
    for case in 0..3 {
        let (mut inner, token) = request(&ticket(18), &plain());
        let mut acceptor = acceptor();
        drop(accept(&mut acceptor, &init(&offered, None)).unwrap());
        let (answer, _) = parts(accept(&mut acceptor, &response(Some(&token), None)).unwrap());
        let answer = answer.unwrap();
        let at = answer
            .windows(2)
            .position(|two| two == [0x04, 0x82] || two == [0x04, 0x81]);
        let reply = &answer[at.unwrap()..];
        let reply = &reply[if reply[1] == 0x81 { 3 } else { 4 }..answer.len() - at.unwrap() - 32];
        let (_, context) = parts(inner.step(reply, &mut Rng(3), NOW).unwrap());
        let mic = context.unwrap().mic(&mech_types(&[KRB5, NTLM])).unwrap();
        let message = match case {
            0 => response(None, Some(&mic)),
            1 => response(None, Some(b"")),
            _ => response(None, None),
        };
        let error = *accept(&mut acceptor, &message).unwrap_err().error;
        let named = match case {
            2 => matches!(error, GssError::MechListMicMissing),
            _ => matches!(error, GssError::MechListMic),
        };
        assert!(named, "{error}");
    }
}

#[test]
fn token_is_resent_if_the_other_kerberos_oid_is_chosen() {
    let (mut initiator, first) = initiator(0x3e, MechanismOrder::Windows);
    let answer = answer(INCOMPLETE, KRB5, None, None);
    let (token, _) = parts(initiator.step(&answer, &mut Rng(3), NOW).unwrap());
    let token = token.unwrap();
    let inner = &token[token.len() - 400..];
    assert!(
        first.ends_with(inner),
        "the initiator should send the same AP-REQ again"
    );
}

/// Whatever the answers, an initiator sends its token at most twice, followed by one MIC.
#[test]
fn answers_without_a_token_end_the_negotiation() {
    let empty = answer(INCOMPLETE, KRB5, None, None);
    for order in [MechanismOrder::Standard, MechanismOrder::Windows] {
        let (mut initiator, _) = initiator(0x3e, order);
        if order == MechanismOrder::Windows {
            let again = initiator.step(&empty, &mut Rng(3), NOW).unwrap();
            assert!(matches!(again, Step::Continue(_)));
        }
        let failed = initiator.step(&empty, &mut Rng(3), NOW).unwrap_err();
        assert!(matches!(*failed.error, GssError::TokenMissing), "{failed}");
    }
    // The acceptor may also use its turn without sending a token.
    let mut acceptor = acceptor();
    drop(accept(&mut acceptor, &init(&[NTLM, KRB5], None)).unwrap());
    let failed = accept(&mut acceptor, &response(None, None)).unwrap_err();
    assert!(matches!(*failed.error, GssError::TokenMissing), "{failed}");
}

/// Kerberos is complete, but the acceptor does not say that the negotiation is.
#[test]
fn missing_accept_completed_is_tolerated_unless_mic_is_needed() {
    let proven = |state: Option<u8>| {
        let (mut initiator, token) = initiator(0x3e, MechanismOrder::Standard);
        let inner = &token[token.len() - inner_length(&token)..];
        let mut acceptor = kerberos_gss::Acceptor::new(service(), AcceptorOptions::default());
        let mut replays = MemoryReplayCache::default();
        let step = acceptor.step(inner, &mut replays, &mut Rng(2), NOW);
        let (reply, theirs) = parts(step.unwrap());
        let answer = match state {
            Some(state) => answer(state, KRB5, reply.as_deref(), None),
            None => response(reply.as_deref(), None),
        };
        let step = initiator.step(&answer, &mut Rng(3), NOW).unwrap();
        (initiator, step, theirs.unwrap())
    };
    // As good as accept-completed, as in MIT's library.
    for state in [None, Some(INCOMPLETE), Some(COMPLETED)] {
        let (_, step, mut theirs) = proven(state);
        let Step::Done {
            send: None,
            context,
        } = step
        else {
            panic!("{state:?}: {step:?}");
        };
        let mut ours = context;
        let mic = theirs.mic(b"hello").unwrap();
        ours.verify_mic(b"hello", &mic).unwrap();
    }
    // Except if a MIC was requested: ours is sent once, and theirs must come.
    let (mut initiator, step, _) = proven(Some(REQUEST_MIC));
    assert!(matches!(step, Step::Continue(_)));
    let empty = answer(INCOMPLETE, KRB5, None, None);
    let failed = initiator.step(&empty, &mut Rng(3), NOW).unwrap_err();
    let missing = matches!(*failed.error, GssError::MechListMicMissing);
    assert!(missing, "{failed}");
    let (mut initiator, _, mut theirs) = proven(Some(REQUEST_MIC));
    let mic = theirs.mic(&mech_types(&[KRB5, MS_KRB5])).unwrap();
    let signed = answer(INCOMPLETE, KRB5, None, Some(&mic));
    let step = initiator.step(&signed, &mut Rng(3), NOW).unwrap();
    assert!(matches!(step, Step::Done { send: None, .. }));
}

/// The length of the Kerberos token at the end of a NegTokenInit.
fn inner_length(token: &[u8]) -> usize {
    // The frame's tag, its length in three octets, and the identifier.
    let frame = |at: &[u8]| at.starts_with(&[0x60, 0x82]) && at[4..].starts_with(KRB5);
    let start = (0..token.len()).find(|&at| frame(&token[at..]));
    token.len() - start.unwrap()
}

#[test]
fn ntlm_and_other_mechanisms_are_refused_by_name() {
    let message = "the peer offers NTLM only, which is not supported: it has no Kerberos ticket";
    for token in [
        &b"NTLMSSP\0\x01\0\0\0"[..],
        &init(&[NTLM], Some(b"NTLMSSP\0")),
    ] {
        let failed = accept(&mut acceptor(), token).unwrap_err();
        assert_eq!(failed.to_string(), message);
    }
    let failed = accept(&mut acceptor(), &init(&[OTHER], None)).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "the peer does not offer Kerberos, but 1.2.3.4"
    );
    // The refusal is sent, and understood.
    let told = failed.send.unwrap();
    let (mut initiator, _) = initiator(0x3e, MechanismOrder::Standard);
    let failed = initiator.step(&told, &mut Rng(3), NOW).unwrap_err();
    assert!(matches!(*failed.error, GssError::Rejected));

    let (mut initiator, _) = crate::negotiation::initiator(0x3e, MechanismOrder::Standard);
    let answer = answer(INCOMPLETE, NTLM, None, None);
    let failed = initiator.step(&answer, &mut Rng(3), NOW).unwrap_err();
    assert!(matches!(*failed.error, GssError::Ntlm));
}

#[test]
fn empty_token_is_answered_with_a_mechanism_hint() {
    let mut acceptor = acceptor();
    let (hint, _) = parts(accept(&mut acceptor, b"").unwrap());
    let hint = hint.unwrap();
    SpnegoInitiator::check_hint(&hint).unwrap();
    // Windows' order, and the text that must be ignored.
    let list = mech_types(&[MS_KRB5, KRB5]);
    assert!(hint.windows(list.len()).any(|part| part == list));
    assert!(hint.ends_with(b"not_defined_in_RFC4178@please_ignore"));
    let error = SpnegoInitiator::check_hint(&init(&[NTLM], None)).unwrap_err();
    assert!(matches!(error, GssError::Ntlm));
    let (_, token) = initiator(0x3e, MechanismOrder::Standard);
    assert!(accept(&mut acceptor, &token).is_ok());
}

#[test]
fn bare_kerberos_reply_to_spnego_is_refused() {
    let (initiator, token) = initiator(0x3e, MechanismOrder::Standard);
    let inner = &token[token.len() - inner_length(&token)..];
    // It found its token and removed it from the rest.
    let reply = parts(accept(&mut acceptor(), inner).unwrap()).0.unwrap();
    let (not_mutual, _) = crate::negotiation::initiator(0x30, MechanismOrder::Standard);
    for mut initiator in [initiator, not_mutual] {
        let failed = initiator.step(&reply, &mut Rng(3), NOW).unwrap_err();
        let text = "the acceptor answers with a token of Kerberos, not of SPNEGO";
        assert_eq!(failed.to_string(), text);
    }
}

#[test]
fn kerberos_error_is_reported_through_spnego() {
    let mut options = plain();
    options.flags.0 = 0x3e;
    let issue = crate::service::Issue {
        edit_part: |part| part.endtime = crate::service::after(-1000),
        ..crate::service::Issue::new()
    };
    let order = MechanismOrder::Standard;
    let start = SpnegoInitiator::start(&issue.credential(), &options, order, &mut Rng(11), NOW);
    let (mut initiator, step) = start.unwrap();
    let failed = accept(&mut acceptor(), &parts(step).0.unwrap()).unwrap_err();
    let failed = initiator
        .step(&failed.send.unwrap(), &mut Rng(3), NOW)
        .unwrap_err();
    let error = failed.to_string();
    assert!(error.contains("Ticket expired"), "{error}");
}

//! Flags, keys, bindings, delegation and DCE style, and every refusal with its error.

use std::sync::Arc;

use kerberos_asn1::{
    ApOptions, ApRep, ApReq, AuthorizationDataType, Decode, Encode, ErrorCode, KrbError,
    TicketFlags,
};
use kerberos_crypto::{ChecksumType, EncryptionType, Key};
use kerberos_gss::{
    Acceptor, AcceptorOptions, ChannelBindings, ContextFlags, GssError, Initiator, PrfKey, Step,
};
use kerberos_proto::{
    AcceptorReply, ApChecksum, ApError, ApInitiator, ApRequestOptions, ClockOffset, CredReceiver,
    MemoryReplayCache, Principal, Subkey, Timestamp,
};

use crate::pair::{
    ETYPES, Failed, establish, pair, plain, request, service, session_key, start, ticket,
};
use crate::random::Rng;
use crate::service::{Issue, NOW, accept};

/// The flags that tests request.
const USUAL: ContextFlags = ContextFlags(0x3e);

fn refused(failed: Result<crate::pair::Pair, Failed>) -> GssError {
    match failed.err().unwrap() {
        Failed::Acceptor(failed) => *failed.error,
        Failed::Initiator(error) => {
            panic!("the acceptor should have refused, not the initiator: {error}")
        }
    }
}

#[test]
fn flags_agree_in_ap_options_checksum_and_at_both_ends() {
    let ticket = ticket(18);
    for flags in (0..0x40)
        .map(ContextFlags)
        .chain([ContextFlags(0x1000), USUAL | ContextFlags(0x7000)])
    {
        let mut options = plain();
        options.flags = flags;
        if flags.contains(ContextFlags::DELEG) {
            // None of what is requested is available.
            let error = start(&ticket, &options).err().unwrap();
            assert!(matches!(error, GssError::NothingToDelegate), "{error}");
            continue;
        }
        let (_, token) = request(&ticket, &options);
        let dce_style = flags.contains(ContextFlags::DCE_STYLE);
        let message = if dce_style { &token[..] } else { &token[17..] };
        let ap_options = ApReq::from_der(message).unwrap().ap_options;
        let accepted = accept(message).unwrap();
        let checksum = accepted.checksum.unwrap();
        assert_eq!(checksum.checksum_type, ChecksumType(0x8003));
        let written = ContextFlags(u32::from_le_bytes(
            checksum.checksum[20..24].try_into().unwrap(),
        ));
        let mutual = ap_options.contains(ApOptions::MUTUAL_REQUIRED);
        assert_eq!(written.contains(ContextFlags::MUTUAL), mutual, "{flags:?}");
        // DCE style implies mutual authentication.
        let implied = if dce_style {
            ContextFlags::MUTUAL
        } else {
            ContextFlags::empty()
        };
        assert_eq!(written, flags | implied);

        let pair = establish(&ticket, &options, AcceptorOptions::default()).unwrap();
        assert_eq!(pair.initiator.details.flags, written);
        assert_eq!(pair.acceptor.details.flags, written);
        assert_eq!(
            pair.tokens,
            if dce_style {
                3
            } else {
                1 + usize::from(mutual)
            }
        );
    }
}

#[test]
fn both_ends_have_the_same_keys() {
    for etype in ETYPES {
        let full = pair(etype);
        assert_eq!(session_key(&full).etype(), EncryptionType(etype));
        // RFC 4402: T1 and T2 have the counters 0 and 1.
        let (ours, theirs) = (&full.initiator.details, &full.acceptor.details);
        for key in [PrfKey::Full, PrfKey::Partial] {
            let long = ours.pseudo_random(key, b"purpose", 100);
            assert_eq!(*long, *theirs.pseudo_random(key, b"purpose", 100));
            assert_eq!(long[..7], ours.pseudo_random(key, b"purpose", 7)[..]);
            assert_ne!(*long, *ours.pseudo_random(key, b"else", 100));
        }
        let first = ours.session_key().prf(b"\0\0\0\0purpose");
        let second = ours.session_key().prf(b"\0\0\0\x01purpose");
        let expected = [&first[..], &second].concat();
        let length = expected.len();
        assert_eq!(
            *ours.pseudo_random(PrfKey::Full, b"purpose", length),
            expected
        );
        // An acceptor chooses a key if the tokens can say so.
        let old = [23, 16].contains(&etype);
        let partial = ours.pseudo_random(PrfKey::Partial, b"purpose", 7);
        assert_eq!(
            *partial == *ours.pseudo_random(PrfKey::Full, b"purpose", 7),
            old
        );
    }
}

#[test]
fn weak_session_key_is_replaced_by_a_stronger_subkey() {
    for etype in [23, 16, 17] {
        let options = kerberos_gss::InitiatorOptions::default();
        let pair = establish(&ticket(etype), &options, AcceptorOptions::default()).unwrap();
        assert_eq!(session_key(&pair).etype(), EncryptionType(18));
    }
}

/// What krb5.conf permits takes precedence over what is newer or longer.
#[test]
fn context_key_has_a_permitted_enctype() {
    let sha2 = [20, 19].map(EncryptionType);
    for (session, permitted, agreed) in [
        // If all are permitted, the default order has aes256-sha1 first.
        (20, None, 18),
        (20, Some(&sha2[..]), 20),
        (19, Some(&sha2[..]), 20),
        (20, Some(&sha2[1..]), 19),
        (18, Some(&[]), 18),
    ] {
        let mut options = kerberos_gss::InitiatorOptions::default();
        options.etypes = permitted.map(<[_]>::to_vec);
        let pair = establish(&ticket(session), &options, AcceptorOptions::default()).unwrap();
        assert_eq!(session_key(&pair).etype(), EncryptionType(agreed));
    }
}

/// An acceptor that chooses an unsolicited type.
#[test]
fn subkey_of_a_forbidden_enctype_is_refused() {
    for (permitted, chosen, taken) in [
        (&[20][..], 18, false),
        (&[20], 23, false),
        (&[20], 20, true),
        (&[20, 18], 18, true),
        (&[], 20, true),
    ] {
        let mut options = plain();
        let permitted = permitted.iter().copied().map(EncryptionType);
        options.etypes = Some(permitted.collect());
        let (mut initiator, token) = request(&ticket(20), &options);
        let accepted = accept(&token[17..]).unwrap();
        let mut reply = AcceptorReply::default();
        let key = Key::generate(EncryptionType(chosen), &mut Rng(5)).unwrap();
        reply.subkey = Subkey::Given(key.to_block());
        let (message, _) = accepted.reply(&reply, &mut Rng(6)).unwrap();
        let reply = framed(&message, *b"\x02\x00");
        match initiator.step(&reply, &mut Rng(2), NOW) {
            Ok(_) => assert!(taken, "{chosen}"),
            Err(failed) => {
                let refused = ApError::EtypeNotPermitted(EncryptionType(chosen));
                assert!(
                    !taken && failed.to_string() == refused.to_string(),
                    "{failed}"
                );
            }
        }
    }
}

#[test]
fn context_has_names_lifetime_and_authorization_data() {
    let pair = pair(18);
    for details in [&pair.initiator.details, &pair.acceptor.details] {
        assert_eq!(details.initiator.to_string(), "alice@EXAMPLE.COM");
        assert_eq!(
            details.acceptor.to_string(),
            "host/www.example.com@EXAMPLE.COM"
        );
    }
    // An acceptor would accept the ticket for five more minutes.
    for (details, [first, late, over]) in [
        (&pair.initiator.details, [3600, 0, 0]),
        (&pair.acceptor.details, [3900, 200, 0]),
    ] {
        let left = |after| {
            let then = Timestamp::new(NOW.seconds + after, 0);
            details.lifetime(then).as_secs()
        };
        assert_eq!([left(0), left(3700), left(4000)], [first, late, over]);
    }
    assert!(pair.initiator.details.accepted.is_none());
    let accepted = pair.acceptor.details.accepted.unwrap();
    assert_eq!(
        accepted.authorization_data[0].ad_type,
        AuthorizationDataType::IF_RELEVANT
    );
}

/// A KDC whose clock is ahead: the ticket ends by that clock, and the delegated TGT has its time.
#[test]
fn kdc_clock_offset_applies_to_tokens_and_lifetime() {
    let mut options = plain();
    options.kdc_offset = Some(ClockOffset {
        seconds: 100,
        microseconds: 0,
    });
    options.delegate = Some(ticket(18));
    let (_, token) = request(&ticket(18), &options);
    let accepted = accept(&token[17..]).unwrap();
    let lent = &accepted.checksum.as_ref().unwrap().checksum[28..];
    let mut receiver = CredReceiver::new();
    receiver.keys.push(&accepted.session_key);
    let lent = receiver.credentials(lent, NOW).unwrap();
    assert_eq!(lent.time.unwrap().seconds, NOW.seconds + 100);
    assert_eq!(accepted.time.seconds, NOW.seconds + 100);

    let pair = establish(&ticket(18), &options, AcceptorOptions::default()).unwrap();
    assert_eq!(pair.initiator.details.lifetime(NOW).as_secs(), 3500);
}

/// A KDC may issue such a ticket to anybody.
#[test]
fn anonymous_ticket_is_refused_unless_allowed() {
    let issue = Issue {
        edit_part: |part| part.flags |= TicketFlags::ANONYMOUS,
        ..Issue::new()
    };
    let (_, token) = request(&issue.credential(), &plain());
    let step = |service| {
        let mut acceptor = Acceptor::new(Arc::new(service), AcceptorOptions::default());
        let mut replays = MemoryReplayCache::default();
        acceptor.step(&token, &mut replays, &mut Rng(2), NOW)
    };
    let mut service = crate::service::acceptor(&[(crate::service::AES256, 1)]);
    let failed = step(service.clone()).unwrap_err();
    let refused = matches!(*failed.error, GssError::Ap(ApError::Anonymous { .. }));
    assert!(refused && failed.send.is_some(), "{failed}");
    service.accept_anonymous = true;
    assert!(step(service).is_ok());
}

#[test]
fn channel_bindings_are_compared_and_can_be_required() {
    let this = ChannelBindings::tls_server_end_point(&[1; 32]);
    let other = ChannelBindings::tls_exporter(&[1; 32]);
    let check =
        |sent: Option<&ChannelBindings>, promised, own: Option<&ChannelBindings>, required| {
            let mut options = plain();
            options.channel_bindings = sent.cloned();
            options.announce_bindings = promised;
            let mut wanted = AcceptorOptions::default();
            wanted.channel_bindings = own.cloned().into_iter().collect();
            wanted.require_bindings = required;
            establish(&ticket(18), &options, wanted)
        };
    let bound = |sent, own| {
        check(sent, false, own, false)
            .unwrap()
            .acceptor
            .details
            .channel_bound
    };
    assert!(bound(Some(&this), Some(&this)));
    assert!(!bound(None, Some(&this)));
    assert!(!bound(Some(&this), None));
    let error = refused(check(Some(&other), false, Some(&this), false));
    assert!(matches!(error, GssError::BindingsMismatch));
    for (promised, required) in [(true, false), (false, true)] {
        let error = refused(check(None, promised, Some(&this), required));
        assert!(matches!(error, GssError::BindingsMissing));
    }
    assert!(check(None, true, None, false).is_ok());
    // An acceptor without bindings to compare with blames nobody else, whatever is sent.
    for sent in [None, Some(&this)] {
        let error = refused(check(sent, false, None, true));
        assert!(matches!(error, GssError::OwnBindingsMissing));
    }
    assert!(check(Some(&this), true, Some(&this), true).is_ok());
}

#[test]
fn tgt_is_delegated_if_the_acceptor_wants_it() {
    for flags in [USUAL, USUAL & !ContextFlags::MUTUAL] {
        let mut options = plain();
        options.flags = flags;
        let mut tgt = ticket(17);
        tgt.server = Principal::krbtgt(b"EXAMPLE.COM", b"EXAMPLE.COM");
        options.delegate = Some(tgt.clone());
        // An acceptor that does not want it does not get it.
        let pair = establish(&ticket(18), &options, AcceptorOptions::default()).unwrap();
        let theirs = &pair.acceptor.details;
        assert!(theirs.delegated.is_empty() && !theirs.flags.contains(ContextFlags::DELEG));
        let mut required = AcceptorOptions::default();
        required.require = ContextFlags::DELEG;
        let pair = establish(&ticket(18), &options, required).unwrap();
        assert_eq!(pair.acceptor.details.delegated.len(), 1);
        let mut wanted = AcceptorOptions::default();
        wanted.delegation = true;
        let pair = establish(&ticket(18), &options, wanted).unwrap();
        let [lent] = &pair.acceptor.details.delegated[..] else {
            panic!("expected one delegated TGT");
        };
        assert_eq!(
            lent.session_key.expose_bytes(),
            tgt.session_key.expose_bytes()
        );
        assert_eq!((&lent.client, &lent.server), (&tgt.client, &tgt.server));
        assert_eq!(lent.ticket, tgt.ticket);
        for details in [&pair.initiator.details, &pair.acceptor.details] {
            assert!(details.flags.contains(ContextFlags::DELEG));
        }
    }
    let mut options = plain();
    let mut tgt = ticket(17);
    // The length of a KRB-CRED must fit into 16 bits.
    tgt.addresses = (0..5000_u32)
        .map(|number| kerberos_proto::HostAddress {
            address_type: kerberos_asn1::AddressType::IPV6,
            address: number.to_be_bytes().repeat(4),
        })
        .collect();
    options.delegate = Some(tgt);
    let error = start(&ticket(18), &options).err().unwrap();
    assert!(matches!(error, GssError::Checksum(_)), "{error}");
}

#[test]
fn missing_required_flag_is_refused() {
    let mut options = plain();
    options.flags = ContextFlags::INTEG;
    let mut wanted = AcceptorOptions::default();
    wanted.require = ContextFlags::MUTUAL | ContextFlags::INTEG;
    let error = refused(establish(&ticket(18), &options, wanted));
    assert!(
        matches!(error, GssError::Required(ContextFlags::MUTUAL)),
        "{error}"
    );
}

/// An acceptor's reaction to an AP-REQ with this checksum.
fn with_checksum(checksum: Option<ApChecksum>) -> Result<ContextFlags, GssError> {
    with_checksum_and(checksum, true)
}

/// The same, for an acceptor that does or does not accept a delegated TGT.
fn with_checksum_and(
    checksum: Option<ApChecksum>,
    delegation: bool,
) -> Result<ContextFlags, GssError> {
    let mut options = ApRequestOptions::default();
    options.mutual = true;
    options.checksum = checksum;
    let request = ApInitiator::start(&ticket(18), &options, &mut Rng(1), NOW);
    let message = request.unwrap().1;
    let mut wanted = AcceptorOptions::default();
    wanted.delegation = delegation;
    let mut acceptor = Acceptor::new(service(), wanted);
    let token = framed(&message, *b"\x01\x00");
    let step = acceptor.step(&token, &mut MemoryReplayCache::default(), &mut Rng(2), NOW);
    match step {
        Ok(Step::Done { context, .. }) => Ok(context.details.flags),
        Ok(Step::Continue(_)) => panic!("the acceptor should be done after one token"),
        Err(failed) => Err(*failed.error),
    }
}

/// A Kerberos token of this kind.
fn framed(message: &[u8], id: [u8; 2]) -> Vec<u8> {
    let (mut initiator, honest) = request(&ticket(18), &plain());
    drop(initiator.step(b"", &mut Rng(1), NOW));
    // The mechanism's identifier, as in a correct token.
    let oid = &honest[4..15];
    let length = u16::try_from(oid.len() + 2 + message.len()).unwrap();
    let length = length.to_be_bytes();
    let head = if length[0] > 0 {
        vec![0x60, 0x82, length[0], length[1]]
    } else if length[1] >= 0x80 {
        vec![0x60, 0x81, length[1]]
    } else {
        vec![0x60, length[1]]
    };
    [&head[..], oid, &id, message].concat()
}

#[test]
fn valid_checksum_variants_are_accepted_and_bad_ones_refused() {
    let gss = |checksum: &[u8]| {
        Some(ApChecksum {
            checksum_type: ChecksumType(0x8003),
            checksum: checksum.to_vec(),
        })
    };
    // MS-KILE: no checksum means no flags.
    assert_eq!(with_checksum(None).unwrap(), ContextFlags::empty());
    let fields = |length: u32, flags: u32| {
        [&length.to_le_bytes()[..], &[0; 16], &flags.to_le_bytes()].concat()
    };
    let flags = with_checksum(gss(&fields(16, 0xffff_0032))).unwrap();
    assert_eq!(flags, ContextFlags(0x32));
    // A flag without a credential is ignored, and extensions are skipped.
    let extended = [&fields(16, 0x33)[..], b"\0\0\0\x02"].concat();
    let mut cut = extended.clone();
    cut.truncate(27);
    assert_eq!(with_checksum(gss(&cut)).unwrap(), ContextFlags(0x32));
    for wrong in [
        fields(15, 0x32),
        fields(16, 0x32)[..23].to_vec(),
        Vec::new(),
        extended,
        [&fields(16, 1)[..], b"\x01\x00\xff\xff\x30"].concat(),
    ] {
        let error = with_checksum(gss(&wrong)).unwrap_err();
        assert!(matches!(error, GssError::Checksum(_)), "{error}");
    }
    // An unusable TGT does not matter to an acceptor that would not use it.
    let unusable = || gss(&[&fields(16, 0x33)[..], b"\x01\x00\x01\x00\x30"].concat());
    let error = with_checksum(unusable()).unwrap_err();
    assert!(matches!(error, GssError::Delegation(_)), "{error}");
    let flags = with_checksum_and(unusable(), false).unwrap();
    assert_eq!(flags, ContextFlags(0x32));

    // Samba's checksum is an ordinary one over an empty message.
    let ordinary = |data: &[u8]| {
        let key = Key::new(&ticket(18).session_key).unwrap();
        let usage = kerberos_crypto::KeyUsage::AP_REQ_AUTHENTICATOR_CHECKSUM;
        Some(ApChecksum {
            checksum_type: ChecksumType::HMAC_SHA1_96_AES256,
            checksum: key.checksum(usage, data),
        })
    };
    assert_eq!(with_checksum(ordinary(b"")).unwrap(), ContextFlags(0xe));
    let error = with_checksum(ordinary(b"data of another protocol")).unwrap_err();
    assert!(matches!(error, GssError::Checksum(_)), "{error}");
}

#[test]
fn refusal_is_sent_as_krb_error_and_reported() {
    let issue = Issue {
        edit_part: |part| part.endtime = crate::service::after(-1000),
        ..Issue::new()
    };
    let (mut initiator, token) = request(&issue.credential(), &plain());
    let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
    let mut replays = MemoryReplayCache::default();
    let failed = acceptor
        .step(&token, &mut replays, &mut Rng(2), NOW)
        .unwrap_err();
    assert!(matches!(
        *failed.error,
        GssError::Ap(ApError::Expired { .. })
    ));
    let told = failed.send.unwrap();
    let message = KrbError::from_der(&told[15..]).unwrap();
    assert_eq!(message.error_code, ErrorCode::KRB_AP_ERR_TKT_EXPIRED);
    let failed = initiator.step(&told, &mut Rng(2), NOW).unwrap_err();
    let GssError::Ap(ApError::Refused(error)) = *failed.error else {
        panic!("{failed}");
    };
    assert_eq!(error.code, ErrorCode::KRB_AP_ERR_TKT_EXPIRED);
    // Neither can be used any more.
    let again = initiator.step(&told, &mut Rng(2), NOW).unwrap_err();
    assert!(matches!(*again.error, GssError::Finished));
    let again = acceptor
        .step(&token, &mut replays, &mut Rng(2), NOW)
        .unwrap_err();
    assert!(matches!(*again.error, GssError::Finished));
}

#[test]
fn replayed_request_is_refused() {
    let (_, token) = request(&ticket(18), &plain());
    let mut replays = MemoryReplayCache::default();
    let mut step = |token: &[u8]| {
        let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
        acceptor.step(token, &mut replays, &mut Rng(2), NOW)
    };
    assert!(step(&token).is_ok());
    let failed = step(&token).unwrap_err();
    assert!(matches!(*failed.error, GssError::Ap(ApError::Replay)));
}

#[test]
fn unexpected_token_kinds_are_named_in_errors() {
    let (_, token) = request(&ticket(18), &plain());
    let step = |token: &[u8]| {
        let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
        let mut replays = MemoryReplayCache::default();
        *acceptor
            .step(token, &mut replays, &mut Rng(2), NOW)
            .unwrap_err()
            .error
    };
    let error = step(&framed(b"", *b"\x02\x00"));
    assert_eq!(
        error.to_string(),
        "expected AP-REQ token, found AP-REP token"
    );
    // A request without frame means DCE style.
    assert!(matches!(step(&token[17..]), GssError::DceStyle));
    let mut options = plain();
    options.flags |= ContextFlags::DCE_STYLE;
    let (mut initiator, bare) = request(&ticket(18), &options);
    assert!(matches!(
        step(&framed(&bare, *b"\x01\x00")),
        GssError::DceStyle
    ));
    let reply = framed(b"", *b"\x02\x00");
    let failed = initiator.step(&reply, &mut Rng(2), NOW).unwrap_err();
    assert!(matches!(*failed.error, GssError::DceStyle));
    let ntlm = b"\x60\x0e\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a\x01\x00";
    assert_eq!(
        step(ntlm).to_string(),
        "the token is of NTLM, not of Kerberos"
    );
}

#[test]
fn dce_style_third_leg_must_match_the_reply() {
    let mut options = plain();
    options.flags |= ContextFlags::DCE_STYLE;
    let legs = |seed| {
        let (mut initiator, token) = request(&ticket(18), &options);
        let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
        let mut replays = MemoryReplayCache::default();
        let step = acceptor.step(&token, &mut replays, &mut Rng(seed), NOW);
        let Step::Continue(reply) = step.unwrap() else {
            panic!("the acceptor should wait for the third leg");
        };
        let step = initiator.step(&reply, &mut Rng(3), NOW).unwrap();
        let Step::Done { send, .. } = step else {
            panic!("the initiator should be done after the third leg");
        };
        (acceptor, reply, send.unwrap())
    };
    let mut replays = MemoryReplayCache::default();
    let mut refused = |token: &[u8]| {
        let (mut acceptor, ..) = legs(1);
        let step = acceptor.step(token, &mut replays, &mut Rng(4), NOW);
        let failed = step.unwrap_err();
        let named = matches!(*failed.error, GssError::Ap(ApError::MutualFailed));
        assert!(named, "{failed}");
    };
    refused(&legs(2).2);
    // The reply itself has the same number, and so it has with another label.
    let (mut acceptor, reply, token) = legs(1);
    refused(&reply);
    let mut labelled = ApRep::from_der(&reply).unwrap();
    labelled.enc_part.kvno = Some(1);
    refused(&labelled.to_der());
    assert!(
        acceptor
            .step(&token, &mut replays, &mut Rng(4), NOW)
            .is_ok()
    );
}

#[test]
fn clock_skew_over_five_minutes_is_refused() {
    let (_, token) = request(&ticket(18), &plain());
    for (seconds, good) in [(299, true), (-299, true), (301, false), (-301, false)] {
        let now = Timestamp::new(NOW.seconds + seconds, 0);
        let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
        let step = acceptor.step(&token, &mut MemoryReplayCache::default(), &mut Rng(2), now);
        let skewed = step
            .is_err_and(|failed| matches!(*failed.error, GssError::Ap(ApError::ClockSkew { .. })));
        assert_eq!(skewed, !good, "{seconds}");
    }
}

#[test]
fn reply_to_another_request_is_refused() {
    let (mut initiator, token) = request(&ticket(18), &plain());
    // The acceptor answers a request that was made a second later.
    let mut acceptor = Acceptor::new(service(), AcceptorOptions::default());
    let (_, other) = request(&ticket(18), &plain());
    assert_eq!(token, other);
    let later = Timestamp::new(NOW.seconds + 1, 0);
    let (_, step) = Initiator::start(&ticket(18), &plain(), &mut Rng(11), later).unwrap();
    let Step::Continue(another) = step else {
        panic!("the initiator should wait for an AP-REP");
    };
    let mut replays = MemoryReplayCache::default();
    let step = acceptor
        .step(&another, &mut replays, &mut Rng(2), NOW)
        .unwrap();
    let reply = crate::pair::parts(step).0.unwrap();
    let failed = initiator.step(&reply, &mut Rng(2), NOW).unwrap_err();
    assert!(
        matches!(*failed.error, GssError::Ap(ApError::MutualFailed)),
        "{failed}"
    );
}

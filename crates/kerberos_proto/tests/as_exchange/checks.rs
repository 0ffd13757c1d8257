//! Replies that decrypt but do not match the request: each fault has its own error.

use kerberos_asn1::{
    AddressType, EncKdcRepPart, HostAddress, KdcRep, KerberosString, KerberosTime, NameType,
    PrincipalName, SequenceOf, TicketFlags,
};
use kerberos_crypto::EncryptionType;
use kerberos_proto::{AsParams, ExchangeError, Principal, ReplyFault, StartTime};

use super::kdc::*;

fn fault(mut kdc: Kdc, params: AsParams) -> ReplyFault {
    match kdc.login(params, password()) {
        Err(ExchangeError::Reply(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn part_fault(edit_part: fn(&mut EncKdcRepPart<'_>)) -> ReplyFault {
    fault(
        Kdc {
            edit_part,
            ..Kdc::new()
        },
        alice(),
    )
}

fn reply_fault(edit_reply: fn(&mut KdcRep<'_>)) -> ReplyFault {
    fault(
        Kdc {
            edit_reply,
            ..Kdc::new()
        },
        alice(),
    )
}

/// `krbtgt/…`, or another principal with `first` as its first component.
fn name<'a>(first: &'a str, second: &'a str) -> PrincipalName<'a> {
    PrincipalName {
        name_type: NameType::SRV_INST,
        name_string: SequenceOf::from(vec![first.into(), second.into()]),
    }
}

fn later(time: KerberosTime, seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(time.unix() + seconds)
}

#[test]
fn a_reply_with_another_nonce_is_refused() {
    assert_eq!(part_fault(|part| part.nonce ^= 1), ReplyFault::Nonce);
}

#[test]
fn a_reply_for_another_client_is_refused() {
    let fault = reply_fault(|reply| reply.crealm = KerberosString(b"EVIL"));
    let got = Principal::parse("alice@EVIL").unwrap();
    let asked = alice().client;
    assert_eq!(fault, ReplyFault::ClientName { asked, got });
    let fault = reply_fault(|reply| reply.cname = name("bob", "admin"));
    assert!(matches!(fault, ReplyFault::ClientName { .. }));
}

#[test]
fn control_characters_in_names_are_escaped_in_errors() {
    let fault = reply_fault(|reply| reply.cname = name("\x1b[2J", "a\n\u{9b}b"));
    let text = fault.to_string();
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(
        text.contains(r"\u{1b}[2J/a\n\u{9b}b@EXAMPLE.COM instead of alice@"),
        "{text}"
    );
}

#[test]
fn a_reply_for_another_server_is_refused() {
    let fault = part_fault(|part| part.srealm = KerberosString(b"EVIL"));
    assert!(matches!(fault, ReplyFault::ServerName { .. }));
    let fault = part_fault(|part| part.sname = name("krbtgt", "EVIL"));
    assert!(matches!(fault, ReplyFault::ServerName { .. }));
}

#[test]
fn canonicalized_server_must_still_be_a_krbtgt() {
    let mut params = alice();
    params.options.canonicalize = true;
    let kdc = Kdc {
        edit_part: |part| part.sname = name("host", "evil"),
        ..Kdc::new()
    };
    assert!(matches!(fault(kdc, params), ReplyFault::ServerName { .. }));
}

#[test]
fn a_ticket_for_another_server_than_the_reply_says_is_refused() {
    let mut params = alice();
    params.options.canonicalize = true;
    // The name may change, but only consistently.
    let kdc = Kdc {
        edit_part: |part| part.sname = name("krbtgt", "OTHER"),
        ..Kdc::new()
    };
    assert!(matches!(
        fault(kdc, params),
        ReplyFault::TicketServerName { .. }
    ));
}

#[test]
fn encryption_types_that_were_not_offered_are_refused() {
    let mut params = alice();
    params.policy.etypes = vec![AES256];
    let kdc = Kdc {
        etype_override: Some(RC4),
        ..Kdc::without_preauth()
    };
    assert_eq!(fault(kdc, params.clone()), ReplyFault::EtypeNotOffered(RC4));
    let kdc = Kdc {
        session_etype: RC4,
        ..Kdc::new()
    };
    assert_eq!(fault(kdc, params), ReplyFault::SessionKeyNotOffered(RC4));
    // Nor an unknown type.
    let fault = part_fault(|part| part.key.keytype = 4711);
    assert_eq!(
        fault,
        ReplyFault::SessionKeyNotOffered(EncryptionType(4711))
    );
}

#[test]
fn times_beyond_those_asked_for_are_refused() {
    assert_eq!(
        part_fault(|part| part.endtime = later(part.endtime, 1)),
        ReplyFault::EndTime
    );
    // The ticket may already have ended: because of a negative lifetime, or a clock that is behind.
    let mut kdc = Kdc {
        edit_part: |part| part.endtime = later(part.authtime, -1),
        ..Kdc::new()
    };
    let times = kdc.login(alice(), password()).unwrap().credential.times;
    assert_eq!(times.endtime, later(times.authtime, -1));

    // Renewable instead of a long lifetime is acceptable, but not for longer than requested.
    let instead = |part: &mut EncKdcRepPart<'_>| {
        part.flags |= TicketFlags::RENEWABLE;
        part.renew_till = Some(part.endtime);
        part.endtime = later(part.endtime, -80_000);
    };
    Kdc {
        edit_part: instead,
        ..Kdc::new()
    }
    .login(alice(), password())
    .unwrap();
    let too_long = |part: &mut EncKdcRepPart<'_>| {
        part.flags |= TicketFlags::RENEWABLE;
        part.renew_till = Some(later(part.endtime, 1));
    };
    assert_eq!(part_fault(too_long), ReplyFault::RenewTill);

    let mut params = alice();
    params.renew_lifetime = Some(7 * 86_400);
    Kdc::new().login(params.clone(), password()).unwrap();
    let too_long = |part: &mut EncKdcRepPart<'_>| {
        part.renew_till = part.renew_till.map(|time| later(time, 1));
    };
    assert_eq!(
        fault(
            Kdc {
                edit_part: too_long,
                ..Kdc::new()
            },
            params
        ),
        ReplyFault::RenewTill
    );

    let mut params = alice();
    params.start = Some(StartTime::In(3600));
    let login = Kdc::new().login(params.clone(), password()).unwrap();
    assert!(login.credential.flags.contains(TicketFlags::POSTDATED));
    let future = |part: &mut EncKdcRepPart<'_>| part.starttime = Some(later(part.authtime, 301));
    assert_eq!(part_fault(future), ReplyFault::StartTime);
    let early = |part: &mut EncKdcRepPart<'_>| part.starttime = Some(part.authtime);
    assert_eq!(
        fault(
            Kdc {
                edit_part: early,
                ..Kdc::new()
            },
            params
        ),
        ReplyFault::StartTime
    );
}

#[test]
fn flags_that_were_not_asked_for_are_refused() {
    assert_eq!(
        part_fault(|part| part.flags = part.flags.without(TicketFlags::INITIAL)),
        ReplyFault::Flags
    );
    assert_eq!(
        part_fault(|part| part.flags |= TicketFlags::INVALID),
        ReplyFault::Flags
    );
    assert_eq!(
        part_fault(|part| part.flags |= TicketFlags::POSTDATED),
        ReplyFault::Flags
    );
}

#[test]
fn addresses_may_be_dropped_but_not_replaced() {
    let address = |last| kerberos_proto::HostAddress {
        address_type: AddressType::IPV4,
        address: vec![127, 0, 0, last],
    };
    let mut params = alice();
    params.addresses = vec![address(1), address(2)];
    let login = Kdc::new().login(params.clone(), password()).unwrap();
    assert_eq!(login.credential.addresses, params.addresses);
    // Dropped addresses are acceptable, others are not.
    let mut kdc = Kdc {
        edit_part: |part| part.caddr = None,
        ..Kdc::new()
    };
    kdc.login(params.clone(), password()).unwrap();
    let other = |part: &mut EncKdcRepPart<'_>| {
        let address = HostAddress {
            addr_type: AddressType::IPV4,
            address: &[10, 0, 0, 1],
        };
        part.caddr = Some(SequenceOf::from(vec![address]));
    };
    for params in [params, alice()] {
        assert_eq!(
            fault(
                Kdc {
                    edit_part: other,
                    ..Kdc::new()
                },
                params
            ),
            ReplyFault::Addresses
        );
    }
}

#[test]
fn request_altered_on_the_way_is_detected() {
    assert_eq!(
        part_fault(|part| part.encrypted_pa_data = None),
        ReplyFault::RequestProofMissing
    );
    // What the KDC received is not what we sent.
    let mut rng = Rng(1);
    let mut kdc = Kdc::without_preauth();
    let (mut exchange, request) =
        kerberos_proto::AsExchange::start(alice(), password(), &mut rng, NOW).unwrap();
    let mut payload = request.payload.clone();
    // Only the last of the offered etypes: an attacker has removed the better ones.
    *payload.last_mut().unwrap() = 18;
    let reply = kdc.answer(&payload, NOW);
    let error = exchange.step(&reply, &mut rng, NOW).unwrap_err();
    assert!(
        matches!(error, ExchangeError::Reply(ReplyFault::RequestAltered)),
        "{error:?}"
    );
    assert_eq!(error.mit_message(), "KDC reply did not match expectations");
    assert_eq!(error.mit_code(), -1_765_328_237);
}

#[test]
fn clock_skew_is_refused_without_kdc_timesync() {
    let mut params = alice();
    params.policy.kdc_timesync = false;
    for (ahead, fits) in [
        (0, true),
        (300, true),
        (301, false),
        (-300, true),
        (-302, false),
    ] {
        let mut kdc = Kdc {
            ahead,
            ..Kdc::without_preauth()
        };
        let mut params = params.clone();
        params.lifetime = Some(3600);
        match kdc.login(params, password()) {
            Ok(login) => {
                assert!(fits, "{ahead}");
                assert_eq!(login.kdc_offset, None);
            }
            Err(ExchangeError::ClockSkew { kdc, local, limit }) => {
                assert!(!fits, "{ahead}");
                assert_eq!((kdc.unix() - local.seconds, limit), (ahead, 300));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    // With preauthentication, the KDC notices first.
    let error = Kdc {
        ahead: 900,
        ..Kdc::new()
    }
    .login(params, password())
    .unwrap_err();
    assert_eq!(error.mit_message(), "Clock skew too great");
}

//! Referrals (RFC 6806 §8): a TGT that was not requested is never taken for the ticket.

use kerberos_asn1::{
    Decode, Encode, KerberosString, NameType, PrincipalName, RawTicket, SequenceOf, TgsRep,
    TicketFlags,
};
use kerberos_proto::{
    Credential, ExchangeError, ReplyFault, Step, TgsExchange, TgsOutcome, TgsParams,
};
use kerberos_testkdc::{Account, Fault, Kdc};

use crate::kdc::*;

fn far() -> TgsParams {
    let mut params = TgsParams::new(principal("host/far.other.com@EXAMPLE.COM"));
    params.options.canonicalize = true;
    params
}

/// The KDC of the other realm, which shares a key with ours.
fn other_kdc() -> Kdc {
    Kdc::builder("OTHER.COM")
        .account(
            Account::new("krbtgt/OTHER.COM")
                .password("between us")
                .salt("both"),
        )
        .service("host/far.other.com")
        .rng(Rng(4))
        .build()
        .unwrap()
}

#[test]
fn referral_leads_to_the_ticket_in_the_other_realm() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let outcome = run(&kdc, far(), &tgt, NOW).unwrap();
    let TgsOutcome::Referral { realm, tgt: next } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(realm, b"OTHER.COM");
    assert_eq!(next.server, principal("krbtgt/OTHER.COM@EXAMPLE.COM"));
    let params = TgsParams::new(principal("host/far.other.com@OTHER.COM"));
    let got = ticket(&other_kdc(), params, &next, NOW);
    assert_eq!(got.client, tgt.client);
    assert_eq!(got.server, principal("host/far.other.com@OTHER.COM"));
}

#[test]
fn requested_cross_realm_tgt_is_not_a_referral() {
    let kdc = kdc();
    let tgt = login(&kdc);
    for canonicalize in [false, true] {
        let mut params = TgsParams::new(principal("krbtgt/OTHER.COM@EXAMPLE.COM"));
        params.options.canonicalize = canonicalize;
        let got = ticket(&kdc, params, &tgt, NOW);
        assert_eq!(got.server, principal("krbtgt/OTHER.COM@EXAMPLE.COM"));
    }
}

fn tgt_of(realm: &'static str) -> PrincipalName<'static> {
    PrincipalName {
        name_type: NameType::SRV_INST,
        name_string: SequenceOf::from(vec!["krbtgt".into(), realm.into()]),
    }
}

/// The client's reaction to a ticket for `name` at `realm`.
fn answered_with(
    params: TgsParams,
    name: PrincipalName<'static>,
    realm: &'static str,
) -> Result<TgsOutcome, ExchangeError> {
    let kdc = kdc();
    answered_by(&kdc, params, &login(&kdc), name, realm)
}

fn answered_by(
    kdc: &Kdc,
    params: TgsParams,
    tgt: &Credential,
    name: PrincipalName<'static>,
    realm: &'static str,
) -> Result<TgsOutcome, ExchangeError> {
    let (mut exchange, request) = TgsExchange::start(params, tgt, &mut Rng(5), NOW).unwrap();
    let reply = answer(kdc, &request, NOW);
    let TgsRep(decoded) = TgsRep::from_der(&reply).unwrap();
    let mut ticket = decoded.ticket.ticket().clone();
    ticket.sname = name.clone();
    ticket.realm = KerberosString::from(realm);
    let ticket = ticket.to_der();
    let reply = edited(&request.payload, &reply, tgt, true, |part, reply| {
        part.sname = name;
        part.srealm = KerberosString::from(realm);
        reply.ticket = RawTicket::from_der(&ticket).unwrap();
    });
    match exchange.step(&reply, NOW)? {
        Step::Done(outcome) => Ok(*outcome),
        Step::Send(_) => panic!("unexpected second request"),
    }
}

fn is_server_fault(result: Result<TgsOutcome, ExchangeError>) {
    match result {
        Err(ExchangeError::Reply(ReplyFault::ServerName { .. })) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn invalid_referrals_and_renamings_are_refused() {
    let plain = || TgsParams::new(service());
    let canonicalize = || {
        let mut params = plain();
        params.options.canonicalize = true;
        params
    };
    // Nobody requested one.
    is_server_fault(answered_with(plain(), tgt_of("OTHER.COM"), "EXAMPLE.COM"));
    // From a KDC that cannot speak for that realm.
    is_server_fault(answered_with(
        canonicalize(),
        tgt_of("OTHER.COM"),
        "EVIL.COM",
    ));
    is_server_fault(answered_with(
        canonicalize(),
        host("www.example.com"),
        "EVIL.COM",
    ));
    // To the current realm.
    match answered_with(canonicalize(), tgt_of("EXAMPLE.COM"), "EXAMPLE.COM") {
        Err(ExchangeError::ReferralLoop { realm, .. }) => assert_eq!(realm, b"EXAMPLE.COM"),
        other => panic!("{other:?}"),
    }
    // Correct ones, for comparison.
    let outcome = answered_with(canonicalize(), tgt_of("OTHER.COM"), "EXAMPLE.COM");
    assert!(matches!(outcome, Ok(TgsOutcome::Referral { .. })));
    let outcome = answered_with(canonicalize(), host("other"), "EXAMPLE.COM");
    assert!(matches!(outcome, Ok(TgsOutcome::Ticket(_))));
    // Another name without permission, or instead of a TGT.
    is_server_fault(answered_with(plain(), host("other"), "EXAMPLE.COM"));
    let mut tgt = TgsParams::new(principal("krbtgt/OTHER.COM@EXAMPLE.COM"));
    tgt.options.canonicalize = true;
    is_server_fault(answered_with(tgt, host("other"), "EXAMPLE.COM"));
}

/// Active Directory, when asked for `www.example.com@example.com`.
#[test]
fn realm_alias_is_accepted_only_with_canonicalize() {
    let kdc = kdc();
    let mut tgt = login(&kdc);
    tgt.server = principal("krbtgt/EXAMPLE.COM@TRUE.EXAMPLE.COM");
    let answered = |canonicalize, name: &'static str, realm| {
        let mut params = TgsParams::new(service());
        params.options.canonicalize = canonicalize;
        answered_by(&kdc, params, &tgt, host(name), realm)
    };
    let outcome = answered(true, "www.example.com", "TRUE.EXAMPLE.COM");
    assert!(matches!(outcome, Ok(TgsOutcome::Ticket(_))), "{outcome:?}");
    is_server_fault(answered(false, "www.example.com", "TRUE.EXAMPLE.COM"));
    is_server_fault(answered(true, "other", "TRUE.EXAMPLE.COM"));
    is_server_fault(answered(true, "www.example.com", "EVIL.COM"));
}

#[test]
fn closer_tgt_than_requested_is_a_referral() {
    let far = TgsParams::new(principal("krbtgt/OTHER.COM@EXAMPLE.COM"));
    match answered_with(far, tgt_of("MIDDLE.COM"), "EXAMPLE.COM") {
        Ok(TgsOutcome::Referral { realm, .. }) => assert_eq!(realm, b"MIDDLE.COM"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn referral_tgt_is_never_marked_user_to_user() {
    let mut params = TgsParams::new(principal("alice@EXAMPLE.COM"));
    params.options.canonicalize = true;
    params.second_ticket = Some(login(&kdc()).ticket);
    match answered_with(params, tgt_of("OTHER.COM"), "EXAMPLE.COM") {
        Ok(TgsOutcome::Referral { tgt, .. }) => {
            assert!(!tgt.is_skey && tgt.second_ticket.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn renewal_that_returns_another_server_is_refused() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let mut params = TgsParams::renew(&tgt);
    params.options.canonicalize = true;
    is_server_fault(answered_with(params, tgt_of("OTHER.COM"), "EXAMPLE.COM"));
}

#[test]
fn untrusted_foreign_realm_cannot_set_ok_as_delegate() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let Ok(TgsOutcome::Referral { tgt: next, .. }) = run(&kdc, far(), &tgt, NOW) else {
        panic!("expected a referral");
    };
    let params = || TgsParams::new(principal("host/far.other.com@OTHER.COM"));
    let other = other_kdc();
    let flag = TicketFlags::OK_AS_DELEGATE;
    other.set_fault(Fault::AddedFlags(flag));
    assert!(!ticket(&other, params(), &next, NOW).flags.contains(flag));
    let mut trusted = next;
    trusted.flags |= flag;
    assert!(ticket(&other, params(), &trusted, NOW).flags.contains(flag));
    kdc.set_fault(Fault::AddedFlags(flag));
    let own = ticket(&kdc, TgsParams::new(service()), &tgt, NOW);
    assert!(own.flags.contains(flag));
}

fn host(name: &'static str) -> PrincipalName<'static> {
    PrincipalName {
        name_type: NameType::SRV_HST,
        name_string: SequenceOf::from(vec!["host".into(), name.into()]),
    }
}

//! Referrals (RFC 6806 §8): followed as far as they lead, and the alternatives.

use kerberos_asn1::{AuthorizationDataType, ErrorCode};
use kerberos_crypto::EncryptionType;
use kerberos_proto::{AuthorizationDataElement, ExchangeError, ReplyFault};

use crate::world::*;

const WWW: &str = "host/www@A";

/// Realms A, R1, R2 and so on, each of which says that the service is in the next.
fn chain(length: usize) -> World {
    let name = |number: usize| {
        if number == 0 {
            "A".to_owned()
        } else {
            format!("R{number}")
        }
    };
    World::new((0..=length).map(|number| {
        let (here, next) = (name(number), name(number + 1));
        if number == length {
            realm(&here, &[]).service("host/www")
        } else {
            realm(&here, &[&next]).account(lives_in("host/www", &next))
        }
    }))
}

#[test]
fn referrals_are_followed_to_the_realm_of_the_service() {
    let requests = ["A: host/www+", "R1: host/www+", "R2: host/www+"];
    let chased = chain(2).check(params(WWW), &requests, &["A", "R1", "R2"]);
    // A KDC issues the TGTs of referrals again each time, so they are not worth keeping.
    assert!(chased.tgts.is_empty());
}

#[test]
fn referrals_are_followed_from_the_named_realm() {
    let world = World::new([
        realm("A", &["B"]),
        realm("B", &["C"]).account(lives_in("host/www", "C")),
        realm("C", &[]).service("host/www"),
    ]);
    let requests = ["A: krbtgt/B", "B: host/www+", "C: host/www+"];
    world.check(params("host/www@B"), &requests, &["A", "B", "C"]);
}

#[test]
fn ten_referrals_are_followed_and_no_more() {
    let (result, asked) = chain(10).chase(params(WWW));
    assert_eq!((result.unwrap().hops.len(), asked.len()), (11, 11));
    let (result, asked) = chain(12).chase(params(WWW));
    match result.unwrap_err() {
        ExchangeError::TooManyReferrals { limit, realm, hops } => {
            assert_eq!((limit, realm.as_slice(), hops.len()), (10, &b"R11"[..], 11));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(asked.len(), 11);
    // Whoever says otherwise.
    let mut few = params(WWW);
    few.tgs.policy.max_referrals = 1;
    let (result, _) = chain(2).chase(few);
    assert!(matches!(
        result,
        Err(ExchangeError::TooManyReferrals { limit: 1, .. })
    ));
    let mut few = params(WWW);
    few.tgs.policy.max_requests = 2;
    let (result, asked) = chain(2).chase(few);
    assert!(matches!(
        result,
        Err(ExchangeError::TooManyRequests { limit: 2 })
    ));
    assert_eq!(asked.len(), 2);
}

#[test]
fn referral_loops_end_the_chase() {
    let world = World::new([
        realm("A", &["B"]).account(lives_in("host/www", "B")),
        realm("B", &["A", "C"]).account(lives_in("host/www", "C")),
        realm("C", &["B"]).account(lives_in("host/www", "B")),
    ]);
    let error = world.fails(
        params(WWW),
        &["A: host/www+", "B: host/www+", "C: host/www+"],
    );
    assert_eq!(
        error.to_string(),
        "referred back to realm B, by way of A, B, C"
    );
    assert_eq!(
        error.mit_tgs_message(),
        "Cannot contact any KDC for requested realm"
    );
    let world = World::new([
        realm("A", &["B"]).account(lives_in("host/www", "B")),
        realm("B", &["A"]).account(lives_in("host/www", "A")),
    ]);
    match world.fails(params(WWW), &["A: host/www+", "B: host/www+"]) {
        ExchangeError::ReferralLoop { realm, .. } => assert_eq!(realm, b"A"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn referral_to_the_same_realm_retries_without_canonicalize() {
    // Windows answers like this for some names.
    let mut world = World::new([realm("A", &[]).account(lives_in("host/www", "A"))]);
    world.without_referrals = Some(realm("A", &[]).service("host/www").build().unwrap());
    world.check(params(WWW), &["A: host/www+", "A: host/www"], &["A"]);
}

#[test]
fn renamed_service_retries_without_canonicalize() {
    let account = kerberos_testkdc::Account::new("host/true").alias("host/www");
    let mut world = World::new([realm("A", &[]).account(account)]);
    world.without_referrals = Some(realm("A", &[]).service("host/www").build().unwrap());
    world.check(params(WWW), &["A: host/www+", "A: host/www"], &["A"]);
    // Unless the client wants names corrected: then it gets the KDC's correction.
    world.without_referrals = None;
    let mut canonical = params(WWW);
    canonical.tgs.options.canonicalize = true;
    world.check(canonical, &["A: host/www+", "A: host/www+"], &["A"]);
}

#[test]
fn refusal_is_retried_once_without_canonicalize() {
    let mut world = World::new([realm("A", &["B"])]);
    let error = world.fails(params(WWW), &["A: host/www+", "A: host/www"]);
    assert_eq!(
        error.kdc_code(),
        Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN)
    );
    world.without_referrals = Some(realm("A", &[]).service("host/www").build().unwrap());
    world.check(params(WWW), &["A: host/www+", "A: host/www"], &["A"]);
    // After a referral there is no alternative.
    let world = World::new([
        realm("A", &["B"]).account(lives_in("host/www", "B")),
        realm("B", &[]),
    ]);
    let error = world.fails(params(WWW), &["A: host/www+", "B: host/www+"]);
    assert_eq!(
        error.mit_tgs_message(),
        "Server host/www@B not found in Kerberos database"
    );
}

#[test]
fn name_without_realm_starts_at_home_then_uses_fallback() {
    let nameless = || {
        let mut params = params(WWW);
        params.tgs.server = params.tgs.server.with_realm("");
        params
    };
    let world = World::new([
        realm("A", &["B", "C"]).service("host/www"),
        realm("B", &["A"]).service("host/b"),
    ]);
    world.check(nameless(), &["A: host/www+"], &["A"]);

    let b = |fallback: Option<&[u8]>| {
        let mut params = nameless();
        params.tgs.server = principal("host/b@").with_realm("");
        params.fallback_realm = fallback.map(<[u8]>::to_vec);
        params
    };
    let error = world.fails(b(None), &["A: host/b+"]);
    assert_eq!(
        error.kdc_code(),
        Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN)
    );
    let requests = ["A: host/b+", "A: krbtgt/B", "B: host/b"];
    let chased = world.check(b(Some(b"B")), &requests, &["A", "B"]);
    assert_eq!(chased.credential.server.to_string(), "host/b@");
    world.fails(b(Some(b"A")), &["A: host/b+", "A: host/b"]);
    world.fails(b(Some(b"NOWHERE")), &["A: host/b+", "A: krbtgt/NOWHERE"]);
}

#[test]
fn requested_tgt_is_returned_as_the_ticket() {
    let world = World::new([realm("A", &["B"]), realm("B", &["C"]), realm("C", &[])]);
    let chased = world.check(params("krbtgt/B@A"), &["A: krbtgt/B+"], &["A"]);
    assert_eq!(chased.credential.server, principal("krbtgt/B@A"));
    // A TGT of a more distant realm is chased from realm to realm.
    let world = World::new([
        realm("A", &["B"]).account(lives_in("krbtgt/C", "B")),
        realm("B", &["C"]),
    ]);
    let requests = ["A: krbtgt/C+", "B: krbtgt/C+"];
    world.check(params("krbtgt/C@A"), &requests, &["A", "B"]);
}

#[test]
fn a_referral_is_never_the_ticket_of_a_service() {
    let mut canonical = params(WWW);
    canonical.tgs.options.canonicalize = true;
    let world = World::new([realm("A", &["B"]).account(lives_in("host/www", "B"))]);
    // The first request fails; the second, which should return the ticket itself, returns a
    // referral.
    let (result, asked) = world.chase_spoilt(canonical, |count, request, reply| match count {
        1 => World::new([realm("A", &[])]).answer(request),
        _ => reply,
    });
    assert_eq!(asked.len(), 2);
    match result {
        Err(ExchangeError::Reply(ReplyFault::ServerName { got, .. })) => {
            assert_eq!(got, principal("krbtgt/B@A"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn referral_tgt_with_unrequested_enctype_is_refused() {
    let weak = EncryptionType::AES128_CTS_HMAC_SHA1_96;
    let world = chain(1);
    let mut strict = params(WWW);
    strict.tgs.etypes = vec![EncryptionType::AES256_CTS_HMAC_SHA1_96];
    let (result, _) = world.chase(strict.clone());
    result.unwrap();
    // The KDC may only issue what was requested: this is the answer to a request for the other
    // type.
    let (result, _) = world.chase_spoilt(strict, |_, request, reply| {
        let mut other = params(WWW);
        other.tgs.etypes = vec![weak];
        // With the same random numbers, so that the keys are the same and the answer can be
        // decrypted.
        let tgt = world.login();
        let started = kerberos_proto::TicketChase::start(other, &tgt, &mut Rng(7), NOW).unwrap();
        match started.1 {
            kerberos_proto::Step::Send(asked) if request.realm == b"A" => world.answer(&asked),
            _ => reply,
        }
    });
    match result {
        Err(ExchangeError::Reply(ReplyFault::SessionKeyNotOffered(etype))) => {
            assert_eq!(etype, weak);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn authorization_data_is_sent_once_and_kept_with_the_ticket() {
    let mut restricted = params(WWW);
    let restriction = AuthorizationDataElement {
        ad_type: AuthorizationDataType(1),
        ad_data: b"\x30\x00".to_vec(),
    };
    restricted.tgs.authorization_data = vec![restriction.clone()];
    let mut sent = Vec::new();
    let (result, _) = chain(1).chase_spoilt(restricted, |_, request, reply| {
        use kerberos_asn1::Decode as _;
        let kerberos_asn1::TgsReq(parsed) =
            kerberos_asn1::TgsReq::from_der(&request.payload).unwrap();
        sent.push(parsed.req_body.enc_authorization_data.is_some());
        reply
    });
    assert_eq!(sent, [true, false]);
    assert_eq!(result.unwrap().credential.authorization_data, [restriction]);
}

//! S4U2Self: within a realm and across.

use kerberos_asn1::{Decode, ErrorCode, PaDataType, PaForUser, PaS4uX509User, TgsReq, TicketFlags};
use kerberos_crypto::EncryptionType;
use kerberos_proto::{ExchangeError, Request, S4u2Self, S4uUser, Step, TgsParams};
use kerberos_testkdc::{Fault, S4uFault};

use crate::realms::*;

#[test]
fn s4u2self_works_within_a_realm() {
    let realms = Realms::new();
    let check = |user: &S4uUser, service: &str, expected: &str, forwardable: bool| {
        let (ticket, requests) = realms.to_self(user, service).unwrap();
        assert_eq!(ticket.client.to_string(), expected);
        assert_eq!(ticket.server, principal(service));
        assert_eq!(ticket.flags.contains(TicketFlags::FORWARDABLE), forwardable);
        assert!(!ticket.is_skey);
        assert!(ticket.second_ticket.is_empty());
        assert_eq!(requests.len(), 1);
    };
    check(&named("alice"), "HTTP/web", "alice@HOME.TEST", true);
    check(&named("alice"), "HTTP/tame", "alice@HOME.TEST", false);
    let alice = enterprise("alice@corp.example");
    check(&alice, "HTTP/web", "alice@HOME.TEST", true);
    // On behalf of itself, since the KDC says that it understood.
    check(&named("HTTP/web"), "HTTP/web", "HTTP/web@HOME.TEST", true);
}

#[test]
fn s4u2self_works_with_every_enctype() {
    for number in [17, 18, 19, 20, 25, 26, 23, 16] {
        let realms = Realms::with_etypes(&[EncryptionType(number)]);
        let (ticket, _) = realms.to_self(&named("alice"), "HTTP/web").unwrap();
        assert_eq!(ticket.client, principal("alice"), "{number}");
        assert_eq!(ticket.session_key.etype(), EncryptionType(number));
    }
}

#[test]
fn s4u2self_works_by_certificate() {
    let realms = Realms::new();
    // HOME.TEST has that user, under some name.
    let dave = S4uUser::Certificate(b"dave's certificate".to_vec());
    let tgt = realms.login("HTTP/web");
    let params = TgsParams::new(principal("HTTP/web"));
    let mut rng = Rng(3);
    let (mut machine, request) =
        S4u2Self::start(params, &dave, b"HOME.TEST", &tgt, &mut rng, NOW).unwrap();
    assert_eq!(padata_types(&request), [1, 130]);
    let reply = realms.answer(&request);
    let Step::Done(ticket) = machine.step(&reply, &mut rng, NOW).unwrap() else {
        panic!("unexpected second request");
    };
    assert_eq!(ticket.client, principal("dave"));
}

/// Anybody can forge an answer that the user belongs to this realm, but the KDC knows better.
#[test]
fn s4u2self_in_the_wrong_realm_is_refused() {
    let realms = Realms::new();
    let bob = enterprise("bob@corp.example");
    let tgt = realms.login("HTTP/web");
    let params = TgsParams::new(principal("HTTP/web"));
    let mut rng = Rng(3);
    let (mut machine, request) =
        S4u2Self::start(params, &bob, b"HOME.TEST", &tgt, &mut rng, NOW).unwrap();
    let reply = realms.answer(&request);
    let Err(ExchangeError::Kdc(error)) = machine.step(&reply, &mut rng, NOW) else {
        panic!("expected an error of the KDC");
    };
    assert_eq!(error.code, ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN);
}

#[test]
fn kdc_with_only_pa_for_user_cannot_rename_the_user() {
    let realms = Realms::new();
    realms.home.set_fault(Fault::S4u(S4uFault::NoPadata));
    let (ticket, _) = realms.to_self(&named("alice"), "HTTP/web").unwrap();
    assert_eq!(ticket.client, principal("alice"));
    // It cannot prove that the user has another name.
    let renamed = realms.to_self(&enterprise("alice@corp.example"), "HTTP/web");
    let Err(ExchangeError::Reply(fault)) = renamed else {
        panic!("{renamed:?}");
    };
    let text = fault.to_string();
    assert!(
        text.contains("for client alice@HOME.TEST instead of"),
        "{text}"
    );
}

#[test]
fn s4u2self_works_across_realms() {
    let realms = Realms::new();
    let user = enterprise("bob@corp.example");
    let (ticket, requests) = realms.to_self(&user, "HTTP/web").unwrap();
    assert_eq!(ticket.client.to_string(), "bob@USER.TEST");
    assert_eq!(ticket.server, principal("HTTP/web"));
    let asked: Vec<_> = requests.iter().map(describe).collect();
    let expected = [
        // The user's realm may correct the name, and the others get the corrected one. In foreign
        // realms the service uses its full name, at home its own.
        "USER.TEST: [HTTP/web@HOME.TEST] for [bob@corp.example]@USER.TEST, twice",
        "MID.TEST: [HTTP/web@HOME.TEST] for [bob]@USER.TEST, twice",
        "HOME.TEST: [HTTP, web] for [bob]@USER.TEST, twice",
    ];
    assert_eq!(asked, expected);
}

#[test]
fn certificate_is_sent_only_to_the_realm_of_the_user() {
    let realms = Realms::new();
    let user = S4uUser::Certificate(CERTIFICATE.to_vec());
    let tgt = realms.tgt_for(b"USER.TEST", &realms.login("HTTP/web"));
    let params = TgsParams::new(principal("HTTP/web"));
    let mut rng = Rng(3);
    let (mut machine, mut request) =
        S4u2Self::start(params, &user, b"USER.TEST", &tgt, &mut rng, NOW).unwrap();
    let mut certificates = Vec::new();
    let ticket = loop {
        let TgsReq(decoded) = TgsReq::from_der(&request.payload).unwrap();
        let x509 = find(&decoded, PaDataType::FOR_X509_USER).unwrap();
        let x509 = PaS4uX509User::from_der(x509).unwrap();
        certificates.push(x509.user_id.subject_certificate.is_some());
        match machine
            .step(&realms.answer(&request), &mut rng, NOW)
            .unwrap()
        {
            Step::Send(next) => request = next,
            Step::Done(ticket) => break ticket,
        }
    };
    assert_eq!(ticket.client.to_string(), "bob@USER.TEST");
    // It can only be used in the user's realm.
    assert_eq!(certificates, [true, false, false]);
}

#[test]
fn refusals_carry_the_code_of_the_kdc() {
    let realms = Realms::new();
    let code = |user: &str, service: &str| {
        let refused = realms.to_self(&named(user), service).unwrap_err();
        refused.kdc_code().unwrap()
    };
    let unknown = ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN;
    assert_eq!(code("nobody", "HTTP/web"), unknown);
    assert_eq!(code("nobody@USER.TEST", "HTTP/web"), unknown);
    // The service's realm accepts a foreign user only from the user's realm.
    let tgt = realms.login("HTTP/web");
    let params = TgsParams::new(principal("HTTP/web"));
    let user = named("bob@USER.TEST");
    let mut rng = Rng(3);
    let (mut machine, request) =
        S4u2Self::start(params, &user, b"HOME.TEST", &tgt, &mut rng, NOW).unwrap();
    let reply = realms.answer(&request);
    let refused = machine.step(&reply, &mut rng, NOW).unwrap_err();
    assert_eq!(refused.kdc_code(), Some(ErrorCode::KDC_ERR_POLICY));
    let over = machine.step(&reply, &mut rng, NOW).unwrap_err();
    assert!(matches!(over, ExchangeError::Finished), "{over:?}");
}

/// For a request: the client, the service, and on whose behalf it is, in how many ways.
fn describe(request: &Request) -> String {
    let TgsReq(decoded) = TgsReq::from_der(&request.payload).unwrap();
    let list = |name: &kerberos_asn1::PrincipalName<'_>| {
        let parts = name.name_string.iter();
        let parts: Vec<_> = parts
            .map(|part| String::from_utf8_lossy(part.0).into_owned())
            .collect();
        format!("[{}]", parts.join(", "))
    };
    let x509 = find(&decoded, PaDataType::FOR_X509_USER).unwrap();
    let x509 = PaS4uX509User::from_der(x509).unwrap().user_id;
    let for_user = find(&decoded, PaDataType::FOR_USER).unwrap();
    let for_user = PaForUser::from_der(for_user).unwrap();
    let twice =
        Some(&for_user.user_name) == x509.cname.as_ref() && for_user.user_realm == x509.crealm;
    format!(
        "{}: {} for {}@{}{}",
        String::from_utf8_lossy(&request.realm),
        list(&decoded.req_body.sname.unwrap()),
        list(&x509.cname.unwrap()),
        String::from_utf8_lossy(x509.crealm.0),
        if twice { ", twice" } else { "" }
    )
}

fn padata_types(request: &Request) -> Vec<i32> {
    let TgsReq(decoded) = TgsReq::from_der(&request.payload).unwrap();
    let padata = decoded.padata.unwrap();
    padata.iter().map(|one| one.padata_type.0).collect()
}

fn find<'a>(request: &kerberos_asn1::KdcReq<'a>, wanted: PaDataType) -> Option<&'a [u8]> {
    let padata = request.padata.as_ref()?;
    let found = padata.iter().find(|one| one.padata_type == wanted)?;
    Some(found.padata_value)
}

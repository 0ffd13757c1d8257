//! Finding the realm of a user.

use kerberos_asn1::{AsReq, Decode, ErrorCode, KdcOptions, NameType, PaDataType};
use kerberos_proto::{ExchangeError, Policy, S4uUser, Step, UserRealm};
use kerberos_testkdc::Fault;

use crate::realms::*;

#[test]
fn realm_comes_from_the_name_or_from_a_kdc() {
    let realms = Realms::new();
    let check = |user: S4uUser, expected: &str| {
        let found = realms.realm_of(&user).unwrap();
        assert_eq!(String::from_utf8(found).unwrap(), expected, "{user:?}");
    };
    check(named("whoever@ELSEWHERE.TEST"), "ELSEWHERE.TEST");
    check(
        named("WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS"),
        "HOME.TEST",
    );
    assert_eq!(realms.home.requests().len(), 0);
    check(enterprise("alice@corp.example"), "HOME.TEST");
    check(enterprise("bob@corp.example"), "USER.TEST");
    // A KDC that refuses the login itself knows the user.
    realms
        .home
        .set_fault_once(Fault::Error(ErrorCode::KDC_ERR_KEY_EXPIRED));
    check(enterprise("alice@corp.example"), "HOME.TEST");
}

#[test]
fn request_by_certificate_has_the_expected_contents() {
    let (_, step) = start(&S4uUser::Certificate(CERTIFICATE.to_vec()));
    let Step::Send(request) = step else {
        panic!("expected a request to a KDC");
    };
    assert_eq!(request.realm, b"HOME.TEST");
    let AsReq(request) = AsReq::from_der(&request.payload).unwrap();
    let name = request.req_body.cname.unwrap();
    assert_eq!(name.name_type, NameType::X500_PRINCIPAL);
    assert_eq!(name.name_string.iter().collect::<Vec<_>>(), ["".into()]);
    let options = request.req_body.kdc_options;
    assert!(options.contains(KdcOptions::CANONICALIZE));
    assert!(!options.contains(KdcOptions::FORWARDABLE));
    let till = request.req_body.till.unix();
    assert_eq!(till - NOW.seconds, 15);
    let padata = request.padata.unwrap();
    let types: Vec<_> = padata.iter().map(|one| one.padata_type).collect();
    let expected = [
        PaDataType::AS_FRESHNESS,
        PaDataType::REQ_ENC_PA_REP,
        PaDataType::FOR_X509_USER,
    ];
    assert_eq!(types, expected);
    let last = padata.iter().last().unwrap();
    assert_eq!(last.padata_value, CERTIFICATE);
}

#[test]
fn refusals_carry_the_code_of_the_kdc() {
    let realms = Realms::new();
    let code = |user| realms.realm_of(&user).unwrap_err().kdc_code();
    let unknown = Some(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN);
    assert_eq!(code(enterprise("nobody@corp.example")), unknown);
    realms
        .home
        .set_fault(Fault::Error(ErrorCode::KDC_ERR_CLIENT_REVOKED));
    let revoked = Some(ErrorCode::KDC_ERR_CLIENT_REVOKED);
    assert_eq!(code(enterprise("alice@corp.example")), revoked);
    realms.home.clear_faults();
    realms.home.set_fault(Fault::Garbage);
    let error = realms.realm_of(&enterprise("alice@corp.example"));
    let error = error.unwrap_err();
    assert!(
        matches!(error, ExchangeError::UnexpectedMessage),
        "{error:?}"
    );
}

#[test]
fn preauth_failed_is_retried_once_without_padata() {
    let realms = Realms::new();
    let failed = Fault::Error(ErrorCode::KDC_ERR_PREAUTH_FAILED);
    realms.home.set_fault_once(failed.clone());
    let alice = enterprise("alice@corp.example");
    assert_eq!(realms.realm_of(&alice).unwrap(), b"HOME.TEST");
    let padata: Vec<_> = realms
        .home
        .requests()
        .iter()
        .map(|one| AsReq::from_der(&one.message).unwrap().0.padata.is_some())
        .collect();
    assert_eq!(padata, [true, false]);
    // Not forever.
    realms.home.set_fault(failed);
    let error = realms.realm_of(&alice).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_PREAUTH_FAILED));
}

#[test]
fn response_too_big_is_retried_over_a_stream() {
    let realms = Realms::new();
    realms.home.set_fault(Fault::TooBigForUdp);
    let alice = enterprise("alice@corp.example");
    assert_eq!(realms.realm_of(&alice).unwrap(), b"HOME.TEST");
}

#[test]
fn referral_to_the_asked_realm_ends_the_search() {
    // The answer that sent us to USER.TEST, now from USER.TEST: a circular referral.
    let realms = Realms::new();
    let bob = enterprise("bob@corp.example");
    let (mut search, step) = start(&bob);
    let Step::Send(request) = step else {
        panic!("expected a request to a KDC");
    };
    let referral = realms.answer(&request);
    let mut rng = Rng(2);
    let next = search.step(&referral, &mut rng, NOW).unwrap();
    assert!(matches!(next, Step::Send(next) if next.realm == b"USER.TEST"));
    // It names the realm that is being asked, which is not a referral, so the search ends.
    let error = search.step(&referral, &mut rng, NOW).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_WRONG_REALM));
    let error = search.step(&referral, &mut rng, NOW).unwrap_err();
    assert!(matches!(error, ExchangeError::Finished), "{error:?}");
}

fn start(user: &S4uUser) -> (UserRealm, Step<Vec<u8>>) {
    let policy = Policy::default();
    UserRealm::start(user, b"HOME.TEST", policy, &mut Rng(2), NOW).unwrap()
}

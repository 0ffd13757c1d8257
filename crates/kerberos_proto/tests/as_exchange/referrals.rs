//! Client referrals (RFC 6806 §7): another realm knows the client.

use kerberos_asn1::{AsReq, Decode, ErrorCode, NameType};
use kerberos_proto::{AsParams, ExchangeError, Principal};

use super::kdc::*;

/// The KDC of `EXAMPLE.COM`, whose first answers refer the client to `realms`.
fn referring(code: ErrorCode, realms: &[&str]) -> Kdc {
    let mut kdc = Kdc::new();
    kdc.script = realms
        .iter()
        .map(|realm| kdc.error_of(code, NOW, None, Some(realm)))
        .collect();
    if let Some(last) = realms.last() {
        kdc.realm = (*last).into();
        kdc.client = kdc.client.with_realm(*last);
    }
    kdc
}

fn canonical() -> AsParams {
    let mut params = alice();
    params.options.canonicalize = true;
    params
}

#[test]
fn wrong_realm_and_unknown_client_referrals_are_followed() {
    for code in [
        ErrorCode::KDC_ERR_WRONG_REALM,
        ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN,
    ] {
        let mut kdc = referring(code, &["A", "B"]);
        let mut realms = Vec::new();
        let login = kdc
            .login_with(canonical(), password(), |request| {
                realms.push(String::from_utf8(request.realm.clone()).unwrap());
            })
            .unwrap();
        assert_eq!(realms, ["EXAMPLE.COM", "A", "B", "B"]);
        assert_eq!(login.credential.client.to_string(), "alice@B");
        assert_eq!(login.credential.server.to_string(), "krbtgt/B@B");
    }
}

#[test]
fn an_enterprise_name_implies_canonicalisation() {
    let mut kdc = referring(ErrorCode::KDC_ERR_WRONG_REALM, &["AD"]);
    kdc.salt = Some(b"ADalice".to_vec());
    let client = Principal::parse_enterprise("alice@mail.example", "EXAMPLE.COM").unwrap();
    let login = kdc.login(AsParams::new(client), password()).unwrap();
    assert_eq!(login.credential.client.to_string(), "alice@AD");
    let AsReq(request) = AsReq::from_der(kdc.requests.last().unwrap()).unwrap();
    let cname = request.req_body.cname.unwrap();
    assert_eq!(cname.name_type, NameType::ENTERPRISE);
    assert_eq!(cname.name_string.first().unwrap().0, b"alice@mail.example");
    assert_eq!(request.req_body.realm.0, b"AD");
}

#[test]
fn referrals_without_canonicalize_are_not_followed() {
    for code in [
        ErrorCode::KDC_ERR_WRONG_REALM,
        ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN,
    ] {
        let mut kdc = referring(code, &["A"]);
        let error = kdc.login(alice(), password()).unwrap_err();
        assert_eq!(error.kdc_code(), Some(code));
        assert_eq!(
            error.kdc_error().unwrap().client_realm.as_deref(),
            Some(&b"A"[..])
        );
    }
}

#[test]
fn error_naming_the_asked_realm_is_not_a_referral() {
    let mut kdc = Kdc::new();
    kdc.script = vec![kdc.error(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, NOW, None)];
    let error = kdc.login(canonical(), password()).unwrap_err();
    assert_eq!(
        error.mit_message(),
        "Client 'alice@EXAMPLE.COM' not found in Kerberos database"
    );
    let mut kdc = Kdc::new();
    kdc.script = vec![kdc.error_of(ErrorCode::KDC_ERR_WRONG_REALM, NOW, None, None)];
    let error = kdc.login(canonical(), password()).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_WRONG_REALM));
}

#[test]
fn referral_loops_and_long_chains_are_errors() {
    let mut kdc = referring(ErrorCode::KDC_ERR_WRONG_REALM, &["A", "B", "EXAMPLE.COM"]);
    let error = kdc.login(canonical(), password()).unwrap_err();
    assert!(matches!(&error, ExchangeError::ReferralLoop { realm, .. } if realm == b"EXAMPLE.COM"));

    let realms: Vec<String> = (0..20).map(|number| format!("R{number}")).collect();
    let realms: Vec<&str> = realms.iter().map(String::as_str).collect();
    let mut kdc = referring(ErrorCode::KDC_ERR_WRONG_REALM, &realms);
    let error = kdc.login(canonical(), password()).unwrap_err();
    assert!(matches!(
        &error,
        ExchangeError::TooManyReferrals { limit: 10, realm, .. } if realm == b"R10"
    ));
    assert_eq!(kdc.requests.len(), 11);
}

//! Which tickets a TGS-REQ may contain, and for what.

use std::time::Duration;

use kerberos_asn1::{EncKdcRepPart, ErrorCode, KdcOptions, TicketFlags};
use kerberos_testkdc::{Fault, Kdc};

use crate::client::{Client, HOUR, Login, NOW, REALM, TgsClient, at, error_code, users};

const TGS: &[&str] = &["krbtgt", REALM];
const WWW: &[&str] = &["host", "www"];

/// A login, and its KDC.
fn login(client: &Client) -> (Kdc, Login) {
    let kdc = users().build().unwrap();
    let login = client.expect_login(&kdc);
    (kdc, login)
}

#[test]
fn service_ticket_is_not_accepted_as_a_tgt() {
    let (kdc, login) = login(&Client {
        server: WWW,
        options: KdcOptions::RENEWABLE | KdcOptions::PROXIABLE,
        rtime: Some(at(48 * HOUR)),
        ..Client::default()
    });
    let check = |options, server, expected| {
        let asked = TgsClient::new(&login, options, server);
        assert_eq!(asked.expect_error(&kdc), expected, "{options:?}");
    };
    let none = KdcOptions::empty();
    check(none, WWW, ErrorCode::KRB_AP_ERR_NOT_US);
    check(none, TGS, ErrorCode::KRB_AP_ERR_NOT_US);
    check(KdcOptions::PROXY, TGS, ErrorCode::KDC_ERR_SERVER_NOMATCH);
    check(KdcOptions::RENEW, TGS, ErrorCode::KDC_ERR_SERVER_NOMATCH);
    // But it can be renewed.
    for options in [KdcOptions::RENEW, KdcOptions::PROXY] {
        TgsClient::new(&login, options, WWW).get(&kdc).unwrap();
    }
}

#[test]
fn tgt_cannot_be_renewed_into_a_service_ticket() {
    let (kdc, login) = login(&Client {
        options: KdcOptions::RENEWABLE,
        rtime: Some(at(48 * HOUR)),
        ..Client::default()
    });
    for options in [KdcOptions::RENEW, KdcOptions::VALIDATE] {
        let refused = TgsClient::new(&login, options, WWW).expect_error(&kdc);
        assert_eq!(refused, ErrorCode::KDC_ERR_SERVER_NOMATCH, "{options:?}");
    }
}

#[test]
fn ticket_that_is_not_yet_valid_is_refused() {
    let (kdc, postdated) = login(&Client {
        options: KdcOptions::POSTDATED | KdcOptions::ALLOW_POSTDATE,
        from: Some(at(120)),
        ..Client::default()
    });
    let later = NOW + Duration::from_secs(120);
    let early = ErrorCode::KRB_AP_ERR_TKT_NYV;
    let get = |options, server| TgsClient::new(&postdated, options, server).get_at(&kdc, later);
    // Even when its time has come, the ticket must be validated first.
    let refused = get(KdcOptions::empty(), WWW).unwrap_err();
    assert_eq!(error_code(&refused), early);
    let refused = get(KdcOptions::RENEW, TGS).unwrap_err();
    assert_eq!(error_code(&refused), early);
    let (_, part) = get(KdcOptions::VALIDATE, TGS).unwrap();
    let part = EncKdcRepPart::from_der_any_tag(&part).unwrap();
    assert!(!part.flags.contains(TicketFlags::INVALID));

    // A ticket that needs no validation.
    let kdc = users().build().unwrap();
    kdc.set_fault_once(Fault::StarttimeInFuture);
    let early_bird = Client::default().expect_login(&kdc);
    let asked = TgsClient::new(&early_bird, KdcOptions::empty(), WWW);
    assert_eq!(asked.expect_error(&kdc), early);
}

#[test]
fn tgs_req_for_another_realm_is_refused() {
    let (kdc, login) = login(&Client::default());
    let asked = TgsClient {
        realm: "OTHER.REALM",
        ..TgsClient::new(&login, KdcOptions::empty(), WWW)
    };
    assert_eq!(asked.expect_error(&kdc), ErrorCode::KDC_ERR_WRONG_REALM);
}

#[test]
fn wrong_kvno_etype_or_version_of_a_ticket_is_refused() {
    let (kdc, login) = login(&Client::default());
    let asked = |kvno, authenticator_etype| TgsClient {
        ticket_kvno: kvno,
        authenticator_etype,
        ..TgsClient::new(&login, KdcOptions::empty(), WWW)
    };
    let refused = asked(Some(2), 18).expect_error(&kdc);
    assert_eq!(refused, ErrorCode::KRB_AP_ERR_BADKEYVER);
    let refused = asked(Some(1), 17).expect_error(&kdc);
    assert_eq!(refused, ErrorCode::KRB_AP_ERR_BAD_INTEGRITY);
    let other_version = TgsClient {
        ticket_version: 4,
        ..asked(Some(1), 18)
    };
    assert_eq!(
        other_version.expect_error(&kdc),
        ErrorCode::KRB_AP_ERR_BADVERSION
    );
    for kvno in [None, Some(1)] {
        asked(kvno, 18).get(&kdc).unwrap();
    }
}

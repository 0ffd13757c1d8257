//! A first request that is preauthenticated at once: when this happens, what it saves, and that a
//! KDC that counts failures never counts more of them than in the ordinary exchange.

use kerberos_asn1::{AsReq, Decode, EncryptedData, ErrorCode, PaDataType};
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_proto::{AsParams, ExchangeError, KeyEntry, LastPreauth, Login, Secret};

use super::kdc::*;
use super::preauth::pa_types;

/// Alice, who logged in by encrypted timestamp with a key of this type.
fn again(etype: impl Into<Option<EncryptionType>>) -> AsParams {
    let mut params = alice();
    let mut last = LastPreauth::new(2);
    last.etype = etype.into();
    params.last_preauth = Some(last);
    params
}

/// For each request, the type of the key that encrypts its timestamp, if it has one.
fn timestamps(kdc: &Kdc) -> Vec<Option<i32>> {
    let of = |request: &Vec<u8>| {
        let AsReq(request) = AsReq::from_der(request).unwrap();
        let mut padata = request.padata.as_ref()?.iter();
        let timestamp = padata.find(|one| one.padata_type == PaDataType::ENC_TIMESTAMP)?;
        Some(
            EncryptedData::from_der(timestamp.padata_value)
                .unwrap()
                .etype,
        )
    };
    kdc.requests.iter().map(of).collect()
}

fn check(kdc: &mut Kdc, params: AsParams, secret: Secret, shown: &[Option<i32>]) -> Login {
    let login = kdc.login(params, secret).unwrap();
    assert_eq!(timestamps(kdc), shown);
    login
}

/// Keys of these types that belong to nobody.
fn wrong_keys(etypes: &[EncryptionType]) -> Secret {
    let entry = |&etype: &EncryptionType| KeyEntry {
        kvno: 9,
        key: KeyBlock::new(etype, vec![7; etype.key_size().unwrap()]),
    };
    Secret::Keys(etypes.iter().map(entry).collect())
}

#[test]
fn optimistic_login_takes_one_round_trip() {
    let ordinary = check(
        &mut Kdc::new(),
        alice(),
        Kdc::new().keytab(),
        &[None, Some(18)],
    );
    let mut kdc = Kdc::new();
    let secret = kdc.keytab();
    let login = check(&mut kdc, again(AES256), secret, &[Some(18)]);
    assert_eq!(login.pa_type, Some(2));
    assert_eq!(login.pa_type, ordinary.pa_type);
    assert_eq!(login.pa_etype, None);
    assert_eq!(login.reply_key_etype, ordinary.reply_key_etype);
    assert_eq!(login.fast_avail, ordinary.fast_avail);
    // Everything else is as in any first request.
    assert_eq!(pa_types(&kdc.requests[0]), [2, 150, 149]);
}

#[test]
fn optimistic_only_if_ordinary_login_would_use_the_same_key() {
    let two = || Kdc {
        etypes: vec![AES256, AES128],
        ..Kdc::new()
    };
    let ordinary = [None, Some(18)];
    // It is not known which of two keys the last login used, or it was the other one.
    check(&mut two(), again(None), two().keytab(), &ordinary);
    check(&mut two(), again(AES128), two().keytab(), &ordinary);
    let login = check(&mut two(), again(AES256), two().keytab(), &[Some(18)]);
    assert_eq!(login.pa_etype, Some(AES256));
    // The ordinary exchange reports this, if there is anything to report.
    let login = check(&mut two(), alice(), two().keytab(), &ordinary);
    assert_eq!(login.pa_etype, Some(AES256));
    assert_eq!(
        check(&mut two(), alice(), password(), &ordinary).pa_etype,
        None
    );
    let mut open = Kdc {
        preauth: false,
        ..two()
    };
    assert_eq!(
        check(&mut open, alice(), two().keytab(), &[None]).pa_etype,
        None
    );
    // With a single key there is no doubt, unless the last login used another.
    check(
        &mut Kdc::new(),
        again(None),
        Kdc::new().keytab(),
        &[Some(18)],
    );
    check(&mut Kdc::new(), again(RC4), Kdc::new().keytab(), &ordinary);
    // The first of the client's types, not the first of the keytab's.
    let mut params = again(AES128);
    params.policy.etypes = vec![AES128];
    let mut kdc = Kdc {
        session_etype: AES128,
        ..two()
    };
    check(&mut kdc, params, two().keytab(), &[Some(17)]);
    // Only the KDC knows the salt of a password.
    check(&mut Kdc::new(), again(AES256), password(), &ordinary);
}

#[test]
fn optimistic_only_after_encrypted_timestamp_and_if_allowed() {
    for pa_type in [0, 16, 138, 151, -1] {
        let mut params = again(AES256);
        params.last_preauth = Some(LastPreauth::new(pa_type));
        check(
            &mut Kdc::new(),
            params,
            Kdc::new().keytab(),
            &[None, Some(18)],
        );
    }
    let mut params = again(AES256);
    params.policy.disable_encrypted_timestamp = true;
    let mut kdc = Kdc::without_preauth();
    let secret = kdc.keytab();
    check(&mut kdc, params.clone(), secret, &[None]);
    let mut kdc = Kdc::new();
    let secret = kdc.keytab();
    let error = kdc.login(params, secret).unwrap_err();
    assert!(
        matches!(error, ExchangeError::TimestampDisabled),
        "{error:?}"
    );
    assert_eq!(timestamps(&kdc), [None]);
}

#[test]
fn kdc_without_preauth_accepts_an_optimistic_request() {
    let mut kdc = Kdc::without_preauth();
    let secret = kdc.keytab();
    check(&mut kdc, again(AES256), secret, &[Some(18)]);
}

#[test]
fn wrong_key_is_sent_only_once() {
    let mut ordinary = Kdc::new();
    let expected = ordinary.login(alice(), wrong_keys(&[AES256])).unwrap_err();
    let mut kdc = Kdc::new();
    let error = kdc.login(again(AES256), wrong_keys(&[AES256])).unwrap_err();
    assert_eq!(timestamps(&kdc), [Some(18), None]);
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_PREAUTH_FAILED));
    assert_eq!(error.to_string(), expected.to_string());
    assert_eq!(error.mit_message(), expected.mit_message());
    assert_eq!(kdc.requests.len(), ordinary.requests.len());
}

#[test]
fn refused_enctype_falls_back_to_the_ordinary_exchange() {
    // The account no longer has AES keys. The KDC refuses the key and then says which type it has.
    let mut kdc = Kdc {
        etypes: vec![RC4],
        ..Kdc::new()
    };
    let Secret::Keys(mut keys) = kdc.keytab() else {
        unreachable!()
    };
    let Secret::Keys(gone) = wrong_keys(&[AES256]) else {
        unreachable!()
    };
    let gone = KeyEntry {
        kvno: 1,
        ..gone[0].clone()
    };
    keys.push(gone);
    let code = ErrorCode::KDC_ERR_ETYPE_NOSUPP;
    kdc.script = vec![kdc.error(code, NOW, None)];
    let secret = Secret::Keys(keys.clone());
    check(&mut kdc, again(AES256), secret, &[Some(18), None, Some(23)]);
    let mut kdc = Kdc {
        etypes: vec![RC4],
        ..Kdc::new()
    };
    check(
        &mut kdc,
        again(AES256),
        Secret::Keys(keys),
        &[Some(18), None, Some(23)],
    );
}

#[test]
fn clock_skew_falls_back_to_the_ordinary_exchange() {
    for ahead in [-7200, 7200] {
        let mut kdc = Kdc {
            ahead,
            ..Kdc::new()
        };
        let secret = kdc.keytab();
        check(&mut kdc, again(AES256), secret, &[Some(18), None, Some(18)]);
    }
}

#[test]
fn ignored_timestamp_is_sent_again_as_the_kdc_asks() {
    let mut kdc = Kdc::new();
    let list = kdc.method_data(true);
    kdc.script = vec![kdc.error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, NOW, Some(&list))];
    let secret = kdc.keytab();
    check(&mut kdc, again(AES256), secret, &[Some(18), Some(18)]);
    // And does not say what it wants instead.
    for code in [
        ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
        ErrorCode::KDC_ERR_PADATA_TYPE_NOSUPP,
        ErrorCode::KRB_ERR_GENERIC,
        ErrorCode::KDC_ERR_PREAUTH_EXPIRED,
    ] {
        let mut kdc = Kdc::new();
        kdc.script = vec![kdc.error(code, NOW, None)];
        let secret = kdc.keytab();
        check(&mut kdc, again(AES256), secret, &[Some(18), None, Some(18)]);
    }
}

#[test]
fn key_is_not_sent_again_after_preauth_failed() {
    let mut kdc = Kdc::new();
    let failed = kdc.error(ErrorCode::KDC_ERR_PREAUTH_FAILED, NOW, None);
    kdc.script = vec![failed.clone(), failed];
    let secret = kdc.keytab();
    let error = kdc.login(again(AES256), secret).unwrap_err();
    // It may have counted the first failure, so it is not shown the key again.
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_PREAUTH_FAILED));
    assert_eq!(timestamps(&kdc), [Some(18), None, None]);
}

#[test]
fn errors_about_the_client_end_the_exchange_at_once() {
    for code in [
        ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN,
        ErrorCode::KDC_ERR_CLIENT_REVOKED,
        ErrorCode::KDC_ERR_KEY_EXPIRED,
        ErrorCode::KDC_ERR_NAME_EXP,
    ] {
        let mut kdc = Kdc::new();
        kdc.script = vec![kdc.error(code, NOW, None)];
        let secret = kdc.keytab();
        let error = kdc.login(again(AES256), secret).unwrap_err();
        assert_eq!(error.kdc_code(), Some(code));
        assert_eq!(timestamps(&kdc), [Some(18)]);
    }
}

#[test]
fn referral_realm_gets_no_optimistic_request() {
    let mut kdc = Kdc {
        realm: "OTHER.REALM".into(),
        ..Kdc::new()
    };
    let refer = |kdc: &Kdc| {
        kdc.error_of(
            ErrorCode::KDC_ERR_WRONG_REALM,
            NOW,
            None,
            Some("OTHER.REALM"),
        )
    };
    kdc.script = vec![refer(&kdc)];
    let mut params = again(AES256);
    params.options.canonicalize = true;
    let secret = kdc.keytab();
    check(
        &mut kdc,
        params.clone(),
        secret,
        &[Some(18), None, Some(18)],
    );
    // A refusal by the first realm's KDC does not prevent showing the key to the second.
    let mut kdc = Kdc {
        realm: "OTHER.REALM".into(),
        ..Kdc::new()
    };
    let failed = kdc.error(ErrorCode::KDC_ERR_PREAUTH_FAILED, NOW, None);
    kdc.script = vec![failed, refer(&kdc)];
    let secret = kdc.keytab();
    check(&mut kdc, params, secret, &[Some(18), None, None, Some(18)]);
}

#[test]
fn endless_kdc_errors_end_within_16_requests() {
    for code in [
        ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
        ErrorCode::KDC_ERR_PREAUTH_FAILED,
        ErrorCode::KRB_AP_ERR_SKEW,
        ErrorCode::KRB_ERR_GENERIC,
    ] {
        for data in [false, true] {
            let mut kdc = Kdc::new();
            let list = kdc.method_data(true);
            let again_and_again = kdc.error(code, NOW, data.then_some(&list));
            kdc.script = vec![again_and_again; 100];
            let secret = kdc.keytab();
            kdc.login(again(AES256), secret).unwrap_err();
            assert!(kdc.requests.len() <= 16, "{code}: {}", kdc.requests.len());
            let failures = timestamps(&kdc).iter().flatten().count();
            if code == ErrorCode::KDC_ERR_PREAUTH_FAILED {
                assert_eq!(failures, 1);
            }
        }
    }
}

#[test]
fn response_too_big_is_retried_over_a_stream() {
    let mut kdc = Kdc::new();
    kdc.script = vec![kdc.error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG, NOW, None)];
    let secret = kdc.keytab();
    let mut streams = Vec::new();
    kdc.login_with(again(AES256), secret, |request| {
        streams.push(request.stream_only);
    })
    .unwrap();
    assert_eq!(streams, [false, true]);
    assert_eq!(timestamps(&kdc), [Some(18), Some(18)]);
}

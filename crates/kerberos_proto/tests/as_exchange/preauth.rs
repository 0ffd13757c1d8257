//! The rounds of preauthentication: retries, cookies, expiry, more data, and limits.

use kerberos_asn1::{
    AsReq, Decode, Encode, ErrorCode, MethodData, PaData, PaDataType, TypedData, TypedDataEntry,
};
use kerberos_proto::ExchangeError;

use super::kdc::*;

/// The types of padata in `request`, in order.
pub(crate) fn pa_types(request: &[u8]) -> Vec<i32> {
    let AsReq(request) = AsReq::from_der(request).unwrap();
    request
        .padata
        .iter()
        .flat_map(|list| list.iter())
        .map(|pa| pa.padata_type.0)
        .collect()
}

fn nonce(request: &[u8]) -> u32 {
    AsReq::from_der(request).unwrap().0.req_body.nonce
}

#[test]
fn requests_carry_the_expected_padata() {
    let mut kdc = Kdc::new();
    kdc.login(alice(), password()).unwrap();
    assert_eq!(pa_types(&kdc.requests[0]), [150, 149]);
    assert_eq!(pa_types(&kdc.requests[1]), [133, 2, 150, 149]);
    for (request_pac, value) in [(true, 0xff), (false, 0)] {
        let mut kdc = Kdc::without_preauth();
        let mut params = alice();
        params.request_pac = Some(request_pac);
        kdc.login(params, password()).unwrap();
        assert_eq!(pa_types(&kdc.requests[0]), [150, 149, 128]);
        let AsReq(request) = AsReq::from_der(&kdc.requests[0]).unwrap();
        let pac = request.padata.unwrap().iter().last().unwrap();
        assert_eq!(pac.padata_value, [0x30, 5, 0xa0, 3, 1, 1, value]);
    }
}

#[test]
fn each_request_has_a_nonce_of_its_own() {
    let mut kdc = Kdc::new();
    kdc.login(alice(), password()).unwrap();
    let nonces: Vec<_> = kdc.requests.iter().map(|request| nonce(request)).collect();
    assert_ne!(nonces[0], nonces[1]);
    assert!(nonces.iter().all(|&nonce| nonce < 1 << 31));
}

#[test]
fn fx_cookie_is_returned_unchanged() {
    let mut kdc = Kdc {
        cookie: Some(b"\0any \xff bytes"),
        ..Kdc::new()
    };
    kdc.login(alice(), password()).unwrap();
    let AsReq(request) = AsReq::from_der(&kdc.requests[1]).unwrap();
    let cookie = request.padata.unwrap().first().unwrap();
    assert_eq!(cookie.padata_type, PaDataType::FX_COOKIE);
    assert_eq!(cookie.padata_value, b"\0any \xff bytes");
}

#[test]
fn preauth_failed_on_first_request_retries_without_padata() {
    let mut kdc = Kdc::new();
    kdc.script = vec![kdc.error(ErrorCode::KDC_ERR_PREAUTH_FAILED, NOW, None)];
    kdc.login(alice(), password()).unwrap();
    assert_eq!(pa_types(&kdc.requests[0]), [150, 149]);
    assert_eq!(pa_types(&kdc.requests[1]), [0; 0]);
    assert_eq!(pa_types(&kdc.requests[2]), [133, 2]);
    // But only once.
    let mut kdc = Kdc::new();
    let failed = kdc.error(ErrorCode::KDC_ERR_PREAUTH_FAILED, NOW, None);
    kdc.script = vec![failed.clone(), failed];
    let error = kdc.login(alice(), password()).unwrap_err();
    assert!(matches!(error, ExchangeError::Kdc(_)), "{error:?}");
    assert_eq!(kdc.requests.len(), 2);
}

#[test]
fn preauth_expired_starts_over() {
    let mut kdc = Kdc::new();
    let required = kdc.error(
        ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
        NOW,
        Some(&kdc.method_data(true)),
    );
    let expired = kdc.error(ErrorCode::KDC_ERR_PREAUTH_EXPIRED, NOW, None);
    kdc.script = vec![required, expired];
    kdc.login(alice(), password()).unwrap();
    let types: Vec<_> = kdc
        .requests
        .iter()
        .map(|request| pa_types(request))
        .collect();
    assert_eq!(
        types,
        [
            vec![150, 149],
            vec![133, 2, 150, 149],
            vec![150, 149],
            vec![133, 2, 150, 149]
        ]
    );
}

#[test]
fn endless_preauth_errors_stop_after_16_requests() {
    for code in [
        ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
        ErrorCode::KDC_ERR_PREAUTH_EXPIRED,
        ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED,
    ] {
        let mut kdc = Kdc::new();
        let list = kdc.method_data(true);
        let required = kdc.error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, NOW, Some(&list));
        kdc.script = vec![kdc.error(code, NOW, Some(&list)); 100];
        kdc.script.insert(0, required);
        let error = kdc.login(alice(), password()).unwrap_err();
        assert!(
            matches!(error, ExchangeError::TooManyRequests { limit: 16 }),
            "{error:?}"
        );
        assert_eq!(
            error.mit_message(),
            "Looping detected inside krb5_get_in_tkt"
        );
        assert_eq!(kdc.requests.len(), 16);
    }
}

#[test]
fn more_preauth_data_required_continues_with_new_cookie() {
    let mut kdc = Kdc::new();
    let list = kdc.method_data(true);
    let required = kdc.error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, NOW, Some(&list));
    let more = Kdc {
        cookie: Some(b"another cookie"),
        ..Kdc::new()
    }
    .method_data(true);
    let more = kdc.error(
        ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED,
        NOW,
        Some(&more),
    );
    kdc.script = vec![required, more];
    kdc.login(alice(), password()).unwrap();
    assert_eq!(pa_types(&kdc.requests[2]), [133, 2, 150, 149]);
    let AsReq(request) = AsReq::from_der(&kdc.requests[2]).unwrap();
    assert_eq!(
        request.padata.unwrap().first().unwrap().padata_value,
        b"another cookie"
    );
    // Without a selected mechanism this error makes no sense.
    let mut kdc = Kdc::new();
    kdc.script = vec![kdc.error(
        ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED,
        NOW,
        Some(&list),
    )];
    let error = kdc.login(alice(), password()).unwrap_err();
    assert_eq!(
        error.kdc_code(),
        Some(ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED)
    );
}

#[test]
fn a_failed_mechanism_is_not_tried_again() {
    let mut kdc = Kdc {
        password: "another".into(),
        ..Kdc::new()
    };
    let error = kdc.login(alice(), password()).unwrap_err();
    assert!(matches!(error, ExchangeError::WrongPassword(Some(_))));
    assert_eq!(kdc.requests.len(), 2);
}

#[test]
fn other_errors_after_preauthentication_are_final() {
    for data in [None, Some(Kdc::new().method_data(true))] {
        let mut kdc = Kdc::new();
        let list = kdc.method_data(true);
        kdc.script = vec![
            kdc.error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, NOW, Some(&list)),
            kdc.error(ErrorCode::KDC_ERR_KEY_EXPIRED, NOW, data.as_deref()),
        ];
        let error = kdc.login(alice(), password()).unwrap_err();
        assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_KEY_EXPIRED));
        assert!(matches!(error, ExchangeError::Kdc(_)));
        assert_eq!(kdc.requests.len(), 2);
    }
}

#[test]
fn preauth_required_without_method_data_is_an_error() {
    let mut kdc = Kdc::new();
    kdc.script = vec![kdc.error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, NOW, None)];
    let error = kdc.login(alice(), password()).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_PREAUTH_REQUIRED));
}

#[test]
fn unknown_preauth_mechanisms_are_an_error() {
    let mut kdc = Kdc::new();
    let unknown = [16, 4711].map(|number| PaData {
        padata_type: PaDataType(number),
        padata_value: b"",
    });
    let list = MethodData::from(unknown.to_vec()).to_der();
    kdc.script = vec![kdc.error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, NOW, Some(&list))];
    match kdc.login(alice(), password()).unwrap_err() {
        ExchangeError::NoMechanism { offered } => {
            assert_eq!(offered, [PaDataType(16), PaDataType(4711)]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn error_lists_mechanisms_by_name_and_is_truncated() {
    let text = |offered| ExchangeError::NoMechanism { offered }.to_string();
    assert_eq!(text(vec![]), "the KDC named no preauthentication");
    assert_eq!(
        text(vec![PaDataType(16), PaDataType(4711)]),
        "none of the preauthentication that the KDC offers is supported or allowed: \
         PA-PK-AS-REQ (16), 4711"
    );
    let many = text(vec![PaDataType(123_456); 80_000]);
    assert!(many.len() < 300 && many.ends_with("[...]"), "{many}");
    let offered = vec![PaDataType(123_456); 80_000];
    let hint = ExchangeError::NoMechanism { offered }.hint().unwrap();
    assert_eq!(hint, many);
}

#[test]
fn encrypted_timestamp_can_be_disabled() {
    let mut params = alice();
    params.policy.disable_encrypted_timestamp = true;
    let error = Kdc::new().login(params.clone(), password()).unwrap_err();
    assert!(
        matches!(error, ExchangeError::TimestampDisabled),
        "{error:?}"
    );
    assert_eq!(
        error.mit_message(),
        "Pre-authentication failed: Encrypted timestamp is disabled"
    );
    Kdc::without_preauth().login(params, password()).unwrap();
}

#[test]
fn an_afs_salt_is_refused() {
    let mut kdc = Kdc::new();
    let list = [
        (PaDataType::AFS3_SALT, &b"cell"[..]),
        (PaDataType::ENC_TIMESTAMP, b""),
    ];
    let list = list.map(|(padata_type, padata_value)| PaData {
        padata_type,
        padata_value,
    });
    let list = MethodData::from(list.to_vec()).to_der();
    kdc.script = vec![kdc.error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, NOW, Some(&list))];
    let error = kdc.login(alice(), password()).unwrap_err();
    assert!(matches!(error, ExchangeError::AfsSalt), "{error:?}");
}

#[test]
fn typed_data_is_read_like_method_data() {
    let mut kdc = Kdc::new();
    let list = kdc.method_data(true);
    let list = MethodData::from_der(&list).unwrap();
    let typed: TypedData<'_> = list
        .iter()
        .map(|pa| TypedDataEntry {
            data_type: pa.padata_type,
            data_value: (!pa.padata_value.is_empty()).then_some(pa.padata_value),
        })
        .collect();
    kdc.script = vec![kdc.error(
        ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
        NOW,
        Some(&typed.to_der()),
    )];
    kdc.login(alice(), password()).unwrap();
    assert_eq!(pa_types(&kdc.requests[1]), [133, 2, 150, 149]);
}

#[test]
fn preferred_preauth_types_lose_no_mechanism() {
    // With only one mechanism, the order is not visible, except that sorting loses nothing.
    let mut params = alice();
    params.policy.preferred_preauth_types = vec![2, 133, 19];
    let mut kdc = Kdc::new();
    kdc.login(params, password()).unwrap();
    assert_eq!(pa_types(&kdc.requests[1]), [133, 2, 150, 149]);
}

//! The KDC's refusals, undecodable messages, and mistakes of the caller.

use std::fmt::Write as _;

use kerberos_asn1::{Encode, ErrorCode, KerbErrorData};
use kerberos_crypto::{CryptoError, EncryptionType};
use kerberos_proto::{AsExchange, ExchangeError, KeyEntry, Password, Secret};

use super::kdc::*;

fn refused(code: ErrorCode) -> ExchangeError {
    let mut kdc = Kdc::new();
    kdc.script = vec![kdc.error(code, NOW, None)];
    kdc.login(alice(), password()).unwrap_err()
}

#[test]
fn kdc_errors_have_the_text_and_code_of_mit() {
    fn check(code: ErrorCode, text: &str) {
        let error = refused(code);
        assert_eq!(error.kdc_code(), Some(code));
        assert_eq!(error.mit_message(), text);
        assert_eq!(error.mit_code(), -1_765_328_384 + code.0);
    }
    check(
        ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN,
        "Client 'alice@EXAMPLE.COM' not found in Kerberos database",
    );
    check(
        ErrorCode::KDC_ERR_CLIENT_REVOKED,
        "Client's credentials have been revoked",
    );
    check(ErrorCode::KDC_ERR_KEY_EXPIRED, "Password has expired");
    check(
        ErrorCode::KDC_ERR_NAME_EXP,
        "Client's entry in database has expired",
    );
    check(
        ErrorCode::KDC_ERR_ETYPE_NOSUPP,
        "KDC has no support for encryption type",
    );
    check(ErrorCode::KDC_ERR_POLICY, "KDC policy rejects request");
    check(ErrorCode::KRB_ERR_GENERIC, "Generic error (see e-text)");
}

#[test]
fn all_fields_of_a_krb_error_are_kept() {
    let mut kdc = Kdc {
        ahead: 77,
        ..Kdc::new()
    };
    let data = KerbErrorData {
        data_type: KerbErrorData::EXTENDED,
        data_value: Some(b"\x72\x00\x00\xc0\0\0\0\0\x01\0\0\0"),
    }
    .to_der();
    kdc.script = vec![kdc.error(ErrorCode::KDC_ERR_CLIENT_REVOKED, NOW, Some(&data))];
    let error = kdc.login(alice(), password()).unwrap_err();
    let refusal = error.kdc_error().unwrap();
    assert_eq!(refusal.text.as_deref(), Some("TEST"));
    assert_eq!(
        refusal.client.as_ref().unwrap().to_string(),
        "alice@EXAMPLE.COM"
    );
    assert_eq!(refusal.server.to_string(), "krbtgt/EXAMPLE.COM@EXAMPLE.COM");
    assert_eq!(
        (refusal.time.unix(), refusal.microseconds),
        (NOW.seconds + 77, 250_000)
    );
    assert_eq!(refusal.data, data);
    assert_eq!(refusal.nt_status(), Some(0xc000_0072));
    assert_eq!(
        error.to_string(),
        "Client's credentials have been revoked (TEST)"
    );
    let mut endless = refusal.clone();
    endless.text = Some("\u{1b}[2J\n".repeat(100_000));
    let text = endless.to_string();
    assert!(
        text.len() < 1_000 && !text.contains(char::is_control),
        "{text:?}"
    );
}

#[test]
fn wrong_password_is_reported_as_such() {
    let wrong = || Secret::Password(Password::new("battery staple"));
    let error = Kdc::new().login(alice(), wrong()).unwrap_err();
    assert!(
        matches!(error, ExchangeError::WrongPassword(Some(_))),
        "{error:?}"
    );
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_PREAUTH_FAILED));
    assert_eq!(error.mit_message(), "Password incorrect");
    let error = Kdc::without_preauth().login(alice(), wrong()).unwrap_err();
    assert!(
        matches!(error, ExchangeError::WrongPassword(None)),
        "{error:?}"
    );
}

#[test]
fn wrong_keytab_key_is_reported() {
    let other = Kdc {
        password: "other".into(),
        kvno: 3,
        ..Kdc::new()
    };
    let error = Kdc::new().login(alice(), other.keytab()).unwrap_err();
    assert!(matches!(error, ExchangeError::Kdc(_)), "{error:?}");
    assert_eq!(error.mit_message(), "Preauthentication failed");
    let error = Kdc::without_preauth()
        .login(alice(), other.keytab())
        .unwrap_err();
    assert!(
        matches!(
            error,
            ExchangeError::WrongKey {
                etype: AES256,
                kvno: 3,
                kdc_kvno: Some(_)
            }
        ),
        "{error:?}"
    );
}

#[test]
fn missing_or_unsuitable_keys_are_errors() {
    let error = Kdc::new()
        .login(alice(), Secret::Keys(Vec::new()))
        .unwrap_err();
    assert!(matches!(error, ExchangeError::NoKeys { .. }));
    assert_eq!(
        error.mit_message(),
        "Keytab contains no suitable keys for alice@EXAMPLE.COM"
    );
    let des = kerberos_crypto::KeyBlock::new(EncryptionType(3), vec![0; 8]);
    let des = Secret::Keys(vec![KeyEntry { kvno: 1, key: des }]);
    let error = Kdc::new().login(alice(), des).unwrap_err();
    assert!(matches!(error, ExchangeError::NoKeys { .. }));
    // The KDC has only aes256 keys, the keytab only aes128.
    let keys = Kdc {
        etypes: vec![AES128],
        ..Kdc::new()
    }
    .keytab();
    let error = Kdc::new().login(alice(), keys).unwrap_err();
    assert!(
        matches!(error, ExchangeError::NoKeyFor { etype: AES256, .. }),
        "{error:?}"
    );
    // A key whose length is wrong for its type.
    let short = kerberos_crypto::KeyBlock::new(AES256, vec![0; 31]);
    let short = Secret::Keys(vec![KeyEntry {
        kvno: 1,
        key: short,
    }]);
    let error = Kdc::new().login(alice(), short).unwrap_err();
    assert!(matches!(
        error,
        ExchangeError::Crypto(CryptoError::KeyLength { .. })
    ));
}

#[test]
fn no_common_enctype_is_an_error() {
    let mut params = alice();
    params.policy.etypes = vec![EncryptionType(3), EncryptionType(4711)];
    let error = Kdc::new().login(params.clone(), password()).unwrap_err();
    assert!(matches!(error, ExchangeError::NoEtypes));
    // The list in the error cannot be the one that the KDC used.
    params.policy.etypes = vec![AES128];
    let mut kdc = Kdc::new();
    kdc.script = vec![kdc.error(
        ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
        NOW,
        Some(&kdc.method_data(true)),
    )];
    let error = kdc.login(params, password()).unwrap_err();
    assert!(matches!(
        error,
        ExchangeError::NoCommonEtype { known: true }
    ));
}

#[test]
fn too_many_s2k_iterations_are_refused() {
    for (count, preauth) in [(0_u32, true), (u32::MAX, true), (40_000_000, false)] {
        let mut kdc = Kdc {
            preauth,
            ..Kdc::new()
        };
        // The KDC's own key is derived once, with an acceptable count. Only the hint is false.
        let data = Kdc {
            s2kparams: Some(count.to_be_bytes().to_vec()),
            ..Kdc::new()
        };
        kdc.script = vec![kdc.error(
            ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
            NOW,
            Some(&data.method_data(true)),
        )];
        let error = kdc.login(alice(), password()).unwrap_err();
        let limit = kerberos_crypto::DEFAULT_MAX_ITERATIONS;
        match error {
            ExchangeError::Crypto(CryptoError::TooManyIterations { asked, limit: by }) => {
                assert_eq!(by, limit);
                assert!(asked > limit.into());
            }
            other => panic!("{other:?}"),
        }
    }
    let mut params = alice();
    params.policy.max_iterations = 5000;
    let mut kdc = Kdc {
        s2kparams: Some(5001_u32.to_be_bytes().to_vec()),
        ..Kdc::new()
    };
    let error = kdc.login(params, password()).unwrap_err();
    assert!(matches!(
        error,
        ExchangeError::Crypto(CryptoError::TooManyIterations {
            asked: 5001,
            limit: 5000
        })
    ));
}

#[test]
fn garbage_and_truncated_replies_are_refused() {
    let start = || {
        AsExchange::start(alice(), password(), &mut Rng(1), NOW)
            .unwrap()
            .0
    };
    for junk in [
        &b""[..],
        b"HTTP/1.1 400 Bad Request",
        b"\x6a\x00",
        b"\x04\x0b",
        b"\x7f\x1e\x00",
    ] {
        let error = start().step(junk, &mut Rng(1), NOW).unwrap_err();
        assert!(
            matches!(error, ExchangeError::UnexpectedMessage),
            "{error:?}"
        );
        assert_eq!(error.mit_message(), "Invalid message type");
    }
    for junk in [&b"\x6b\x00"[..], b"\x7e\x00", b"\x6b", b"\x7e\x81"] {
        let error = start().step(junk, &mut Rng(1), NOW).unwrap_err();
        assert!(matches!(error, ExchangeError::Decode { .. }), "{error:?}");
    }
}

#[test]
fn step_after_the_end_is_refused() {
    let mut kdc = Kdc::without_preauth();
    let (mut exchange, request) = AsExchange::start(alice(), password(), &mut Rng(1), NOW).unwrap();
    let reply = kdc.answer(&request.payload, NOW);
    exchange.step(b"junk", &mut Rng(1), NOW).unwrap_err();
    let error = exchange.step(&reply, &mut Rng(1), NOW).unwrap_err();
    assert!(matches!(error, ExchangeError::Finished));
}

#[test]
fn debug_output_shows_no_secret() {
    let kdc = Kdc::new();
    let mut shown = format!("{:?} {:?}", password(), kdc.keytab());
    let (exchange, request) = AsExchange::start(alice(), password(), &mut Rng(1), NOW).unwrap();
    write!(shown, "{exchange:?} {request:?}").unwrap();
    let login = Kdc::new().login(alice(), password()).unwrap();
    write!(shown, "{login:?}").unwrap();
    for etype in [AES256, RC4] {
        let key = format!("{:?}", kdc.key(etype).expose_bytes());
        assert!(!shown.contains(&key[1..key.len() - 1]));
    }
    assert!(!shown.contains(PASSWORD));
    assert!(!shown.contains("90, 90, 90"), "{shown}");
}

//! Asking how the KDC derives keys, without a login (RFC 4120 §5.2.7.5).

use kerberos_asn1::ErrorCode;
use kerberos_proto::{
    AsParams, ExchangeError, Password, PasswordSalt, ReplyFault, SaltExchange, Step,
};

use super::kdc::*;

/// Asks `kdc` about alice. Returns the answers, and the realms and transports of the requests.
fn ask(kdc: &mut Kdc, params: AsParams) -> (Result<Vec<PasswordSalt>, ExchangeError>, Vec<String>) {
    let mut rng = Rng(1);
    let mut sent = Vec::new();
    let (mut exchange, mut request) = SaltExchange::start(params, &mut rng, NOW).unwrap();
    let result = loop {
        let realm = String::from_utf8(request.realm.clone()).unwrap();
        let over = if request.stream_only { "tcp" } else { "any" };
        sent.push(format!("{realm} {over}"));
        let reply = kdc.answer(&request.payload, NOW);
        match exchange.step(&reply, &mut rng, NOW) {
            Ok(Step::Send(next)) => request = next,
            Ok(Step::Done(salts)) => break Ok(*salts),
            Err(error) => break Err(error),
        }
    };
    assert!(matches!(
        exchange.step(b"", &mut rng, NOW),
        Err(ExchangeError::Finished)
    ));
    (result, sent)
}

#[test]
fn every_salt_hint_gives_the_key_of_the_kdc() {
    let salted = |hint| {
        let mut kdc = Kdc::new();
        kdc.salt = Some(b"AD.EXAMPLE.COMhostcomputer".to_vec());
        kdc.hint = hint;
        kdc
    };
    let check = |mut kdc: Kdc, preauth| {
        kdc.preauth = preauth;
        let salts = ask(&mut kdc, alice()).0.unwrap();
        let [salt] = salts.as_slice() else {
            panic!("{salts:?}");
        };
        let key = salt.key(&Password::new(PASSWORD), 100_000).unwrap();
        assert_eq!(key.expose_bytes(), kdc.key(salt.etype).expose_bytes());
    };
    for preauth in [true, false] {
        check(Kdc::new(), preauth);
        for hint in [Hint::EtypeInfo2, Hint::EtypeInfo, Hint::All] {
            check(salted(hint), preauth);
        }
        let mut iterated = salted(Hint::EtypeInfo2);
        iterated.s2kparams = Some(vec![0, 0, 0x20, 0]);
        check(iterated, preauth);
    }
    // A ticket states its type, even if a refusal would not.
    check(salted(Hint::PwSalt), false);
    let mut default = Kdc::new();
    default.hint = Hint::None;
    check(default, false);
}

#[test]
fn salts_follow_the_enctype_order_of_the_client() {
    let mut kdc = Kdc::new();
    kdc.etypes = vec![RC4, AES128, AES256];
    let etypes = |kdc: &mut Kdc, wanted: &[_]| {
        let mut params = alice();
        params.policy.etypes = wanted.to_vec();
        let salts = ask(kdc, params).0.unwrap();
        salts.iter().map(|salt| salt.etype).collect::<Vec<_>>()
    };
    assert_eq!(etypes(&mut kdc, &[AES256, RC4]), [AES256, RC4]);
    assert_eq!(etypes(&mut kdc, &[AES128]), [AES128]);
}

#[test]
fn stream_retry_referral_and_kdc_errors_are_handled() {
    let mut large = Kdc::new();
    large.script = vec![large.error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG, NOW, None)];
    let (salts, sent) = ask(&mut large, alice());
    assert!(salts.is_ok());
    assert_eq!(sent, ["EXAMPLE.COM any", "EXAMPLE.COM tcp"]);

    let mut referring = Kdc::new();
    referring.script =
        vec![referring.error_of(ErrorCode::KDC_ERR_WRONG_REALM, NOW, None, Some("A"))];
    let mut params = alice();
    params.options.canonicalize = true;
    let (salts, sent) = ask(&mut referring, params);
    assert_eq!(sent, ["EXAMPLE.COM any", "A any"]);
    assert_eq!(salts.unwrap()[0].salt, b"Aalice");

    for code in [
        ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN,
        ErrorCode::KDC_ERR_ETYPE_NOSUPP,
        ErrorCode::KDC_ERR_CLIENT_REVOKED,
    ] {
        let mut kdc = Kdc::new();
        kdc.script = vec![kdc.error(code, NOW, None)];
        match ask(&mut kdc, alice()).0 {
            Err(ExchangeError::Kdc(error)) => assert_eq!(error.code, code),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn replies_without_usable_salt_are_errors() {
    for hint in [Hint::None, Hint::PwSalt] {
        let mut kdc = Kdc::new();
        kdc.hint = hint;
        let error = ask(&mut kdc, alice()).0.unwrap_err();
        assert!(
            matches!(error, ExchangeError::NoCommonEtype { .. }),
            "{error:?}"
        );
    }
    // A downgrade to a type that was not requested.
    let mut kdc = Kdc::without_preauth();
    kdc.etype_override = Some(RC4);
    let mut params = alice();
    params.policy.etypes = vec![AES256];
    let error = ask(&mut kdc, params).0.unwrap_err();
    assert!(
        matches!(
            error,
            ExchangeError::Reply(ReplyFault::EtypeNotOffered(RC4))
        ),
        "{error:?}"
    );
    for garbage in [&b""[..], b"\x6b\x00", b"\x7e\x03\x30\x01\x00", b"\x30\x00"] {
        let mut kdc = Kdc::new();
        kdc.script = vec![garbage.to_vec()];
        assert!(ask(&mut kdc, alice()).0.is_err());
    }
}

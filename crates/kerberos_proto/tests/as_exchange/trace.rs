//! The trace, line by line as MIT's library words it.

use kerberos_asn1::ErrorCode;

use super::kdc::*;
use super::listener::traced;

#[test]
fn login_with_preauth_is_traced_as_in_mit() {
    let lines = traced(|| {
        Kdc::new().login(alice(), password()).unwrap();
    });
    assert_eq!(
        lines,
        [
            "Getting initial credentials for alice@EXAMPLE.COM",
            "Sending unauthenticated request",
            "Received error from KDC: -1765328359/Additional pre-authentication required",
            "Preauthenticating using KDC method data",
            "Processing preauth types: PA-PK-AS-REQ (16), PA-ETYPE-INFO2 (19), \
             PA-ENC-TIMESTAMP (2), PA-FX-COOKIE (133)",
            "Selected etype info: etype aes256-cts, salt \"\", params \"\"",
            "Received cookie: cookie",
            "AS key obtained for encrypted timestamp: aes256-cts",
            "Encrypted timestamp (for 1767225600.250000)",
            "Preauth module encrypted_timestamp (2) (real) returned: 0/Success",
            "Produced preauth for next request: PA-FX-COOKIE (133), PA-ENC-TIMESTAMP (2)",
            "Processing preauth types: PA-ETYPE-INFO2 (19)",
            "Selected etype info: etype aes256-cts, salt \"\", params \"\"",
            "Produced preauth for next request: (empty)",
            "AS key determined by preauth: aes256-cts",
            "Decrypted AS reply; session key is: aes256-cts",
            "FAST negotiation: available",
        ]
    );
}

#[test]
fn login_without_preauth_is_traced_as_in_mit() {
    let lines = traced(|| {
        let mut kdc = Kdc {
            salt: Some(b"sa\nlt".to_vec()),
            fast: false,
            ..Kdc::without_preauth()
        };
        let too_big = kdc.error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG, NOW, None);
        kdc.script = vec![too_big];
        kdc.login(alice(), password()).unwrap();
    });
    assert_eq!(
        lines[2..],
        [
            "Received error from KDC: -1765328332/Response too big for UDP, retry with TCP",
            "Request or response is too big for UDP; retrying with TCP",
            "Processing preauth types: PA-ETYPE-INFO2 (19)",
            "Selected etype info: etype aes256-cts, salt \"sa\\x0alt\", params \"\"",
            "Produced preauth for next request: (empty)",
            "Getting AS key, salt \"sa\\x0alt\", params \"\"",
            "AS key obtained from gak_fct: aes256-cts",
            "Decrypted AS reply; session key is: aes256-cts",
            "FAST negotiation: unavailable",
        ]
    );
}

#[test]
fn a_guess_is_traced_as_optimistic_preauth() {
    let mut params = alice();
    params.last_preauth = Some(kerberos_proto::LastPreauth::new(2));
    let lines = traced(|| {
        let mut kdc = Kdc::new();
        let secret = kdc.keytab();
        kdc.login(params, secret).unwrap();
    });
    assert_eq!(
        lines[2..8],
        [
            "Attempting optimistic preauth",
            "Processing preauth types: PA-ENC-TIMESTAMP (2)",
            "AS key obtained for encrypted timestamp: aes256-cts",
            "Encrypted timestamp (for 1767225600.250000)",
            "Preauth module encrypted_timestamp (2) (real) returned: 0/Success",
            "Produced preauth for next request: PA-ENC-TIMESTAMP (2)",
        ]
    );
}

#[test]
fn no_secret_is_traced() {
    let kdc = Kdc::new();
    let mut text = String::new();
    for secret in [password(), kdc.keytab()] {
        for preauth in [false, true] {
            let lines = traced(|| {
                Kdc {
                    preauth,
                    ..Kdc::new()
                }
                .login(alice(), secret_again(&secret))
                .unwrap();
            });
            text += &lines.join("\n");
        }
    }
    let key = kdc.key(AES256);
    let hex = format!("{:02x?}", &key.expose_bytes()[..4]).replace(", ", "");
    let hex = hex.trim_matches(['[', ']']);
    for secret in [PASSWORD, hex, "5a5a5a5a", "90, 90"] {
        assert!(!text.to_lowercase().contains(secret), "{text}");
    }
    assert!(text.contains("Found entries for alice@EXAMPLE.COM in keytab: aes256-cts"));
}

fn secret_again(secret: &kerberos_proto::Secret) -> kerberos_proto::Secret {
    match secret {
        kerberos_proto::Secret::Keys(keys) => kerberos_proto::Secret::Keys(keys.clone()),
        _ => password(),
    }
}

//! Names in their printable and exported forms.

use kerberos_asn1::NameType;
use kerberos_gss::{GssError, export_name, host_based_service, import_exported_name};
use kerberos_proto::Principal;

#[test]
fn host_based_names_become_principals() {
    let check = |name: &str, expected: &str| {
        let principal = host_based_service(name, "here.example.com", "R").unwrap();
        assert_eq!(principal.to_string(), expected);
        assert_eq!(principal.name_type(), NameType::SRV_HST);
    };
    check("HTTP@www.example.com", "HTTP/www.example.com@R");
    check("HTTP@WWW.EXAMPLE.COM", "HTTP/www.example.com@R");
    check("ldap", "ldap/here.example.com@R");
    for wrong in ["", "@host", "HTTP@"] {
        let error = host_based_service(wrong, "here", "R").unwrap_err();
        assert!(matches!(error, GssError::Name(_)), "{wrong}");
    }
}

#[test]
fn exported_names_can_be_imported() {
    for name in [
        "alice@R",
        "host/www.example.com@EXAMPLE.COM",
        r"a\/b\@c@R",
        "jürgen@R",
    ] {
        let principal = Principal::parse(name).unwrap();
        let exported = export_name(&principal);
        assert_eq!(import_exported_name(&exported).unwrap(), principal);
        for length in 0..exported.len() {
            assert!(import_exported_name(&exported[..length]).is_err());
        }
        for at in 0..19 {
            let mut altered = exported.clone();
            altered[at] ^= 1;
            assert!(import_exported_name(&altered).is_err(), "{at}");
        }
    }
}

/// Names in one's own, trusted realm or in another need not be text.
#[test]
fn non_utf8_names_have_distinct_exported_forms() {
    let user = |name: &[u8], realm: &[u8]| Principal::new(NameType::PRINCIPAL, [name], realm);
    let names = [
        user(b"adm\xefn", b"R"),
        user(b"adm\xeen", b"R"),
        user("adm\u{fffd}n".as_bytes(), b"R"),
        user(b"adm\xefn", b"\xff"),
    ];
    let exported = names.each_ref().map(export_name);
    for (index, (name, one)) in names.iter().zip(&exported).enumerate() {
        assert_eq!(import_exported_name(one).unwrap(), *name);
        assert!(!exported[..index].contains(one), "{name:?}");
    }
}

/// RFC 2743 §3.2, octet by octet.
#[test]
fn exported_name_encoding_matches_rfc_2743() {
    let exported = export_name(&Principal::parse("a@R").unwrap());
    let expected =
        b"\x04\x01\x00\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x00\x00\x00\x03a@R";
    assert_eq!(exported, expected);
}

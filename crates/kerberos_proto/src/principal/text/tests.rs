//! Names from MIT's own tests, odd names, malformed names, and the options.

use super::*;
use alloc::string::ToString;

const DEFAULT: &str = "ATHENA.MIT.EDU";

fn parsed(text: &str) -> Result<Principal, PrincipalError> {
    Principal::parse_with_realm(text, DEFAULT)
}

/// Checks that `text` parses and is written as `full`.
fn check(text: &str, full: &str) {
    let principal = parsed(text).unwrap();
    assert_eq!(principal.to_string(), full, "{text}");
    assert_eq!(Principal::parse(full).unwrap(), principal, "{text}");
}

/// The names of MIT's t_kerb.c and t_princ.c.
#[test]
fn names_from_the_tests_of_mit_round_trip() {
    check("tytso", "tytso@ATHENA.MIT.EDU");
    check("tytso@SHAZAAM", "tytso@SHAZAAM");
    check("tytso/root@VEGGIE.COM", "tytso/root@VEGGIE.COM");
    check(
        "tytso/tuber/carrot@VEGGIE.COM",
        "tytso/tuber/carrot@VEGGIE.COM",
    );
    check(
        "tytso/a/b/c/d/e/f/g/h/i/j",
        "tytso/a/b/c/d/e/f/g/h/i/j@ATHENA.MIT.EDU",
    );
    check(r"tytso\\0/\0@B\n\t\\GAG", r"tytso\\0/\0@B\n\t\\GAG");
    check(
        r"tytso/\n/\b\t@B\0hacky-test",
        r"tytso/\n/\b\t@B\0hacky-test",
    );
    check(
        r"\/slash/\@atsign/octa\/thorpe@\/slash\@at\/sign",
        r"\/slash/\@atsign/octa\/thorpe@\/slash\@at\/sign",
    );
    check("lha@SU.SE", "lha@SU.SE");
    check(r"test\/principal@SU.SE", r"test\/principal@SU.SE");
}

#[test]
fn odd_but_legal_names_round_trip() {
    check("", "@ATHENA.MIT.EDU");
    check("@R", "@R");
    check("user@", "user@");
    check("a/", "a/@ATHENA.MIT.EDU");
    check("/a@R", "/a@R");
    check("//@R", "//@R");
    check(r"\u\ser@R", "user@R");
    check("jos\u{e9}/\u{1f511}@R\u{c9}", "jos\u{e9}/\u{1f511}@R\u{c9}");
}

#[test]
fn malformed_names_are_refused() {
    for text in ["a@b@c", "a@b/c", r"a\", r"a@b\", "@@", "@/"] {
        assert_eq!(
            parsed(text).unwrap_err(),
            PrincipalError::Malformed,
            "{text}"
        );
    }
    assert_eq!(Principal::parse("a").unwrap_err(), PrincipalError::NoRealm);
}

#[test]
fn name_type_follows_from_the_components() {
    fn check(text: &str, name_type: NameType) {
        assert_eq!(
            Principal::parse(text).unwrap().name_type(),
            name_type,
            "{text}"
        );
    }
    check("host/www.krb5.test@KRB5.TEST", NameType::PRINCIPAL);
    check("krbtg/KRB5.TEST@KRB5.TEST", NameType::PRINCIPAL);
    check("krbtgt/KRB5.TEST@KRB5.TEST", NameType::SRV_INST);
    check("krbtgt/A/B@KRB5.TEST", NameType::PRINCIPAL);
    check("WELLKNOWN/ANONYMOUS@KRB5.TEST", NameType::WELLKNOWN);
    check("WELLKNOWN@KRB5.TEST", NameType::PRINCIPAL);
}

/// MIT's t_princ.c, `test_enterprise`.
#[test]
fn enterprise_names_are_parsed_as_in_mit() {
    fn check(text: &str, full: &str) {
        let principal = Principal::parse_enterprise(text, "SAMBA.ORG").unwrap();
        assert_eq!(principal.to_string(), full, "{text}");
        assert_eq!(principal.name_type(), NameType::ENTERPRISE);
        assert_eq!(principal.components().count(), 1);
    }
    check("lha@su.se@WIN.SU.SE", r"lha\@su.se@WIN.SU.SE");
    check(r"lha\@su.se@WIN.SU.SE", r"lha\@su.se\@WIN.SU.SE@SAMBA.ORG");
    check("lha@su.se", r"lha\@su.se@SAMBA.ORG");
    check("lha", "lha@SAMBA.ORG");
    check("a/b@c", r"a\/b\@c@SAMBA.ORG");
    check("a@b@C/D", r"a\@b@C\/D");
    let third = Principal::parse_enterprise("a@b@c@d", "R").unwrap_err();
    assert_eq!(third, PrincipalError::Malformed);
    let name = Principal::parse_enterprise("lukeh@ntdev.padl.com", "R").unwrap();
    assert_eq!(
        name.unparse(&UnparseOptions::no_realm()),
        "lukeh@ntdev.padl.com"
    );
}

#[test]
fn unparse_options_give_short_and_display_forms() {
    fn check(name: &str, options: UnparseOptions<'_>, expected: &str) {
        assert_eq!(
            Principal::parse(name).unwrap().unparse(&options),
            expected,
            "{name}"
        );
    }
    check("lha@SU.SE", UnparseOptions::short(b"SU.SE"), "lha");
    check(
        "lha@SU.SE",
        UnparseOptions::short(b"SAMBA.ORG"),
        "lha@SU.SE",
    );
    check(r"l\@ha@SU.SE", UnparseOptions::short(b"SU.SE"), r"l\@ha");
    check(r"l\@h\/a@SU.SE", UnparseOptions::no_realm(), r"l@h\/a");
    check(
        r"a\/b@SU.SE",
        UnparseOptions::default().display(true),
        "a/b@SU.SE",
    );
    check(
        r"a\\b/c@S",
        UnparseOptions::short(b"S").display(true),
        r"a\b/c",
    );
}

#[test]
fn realm_rule_decides_whether_a_realm_may_be_given() {
    fn check(text: &str, rule: RealmRule, expected: Result<&str, PrincipalError>) {
        let options = ParseOptions::with_default_realm(b"D").realm(rule);
        let principal = Principal::parse_bytes(text.as_bytes(), &options);
        let principal = principal.map(|principal| principal.to_string());
        assert_eq!(
            principal.as_deref().map_err(|error| *error),
            expected,
            "{text} {rule:?}"
        );
    }
    check("a", RealmRule::Optional, Ok("a@D"));
    check("a", RealmRule::Required, Err(PrincipalError::NoRealm));
    check("a@R", RealmRule::Required, Ok("a@R"));
    check("a", RealmRule::Forbidden, Ok("a@"));
    check(
        "a@R",
        RealmRule::Forbidden,
        Err(PrincipalError::RealmPresent),
    );
    check("a@R", RealmRule::Ignored, Ok("a@"));
    check("a", RealmRule::Ignored, Ok("a@"));
}

#[test]
fn non_utf8_names_round_trip() {
    let name = b"us\xffer@R\xfe";
    let principal = Principal::parse_bytes(name, &ParseOptions::default()).unwrap();
    let mut out = Vec::new();
    principal.unparse_into(&mut out);
    assert_eq!(out, name);
    assert_eq!(principal.to_string(), "us\u{fffd}er@R\u{fffd}");
}

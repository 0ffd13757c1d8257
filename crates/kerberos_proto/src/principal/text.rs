//! The text form of a principal, `component/component@REALM`, read and written as MIT's library
//! does: RFC 4120 §6.2 leaves it to implementations, and users compare with MIT's.

use alloc::{string::String, vec::Vec};

use kerberos_asn1::NameType;
use thiserror::Error;

use super::Principal;

/// Why a text is not a principal name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PrincipalError {
    /// A separator stands where it may not: a second `@`, a `/` in the realm, a `\` at the end.
    #[error("malformed representation of principal")]
    Malformed,
    /// The text names no realm and there is no default, or one was required.
    #[error("the principal name has no realm")]
    NoRealm,
    /// The text names a realm where none is allowed.
    #[error("the principal name has a realm")]
    RealmPresent,
}

/// How to read a principal name; [`ParseOptions::default`] is an ordinary name, and without a
/// default realm the name must have one.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ParseOptions<'a> {
    /// The realm of a name that names none.
    pub default_realm: Option<&'a [u8]>,
    /// Whether the first `@` and every `/` belong to the name (RFC 6806 §5).
    pub enterprise: bool,
    /// What to make of the realm.
    pub realm: RealmRule,
}

impl<'a> ParseOptions<'a> {
    /// Options for an ordinary name in `default_realm` unless it says otherwise.
    pub fn with_default_realm(default_realm: &'a [u8]) -> Self {
        Self {
            default_realm: Some(default_realm),
            ..Self::default()
        }
    }

    /// The same options with `enterprise` set.
    pub fn enterprise(mut self, enterprise: bool) -> Self {
        self.enterprise = enterprise;
        self
    }

    /// The same options with `realm` as the rule.
    pub fn realm(mut self, realm: RealmRule) -> Self {
        self.realm = realm;
        self
    }
}

/// What [`Principal::parse_bytes`] makes of the realm in a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum RealmRule {
    /// The default realm fills in for a missing one.
    #[default]
    Optional,
    /// A name without a realm is an error, whether or not there is a default.
    Required,
    /// A name with a realm is an error; the realm is left empty.
    Forbidden,
    /// A realm is dropped and the default does not fill in; the realm is left empty.
    Ignored,
}

/// How to write a principal name; [`UnparseOptions::default`] is the full, escaped form.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct UnparseOptions<'a> {
    /// When to leave out the realm.
    pub omit_realm: OmitRealm<'a>,
    /// Whether to leave out all escapes: good for people to read, not for parsing again.
    pub display: bool,
}

impl<'a> UnparseOptions<'a> {
    /// The escaped form without the realm when that is `default_realm`.
    pub fn short(default_realm: &'a [u8]) -> Self {
        Self {
            omit_realm: OmitRealm::If(default_realm),
            display: false,
        }
    }

    /// The form without a realm.
    pub fn no_realm() -> Self {
        Self {
            omit_realm: OmitRealm::Always,
            display: false,
        }
    }

    /// The same options with `display` set.
    pub fn display(mut self, display: bool) -> Self {
        self.display = display;
        self
    }
}

/// When the text form leaves out the realm.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OmitRealm<'a> {
    /// Never.
    #[default]
    Never,
    /// When it is this one.
    If(&'a [u8]),
    /// Always; an `@` in a component is then not escaped.
    Always,
}

impl Principal {
    /// Parses `text`, which must name its realm.
    ///
    /// # Errors
    /// [`PrincipalError::NoRealm`] when there is no `@REALM`, else as
    /// [`parse_with_realm`](Self::parse_with_realm).
    pub fn parse(text: &str) -> Result<Self, PrincipalError> {
        Self::parse_bytes(text.as_bytes(), &ParseOptions::default())
    }

    /// Parses `text`, whose realm is `default_realm` unless it names one; the empty realm of
    /// `user@` counts as named.
    ///
    /// `\` makes the next character ordinary, and `\n`, `\t`, `\b` and `\0` mean a line feed, a
    /// tab, a backspace and a NUL.
    ///
    /// # Errors
    /// [`PrincipalError::Malformed`] for a second `@`, a `/` within the realm or a `\` at the end.
    pub fn parse_with_realm(text: &str, default_realm: &str) -> Result<Self, PrincipalError> {
        let options = ParseOptions::with_default_realm(default_realm.as_bytes());
        Self::parse_bytes(text.as_bytes(), &options)
    }

    /// Parses an enterprise name (RFC 6806 §5): its first `@` and every `/` belong to the name.
    ///
    /// # Errors
    /// As [`parse_with_realm`](Self::parse_with_realm), where the second `@` starts the realm.
    ///
    /// # Example
    /// ```
    /// use kerberos_proto::Principal;
    /// let user = Principal::parse_enterprise("alice@corp.example", "AD.EXAMPLE")?;
    /// assert_eq!(user.to_string(), r"alice\@corp.example@AD.EXAMPLE");
    /// # Ok::<(), kerberos_proto::PrincipalError>(())
    /// ```
    pub fn parse_enterprise(text: &str, default_realm: &str) -> Result<Self, PrincipalError> {
        let options = ParseOptions::with_default_realm(default_realm.as_bytes()).enterprise(true);
        Self::parse_bytes(text.as_bytes(), &options)
    }

    /// Parses `text`, of whatever encoding, as `options` say.
    ///
    /// # Errors
    /// [`PrincipalError::Malformed`] as [`parse_with_realm`](Self::parse_with_realm);
    /// [`PrincipalError::NoRealm`] and [`PrincipalError::RealmPresent`] as the
    /// [`RealmRule`] says.
    pub fn parse_bytes(text: &[u8], options: &ParseOptions<'_>) -> Result<Self, PrincipalError> {
        let (components, realm) = split(text, options.enterprise)?;
        let realm = match (options.realm, realm) {
            (RealmRule::Forbidden, Some(_)) => return Err(PrincipalError::RealmPresent),
            (RealmRule::Required, None) => return Err(PrincipalError::NoRealm),
            (RealmRule::Forbidden | RealmRule::Ignored, _) => Vec::new(),
            (_, Some(realm)) => realm,
            (_, None) => options
                .default_realm
                .ok_or(PrincipalError::NoRealm)?
                .to_vec(),
        };
        let name_type = if options.enterprise {
            NameType::ENTERPRISE
        } else {
            Self::infer_name_type(&components)
        };
        Ok(Self {
            name_type,
            components,
            realm,
        })
    }

    /// Appends the text form with MIT's escapes, `name@REALM`, to `out`; bytes stay as they are.
    pub fn unparse_into(&self, out: &mut Vec<u8>) {
        self.unparse_with(&UnparseOptions::default(), out);
    }

    /// Appends the text form that `options` ask for to `out`; bytes stay as they are.
    pub fn unparse_with(&self, options: &UnparseOptions<'_>, out: &mut Vec<u8>) {
        write_name(self.components(), &self.realm, options, out);
    }

    /// As [`unparse_into`](Self::unparse_into) for a name that was never made a `Principal`, such
    /// as one of ten thousand in a file.
    pub fn unparse_parts_into<'a>(
        components: impl IntoIterator<Item = &'a [u8]>,
        realm: &[u8],
        out: &mut Vec<u8>,
    ) {
        write_name(components, realm, &UnparseOptions::default(), out);
    }

    /// The text form that `options` ask for, with bytes that are no UTF-8 replaced.
    pub fn unparse(&self, options: &UnparseOptions<'_>) -> String {
        let mut out = Vec::new();
        self.unparse_with(options, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// The components of `text`, at least one, and the realm if there is an `@` for it.
type Parts = (Vec<Vec<u8>>, Option<Vec<u8>>);

fn split(text: &[u8], enterprise: bool) -> Result<Parts, PrincipalError> {
    let mut components = Vec::new();
    let mut part = Vec::new();
    let mut in_realm = false;
    let mut at_is_ordinary = enterprise;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => part.push(match bytes.next().ok_or(PrincipalError::Malformed)? {
                b'n' => b'\n',
                b't' => b'\t',
                b'b' => 0x08,
                b'0' => 0,
                other => other,
            }),
            b'@' if at_is_ordinary => {
                at_is_ordinary = false;
                part.push(byte);
            }
            b'/' if enterprise => part.push(byte),
            b'/' | b'@' if in_realm => return Err(PrincipalError::Malformed),
            b'/' => components.push(core::mem::take(&mut part)),
            b'@' => {
                components.push(core::mem::take(&mut part));
                in_realm = true;
            }
            _ => part.push(byte),
        }
    }
    if in_realm {
        return Ok((components, Some(part)));
    }
    components.push(part);
    Ok((components, None))
}

fn write_name<'a>(
    components: impl IntoIterator<Item = &'a [u8]>,
    realm: &[u8],
    options: &UnparseOptions<'_>,
    out: &mut Vec<u8>,
) {
    let write_realm = match options.omit_realm {
        OmitRealm::Never => true,
        OmitRealm::If(default_realm) => realm != default_realm,
        OmitRealm::Always => false,
    };
    // Where no realm can follow, an `@` is no separator.
    let escape_at = options.omit_realm != OmitRealm::Always;
    for (index, component) in components.into_iter().enumerate() {
        if index > 0 {
            out.push(b'/');
        }
        write_part(component, options.display, escape_at, out);
    }
    if write_realm {
        out.push(b'@');
        write_part(realm, options.display, escape_at, out);
    }
}

fn write_part(part: &[u8], display: bool, escape_at: bool, out: &mut Vec<u8>) {
    // Names seldom need an escape. To look at every byte takes less than to ask after each whether
    // to stop.
    let suspect = |byte: u8| matches!(byte, 0..=b'\n' | b'/' | b'@' | b'\\');
    if display
        || !part
            .iter()
            .fold(false, |found, &byte| found | suspect(byte))
    {
        out.extend_from_slice(part);
        return;
    }
    // What lies between two escapes is copied at once.
    let mut rest = part;
    while let Some(at) = rest
        .iter()
        .position(|&byte| escape(byte, escape_at).is_some())
    {
        let (plain, escaped) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = escaped.split_first() else {
            break;
        };
        out.extend_from_slice(&[b'\\', escape(byte, escape_at).unwrap_or(byte)]);
        rest = behind;
    }
    out.extend_from_slice(rest);
}

/// The character that stands for `byte` after a `\`, if it cannot stand for itself.
fn escape(byte: u8, escape_at: bool) -> Option<u8> {
    match byte {
        b'\n' => Some(b'n'),
        b'\t' => Some(b't'),
        0x08 => Some(b'b'),
        0 => Some(b'0'),
        b'/' | b'\\' => Some(byte),
        b'@' if escape_at => Some(byte),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const DEFAULT: &str = "ATHENA.MIT.EDU";

    fn parsed(text: &str) -> Result<Principal, PrincipalError> {
        Principal::parse_with_realm(text, DEFAULT)
    }

    /// `text` parses, and is written again as `full`.
    fn check(text: &str, full: &str) {
        let principal = parsed(text).unwrap();
        assert_eq!(principal.to_string(), full, "{text}");
        assert_eq!(Principal::parse(full).unwrap(), principal, "{text}");
    }

    /// The names of MIT's t_kerb.c and t_princ.c.
    #[test]
    fn names_mit_tests() {
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
    fn odd_but_legal_names() {
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
    fn malformed_names() {
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
    fn name_types() {
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
    fn enterprise_names() {
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
    fn short_and_display_forms() {
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
    fn realm_rules() {
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
    fn bytes_that_are_no_utf8_survive() {
        let name = b"us\xffer@R\xfe";
        let principal = Principal::parse_bytes(name, &ParseOptions::default()).unwrap();
        let mut out = Vec::new();
        principal.unparse_into(&mut out);
        assert_eq!(out, name);
        assert_eq!(principal.to_string(), "us\u{fffd}er@R\u{fffd}");
    }
}

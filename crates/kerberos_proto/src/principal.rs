//! `Principal`: a realm and a name made of components (RFC 4120 §6.1, §6.2), with equality, the
//! default salt, and the ticket-granting service of a realm.
//!
//! The text form and its escapes are in `principal/text.rs`.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use kerberos_asn1::NameType;

mod text;
mod wire;

pub use text::{OmitRealm, ParseOptions, PrincipalError, RealmRule, UnparseOptions};

/// A principal: the name of a user or service within its realm (RFC 4120 §6.2).
///
/// Components and realm are bytes, as on the wire; in practice they are UTF-8. Two principals are
/// equal if their realms and components are. Name types are not compared (RFC 4120 §6.2).
///
/// # Example
/// ```
/// use std::collections::HashSet;
///
/// use kerberos_proto::Principal;
/// let user = Principal::parse("host/www.example.com@EXAMPLE.COM")?;
/// assert_eq!(user.components().count(), 2);
/// assert_eq!(user.to_string(), "host/www.example.com@EXAMPLE.COM");
///
/// let admins: HashSet<Principal> = ["alice@EXAMPLE.COM".parse()?].into();
/// assert!(!admins.contains(&user));
/// # Ok::<(), kerberos_proto::PrincipalError>(())
/// ```
#[derive(Clone)]
pub struct Principal {
    name_type: NameType,
    components: Vec<Vec<u8>>,
    realm: Vec<u8>,
}

impl Principal {
    /// Makes a principal from its parts.
    pub fn new<C: Into<Vec<u8>>>(
        name_type: NameType,
        components: impl IntoIterator<Item = C>,
        realm: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            name_type,
            components: components.into_iter().map(Into::into).collect(),
            realm: realm.into(),
        }
    }

    /// The ticket-granting service of `realm`, as a principal of the realm `issuer`:
    /// `krbtgt/realm@issuer` (RFC 4120 §7.3).
    pub fn krbtgt(realm: &[u8], issuer: &[u8]) -> Self {
        Self::new(NameType::SRV_INST, [KRBTGT, realm], issuer)
    }

    /// The name type: how the components are to be understood.
    pub fn name_type(&self) -> NameType {
        self.name_type
    }

    /// The components in order.
    pub fn components(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.components.iter().map(Vec::as_slice)
    }

    /// The realm.
    pub fn realm(&self) -> &[u8] {
        &self.realm
    }

    /// The same name with `name_type`.
    pub fn with_name_type(mut self, name_type: NameType) -> Self {
        self.name_type = name_type;
        self
    }

    /// The same name in `realm`.
    pub fn with_realm(mut self, realm: impl Into<Vec<u8>>) -> Self {
        self.realm = realm.into();
        self
    }

    /// Whether `other` has the same components, possibly in another realm.
    pub fn same_name(&self, other: &Self) -> bool {
        self.components == other.components
    }

    /// Whether this is the ticket-granting service of some realm: `krbtgt` and one more component.
    pub fn is_krbtgt(&self) -> bool {
        self.tgt_realm().is_some()
    }

    /// The realm in which a ticket for this ticket-granting service can be used, which may differ
    /// from the realm that issues it; `None` for any other service.
    ///
    /// # Example
    /// ```
    /// use kerberos_proto::Principal;
    /// let tgs = Principal::parse("krbtgt/OTHER.COM@EXAMPLE.COM")?;
    /// assert_eq!(tgs.tgt_realm(), Some(&b"OTHER.COM"[..]));
    /// assert_eq!(Principal::parse("host/www@EXAMPLE.COM")?.tgt_realm(), None);
    /// # Ok::<(), kerberos_proto::PrincipalError>(())
    /// ```
    pub fn tgt_realm(&self) -> Option<&[u8]> {
        match self.components.as_slice() {
            [first, realm] if first == KRBTGT => Some(realm),
            _ => None,
        }
    }

    /// Whether this is the anonymous principal, `WELLKNOWN/ANONYMOUS` (RFC 8062 §3.1).
    pub fn is_anonymous(&self) -> bool {
        matches!(self.components.as_slice(), [a, b] if a == WELLKNOWN && b == b"ANONYMOUS")
    }

    /// The salt for a password when no KDC has said otherwise: the realm followed by the
    /// components, without separators (RFC 4120 §4).
    ///
    /// # Example
    /// ```
    /// use kerberos_proto::Principal;
    /// let user = Principal::parse("host/www.example.com@EXAMPLE.COM")?;
    /// assert_eq!(user.default_salt(), b"EXAMPLE.COMhostwww.example.com");
    /// # Ok::<(), kerberos_proto::PrincipalError>(())
    /// ```
    pub fn default_salt(&self) -> Vec<u8> {
        let mut salt = self.realm.clone();
        self.components
            .iter()
            .for_each(|component| salt.extend_from_slice(component));
        salt
    }

    /// The name type that MIT's library assigns to a parsed name with these components.
    fn infer_name_type(components: &[Vec<u8>]) -> NameType {
        match components {
            // RFC 4120 §7.3: the ticket-granting service has type SRV-INST.
            [first, _] if first == KRBTGT => NameType::SRV_INST,
            // RFC 6111 §3.1: a well-known name starts with WELLKNOWN and has more components.
            [first, _, ..] if first == WELLKNOWN => NameType::WELLKNOWN,
            _ => NameType::PRINCIPAL,
        }
    }
}

impl Principal {
    /// The parts that determine equality.
    fn identity(&self) -> (&[u8], &[Vec<u8>]) {
        (&self.realm, &self.components)
    }
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Principal {}

impl Hash for Principal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// Ordered by realm, then by components.
impl Ord for Principal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl PartialOrd for Principal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The same as [`Principal::parse`]: the text must include the realm.
impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        Self::parse(text)
    }
}

/// The text form for people to read: bytes that are not UTF-8 are replaced.
///
/// Principals that differ only in such bytes look the same, so never base access decisions on this
/// text. Compare principals instead, or what [`Principal::unparse_into`] writes.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.unparse_into(&mut out);
        f.write_str(&alloc::string::String::from_utf8_lossy(&out))
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.name_type)
    }
}

const KRBTGT: &[u8] = b"krbtgt";
const WELLKNOWN: &[u8] = b"WELLKNOWN";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_salt_joins_realm_and_components() {
        fn check(name: &str, salt: &[u8]) {
            assert_eq!(
                Principal::parse(name).unwrap().default_salt(),
                salt,
                "{name}"
            );
        }
        check("alice@EXAMPLE.COM", b"EXAMPLE.COMalice");
        check("a/b/c@R", b"Rabc");
        check("@R", b"R");
        check("a@", b"a");
        // RFC 3962 appendix B uses this salt in its example.
        check("raeburn@ATHENA.MIT.EDU", b"ATHENA.MIT.EDUraeburn");
        check(r"a\/b\@c@R", b"Ra/b@c");
    }

    #[test]
    fn krbtgt_and_anonymous_are_recognized_by_components() {
        assert!(Principal::krbtgt(b"A", b"B").is_krbtgt());
        assert_eq!(Principal::krbtgt(b"A", b"B").to_string(), "krbtgt/A@B");
        assert!(!Principal::parse("krbtgt@A").unwrap().is_krbtgt());
        assert!(!Principal::parse("krbtgt/A/B@A").unwrap().is_krbtgt());
        assert!(
            Principal::parse("WELLKNOWN/ANONYMOUS@A")
                .unwrap()
                .is_anonymous()
        );
        let alice = Principal::parse("alice@A").unwrap();
        assert!(alice.same_name(&alice.clone().with_realm("B")));
        assert_ne!(alice, alice.clone().with_realm("B"));
        assert_eq!(alice, alice.clone().with_name_type(NameType::ENTERPRISE));
    }

    use alloc::string::ToString;
}

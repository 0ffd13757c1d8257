//! `TransitPolicy`: which realms a ticket may have come through on its way to a service (RFC 4120
//! §2.7, §3.3.3.2).
//!
//! Any realm on the way could have put any name into the ticket. So a KDC checks them and says so
//! by a flag, or the service does; KDCs of Active Directory leave it to the service.

use alloc::vec::Vec;

use kerberos_asn1::{EncTicketPart, TicketFlags, TransitedType};

use crate::Route;
use crate::realm_hierarchy::{above, between};

/// The realm of clients that do not even tell their own (RFC 8062 §3.1).
const ANONYMOUS_REALM: &[u8] = b"WELLKNOWN:ANONYMOUS";

/// The longest list of realms, the client's included, that is looked at. It is written by foreign
/// KDCs, and those of real ones are a tenth of this.
const MAX_LIST: usize = 2048;

/// Which realms a service lets clients come through: those on the path that is laid down from the
/// client's realm to its own, or else those on the path that the names of the two make. Between
/// names that have nothing in common that is every realm above either, as in MIT's library: forests
/// of Active Directory trust each other at their roots.
///
/// # Example
/// ```
/// use kerberos_asn1::{KerberosString, NameType, PrincipalName, SequenceOf, TicketFlags};
/// use kerberos_proto::TransitPolicy;
/// # use kerberos_crypto::{EncryptionType, Key};
/// # let etype = EncryptionType::AES256_CTS_HMAC_SHA1_96;
/// # let key = Key::from_bytes(etype, &[2; 32]).unwrap();
/// # let name = || PrincipalName {
/// #     name_type: NameType::PRINCIPAL, name_string: SequenceOf::from(vec!["alice".into()]),
/// # };
/// # let part = |realm| kerberos_testkdc::forge::enc_ticket_part(realm, name(), &key, 0);
/// // What is in a ticket of a client of SALES.CORP that came through CORP:
/// let mut ticket = part(KerberosString(b"SALES.CORP"));
/// ticket.transited.contents = b"CORP";
///
/// let policy = TransitPolicy::default();
/// assert!(policy.accepts(&ticket, b"PLANT.CORP"));
/// ticket.transited.contents = b"GATE.NET";
/// assert!(!policy.accepts(&ticket, b"PARTNER.NET"));
/// let policy = policy.with_path("SALES.CORP", "PARTNER.NET", ["GATE.NET"]);
/// assert!(policy.accepts(&ticket, b"PARTNER.NET"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TransitPolicy {
    /// From each of these realms.
    paths: Vec<(Vec<u8>, Route)>,
}

impl TransitPolicy {
    /// With the path from realm `client` to realm `server` laid down (`[capaths]` of krb5.conf):
    /// these realms may be on the way, and no other.
    pub fn with_path<R: Into<Vec<u8>>>(
        mut self,
        client: impl Into<Vec<u8>>,
        server: impl Into<Vec<u8>>,
        through: impl IntoIterator<Item = R>,
    ) -> Self {
        self.paths
            .push((client.into(), Route::new(server, through)));
        self
    }

    /// Whether a service of realm `server` may take `ticket`.
    pub fn accepts(&self, ticket: &EncTicketPart<'_>, server: &[u8]) -> bool {
        let (client, list) = (ticket.crealm.0, ticket.transited.contents);
        // RFC 4120 §2.7: with the flag, a KDC has checked them. Without a realm in between, there
        // is nothing to check: the two realms share a key.
        if ticket.flags.contains(TicketFlags::TRANSITED_POLICY_CHECKED) || list.is_empty() {
            return true;
        }
        // RFC 8062 §4.3: a client of whom not even the realm is known may have come through any.
        if client == ANONYMOUS_REALM {
            return true;
        }
        // A client of the service's own realm need not have left it.
        if client == server
            || ticket.transited.tr_type != TransitedType::DOMAIN_X500_COMPRESS
            || client.len() + list.len() > MAX_LIST
        {
            return false;
        }
        let laid_down = self
            .paths
            .iter()
            .find(|(from, route)| from == client && route.realm == server);
        let path = match laid_down {
            Some((_, route)) => route.through.iter().map(Vec::as_slice).collect(),
            None => between(client, server)
                .unwrap_or_else(|| above(client).chain(above(server)).collect()),
        };
        // The ends have no place in the list, but take no harm from it; MIT's library takes the
        // client's, too.
        let may_be_passed =
            |realm: &[u8]| realm == client || realm == server || path.contains(&realm);
        all(list, client, server, may_be_passed)
    }
}

/// Whether all realms of `list` are such. It ends with the first that is not, so that no longer
/// name is put together than those which are.
fn all(list: &[u8], client: &[u8], server: &[u8], is_such: impl Fn(&[u8]) -> bool) -> bool {
    let all_between = |from: &[u8], to: &[u8]| {
        between(from, to).is_some_and(|path| path.into_iter().all(&is_such))
    };
    let mut previous: Option<Vec<u8>> = None;
    let mut is_abridged = false;
    let mut rest = Some(list);
    while let Some(list) = rest {
        let Some((subfield, after)) = Subfield::read(list) else {
            return false;
        };
        rest = after;
        if subfield.name.is_empty() {
            is_abridged = true;
            continue;
        }
        // §3.3.3.2: the realm preceding the first listed one is the null realm for appending...
        let realm = subfield.realm(previous.as_deref().unwrap_or_default());
        // ... and for null subfields the client's: all realms between the two have been traversed.
        let before = previous.as_deref().unwrap_or(client);
        if !is_such(&realm) || (is_abridged && !all_between(before, &realm)) {
            return false;
        }
        (previous, is_abridged) = (Some(realm), false);
    }
    // The server's realm is considered to follow.
    !is_abridged || all_between(previous.as_deref().unwrap_or(client), server)
}

/// What stands between two commas of a list in the encoding DOMAIN-X500-COMPRESS.
struct Subfield {
    name: Vec<u8>,
    shorthand: Shorthand,
}

/// How a realm is named with the help of the one before it.
enum Shorthand {
    No,
    /// The name ends with a dot, and goes before the other.
    Prepended,
    /// The name begins with a slash, and goes behind the other.
    Appended,
}

impl Subfield {
    /// The first of `list`, and what follows its comma; `None` where a backslash quotes nothing.
    fn read(list: &[u8]) -> Option<(Self, Option<&[u8]>)> {
        let (mut name, mut after) = (Vec::new(), None);
        let (mut stands_alone, mut is_appended, mut ends_with_dot) = (false, false, false);
        let mut bytes = list.iter().copied().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b',' => {
                    after = list.get(at + 1..);
                    break;
                }
                b'\\' => {
                    name.push(bytes.next()?.1);
                    ends_with_dot = false;
                }
                b' ' if name.is_empty() => stands_alone = true,
                _ => {
                    is_appended |= byte == b'/' && name.is_empty() && !stands_alone;
                    ends_with_dot = byte == b'.';
                    name.push(byte);
                }
            }
        }
        let shorthand = match (is_appended, ends_with_dot) {
            (true, _) => Shorthand::Appended,
            (false, true) => Shorthand::Prepended,
            (false, false) => Shorthand::No,
        };
        Some((Self { name, shorthand }, after))
    }

    /// The realm, which follows `before`.
    fn realm(self, before: &[u8]) -> Vec<u8> {
        match self.shorthand {
            Shorthand::No => self.name,
            Shorthand::Prepended => [&self.name, before].concat(),
            Shorthand::Appended => [before, &self.name].concat(),
        }
    }
}

#[cfg(test)]
mod tests;

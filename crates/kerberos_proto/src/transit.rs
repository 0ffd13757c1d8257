//! `TransitPolicy`: the realms through which a ticket may have come to a service (RFC 4120 §2.7,
//! §3.3.3.2).
//!
//! Each realm on the way could have put any name into the ticket. So either a KDC checks the path
//! and says so in a flag, or the service checks it. KDCs of Active Directory leave it to the
//! service.

use alloc::vec::Vec;

use kerberos_asn1::{EncTicketPart, TicketFlags, TransitedType};

use crate::Route;
use crate::realm_hierarchy::{above, between};

/// The realm of clients that do not even reveal their realm (RFC 8062 §3.1).
const ANONYMOUS_REALM: &[u8] = b"WELLKNOWN:ANONYMOUS";

/// The maximum length of a list of realms, including the client's, that is processed. Foreign KDCs
/// write this list; real ones are a tenth of this size.
const MAX_LIST: usize = 2048;

/// The realms through which a service lets clients come. These are the realms on the configured
/// path from the client's realm to the service's or, if none is configured, those on the path
/// implied by the names of the two realms. If the names have nothing in common, all ancestors of
/// either realm are allowed, as in MIT's library, because Active Directory forests trust each other
/// at their roots.
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
    /// The configured paths, by their first realm.
    paths: Vec<(Vec<u8>, Route)>,
}

impl TransitPolicy {
    /// Adds the path from realm `client` to realm `server` (`[capaths]` of krb5.conf): these realms
    /// may be on the way, and no others.
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

    /// Whether a service in realm `server` may accept `ticket`.
    pub fn accepts(&self, ticket: &EncTicketPart<'_>, server: &[u8]) -> bool {
        let (client, list) = (ticket.crealm.0, ticket.transited.contents);
        // RFC 4120 §2.7: the flag means that a KDC has checked the realms. Without a realm in
        // between there is nothing to check: the two realms share a key.
        if ticket.flags.contains(TicketFlags::TRANSITED_POLICY_CHECKED) || list.is_empty() {
            return true;
        }
        // RFC 8062 §4.3: a client that hides its realm may have come through any realm.
        if client == ANONYMOUS_REALM {
            return true;
        }
        // A client of the service's own realm had no reason to leave it.
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
        // The two ends should not be in the list, but do no harm there. MIT's library also accepts
        // the client's realm.
        let may_be_passed =
            |realm: &[u8]| realm == client || realm == server || path.contains(&realm);
        all(list, client, server, may_be_passed)
    }
}

/// Whether all realms of `list` satisfy `is_such`. It stops at the first that does not, so no realm
/// name gets longer than the names that are allowed.
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
        // §3.3.3.2: for appending, the realm before the first listed one is the null realm...
        let realm = subfield.realm(previous.as_deref().unwrap_or_default());
        // ... but for null subfields it is the client's: all realms between the two were traversed.
        let before = previous.as_deref().unwrap_or(client);
        if !is_such(&realm) || (is_abridged && !all_between(before, &realm)) {
            return false;
        }
        (previous, is_abridged) = (Some(realm), false);
    }
    // The server's realm is considered to follow.
    !is_abridged || all_between(previous.as_deref().unwrap_or(client), server)
}

/// The text between two commas of a list in the encoding DOMAIN-X500-COMPRESS.
struct Subfield {
    name: Vec<u8>,
    shorthand: Shorthand,
}

/// How a realm name is completed from the one before it.
enum Shorthand {
    No,
    /// The name ends with a dot; it is put before the previous one.
    Prepended,
    /// The name begins with a slash; it is put after the previous one.
    Appended,
}

impl Subfield {
    /// The first subfield of `list`, and what follows its comma; `None` if a trailing backslash
    /// quotes nothing.
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

    /// The full realm name, given the realm `before` it.
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

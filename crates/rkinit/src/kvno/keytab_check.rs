//! `-k`: whether a service could read the ticket with the keys of its keytab (RFC 4120 §3.2.3).
//!
//! As in MIT's library every key of the ticket's encryption type is tried, whoever's it is: a
//! service may have its key under an alias. The service's own are tried first.
//!
//! What it leaves to services: the ticket's times and addresses.

use kerberos_asn1::Decode as _;
use kerberos_asn1::EncTicketPart;
use kerberos_asn1::EncryptedData;
use kerberos_asn1::Ticket;
use kerberos_asn1::TicketFlags;
use kerberos_asn1::der::Reader;
use kerberos_crypto::EncryptionType;
use kerberos_crypto::Key;
use kerberos_crypto::KeyUsage;
use kerberos_crypto::Plaintext;
use kerberos_files::keytab::KeytabEntryView;
use kerberos_files::keytab::KeytabError;
use kerberos_files::keytab::KeytabFile;
use thiserror::Error;

use crate::keytab_select;

/// Why the service could not use the ticket, in MIT's words.
#[derive(Debug, Error)]
pub(super) enum CheckError {
    #[error("{}", keytab_select::explain(.0).0)]
    Keytab(#[from] KeytabError),
    /// No key of the keytab decrypts it. MIT's library does not tell why.
    #[error("Wrong principal in request")]
    NoKey(Found),
    /// It was postdated and not validated.
    #[error("Ticket has invalid flag set")]
    Invalid,
    /// Neither its KDC nor this program has checked the realms between client and service.
    #[error("Illegal cross-realm ticket")]
    TransitedUnchecked,
}

/// What the keytab has beside the key that was sought, in the order of how near it comes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Found {
    /// Nothing of the service.
    Nothing,
    /// Keys of the service, of other types.
    OtherType,
    /// Keys of the service, of other versions.
    OtherVersion,
    /// The version of the service's key that the ticket names.
    Same,
}

impl CheckError {
    /// What to do about it, for the ticket that was checked.
    pub(super) fn hint(&self, ticket: &Ticket<'_>) -> Option<String> {
        let etype = EncryptionType(ticket.enc_part.etype);
        let kvno = ticket.enc_part.kvno.unwrap_or_default();
        Some(match self {
            Self::Keytab(error) => return keytab_select::explain(error).1,
            Self::NoKey(Found::Nothing) => {
                "the keytab has no key of this service: klist -ke shows whose keys it has".into()
            }
            Self::NoKey(Found::OtherType) => format!(
                "the ticket is encrypted with {etype}, and the keytab has no key of that type for \
                 this service: extract it again"
            ),
            Self::NoKey(Found::OtherVersion) => format!(
                "the keytab has keys of this service, but none of version {kvno}: the key was \
                 changed since; extract it again"
            ),
            Self::NoKey(Found::Same) => format!(
                "the keytab's key of version {kvno} is not the KDC's: extract it again, or get a \
                 new ticket if the key was made anew"
            ),
            Self::Invalid => "it is postdated and has to be validated first: kinit -v".into(),
            Self::TransitedUnchecked => "the realms that the client came through were not checked \
                 by the KDC; [capaths] in its krb5.conf may say that they are trusted"
                .into(),
        })
    }
}

/// Checks that a key of the keytab opens `ticket`.
///
/// # Errors
/// When none does, when the keytab cannot be read, and when what is in the ticket makes services
/// refuse it at any time.
pub(super) fn check(keytab: &KeytabFile, ticket: &Ticket<'_>) -> Result<(), CheckError> {
    let (own, found) = search(keytab, ticket, true)?;
    let plain = match own {
        Some(plain) => plain,
        None => search(keytab, ticket, false)?
            .0
            .ok_or(CheckError::NoKey(found))?,
    };
    // What the cipher's last block has beyond the value does not matter (RFC 3961 §5.3).
    let Ok(part) = EncTicketPart::decode(&mut Reader::new(&plain)) else {
        return Err(CheckError::NoKey(found));
    };
    if part.flags.contains(TicketFlags::INVALID) {
        return Err(CheckError::Invalid);
    }
    // RFC 4120 §2.7: without the flag, it is for the service to check them.
    let checked = part.flags.contains(TicketFlags::TRANSITED_POLICY_CHECKED)
        || part.crealm == ticket.realm
        || part.transited.contents.is_empty();
    if checked {
        Ok(())
    } else {
        Err(CheckError::TransitedUnchecked)
    }
}

/// The ticket's content, if a key of the service (or, else, of anybody else) decrypts it; and how
/// near the service's keys come.
fn search(
    keytab: &KeytabFile,
    ticket: &Ticket<'_>,
    own: bool,
) -> Result<(Option<Plaintext>, Found), KeytabError> {
    let mut found = Found::Nothing;
    let mut reader = keytab.open()?;
    while let Some(entry) = reader.next()? {
        if is_for(&entry, ticket) != own {
            continue;
        }
        found = found.max(nearness(&entry, &ticket.enc_part));
        if let Some(plain) = decrypt(&entry, &ticket.enc_part) {
            return Ok((Some(plain), found));
        }
    }
    Ok((None, found))
}

fn is_for(entry: &KeytabEntryView<'_>, ticket: &Ticket<'_>) -> bool {
    let principal = entry.principal();
    let name = ticket.sname.name_string.iter().map(|part| part.0);
    principal.realm() == ticket.realm.0 && principal.components().eq(name)
}

fn nearness(entry: &KeytabEntryView<'_>, sealed: &EncryptedData<'_>) -> Found {
    if entry.etype().0 != sealed.etype {
        return Found::OtherType;
    }
    match sealed.kvno {
        // Some keytabs have room for the low octet of a version only.
        Some(kvno) if entry.kvno() != kvno && entry.kvno() != kvno & 0xff => Found::OtherVersion,
        _ => Found::Same,
    }
}

fn decrypt(entry: &KeytabEntryView<'_>, sealed: &EncryptedData<'_>) -> Option<Plaintext> {
    if entry.etype().0 != sealed.etype {
        return None;
    }
    let key = Key::from_bytes(entry.etype(), entry.expose_key()).ok()?;
    key.decrypt(KeyUsage::KDC_REP_TICKET, sealed.cipher).ok()
}

#[cfg(test)]
mod tests;

//! Finds the key of a keytab that decrypts a ticket, in the way a service would.
//!
//! As in MIT's library, all keys of the ticket's encryption type are tried, whichever principal
//! they belong to, because a service may have its key under an alias. The service's own keys are
//! tried first.

use kerberos_asn1::der::{Decode as _, Reader};
use kerberos_asn1::{EncTicketPart, EncryptedData, Ticket};
use kerberos_crypto::{Key, KeyUsage, Plaintext};
use kerberos_files::keytab::{KeytabEntryView, KeytabError, KeytabFile};

/// A decrypted ticket.
pub(crate) struct Opened {
    /// The key that decrypted it.
    pub(crate) key: Key,
    plain: Plaintext,
}

/// The closest match that the keytab has for the wanted key, ordered from far to near.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Found {
    /// No keys of the service.
    Nothing,
    /// Keys of the service, but of other encryption types.
    OtherType,
    /// Keys of the service, but of other versions.
    OtherVersion,
    /// A key of the service with the version that the ticket names.
    Same,
}

impl Opened {
    /// The decoded content, if it is a valid ticket content.
    pub(crate) fn part(&self) -> Option<EncTicketPart<'_>> {
        // Bytes that the cipher's last block has beyond the value do not matter (RFC 3961 §5.3).
        EncTicketPart::decode(&mut Reader::new(&self.plain)).ok()
    }
}

/// Decrypts `ticket` with a key of the keytab; otherwise returns how close the keytab's keys come.
///
/// # Errors
/// When the keytab cannot be read.
pub(crate) fn open(
    keytab: &KeytabFile,
    ticket: &Ticket<'_>,
) -> Result<Result<Opened, Found>, KeytabError> {
    let (own, found) = search(keytab, ticket, true)?;
    let opened = match own {
        Some(opened) => Some(opened),
        None => search(keytab, ticket, false)?.0,
    };
    Ok(opened.ok_or(found))
}

/// The decrypted ticket, if a key of the service or, failing that, of any other principal decrypts
/// it; and how close the service's keys come.
fn search(
    keytab: &KeytabFile,
    ticket: &Ticket<'_>,
    own: bool,
) -> Result<(Option<Opened>, Found), KeytabError> {
    let mut found = Found::Nothing;
    let mut reader = keytab.open()?;
    while let Some(entry) = reader.next()? {
        if is_for(&entry, ticket) != own {
            continue;
        }
        found = found.max(nearness(&entry, &ticket.enc_part));
        if let Some(opened) = decrypt(&entry, &ticket.enc_part) {
            return Ok((Some(opened), found));
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
        // Some keytabs store only the low octet of a version, and version 0 matches any.
        Some(kvno) if ![0, kvno, kvno & 0xff].contains(&entry.kvno()) => Found::OtherVersion,
        _ => Found::Same,
    }
}

fn decrypt(entry: &KeytabEntryView<'_>, sealed: &EncryptedData<'_>) -> Option<Opened> {
    if entry.etype().0 != sealed.etype {
        return None;
    }
    let key = Key::from_bytes(entry.etype(), entry.expose_key()).ok()?;
    let plain = key.decrypt(KeyUsage::KDC_REP_TICKET, sealed.cipher).ok()?;
    Some(Opened { key, plain })
}

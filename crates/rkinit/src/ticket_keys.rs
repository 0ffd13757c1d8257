//! The key of a keytab that opens a ticket, as a service would look for it.
//!
//! As in MIT's library every key of the ticket's encryption type is tried, whoever's it is: a
//! service may have its key under an alias. The service's own are tried first.

use kerberos_asn1::der::{Decode as _, Reader};
use kerberos_asn1::{EncTicketPart, EncryptedData, Ticket};
use kerberos_crypto::{Key, KeyUsage, Plaintext};
use kerberos_files::keytab::{KeytabEntryView, KeytabError, KeytabFile};

/// A ticket's content.
pub(crate) struct Opened {
    /// The key of the service.
    pub(crate) key: Key,
    plain: Plaintext,
}

/// What the keytab has beside the key that was sought, in the order of how near it comes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Found {
    /// Nothing of the service.
    Nothing,
    /// Keys of the service, of other types.
    OtherType,
    /// Keys of the service, of other versions.
    OtherVersion,
    /// The version of the service's key that the ticket names.
    Same,
}

impl Opened {
    /// The content, if it is what a ticket has.
    pub(crate) fn part(&self) -> Option<EncTicketPart<'_>> {
        // What the cipher's last block has beyond the value does not matter (RFC 3961 §5.3).
        EncTicketPart::decode(&mut Reader::new(&self.plain)).ok()
    }
}

/// Opens `ticket` with a key of the keytab, or tells how near its keys come.
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

/// The ticket's content, if a key of the service (or, else, of anybody else) decrypts it; and how
/// near the service's keys come.
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
        // Some keytabs have room for the low octet of a version only, and version 0 is any.
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

//! `-k`: checks whether a service could use the ticket with the keys of its keytab (RFC 4120
//! §3.2.3).
//!
//! It does not check the ticket's times and addresses, which only services do.

use kerberos_asn1::{Ticket, TicketFlags};
use kerberos_crypto::EncryptionType;
use kerberos_files::keytab::{KeytabError, KeytabFile};
use kerberos_proto::TransitPolicy;
use thiserror::Error;

use crate::input::keytab_select;
use crate::ticket_keys::Found;
use crate::{Tool, ticket_keys};

/// Why the service could not use the ticket, in MIT's words.
#[derive(Debug, Error)]
pub(super) enum CheckError {
    #[error("{}", keytab_select::explain(.0).0)]
    Keytab(#[from] KeytabError),
    /// No key of the keytab decrypts it. MIT's library does not say why.
    #[error("Wrong principal in request")]
    NoKey(Found),
    /// The ticket is postdated and was not validated.
    #[error("Ticket has invalid flag set")]
    Invalid,
    /// The client came through realms that no KDC has checked and that are not on the expected
    /// path.
    #[error("Illegal cross-realm ticket")]
    PathNotAccepted,
}

impl CheckError {
    /// What to do about it, for the ticket that was checked.
    pub(super) fn hint(&self, ticket: &Ticket<'_>) -> Option<String> {
        let etype = EncryptionType(ticket.enc_part.etype);
        let kvno = ticket.enc_part.kvno.unwrap_or_default();
        Some(match self {
            Self::Keytab(error) => return keytab_select::explain(error).1,
            Self::NoKey(Found::Nothing) => format!(
                "the keytab has no key of this service: list its keys with {} -ke",
                Tool::Klist
            ),
            Self::NoKey(Found::OtherType) => format!(
                "the ticket is encrypted with {etype}, and the keytab has no key of that type for \
                 this service: extract the keytab again"
            ),
            Self::NoKey(Found::OtherVersion) => format!(
                "the keytab has keys of this service, but none of version {kvno}: the key has been \
                 changed; extract the keytab again"
            ),
            Self::NoKey(Found::Same) => format!(
                "the keytab's key of version {kvno} does not match the KDC's: extract the keytab \
                 again, or get a new ticket if the key was created again"
            ),
            Self::Invalid => format!(
                "the ticket is postdated: validate it first with {} -v",
                Tool::Kinit
            ),
            Self::PathNotAccepted => {
                "the client came through realms that are not trusted on this path; allow them in \
                 [capaths] of krb5.conf"
                    .into()
            }
        })
    }
}

/// Checks that a key of the keytab decrypts `ticket`, and that `transit` allows the realms that its
/// client came through.
///
/// # Errors
/// When no key decrypts it, when the keytab cannot be read, and when services would refuse the
/// contents at any time.
pub(super) fn check(
    keytab: &KeytabFile,
    ticket: &Ticket<'_>,
    transit: &TransitPolicy,
) -> Result<(), CheckError> {
    let opened = match ticket_keys::open(keytab, ticket)? {
        Ok(opened) => opened,
        Err(found) => return Err(CheckError::NoKey(found)),
    };
    let Some(part) = opened.part() else {
        return Err(CheckError::NoKey(Found::Same));
    };
    if part.flags.contains(TicketFlags::INVALID) {
        return Err(CheckError::Invalid);
    }
    if transit.accepts(&part, ticket.realm.0) {
        Ok(())
    } else {
        Err(CheckError::PathNotAccepted)
    }
}

#[cfg(test)]
mod tests;

//! CLIENT_INFO: the client that the PAC is about, checked against the ticket (MS-PAC §2.7).

use alloc::string::String;
use alloc::vec::Vec;

use super::cursor::Cursor;
use super::error::Fault;
use super::{FileTime, Pac, PacBufferType, PacCheck, PacError};
use crate::UnparseOptions;

/// Checks that the PAC is about the ticket's client and the same login.
pub(super) fn check(pac: &Pac<'_>, check: &PacCheck<'_>) -> Result<(), PacError> {
    let buffer = pac
        .buffer(PacBufferType::CLIENT_INFO)
        .ok_or(PacError::NoClientInfo)?;
    let (time, name) = read(buffer).map_err(Fault::within(PacBufferType::CLIENT_INFO))?;
    if time.unix() != check.authtime.unix() {
        return Err(PacError::AuthTime {
            pac: time,
            ticket: check.authtime,
        });
    }
    // MS-PAC §2.7: the name in the ticket, without the realm.
    let mut expected = Vec::new();
    let without_realm = UnparseOptions::no_realm().display(true);
    check.client.unparse_with(&without_realm, &mut expected);
    if name.as_bytes() != expected {
        return Err(PacError::ClientName {
            pac: name,
            ticket: check.client.clone(),
        });
    }
    Ok(())
}

fn read(bytes: &[u8]) -> Result<(FileTime, String), Fault> {
    let mut cursor = Cursor::new(bytes);
    let time = FileTime(cursor.u64()?);
    let length = cursor.u16()?;
    Ok((time, cursor.utf16(length.into())?))
}

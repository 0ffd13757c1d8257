//! Names of encryption types in listings.

use std::io::Write as _;

use kerberos_crypto::EncryptionType;

/// Appends the canonical name or `etype N`, with a mark if the type is deprecated.
pub(super) fn push_etype(etype: EncryptionType, out: &mut Vec<u8>) {
    // As in MIT, unknown types count as deprecated: `DEPRECATED:etype 99`.
    if etype.is_deprecated() || etype.name().is_none() {
        out.extend_from_slice(b"DEPRECATED:");
    }
    match etype.name() {
        Some(name) => out.extend_from_slice(name.as_bytes()),
        None => {
            let _ = write!(out, "etype {}", etype.0);
        }
    }
}

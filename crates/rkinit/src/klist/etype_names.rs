//! An encryption type as listings name it.

use std::io::Write as _;

use kerberos_crypto::EncryptionType;

/// Appends the canonical name, marked when the type is deprecated, or `etype N`.
pub(super) fn push_etype(etype: EncryptionType, out: &mut Vec<u8>) {
    // Unknown types count as deprecated with MIT: `DEPRECATED:etype 99`.
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

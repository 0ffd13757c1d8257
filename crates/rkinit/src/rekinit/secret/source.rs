//! What a secret is read from: a variable, or a file of limited size.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use kerberos_client::ClientError;
use zeroize::Zeroizing;

use super::{no_secret, shown_variable};
use crate::input::ordinary_file;
use crate::messages::system_text;

pub(super) fn variable(name: &str) -> Result<Zeroizing<String>, ClientError> {
    let from = shown_variable(name);
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Err(no_secret(from, "it is empty")),
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(std::env::VarError::NotPresent) => Err(no_secret(from, "it is not set")),
        Err(std::env::VarError::NotUnicode(_)) => Err(no_secret(from, "it is not UTF-8")),
    }
}

pub(super) fn open(path: &Path) -> Result<File, ClientError> {
    let refusal = |reason: &str| no_secret(path.display(), reason);
    ordinary_file::open(path)
        .map_err(|error| refusal(&system_text(&error)))?
        .ok_or_else(|| refusal("it is not an ordinary file"))
}

pub(super) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, ClientError> {
    let (file, from) = (open(path)?, path.display());
    // Allocated with its maximum size, so that growing leaves no parts in old buffers.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST + 1));
    let limit = u64::try_from(LARGEST + 1).unwrap_or(u64::MAX);
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| no_secret(&from, &system_text(&error)))?;
    if bytes.len() > LARGEST {
        return Err(no_secret(&from, "it is too large for a secret"));
    }
    Ok(bytes)
}

/// The maximum size of a secret manager's file, in bytes. Secret managers have similar limits.
const LARGEST: usize = 16 * 1024;

//! `KeytabName`: `TYPE:residual`, as in `KRB5_KTNAME`, `default_keytab_name` and `-t`.

use core::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::typed_name;

/// The type of keytab that a name refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeytabKind {
    /// A file.
    File,
    /// A file, with the name that once meant a writable keytab.
    WrFile,
    /// In the memory of this process.
    Memory,
}

/// A parsed keytab name.
///
/// # Example
/// ```
/// use kerberos_files::keytab::KeytabName;
/// let name = KeytabName::parse("/etc/krb5.keytab")?;
/// assert_eq!(name.to_string(), "FILE:/etc/krb5.keytab");
/// assert_eq!(name.file_path()?.to_str(), Some("/etc/krb5.keytab"));
/// # Ok::<(), kerberos_files::keytab::KeytabNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeytabName {
    kind: KeytabKind,
    residual: String,
}

/// Why a name does not refer to a keytab.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum KeytabNameError {
    /// The type does not exist.
    #[error("Unknown Key table type")]
    UnknownType {
        /// The text before the colon.
        kind: String,
    },
    /// The type exists, but is not supported by this version.
    #[error("keytabs of type {kind} are not supported yet")]
    Unsupported {
        /// The type.
        kind: KeytabKind,
    },
}

impl KeytabNameError {
    /// What to do about the error.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownType { .. } => "the type is FILE or WRFILE, as in FILE:/etc/krb5.keytab",
            Self::Unsupported { .. } => "name a file, such as FILE:/etc/krb5.keytab",
        }
    }
}

const KINDS: [(&str, KeytabKind); 3] = [
    ("FILE", KeytabKind::File),
    ("WRFILE", KeytabKind::WrFile),
    ("MEMORY", KeytabKind::Memory),
];

impl KeytabName {
    /// The name of the keytab file at `path`.
    pub fn file(path: impl Into<String>) -> Self {
        Self {
            kind: KeytabKind::File,
            residual: path.into(),
        }
    }

    /// Parses `TYPE:residual`. Without a type, or if it begins with `/`, it is a file.
    ///
    /// # Errors
    /// [`KeytabNameError::UnknownType`].
    pub fn parse(name: &str) -> Result<Self, KeytabNameError> {
        let Some((kind, residual)) = typed_name::split(name) else {
            return Ok(Self::file(name));
        };
        let known =
            typed_name::look_up(&KINDS, kind).ok_or_else(|| KeytabNameError::UnknownType {
                kind: kind.to_owned(),
            })?;
        Ok(Self {
            kind: known,
            residual: residual.to_owned(),
        })
    }

    /// The type of the keytab.
    pub fn kind(&self) -> KeytabKind {
        self.kind
    }

    /// The text after the colon.
    pub fn residual(&self) -> &str {
        &self.residual
    }

    /// The path of a keytab file.
    ///
    /// # Errors
    /// [`KeytabNameError::Unsupported`] for all other types.
    pub fn file_path(&self) -> Result<PathBuf, KeytabNameError> {
        match self.kind {
            KeytabKind::File | KeytabKind::WrFile => Ok(Path::new(&self.residual).to_owned()),
            kind @ KeytabKind::Memory => Err(KeytabNameError::Unsupported { kind }),
        }
    }
}

impl fmt::Display for KeytabKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(typed_name::word_of(&KINDS, self))
    }
}

/// `TYPE:residual`, as printed by MIT's tools.
impl fmt::Display for KeytabName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.residual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keytab_names_are_parsed_and_memory_is_unsupported() {
        fn check(name: &str, expected: Result<&str, &str>) {
            let parsed = KeytabName::parse(name).map(|name| name.to_string());
            let parsed = parsed.map_err(|error| error.to_string());
            assert_eq!(
                parsed.as_deref().map_err(String::as_str),
                expected,
                "{name}"
            );
        }
        check("/etc/krb5.keytab", Ok("FILE:/etc/krb5.keytab"));
        check("/etc/a:b", Ok("FILE:/etc/a:b"));
        check("FILE:x", Ok("FILE:x"));
        check("WRFILE:/x", Ok("WRFILE:/x"));
        check("MEMORY:x", Ok("MEMORY:x"));
        check("c:x", Ok("FILE:c:x"));
        check("SRVTAB:/etc/srvtab", Err("Unknown Key table type"));
        let error = KeytabName::parse("MEMORY:x")
            .unwrap()
            .file_path()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "keytabs of type MEMORY are not supported yet"
        );
    }
}

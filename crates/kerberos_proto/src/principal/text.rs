//! The text form of a principal, `component/component@REALM`, read and written like MIT's library:
//! RFC 4120 §6.2 leaves it to implementations, and users compare with MIT's.

mod options;

use alloc::string::String;
use alloc::vec::Vec;

use kerberos_asn1::NameType;
use thiserror::Error;

pub use options::{OmitRealm, ParseOptions, RealmRule, UnparseOptions};

use super::Principal;

/// Why a text is not a principal name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PrincipalError {
    /// A separator is misplaced: a second `@`, a `/` in the realm, a `\` at the end.
    #[error("malformed representation of principal")]
    Malformed,
    /// The text has no realm, and there is no default realm or the realm was required.
    #[error("the principal name has no realm")]
    NoRealm,
    /// The text has a realm, but none is allowed.
    #[error("the principal name has a realm")]
    RealmPresent,
}

impl Principal {
    /// Parses `text`, which must include its realm.
    ///
    /// # Errors
    /// [`PrincipalError::NoRealm`] if there is no `@REALM`, otherwise the same as
    /// [`parse_with_realm`](Self::parse_with_realm).
    pub fn parse(text: &str) -> Result<Self, PrincipalError> {
        Self::parse_bytes(text.as_bytes(), &ParseOptions::default())
    }

    /// Parses `text`. Its realm is `default_realm` unless the text has a realm; the empty realm of
    /// `user@` counts as one.
    ///
    /// A `\` takes away the special meaning of the next character; `\n`, `\t`, `\b` and `\0` mean a
    /// line feed, a tab, a backspace and a NUL.
    ///
    /// # Errors
    /// [`PrincipalError::Malformed`] for a second `@`, a `/` within the realm or a `\` at the end.
    pub fn parse_with_realm(text: &str, default_realm: &str) -> Result<Self, PrincipalError> {
        let options = ParseOptions::with_default_realm(default_realm.as_bytes());
        Self::parse_bytes(text.as_bytes(), &options)
    }

    /// Parses an enterprise name (RFC 6806 §5): its first `@` and every `/` belong to the name.
    ///
    /// # Errors
    /// The same as [`parse_with_realm`](Self::parse_with_realm), except that here the second `@`
    /// starts the realm.
    ///
    /// # Example
    /// ```
    /// use kerberos_proto::Principal;
    /// let user = Principal::parse_enterprise("alice@corp.example", "AD.EXAMPLE")?;
    /// assert_eq!(user.to_string(), r"alice\@corp.example@AD.EXAMPLE");
    /// # Ok::<(), kerberos_proto::PrincipalError>(())
    /// ```
    pub fn parse_enterprise(text: &str, default_realm: &str) -> Result<Self, PrincipalError> {
        let options = ParseOptions::with_default_realm(default_realm.as_bytes()).enterprise(true);
        Self::parse_bytes(text.as_bytes(), &options)
    }

    /// Parses `text`, in any encoding, according to `options`.
    ///
    /// # Errors
    /// [`PrincipalError::Malformed`] as in [`parse_with_realm`](Self::parse_with_realm);
    /// [`PrincipalError::NoRealm`] and [`PrincipalError::RealmPresent`] depending on the
    /// [`RealmRule`].
    pub fn parse_bytes(text: &[u8], options: &ParseOptions<'_>) -> Result<Self, PrincipalError> {
        let (components, realm) = split(text, options.enterprise)?;
        let realm = match (options.realm, realm) {
            (RealmRule::Forbidden, Some(_)) => return Err(PrincipalError::RealmPresent),
            (RealmRule::Required, None) => return Err(PrincipalError::NoRealm),
            (RealmRule::Forbidden | RealmRule::Ignored, _) => Vec::new(),
            (_, Some(realm)) => realm,
            (_, None) => options
                .default_realm
                .ok_or(PrincipalError::NoRealm)?
                .to_vec(),
        };
        let name_type = if options.enterprise {
            NameType::ENTERPRISE
        } else {
            Self::infer_name_type(&components)
        };
        Ok(Self {
            name_type,
            components,
            realm,
        })
    }

    /// Appends the text form `name@REALM` with MIT's escapes to `out`. Bytes that are not UTF-8 are
    /// copied unchanged.
    pub fn unparse_into(&self, out: &mut Vec<u8>) {
        self.unparse_with(&UnparseOptions::default(), out);
    }

    /// Appends the text form selected by `options` to `out`. Bytes that are not UTF-8 are copied
    /// unchanged.
    pub fn unparse_with(&self, options: &UnparseOptions<'_>, out: &mut Vec<u8>) {
        write_name(self.components(), &self.realm, options, out);
    }

    /// The same as [`unparse_into`](Self::unparse_into) for a name that is not a `Principal`, for
    /// example one of ten thousand in a file.
    pub fn unparse_parts_into<'a>(
        components: impl IntoIterator<Item = &'a [u8]>,
        realm: &[u8],
        out: &mut Vec<u8>,
    ) {
        write_name(components, realm, &UnparseOptions::default(), out);
    }

    /// The text form selected by `options`, where bytes that are not UTF-8 are replaced.
    pub fn unparse(&self, options: &UnparseOptions<'_>) -> String {
        let mut out = Vec::new();
        self.unparse_with(options, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// The components of a name, at least one, and the realm if there was an `@`.
type Parts = (Vec<Vec<u8>>, Option<Vec<u8>>);

fn split(text: &[u8], enterprise: bool) -> Result<Parts, PrincipalError> {
    let mut components = Vec::new();
    let mut part = Vec::new();
    let mut in_realm = false;
    let mut at_is_ordinary = enterprise;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => part.push(match bytes.next().ok_or(PrincipalError::Malformed)? {
                b'n' => b'\n',
                b't' => b'\t',
                b'b' => 0x08,
                b'0' => 0,
                other => other,
            }),
            b'@' if at_is_ordinary => {
                at_is_ordinary = false;
                part.push(byte);
            }
            b'/' if enterprise => part.push(byte),
            b'/' | b'@' if in_realm => return Err(PrincipalError::Malformed),
            b'/' => components.push(core::mem::take(&mut part)),
            b'@' => {
                components.push(core::mem::take(&mut part));
                in_realm = true;
            }
            _ => part.push(byte),
        }
    }
    if in_realm {
        return Ok((components, Some(part)));
    }
    components.push(part);
    Ok((components, None))
}

fn write_name<'a>(
    components: impl IntoIterator<Item = &'a [u8]>,
    realm: &[u8],
    options: &UnparseOptions<'_>,
    out: &mut Vec<u8>,
) {
    let write_realm = match options.omit_realm {
        OmitRealm::Never => true,
        OmitRealm::If(default_realm) => realm != default_realm,
        OmitRealm::Always => false,
    };
    // If no realm can follow, an `@` is not a separator.
    let escape_at = options.omit_realm != OmitRealm::Always;
    for (index, component) in components.into_iter().enumerate() {
        if index > 0 {
            out.push(b'/');
        }
        write_part(component, options.display, escape_at, out);
    }
    if write_realm {
        out.push(b'@');
        write_part(realm, options.display, escape_at, out);
    }
}

fn write_part(part: &[u8], display: bool, escape_at: bool, out: &mut Vec<u8>) {
    // Names seldom need an escape. Looking at every byte is faster than testing after each whether
    // to stop.
    let suspect = |byte: u8| matches!(byte, 0..=b'\n' | b'/' | b'@' | b'\\');
    if display
        || !part
            .iter()
            .fold(false, |found, &byte| found | suspect(byte))
    {
        out.extend_from_slice(part);
        return;
    }
    // Copies the text between two escapes in one piece.
    let mut rest = part;
    while let Some(at) = rest
        .iter()
        .position(|&byte| escape(byte, escape_at).is_some())
    {
        let (plain, escaped) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = escaped.split_first() else {
            break;
        };
        out.extend_from_slice(&[b'\\', escape(byte, escape_at).unwrap_or(byte)]);
        rest = behind;
    }
    out.extend_from_slice(rest);
}

/// The character that represents `byte` after a `\`, if `byte` must be escaped.
fn escape(byte: u8, escape_at: bool) -> Option<u8> {
    match byte {
        b'\n' => Some(b'n'),
        b'\t' => Some(b't'),
        0x08 => Some(b'b'),
        0 => Some(b'0'),
        b'/' | b'\\' => Some(byte),
        b'@' if escape_at => Some(byte),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

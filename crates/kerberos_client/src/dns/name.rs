//! `Name`: a domain name in its wire form (RFC 1035 §3.1), compared without regard to case.

use std::fmt;
use std::hash::{Hash, Hasher};

/// A whole domain name: labels after their lengths, the root's empty label last.
///
/// What is shown of it is safe for a terminal: octets other than printable ASCII are escaped.
#[derive(Clone)]
pub(crate) struct Name {
    wire: Vec<u8>,
}

/// RFC 1035 §3.1: a name has 255 octets at most, lengths included.
pub(super) const MAX_NAME: usize = 255;

/// RFC 1035 §3.1: a label has 63 octets at most.
const MAX_LABEL: usize = 63;

impl Name {
    /// The name that `text` writes with dots between its labels, with one at the end or not.
    ///
    /// `None` when it is too long, empty, or has an empty label. Unlike in zone files a backslash
    /// means itself: realms and host names are no zone files.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(text.as_bytes())
    }

    /// As [`parse`](Self::parse), from the bytes of a realm.
    pub(crate) fn from_bytes(text: &[u8]) -> Option<Self> {
        let text = text.strip_suffix(b".").unwrap_or(text);
        let mut builder = NameBuilder::default();
        for label in text.split(|&byte| byte == b'.') {
            if label.is_empty() {
                return None;
            }
            builder.push(label)?;
        }
        Some(builder.finish())
    }

    /// The octets as they stand in a message without compression.
    pub(crate) fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// Whether it is the root, which as the target of a service means that there is none
    /// (RFC 2782).
    pub(crate) fn is_root(&self) -> bool {
        self.wire.len() == 1
    }

    fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.wire.as_slice();
        std::iter::from_fn(move || {
            let (&length, after) = rest.split_first()?;
            let (label, after) = after.split_at_checked(length.into())?;
            rest = after;
            (length > 0).then_some(label)
        })
    }
}

/// A name in the making, which never grows beyond what a name may have.
#[derive(Default)]
pub(super) struct NameBuilder {
    wire: Vec<u8>,
}

impl NameBuilder {
    /// Adds a label; `None` when it or the name is too long.
    pub(super) fn push(&mut self, label: &[u8]) -> Option<()> {
        let length = u8::try_from(label.len()).ok()?;
        // One octet is left for the root.
        if label.len() > MAX_LABEL || self.wire.len() + label.len() + 2 > MAX_NAME {
            return None;
        }
        self.wire.push(length);
        self.wire.extend(label);
        Some(())
    }

    pub(super) fn finish(mut self) -> Name {
        self.wire.push(0);
        Name { wire: self.wire }
    }
}

// The octets that count lengths are below those of letters, so all can be folded alike.
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.wire.eq_ignore_ascii_case(&other.wire)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.wire.to_ascii_lowercase().hash(state);
    }
}

/// Without the dot at the end, unless it is the root.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for (index, label) in self.labels().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            for &byte in label {
                match byte {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                    b'!'..=b'~' => write!(f, "{}", char::from(byte))?,
                    _ => write!(f, "\\{byte:03}")?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let check = |text: &str, expected: Option<&str>| {
            let shown = Name::parse(text).map(|name| name.to_string());
            assert_eq!(shown.as_deref(), expected, "{text:?}");
        };
        check("www.example.com", Some("www.example.com"));
        check("www.example.com.", Some("www.example.com"));
        check(
            "_kerberos._udp.EXAMPLE.COM.",
            Some("_kerberos._udp.EXAMPLE.COM"),
        );
        check("a\\b.c d", Some("a\\\\b.c\\032d"));
        check("\u{1b}[0m", Some("\\027[0m"));
        for none in ["", ".", "..", "a..b", ".a"] {
            check(none, None);
        }
    }

    #[test]
    fn limits() {
        let label = "x".repeat(63);
        assert!(Name::parse(&label).is_some());
        assert!(Name::parse(&format!("{label}x")).is_none());
        // Three labels of 63 and one of 61 make 255 octets.
        let most = format!("{label}.{label}.{label}.{}", "x".repeat(61));
        assert_eq!(Name::parse(&most).unwrap().wire().len(), MAX_NAME);
        assert!(Name::parse(&format!("{most}x")).is_none());
    }

    #[test]
    fn case_does_not_count() {
        let name = |text| Name::parse(text).unwrap();
        assert_eq!(name("WWW.example.com"), name("www.EXAMPLE.com."));
        assert_ne!(name("www.example.com"), name("www.example.org"));
        assert_ne!(name("a.bc"), name("ab.c"));
    }
}

//! Checks whether a value is valid for its key, and says what is wrong if not.

use super::keys::Kind;
use crate::ccache::{CcacheKind, CcacheName, CcacheNameError};
use crate::config::{Server, clean_host, duration, enctypes, values};
use crate::expand::{ExpandError, PathTokens};
use crate::keytab::KeytabName;
use crate::profile::Located;
use crate::rcache::RcacheName;

/// What is wrong with a value, or what is expected instead.
pub(super) fn find(kind: Kind, located: Located<'_>) -> Option<String> {
    let value = located.value;
    let (is_fine, expected) = match kind {
        Kind::Bool => (values::boolean(value).is_some(), "yes or no"),
        Kind::BoolOrFallback => (
            values::boolean(value).is_some() || value.eq_ignore_ascii_case("fallback"),
            "yes, no or fallback",
        ),
        Kind::Number => (values::integer(value).is_some(), "a whole number"),
        Kind::Duration => (
            duration(located).is_ok(),
            "a duration such as 36000, 10h or 1d12h30m",
        ),
        Kind::Enctypes => match enctypes::unknown_words(value).as_slice() {
            unknown if !unknown.is_empty() && enctypes::names_any(value) => {
                return Some(format!("unknown encryption type {}", unknown.join(", ")));
            }
            _ => (enctypes::names_any(value), "known encryption types"),
        },
        Kind::Server => (
            Server::parse(value, 88).is_some(),
            "host, host:port, [address]:port, https://host/path or /path",
        ),
        Kind::Ccache => return in_name(value, ccache),
        Kind::Keytab => return in_name(value, keytab),
        Kind::Rcache => return in_name(value, rcache),
        Kind::RealmOfHost => {
            let key = clean_host(located.name);
            return (key != located.name)
                .then(|| format!("expected {key}: host names are compared in lower case"));
        }
        Kind::Text | Kind::Many | Kind::Not(_) => (true, ""),
    };
    (!is_fine).then(|| format!("expected {expected}"))
}

/// What is wrong with a name after replacing its tokens.
fn in_name(name: &str, problem: impl Fn(&str) -> Option<String>) -> Option<String> {
    match PathTokens::of_process(None).expand(name) {
        Ok(name) => problem(&name),
        // This is a problem of this host or user, and not of the name.
        Err(ExpandError::NoUsername(_)) => None,
        Err(error) => Some(error.to_string()),
    }
}

fn ccache(name: &str) -> Option<String> {
    let supported = |name: CcacheName| match name.kind() {
        kind @ (CcacheKind::Api | CcacheKind::MsLsa) => Err(CcacheNameError::Unsupported { kind }),
        #[cfg(not(feature = "keyring"))]
        kind @ CcacheKind::Keyring => Err(CcacheNameError::Unsupported { kind }),
        _ => Ok(()),
    };
    let error = CcacheName::parse(name).and_then(supported).err()?;
    Some(error.to_string())
}

fn keytab(name: &str) -> Option<String> {
    let file = KeytabName::parse(name).and_then(|name| name.file_path());
    Some(file.err()?.to_string())
}

fn rcache(name: &str) -> Option<String> {
    Some(RcacheName::parse(name).err()?.to_string())
}

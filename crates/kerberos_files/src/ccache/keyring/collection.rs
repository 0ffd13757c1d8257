//! Collections of KEYRING caches: their locations and their primary caches.

use std::io;

use rustix::io::Errno;

use super::keys::{KeyType, Keyring, is_any};
use crate::ccache::{CcacheError, CcacheKind, CcacheName, CcacheNameError};

/// A collection of caches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct KeyringCollection {
    pub(super) anchor: Anchor,
    pub(super) name: String,
}

/// The location of a collection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Process,
    Thread,
    Session,
    User,
    Persistent,
    Legacy,
}

impl KeyringCollection {
    /// The name of the primary cache.
    pub(super) fn primary(&self) -> Result<String, CcacheError> {
        let first = || match self.name.as_str() {
            // A key cannot have an empty name.
            "" => "tkt".to_owned(),
            name => name.to_owned(),
        };
        let Some(keyring) = self.keyring(false)? else {
            return Ok(first());
        };
        let key = keyring.user_key(PRIMARY);
        let key = key.map_err(|error| self.error(error))?;
        let payload = match key {
            Some(key) => key.read().map_err(|error| self.error(error))?,
            None => None,
        };
        match payload {
            Some(payload) => primary_name(&payload).map_err(|version| CcacheError::PrimaryKey {
                name: self.cache_name(),
                version,
            }),
            None => Ok(first()),
        }
    }

    /// The collection's keyring. If it does not exist, it is created if `make` is set.
    pub(super) fn keyring(&self, make: bool) -> Result<Option<Keyring>, CcacheError> {
        let prefixed = format!("_krb_{}", self.name);
        let (parent, possess, name) = match self.anchor {
            Anchor::Process => (Keyring::PROCESS, None, prefixed.as_str()),
            Anchor::Thread => (Keyring::THREAD, None, prefixed.as_str()),
            Anchor::Session | Anchor::Legacy => (Keyring::session(), None, prefixed.as_str()),
            // We do not possess the contents of these keyrings; through the process's keyring we
            // do.
            Anchor::User => (Keyring::USER, Some(Keyring::PROCESS), prefixed.as_str()),
            Anchor::Persistent => (self.persistent()?, Some(Keyring::PROCESS), "_krb"),
        };
        let found = if make {
            find_or_make(parent, possess, name).map(Some)
        } else {
            parent.keyring(name, possess)
        };
        found.map_err(|error| self.error(error))
    }

    /// The collection's keyring, created with a primary cache if it does not exist.
    pub(super) fn made(&self) -> Result<Keyring, CcacheError> {
        let keyring = self
            .keyring(true)?
            .ok_or_else(|| self.error(io::ErrorKind::NotFound.into()))?;
        let has_primary = keyring.user_key(PRIMARY);
        if has_primary.map_err(|error| self.error(error))?.is_none() {
            set_primary(keyring, &self.primary()?).map_err(|error| self.error(error))?;
        }
        Ok(keyring)
    }

    /// The persistent keyring of the user that the collection's name states.
    fn persistent(&self) -> Result<Keyring, CcacheError> {
        let ours = rustix::process::geteuid().as_raw();
        let uid = match self.name.as_str() {
            "" => Some(ours),
            name => name.parse().ok(),
        };
        let invalid = || CcacheNameError::Uid {
            uid: self.name.clone(),
        };
        let uid: u32 = uid.ok_or_else(invalid)?;
        match Keyring::persistent(uid) {
            Ok(keyring) => Ok(keyring),
            Err(_) if uid != ours => Err(invalid().into()),
            // The kernel was built without persistent keyrings.
            Err(error) if is_any(&error, &[Errno::OPNOTSUPP]) => Ok(Keyring::USER),
            Err(error) => Err(self.error(error)),
        }
    }

    pub(super) fn residual(&self) -> String {
        let anchor = ANCHORS.iter().find(|(_, anchor)| *anchor == self.anchor);
        let word = anchor.map_or("", |(word, _)| word);
        format!("{word}:{}", self.name)
    }

    fn cache_name(&self) -> CcacheName {
        CcacheName::new(CcacheKind::Keyring, self.residual())
    }

    pub(super) fn error(&self, source: io::Error) -> CcacheError {
        CcacheError::Keyring {
            name: self.cache_name(),
            source: source.into(),
        }
    }
}

/// The collection and, if the name is that of a single cache, the cache.
pub(super) fn parse(
    residual: &str,
) -> Result<(KeyringCollection, Option<String>), CcacheNameError> {
    if residual.contains('\0') {
        return Err(CcacheNameError::Nul);
    }
    let (anchor, rest) = residual.split_once(':').unwrap_or(("legacy", residual));
    let known = ANCHORS.iter().find(|(word, _)| *word == anchor);
    let (_, anchor) = *known.ok_or_else(|| CcacheNameError::Anchor {
        anchor: anchor.to_owned(),
    })?;
    let (name, cache) = match rest.split_once(':') {
        Some((name, cache)) => (name, Some(cache.to_owned())),
        None => (rest, None),
    };
    let name = name.to_owned();
    Ok((KeyringCollection { anchor, name }, cache))
}

fn find_or_make(parent: Keyring, possess: Option<Keyring>, name: &str) -> io::Result<Keyring> {
    if let Some(keyring) = parent.keyring(name, possess)? {
        return Ok(keyring);
    }
    let Some(possess) = possess else {
        return parent.add_keyring(name);
    };
    let keyring = possess.add_keyring(name)?;
    parent.link(keyring)?;
    Ok(keyring)
}

pub(super) fn set_primary(collection: Keyring, cache: &str) -> io::Result<()> {
    let length = u32::try_from(cache.len()).unwrap_or(u32::MAX);
    let payload = [
        &COLLECTION_VERSION.to_be_bytes()[..],
        &length.to_be_bytes(),
        cache.as_bytes(),
    ]
    .concat();
    collection.add(KeyType::User, PRIMARY, &payload).map(drop)
}

/// The name in the key of the primary cache, or as the error the version that the key states.
pub(super) fn primary_name(payload: &[u8]) -> Result<String, u32> {
    let number = |at: usize| {
        payload
            .get(at..)?
            .first_chunk()
            .copied()
            .map(u32::from_be_bytes)
    };
    let version = number(0).unwrap_or(COLLECTION_VERSION);
    let name = || {
        let length = usize::try_from(number(4)?).ok()?;
        let name = payload.get(8..)?.get(..length)?;
        let name = str::from_utf8(name).ok()?;
        (version == COLLECTION_VERSION && !name.contains('\0')).then(|| name.to_owned())
    };
    name().ok_or(version)
}

const ANCHORS: [(&str, Anchor); 6] = [
    ("process", Anchor::Process),
    ("thread", Anchor::Thread),
    ("session", Anchor::Session),
    ("user", Anchor::User),
    ("persistent", Anchor::Persistent),
    ("legacy", Anchor::Legacy),
];
const PRIMARY: &str = "krb_ccache:primary";
const COLLECTION_VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_parse_as_in_mit() {
        fn check(residual: &str, expected: Result<(&str, Option<&str>), &str>) {
            let parsed = parse(residual);
            let parsed = parsed
                .as_ref()
                .map(|(collection, cache)| (collection.residual(), cache));
            let parsed = parsed
                .as_ref()
                .map(|(name, cache)| (name.as_str(), cache.as_deref()));
            let parsed = parsed.map_err(ToString::to_string);
            assert_eq!(
                parsed.as_ref().map_err(String::as_str),
                expected.as_ref().map_err(|e| *e)
            );
        }
        check("persistent:0", Ok(("persistent:0", None)));
        check("persistent:0:a:b", Ok(("persistent:0", Some("a:b"))));
        check("session:", Ok(("session:", None)));
        check("name", Ok(("legacy:name", None)));
        check("", Ok(("legacy:", None)));
        check("nowhere:a", Err("Invalid keyring anchor name"));
        check("process:a\0", Err("Credential cache name malformed"));
    }

    #[test]
    fn primary_cache_payload_is_parsed_or_refused() {
        let check = |payload: &[u8], expected: Result<&str, u32>| {
            assert_eq!(primary_name(payload), expected.map(str::to_owned));
        };
        check(b"\0\0\0\x01\0\0\0\x03tkt", Ok("tkt"));
        check(b"\0\0\0\x01\0\0\0\x03tkt and more", Ok("tkt"));
        check(b"\0\0\0\x02\0\0\0\x03tkt", Err(2));
        check(b"\0\0\0\x01\0\0\0\x04tkt", Err(1));
        check(b"\0\0\0\x01\xff\xff\xff\xfftkt", Err(1));
        check(b"\0\0\0\x01\0\0\0\x03t\0t", Err(1));
        check(b"\0\0", Err(1));
        check(b"", Err(1));
    }
}

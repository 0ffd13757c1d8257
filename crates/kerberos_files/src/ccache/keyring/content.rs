//! The contents of a cache's keyring: its principal, the KDC's clock offset, and the credentials.

use std::time::{SystemTime, UNIX_EPOCH};

use kerberos_proto::{ClockOffset, Principal};
use rustix::io::Errno;

use super::KeyringStore;
use super::collection::Anchor;
use super::keys::{Key, KeyType, Keyring, is_any};
use crate::ccache::store::{Store as _, records};
use crate::ccache::{
    CcacheBuilder, CcacheError, CcacheReader, CredentialView, Version, decode_principal,
    encode_principal,
};

/// The keys of a cache that are not credentials.
pub(super) struct Own {
    owner: Key,
    pub(super) principal: Principal,
    pub(super) offsets: Option<Key>,
}

impl KeyringStore {
    /// The key that contains the cache's principal, and that principal.
    pub(super) fn owner(&self, keyring: Keyring) -> Result<(Key, Principal), CcacheError> {
        let missing = || CcacheError::Missing { name: self.name() };
        let key = keyring.user_key(PRINCIPAL);
        let key = key
            .map_err(|error| self.error(error))?
            .ok_or_else(missing)?;
        let payload = key.read().map_err(|error| self.error(error))?;
        let payload = payload.ok_or_else(missing)?;
        match decode_principal(Version::V4, &payload) {
            Ok(principal) => Ok((key, principal)),
            Err(problem) => Err(CcacheError::Entry {
                name: self.name(),
                problem,
            }),
        }
    }

    /// Stores the contents of `cache` in `keyring`. The new keys are added before the others are
    /// removed, so that it is never empty.
    pub(super) fn fill(&self, keyring: Keyring, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        let reader = CcacheReader::from_builder(cache.clone(), self.name().to_string())?;
        let mut kept = Vec::new();
        let owner = encode_principal(Version::V4, reader.default_principal())?;
        let mut add = |name, payload: &[u8]| {
            let key = keyring.add(KeyType::User, name, payload);
            key.map(|key| kept.push(key))
        };
        let mut added = add(PRINCIPAL, &owner);
        if let Some(offset) = reader.kdc_offset().filter(|_| !self.is_for_old_programs()) {
            let offset = [offset.seconds, offset.microseconds].map(i32::to_be_bytes);
            added = added.and_then(|()| add(TIME_OFFSETS, offset.as_flattened()));
        }
        added.map_err(|error| self.error(error))?;
        for record in records(reader)? {
            kept.push(self.add(keyring, &record)?);
        }
        let unlink_rest = || {
            let keys = keyring.keys()?;
            let mut rest = keys.into_iter().filter(|key| !kept.contains(key));
            rest.try_for_each(|key| keyring.unlink(key))
        };
        unlink_rest().map_err(|error| self.error(error))
    }

    /// Adds the credential in `record`, replacing an older one for the same service.
    pub(super) fn add(&self, keyring: Keyring, record: &[u8]) -> Result<Key, CcacheError> {
        let view = self.view(record)?;
        let mut name = Vec::new();
        view.server().unparse_into(&mut name);
        let name = match String::from_utf8(name) {
            Ok(name) => name,
            // Names are text here; MIT's library uses the bytes.
            Err(error) => error.as_bytes().escape_ascii().to_string(),
        };
        let key = if self.collection.anchor == Anchor::Legacy {
            keyring.add(KeyType::User, &name, record)
        } else {
            match keyring.add(KeyType::BigKey, &name, record) {
                Err(error) if is_any(&error, &[Errno::INVAL, Errno::NODEV]) => {
                    keyring.add(KeyType::User, &name, record)
                }
                result => result,
            }
        };
        let key = key.map_err(|error| self.error(error))?;
        if let Some(left) = seconds_left(view.endtime()) {
            key.expire_in(left).map_err(|error| self.error(error))?;
        }
        Ok(key)
    }

    pub(super) fn own(&self, keyring: Keyring) -> Result<Own, CcacheError> {
        let (owner, principal) = self.owner(keyring)?;
        let offsets = keyring.user_key(TIME_OFFSETS);
        Ok(Own {
            owner,
            principal,
            offsets: offsets.map_err(|error| self.error(error))?,
        })
    }

    /// Calls `take` for each credential and its key.
    pub(super) fn each(
        &self,
        keyring: Keyring,
        own: &Own,
        mut take: impl FnMut(Key, CredentialView<'_>) -> Result<(), CcacheError>,
    ) -> Result<(), CcacheError> {
        for key in keyring.keys().map_err(|error| self.error(error))? {
            if key == own.owner || Some(key) == own.offsets {
                continue;
            }
            if let Some(record) = key.read().map_err(|error| self.error(error))? {
                take(key, self.view(&record)?)?;
            }
        }
        Ok(())
    }

    /// Makes the cache expire with the last of its tickets. A cache without tickets does not
    /// expire.
    pub(super) fn expire(&self, keyring: Keyring) -> Result<(), CcacheError> {
        let mut reader = self.open()?;
        let mut last = 0;
        while let Some(view) = reader.next()? {
            last = last.max(view.endtime());
        }
        if last == 0 {
            return Ok(());
        }
        let expiry = keyring.key().expire_in(seconds_left(last).unwrap_or(0));
        expiry.map_err(|error| self.error(error))
    }

    fn view<'a>(&self, record: &'a [u8]) -> Result<CredentialView<'a>, CcacheError> {
        CredentialView::parse(record, Version::V4).map_err(|problem| CcacheError::Entry {
            name: self.name(),
            problem,
        })
    }
}

pub(super) fn clock_offset(payload: &[u8]) -> Option<ClockOffset> {
    let ([seconds, microseconds, ..], _) = payload.as_chunks::<4>() else {
        return None;
    };
    Some(ClockOffset {
        seconds: i32::from_be_bytes(*seconds),
        microseconds: i32::from_be_bytes(*microseconds),
    })
}

/// The number of seconds until `endtime`, if it is in the future.
fn seconds_left(endtime: u32) -> Option<u32> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let left = u64::from(endtime).checked_sub(now.as_secs())?;
    u32::try_from(left).ok().filter(|left| *left > 0)
}

const PRINCIPAL: &str = "__krb5_princ__";
const TIME_OFFSETS: &str = "__krb5_time_offsets__";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_offset_payload_needs_eight_bytes() {
        let offset = clock_offset(b"\xff\xff\xff\xff\0\0\0\x05").unwrap();
        assert_eq!((offset.seconds, offset.microseconds), (-1, 5));
        assert_eq!(clock_offset(b"\0\0\0\0\0\0\0"), None);
    }
}

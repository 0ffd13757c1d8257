//! The kernel's key management calls that KEYRING caches need. A key that has expired or was
//! revoked is treated as missing.

use std::io;

use keyutils_raw::{KeyringSerial, TimeoutSeconds};
use rustix::io::Errno;
use zeroize::Zeroizing;

/// A key or keyring, identified by its serial number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key(KeyringSerial);

/// A keyring. Special keyrings are those that the kernel finds for the calling process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Keyring(KeyringSerial);

/// The types of keys used for caches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum KeyType {
    /// Stored in kernel memory and counted against the user's quota.
    User,
    /// Larger payloads can be swapped out, and are not counted.
    BigKey,
}

impl Keyring {
    pub(super) const PROCESS: Self = Self(keyutils_raw::KEY_SPEC_PROCESS_KEYRING);
    pub(super) const THREAD: Self = Self(keyutils_raw::KEY_SPEC_THREAD_KEYRING);
    pub(super) const USER: Self = Self(keyutils_raw::KEY_SPEC_USER_KEYRING);
    const SESSION: Self = Self(keyutils_raw::KEY_SPEC_SESSION_KEYRING);
    const USER_SESSION: Self = Self(keyutils_raw::KEY_SPEC_USER_SESSION_KEYRING);

    /// The session keyring for writing.
    ///
    /// For reading, a process without a session uses the user's keyring instead. But some kernels
    /// create a new session keyring when such a process writes, where nobody else would find the
    /// caches.
    pub(super) fn session() -> Self {
        let serial = |keyring: Self| keyutils_raw::keyctl_get_keyring_id(keyring.0, false).ok();
        if serial(Self::SESSION) == serial(Self::USER_SESSION) {
            Self::USER_SESSION
        } else {
            Self::SESSION
        }
    }

    /// The persistent keyring of the user `uid`, linked to the process's keyring so that we possess
    /// it.
    pub(super) fn persistent(uid: u32) -> io::Result<Self> {
        Ok(Self(keyutils_raw::keyctl_get_persistent(
            uid,
            Self::PROCESS.0,
        )?))
    }

    /// The keyring `name` in this one. It is linked to `possess`.
    pub(super) fn keyring(self, name: &str, possess: Option<Self>) -> io::Result<Option<Self>> {
        let found = self.search(keyutils_raw::KEY_TYPE_KEYRING, name, possess)?;
        Ok(found.map(Self))
    }

    /// The key `name` of the type `user` in this keyring.
    pub(super) fn user_key(self, name: &str) -> io::Result<Option<Key>> {
        let found = self.search(keyutils_raw::KEY_TYPE_USER, name, None)?;
        Ok(found.map(Key))
    }

    fn search(
        self,
        key_type: &str,
        name: &str,
        possess: Option<Self>,
    ) -> io::Result<Option<KeyringSerial>> {
        refuse_nul(name)?;
        let possess = possess.map(|keyring| keyring.0);
        unless_gone(
            keyutils_raw::keyctl_search(self.0, key_type, name, possess).map_err(Into::into),
        )
    }

    /// Creates a keyring in this one.
    pub(super) fn add_keyring(self, name: &str) -> io::Result<Self> {
        refuse_nul(name)?;
        let made = keyutils_raw::add_key(keyutils_raw::KEY_TYPE_KEYRING, name, &[], self.0)?;
        Ok(Self(made))
    }

    /// Adds a key, or replaces the payload of the key with this name and type.
    pub(super) fn add(self, key_type: KeyType, name: &str, payload: &[u8]) -> io::Result<Key> {
        refuse_nul(name)?;
        let key_type = match key_type {
            KeyType::User => keyutils_raw::KEY_TYPE_USER,
            KeyType::BigKey => keyutils_raw::KEY_TYPE_BIG_KEY,
        };
        Ok(Key(keyutils_raw::add_key(key_type, name, payload, self.0)?))
    }

    /// The keys linked to this keyring.
    pub(super) fn keys(self) -> io::Result<Vec<Key>> {
        let bytes = read(self.0)?;
        let serials = bytes.as_chunks::<4>().0.iter();
        Ok(serials
            .filter_map(|bytes| KeyringSerial::new(i32::from_ne_bytes(*bytes)))
            .map(Key)
            .collect())
    }

    pub(super) fn link(self, keyring: Self) -> io::Result<()> {
        Ok(keyutils_raw::keyctl_link(keyring.0, self.0)?)
    }

    pub(super) fn unlink(self, key: Key) -> io::Result<()> {
        unless_gone(keyutils_raw::keyctl_unlink(key.0, self.0).map_err(Into::into)).map(drop)
    }

    pub(super) fn clear(self) -> io::Result<()> {
        Ok(keyutils_raw::keyctl_clear(self.0)?)
    }

    /// The keyring as a key, which can be linked and can expire.
    pub(super) fn key(self) -> Key {
        Key(self.0)
    }
}

impl Key {
    /// The key's payload; `None` if it has been removed meanwhile.
    pub(super) fn read(self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        unless_gone(read(self.0))
    }

    /// Makes the key expire after `seconds`, but at least 1, because 0 would mean never.
    pub(super) fn expire_in(self, seconds: u32) -> io::Result<()> {
        let seconds: TimeoutSeconds = seconds.max(1);
        Ok(keyutils_raw::keyctl_set_timeout(self.0, seconds)?)
    }

    /// The key as a keyring, if it is one, and its name.
    pub(super) fn as_keyring(self) -> Option<(Keyring, String)> {
        let mut text = vec![0; LONGEST_DESCRIPTION];
        let room = Some(text.as_mut_slice().into());
        let length = keyutils_raw::keyctl_describe(self.0, room).ok()?;
        // `keyring;UID;GID;permissions;name`, and a NUL.
        let text = str::from_utf8(text.get(..length.checked_sub(1)?)?).ok()?;
        let (key_type, rest) = text.split_once(';')?;
        let name = rest.splitn(4, ';').nth(3)?;
        (key_type == keyutils_raw::KEY_TYPE_KEYRING).then(|| (Keyring(self.0), name.to_owned()))
    }
}

/// The whole payload, even if it grows meanwhile.
fn read(serial: KeyringSerial) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut size = 4096;
    while size <= LARGEST_PAYLOAD {
        let mut payload = Zeroizing::new(vec![0; size]);
        let room = Some(payload.as_mut_slice().into());
        size = keyutils_raw::keyctl_read(serial, room)?;
        if size <= payload.len() {
            payload.truncate(size);
            return Ok(payload);
        }
    }
    Err(io::ErrorKind::FileTooLarge.into())
}

/// `None` for what does not exist, no longer exists, or is not accessible to us.
fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match Errno::from_io_error(&error) {
            Some(
                Errno::NOKEY | Errno::KEYEXPIRED | Errno::KEYREVOKED | Errno::ACCESS | Errno::NOENT,
            ) => Ok(None),
            _ => Err(error),
        },
    }
}

/// Whether `error` is one of `errors`.
pub(super) fn is_any(error: &io::Error, errors: &[Errno]) -> bool {
    Errno::from_io_error(error).is_some_and(|errno| errors.contains(&errno))
}

/// The underlying crate panics if a name contains a NUL.
fn refuse_nul(name: &str) -> io::Result<()> {
    if name.contains('\0') {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(())
}

/// The kernel limits a big_key to 1 MiB. A keyring with that many bytes of keys is not ours either.
const LARGEST_PAYLOAD: usize = 1 << 20;
/// A name has at most 4095 bytes.
const LONGEST_DESCRIPTION: usize = 4096 + 128;

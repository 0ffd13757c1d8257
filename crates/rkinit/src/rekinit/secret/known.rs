//! `Known`: a secret, as it was read.

use kerberos_proto::{KeyEntry, Password, Secret};

/// The secret.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    Password(Password),
    /// Keys, with the most recent first.
    Keys(Vec<KeyEntry>),
}

impl Known {
    /// The secret for a single login.
    pub(crate) fn to_secret(&self) -> Secret {
        match self {
            Self::Password(password) => Secret::Password(password.clone()),
            Self::Keys(keys) => Secret::Keys(keys.clone()),
        }
    }

    /// Whether both are the same. The comparison need not run in constant time, because both come
    /// from the same owner and nobody can try out values.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Password(a), Self::Password(b)) => a.expose_bytes() == b.expose_bytes(),
            (Self::Keys(a), Self::Keys(b)) => {
                let keys = |keys: &[KeyEntry]| {
                    keys.iter()
                        .map(|entry| (entry.kvno, entry.key.etype()))
                        .collect::<Vec<_>>()
                };
                let bytes =
                    |(a, b): (&KeyEntry, &KeyEntry)| a.key.expose_bytes() == b.key.expose_bytes();
                keys(a) == keys(b) && a.iter().zip(b).all(bytes)
            }
            _ => false,
        }
    }

    /// The keys of a keytab except those of the newest version, if any are left.
    pub(crate) fn without_newest(&self) -> Option<Self> {
        let Self::Keys(keys) = self else {
            return None;
        };
        let newest = keys.first()?.kvno;
        let older: Vec<KeyEntry> = keys
            .iter()
            .filter(|entry| entry.kvno != newest)
            .cloned()
            .collect();
        (!older.is_empty()).then_some(Self::Keys(older))
    }

    /// The version number of the newest key.
    pub(crate) fn newest_kvno(&self) -> Option<u32> {
        match self {
            Self::Keys(keys) => keys.first().map(|entry| entry.kvno),
            Self::Password(_) => None,
        }
    }
}

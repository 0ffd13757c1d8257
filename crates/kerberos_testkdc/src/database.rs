//! The KDC's principals, their keys, and the lookup of names.

use std::sync::OnceLock;

use kerberos_asn1::{KerberosString, NameType, PrincipalName};
use kerberos_crypto::{CryptoError, CryptoRng, EncryptionType, Key, KeyBlock};
use zeroize::Zeroizing;

use crate::account::{Account, AccountState};
use crate::error::TestKdcError;

/// A key of a principal, with everything that a keytab entry needs.
pub struct PrincipalKey {
    components: Vec<String>,
    kvno: u32,
    salt: Option<Vec<u8>>,
    s2kparams: Option<Vec<u8>>,
    key: Key,
}

impl PrincipalKey {
    /// The components of the principal's name. The realm is that of the KDC.
    pub fn components(&self) -> &[String] {
        &self.components
    }

    /// The key version number.
    pub fn kvno(&self) -> u32 {
        self.kvno
    }

    /// The encryption type.
    pub fn etype(&self) -> EncryptionType {
        self.key.etype()
    }

    /// The salt, if the key is derived from a password.
    pub fn salt(&self) -> Option<&[u8]> {
        self.salt.as_deref()
    }

    /// The string-to-key parameters, if they differ from the type's default.
    pub fn s2kparams(&self) -> Option<&[u8]> {
        self.s2kparams.as_deref()
    }

    /// The key, ready for use.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The key and its version, for encrypting a ticket.
    pub(crate) fn with_version(&self) -> (&Key, Option<u32>) {
        (&self.key, Some(self.kvno))
    }

    /// The key, for a keytab.
    pub fn block(&self) -> KeyBlock {
        self.key.to_block()
    }
}

/// Does not show the key.
impl std::fmt::Debug for PrincipalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrincipalKey")
            .field("components", &self.components)
            .field("kvno", &self.kvno)
            .field("etype", &self.etype())
            .finish_non_exhaustive()
    }
}

/// A principal, ready to be served.
pub(crate) struct Entry {
    pub(crate) components: Vec<String>,
    pub(crate) keys: Vec<PrincipalKey>,
    /// The account that this entry was made from.
    pub(crate) account: Account,
    alias: Option<Vec<String>>,
    /// The entry that replaces this one after a password change.
    next: OnceLock<Box<Self>>,
}

impl Entry {
    fn new(
        realm: &str,
        etypes: &[EncryptionType],
        account: Account,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, CryptoError> {
        let components = split_name(&account.name);
        let etypes = account.etypes.as_deref().unwrap_or(etypes);
        let keys = etypes
            .iter()
            .map(|&etype| make_key(realm, &components, &account, etype, rng))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            components,
            keys,
            // An enterprise name is a single component, whatever characters it contains.
            alias: account.alias.as_deref().map(|alias| {
                if alias.contains('@') {
                    vec![alias.to_owned()]
                } else {
                    split_name(alias)
                }
            }),
            account,
            next: OnceLock::new(),
        })
    }

    /// The entry after all password changes.
    fn newest(&self) -> &Self {
        let mut newest = self;
        while let Some(next) = newest.next.get() {
            newest = next;
        }
        newest
    }

    /// Sets another password and increments the key version.
    ///
    /// # Errors
    /// When no key of one of the types can be derived from the password.
    pub(crate) fn change_password(
        &self,
        realm: &str,
        password: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), CryptoError> {
        let newest = self.newest();
        let mut account = newest.account.clone();
        account.password = Some(Zeroizing::new(password.to_vec()));
        account.kvno = account.kvno.saturating_add(1);
        account.password_expiration = None;
        if account.state == AccountState::PasswordExpired {
            account.state = AccountState::Normal;
        }
        let etypes: Vec<_> = newest.keys.iter().map(PrincipalKey::etype).collect();
        let changed = Self::new(realm, &etypes, account, rng)?;
        // If two changes happen at the same time, the first one counts.
        let _ = newest.next.set(Box::new(changed));
        Ok(())
    }

    /// The name as encoded in messages.
    pub(crate) fn name(&self, name_type: NameType) -> PrincipalName<'_> {
        let components = self.components.iter().map(String::as_str);
        PrincipalName {
            name_type,
            name_string: components.map(KerberosString::from).collect(),
        }
    }

    /// Whether this is a ticket-granting service, of this realm or another.
    pub(crate) fn is_krbtgt(&self) -> bool {
        self.components
            .first()
            .is_some_and(|first| first == "krbtgt")
    }

    /// The key of the first type in `wanted` for which there is one (RFC 4120 §3.1.3).
    pub(crate) fn key_for(&self, mut wanted: impl Iterator<Item = i32>) -> Option<&PrincipalKey> {
        wanted.find_map(|etype| self.keys.iter().find(|key| key.etype().0 == etype))
    }

    /// The key that encrypts tickets for this principal.
    pub(crate) fn ticket_key(&self) -> Option<&PrincipalKey> {
        self.keys.first()
    }
}

pub(crate) struct Database {
    entries: Vec<Entry>,
}

impl Database {
    /// Makes all keys. This is slow with slow encryption types and many passwords.
    pub(crate) fn new(
        realm: &str,
        realm_etypes: &[EncryptionType],
        accounts: &[Account],
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, TestKdcError> {
        let mut entries: Vec<Entry> = Vec::new();
        for account in accounts {
            let components = split_name(&account.name);
            if entries.iter().any(|entry| entry.components == components) {
                return Err(TestKdcError::Duplicate(account.name.clone()));
            }
            let entry = Entry::new(realm, realm_etypes, account.clone(), rng);
            entries.push(entry.map_err(|source| TestKdcError::Key {
                principal: account.name.clone(),
                source,
            })?);
        }
        Ok(Self { entries })
    }

    /// The entry for a name in a request. Aliases are found only if names may be canonicalized.
    pub(crate) fn find(&self, name: &PrincipalName<'_>, canonicalize: bool) -> Option<&Entry> {
        let is = |components: &[String]| {
            name.name_string.len() == components.len()
                && name
                    .name_string
                    .iter()
                    .zip(components)
                    .all(|(a, b)| a.0 == b.as_bytes())
        };
        let aliased = canonicalize || name.name_type == NameType::ENTERPRISE;
        let entry = self.entries.iter().find(|entry| {
            is(&entry.components) || aliased && entry.alias.as_deref().is_some_and(is)
        })?;
        Some(entry.newest())
    }

    /// The entry of the user with this certificate.
    pub(crate) fn find_by_certificate(&self, certificate: &[u8]) -> Option<&Entry> {
        let entries = &mut self.entries.iter();
        let entry =
            entries.find(|entry| entry.account.certificate.as_deref() == Some(certificate))?;
        Some(entry.newest())
    }

    pub(crate) fn find_by_text(&self, name: &str) -> Option<&Entry> {
        let components = split_name(name);
        let mut entries = self.entries.iter();
        let entry = entries.find(|entry| entry.components == components)?;
        Some(entry.newest())
    }
}

fn make_key(
    realm: &str,
    components: &[String],
    account: &Account,
    etype: EncryptionType,
    rng: &mut dyn CryptoRng,
) -> Result<PrincipalKey, CryptoError> {
    let iterations = etype.default_iterations().and(account.iterations);
    let s2kparams = iterations.map(|count| count.to_be_bytes().to_vec());
    // RFC 4120 §4: the default salt is the realm and the components, without separators.
    let default_salt = || [realm, &components.concat()].concat().into_bytes();
    let (key, salt) = match &account.password {
        None => (Key::generate(etype, rng)?, None),
        Some(password) => {
            let salt = account.salt.clone().unwrap_or_else(default_salt);
            let params = s2kparams.as_deref();
            (
                Key::from_password(etype, password, &salt, params, u32::MAX)?,
                Some(salt),
            )
        }
    };
    Ok(PrincipalKey {
        components: components.to_vec(),
        kvno: account.kvno,
        salt,
        s2kparams,
        key,
    })
}

/// The components of a name. A backslash takes away the special meaning of the next character.
fn split_name(name: &str) -> Vec<String> {
    let mut components = vec![String::new()];
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            '/' => {
                components.push(String::new());
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(last) = components.last_mut() {
            last.push(literal);
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use super::split_name;

    #[test]
    fn names_split_at_slashes() {
        let check = |name: &str, expected: &[&str]| assert_eq!(split_name(name), expected);
        check("user", &["user"]);
        check("host/www.test", &["host", "www.test"]);
        check("a//b", &["a", "", "b"]);
        check(r"sl\/ash\@at\\back", &[r"sl/ash@at\back"]);
    }
}

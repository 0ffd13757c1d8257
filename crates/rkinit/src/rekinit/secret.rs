//! The place of a secret and its current value: a keytab, a password, or a secret manager's JSON,
//! in a file or a variable.
//!
//! It is read again for each login. Errors never show what was read.

mod json;

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use kerberos_client::{Client, ClientError};
use kerberos_files::keytab::KeytabFile;
use kerberos_proto::{KeyEntry, Password, Principal, Secret};
use rustix::stdio::stdin;
use rustix::termios::isatty;
use zeroize::Zeroizing;

use crate::input::{ordinary_file, password_file, prompt};
use crate::messages::system_text;
use crate::output;
use crate::rekinit::setup::spec;

/// Where the secret is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Keytab(PathBuf),
    PasswordFile(PathBuf),
    PasswordEnv(String),
    JsonFile(PathBuf),
    JsonEnv(String),
    /// It was read from standard input.
    Given(Password),
}

/// The secret.
#[derive(Clone, Debug)]
pub(super) enum Known {
    Password(Password),
    /// Keys, with the most recent first.
    Keys(Vec<KeyEntry>),
}

/// A secret that was read, with the principal that it names.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) known: Known,
    pub(super) name: Option<Name>,
}

/// The owner of a secret.
#[derive(Debug)]
pub(super) enum Name {
    /// A principal of a keytab.
    Principal(Principal),
    /// A user name, perhaps without a realm.
    Text(String),
}

impl Place {
    /// The password on standard input, up to the end of the first line. It is read only once.
    ///
    /// # Errors
    /// In words, when there is none.
    pub(super) fn standard_input() -> Result<Self, String> {
        static GIVEN: OnceLock<Password> = OnceLock::new();
        if let Some(password) = GIVEN.get() {
            return Ok(Self::Given(password.clone()));
        }
        let typed = if isatty(stdin()) {
            // Standard output belongs to the application.
            output::reserve_for_document();
            prompt::password(b"Password").map_err(|error| error.to_string())?
        } else {
            let read = password_file::read(OsStr::new("-"));
            read.map_err(|refusal| format!("standard input: {}", refusal.message))?
        };
        Ok(Self::Given(GIVEN.get_or_init(|| typed).clone()))
    }

    /// Whether the secret itself names its principal.
    pub(super) fn names_principal(&self) -> bool {
        matches!(self, Self::Keytab(_) | Self::JsonFile(_) | Self::JsonEnv(_))
    }

    /// The file that contains it, if any.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Keytab(path) | Self::PasswordFile(path) | Self::JsonFile(path) => Some(path),
            _ => None,
        }
    }

    /// The variable that contains it, if any. The application need not see it.
    pub(super) fn variable(&self) -> Option<&str> {
        match self {
            Self::PasswordEnv(name) | Self::JsonEnv(name) => Some(name),
            _ => None,
        }
    }

    /// What messages call it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Keytab(path) | Self::PasswordFile(path) | Self::JsonFile(path) => {
                path.display().to_string()
            }
            Self::PasswordEnv(name) | Self::JsonEnv(name) => shown_variable(name),
            Self::Given(_) => "standard input".to_owned(),
        }
    }

    /// The principal that the secret read from here names.
    ///
    /// # Errors
    /// [`ClientError::NoSecret`] when it names none.
    pub(super) fn principal(
        &self,
        name: Option<Name>,
        client: &Client,
        enterprise: bool,
    ) -> Result<Principal, ClientError> {
        let refusal = |reason: &str| no_secret(self.shown(), reason);
        let text = match name {
            Some(Name::Principal(principal)) => return Ok(principal),
            Some(Name::Text(text)) => text,
            None => {
                return Err(refusal(
                    "it has no \"username\" (in lower case), and no principal is given",
                ));
            }
        };
        // In the name of a principal, a backslash would only change the meaning of the next
        // character.
        if let Some((domain, user)) = text.split_once('\\')
            && !domain.contains('@')
            && user.starts_with(char::is_alphanumeric)
        {
            let user = user.split('@').next().unwrap_or(user);
            return Err(refusal(&format!(
                "its \"username\" must not be DOMAIN\\user: write {user}, and the realm as \
                 \"domainName\", or {user}@REALM"
            )));
        }
        spec::parse_login(client, &text, enterprise).map_err(|mistake| {
            let what = format!("its \"username\": {mistake}");
            refusal(&match mistake.hint {
                Some(hint) => format!("{what}: add \"domainName\", {hint}"),
                None => what,
            })
        })
    }

    /// Whether it is in the same file or variable as `other`, whatever is in there now.
    pub(super) fn is_at_place_of(&self, other: &Self) -> bool {
        let is_somewhere = self.path().is_some() || self.variable().is_some();
        is_somewhere && self.path() == other.path() && self.variable() == other.variable()
    }

    /// What to do about a wrong password, as nobody can type it again.
    pub(super) fn correction(&self) -> Option<String> {
        Some(match self {
            Self::Keytab(_) => return None,
            Self::PasswordFile(path) | Self::JsonFile(path) => {
                format!(
                    "put the right password into {}; rekinit notices the change",
                    path.display()
                )
            }
            Self::PasswordEnv(name) | Self::JsonEnv(name) => {
                format!("restart rekinit with the right password in the variable {name}")
            }
            Self::Given(_) => {
                "restart rekinit with the right password on standard input".to_owned()
            }
        })
    }

    /// Reads the secret. From a keytab, these are the keys of `principal`, or of its first
    /// principal.
    ///
    /// # Errors
    /// [`ClientError::Keytab`] and [`ClientError::NoSecret`].
    pub(super) fn read(&self, principal: Option<&Principal>) -> Result<Found, ClientError> {
        match self {
            Self::Keytab(path) => of_keytab(path, principal),
            Self::PasswordFile(path) => {
                let password = password_file::read_from(&open(path)?)
                    .map_err(|error| no_secret(path.display(), &system_text(&error)))?;
                if password.expose_bytes().is_empty() {
                    return Err(no_secret(path.display(), "it is empty"));
                }
                Ok(Found::password(password))
            }
            Self::PasswordEnv(name) => {
                let password = password_file::read_text(variable(name)?.as_bytes());
                if password.expose_bytes().is_empty() {
                    return Err(no_secret(shown_variable(name), "it is empty"));
                }
                Ok(Found::password(password))
            }
            Self::JsonFile(path) => json::read(&read_file(path)?, &path.display().to_string()),
            Self::JsonEnv(name) => json::read(variable(name)?.as_bytes(), &shown_variable(name)),
            Self::Given(password) => Ok(Found::password(password.clone())),
        }
    }
}

impl Known {
    /// The secret for a single login.
    pub(super) fn to_secret(&self) -> Secret {
        match self {
            Self::Password(password) => Secret::Password(password.clone()),
            Self::Keys(keys) => Secret::Keys(keys.clone()),
        }
    }

    /// Whether both are the same. The comparison need not run in constant time, because both come
    /// from the same owner and nobody can try out values.
    pub(super) fn is_same(&self, other: &Self) -> bool {
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
    pub(super) fn without_newest(&self) -> Option<Self> {
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
    pub(super) fn newest_kvno(&self) -> Option<u32> {
        match self {
            Self::Keys(keys) => keys.first().map(|entry| entry.kvno),
            Self::Password(_) => None,
        }
    }
}

impl Found {
    fn password(password: Password) -> Self {
        Self {
            known: Known::Password(password),
            name: None,
        }
    }
}

fn of_keytab(path: &Path, principal: Option<&Principal>) -> Result<Found, ClientError> {
    let file = KeytabFile::new(path);
    let first = || {
        let first = file.first_principal()?;
        first.ok_or_else(|| no_secret(path.display(), "the keytab is empty"))
    };
    let principal = principal.cloned().map_or_else(first, Ok)?;
    Ok(Found {
        known: Known::Keys(file.keys_for(&principal)?),
        name: Some(Name::Principal(principal)),
    })
}

/// Whether a secret in JSON names its principal; for the fuzz target.
pub(super) fn is_named(bytes: &[u8]) -> Result<bool, ClientError> {
    json::read(bytes, "input").map(|found| found.name.is_some())
}

fn password(bytes: &[u8]) -> Password {
    Password::new(bytes.to_vec())
}

fn variable(name: &str) -> Result<Zeroizing<String>, ClientError> {
    let from = shown_variable(name);
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Err(no_secret(from, "it is empty")),
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(std::env::VarError::NotPresent) => Err(no_secret(from, "it is not set")),
        Err(std::env::VarError::NotUnicode(_)) => Err(no_secret(from, "it is not UTF-8")),
    }
}

fn shown_variable(name: &str) -> String {
    format!("the variable {name}")
}

fn open(path: &Path) -> Result<File, ClientError> {
    let refusal = |reason: &str| no_secret(path.display(), reason);
    ordinary_file::open(path)
        .map_err(|error| refusal(&system_text(&error)))?
        .ok_or_else(|| refusal("it is not an ordinary file"))
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, ClientError> {
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

pub(super) fn no_secret(from: impl std::fmt::Display, reason: &str) -> ClientError {
    ClientError::NoSecret {
        from: from.to_string(),
        reason: reason.to_owned(),
    }
}

/// The maximum size of a secret manager's file, in bytes. Secret managers have similar limits.
const LARGEST: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_is_the_first_line_of_its_file() {
        let folder = test_support::TempDir::new();
        let path = folder.join("password");
        let check = |content: &str, expected: Option<&str>| {
            std::fs::write(&path, content).unwrap();
            let found = Place::PasswordFile(path.clone()).read(None).ok();
            let password = found.map(|found| match found.known {
                Known::Password(password) => password.expose_bytes().to_vec(),
                Known::Keys(_) => Vec::new(),
            });
            assert_eq!(
                password.as_deref(),
                expected.map(str::as_bytes),
                "{content:?}"
            );
        };
        check("p w\n", Some("p w"));
        check("pw\r\n", Some("pw"));
        check(" pw ", Some(" pw "));
        check("a\nb\n", Some("a"));
        check("\n", None);
        check("", None);
        check(&"x".repeat(100_000), None);
        assert!(Place::PasswordFile("/dev/null".into()).read(None).is_err());
    }
}

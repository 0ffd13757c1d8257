//! The place of a secret and its current value: a keytab, a password, or a secret manager's JSON,
//! in a file or a variable.
//!
//! It is read again for each login. Errors never show what was read.

mod json;
mod known;
mod source;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use kerberos_client::{Client, ClientError};
use kerberos_files::keytab::KeytabFile;
use kerberos_proto::{Password, Principal};
use rustix::stdio::stdin;
use rustix::termios::isatty;

use crate::input::{password_file, prompt};
use crate::messages::system_text;
use crate::output;
use crate::rekinit::setup::principal;
pub(super) use known::Known;
use source::{open, read_file, variable};

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
        principal::parse_login(client, &text, enterprise).map_err(|mistake| {
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

fn shown_variable(name: &str) -> String {
    format!("the variable {name}")
}

pub(super) fn no_secret(from: impl std::fmt::Display, reason: &str) -> ClientError {
    ClientError::NoSecret {
        from: from.to_string(),
        reason: reason.to_owned(),
    }
}

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

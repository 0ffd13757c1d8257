//! `Krb5Config`: the meaning of the keys of krb5.conf, with MIT's defaults.
//!
//! Each key is looked up and parsed when it is asked for, so that a program only pays for what it
//! uses, and a mistake in a key only affects programs that need it. Unknown sections and keys are
//! not errors.
//!
//! What it does not do: read the environment, expand `%{…}` ([`expand`](crate::expand)), resolve
//! names, or contact anybody.

mod enctypes;
mod explain;
mod lib_defaults;
mod plugins;
mod realms;
mod servers;
mod values;

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::deltat::parse_deltat;
use crate::expand::ExpandError;
use crate::profile::{Profile, ProfileError};

pub use explain::{Effect, Setting};
pub use servers::{Server, ServerKind};

/// The default locations of krb5.conf.
pub const DEFAULT_CONFIG_FILES: [&str; 1] = ["/etc/krb5.conf"];

/// A typed view of krb5.conf.
///
/// # Example
/// ```
/// use kerberos_files::config::{Krb5Config, ServerKind};
/// let config = Krb5Config::parse(
///     "[libdefaults]\n default_realm = EXAMPLE.COM\n ticket_lifetime = 10h\n\
///      [realms]\n EXAMPLE.COM = {\n  kdc = kdc.example.com:8888\n }\n",
/// )?;
/// assert_eq!(config.default_realm(), Some("EXAMPLE.COM"));
/// assert_eq!(config.ticket_lifetime("EXAMPLE.COM")?, Some(36_000));
/// let kdcs = config.servers("EXAMPLE.COM", ServerKind::Kdc)?;
/// assert_eq!(kdcs[0].to_string(), "kdc.example.com:8888");
/// # Ok::<(), kerberos_files::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Krb5Config {
    profile: Profile,
}

/// Why krb5.conf, or one of its keys, cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read or parsed.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The value of a key is of the wrong kind.
    #[error("{}, line {line}: {key} = {value}: expected {expected}", .file.display())]
    BadValue {
        /// The name of the key.
        key: String,
        /// Its value.
        value: String,
        /// What is expected instead.
        expected: &'static str,
        /// The file that sets it.
        file: PathBuf,
        /// The line, counted from 1.
        line: u32,
    },
    /// A name has a `%{…}` that cannot be replaced.
    #[error("{}, line {line}: {key} = {value}: {error}", .file.display())]
    BadName {
        /// The name of the key.
        key: String,
        /// Its value.
        value: String,
        /// What is wrong with it.
        error: ExpandError,
        /// The file that sets it.
        file: PathBuf,
        /// The line, counted from 1.
        line: u32,
    },
    /// A list selects no known and allowed encryption type.
    #[error("{}, line {line}: {key} = {value}: no known and allowed encryption type", .file.display())]
    NoEncryptionTypes {
        /// The name of the key.
        key: &'static str,
        /// Its value.
        value: String,
        /// The file that sets it.
        file: PathBuf,
        /// The line, counted from 1.
        line: u32,
    },
}

/// The three values of `dns_canonicalize_hostname`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CanonicalizeHostname {
    /// Names are used unchanged.
    No,
    /// Names are canonicalized by DNS.
    Yes,
    /// Names are tried unchanged, then as canonicalized by DNS.
    Fallback,
}

const LIBDEFAULTS: &str = "libdefaults";
const REALMS: &str = "realms";
const BOOLEAN: &str = "yes or no (or true, false, on, off, 1, 0)";

impl Krb5Config {
    /// The configuration in `profile`.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] for the keys with which MIT's library refuses to start:
    /// `allow_weak_crypto`, `allow_des3`, `allow_rc4`, `ignore_acceptor_hostname`,
    /// `enforce_ok_as_delegate`, `dns_canonicalize_hostname` and `request_timeout`.
    pub fn new(profile: Profile) -> Result<Self, ConfigError> {
        let config = Self { profile };
        for key in [
            "allow_weak_crypto",
            "allow_des3",
            "allow_rc4",
            "ignore_acceptor_hostname",
        ] {
            config.strict_bool(key, false)?;
        }
        config.enforce_ok_as_delegate()?;
        config.dns_canonicalize_hostname()?;
        config.request_timeout()?;
        Ok(config)
    }

    /// Parses the text of a single file, which cannot include others.
    ///
    /// # Errors
    /// The same as [`Profile::parse`] and [`new`](Self::new).
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::new(Profile::parse(text)?)
    }

    /// Reads a list of files and folders. Missing ones are skipped.
    ///
    /// # Errors
    /// The same as [`Profile::load`] and [`new`](Self::new).
    pub fn load<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        Self::new(Profile::load(paths)?)
    }

    /// The sections and relations as in the files.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The first value of a key of `[libdefaults]`.
    fn libdefault(&self, key: &str) -> Option<&str> {
        self.profile.first(&[LIBDEFAULTS, key])
    }

    /// As in MIT's library, an invalid value counts as missing.
    fn lenient_int(&self, key: &str, default: i32) -> i32 {
        self.libdefault(key)
            .and_then(values::integer)
            .unwrap_or(default)
    }

    fn strict_bool(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        match self.profile.located(&[LIBDEFAULTS, key]).next() {
            None => Ok(default),
            Some(located) => values::boolean(located.value).ok_or_else(|| bad(located, BOOLEAN)),
        }
    }

    /// The value of `key`, or else of the undocumented `dns_fallback`. An invalid value means no.
    fn dns(&self, key: &str, default: bool) -> bool {
        self.libdefault(key)
            .or_else(|| self.libdefault("dns_fallback"))
            .map_or(default, |value| values::boolean(value).unwrap_or(false))
    }

    /// A key of `[libdefaults]`, preferably from the subsection with the realm's name.
    fn realm_located(&self, realm: &str, key: &str) -> Option<crate::profile::Located<'_>> {
        let specific = [LIBDEFAULTS, realm, key];
        let general = [LIBDEFAULTS, key];
        let found = self.profile.located(&specific).next();
        found.or_else(|| self.profile.located(&general).next())
    }

    fn realm_string(&self, realm: &str, key: &str) -> Option<&str> {
        self.realm_located(realm, key).map(|located| located.value)
    }

    /// As in MIT's library, an invalid value means no.
    fn realm_bool(&self, realm: &str, key: &str, default: bool) -> bool {
        self.realm_string(realm, key)
            .map_or(default, |value| values::boolean(value).unwrap_or(false))
    }
}

/// A host name in the form for comparisons: lower case, without a trailing dot.
pub fn clean_host(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// Whether a host name is an address by MIT's rule: digits with three dots, or any colon.
pub fn is_numeric_address(host: &str) -> bool {
    let digits = host
        .bytes()
        .all(|byte| byte == b'.' || byte.is_ascii_digit());
    host.contains(':') || digits && host.bytes().filter(|&byte| byte == b'.').count() == 3
}

/// Splits a value of `KRB5_CONFIG`, a list of files and folders separated by colons.
///
/// A leading `~/` means `home`, if that is known.
pub fn split_file_list(list: &OsStr, home: Option<&Path>) -> Vec<PathBuf> {
    list.as_bytes()
        .split(|&byte| byte == b':')
        .map(|name| match (name.strip_prefix(b"~/"), home) {
            (Some(rest), Some(home)) => home.join(OsStr::from_bytes(rest)),
            _ => PathBuf::from(std::ffi::OsString::from_vec(name.to_vec())),
        })
        .collect()
}

fn duration(located: crate::profile::Located<'_>) -> Result<i32, ConfigError> {
    parse_deltat(located.value).map_err(|_| {
        bad(
            located,
            "a duration such as 36000, 10h, 1d12h30m or 10:00:00",
        )
    })
}

fn bad(located: crate::profile::Located<'_>, expected: &'static str) -> ConfigError {
    ConfigError::BadValue {
        key: located.name.to_owned(),
        value: located.value.to_owned(),
        expected,
        file: located.file.to_owned(),
        line: located.line,
    }
}

#[cfg(test)]
mod tests;

//! `Krb5Config`: what the keys of krb5.conf mean, with MIT's defaults.
//!
//! Every key is looked up and parsed when it is asked for, so that a program pays for what it uses
//! and a mistake in a key hurts those only who need it. Unknown sections and keys are no error.
//!
//! What it does not do: it neither reads the environment nor expands `%{…}`
//! ([`expand`](crate::expand)), resolves no name and contacts nobody.

mod enctypes;
mod explain;
mod sections;
mod servers;
mod values;

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::deltat::parse_deltat;
use crate::profile::{Profile, ProfileError};

pub use explain::{Effect, Setting};
pub use servers::{Server, ServerKind};

/// Where krb5.conf is looked for when nothing says otherwise.
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

/// Why krb5.conf, or a key of it, cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The files cannot be read.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A key has a value of another kind.
    #[error("{}, line {line}: {key} = {value}: expected {expected}", .file.display())]
    BadValue {
        /// The name of the key.
        key: String,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
        /// The file that sets it.
        file: PathBuf,
        /// The line, counted from 1.
        line: u32,
    },
    /// A list names no encryption type that is known and allowed.
    #[error("{}, line {line}: {key} = {value}: no encryption type that is known and allowed", .file.display())]
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

/// The three answers to `dns_canonicalize_hostname`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CanonicalizeHostname {
    /// Names are taken as they are.
    No,
    /// DNS makes names canonical.
    Yes,
    /// Names are tried as they are, then as DNS knows them.
    Fallback,
}

const LIBDEFAULTS: &str = "libdefaults";
const REALMS: &str = "realms";
const BOOLEAN: &str = "yes or no (or true, false, on, off, 1, 0)";

impl Krb5Config {
    /// The configuration in `profile`.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] for those keys with which MIT's library refuses to start:
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

    /// Parses the text of a single file, which includes nothing.
    ///
    /// # Errors
    /// As [`Profile::parse`] and [`new`](Self::new).
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::new(Profile::parse(text)?)
    }

    /// Reads a list of files and folders; missing ones are skipped.
    ///
    /// # Errors
    /// As [`Profile::load`] and [`new`](Self::new).
    pub fn load<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        Self::new(Profile::load(paths)?)
    }

    /// The sections and relations as they stand in the files.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    // [libdefaults], whole library

    /// `default_realm`: the realm of names without one.
    pub fn default_realm(&self) -> Option<&str> {
        self.libdefault("default_realm")
    }

    /// `default_ccache_name`, not expanded; `FILE:/tmp/krb5cc_%{uid}`.
    pub fn default_ccache_name(&self) -> &str {
        self.libdefault("default_ccache_name")
            .unwrap_or("FILE:/tmp/krb5cc_%{uid}")
    }

    /// `default_keytab_name`, not expanded; `FILE:/etc/krb5.keytab`.
    pub fn default_keytab_name(&self) -> &str {
        self.libdefault("default_keytab_name")
            .unwrap_or("FILE:/etc/krb5.keytab")
    }

    /// `default_client_keytab_name`, not expanded; `FILE:/var/lib/krb5/user/%{euid}/client.keytab`.
    pub fn default_client_keytab_name(&self) -> &str {
        self.libdefault("default_client_keytab_name")
            .unwrap_or("FILE:/var/lib/krb5/user/%{euid}/client.keytab")
    }

    /// `default_rcache_name`, not expanded; `dfl:`.
    pub fn default_rcache_name(&self) -> &str {
        self.libdefault("default_rcache_name").unwrap_or("dfl:")
    }

    /// `ignore_acceptor_hostname`: whether a service takes tickets for any host; no.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`].
    pub fn ignore_acceptor_hostname(&self) -> Result<bool, ConfigError> {
        self.strict_bool("ignore_acceptor_hostname", false)
    }

    /// `kcm_socket`: where the daemon of KCM: caches listens; `None` when it is not to be asked.
    pub fn kcm_socket(&self) -> Option<&str> {
        let socket = self.libdefault("kcm_socket");
        socket
            .or(Some("/var/run/.heim_org.h5l.kcm-socket"))
            .filter(|&socket| socket != "-")
    }

    /// `client_aware_channel_bindings`: whether services are told that we know channel bindings;
    /// no.
    pub fn client_aware_channel_bindings(&self) -> bool {
        self.libdefault("client_aware_channel_bindings")
            .and_then(values::boolean)
            .unwrap_or(false)
    }

    /// `spake_preauth_groups`: the groups of SPAKE that may be used, best first; edwards25519.
    pub fn spake_preauth_groups(&self) -> impl Iterator<Item = &str> {
        self.libdefault("spake_preauth_groups")
            .unwrap_or("edwards25519")
            .split([',', ' ', '\t'])
            .filter(|group| !group.is_empty())
    }

    /// `clockskew`: how far clocks may differ, in seconds; 300.
    pub fn clock_skew(&self) -> u32 {
        u32::try_from(self.lenient_int("clockskew", 300)).unwrap_or(0)
    }

    /// `kdc_timesync`: whether the KDC's clock corrects ours; yes.
    pub fn kdc_timesync(&self) -> bool {
        self.lenient_int("kdc_timesync", 1) != 0
    }

    /// `kdc_default_options`: the options of every request to the KDC; `0x10`, renewable-ok.
    pub fn kdc_default_options(&self) -> u32 {
        // The option word is unsigned, the key is a signed int in MIT's library.
        self.lenient_int("kdc_default_options", 0x10)
            .cast_unsigned()
    }

    /// `ccache_type`: the format of new cache files, 1 to 4; 4.
    pub fn ccache_type(&self) -> i32 {
        self.lenient_int("ccache_type", 4)
    }

    /// `udp_preference_limit`: the largest request to be sent by UDP first, in bytes; 1465, and
    /// 32700 at most.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] when it is no number.
    pub fn udp_preference_limit(&self) -> Result<usize, ConfigError> {
        let key = "udp_preference_limit";
        let limit = match self.profile.located(&[LIBDEFAULTS, key]).next() {
            None => DEFAULT_UDP_PREFERENCE_LIMIT,
            Some(located) => {
                values::integer(located.value).ok_or_else(|| bad(located, "a whole number"))?
            }
        };
        let limit = if limit < 0 {
            DEFAULT_UDP_PREFERENCE_LIMIT
        } else {
            limit
        };
        Ok(usize::try_from(limit.min(MAX_UDP_PREFERENCE_LIMIT)).unwrap_or(0))
    }

    /// `request_timeout`: how long to try to reach a KDC in all, in seconds; `None` means no limit
    /// besides that of the schedule.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] when it is no duration.
    pub fn request_timeout(&self) -> Result<Option<u32>, ConfigError> {
        let seconds = self
            .profile
            .located(&[LIBDEFAULTS, "request_timeout"])
            .next()
            .map(duration)
            .transpose()?;
        Ok(seconds
            .and_then(|seconds| u32::try_from(seconds).ok())
            .filter(|&seconds| seconds > 0))
    }

    /// `err_fmt`: how error messages are put, `%M` being the message and `%C` its code.
    pub fn err_fmt(&self) -> Option<&str> {
        self.libdefault("err_fmt")
    }

    /// `dns_lookup_kdc`: whether DNS is asked for KDCs; yes.
    pub fn dns_lookup_kdc(&self) -> bool {
        self.dns("dns_lookup_kdc", true)
    }

    /// `dns_lookup_realm`: whether DNS is asked for realms; no.
    pub fn dns_lookup_realm(&self) -> bool {
        self.dns("dns_lookup_realm", false)
    }

    /// `dns_uri_lookup`: whether DNS is asked for URI records; yes.
    pub fn dns_uri_lookup(&self) -> bool {
        self.libdefault("dns_uri_lookup")
            .and_then(values::boolean)
            .unwrap_or(true)
    }

    /// `dns_canonicalize_hostname`: whether DNS makes host names canonical; yes.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] when it is neither a yes, a no nor `fallback`.
    pub fn dns_canonicalize_hostname(&self) -> Result<CanonicalizeHostname, ConfigError> {
        let Some(located) = self
            .profile
            .located(&[LIBDEFAULTS, "dns_canonicalize_hostname"])
            .next()
        else {
            return Ok(CanonicalizeHostname::Yes);
        };
        match values::boolean(located.value) {
            Some(true) => Ok(CanonicalizeHostname::Yes),
            Some(false) => Ok(CanonicalizeHostname::No),
            None if located.value.eq_ignore_ascii_case("fallback") => {
                Ok(CanonicalizeHostname::Fallback)
            }
            None => Err(bad(located, "yes, no or fallback")),
        }
    }

    /// `rdns`: whether the canonical name of a host is that of its address; yes. It counts only
    /// where DNS makes names canonical at all.
    pub fn rdns(&self) -> bool {
        self.libdefault("rdns")
            .and_then(values::boolean)
            .unwrap_or(true)
    }

    /// `qualify_shortname`: the domain of host names without a dot; an empty one means none, and
    /// `None` the first search domain of the system's resolver.
    pub fn qualify_shortname(&self) -> Option<&str> {
        self.libdefault("qualify_shortname")
    }

    /// `realm_try_domains`: how many of a host's parent domains are tried as its realm, besides the
    /// host's name itself; -1, the default, means that none is.
    pub fn realm_try_domains(&self) -> i32 {
        self.lenient_int("realm_try_domains", -1)
    }

    /// `enforce_ok_as_delegate`: whether only services marked so get our credentials; no.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] when it is no yes or no.
    pub fn enforce_ok_as_delegate(&self) -> Result<bool, ConfigError> {
        self.strict_bool("enforce_ok_as_delegate", false)
    }

    /// `extra_addresses`: addresses for tickets besides those of the host's interfaces.
    pub fn extra_addresses(&self) -> impl Iterator<Item = &str> {
        self.profile
            .values(&[LIBDEFAULTS, "extra_addresses"])
            .flat_map(|value| value.split([',', ' ', '\t']))
            .filter(|address| !address.is_empty())
    }

    // [libdefaults], which a subsection named as a realm may override

    /// `ticket_lifetime`: how long new tickets shall last, in seconds; `None` means the default of
    /// one day.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] when it is no duration.
    pub fn ticket_lifetime(&self, realm: &str) -> Result<Option<i32>, ConfigError> {
        self.realm_located(realm, "ticket_lifetime")
            .map(duration)
            .transpose()
    }

    /// `renew_lifetime`: how long new tickets shall be renewable, in seconds; `None` means not at
    /// all.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] when it is no duration.
    pub fn renew_lifetime(&self, realm: &str) -> Result<Option<i32>, ConfigError> {
        self.realm_located(realm, "renew_lifetime")
            .map(duration)
            .transpose()
    }

    /// `forwardable`: whether new tickets shall be; no.
    pub fn forwardable(&self, realm: &str) -> bool {
        self.realm_bool(realm, "forwardable", false)
    }

    /// `proxiable`: whether new tickets shall be; no.
    pub fn proxiable(&self, realm: &str) -> bool {
        self.realm_bool(realm, "proxiable", false)
    }

    /// `noaddresses`: whether new tickets are good from everywhere; yes.
    pub fn no_addresses(&self, realm: &str) -> bool {
        self.realm_bool(realm, "noaddresses", true)
    }

    /// `canonicalize`: whether the KDC may answer with another name; no.
    pub fn canonicalize(&self, realm: &str) -> bool {
        self.realm_bool(realm, "canonicalize", false)
    }

    /// `verify_ap_req_nofail`: whether a log-in that no keytab can verify counts as failed; no.
    pub fn verify_ap_req_nofail(&self, realm: &str) -> bool {
        self.realm_bool(realm, "verify_ap_req_nofail", false)
    }

    /// `preferred_preauth_types`: the order in which preauthentication is tried; 17, 16, 15, 14.
    pub fn preferred_preauth_types(&self, realm: &str) -> Vec<i32> {
        match self.realm_string(realm, "preferred_preauth_types") {
            Some(list) => values::integers(list),
            None => vec![17, 16, 15, 14],
        }
    }

    // Encryption types

    /// `allow_weak_crypto`: whether single DES and export RC4 may be used; no.
    pub fn allow_weak_crypto(&self) -> bool {
        self.strict_bool("allow_weak_crypto", false)
            .unwrap_or(false)
    }

    /// `allow_rc4`: whether RC4 is used without being called deprecated; no.
    pub fn allow_rc4(&self) -> bool {
        self.strict_bool("allow_rc4", false).unwrap_or(false)
    }

    /// `allow_des3`: whether triple DES is used without being called deprecated; no.
    pub fn allow_des3(&self) -> bool {
        self.strict_bool("allow_des3", false).unwrap_or(false)
    }

    // [realms] and [domain_realm]

    /// The servers of `realm` that the file names, in its order; empty when it names none.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] for an entry that names no server.
    pub fn servers(&self, realm: &str, kind: ServerKind) -> Result<Vec<Server>, ConfigError> {
        let mut servers = Vec::new();
        for key in kind.keys() {
            for located in self.profile.located(&[REALMS, realm, key]) {
                let server =
                    Server::parse(located.value, kind.default_port()).ok_or_else(|| {
                        bad(
                            located,
                            "host, host:port, [address]:port, https://host/path or /path",
                        )
                    })?;
                servers.push(server);
            }
            if !servers.is_empty() {
                break;
            }
        }
        Ok(servers)
    }

    /// `sitename` of `realm`: the site whose servers DNS is asked for first.
    pub fn sitename(&self, realm: &str) -> Option<&str> {
        self.profile.first(&[REALMS, realm, "sitename"])
    }

    /// `http_anchors` of `realm`: the certificates by which KDC proxies are known, in the forms
    /// `FILE:`, `DIR:` and `ENV:`.
    pub fn http_anchors(&self, realm: &str) -> Vec<&str> {
        let path = [REALMS, realm, "http_anchors"];
        self.profile.values(&path).collect()
    }

    /// The values of a `pkinit_…` key: those of the realm's subsection of `[libdefaults]`, else those
    /// of `[realms]`, else those of `[libdefaults]`.
    pub fn pkinit(&self, realm: &str, key: &str) -> Vec<&str> {
        let places: [&[&str]; 3] = [
            &[LIBDEFAULTS, realm, key],
            &[REALMS, realm, key],
            &[LIBDEFAULTS, key],
        ];
        let values = places
            .iter()
            .map(|path| self.profile.values(path).collect::<Vec<_>>());
        values
            .into_iter()
            .find(|values| !values.is_empty())
            .unwrap_or_default()
    }

    /// `disable_encrypted_timestamp` of `realm`: whether that mechanism is refused; no.
    pub fn disable_encrypted_timestamp(&self, realm: &str) -> bool {
        self.profile
            .first(&[REALMS, realm, "disable_encrypted_timestamp"])
            .and_then(values::boolean)
            .unwrap_or(false)
    }

    /// The realm that `[domain_realm]` gives to `host`: the entry for the host, or else for the
    /// longest suffix, with its dot or without. Numeric addresses have none.
    pub fn domain_realm(&self, host: &str) -> Option<&str> {
        let host = clean_host(host);
        if is_numeric_address(&host) {
            return None;
        }
        let mut rest = host.as_str();
        loop {
            if let Some(realm) = self.profile.first(&["domain_realm", rest]) {
                return Some(realm);
            }
            rest = match rest.strip_prefix('.') {
                Some(suffix) => suffix,
                None => rest.get(rest.find('.')?..)?,
            };
        }
    }

    /// The realms on the way from realm `client` to realm `server` by `[capaths]`, the first to the
    /// last; none when the way is direct (`.`), `None` when nothing is said of it.
    ///
    /// # Example
    /// ```
    /// use kerberos_files::config::Krb5Config;
    /// let config = Krb5Config::parse(
    ///     "[capaths]\n A = {\n  D = B\n  D = C\n  E = .\n }\n",
    /// )?;
    /// assert_eq!(config.capath("A", "D"), Some(vec!["B", "C"]));
    /// assert_eq!(config.capath("A", "E"), Some(vec![]));
    /// assert_eq!(config.capath("D", "A"), None);
    /// # Ok::<(), kerberos_files::config::ConfigError>(())
    /// ```
    pub fn capath(&self, client: &str, server: &str) -> Option<Vec<&str>> {
        let names = ["capaths", client, server];
        let first = self.profile.first(&names)?;
        // As MIT's library: whatever begins with a dot is one, and a realm ends at a blank.
        if first.starts_with('.') {
            return Some(Vec::new());
        }
        let values = self.profile.values(&names);
        Some(
            values
                .map(|value| value.split([' ', '\t']).next().unwrap_or_default())
                .collect(),
        )
    }

    // How keys are looked up

    /// The first value of a key of `[libdefaults]`.
    fn libdefault(&self, key: &str) -> Option<&str> {
        self.profile.first(&[LIBDEFAULTS, key])
    }

    /// As MIT's library: a mistake is as if the key were not there.
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

    /// What `key` says, or else the undocumented `dns_fallback`; a mistake is a no.
    fn dns(&self, key: &str, default: bool) -> bool {
        self.libdefault(key)
            .or_else(|| self.libdefault("dns_fallback"))
            .map_or(default, |value| values::boolean(value).unwrap_or(false))
    }

    /// A key of `[libdefaults]`, preferably in the subsection named as the realm.
    fn realm_located(&self, realm: &str, key: &str) -> Option<crate::profile::Located<'_>> {
        let specific = [LIBDEFAULTS, realm, key];
        let general = [LIBDEFAULTS, key];
        let found = self.profile.located(&specific).next();
        found.or_else(|| self.profile.located(&general).next())
    }

    fn realm_string(&self, realm: &str, key: &str) -> Option<&str> {
        self.realm_located(realm, key).map(|located| located.value)
    }

    /// As MIT's library: a mistake is a no.
    fn realm_bool(&self, realm: &str, key: &str, default: bool) -> bool {
        self.realm_string(realm, key)
            .map_or(default, |value| values::boolean(value).unwrap_or(false))
    }
}

/// A host name in lower case and without the dot at its end, as names are compared.
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

/// Splits a value of `KRB5_CONFIG` into the files and folders that it lists with colons between.
///
/// A leading `~/` means `home`, where that is known.
pub fn split_file_list(list: &OsStr, home: Option<&Path>) -> Vec<PathBuf> {
    list.as_bytes()
        .split(|&byte| byte == b':')
        .map(|name| match (name.strip_prefix(b"~/"), home) {
            (Some(rest), Some(home)) => home.join(OsStr::from_bytes(rest)),
            _ => PathBuf::from(std::ffi::OsString::from_vec(name.to_vec())),
        })
        .collect()
}

const DEFAULT_UDP_PREFERENCE_LIMIT: i32 = 1465;
const MAX_UDP_PREFERENCE_LIMIT: i32 = 32_700;

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

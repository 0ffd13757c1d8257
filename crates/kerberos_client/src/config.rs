//! `Config`: krb5.conf, and the names that a program or its environment sets over it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use kerberos_files::ccache::CcacheName;
use kerberos_files::config::{ConfigError, DEFAULT_CONFIG_FILES, Krb5Config, split_file_list};
use kerberos_files::expand::{ExpandError, PathTokens};
use kerberos_files::keytab::KeytabName;
use kerberos_files::rcache::RcacheName;
use kerberos_proto::{Principal, PrincipalError};

#[cfg(feature = "https")]
use crate::transport::Tls;
use crate::{ClientError, secure_execution};

/// What a client needs to know before it starts.
///
/// # Example
/// ```
/// use kerberos_client::Config;
/// let config = Config::parse("[libdefaults]\n default_realm = EXAMPLE.COM\n")?
///     .with_ccache_name("FILE:/run/service/krb5cc");
/// assert_eq!(config.default_realm()?, "EXAMPLE.COM");
/// assert_eq!(config.ccache_name()?.to_string(), "FILE:/run/service/krb5cc");
/// # Ok::<(), kerberos_client::ClientError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    krb5: Krb5Config,
    tokens: PathTokens,
    ccache_name: Option<OsString>,
    keytab_name: Option<OsString>,
    client_keytab_name: Option<OsString>,
    rcache_name: Option<OsString>,
    rcache_folder: Option<PathBuf>,
    k5identity: Option<PathBuf>,
    #[cfg(feature = "https")]
    tls: Tls,
}

impl Config {
    /// Reads the environment: krb5.conf from `KRB5_CONFIG` or the default places, names from
    /// `KRB5CCNAME`, `KRB5_KTNAME`, `KRB5_CLIENT_KTNAME` and `KRB5RCACHENAME` (or a type in
    /// `KRB5RCACHETYPE`), `.k5identity` from `HOME`, the folder for `%{TEMP}` from `TMPDIR`, and
    /// that of the replay cache from `KRB5RCACHEDIR` or `TMPDIR`. With the feature `https` also
    /// `SSL_CERT_FILE`, `SSL_CERT_DIR`, and what `ENV:` in `http_anchors` names.
    ///
    /// As in MIT's library, all of this is ignored when the program runs with rights that its user
    /// does not have (setuid, or the capabilities of its file): see [`secure_execution()`].
    ///
    /// # Errors
    /// [`ClientError::Config`] when krb5.conf cannot be read.
    pub fn from_env() -> Result<Self, ClientError> {
        let trusted = !secure_execution();
        let variable = |name| trusted.then(|| env::var_os(name)).flatten();
        let krb5 = match variable("KRB5_CONFIG") {
            Some(list) => {
                let home = variable("HOME").map(PathBuf::from);
                let krb5 = Krb5Config::load(split_file_list(&list, home.as_deref()))?;
                if krb5.profile().files().len() == 0 {
                    let list = list.display();
                    tracing::warn!("no file that KRB5_CONFIG names can be read: {list}");
                }
                krb5
            }
            None => Krb5Config::load(DEFAULT_CONFIG_FILES)?,
        };
        Ok(Self {
            tokens: PathTokens::of_process(variable("TMPDIR").as_deref().and_then(OsStr::to_str)),
            ccache_name: variable("KRB5CCNAME"),
            keytab_name: variable("KRB5_KTNAME"),
            client_keytab_name: variable("KRB5_CLIENT_KTNAME"),
            rcache_name: variable("KRB5RCACHENAME").or_else(|| {
                let mut kind = variable("KRB5RCACHETYPE")?;
                kind.push(":");
                Some(kind)
            }),
            rcache_folder: variable("KRB5RCACHEDIR")
                .or_else(|| variable("TMPDIR"))
                .map(PathBuf::from),
            k5identity: variable("HOME").map(|home| Path::new(&home).join(".k5identity")),
            #[cfg(feature = "https")]
            tls: if trusted {
                Tls::of_environment()
            } else {
                Tls::default()
            },
            ..Self::new(krb5)
        })
    }

    /// Reads krb5.conf from these files and folders, of which the first takes precedence; missing
    /// ones are skipped.
    ///
    /// # Errors
    /// [`ClientError::Config`] when one cannot be read.
    pub fn from_files<P: AsRef<Path>>(
        files: impl IntoIterator<Item = P>,
    ) -> Result<Self, ClientError> {
        Ok(Self::new(Krb5Config::load(files)?))
    }

    /// Parses the text of a krb5.conf, which includes no files.
    ///
    /// # Errors
    /// [`ClientError::Config`] when it is malformed.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        Ok(Self::new(Krb5Config::parse(text)?))
    }

    /// Uses this configuration and nothing of the environment.
    pub fn new(krb5: Krb5Config) -> Self {
        Self {
            krb5,
            tokens: PathTokens::of_process(None),
            ccache_name: None,
            keytab_name: None,
            client_keytab_name: None,
            rcache_name: None,
            rcache_folder: None,
            k5identity: None,
            #[cfg(feature = "https")]
            tls: Tls::default(),
        }
    }

    /// Uses this credential cache instead of `default_ccache_name`.
    #[must_use = "the other one stays as it was"]
    pub fn with_ccache_name(mut self, name: impl Into<String>) -> Self {
        self.ccache_name = Some(name.into().into());
        self
    }

    /// Uses this keytab instead of `default_keytab_name`.
    #[must_use = "the other one stays as it was"]
    pub fn with_keytab_name(mut self, name: impl Into<String>) -> Self {
        self.keytab_name = Some(name.into().into());
        self
    }

    /// Whether the environment or the program, and not just krb5.conf, names the client keytab.
    pub(crate) fn chooses_client_keytab(&self) -> bool {
        self.client_keytab_name.is_some()
    }

    /// Uses this keytab instead of `default_client_keytab_name`.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Config, kerberos_files::keytab::KeytabName};
    /// let text = "[libdefaults]\n default_client_keytab_name = FILE:/etc/client.keytab\n";
    /// let config = Config::parse(text)?.with_client_keytab_name("FILE:/run/svc.keytab");
    /// assert_eq!(config.client_keytab_name()?, KeytabName::parse("FILE:/run/svc.keytab")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the other one stays as it was"]
    pub fn with_client_keytab_name(mut self, name: impl Into<String>) -> Self {
        self.client_keytab_name = Some(name.into().into());
        self
    }

    /// Uses this file instead of `~/.k5identity` to choose the client principal for each service;
    /// see [`Client::cache_for`](crate::Client::cache_for).
    #[must_use = "the other one stays as it was"]
    pub fn with_k5identity(mut self, path: impl Into<PathBuf>) -> Self {
        self.k5identity = Some(path.into());
        self
    }

    /// Uses this replay cache instead of `default_rcache_name`.
    #[must_use = "the other one stays as it was"]
    pub fn with_rcache_name(mut self, name: impl Into<String>) -> Self {
        self.rcache_name = Some(name.into().into());
        self
    }

    /// Keeps the replay cache `dfl:` in this folder.
    #[must_use = "the other one stays as it was"]
    pub fn with_rcache_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.rcache_folder = Some(folder.into());
        self
    }

    /// Uses these replacements for `%{…}`.
    #[must_use = "the other one stays as it was"]
    pub fn with_tokens(mut self, tokens: PathTokens) -> Self {
        self.tokens = tokens;
        self
    }

    /// krb5.conf.
    pub fn krb5(&self) -> &Krb5Config {
        &self.krb5
    }

    /// Whose certificates a KDC proxy may have.
    #[cfg(feature = "https")]
    pub(crate) fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The realm for names that have none.
    ///
    /// # Errors
    /// [`ClientError::NoDefaultRealm`].
    pub fn default_realm(&self) -> Result<&str, ClientError> {
        self.krb5.default_realm().ok_or(ClientError::NoDefaultRealm)
    }

    /// The principal that `name` means; its realm is the default realm unless `name` has one.
    ///
    /// # Errors
    /// [`ClientError::NoDefaultRealm`] and [`ClientError::Principal`].
    pub fn principal(&self, name: &str) -> Result<Principal, ClientError> {
        let result = match self.krb5.default_realm() {
            Some(realm) => Principal::parse_with_realm(name, realm),
            None => Principal::parse(name),
        };
        result.map_err(|error| match error {
            PrincipalError::NoRealm => ClientError::NoDefaultRealm,
            error => ClientError::Principal {
                name: name.to_owned(),
                error,
            },
        })
    }

    /// The name of the default credential cache: the one that was set, or else that of krb5.conf.
    ///
    /// # Errors
    /// [`ClientError::Config`], [`ClientError::Expand`], [`ClientError::NotText`] and
    /// [`ClientError::CcacheName`].
    pub fn ccache_name(&self) -> Result<CcacheName, ClientError> {
        let name = self.name(
            "default_ccache_name",
            self.ccache_name.as_deref(),
            self.krb5.default_ccache_name(),
        )?;
        let name = CcacheName::parse(&name)?;
        Ok(match self.ccache_name {
            Some(_) => name,
            None if self.krb5.sets_ccache_name() => name.by_configuration(),
            // Anybody can foresee which file that is.
            None => name.by_default(),
        })
    }

    /// The name of the default keytab: the one that was set, or else that of krb5.conf.
    ///
    /// # Errors
    /// [`ClientError::Config`], [`ClientError::Expand`], [`ClientError::NotText`] and
    /// [`ClientError::KeytabName`].
    pub fn keytab_name(&self) -> Result<KeytabName, ClientError> {
        let name = self.name(
            "default_keytab_name",
            self.keytab_name.as_deref(),
            self.krb5.default_keytab_name(),
        )?;
        Ok(KeytabName::parse(&name)?)
    }

    /// The name of the default client keytab: the one that was set, or else that of krb5.conf.
    ///
    /// # Errors
    /// [`ClientError::Config`], [`ClientError::Expand`], [`ClientError::NotText`] and
    /// [`ClientError::KeytabName`].
    pub fn client_keytab_name(&self) -> Result<KeytabName, ClientError> {
        let default = self.krb5.default_client_keytab_name();
        let name = self.name(
            "default_client_keytab_name",
            self.client_keytab_name.as_deref(),
            default,
        )?;
        Ok(KeytabName::parse(&name)?)
    }

    /// The file that chooses the client principal for each service, unless krb5.conf disables the
    /// module that reads it (`[plugins] ccselect`).
    pub(crate) fn k5identity(&self) -> Option<&Path> {
        let enabled = self.krb5.plugin_enabled("ccselect", "k5identity");
        self.k5identity.as_deref().filter(|_| enabled)
    }

    /// The name of the default replay cache: the one that was set, or else that of krb5.conf.
    ///
    /// # Errors
    /// [`ClientError::Config`], [`ClientError::Expand`], [`ClientError::NotText`] and
    /// [`ClientError::RcacheName`].
    pub fn rcache_name(&self) -> Result<RcacheName, ClientError> {
        let name = self.name(
            "default_rcache_name",
            self.rcache_name.as_deref(),
            self.krb5.default_rcache_name(),
        )?;
        Ok(RcacheName::parse(&name)?)
    }

    /// The folder of the replay cache `dfl:`.
    pub fn rcache_folder(&self) -> &Path {
        self.rcache_folder
            .as_deref()
            .unwrap_or(Path::new(RcacheName::DEFAULT_FOLDER))
    }

    /// A name that was set is used as it is; in one of krb5.conf, the value of `key`, `%{…}` is
    /// replaced.
    fn name(
        &self,
        key: &str,
        set: Option<&OsStr>,
        configured: &str,
    ) -> Result<String, ClientError> {
        match set {
            Some(name) => match name.to_str() {
                Some(name) => Ok(name.to_owned()),
                None => Err(ClientError::NotText { name: name.into() }),
            },
            None => (self.tokens.expand(configured)).map_err(|error| self.not_expanded(key, error)),
        }
    }

    fn not_expanded(&self, key: &str, error: ExpandError) -> ClientError {
        if matches!(error, ExpandError::NoUsername(_)) {
            return error.into();
        }
        match self.krb5.profile().located(&["libdefaults", key]).next() {
            Some(located) => ClientError::Config(ConfigError::BadName {
                key: key.to_owned(),
                value: located.value.to_owned(),
                error,
                file: located.file.to_owned(),
                line: located.line,
            }),
            None => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn krb5_conf_names_are_expanded_but_explicit_names_are_not() {
        let config = Config::parse("[libdefaults]\ndefault_ccache_name = /tmp/%{uid}.%{null}cc\n");
        let mut tokens = PathTokens::of_process(None);
        tokens.uid = 7;
        let config = config.unwrap().with_tokens(tokens);
        assert_eq!(config.ccache_name().unwrap().to_string(), "FILE:/tmp/7.cc");
        assert_eq!(
            config.keytab_name().unwrap().to_string(),
            "FILE:/etc/krb5.keytab"
        );
        // A name that was set is used as it is.
        let config = config
            .with_ccache_name("/tmp/%{uid}")
            .with_keytab_name("FILE:/k");
        assert_eq!(
            config.ccache_name().unwrap().to_string(),
            "FILE:/tmp/%{uid}"
        );
        assert_eq!(config.keytab_name().unwrap().to_string(), "FILE:/k");
        let config = Config::parse("[libdefaults]\ndefault_rcache_name = file2:/r%{null}c\n");
        let config = config.unwrap();
        let rcache = |config: &Config| config.rcache_name().unwrap().to_string();
        assert_eq!(rcache(&config), "file2:/rc");
        assert_eq!(rcache(&config.with_rcache_name("none:")), "none:");
        let config = Config::parse("").unwrap();
        assert_eq!(rcache(&config), "dfl:");
        assert_eq!(config.rcache_folder(), Path::new("/var/tmp"));
        let config = Config::parse("[libdefaults]\ndefault_keytab_name = %{x}\n").unwrap();
        let error = config.keytab_name().unwrap_err().to_string();
        let expected = "line 2: default_keytab_name = %{x}: Invalid token %{x}; known are TEMP,";
        assert!(error.contains(expected), "{error}");
    }

    /// The default must not be used instead: it may be somebody else's.
    #[test]
    fn non_utf8_keytab_name_is_an_error() {
        use std::os::unix::ffi::OsStringExt as _;
        let name = OsString::from_vec(b"/k\xe9".to_vec());
        let config = Config {
            keytab_name: Some(name.clone()),
            ..Config::parse("").unwrap()
        };
        let error = config.keytab_name().unwrap_err();
        assert!(
            matches!(&error, ClientError::NotText { name: given } if *given == name),
            "{error}"
        );
        assert!(error.to_string().starts_with("\"/k\\xE9\""), "{error}");
        assert!(config.ccache_name().is_ok());
    }

    #[test]
    fn principal_without_realm_gets_the_default_realm() {
        let config = Config::parse("[libdefaults]\ndefault_realm = R\n").unwrap();
        assert_eq!(config.principal("u").unwrap().to_string(), "u@R");
        assert_eq!(config.principal("u@Q").unwrap().to_string(), "u@Q");
        let error = config.principal("u@Q@R").unwrap_err();
        assert!(matches!(error, ClientError::Principal { .. }), "{error}");
        let config = Config::parse("").unwrap();
        assert_eq!(config.principal("u@Q").unwrap().to_string(), "u@Q");
        assert!(matches!(
            config.principal("u"),
            Err(ClientError::NoDefaultRealm)
        ));
        assert!(matches!(
            config.default_realm(),
            Err(ClientError::NoDefaultRealm)
        ));
    }
}

//! Which credential cache and principal a tool works on: the one that is named, otherwise the one
//! from the environment or the configuration.
//!
//! The configuration is read only when it is needed, because a listing should start quickly.

use std::ffi::{OsStr, OsString};

use kerberos_client::ClientError;
use kerberos_files::ccache::{
    Ccache, CcacheError, CcacheKind, CcacheName, CcacheOptions, Collection,
};
use kerberos_files::keytab::KeytabNameError;
use kerberos_proto::{ParseOptions, Principal, PrincipalError};
use thiserror::Error;

use crate::input::configuration;
use crate::messages::refusal::MitError;

/// Why no cache or principal could be selected.
#[derive(Debug, Error)]
pub(crate) enum SelectError {
    /// krb5.conf cannot be read.
    #[error("{}", configuration::mit_message(.0))]
    Config(#[source] ClientError),
    /// A name is malformed, or its type is not supported.
    #[error(transparent)]
    Name(ClientError),
    /// There is no cache of that name.
    #[error(transparent)]
    Cache(#[from] CcacheError),
    /// A name is not UTF-8.
    #[error("The name {} is not UTF-8", .0.display())]
    NotText(OsString),
    /// No realm is named, and there is no default realm.
    #[error("Configuration file does not specify default realm")]
    NoRealm,
    /// The text is not a principal.
    #[error("Malformed representation of principal")]
    Malformed,
}

impl MitError for SelectError {
    fn code(&self) -> Option<i32> {
        match self {
            Self::Config(error) | Self::Name(error) => error.mit_code(),
            Self::Cache(error) => Some(error.mit_code()),
            Self::NoRealm => ClientError::NoDefaultRealm.mit_code(),
            Self::NotText(_) | Self::Malformed => Some(MALFORMED),
        }
    }

    fn advice(&self) -> Option<String> {
        Some(match self {
            Self::Config(error) => error.to_string(),
            Self::Cache(error) => return error.hint(),
            Self::Name(ClientError::KeytabName(KeytabNameError::UnknownType { kind }))
                if kind == "KDB" =>
            {
                "the KDC's database cannot be used as a keytab; extract a keytab: ktadd -k FILE \
                 PRINCIPAL in kadmin"
                    .into()
            }
            Self::Name(ClientError::KeytabName(_)) => {
                "name a file, such as FILE:/etc/krb5.keytab".into()
            }
            Self::Name(error) => return error.hint(),
            Self::NotText(_) => {
                "names must be UTF-8: create a symbolic link with such a name, and use that".into()
            }
            Self::NoRealm => {
                "name the realm (user@REALM), or set default_realm in krb5.conf".into()
            }
            Self::Malformed => {
                "write it as name@REALM; write \\ before a / or @ that is part of the name".into()
            }
        })
    }
}

impl SelectError {
    /// The text in those of MIT's tools that report only the number of an error.
    pub(crate) fn base_text(&self) -> String {
        match self {
            Self::Cache(error) => error.base_text(),
            error => error.to_string(),
        }
    }
}

/// The number of MIT's library for a malformed name: `KRB5_PARSE_MALFORMED`.
const MALFORMED: i32 = kerberos_proto::MIT_ERROR_BASE + 134;

/// An error in the configuration, or in a name there.
impl From<ClientError> for SelectError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::NoDefaultRealm => Self::NoRealm,
            error @ ClientError::Config(_) => Self::Config(error),
            error => Self::Name(error),
        }
    }
}

/// The cache called `name`, or the primary cache if `name` is that of a collection.
///
/// # Errors
/// When no such cache is possible, or the primary one cannot be determined.
pub(crate) fn open(name: &CcacheName) -> Result<Ccache, SelectError> {
    let cache = Ccache::resolve(name, &options(name)?)?;
    if cache.name() != name {
        // MIT's tools create the collection, too. If that fails, there is nothing to read, and
        // writing will report the reason.
        let _ = cache.make_collection();
    }
    Ok(cache)
}

/// The caches that `name` stands for, or otherwise the default name.
///
/// # Errors
/// As for [`cache`].
pub(crate) fn collection(name: Option<&OsStr>) -> Result<Collection, SelectError> {
    of_name(cache(name)?)
}

/// The caches that `name` stands for.
///
/// # Errors
/// When krb5.conf is needed but cannot be read.
pub(crate) fn of_name(name: CcacheName) -> Result<Collection, SelectError> {
    let options = options(&name)?;
    Ok(Collection::new(name, options))
}

/// The settings for caches in krb5.conf, if they matter for caches of this type.
fn options(name: &CcacheName) -> Result<CcacheOptions, SelectError> {
    if name.kind() == CcacheKind::Kcm {
        return Ok(configuration::load()?.krb5().ccache_options());
    }
    Ok(CcacheOptions::default())
}

/// The cache called `name`, otherwise the one in `KRB5CCNAME`, otherwise the configured one.
pub(crate) fn cache(name: Option<&OsStr>) -> Result<CcacheName, SelectError> {
    let from_env = || configuration::variable("KRB5CCNAME");
    let Some(name) = name.map(OsString::from).or_else(from_env) else {
        return Ok(configuration::load()?.ccache_name()?);
    };
    let name = name.into_string().map_err(SelectError::NotText)?;
    CcacheName::parse(&name).map_err(|error| SelectError::Name(error.into()))
}

/// The principal that `text` names, in the default realm unless `text` contains a realm.
pub(crate) fn principal(text: &[u8], enterprise: bool) -> Result<Principal, SelectError> {
    let options = ParseOptions::default().enterprise(enterprise);
    let error = |error| match error {
        PrincipalError::NoRealm => SelectError::NoRealm,
        _ => SelectError::Malformed,
    };
    match Principal::parse_bytes(text, &options) {
        Err(PrincipalError::NoRealm) => {}
        result => return result.map_err(error),
    }
    let realm = configuration::client()?.default_realm()?;
    let options = ParseOptions::with_default_realm(realm.as_bytes()).enterprise(enterprise);
    Principal::parse_bytes(text, &options).map_err(error)
}

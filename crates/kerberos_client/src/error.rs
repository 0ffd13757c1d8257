//! `ClientError`: everything that can keep a client from its ticket.

use std::ffi::OsString;
use std::sync::Arc;
use std::{fmt, io};

use kerberos_asn1::{ErrorCode, KerberosTime};
use kerberos_files::EncodeError;
use kerberos_files::ccache::{CcacheError, CcacheName, CcacheNameError};
use kerberos_files::config::ConfigError;
use kerberos_files::expand::ExpandError;
use kerberos_files::keytab::{KeytabError, KeytabNameError};
use kerberos_files::rcache::RcacheNameError;
use kerberos_proto::{
    ExchangeError, MIT_ERROR_BASE, PasswordChangeError, Principal, PrincipalError, Shown,
};
use thiserror::Error;

use crate::delivery::Attempt;
use crate::dns::DnsError;

/// Why a client has no ticket, or cannot store it. Messages that scripts look for have MIT's words.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// krb5.conf, or a setting in it, cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A `%{…}` in a name cannot be replaced, although it is no mistake in krb5.conf: the user has
    /// no name.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// The name of a cache, a keytab or a replay cache is not UTF-8, so it could mean anything.
    #[error("{name:?}: names of caches and keytabs must be UTF-8")]
    NotText {
        /// The name.
        name: OsString,
    },
    /// No realm is named, and krb5.conf has no `default_realm`.
    #[error("Configuration file does not specify default realm")]
    NoDefaultRealm,
    /// A text is not a principal name.
    #[error("{name}: {error}")]
    Principal {
        /// The text.
        name: String,
        /// What is wrong with it.
        #[source]
        error: PrincipalError,
    },
    /// Nothing says where the KDCs of the realm are.
    #[error("Cannot find KDC for {}", quoted(realm))]
    CannotFindKdc {
        /// The realm, as it can be shown ([`Shown`]).
        realm: String,
        /// What DNS said about it.
        dns: DnsSearch,
    },
    /// No KDC of the realm answered.
    #[error("Cannot contact any KDC for realm '{realm}'")]
    CannotContactKdc {
        /// The realm, as it can be shown ([`Shown`]).
        realm: String,
        /// The servers that were asked, by each transport, and what happened.
        attempts: Vec<Attempt>,
    },
    /// The exchange with the KDC failed.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The password was not changed.
    #[error(transparent)]
    PasswordChange(#[from] PasswordChangeError),
    /// The name refers to no usable cache.
    #[error(transparent)]
    CcacheName(#[from] CcacheNameError),
    /// The cache cannot be read or written.
    #[error(transparent)]
    Ccache(#[from] CcacheError),
    /// The ticket does not fit into the cache's format.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The cache has neither the ticket asked for nor one to get it with.
    #[error("Matching credential not found{}", filename(cache))]
    NoCredential {
        /// The service that the ticket should be for.
        server: Principal,
        /// The cache.
        cache: CcacheName,
    },
    /// The cache has such tickets, but none whose session key has a type that krb5.conf allows.
    #[error(
        "No credentials found with supported encryption types{}",
        filename(cache)
    )]
    NoCredentialOfEtype {
        /// The service that the ticket is for.
        server: Principal,
        /// The cache.
        cache: CcacheName,
    },
    /// The ticket needed to get others has expired.
    #[error("Ticket expired")]
    TicketExpired {
        /// The service that it is for.
        server: Principal,
        /// When it ended.
        end: KerberosTime,
    },
    /// The exchange ended without a ticket: a bug in this library.
    #[error("the exchange ended without a ticket")]
    NoResult,
    /// The name refers to no usable keytab.
    #[error(transparent)]
    KeytabName(#[from] KeytabNameError),
    /// The keytab cannot be read, or has no suitable key.
    #[error(transparent)]
    Keytab(#[from] KeytabError),
    /// The name refers to no usable replay cache.
    #[error(transparent)]
    RcacheName(#[from] RcacheNameError),
    /// No context can be started with the ticket.
    #[cfg(feature = "gss")]
    #[error(transparent)]
    Gss(Arc<kerberos_gss::GssError>),
    /// The service was to get a forwarded TGT, which `enforce_ok_as_delegate` forbids.
    #[cfg(feature = "gss")]
    #[error(
        "tickets may not be delegated to {}: the KDC does not trust it for delegation",
        Shown::new(server)
    )]
    DelegationForbidden {
        /// The service, which the KDC does not trust (`ok-as-delegate`).
        server: Principal,
    },
    /// `~/.k5identity` chose a principal for this service that has neither a cache nor a key in the
    /// client keytab.
    #[error("no cache in {caches} has a ticket of {}", Shown::new(principal))]
    NoCacheOf {
        /// The principal that `~/.k5identity` chose.
        principal: Principal,
        /// Where caches were looked for.
        caches: CcacheName,
    },
    /// It is not proven that the KDC behind a login is the realm's own: see
    /// [`Client::verify`](crate::Client::verify).
    #[error("the login of {} cannot be verified: {reason}", Shown::new(client))]
    Unverified {
        /// The client, as the KDC named it.
        client: Principal,
        /// Why the ticket that was to prove it does not.
        reason: String,
    },
    /// There is nothing to log in with.
    #[error("Cannot read the secret in {from}: {reason}")]
    NoSecret {
        /// Where it should be.
        from: String,
        /// Why it cannot be read; says nothing of its content.
        reason: String,
    },
    /// Something supplied by the caller failed, and why.
    #[error(transparent)]
    Callback(Arc<dyn std::error::Error + Send + Sync>),
    /// A keeper's first login has not ended yet.
    #[error("there is no ticket yet")]
    NotYet,
    /// The keeper ended unexpectedly: a callback panicked, or its runtime was shut down. Tickets
    /// are no longer kept fresh.
    #[error("tickets are no longer kept fresh: the keeper has ended")]
    KeeperEnded,
    /// A keeper cannot start, because there is no thread or timer for it.
    #[error("tickets cannot be kept fresh: {0}")]
    Keeper(#[source] Arc<io::Error>),
    /// No Tokio runtime polls the future, or the runtime is shutting down.
    #[cfg(feature = "tokio")]
    #[error("no Tokio runtime is running")]
    NoRuntime,
    /// The system cannot provide a thread for work that would block the runtime.
    #[cfg(feature = "tokio")]
    #[error("cannot start a thread: {0}")]
    NoThread(#[source] Arc<io::Error>),
    /// The system cannot provide random numbers.
    #[error("cannot get random bytes from the system: {0}")]
    Random(getrandom::Error),
}

#[cfg(feature = "gss")]
impl From<kerberos_gss::GssError> for ClientError {
    fn from(error: kerberos_gss::GssError) -> Self {
        Self::Gss(Arc::new(error))
    }
}

/// The result of searching DNS for the servers of a realm.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DnsSearch {
    /// `dns_lookup_kdc` is off, or the realm is not a domain name.
    NotAsked,
    /// No URI or SRV record names a server.
    Nothing,
    /// A record says that the service does not exist (RFC 2782).
    NoService,
    /// There was no answer.
    Failed(DnsError),
}

impl fmt::Display for DnsSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("DNS was not asked"),
            Self::Nothing => f.write_str("DNS has no URI or SRV record that names one"),
            Self::NoService => f.write_str("DNS says that the realm has none"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// Untrusted bytes as text that is safe to show: a forged referral may name an endless realm, or
/// one with control characters for the terminal.
pub(crate) fn shown(text: &[u8]) -> String {
    Shown::new(String::from_utf8_lossy(text)).to_string()
}

impl ClientError {
    /// An error of a callback for which there is no other variant, such as one that publishes a
    /// login or supplies a secret.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::ClientError;
    /// let error = ClientError::callback("the pod does not answer");
    /// assert_eq!(error.to_string(), "the pod does not answer");
    /// ```
    pub fn callback(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Callback(error.into().into())
    }

    /// MIT's number for this error, if MIT's library has a similar one.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::ClientError;
    /// assert_eq!(ClientError::NoDefaultRealm.mit_code(), Some(-1765328160));
    /// ```
    pub fn mit_code(&self) -> Option<i32> {
        // In the order of krb5_err.et.
        let offset = match self {
            Self::TicketExpired { .. } => 32,
            Self::Principal { .. } => 134,
            Self::Config(_) | Self::Expand(_) => 136,
            Self::NoCredential { .. } => 141,
            Self::CannotFindKdc { .. } => 154,
            Self::CannotContactKdc { .. } => 156,
            Self::Encode(_) => 199,
            Self::NoCredentialOfEtype { .. } => 200,
            Self::NoDefaultRealm => 224,
            Self::Exchange(error) => return Some(error.mit_code()),
            Self::PasswordChange(error) => return Some(error.mit_code()),
            Self::Ccache(error) => return Some(error.mit_code()),
            Self::CcacheName(error) => return Some(error.mit_code()),
            Self::Keytab(error) => return Some(error.mit_code()),
            Self::KeytabName(error) => return Some(error.mit_code()),
            _ => return None,
        };
        Some(MIT_ERROR_BASE + offset)
    }

    /// Whether the same call may succeed a little later without anyone fixing anything: no KDC
    /// answered, none could serve, DNS failed, or the system was short of some resource. The caller
    /// should pause before it tries again; a [`TicketKeeper`](crate::TicketKeeper) tries again by
    /// itself. All other errors need another secret, another request or another configuration.
    ///
    /// # Example
    /// ```
    /// use std::time::Duration;
    /// use kerberos_client::{Client, Config, Password, Secret};
    /// use kerberos_testkdc::{Fault, TestKdc};
    ///
    /// let kdc = TestKdc::builder("EXAMPLE.COM").principal("svc", "password").start()?;
    /// let client = Client::new(Config::parse(&kdc.krb5_conf())?)
    ///     .with_request_timeout(Duration::from_millis(100));
    /// let log_in = |password: &str| {
    ///     let login = client.as_params(client.principal("svc")?)?;
    ///     client.login(login, Secret::Password(Password::new(password)))
    /// };
    /// kdc.set_fault(Fault::Silence);
    /// assert!(log_in("password").unwrap_err().is_transient());
    ///
    /// kdc.clear_faults();
    /// assert!(!log_in("a wrong one").unwrap_err().is_transient());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_transient(&self) -> bool {
        match self {
            // These pass with time alone.
            Self::CannotContactKdc { .. } | Self::Keeper(_) | Self::NotYet => true,
            #[cfg(feature = "tokio")]
            Self::NoThread(_) => true,
            Self::CannotFindKdc { dns, .. } => matches!(dns, DnsSearch::Failed(_)),
            Self::Exchange(error) => error.kdc_code() == Some(ErrorCode::KDC_ERR_SVC_UNAVAILABLE),
            _ => false,
        }
    }

    /// The number and text of an error in looking for a ticket, as MIT's trace shows them.
    pub(crate) fn mit_code_and_text(&self) -> String {
        format!("{}/{self}", self.mit_code().unwrap_or(MIT_ERROR_BASE))
    }

    /// The message, followed by the [hint](Self::hint) in parentheses if there is one: the line for
    /// a log.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{ClientError, Config};
    /// let error = Config::parse("")?.default_realm().map(str::to_owned).unwrap_err();
    /// assert!(error.with_hint().to_string().contains(" (write name@REALM, or set default_realm"));
    /// # Ok::<(), ClientError>(())
    /// ```
    pub fn with_hint(&self) -> impl fmt::Display + '_ {
        WithHint(self)
    }

    /// What to do about it, if that is known.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::ClientError;
    /// use kerberos_client::kerberos_proto::ExchangeError;
    /// let error = ClientError::from(ExchangeError::WrongPassword(None));
    /// assert!(error.hint().is_some_and(|hint| hint.contains("password")));
    /// ```
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoDefaultRealm => Some(
                "write name@REALM, or set default_realm in [libdefaults] of krb5.conf".to_owned(),
            ),
            Self::CannotFindKdc { realm, .. } if realm.is_empty() => {
                Some("write the realm after the @: name@REALM".to_owned())
            }
            Self::CannotFindKdc { realm, dns } => Some(format!(
                "name one in krb5.conf: [realms] {realm} = {{ kdc = host }} ({dns}); realm names are \
                 case-sensitive there"
            )),
            Self::CannotContactKdc { attempts, .. } if !attempts.is_empty() => {
                let with_hint = |attempt: &Attempt| match attempt.reason.hint() {
                    Some(hint) => format!("{attempt} ({hint})"),
                    None => attempt.to_string(),
                };
                let attempts: Vec<_> = attempts.iter().map(with_hint).collect();
                Some(format!("tried {}", attempts.join("; ")))
            }
            // If the cache has one, it is another client's, or it has expired.
            Self::NoCredential { server, cache } if server.is_krbtgt() => Some(format!(
                "log in first: there is no usable ticket for {} in {cache}",
                Shown::new(server)
            )),
            Self::NoCacheOf { principal, .. } => Some(format!(
                "log in as {0}, or add a key of {0} to the client keytab: .k5identity selects it for \
                 this service",
                Shown::new(principal)
            )),
            Self::TicketExpired { server, .. } => {
                let server = Shown::new(server);
                Some(format!("log in again: the ticket for {server} has expired"))
            }
            #[cfg(feature = "gss")]
            Self::DelegationForbidden { server } => Some(format!(
                "have the KDC mark {} as ok-as-delegate, or set enforce_ok_as_delegate = false in \
                 [libdefaults] of krb5.conf",
                Shown::new(server)
            )),
            #[cfg(feature = "gss")]
            Self::Gss(error) => error.hint(),
            Self::Exchange(error) => error.hint(),
            Self::Ccache(error) => {
                let log_in = "log in first: there are no tickets in that cache";
                let hint = error.hint();
                hint.or_else(|| error.is_no_cache().then(|| log_in.to_owned()))
            }
            Self::CcacheName(error) => error.hint(),
            Self::Keytab(error) => error.hint(),
            Self::KeytabName(error) => Some(error.hint().to_owned()),
            #[cfg(feature = "tokio")]
            Self::NoRuntime => Some(
                "await it in a task of a Tokio runtime that is not shutting down, or use the \
                 blocking Client"
                    .to_owned(),
            ),
            Self::RcacheName(error) => error.hint(),
            _ => None,
        }
    }
}

struct WithHint<'e>(&'e ClientError);

impl fmt::Display for WithHint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(error) = self;
        write!(f, "{error}")?;
        error.hint().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// The cache's file, as MIT's library appends it to its errors.
fn filename(cache: &CcacheName) -> String {
    let path = cache.path();
    path.map_or_else(String::new, |path| {
        format!(" (filename: {})", path.display())
    })
}

/// A realm as it appears in the message about its missing KDCs: MIT's words differ for an empty
/// one.
fn quoted(realm: &str) -> String {
    let what = if realm.is_empty() {
        "invalid realm name"
    } else {
        "realm"
    };
    format!("{what} \"{realm}\"")
}

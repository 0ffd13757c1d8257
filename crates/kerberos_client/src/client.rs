//! `Client`: the blocking driver of the exchanges.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kerberos_crypto::CryptoRng;
use kerberos_files::config::ServerKind;
use kerberos_proto::{AsParams, Principal, Request, Timestamp};

use crate::deliver::deliver;
use crate::delivery::Strategy;
use crate::dns::Resolver;
use crate::error::shown;
use crate::locate::{Located, locate};
use crate::{ClientError, Config};

/// A Kerberos client; cheap to clone and to share between threads.
///
/// See the [crate](crate) for an example.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<Config>,
    resolver: Arc<Resolver>,
    timeout: Option<Duration>,
}

impl Client {
    /// A client of this configuration.
    pub fn new(config: Config) -> Self {
        Self {
            config: Arc::new(config),
            resolver: Arc::new(Resolver::system()),
            timeout: None,
        }
    }

    /// A client of the configuration that the environment names; see [`Config::from_env`].
    ///
    /// # Errors
    /// [`ClientError::Config`] when krb5.conf cannot be read.
    pub fn from_env() -> Result<Self, ClientError> {
        Config::from_env().map(Self::new)
    }

    /// With a limit for every request, whatever `request_timeout` of krb5.conf says.
    ///
    /// Without either, a log-in waits for a KDC that took a TCP connection as long as it keeps it
    /// open, as MIT's library does for KDCs that ask a person for a second factor; tickets for
    /// services are waited for ten seconds by each connection. A service that must not hang wants
    /// a limit.
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With this resolver of names instead of the system's.
    pub fn with_resolver(mut self, resolver: Resolver) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its resolver of names.
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// A request for an initial ticket of `client`, as krb5.conf wants it; to be changed at will.
    ///
    /// # Errors
    /// As [`Config::as_params`].
    pub fn as_params(&self, client: Principal) -> Result<AsParams, ClientError> {
        self.config.as_params(client)
    }

    /// Sends `request` to the KDCs of its realm and gives the first reply.
    ///
    /// # Errors
    /// [`ClientError::CannotFindKdc`] when nothing says where they are,
    /// [`ClientError::CannotContactKdc`] when none answers.
    pub fn send(&self, request: &Request) -> Result<Vec<u8>, ClientError> {
        self.send_to(ServerKind::Kdc, request)
            .map(|(reply, _)| reply)
    }

    /// The same to servers of this kind; with the reply comes who gave it, where that is known.
    pub(crate) fn send_to(
        &self,
        kind: ServerKind,
        request: &Request,
    ) -> Result<(Vec<u8>, Option<Located>), ClientError> {
        let krb5 = self.config.krb5();
        let length = request.payload.len();
        let realm = shown(&request.realm);
        let tcp_only = if request.stream_only {
            " (tcp only)"
        } else {
            ""
        };
        tracing::debug!(
            target: "krb5_trace",
            "Sending request ({length} bytes) to {realm}{tcp_only}"
        );
        let strategy = if request.stream_only {
            Strategy::TcpOnly
        } else if length <= krb5.udp_preference_limit()? {
            Strategy::UdpFirst
        } else {
            Strategy::TcpFirst
        };
        // What DNS takes is of the time for the request.
        let deadline = self.deadline()?;
        let servers = locate(&self.config, &self.resolver, &request.realm, kind, deadline)?;
        let payload = &request.payload;
        let delivered = deliver(payload, &servers, strategy, deadline, &self.resolver)
            .map_err(|attempts| ClientError::CannotContactKdc { realm, attempts })?;
        let from = delivered
            .server
            .and_then(|index| servers.into_iter().nth(index));
        Ok((delivered.message, from))
    }

    /// When a request that starts now must be over.
    pub(crate) fn deadline(&self) -> Result<Option<Instant>, ClientError> {
        let configured = self.config.krb5().request_timeout()?;
        let configured = configured.map(|seconds| Duration::from_secs(seconds.into()));
        let timeout = self.timeout.or(configured);
        Ok(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }
}

/// The system's random numbers.
///
/// # Errors
/// [`ClientError::Random`] when it has none to give; once it has some it always does.
pub fn system_rng() -> Result<impl CryptoRng, ClientError> {
    getrandom::fill(&mut [0; 1]).map_err(ClientError::Random)?;
    Ok(UnwrapErr(SysRng))
}

/// The system's time.
pub fn now() -> Timestamp {
    let (seconds, microseconds) = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => (
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            since.subsec_micros(),
        ),
        // A clock before 1970 will be told off by the KDC.
        Err(_) => (0, 0),
    };
    Timestamp::new(seconds, microseconds)
}

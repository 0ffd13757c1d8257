//! `Client`: the blocking driver of the exchanges.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kerberos_crypto::CryptoRng;
use kerberos_files::config::ServerKind;
use kerberos_proto::{AsExchange, AsParams, Login, Principal, Request, Secret, Step, Timestamp};

use crate::deliver::deliver;
use crate::delivery::Strategy;
use crate::error::shown;
use crate::locate::locate;
use crate::{ClientError, Config};

/// A Kerberos client; cheap to clone and to share between threads.
///
/// See the [crate](crate) for an example.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<Config>,
    timeout: Option<Duration>,
}

impl Client {
    /// A client of this configuration.
    pub fn new(config: Config) -> Self {
        Self {
            config: Arc::new(config),
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
    /// Without either, a KDC that took a TCP connection is waited for as long as it keeps it open,
    /// as MIT's library does for KDCs that ask a person for a second factor. A service that must
    /// not hang wants a limit.
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The principal that `name` means, in the default realm unless it names one.
    ///
    /// # Errors
    /// As [`Config::principal`].
    pub fn principal(&self, name: &str) -> Result<Principal, ClientError> {
        self.config.principal(name)
    }

    /// A request for an initial ticket of `client`, as krb5.conf wants it; to be changed at will.
    ///
    /// # Errors
    /// As [`Config::as_params`].
    pub fn as_params(&self, client: Principal) -> Result<AsParams, ClientError> {
        self.config.as_params(client)
    }

    /// Logs in: gets the initial ticket that `params` describe with `secret`.
    ///
    /// # Errors
    /// [`ClientError::Exchange`] when the KDC refuses or its reply is not what was asked for,
    /// [`ClientError::CannotFindKdc`] and [`ClientError::CannotContactKdc`] when there is no reply.
    pub fn login(&self, params: AsParams, secret: Secret) -> Result<Login, ClientError> {
        let mut rng = system_rng()?;
        let (mut exchange, mut request) =
            AsExchange::start(params, timed(secret), &mut rng, now())?;
        loop {
            let reply = self.send(&request)?;
            match exchange.step(&reply, &mut rng, now())? {
                Step::Send(next) => request = next,
                Step::Done(login) => return Ok(*login),
            }
        }
    }

    /// Sends `request` to the KDCs of its realm and gives the first reply.
    ///
    /// # Errors
    /// [`ClientError::CannotFindKdc`] when nothing says where they are,
    /// [`ClientError::CannotContactKdc`] when none answers.
    pub fn send(&self, request: &Request) -> Result<Vec<u8>, ClientError> {
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
        let servers = locate(&self.config, &request.realm, ServerKind::Kdc)?;
        let configured = krb5
            .request_timeout()?
            .map(|seconds| Duration::from_secs(seconds.into()));
        deliver(
            &request.payload,
            &servers,
            strategy,
            self.timeout.or(configured),
        )
        .map_err(|attempts| ClientError::CannotContactKdc { realm, attempts })
    }
}

/// The same secret, which says how long people took to type: what the exchange sends after that
/// tells the time.
fn timed(secret: Secret) -> Secret {
    match secret {
        Secret::Ask(mut ask) => Secret::ask(move |client| {
            let asked = Instant::now();
            ask(client).map(|password| password.with_delay(asked.elapsed()))
        }),
        other => other,
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

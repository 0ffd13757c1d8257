//! `Client`: the blocking client.

use std::sync::Arc;
use std::time::Duration;

use kerberos_proto::{AsParams, Principal, Request};

use crate::dns::Resolver;
use crate::driver::Driver;
use crate::io::block_on;
use crate::{ClientError, Config};

/// A Kerberos client; cheap to clone and to share between threads.
///
/// Clones share what they learn: DNS answers, which KDC answered last, and which tickets are being
/// requested. See the [crate](crate) for an example.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) driver: Driver,
}

impl Client {
    /// A client with this configuration.
    pub fn new(config: Config) -> Self {
        let driver = Driver::new(config);
        Self { driver }
    }

    /// A client with the configuration that the environment names; see [`Config::from_env`].
    ///
    /// # Errors
    /// [`ClientError::Config`] when krb5.conf cannot be read.
    pub fn from_env() -> Result<Self, ClientError> {
        Config::from_env().map(Self::new)
    }

    /// Sets a limit for every request, whatever `request_timeout` of krb5.conf says.
    ///
    /// With neither limit, a login with a password waits for a KDC that accepted a TCP connection
    /// until the KDC closes it. MIT's library does the same, since the KDC may be asking a person
    /// for a second factor. Where no person can be involved, each connection is given ten seconds:
    /// in a login with keys, in every login of a [keeper](Self::keep), and for tickets of services.
    /// A service that logs in with a password itself and must not hang needs a limit, or an
    /// [unattended](Self::unattended) client.
    #[must_use = "the other one stays as it was"]
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.driver.timeout = Some(timeout);
        self
    }

    /// Makes it known that no person is there whom a KDC could be asking for a second factor, so
    /// that a login with a password, too, moves on from a KDC that is silent for ten seconds.
    #[must_use = "the other one stays as it was"]
    pub fn unattended(mut self) -> Self {
        self.driver = self.driver.unattended();
        self
    }

    /// Uses this resolver of names instead of the system's.
    #[must_use = "the other one stays as it was"]
    pub fn with_resolver(mut self, resolver: Resolver) -> Self {
        self.driver.resolver = Arc::new(resolver);
        self
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.driver.config
    }

    /// Its resolver of names.
    pub fn resolver(&self) -> &Resolver {
        &self.driver.resolver
    }

    /// A request for an initial ticket of `client` with the settings of krb5.conf, which can be
    /// changed before the login.
    ///
    /// # Errors
    /// As [`Config::as_params`].
    pub fn as_params(&self, client: Principal) -> Result<AsParams, ClientError> {
        self.config().as_params(client)
    }

    /// Sends `request` to the KDCs of its realm and returns the first reply.
    ///
    /// # Errors
    /// [`ClientError::CannotFindKdc`] when nothing says where the KDCs are,
    /// [`ClientError::CannotContactKdc`] when none answers.
    pub fn send(&self, request: &Request) -> Result<Vec<u8>, ClientError> {
        block_on(self.driver.send(request))
    }
}

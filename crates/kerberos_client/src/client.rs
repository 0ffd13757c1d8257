//! `Client`: the blocking face of the library.

use std::sync::Arc;
use std::time::Duration;

use kerberos_proto::{AsParams, Principal, Request};

use crate::dns::Resolver;
use crate::driver::Driver;
use crate::io::block_on;
use crate::{ClientError, Config};

/// A Kerberos client; cheap to clone and to share between threads.
///
/// Its clones know what it has learnt: the answers of DNS, which KDC answered last, and which
/// tickets are being asked for. See the [crate](crate) for an example.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) driver: Driver,
}

impl Client {
    /// A client of this configuration.
    pub fn new(config: Config) -> Self {
        let driver = Driver::new(config);
        Self { driver }
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
    /// Without either, a log-in with a password waits for a KDC that took a TCP connection as long
    /// as it keeps it open, as MIT's library does for KDCs that ask a person for a second factor.
    /// Where no person can be behind it (a log-in with keys, a [keeper](Self::keep)'s with whatever
    /// it has, tickets for services) each connection is given ten seconds. A service that logs in
    /// with a password itself and must not hang wants a limit.
    #[must_use = "the other one stays as it was"]
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.driver.timeout = Some(timeout);
        self
    }

    /// With this resolver of names instead of the system's.
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

    /// A request for an initial ticket of `client`, as krb5.conf wants it; to be changed at will.
    ///
    /// # Errors
    /// As [`Config::as_params`].
    pub fn as_params(&self, client: Principal) -> Result<AsParams, ClientError> {
        self.config().as_params(client)
    }

    /// Sends `request` to the KDCs of its realm and gives the first reply.
    ///
    /// # Errors
    /// [`ClientError::CannotFindKdc`] when nothing says where they are,
    /// [`ClientError::CannotContactKdc`] when none answers.
    pub fn send(&self, request: &Request) -> Result<Vec<u8>, ClientError> {
        block_on(self.driver.send(request))
    }
}

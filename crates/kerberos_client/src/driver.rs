//! `Driver`: what a client and its clones share, blocking or not, and how a request gets its reply.
//! All logic of this crate is written once, on top of it ([`Io`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use kerberos_files::ccache::CcacheName;
use kerberos_files::config::ServerKind;
use kerberos_proto::{Credential, ExchangeError, Request, Step};

use crate::delivery::Strategy;
use crate::delivery::driver::{PATIENCE, deliver, may_be_of_a_person};
use crate::dns::Resolver;
use crate::error::shown;
use crate::flights::{Caller, Flights};
use crate::good_servers::GoodServers;
use crate::io::Io;
use crate::locate::{Located, locate};
use crate::own_cache::OwnRoute;
use crate::tickets::TicketRoute;
use crate::trace::trace;
use crate::{ClientError, Config};

/// Cheap to clone; the clones share everything but the time limits.
#[derive(Clone, Debug)]
pub(crate) struct Driver {
    pub(crate) config: Arc<Config>,
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) timeout: Option<Duration>,
    /// How long a KDC may take for a request that no person is involved in.
    pub(crate) patience: Duration,
    /// Whether no person is involved in any request.
    unattended: bool,
    pub(crate) io: Io,
    pub(crate) shared: Arc<Shared>,
}

/// What is remembered from call to call.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    good_servers: GoodServers,
    pub(crate) flights: Flights<TicketRoute, Credential>,
    pub(crate) own_logins: Flights<OwnRoute, CcacheName>,
}

impl Driver {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config: Arc::new(config),
            resolver: Arc::new(Resolver::system()),
            timeout: None,
            patience: PATIENCE,
            unattended: false,
            io: Io::Blocking,
            shared: Arc::default(),
        }
    }

    /// The same driver for asynchronous callers.
    #[cfg(feature = "tokio")]
    pub(crate) fn with_io(&self, io: Io) -> Self {
        Self { io, ..self.clone() }
    }

    /// The same driver without a person whom a KDC could be waiting for.
    pub(crate) fn unattended(self) -> Self {
        Self {
            unattended: true,
            ..self
        }
    }

    /// Sends `request` to the KDCs of its realm and returns the first reply.
    pub(crate) async fn send(&self, request: &Request) -> Result<Vec<u8>, ClientError> {
        let patience = if may_be_of_a_person(&request.payload) {
            self.patience_with_a_person()
        } else {
            Some(self.patience)
        };
        let (reply, _) = self.send_to(ServerKind::Kdc, request, patience).await?;
        Ok(reply)
    }

    /// Sends the requests of an exchange until it has its result; `step` takes the replies. No
    /// person is involved.
    pub(crate) async fn exchange<T>(
        &self,
        mut next: Step<T>,
        mut step: impl FnMut(&[u8]) -> Result<Step<T>, ExchangeError>,
    ) -> Result<T, ClientError> {
        loop {
            match next {
                Step::Send(request) => {
                    let patience = Some(self.patience);
                    let (reply, _) = self.send_to(ServerKind::Kdc, &request, patience).await?;
                    next = step(&reply)?;
                }
                Step::Done(result) => return Ok(*result),
            }
        }
    }

    /// How long a KDC may take when a person is involved, who may have to look for a second factor:
    /// there is no limit, unless nobody is there.
    pub(crate) fn patience_with_a_person(&self) -> Option<Duration> {
        self.unattended.then_some(self.patience)
    }

    /// Sends `request` to servers of this kind, which may take as long as `patience` on an
    /// established connection. Returns the reply, and who sent it if that is known.
    pub(crate) async fn send_to(
        &self,
        kind: ServerKind,
        request: &Request,
        patience: Option<Duration>,
    ) -> Result<(Vec<u8>, Option<Located>), ClientError> {
        let length = request.payload.len();
        let realm = shown(&request.realm);
        let tcp_only = if request.stream_only {
            " (tcp only)"
        } else {
            ""
        };
        trace!("Sending request ({length} bytes) to {realm}{tcp_only}");
        // The time for DNS is part of the time for the request.
        let deadline = self.deadline()?;
        let mut servers = locate(self, &request.realm, kind, deadline).await?;
        let good = &self.shared.good_servers;
        let by_tcp = good.put_first(&request.realm, kind, &mut servers);
        let strategy = if request.stream_only {
            Strategy::TcpOnly
        } else if length > self.config.krb5().udp_preference_limit()? || by_tcp {
            Strategy::TcpFirst
        } else {
            Strategy::UdpFirst
        };
        let payload = &request.payload;
        let delivered = deliver(self, payload, &servers, strategy, deadline, patience)
            .await
            .map_err(|attempts| ClientError::CannotContactKdc { realm, attempts })?;
        let Some(answered) = delivered.by else {
            return Ok((delivered.message, None));
        };
        let from = servers.into_iter().nth(answered.server);
        if let Some(located) = &from {
            let udp_is_silent = strategy == Strategy::UdpFirst && answered.is_by_tcp();
            good.remember(&request.realm, kind, located, &answered, udp_is_silent);
        }
        Ok((delivered.message, from))
    }

    /// With whom an answer may be shared.
    pub(crate) fn caller(&self) -> Result<Caller, ClientError> {
        Ok(Caller {
            time_limit: self.time_limit()?,
            place: self.io.place()?,
        })
    }

    /// When a request that starts now must be over.
    pub(crate) fn deadline(&self) -> Result<Option<Instant>, ClientError> {
        Ok(after(self.time_limit()?))
    }

    /// The time limit for a request, including DNS.
    pub(crate) fn time_limit(&self) -> Result<Option<Duration>, ClientError> {
        let configured = self.config.krb5().request_timeout()?;
        let configured = configured.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(self.timeout.or(configured))
    }
}

/// The deadline for something that starts now and may take this long.
pub(crate) fn after(limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| Instant::now().checked_add(limit))
}

#[cfg(test)]
mod tests;

//! `Delivery`: decides which server to ask when. A state machine without IO or clock.
//!
//! ```text
//! loop { match delivery.poll(now) {
//!     Resolve | Open | Resend | Close => do it, and `handle` what came of it,
//!     Wait { until }                  => wait for sockets until then, and `handle` what they say,
//!     Finish                          => `finish` has the reply, or why there is none,
//! } }
//! ```
//! The schedule is that of MIT's `sendto_kdc.c`. Each address of a server gives one connection by
//! UDP and one by TCP, unless the server is only for one of them. Small requests go by UDP first.
//! Each connection is given one second before the next is tried, too. Then those of the other
//! transport get their turn. Two seconds later all UDP requests are sent again, and then once more,
//! with longer pauses. An answer of any server that was asked counts at any time. A KDC proxy, or a
//! socket in the file system, is tried when its turn in the list comes.
//!
//! Once a connection is established (TCP, and for a proxy TLS), no further server is asked and
//! there is no hurry: a person may be looking for a second factor. Where no person can be involved,
//! the caller limits the wait with [patience](Delivery::with_patience). A proxy gets two minutes at
//! most.
//!
//! Better than MIT: when the server just asked refuses, the next one is asked at once, and a name
//! that cannot be resolved does not keep the other servers from being asked.

mod attempt;
pub(crate) mod driver;
mod endpoint;
mod schedule;
mod script;

use std::net::SocketAddr;
use std::time::Duration;

use kerberos_asn1::{Decode as _, ErrorCode, KrbError};

pub use attempt::{Attempt, Reason};
pub use endpoint::{Address, Endpoint, Transport};
use schedule::{Connection, Interval, Phase, State};
pub use script::play_delivery;

/// How long a silent proxy is given where a KDC would be waited for without limit: whatever the
/// person is doing, there is HTTP in between, which has limits of its own, and it may be the proxy
/// that is stuck, and not the KDC.
const PROXY_PATIENCE: Duration = Duration::from_secs(120);

/// Which transports to use, and in which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Strategy {
    UdpFirst,
    TcpFirst,
    TcpOnly,
}

/// A server to deliver to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// The name in the configuration or in DNS.
    pub(crate) name: String,
    /// The only transport of the server; `None` where it may use any.
    pub(crate) transport: Option<Transport>,
}

/// What the driver has to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// Find the addresses of this server of the list.
    Resolve { server: usize },
    /// Connect, and send the request when connected.
    Open(ConnectionId),
    /// Send the request again.
    Resend(ConnectionId),
    /// Close the connection.
    Close(ConnectionId),
    /// Wait for any connection, but not beyond this time.
    Wait { until: Option<Duration> },
    /// The delivery is over.
    Finish,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// These are the addresses of the server of the last [`Action::Resolve`].
    Resolved(Vec<SocketAddr>),
    /// The server of the last [`Action::Resolve`] has no address.
    NotResolved(Reason),
    /// A connection other than by UDP is established.
    Connected(ConnectionId),
    /// A connection has failed; the driver has closed it.
    Failed(ConnectionId, Reason),
    /// A whole message has arrived.
    Reply(ConnectionId, Vec<u8>),
}

/// A connection, numbered from 0 in the order of creation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ConnectionId(pub(crate) usize);

/// How a delivery ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply {
        message: Vec<u8>,
        from: Option<ConnectionId>,
    },
    Unreachable(Vec<Attempt>),
}

/// A delivery under way.
#[derive(Debug)]
pub(crate) struct Delivery {
    servers: Vec<Target>,
    strategy: Strategy,
    deadline: Option<Duration>,
    /// How long an established connection is waited for; `None` for ever.
    patience: Option<Duration>,
    /// Until when the present one is waited for.
    patient_until: Option<Duration>,
    connections: Vec<Connection>,
    phase: Phase,
    resolving: Option<usize>,
    interval: Option<Interval>,
    closing: Vec<ConnectionId>,
    failures: Vec<Attempt>,
    reply: Option<(ConnectionId, Vec<u8>)>,
    /// The last answer of a KDC that says it cannot serve now.
    unavailable: Option<Vec<u8>>,
}

impl Delivery {
    /// A delivery to `servers` that starts at time zero and is over at `deadline`.
    pub(crate) fn new(
        servers: Vec<Target>,
        strategy: Strategy,
        deadline: Option<Duration>,
    ) -> Self {
        Self {
            servers,
            strategy,
            deadline,
            patience: None,
            patient_until: None,
            connections: Vec::new(),
            phase: Phase::Preferred { server: 0, next: 0 },
            resolving: None,
            interval: None,
            closing: Vec::new(),
            failures: Vec::new(),
            reply: None,
            unavailable: None,
        }
    }

    /// Limits the time that a server has to answer on an established connection; after that, the
    /// next server is asked.
    pub(crate) fn with_patience(mut self, patience: Option<Duration>) -> Self {
        self.patience = patience;
        self
    }

    /// The action to take at the time `now`.
    pub(crate) fn poll(&mut self, now: Duration) -> Action {
        loop {
            if let Some(id) = self.closing.pop() {
                return Action::Close(id);
            }
            if self.reply.is_some() || matches!(self.phase, Phase::Over) {
                return Action::Finish;
            }
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                self.phase = Phase::Over;
                continue;
            }
            if self.lose_patience(now) {
                continue;
            }
            if let Some(wait) = self.waiting(now) {
                return wait;
            }
            self.interval = None;
            if let Some(action) = self.advance(now) {
                return action;
            }
        }
    }

    /// Processes an event.
    pub(crate) fn handle(&mut self, event: Event) {
        match event {
            Event::Resolved(addresses) => {
                let addresses: Vec<_> = addresses.into_iter().map(Address::Ip).collect();
                self.add_connections(&addresses);
            }
            Event::NotResolved(reason) => {
                if let Some(server) = self.resolving.take() {
                    self.fail_server(server, reason);
                }
            }
            Event::Connected(id) => self.set_state(id, State::Standing),
            Event::Failed(id, reason) => self.fail(id, reason),
            Event::Reply(id, message) => {
                if is_service_unavailable(&message) {
                    self.unavailable = Some(message);
                    self.closing.push(id);
                    self.fail(id, Reason::Unavailable);
                } else {
                    self.reply = Some((id, message));
                }
            }
        }
    }

    /// Where a connection leads.
    pub(crate) fn endpoint(&self, id: ConnectionId) -> Option<Endpoint> {
        self.connections
            .get(id.0)
            .map(|connection| connection.endpoint.clone())
    }

    /// The server that a connection leads to.
    pub(crate) fn server(&self, id: ConnectionId) -> Option<usize> {
        self.connections
            .get(id.0)
            .map(|connection| connection.server)
    }

    /// Whether there is a reply to finish with.
    pub(crate) fn has_reply(&self) -> bool {
        self.reply.is_some()
    }

    /// The result; can be asked for once.
    pub(crate) fn finish(&mut self) -> Outcome {
        if let Some((id, message)) = self.reply.take() {
            return Outcome::Reply {
                message,
                from: Some(id),
            };
        }
        // Every KDC that answered said this; it tells more than "unreachable".
        if let Some(message) = self.unavailable.take() {
            return Outcome::Reply {
                message,
                from: None,
            };
        }
        for index in 0..self.connections.len() {
            let reason = match self
                .connections
                .get(index)
                .map(|connection| connection.state)
            {
                Some(State::Fresh) => Reason::OutOfTime,
                Some(State::Opened | State::Standing) => Reason::NoAnswer,
                Some(State::Dead) | None => continue,
            };
            self.fail(ConnectionId(index), reason);
        }
        if self.failures.is_empty() {
            for server in 0..self.servers.len() {
                let is_excluded = self.transports(server).is_empty();
                let reason = if is_excluded {
                    Reason::OnlyUdp
                } else {
                    Reason::OutOfTime
                };
                self.fail_server(server, reason);
            }
        }
        Outcome::Unreachable(std::mem::take(&mut self.failures))
    }

    /// Gives up established connections whose time is over; returns whether there were any.
    fn lose_patience(&mut self, now: Duration) -> bool {
        let standing: Vec<Transport> = self
            .connections
            .iter()
            .filter(|connection| connection.state == State::Standing)
            .map(|connection| connection.endpoint.transport)
            .collect();
        let only_proxies = standing.iter().all(|&by| by == Transport::Https);
        let patience = self.patience.or(only_proxies.then_some(PROXY_PATIENCE));
        let Some(patience) = patience.filter(|_| !standing.is_empty()) else {
            self.patient_until = None;
            return false;
        };
        if now < *self.patient_until.get_or_insert(now + patience) {
            return false;
        }
        for id in (0..self.connections.len()).map(ConnectionId) {
            if self.state(id) == State::Standing {
                self.closing.push(id);
                self.fail(id, Reason::NoAnswer);
            }
        }
        true
    }

    fn state(&self, id: ConnectionId) -> State {
        self.connections
            .get(id.0)
            .map_or(State::Dead, |connection| connection.state)
    }

    fn set_state(&mut self, id: ConnectionId, state: State) {
        if let Some(connection) = self.connections.get_mut(id.0) {
            connection.state = state;
        }
    }

    fn fail(&mut self, id: ConnectionId, reason: Reason) {
        let Some(connection) = self.connections.get_mut(id.0) else {
            return;
        };
        connection.state = State::Dead;
        let via = Some(connection.endpoint.clone());
        let server = name(&self.servers, connection.server);
        self.failures.push(Attempt {
            server,
            via,
            reason,
        });
    }

    fn fail_server(&mut self, server: usize, reason: Reason) {
        let server = name(&self.servers, server);
        self.failures.push(Attempt {
            server,
            via: None,
            reason,
        });
    }
}

fn name(servers: &[Target], index: usize) -> String {
    servers
        .get(index)
        .map(|target| target.name.clone())
        .unwrap_or_default()
}

/// Whether the message is the error with which a KDC sends clients to the next one (RFC 4120
/// §7.5.9, KDC_ERR_SVC_UNAVAILABLE).
fn is_service_unavailable(message: &[u8]) -> bool {
    /// `[APPLICATION 30]`, constructed: KRB-ERROR (RFC 4120 §5.9.1).
    const KRB_ERROR_TAG: u8 = 0x7e;
    message.first() == Some(&KRB_ERROR_TAG)
        && KrbError::from_der(message)
            .is_ok_and(|error| error.error_code == ErrorCode::KDC_ERR_SVC_UNAVAILABLE)
}

#[cfg(test)]
mod tests;

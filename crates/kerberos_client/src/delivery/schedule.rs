//! The schedule of a delivery: which connection to open, send to again or wait for next.

use std::path::PathBuf;
use std::time::Duration;

use super::{Action, Address, ConnectionId, Delivery, Endpoint, Reason, Strategy, Transport};

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) server: usize,
    pub(super) endpoint: Endpoint,
    /// Whether its transport is not the preferred one.
    pub(super) deferred: bool,
    pub(super) state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Fresh,
    /// By UDP: the request was sent. Otherwise: connecting.
    Opened,
    /// Established, and not by UDP.
    Standing,
    Dead,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Resolve server after server and open the connections of the preferred transport.
    Preferred {
        server: usize,
        next: usize,
    },
    /// Open the other connections.
    Deferred {
        next: usize,
    },
    /// Pause at the end of a pass.
    Pause {
        pass: usize,
    },
    /// Send again by UDP.
    Resend {
        pass: usize,
        next: usize,
    },
    Over,
}

/// A time to wait for answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    pub(super) end: Duration,
    /// The connection that this time is for; if it fails, the time is over.
    pub(super) current: Option<ConnectionId>,
}

impl Delivery {
    /// What to wait for before anything new is begun, if anything.
    pub(super) fn waiting(&self, now: Duration) -> Option<Action> {
        let in_state = |state| self.connections.iter().any(|other| other.state == state);
        if self.resolving.is_some() || in_state(State::Standing) {
            let ends = [self.deadline, self.patient_until];
            return Some(Action::Wait {
                until: ends.into_iter().flatten().min(),
            });
        }
        let interval = self.interval.filter(|interval| now < interval.end)?;
        let over = interval
            .current
            .is_some_and(|id| self.state(id) == State::Dead);
        if over || !in_state(State::Opened) {
            return None;
        }
        let until = self
            .deadline
            .map_or(interval.end, |deadline| deadline.min(interval.end));
        Some(Action::Wait { until: Some(until) })
    }

    /// The next step of the schedule; `None` if only the phase changed.
    pub(super) fn advance(&mut self, now: Duration) -> Option<Action> {
        match self.phase {
            Phase::Preferred { server, next } => {
                if let Some(connection) = self.connections.get(next) {
                    let open = !connection.deferred;
                    self.phase = Phase::Preferred {
                        server,
                        next: next + 1,
                    };
                    return open.then(|| self.open(ConnectionId(next), now));
                }
                if server < self.servers.len() {
                    self.phase = Phase::Preferred {
                        server: server + 1,
                        next,
                    };
                    if self.transports(server).is_empty() {
                        return None;
                    }
                    self.resolving = Some(server);
                    if let Some(path) = self.path(server) {
                        self.add_connections(&[Address::Unix(path)]);
                        return None;
                    }
                    return Some(Action::Resolve { server });
                }
                self.phase = Phase::Deferred { next: 0 };
                None
            }
            Phase::Deferred { next } => {
                if let Some(connection) = self.connections.get(next) {
                    let open = connection.deferred;
                    self.phase = Phase::Deferred { next: next + 1 };
                    return open.then(|| self.open(ConnectionId(next), now));
                }
                self.pause(0, now);
                None
            }
            Phase::Pause { pass } => {
                let all_dead = self
                    .connections
                    .iter()
                    .all(|connection| connection.state == State::Dead);
                self.phase = if all_dead || pass + 1 >= PAUSES.len() {
                    Phase::Over
                } else {
                    Phase::Resend {
                        pass: pass + 1,
                        next: 0,
                    }
                };
                None
            }
            Phase::Resend { pass, next } => {
                if let Some(connection) = self.connections.get(next) {
                    let by_udp = connection.endpoint.transport == Transport::Udp;
                    let resend = by_udp && connection.state == State::Opened;
                    self.phase = Phase::Resend {
                        pass,
                        next: next + 1,
                    };
                    return resend.then(|| {
                        let id = ConnectionId(next);
                        self.interval = Some(Interval {
                            end: now + INTERVAL,
                            current: Some(id),
                        });
                        Action::Resend(id)
                    });
                }
                self.pause(pass, now);
                None
            }
            Phase::Over => None,
        }
    }

    /// Adds a connection for every address and transport. As in MIT's library, only UDP and TCP are
    /// deferred.
    pub(super) fn add_connections(&mut self, addresses: &[Address]) {
        let Some(server) = self.resolving.take() else {
            return;
        };
        if addresses.is_empty() {
            self.fail_server(server, Reason::NoAddress);
        }
        for &transport in self.transports(server) {
            let deferred = matches!(
                (self.strategy, transport),
                (Strategy::UdpFirst, Transport::Tcp) | (Strategy::TcpFirst, Transport::Udp)
            );
            let connection = |address: &Address| Connection {
                server,
                endpoint: Endpoint::new(transport, address.clone()),
                deferred,
                state: State::Fresh,
            };
            self.connections.extend(addresses.iter().map(connection));
        }
    }

    /// The transports to ask a server by, the preferred one first; none if the only transport of
    /// the server is excluded.
    pub(super) fn transports(&self, server: usize) -> &'static [Transport] {
        let only = self.servers.get(server).and_then(|target| target.transport);
        match (self.strategy, only) {
            (_, Some(Transport::Https)) => &[Transport::Https],
            (_, Some(Transport::Unix)) => &[Transport::Unix],
            (Strategy::TcpOnly, Some(Transport::Udp)) => &[],
            (Strategy::TcpOnly, _) | (_, Some(Transport::Tcp)) => &[Transport::Tcp],
            (_, Some(Transport::Udp)) => &[Transport::Udp],
            (Strategy::UdpFirst, None) => &[Transport::Udp, Transport::Tcp],
            (Strategy::TcpFirst, None) => &[Transport::Tcp, Transport::Udp],
        }
    }

    fn open(&mut self, id: ConnectionId, now: Duration) -> Action {
        self.set_state(id, State::Opened);
        self.interval = Some(Interval {
            end: now + INTERVAL,
            current: Some(id),
        });
        Action::Open(id)
    }

    fn pause(&mut self, pass: usize, now: Duration) {
        let pause = PAUSES.get(pass).copied().unwrap_or_default();
        self.phase = Phase::Pause { pass };
        self.interval = Some(Interval {
            end: now + pause,
            current: None,
        });
    }

    /// The path of a server's socket, which is the server's name, if it has one.
    fn path(&self, server: usize) -> Option<PathBuf> {
        let target = self.servers.get(server)?;
        (target.transport == Some(Transport::Unix)).then(|| PathBuf::from(&target.name))
    }
}

/// How long a server is given before the next is asked too.
const INTERVAL: Duration = Duration::from_secs(1);

/// The pauses after the passes over all connections.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

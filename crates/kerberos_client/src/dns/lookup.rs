//! `Lookup`: asks one question of several servers in turn. A state machine without IO or clock.
//!
//! ```text
//! loop { match lookup.poll(now) {
//!     Ask(exchange)  => send `query(exchange, id)` to its server, by its transport,
//!     Wait { until } => wait for answers until then, and `handle` what comes,
//!     Finish         => `finish` has the answer, or why there is none,
//! } }
//! ```
//! The servers are asked in passes, as many as `attempts` says. The last server of a pass has the
//! time `timeout`. For those before it, the next server is asked, too, after a second, and their
//! answers still count. A server that refuses, fails or gives an unreadable answer is not asked
//! again in the pass. A truncated answer is requested again from the same server, by TCP.
//!
//! Once a query has failed, only an answer to it still counts. So repeating a failure makes the
//! lookup send no more than one query for it.

mod script;

use std::net::SocketAddr;
use std::time::Duration;

use super::message::{Answer, Question, Verdict};
use super::{DnsError, NOTHING_HEARD, ResolvConf, Silence};
use crate::delivery::Transport;

#[doc(hidden)]
pub use script::play_lookup;

/// How long a server is given before the next of its pass is asked, too.
const INTERVAL: Duration = Duration::from_secs(1);

const FORMAT_ERROR: u8 = 1;

/// What the driver has to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    Ask(ExchangeId),
    Wait { until: Duration },
    Finish,
}

/// What happened in an exchange.
#[derive(Debug)]
pub(crate) enum Event {
    /// A whole message has arrived.
    Message(ExchangeId, Vec<u8>),
    /// There will be no message; the driver has closed the socket.
    Failed(ExchangeId, String),
}

/// A query that was sent, numbered from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ExchangeId(pub(crate) usize);

/// A question in progress.
#[derive(Debug)]
pub(crate) struct Lookup {
    question: Question,
    servers: Vec<SocketAddr>,
    attempts: u32,
    timeout: Duration,
    use_vc: bool,
    edns: bool,
    deadline: Duration,
    exchanges: Vec<Exchange>,
    /// The pass and the server that are next.
    next: (u32, usize),
    /// The server to ask again at once: by TCP, or without EDNS.
    again: Option<(usize, Transport)>,
    /// When the time of the last exchange is over.
    interval_end: Duration,
    result: Option<Result<Answer, DnsError>>,
    answered_by: Option<usize>,
}

#[derive(Debug)]
struct Exchange {
    server: usize,
    transport: Transport,
    id: u16,
    failure: Option<String>,
}

impl Lookup {
    /// A lookup of `question` that begins with server `first` at time zero. It is over at
    /// `deadline`, or when every query has had its time.
    pub(crate) fn new(
        question: Question,
        conf: &ResolvConf,
        first: usize,
        deadline: Option<Duration>,
    ) -> Self {
        let mut servers = conf.servers.clone();
        if !servers.is_empty() {
            let first = first % servers.len();
            servers.rotate_left(first);
        }
        let longest = conf.timeout.saturating_mul(conf.attempts);
        let longest = longest.saturating_mul(most_queries(servers.len()));
        Self {
            question,
            servers,
            attempts: conf.attempts,
            timeout: conf.timeout,
            use_vc: conf.use_vc,
            edns: conf.edns0,
            deadline: deadline.map_or(longest, |deadline| deadline.min(longest)),
            exchanges: Vec::new(),
            next: (0, 0),
            again: None,
            interval_end: Duration::ZERO,
            result: None,
            answered_by: None,
        }
    }

    /// The action to take at the time `now`.
    pub(crate) fn poll(&mut self, now: Duration) -> Action {
        if self.result.is_some() {
            return Action::Finish;
        }
        if now >= self.deadline {
            return self.give_up();
        }
        if let Some((server, transport)) = self.again.take() {
            return self.ask(server, transport, now);
        }
        let is_open = |exchange: &Exchange| exchange.failure.is_none();
        let waiting = match self.turn() {
            // While there are others to ask, only the one asked last is waited for.
            Some(_) => self.exchanges.last().is_some_and(is_open),
            None => self.exchanges.iter().any(is_open),
        };
        if waiting && now < self.interval_end {
            return Action::Wait {
                until: self.interval_end.min(self.deadline),
            };
        }
        let Some(server) = self.turn() else {
            return self.give_up();
        };
        self.next.1 = server + 1;
        let transport = if self.use_vc {
            Transport::Tcp
        } else {
            Transport::Udp
        };
        self.ask(server, transport, now)
    }

    /// Processes an event.
    pub(crate) fn handle(&mut self, event: Event) {
        match event {
            Event::Failed(id, reason) => self.fail(id, reason),
            Event::Message(id, message) => {
                let Some(exchange) = self.exchanges.get(id.0) else {
                    return;
                };
                let (server, transport) = (exchange.server, exchange.transport);
                let is_udp = transport == Transport::Udp;
                let is_open = exchange.failure.is_none();
                match self.question.read(exchange.id, &message) {
                    Verdict::Answered(answer) => {
                        self.result.get_or_insert(Ok(answer));
                        self.answered_by = Some(server);
                    }
                    // A failure counts only once, however often it is reported.
                    _ if !is_open => {}
                    // An attacker who guesses must not be able to end the exchange.
                    Verdict::Foreign if is_udp => {}
                    Verdict::Foreign => self.fail(id, "not an answer to the question".to_owned()),
                    Verdict::Truncated if is_udp => {
                        self.fail(id, "the answer is cut short".to_owned());
                        self.again = Some((server, Transport::Tcp));
                    }
                    Verdict::Truncated | Verdict::Malformed => {
                        self.fail(id, "the answer cannot be read".to_owned());
                    }
                    Verdict::Refused(code) => {
                        self.fail(id, refusal(code));
                        // RFC 6891 §7: a server without EDNS answers that it cannot read the query.
                        if code == FORMAT_ERROR && std::mem::take(&mut self.edns) {
                            self.again = Some((server, transport));
                        }
                    }
                }
            }
        }
    }

    /// The exchange's transport and server.
    pub(crate) fn endpoint(&self, id: ExchangeId) -> Option<(Transport, SocketAddr)> {
        let exchange = self.exchanges.get(id.0)?;
        let address = *self.servers.get(exchange.server)?;
        Some((exchange.transport, address))
    }

    /// The query of the exchange, with this random `id` from now on, or why there is none.
    pub(crate) fn query(&mut self, exchange: ExchangeId, id: u16) -> Result<Vec<u8>, String> {
        if let Some(exchange) = self.exchanges.get_mut(exchange.0) {
            exchange.id = id;
        }
        let query = self.question.query(id, self.edns);
        query.map_err(|error| error.to_string())
    }

    /// The result, and the index of the server that gave it, counted from the first one asked. Can
    /// be asked for once.
    pub(crate) fn finish(&mut self) -> (Result<Answer, DnsError>, Option<usize>) {
        let result = match self.result.take() {
            Some(result) => result,
            None => Err(self.silence()),
        };
        (result, self.answered_by)
    }

    /// The next server to ask, in a new pass if necessary.
    fn turn(&mut self) -> Option<usize> {
        if self.next.1 >= self.servers.len() {
            // A new pass begins when the time of this one's last server is over.
            self.next = (self.next.0 + 1, 0);
        }
        (self.next.0 < self.attempts && !self.servers.is_empty()).then_some(self.next.1)
    }

    fn ask(&mut self, server: usize, transport: Transport, now: Duration) -> Action {
        let id = ExchangeId(self.exchanges.len());
        self.exchanges.push(Exchange {
            server,
            transport,
            id: 0,
            failure: None,
        });
        let is_last = server + 1 >= self.servers.len();
        let interval = if is_last || transport == Transport::Tcp {
            self.timeout
        } else {
            self.timeout.min(INTERVAL)
        };
        self.interval_end = now + interval;
        Action::Ask(id)
    }

    fn fail(&mut self, id: ExchangeId, reason: String) {
        if let Some(exchange) = self.exchanges.get_mut(id.0) {
            exchange.failure.get_or_insert(reason);
        }
    }

    fn give_up(&mut self) -> Action {
        self.result = Some(Err(self.silence()));
        Action::Finish
    }

    /// Each server with its last failure.
    fn silence(&self) -> DnsError {
        let mut servers: Vec<Silence> = Vec::new();
        for exchange in &self.exchanges {
            let Some(&server) = self.servers.get(exchange.server) else {
                continue;
            };
            let reason = exchange.failure.clone();
            let reason = reason.unwrap_or_else(|| NOTHING_HEARD.to_owned());
            match servers.iter_mut().find(|other| other.server == server) {
                Some(known) => known.reason = reason,
                None => servers.push(Silence { server, reason }),
            }
        }
        DnsError::NoAnswer {
            name: self.question.name.to_string(),
            servers,
        }
    }
}

/// How many queries a pass over this many servers may take: each by UDP, and again by TCP.
fn most_queries(servers: usize) -> u32 {
    u32::try_from(servers).unwrap_or(u32::MAX).saturating_mul(2)
}

/// The response codes of RFC 1035 §4.1.1 in words.
fn refusal(code: u8) -> String {
    match code {
        FORMAT_ERROR => "the server could not read the query (FORMERR)".to_owned(),
        2 => "the server failed (SERVFAIL)".to_owned(),
        4 => "the server does not support the query (NOTIMP)".to_owned(),
        5 => "the server refused (REFUSED)".to_owned(),
        other => format!("the server answered with code {other}"),
    }
}

#[cfg(test)]
mod tests;

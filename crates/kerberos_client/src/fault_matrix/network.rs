//! A network between a delivery and an in-memory KDC, in virtual time, with every fault that
//! networks have. It cuts streams into replies by the real rules.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use kerberos_asn1::{Encode as _, KdcProxyMessage};

use crate::delivery::driver::{PATIENCE, may_be_of_a_person};
use crate::delivery::{
    Action, Attempt, ConnectionId, Delivery, Event, Outcome, Reason, Strategy, Target, Transport,
};
use crate::transport::{Framing, closed_early, read_proxy_response};

/// Gives the answer to a request at a time.
pub(super) type Service<'a> = &'a dyn Fn(&[u8], Transport, Duration) -> Option<Vec<u8>>;

/// What the network does to answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    None,
    /// Nothing listens there.
    Refused,
    /// The first answer to each request is lost.
    FirstLost,
    /// All answers are lost.
    AllLost,
    /// Answers take this many milliseconds.
    Late(u64),
    /// Each answer comes twice.
    Twice,
    /// The answer to the previous request comes first, then the right one.
    Reordered,
    /// The answer to the same request in an earlier exchange.
    Replayed,
    /// The request comes back.
    Echo,
    /// A complete but empty message.
    Empty,
    /// The message of a server of another protocol.
    Foreign,
    /// The first half of the answer.
    Half,
    /// One bit of the answer is flipped, at this eighth of it.
    Flipped(usize),
    /// There are extra bytes after the answer.
    Trailing,
    /// The stream gives a length that is off by this.
    LengthOff(i32),
    /// The stream gives this length.
    Length(u32),
    /// The connection is closed before the answer.
    Closed,
    /// The connection is closed in the middle of the answer.
    ClosedMidway,
}

/// A network, and what passed over it.
pub(super) struct Network {
    pub(super) transport: Transport,
    pub(super) trouble: Trouble,
    /// The time since everything began.
    pub(super) now: Duration,
    /// When this network began.
    pub(super) start: Duration,
    /// The honest answers so far.
    pub(super) answers: Vec<Vec<u8>>,
    /// Those of an earlier exchange.
    pub(super) earlier: Vec<Vec<u8>>,
}

/// What arrives from the network.
#[derive(Clone, Debug)]
struct Arrival {
    at: Duration,
    id: ConnectionId,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Connected,
    Datagram(Vec<u8>),
    /// The bytes of a stream, and whether it is closed after them.
    Stream(Vec<u8>, bool),
    Refusal,
}

impl Network {
    pub(super) fn new(transport: Transport, trouble: Trouble) -> Self {
        Self {
            transport,
            trouble,
            now: Duration::ZERO,
            start: Duration::ZERO,
            answers: Vec::new(),
            earlier: Vec::new(),
        }
    }

    /// How long everything on it took.
    pub(super) fn took(&self) -> Duration {
        self.now.saturating_sub(self.start)
    }

    /// Has `request` delivered to `service`, for at most `limit` from now.
    pub(super) fn deliver(
        &mut self,
        request: &[u8],
        limit: Duration,
        service: Service<'_>,
    ) -> Result<Vec<u8>, Vec<Attempt>> {
        let start = self.now;
        let target = Target {
            name: "kdc".to_owned(),
            transport: Some(self.transport),
        };
        let delivery = Delivery::new(vec![target], Strategy::UdpFirst, Some(limit));
        let patience = (!may_be_of_a_person(request)).then_some(PATIENCE);
        let mut delivery = delivery.with_patience(patience);
        let mut coming: Vec<Arrival> = Vec::new();
        let mut asked = 0;
        loop {
            match delivery.poll(self.now.saturating_sub(start)) {
                Action::Resolve { .. } => {
                    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 88));
                    delivery.handle(Event::Resolved(vec![address]));
                }
                Action::Open(id) if self.trouble == Trouble::Refused => {
                    coming.push(self.soon(id, What::Refusal));
                }
                Action::Open(id) if self.transport == Transport::Udp => {
                    coming.extend(self.answer(id, request, &mut asked, service));
                }
                Action::Open(id) => coming.push(self.soon(id, What::Connected)),
                Action::Resend(id) => {
                    coming.extend(self.answer(id, request, &mut asked, service));
                }
                Action::Close(id) => coming.retain(|arrival| arrival.id != id),
                Action::Wait { until } => {
                    coming.sort_by_key(|arrival| arrival.at);
                    let next = coming.first().map(|arrival| arrival.at);
                    let until = until.map(|until| start + until);
                    match (next, until) {
                        (Some(at), until) if until.is_none_or(|until| at <= until) => {
                            self.now = at.max(self.now);
                            let arrival = coming.remove(0);
                            if matches!(arrival.what, What::Connected) {
                                let id = arrival.id;
                                coming.extend(self.answer(id, request, &mut asked, service));
                            }
                            if let Some(event) = self.event(arrival) {
                                delivery.handle(event);
                            }
                        }
                        (_, Some(until)) => self.now = until,
                        (_, None) => panic!("the delivery waits, but nothing is pending"),
                    }
                }
                Action::Finish => {
                    assert!(
                        self.now.saturating_sub(start) <= limit,
                        "the delivery ended after its time limit"
                    );
                    return match delivery.finish() {
                        Outcome::Reply { message, .. } => Ok(message),
                        Outcome::Unreachable(attempts) => Err(attempts),
                    };
                }
            }
        }
    }

    fn soon(&self, id: ConnectionId, what: What) -> Arrival {
        self.later(id, 10, what)
    }

    fn later(&self, id: ConnectionId, milliseconds: u64, what: What) -> Arrival {
        Arrival {
            at: self.now + Duration::from_millis(milliseconds),
            id,
            what,
        }
    }

    /// The request reaches the KDC; what arrives on this connection.
    fn answer(
        &mut self,
        id: ConnectionId,
        request: &[u8],
        asked: &mut usize,
        service: Service<'_>,
    ) -> Vec<Arrival> {
        *asked += 1;
        let Some(honest) = service(request, self.transport, self.now) else {
            return Vec::new();
        };
        let before = self.answers.last().cloned();
        let earlier = self.earlier.get(self.answers.len()).cloned();
        self.answers.push(honest.clone());
        let one = |message: &[u8]| vec![self.soon(id, self.whole(message))];
        match self.trouble {
            Trouble::AllLost => Vec::new(),
            Trouble::FirstLost if *asked == 1 => Vec::new(),
            Trouble::Late(milliseconds) => {
                vec![self.later(id, milliseconds, self.whole(&honest))]
            }
            Trouble::Twice => [one(&honest), one(&honest)].concat(),
            Trouble::Reordered => {
                let mut both = one(&before.unwrap_or_else(|| honest.clone()));
                both.push(self.later(id, 20, self.whole(&honest)));
                both
            }
            Trouble::Replayed => one(&earlier.unwrap_or(honest)),
            Trouble::Echo => one(request),
            Trouble::Empty => one(b""),
            Trouble::Foreign => {
                let text = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec();
                let what = match self.transport {
                    Transport::Udp => What::Datagram(text),
                    _ => What::Stream(text, true),
                };
                vec![self.soon(id, what)]
            }
            Trouble::Half => one(honest.get(..honest.len() / 2).unwrap_or_default()),
            Trouble::Flipped(eighth) => {
                let mut flipped = honest.clone();
                let at = flipped.len() * eighth / 8;
                if let Some(byte) = flipped.get_mut(at) {
                    *byte ^= 0x10;
                }
                one(&flipped)
            }
            Trouble::Trailing => one(&[&honest, b"more".as_slice()].concat()),
            Trouble::LengthOff(off) => {
                let length = i64::try_from(honest.len()).unwrap() + i64::from(off);
                vec![self.soon(id, self.framed(&honest, u32::try_from(length).unwrap()))]
            }
            Trouble::Length(length) => vec![self.soon(id, self.framed(&honest, length))],
            Trouble::Closed => match self.transport {
                Transport::Udp => vec![self.soon(id, What::Refusal)],
                _ => vec![self.soon(id, What::Stream(Vec::new(), true))],
            },
            Trouble::ClosedMidway => match self.whole(&honest) {
                What::Stream(mut bytes, _) => {
                    bytes.truncate(bytes.len() / 2);
                    vec![self.soon(id, What::Stream(bytes, true))]
                }
                _ => vec![self.soon(id, What::Refusal)],
            },
            Trouble::None | Trouble::Refused | Trouble::FirstLost => one(&honest),
        }
    }

    /// A message as this transport carries it.
    fn whole(&self, message: &[u8]) -> What {
        self.framed(message, u32::try_from(message.len()).unwrap())
    }

    /// The same, with a different length.
    fn framed(&self, message: &[u8], length: u32) -> What {
        let framed = [&length.to_be_bytes(), message].concat();
        match self.transport {
            Transport::Udp => What::Datagram(message.to_vec()),
            Transport::Https => {
                let body = KdcProxyMessage {
                    kerb_message: &framed,
                    target_domain: None,
                    dclocator_hint: None,
                };
                let head = b"HTTP/1.0 200 OK\r\n\r\n".as_slice();
                What::Stream([head, &body.to_der()].concat(), true)
            }
            _ => What::Stream(framed, false),
        }
    }

    /// The event for the delivery.
    fn event(&self, arrival: Arrival) -> Option<Event> {
        let id = arrival.id;
        let failed = |error: &io::Error| Event::Failed(id, Reason::from(error));
        match arrival.what {
            What::Connected => Some(Event::Connected(id)),
            What::Refusal => Some(failed(&io::ErrorKind::ConnectionRefused.into())),
            // As in `transport/udp.rs`: an empty datagram is ignored.
            What::Datagram(bytes) if bytes.is_empty() => None,
            What::Datagram(bytes) => Some(Event::Reply(id, bytes)),
            What::Stream(bytes, _) if self.transport == Transport::Https => {
                Some(match read_proxy_response(&bytes, 100) {
                    Ok(message) => Event::Reply(id, message),
                    Err(error) => Event::Failed(id, error.into()),
                })
            }
            What::Stream(bytes, closed) => match read_stream(&bytes) {
                Ok(Some(message)) => Some(Event::Reply(id, message)),
                Ok(None) => closed.then(|| failed(&closed_early())),
                Err(error) => Some(failed(&error)),
            },
        }
    }
}

/// The reply in `bytes`, if it is complete.
fn read_stream(bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut read = 0;
    loop {
        let incoming = bytes.get(..read).unwrap_or_default();
        match Framing::Kerberos.wanted(incoming)? {
            0 => return Ok(Some(incoming[Framing::Kerberos.prefix()..].to_vec())),
            wanted if read + wanted <= bytes.len() => read += wanted,
            _ => return Ok(None),
        }
    }
}

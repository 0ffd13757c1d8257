//! The blocking driver of [`Lookup`]s: several at once, each with sockets of its own.
//!
//! Every query has a random number and a socket, and so a port, of its own: whoever wants to forge
//! an answer must guess both (RFC 5452 §9.2).

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::lookup::{Action, Event, ExchangeId, Lookup};
use crate::transport::{Framing, Progress, Socket, describe};

/// Does `lookups` until each has its answer or is given up. Their time zero is `start`.
pub(super) fn run(lookups: &mut [Lookup], start: Instant) {
    let mut sockets = Vec::new();
    loop {
        let mut next: Option<Duration> = None;
        let mut is_over = true;
        for (index, lookup) in lookups.iter_mut().enumerate() {
            if let Some(until) = advance(index, lookup, &mut sockets, start) {
                is_over = false;
                next = Some(next.map_or(until, |next| next.min(until)));
            }
        }
        if is_over {
            return;
        }
        wait(lookups, &mut sockets, next, start);
    }
}

/// A socket of an exchange of one of the lookups.
struct Open {
    lookup: usize,
    exchange: ExchangeId,
    socket: Socket,
}

/// Does what the lookup wants until it waits, and gives until when; `None` when it is over.
fn advance(
    index: usize,
    lookup: &mut Lookup,
    sockets: &mut Vec<Open>,
    start: Instant,
) -> Option<Duration> {
    loop {
        match lookup.poll(start.elapsed()) {
            Action::Wait { until } => return Some(until),
            Action::Finish => {
                sockets.retain(|open| open.lookup != index);
                return None;
            }
            Action::Ask(exchange) => {
                let (transport, address) = lookup.endpoint(exchange)?;
                let opened = random().and_then(|id| {
                    let query = lookup.query(exchange, id)?;
                    Socket::open(transport, address, &query, Framing::Dns)
                        .map_err(|error| describe(&error))
                });
                match opened {
                    Ok(socket) => sockets.push(Open {
                        lookup: index,
                        exchange,
                        socket,
                    }),
                    Err(reason) => lookup.handle(Event::Failed(exchange, reason)),
                }
            }
        }
    }
}

/// Waits until `until` for any socket, and tells the lookups what came.
fn wait(lookups: &mut [Lookup], sockets: &mut Vec<Open>, until: Option<Duration>, start: Instant) {
    let mut fds: Vec<PollFd<'_>> = sockets
        .iter()
        .map(|open| PollFd::from_borrowed_fd(open.socket.fd(), open.socket.interest()))
        .collect();
    let timeout = until.map(|until| until.saturating_sub(start.elapsed()));
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    let trouble = match poll(&mut fds, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => None,
        Err(errno) => Some(describe(&errno.into())),
    };
    let ready: Vec<bool> = fds
        .iter()
        .map(|fd| fd.revents() != PollFlags::empty())
        .collect();
    let mut ready = ready.into_iter();
    sockets.retain_mut(|open| {
        let is_ready = ready.next().unwrap_or(false);
        let Some(lookup) = lookups.get_mut(open.lookup) else {
            return false;
        };
        if let Some(reason) = &trouble {
            lookup.handle(Event::Failed(open.exchange, reason.clone()));
            return false;
        }
        if !is_ready {
            return true;
        }
        match open.socket.ready() {
            Ok(Progress::Pending | Progress::Connected) => true,
            Ok(Progress::Reply(message)) => {
                lookup.handle(Event::Message(open.exchange, message));
                // Of what came by UDP somebody else may be the sender; the server's is to come.
                matches!(open.socket, Socket::Udp(_))
            }
            Err(error) => {
                lookup.handle(Event::Failed(open.exchange, describe(&error)));
                false
            }
        }
    });
}

fn random() -> Result<u16, String> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(u16::from_be_bytes(bytes))
}

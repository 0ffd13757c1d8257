//! Carries out the actions of [`Lookup`]s: several at once, each with sockets of its own.
//!
//! Every query has a random number, and its own socket and thus port: to forge an answer, an
//! attacker must guess both (RFC 5452 §9.2).

use std::time::{Duration, Instant};

use super::lookup::{Action, Event, ExchangeId, Lookup};
use crate::delivery::Endpoint;
use crate::io::{Io, Waiting};
use crate::transport::{Framing, Progress, Socket, describe};

/// Runs `lookups` until each has its answer or has given up. Their time zero is `start`.
pub(super) async fn run(io: Io, lookups: &mut [Lookup], start: Instant) {
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
        let deadline = next.and_then(|next| start.checked_add(next));
        wait(io, lookups, &mut sockets, deadline).await;
    }
}

/// The socket of one lookup's exchange.
struct Open {
    lookup: usize,
    exchange: ExchangeId,
    socket: Socket,
}

/// Carries out the lookup's actions until it waits, and returns until when; `None` when it is over.
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
                    Socket::open(&Endpoint::new(transport, address), &query, Framing::Dns)
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

/// Waits until `deadline` for any socket, and passes what arrives to the lookups.
async fn wait(io: Io, lookups: &mut [Lookup], sockets: &mut Vec<Open>, deadline: Option<Instant>) {
    let mut fds: Vec<Waiting<'_>> = sockets
        .iter()
        .map(|open| Waiting::new(open.socket.fd(), open.socket.interest()))
        .collect();
    let trouble = io.wait(&mut fds, deadline).await;
    let trouble = trouble.err().map(|error| describe(&error));
    let ready: Vec<bool> = fds.iter().map(Waiting::is_ready).collect();
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
                // A UDP message may be from somebody else; the server's may still come.
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

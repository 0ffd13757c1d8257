//! Runs a delivery against a world that bytes control: any order of answers, failures and silence,
//! in virtual time. It is for the fuzz target and a test, and is no part of the product.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Action, ConnectionId, Delivery, Event, Outcome, Reason, Strategy, Target, Transport};

/// No script may keep a delivery busy for longer than this many steps.
const STEPS: usize = 20_000;

/// A KDC's answer that is no error.
const REPLY: &[u8] = b"a reply";

/// Runs `script` and returns how long the delivery took; after the end of the script nothing more
/// happens.
///
/// # Panics
/// When the delivery breaks a promise: it never ends, opens a connection twice, uses one that is
/// closed, or ends with a reply that nobody sent.
#[doc(hidden)]
pub fn play_delivery(script: &[u8]) -> Duration {
    let mut world = World {
        script: script.iter(),
        now: Duration::ZERO,
        open: Vec::new(),
        opened: Vec::new(),
        addresses: 0,
        replied: None,
    };
    let mut delivery = world.delivery();
    for _ in 0..STEPS {
        match delivery.poll(world.now) {
            Action::Resolve { server } => delivery.handle(world.resolved(server)),
            Action::Open(id) => {
                assert!(!world.opened.contains(&id), "a connection is opened twice");
                world.opened.push(id);
                let endpoint = delivery.endpoint(id);
                let transport = endpoint.map(|endpoint| endpoint.transport);
                let transport = transport.unwrap_or(Transport::Udp);
                if world.byte().is_multiple_of(8) {
                    delivery.handle(Event::Failed(id, Reason::NoAnswer));
                } else {
                    world.open.push((id, transport));
                }
            }
            Action::Resend(id) => {
                let udp = (id, Transport::Udp);
                assert!(
                    world.open.contains(&udp),
                    "a request is resent on a connection that is not open"
                );
            }
            Action::Close(id) => world.close(id),
            Action::Wait { until } => world.wait(&mut delivery, until),
            Action::Finish => {
                match delivery.finish() {
                    Outcome::Reply { from, .. } => {
                        let replied = world.replied.is_some();
                        assert!(
                            replied,
                            "the delivery ended with a reply that no server sent"
                        );
                        assert!(from.is_none() || from == world.replied);
                    }
                    Outcome::Unreachable(_) => {}
                }
                return world.now;
            }
        }
    }
    panic_of_length()
}

#[allow(
    clippy::panic,
    reason = "a panic tells the fuzzer that the delivery is at fault"
)]
fn panic_of_length() -> ! {
    panic!("the delivery does not end within {STEPS} steps")
}

struct World<'a> {
    script: std::slice::Iter<'a, u8>,
    now: Duration,
    open: Vec<(ConnectionId, Transport)>,
    /// All that were ever opened.
    opened: Vec<ConnectionId>,
    /// How many addresses have been given out.
    addresses: u16,
    /// Who sent the last message.
    replied: Option<ConnectionId>,
}

impl World<'_> {
    /// The next byte of the script.
    fn byte(&mut self) -> u8 {
        self.script.next().copied().unwrap_or(1)
    }

    fn delivery(&mut self) -> Delivery {
        let (kind, count) = (self.byte(), self.byte() % 8);
        let servers = (0..count)
            .map(|number| Target {
                name: number.to_string(),
                transport: match self.byte() % 6 {
                    0 => Some(Transport::Udp),
                    1 => Some(Transport::Tcp),
                    2 => Some(Transport::Https),
                    _ => None,
                },
            })
            .collect();
        let strategy = match kind % 3 {
            0 => Strategy::UdpFirst,
            1 => Strategy::TcpFirst,
            _ => Strategy::TcpOnly,
        };
        let deadline = (kind & 64 != 0).then_some(Duration::from_secs(9));
        let patience = (kind & 128 != 0).then_some(Duration::from_secs(10));
        Delivery::new(servers, strategy, deadline).with_patience(patience)
    }

    fn resolved(&mut self, server: usize) -> Event {
        let count = u16::from(self.byte() % 4);
        if count == 3 {
            return Event::NotResolved(Reason::System(format!("{server} is nowhere")));
        }
        let ports = self.addresses..self.addresses + count;
        self.addresses += count;
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Event::Resolved(ports.map(at).collect())
    }

    fn close(&mut self, id: ConnectionId) {
        let before = self.open.len();
        self.open.retain(|(other, _)| *other != id);
        assert!(
            self.open.len() < before,
            "a connection that is not open is closed"
        );
    }

    /// An event happens, or time passes.
    fn wait(&mut self, delivery: &mut Delivery, until: Option<Duration>) {
        let (what, which) = (self.byte(), self.byte());
        let index = usize::from(which) % self.open.len().max(1);
        let happens = what % 4 != 1 || until.is_none();
        let Some(&(id, transport)) = self.open.get(index).filter(|_| happens) else {
            self.now = until.map_or(self.now, |until| self.now.max(until));
            return;
        };
        match what % 4 {
            0 if transport != Transport::Udp => delivery.handle(Event::Connected(id)),
            2 if what < 128 => {
                self.replied = Some(id);
                delivery.handle(Event::Reply(id, REPLY.to_vec()));
            }
            // A connection without a time limit breaks some day.
            _ => {
                self.open.retain(|(other, _)| *other != id);
                delivery.handle(Event::Failed(id, Reason::NoAnswer));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudorandom numbers, the same each time (xorshift).
    fn numbers(mut state: u32) -> impl Iterator<Item = u8> {
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_be_bytes()[0]
        })
    }

    #[test]
    fn delivery_ends_for_every_script() {
        for seed in 1..20_000 {
            let script: Vec<u8> = numbers(seed).take(200).collect();
            play_delivery(&script);
        }
        // Two silent servers: a second for each, then the pauses.
        assert_eq!(play_delivery(&[0, 2]), Duration::from_secs(16));
    }
}

//! Runs a lookup against a world that bytes control: answers that are right, wrong, from anybody,
//! late or repeated, in virtual time. It is for the fuzz target and a test, and is no part of the
//! product.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::message::RecordType;
use super::super::name;
use super::{Action, Event, ExchangeId, Lookup, Question, ResolvConf};

/// No script may keep a lookup busy for longer than this many steps.
const STEPS: usize = 5_000;

/// Runs `script` and returns how long the lookup took and how many queries it made, and then the
/// maximum of both. After the end of the script nothing more happens.
///
/// # Panics
/// When the lookup breaks a promise: it never ends, asks an unknown server, or has an answer that
/// nobody gave.
#[doc(hidden)]
pub fn play_lookup(script: &[u8]) -> [(Duration, usize); 2] {
    let mut world = World {
        script: script.iter(),
        now: Duration::ZERO,
        asked: Vec::new(),
        answered: false,
    };
    let (conf, deadline) = world.conf();
    let question = Question {
        name: name::parse("kdc.example").unwrap_or_else(name::Name::root),
        kind: RecordType::A,
    };
    let mut lookup = Lookup::new(question, &conf, usize::from(world.byte()), deadline);
    let over = (0..STEPS).any(|_| {
        match lookup.poll(world.now) {
            Action::Ask(id) => world.ask(&mut lookup, id, &conf),
            Action::Wait { until } => world.wait(&mut lookup, until),
            Action::Finish => return true,
        }
        false
    });
    assert!(over, "the lookup does not end within {STEPS} steps");
    match lookup.finish().0 {
        Ok(_) => assert!(
            world.answered,
            "the lookup returned an answer that no server sent"
        ),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // Every server in every pass, by UDP and then by TCP, and one of them again without EDNS.
    let servers = conf.servers.len();
    let queries = (0..conf.attempts).map(|_| servers * 2).sum::<usize>() + 1;
    let time = (0..servers * 2).map(|_| conf.timeout * conf.attempts).sum();
    let most = (deadline.unwrap_or(time).min(time), queries);
    [(world.now, world.asked.len()), most]
}

struct World<'a> {
    script: std::slice::Iter<'a, u8>,
    now: Duration,
    /// Each query, with its number; even failed ones may still be answered.
    asked: Vec<(ExchangeId, Vec<u8>)>,
    /// Whether an answer to one of the queries was sent.
    answered: bool,
}

impl World<'_> {
    /// The next byte of the script.
    fn byte(&mut self) -> u8 {
        self.script.next().copied().unwrap_or(1)
    }

    fn conf(&mut self) -> (ResolvConf, Option<Duration>) {
        let (kind, times) = (self.byte(), self.byte());
        let address = |index| SocketAddr::from(([192, 0, 2, index], 53));
        let mut conf = ResolvConf::new((0..kind % 4).map(address));
        conf.use_vc = kind & 64 != 0;
        conf.edns0 = kind & 128 != 0;
        conf.attempts = u32::from(times % 6);
        conf.timeout = Duration::from_millis(u64::from(times) * 50);
        let deadline = (kind & 32 != 0).then_some(Duration::from_secs(9));
        (conf, deadline)
    }

    fn ask(&mut self, lookup: &mut Lookup, id: ExchangeId, conf: &ResolvConf) {
        let endpoint = lookup.endpoint(id);
        let known = endpoint.is_some_and(|(_, address)| conf.servers.contains(&address));
        assert!(known, "an address is asked that is not a configured server");
        let number = u16::from_be_bytes([self.byte(), self.byte()]);
        match lookup.query(id, number) {
            Ok(query) => self.asked.push((id, query)),
            Err(reason) => lookup.handle(Event::Failed(id, reason)),
        }
    }

    /// An event happens, or time passes.
    fn wait(&mut self, lookup: &mut Lookup, until: Duration) {
        assert!(
            until > self.now,
            "the lookup waits for a time that has passed"
        );
        let (what, which) = (self.byte(), usize::from(self.byte()));
        let asked = self.asked.get(which % self.asked.len().max(1));
        let Some((id, query)) = asked.filter(|_| what % 8 != 1).cloned() else {
            self.now = until;
            return;
        };
        if what % 8 == 0 {
            return lookup.handle(Event::Failed(id, "gone".to_owned()));
        }
        let mut message = query;
        let (flags, answers) = (self.byte(), u8::from(what & 64 != 0));
        // An answer with the script's flags and code: QR, TC, RCODE.
        for (place, byte) in [(2, flags & 0x82), (3, flags >> 2 & 0xf), (7, answers)] {
            message.get_mut(place).into_iter().for_each(|b| *b = byte);
        }
        // Without EDNS, whose octets would follow the question.
        message.truncate(QUERY);
        message.get_mut(11).into_iter().for_each(|b| *b = 0);
        match what % 8 {
            // Forged, or garbled.
            2 => message.get_mut(1).into_iter().for_each(|b| *b ^= 1),
            3 => message.truncate(usize::from(self.byte())),
            _ if answers == 1 => {
                message.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
            }
            _ => {}
        }
        self.answered |= what % 8 != 2 && flags & 0x80 != 0;
        self.now = until.min(self.now + Duration::from_millis(what.into()));
        lookup.handle(Event::Message(id, message));
    }
}

/// The length of the question: a header, the name, type and class.
const QUERY: usize = 12 + 13 + 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookup_of_silent_servers_ends_in_bounded_time() {
        // Two servers, two passes of 0.4 s.
        let [(time, queries), most] = play_lookup(&[2, 8, 0]);
        assert_eq!((time, queries), (Duration::from_millis(1600), 4));
        assert_eq!(most, (Duration::from_millis(3200), 9));
    }
}

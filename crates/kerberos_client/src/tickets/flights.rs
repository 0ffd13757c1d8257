//! `Flights`: tickets that are being asked for, so that whoever wants the same one at the same time
//! waits for that answer instead of asking, too.
//!
//! ```text
//! join ─► Pilot: gets the ticket, and lands ─┐
//!    └──► Passenger ──────────────────────── arrival ─► the ticket, or why there is none
//! ```

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use kerberos_files::ccache::CcacheName;
use kerberos_proto::{Credential, Principal};

use super::TicketRequest;
use crate::ClientError;

/// What becomes of a request.
type Outcome = Result<Credential, ClientError>;

/// The flights of a client and its clones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flights(Arc<Mutex<Board>>);

#[derive(Debug, Default)]
struct Board {
    /// Few at a time, so that a list serves best.
    under_way: Vec<Arc<Flight>>,
    /// How many have landed.
    landed: u64,
}

/// Whose ticket it is to be: a cache may be another client's from one moment to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    /// The cache itself, not a name that leads to it.
    pub(super) cache: CcacheName,
    pub(super) client: Principal,
    /// Where the way to other realms starts.
    pub(super) start_realm: Vec<u8>,
}

/// A ticket that is being asked for.
#[derive(Debug)]
pub(super) struct Flight {
    origin: Origin,
    request: TicketRequest,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    UnderWay(Vec<Waker>),
    Landed(Box<Outcome>),
    /// The pilot is gone without a word.
    Lost,
}

/// What one finds oneself to be.
pub(super) enum Seat {
    /// The one who gets the ticket.
    Pilot(Pilot),
    /// One of those who wait for it.
    Passenger(Arc<Flight>),
}

/// Who gets the ticket for everyone.
pub(super) struct Pilot {
    flight: Arc<Flight>,
    flights: Flights,
}

impl Flights {
    /// How many have landed: where that number is another than before, so may be what is cached.
    pub(super) fn landed(&self) -> u64 {
        self.lock().landed
    }

    /// A seat on the flight from `origin` for the ticket that `request` wants.
    pub(super) fn join(&self, origin: &Origin, request: &TicketRequest) -> Seat {
        let mut board = self.lock();
        let same = |flight: &&Arc<Flight>| {
            flight.origin == *origin
                && flight.request.no_store == request.no_store
                && flight.request.wants_the_same(request)
        };
        if let Some(flight) = board.under_way.iter().find(same) {
            return Seat::Passenger(Arc::clone(flight));
        }
        let flight = Arc::new(Flight {
            origin: origin.clone(),
            request: request.clone(),
            state: Mutex::new(State::UnderWay(Vec::new())),
        });
        board.under_way.push(Arc::clone(&flight));
        Seat::Pilot(Pilot {
            flight,
            flights: self.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// What it came to; `None` when there is nobody any more who would know.
    pub(super) async fn arrival(&self) -> Option<Outcome> {
        poll_fn(|context| match &mut *self.lock() {
            State::Landed(outcome) => Poll::Ready(Some(Outcome::clone(outcome))),
            State::Lost => Poll::Ready(None),
            State::UnderWay(waiting) => {
                let waker = context.waker();
                if !waiting.iter().any(|other| other.will_wake(waker)) {
                    waiting.push(waker.clone());
                }
                Poll::Pending
            }
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pilot {
    /// The flight, for the pilot's own seat in it.
    pub(super) fn flight(&self) -> Arc<Flight> {
        Arc::clone(&self.flight)
    }

    /// Tells everyone.
    pub(super) fn land(self, outcome: Outcome) {
        self.end(State::Landed(Box::new(outcome)));
    }

    /// Ends the flight, once.
    fn end(&self, end: State) {
        let mut board = self.flights.lock();
        let count = board.under_way.len();
        let others = |flight: &Arc<Flight>| !Arc::ptr_eq(flight, &self.flight);
        board.under_way.retain(others);
        if board.under_way.len() == count {
            return;
        }
        board.landed += 1;
        drop(board);
        let before = std::mem::replace(&mut *self.flight.lock(), end);
        if let State::UnderWay(waiting) = before {
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        self.end(State::Lost);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::io::block_on;

    fn request(server: &str) -> TicketRequest {
        TicketRequest::new(Principal::parse(server).unwrap())
    }

    /// From the cache at `path`, which is that client's.
    fn origin(path: &str, client: &str) -> Origin {
        Origin {
            cache: CcacheName::file(path),
            client: Principal::parse(client).unwrap(),
            start_realm: b"R".to_vec(),
        }
    }

    fn pilot(seat: Seat) -> Pilot {
        match seat {
            Seat::Pilot(pilot) => pilot,
            Seat::Passenger(_) => panic!("there is a pilot"),
        }
    }

    fn passenger(seat: Seat) -> Arc<Flight> {
        match seat {
            Seat::Pilot(_) => panic!("there is no pilot"),
            Seat::Passenger(flight) => flight,
        }
    }

    #[test]
    fn one_asks_and_all_are_told() {
        let (flights, cache) = (Flights::default(), origin("/c", "u@R"));
        let wanted = request("http/a@R");
        let first = pilot(flights.join(&cache, &wanted));
        // Another ticket, cache, client or way is another flight.
        drop(pilot(flights.join(&cache, &request("http/b@R"))));
        drop(pilot(flights.join(&origin("/d", "u@R"), &wanted)));
        drop(pilot(flights.join(&origin("/c", "v@R"), &wanted)));
        let mut elsewhere = cache.clone();
        elsewhere.start_realm = b"S".to_vec();
        drop(pilot(flights.join(&elsewhere, &wanted)));
        let own = first.flight();
        let others: Vec<_> = (0..5)
            .map(|_| passenger(flights.join(&cache, &wanted)))
            .map(|flight| thread::spawn(move || block_on(flight.arrival())))
            .collect();
        thread::sleep(Duration::from_millis(10));
        let before = flights.landed();
        first.land(Err(ClientError::NoDefaultRealm));
        for other in others {
            let outcome = other.join().unwrap();
            assert!(matches!(outcome, Some(Err(ClientError::NoDefaultRealm))));
        }
        assert!(block_on(own.arrival()).is_some());
        assert_eq!(flights.landed(), before + 1);
        // It is over: who comes now asks anew.
        drop(pilot(flights.join(&cache, &wanted)));
    }

    #[test]
    fn who_waits_for_nobody_learns_it() {
        let (flights, cache) = (Flights::default(), origin("/c", "u@R"));
        let first = pilot(flights.join(&cache, &request("http/a@R")));
        let flight = passenger(flights.join(&cache, &request("http/a@R")));
        let waiting = thread::spawn(move || block_on(flight.arrival()));
        drop(first);
        assert!(waiting.join().unwrap().is_none());
    }
}

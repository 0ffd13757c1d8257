//! `Flights`: tickets that are being asked for, so that whoever wants the same one at the same time
//! waits for that answer instead of asking, too.
//!
//! ```text
//! join ─► Pilot: gets the ticket, and lands ─┐
//!    └──► Passenger ──────────────────────── arrival ─► the ticket, or why there is none
//! ```
//! Only callers with the same time limit and the same runtime share a flight: nobody waits longer
//! than alone, is told of a failure that more time would have spared, or waits for a runtime that
//! nobody runs any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use kerberos_files::ccache::CcacheName;
use kerberos_proto::{Credential, Principal};

use super::TicketRequest;
use crate::ClientError;
use crate::io::Place;
use crate::wakers::Wakers;

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
    /// How long each request to a KDC may take.
    pub(super) time_limit: Option<Duration>,
    /// Who gets it.
    pub(super) place: Place,
}

/// A ticket that is being asked for.
#[derive(Debug)]
pub(super) struct Flight {
    origin: Origin,
    request: TicketRequest,
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    UnderWay(Wakers),
    Landed(Box<Outcome>),
    /// The pilot is gone without a word.
    Lost,
}

/// The end of a flight, to be waited for.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    flight: &'a Flight,
    /// Its number among those who wait, once it does.
    number: Option<u64>,
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
                && flight.may_be_boarded()
                && flight.request.no_store == request.no_store
                && flight.request.wants_the_same(request)
        };
        if let Some(flight) = board.under_way.iter().find(same) {
            return Seat::Passenger(Arc::clone(flight));
        }
        let flight = Arc::new(Flight {
            origin: origin.clone(),
            request: request.clone(),
            start: Instant::now(),
            state: Mutex::new(State::UnderWay(Wakers::default())),
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
    pub(super) fn arrival(&self) -> Arrival<'_> {
        Arrival {
            flight: self,
            number: None,
        }
    }

    /// Whether who comes now may wait for it. One that is that long under way may be of a runtime
    /// that was left alone for a while, and fail for that.
    fn may_be_boarded(&self) -> bool {
        self.start.elapsed() < self.origin.time_limit.unwrap_or(BOARDING)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Arrival<'_> {
    type Output = Option<Outcome>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { flight, number } = self.get_mut();
        let before = match &mut *flight.lock() {
            State::Landed(outcome) => return Poll::Ready(Some(Outcome::clone(outcome))),
            State::Lost => return Poll::Ready(None),
            State::UnderWay(passengers) => passengers.put(number, context.waker()),
        };
        drop(before);
        Poll::Pending
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let waker = match &mut *self.flight.lock() {
            State::UnderWay(passengers) => passengers.remove(self.number),
            State::Landed(_) | State::Lost => None,
        };
        drop(waker);
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
        if let State::UnderWay(mut passengers) = before {
            passengers.take().for_each(Waker::wake);
        }
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        self.end(State::Lost);
    }
}

/// How long others may come to a flight whose requests have no limit of time.
const BOARDING: Duration = Duration::from_secs(30);

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
            time_limit: None,
            place: Place::Thread,
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
        // So is one for those who have less time, or more.
        let mut hasty = cache.clone();
        hasty.time_limit = Some(Duration::from_secs(1));
        drop(pilot(flights.join(&hasty, &wanted)));
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
    fn who_comes_late_asks_anew() {
        let (flights, mut cache) = (Flights::default(), origin("/c", "u@R"));
        cache.time_limit = Some(Duration::from_millis(20));
        let wanted = request("http/a@R");
        let _first = pilot(flights.join(&cache, &wanted));
        thread::sleep(Duration::from_millis(21));
        let _second = pilot(flights.join(&cache, &wanted));
    }

    #[test]
    fn who_waits_no_longer_is_forgotten() {
        let (flights, cache) = (Flights::default(), origin("/c", "u@R"));
        let _first = pilot(flights.join(&cache, &request("http/a@R")));
        let flight = passenger(flights.join(&cache, &request("http/a@R")));
        let waiting = || match &*flight.lock() {
            State::UnderWay(passengers) => passengers.len(),
            _ => 0,
        };
        let mut context = Context::from_waker(Waker::noop());
        let mut arrivals = vec![flight.arrival(), flight.arrival()];
        for _ in 0..2 {
            for arrival in &mut arrivals {
                assert!(Pin::new(arrival).poll(&mut context).is_pending());
            }
        }
        assert_eq!(waiting(), 2);
        arrivals.pop();
        assert_eq!(waiting(), 1);
        arrivals.pop();
        assert_eq!(waiting(), 0);
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

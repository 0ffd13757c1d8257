//! `Flights`: requests in progress. Callers that want the same thing at the same time wait for one
//! answer instead of each asking.
//!
//! ```text
//! join ─► Pilot: gets what is wanted, and lands ─┐
//!    └──► Passenger ──────────────────────────── arrival ─► what was got, or why there is nothing
//! ```
//! Only callers with the same time limit and the same runtime share a flight. So nobody waits
//! longer than alone, gets an error that more time would have avoided, or waits for a runtime that
//! nobody runs any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::ClientError;
use crate::io::{Io, Place};
use crate::wakers::Wakers;

/// The result of a flight.
type Outcome<T> = Result<T, ClientError>;

/// What is asked for, apart from who asks.
pub(crate) trait Route: Clone {
    /// Whether both want the same.
    fn is_same(&self, other: &Self) -> bool;
}

/// The flights of a client and its clones.
#[derive(Debug)]
pub(crate) struct Flights<R, T>(Arc<Mutex<Board<R, T>>>);

#[derive(Debug)]
struct Board<R, T> {
    /// Few at a time, so a list is best.
    under_way: Vec<Arc<Flight<R, T>>>,
    /// How many have landed.
    landed: u64,
}

/// Who asks, as far as that matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Caller {
    /// How long each request to a KDC may take.
    pub(crate) time_limit: Option<Duration>,
    /// Where the work is done.
    pub(crate) place: Place,
}

/// A request in progress.
#[derive(Debug)]
struct Flight<R, T> {
    route: R,
    caller: Caller,
    start: Instant,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
enum State<T> {
    UnderWay(Wakers),
    Landed(Box<Outcome<T>>),
    /// The pilot has gone without a result.
    Lost,
}

/// A future that waits for the end of a flight.
#[derive(Debug)]
struct Arrival<'a, R, T> {
    flight: &'a Flight<R, T>,
    /// Its number among the waiting tasks, once it waits.
    number: Option<u64>,
}

/// The role of a caller.
enum Seat<R, T> {
    /// Does the work.
    Pilot(Pilot<R, T>),
    /// Waits for the result.
    Passenger(Arc<Flight<R, T>>),
}

/// Does the work for everyone.
struct Pilot<R, T> {
    flight: Arc<Flight<R, T>>,
    flights: Flights<R, T>,
}

impl<R: Route, T: Clone> Flights<R, T> {
    /// How many have landed; if that number has changed, the cache may have changed, too.
    pub(crate) fn landed(&self) -> u64 {
        self.lock().landed
    }

    /// The result of `get`, or of another caller's that is in progress. Once another caller waits
    /// for it, it is completed even if the first one gives up.
    pub(crate) async fn outcome<G>(
        &self,
        io: Io,
        caller: Caller,
        route: &R,
        get: impl FnOnce() -> G,
    ) -> Outcome<T>
    where
        G: Future<Output = Outcome<T>> + Send + 'static,
        R: Send + Sync + 'static,
        T: Send + 'static,
    {
        loop {
            match self.join(caller, route) {
                Seat::Pilot(pilot) => {
                    let flight = Arc::clone(&pilot.flight);
                    let get = get();
                    let work = async move { pilot.land(get.await) };
                    // Boxed: otherwise each caller's future would reserve space for it.
                    io.detach(Box::pin(work)).await?;
                    // Only the shutdown of a runtime removes a pilot.
                    return flight.arrival().await.unwrap_or(Err(ClientError::NoResult));
                }
                Seat::Passenger(flight) => {
                    if let Some(outcome) = flight.arrival().await {
                        return outcome;
                    }
                }
            }
        }
    }

    /// Joins a flight for `route`, or starts one.
    fn join(&self, caller: Caller, route: &R) -> Seat<R, T> {
        let mut board = self.lock();
        let same = |flight: &&Arc<Flight<R, T>>| {
            flight.caller == caller && flight.may_be_boarded() && flight.route.is_same(route)
        };
        if let Some(flight) = board.under_way.iter().find(same) {
            return Seat::Passenger(Arc::clone(flight));
        }
        let flight = Arc::new(Flight {
            route: route.clone(),
            caller,
            start: Instant::now(),
            state: Mutex::new(State::UnderWay(Wakers::default())),
        });
        board.under_way.push(Arc::clone(&flight));
        Seat::Pilot(Pilot {
            flight,
            flights: self.clone(),
        })
    }
}

impl<R, T> Flights<R, T> {
    fn lock(&self) -> MutexGuard<'_, Board<R, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R, T> Clone for Flights<R, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R, T> Default for Flights<R, T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Board {
            under_way: Vec::new(),
            landed: 0,
        })))
    }
}

impl<R, T> Flight<R, T> {
    /// Waits for the result; `None` when the pilot has gone without one.
    fn arrival(&self) -> Arrival<'_, R, T> {
        Arrival {
            flight: self,
            number: None,
        }
    }

    /// Whether a new caller may wait for it. One that has been in progress for too long may be on a
    /// runtime that was not run for a while, and may fail for that reason.
    fn may_be_boarded(&self) -> bool {
        self.start.elapsed() < self.caller.time_limit.unwrap_or(BOARDING)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R, T: Clone> Future for Arrival<'_, R, T> {
    type Output = Option<Outcome<T>>;

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

impl<R, T> Drop for Arrival<'_, R, T> {
    fn drop(&mut self) {
        let waker = match &mut *self.flight.lock() {
            State::UnderWay(passengers) => passengers.remove(self.number),
            State::Landed(_) | State::Lost => None,
        };
        drop(waker);
    }
}

impl<R, T> Pilot<R, T> {
    /// Tells everyone.
    fn land(self, outcome: Outcome<T>) {
        self.end(State::Landed(Box::new(outcome)));
    }

    /// Ends the flight, once.
    fn end(&self, end: State<T>) {
        let mut board = self.flights.lock();
        let count = board.under_way.len();
        let others = |flight: &Arc<Flight<R, T>>| !Arc::ptr_eq(flight, &self.flight);
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

impl<R, T> Drop for Pilot<R, T> {
    fn drop(&mut self) {
        self.end(State::Lost);
    }
}

/// How long others may join a flight whose requests have no time limit.
const BOARDING: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;

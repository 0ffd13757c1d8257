//! `Flights`: what is being asked for, so that whoever wants the same at the same time waits for
//! that answer instead of asking, too.
//!
//! ```text
//! join ─► Pilot: gets what is wanted, and lands ─┐
//!    └──► Passenger ──────────────────────────── arrival ─► what was got, or why there is nothing
//! ```
//! Only callers with the same time limit and the same runtime share a flight: nobody waits longer
//! than alone, is told of a failure that more time would have spared, or waits for a runtime that
//! nobody runs any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::ClientError;
use crate::io::{Io, Place};
use crate::wakers::Wakers;

/// What becomes of a flight.
type Outcome<T> = Result<T, ClientError>;

/// What is asked for, all but by whom.
pub(crate) trait Route: Clone {
    /// Whether who wants that wants this.
    fn is_same(&self, other: &Self) -> bool;
}

/// The flights of a client and its clones.
#[derive(Debug)]
pub(crate) struct Flights<R, T>(Arc<Mutex<Board<R, T>>>);

#[derive(Debug)]
struct Board<R, T> {
    /// Few at a time, so that a list serves best.
    under_way: Vec<Arc<Flight<R, T>>>,
    /// How many have landed.
    landed: u64,
}

/// Who asks, as far as that counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Caller {
    /// How long each request to a KDC may take.
    pub(crate) time_limit: Option<Duration>,
    /// Who gets what is wanted.
    pub(crate) place: Place,
}

/// What is being asked for.
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
    /// The pilot is gone without a word.
    Lost,
}

/// The end of a flight, to be waited for.
#[derive(Debug)]
struct Arrival<'a, R, T> {
    flight: &'a Flight<R, T>,
    /// Its number among those who wait, once it does.
    number: Option<u64>,
}

/// What one finds oneself to be.
enum Seat<R, T> {
    /// The one who gets what is wanted.
    Pilot(Pilot<R, T>),
    /// One of those who wait for it.
    Passenger(Arc<Flight<R, T>>),
}

/// Who gets it for everyone.
struct Pilot<R, T> {
    flight: Arc<Flight<R, T>>,
    flights: Flights<R, T>,
}

impl<R: Route, T: Clone> Flights<R, T> {
    /// How many have landed: where that number is another than before, so may be what is cached.
    pub(crate) fn landed(&self) -> u64 {
        self.lock().landed
    }

    /// What `get` comes to, or the same that somebody else is at just now. Once somebody waits for
    /// it, it is got even if the first one has lost interest.
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
                    // Boxed: else the future of each caller would have room for it.
                    io.detach(Box::pin(work)).await?;
                    // Only a runtime that shuts down takes a pilot away.
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

    /// A seat on a flight for what `route` leads to.
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
    /// What it came to; `None` when there is nobody any more who would know.
    fn arrival(&self) -> Arrival<'_, R, T> {
        Arrival {
            flight: self,
            number: None,
        }
    }

    /// Whether who comes now may wait for it. One that is that long under way may be of a runtime
    /// that was left alone for a while, and fail for that.
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

/// How long others may come to a flight whose requests have no limit of time.
const BOARDING: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;

//! Who shares a flight, and what happens to those who do.

use std::thread;
use std::time::Duration;

use super::*;
use crate::io::block_on;

/// To a place with this name.
#[derive(Clone)]
struct To(&'static str);

impl Route for To {
    fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

type OfTests = Flights<To, u32>;

fn caller() -> Caller {
    Caller {
        time_limit: None,
        place: Place::Thread,
    }
}

fn pilot(seat: Seat<To, u32>) -> Pilot<To, u32> {
    match seat {
        Seat::Pilot(pilot) => pilot,
        Seat::Passenger(_) => panic!("expected a pilot, found a passenger"),
    }
}

fn passenger(seat: Seat<To, u32>) -> Arc<Flight<To, u32>> {
    match seat {
        Seat::Pilot(_) => panic!("expected a passenger, found a pilot"),
        Seat::Passenger(flight) => flight,
    }
}

#[test]
fn result_of_one_flight_is_shared_by_all_callers() {
    let flights = OfTests::default();
    let first = pilot(flights.join(caller(), &To("a")));
    // Something else is another flight.
    drop(pilot(flights.join(caller(), &To("b"))));
    // So is one for callers with less time, or more.
    let hasty = Caller {
        time_limit: Some(Duration::from_secs(1)),
        ..caller()
    };
    drop(pilot(flights.join(hasty, &To("a"))));
    let own = Arc::clone(&first.flight);
    let others: Vec<_> = (0..5)
        .map(|_| passenger(flights.join(caller(), &To("a"))))
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
    // It is over: a new caller asks again.
    drop(pilot(flights.join(caller(), &To("a"))));
}

#[test]
fn caller_after_the_time_limit_starts_a_new_flight() {
    let flights = OfTests::default();
    let hasty = Caller {
        time_limit: Some(Duration::from_millis(20)),
        ..caller()
    };
    let _first = pilot(flights.join(hasty, &To("a")));
    thread::sleep(Duration::from_millis(21));
    let _second = pilot(flights.join(hasty, &To("a")));
}

#[test]
fn dropped_waiter_is_removed_from_the_flight() {
    let flights = OfTests::default();
    let _first = pilot(flights.join(caller(), &To("a")));
    let flight = passenger(flights.join(caller(), &To("a")));
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
fn passenger_is_woken_when_the_pilot_is_dropped() {
    let flights = OfTests::default();
    let first = pilot(flights.join(caller(), &To("a")));
    let flight = passenger(flights.join(caller(), &To("a")));
    let waiting = thread::spawn(move || block_on(flight.arrival()));
    drop(first);
    assert!(waiting.join().unwrap().is_none());
}

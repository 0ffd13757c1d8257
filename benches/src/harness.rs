//! A small measuring harness: contestants take turns, the median of their turns is reported, and
//! one call of each is watched for allocations.

use std::hint::black_box;
use std::time::{Duration, Instant};

use stats_alloc::Region;

/// How many turns each contestant gets.
const TURNS: usize = 101;
/// How long a turn is about to take.
const TURN: Duration = Duration::from_millis(2);

/// The first lines of the table that [`compare`] continues.
pub(crate) const HEADING: &str = "\
| what | who | median ns | ratio to ours | allocations | bytes allocated |
|---|---|---:|---:|---:|---:|";

/// One way to do the work that is measured.
pub(crate) struct Contestant<'a> {
    who: &'static str,
    work: Box<dyn FnMut() + 'a>,
}

impl<'a> Contestant<'a> {
    /// `who` does `work`, whose result is kept from being optimised away.
    pub(crate) fn new<T>(who: &'static str, mut work: impl FnMut() -> T + 'a) -> Self {
        Self {
            who,
            work: Box::new(move || drop(black_box(work()))),
        }
    }
}

/// Measures all contestants in turns and prints a row for each; the first one is ours.
pub(crate) fn compare(what: &str, contestants: &mut [Contestant<'_>]) {
    let iterations: Vec<u32> = contestants.iter_mut().map(calibrate).collect();
    let mut turns = vec![Vec::with_capacity(TURNS); contestants.len()];
    for _ in 0..TURNS {
        for ((contestant, &count), times) in contestants.iter_mut().zip(&iterations).zip(&mut turns)
        {
            times.push(turn(contestant, count).as_secs_f64() * 1e9 / f64::from(count));
        }
    }
    let mut ours = None;
    for (contestant, times) in contestants.iter_mut().zip(&mut turns) {
        times.sort_by(f64::total_cmp);
        let median = times.get(TURNS / 2).copied().unwrap_or(f64::NAN);
        let ratio = median / *ours.get_or_insert(median);
        let region = Region::new(super::ALLOCATOR);
        (contestant.work)();
        let change = region.change();
        let allocations = change.allocations + change.reallocations;
        println!(
            "| {what} | {} | {median:.0} | {ratio:.2} | {allocations} | {} |",
            contestant.who, change.bytes_allocated
        );
    }
}

/// How many iterations fill a turn.
fn calibrate(contestant: &mut Contestant<'_>) -> u32 {
    let mut count = 1;
    while turn(contestant, count) < TURN && count < 1 << 24 {
        count *= 2;
    }
    count
}

fn turn(contestant: &mut Contestant<'_>, count: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        (contestant.work)();
    }
    start.elapsed()
}

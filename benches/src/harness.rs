//! A small measuring harness: contestants take turns, the median of their turns is reported, and
//! the allocations of a single call are counted.

use std::hint::black_box;
use std::time::{Duration, Instant};

use stats_alloc::Region;

/// The number of turns of each contestant.
const TURNS: usize = 101;
/// The approximate duration of a turn.
const TURN: Duration = Duration::from_millis(2);

/// The head of the table that [`compare`] continues.
pub(crate) const HEADING: &str = "\
| what | who | median ns | ratio to ours | allocations | bytes allocated |
|---|---|---:|---:|---:|---:|";

/// One implementation of the measured work.
pub(crate) struct Contestant<'a> {
    who: &'static str,
    /// Does the work a number of times, and returns how long that took.
    turn: Box<dyn FnMut(u32) -> Duration + 'a>,
    /// Whether allocations can be counted.
    is_local: bool,
}

impl<'a> Contestant<'a> {
    /// A contestant `who` that does `work`. The result is protected from being optimised away.
    pub(crate) fn new<T>(who: &'static str, mut work: impl FnMut() -> T + 'a) -> Self {
        let turn = move |count| {
            let start = Instant::now();
            for _ in 0..count {
                drop(black_box(work()));
            }
            start.elapsed()
        };
        Self {
            who,
            turn: Box::new(turn),
            is_local: true,
        }
    }

    /// A contestant `who` in another process, which measures itself.
    #[cfg(feature = "peers")]
    pub(crate) fn remote(who: &'static str, turn: impl FnMut(u32) -> Duration + 'a) -> Self {
        Self {
            who,
            turn: Box::new(turn),
            is_local: false,
        }
    }
}

/// Measures all contestants in turn and prints a row for each; the first one is ours.
pub(crate) fn compare(what: &str, contestants: &mut [Contestant<'_>]) {
    let iterations: Vec<u32> = contestants.iter_mut().map(calibrate).collect();
    let mut turns = vec![Vec::with_capacity(TURNS); contestants.len()];
    for _ in 0..TURNS {
        for ((contestant, &count), times) in contestants.iter_mut().zip(&iterations).zip(&mut turns)
        {
            times.push((contestant.turn)(count).as_secs_f64() * 1e9 / f64::from(count));
        }
    }
    let mut ours = None;
    for (contestant, times) in contestants.iter_mut().zip(&mut turns) {
        times.sort_by(f64::total_cmp);
        let median = times.get(TURNS / 2).copied().unwrap_or(f64::NAN);
        let ratio = median / *ours.get_or_insert(median);
        print!("| {what} | {} | {median:.0} | {ratio:.2} |", contestant.who);
        if contestant.is_local {
            let region = Region::new(super::ALLOCATOR);
            (contestant.turn)(1);
            let change = region.change();
            let allocations = change.allocations + change.reallocations;
            println!(" {allocations} | {} |", change.bytes_allocated);
        } else {
            println!(" | |");
        }
    }
}

/// The number of iterations that fill a turn.
fn calibrate(contestant: &mut Contestant<'_>) -> u32 {
    let mut count = 1;
    while (contestant.turn)(count) < TURN && count < 1 << 24 {
        count *= 2;
    }
    count
}

//! Decoding allocates nothing, and encoding allocates exactly once.
#![forbid(unsafe_code)]

use std::alloc::System;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use vectors::asn1::{KINDS, Kind};
use vectors::samples::samples;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The counters belong to the whole process, so tests must not run in parallel.
    arguments.test_threads = Some(1);
    // Kinds with a path as their name only provide further encodings for comparisons.
    let plain = KINDS.iter().filter(|kind| !kind.name.contains("::"));
    let trials = plain
        .map(|&kind| Trial::test(kind.name, move || one_allocation(kind)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Decoding a sample and encoding it again takes one allocation, of the encoding's size, and
/// decoding a truncated sample takes none.
fn one_allocation(kind: Kind) -> Result<(), Failed> {
    let samples = samples().map_err(|error| error.to_string())?;
    let (_, sample) = samples
        .iter()
        .find(|(name, _)| *name == kind.name)
        .ok_or("no sample")?;

    let region = Region::new(ALLOCATOR);
    let again = (kind.round_trip)(sample);
    let change = region.change();
    assert_eq!(again.as_ref(), Ok(sample));
    assert_eq!((change.allocations, change.reallocations), (1, 0));
    assert_eq!(change.bytes_allocated, sample.len());

    let cut = sample.get(..sample.len() - 1).ok_or("empty sample")?;
    let region = Region::new(ALLOCATOR);
    let refused = (kind.round_trip)(cut);
    let change = region.change();
    assert!(refused.is_err());
    assert_eq!((change.allocations, change.reallocations), (0, 0));
    Ok(())
}

//! Micro benchmarks, one module per subject: ours first, then the peers, interleaved in one process.
//!
//! `cargo micro` builds the peers and measures all; without the feature `peers` only ours is
//! measured. Ratios are what counts: other work on the machine hits all of them alike.
#![forbid(unsafe_code)]

mod acceptor;
mod asn1;
mod crypto;
mod harness;

use std::alloc::System;
use std::error::Error;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", harness::HEADING);
    asn1::run()?;
    crypto::run()?;
    acceptor::run()?;
    if cfg!(not(feature = "peers")) {
        println!("\nOnly ours: `cargo micro` builds and measures the peers as well.");
    }
    Ok(())
}

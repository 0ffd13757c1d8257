//! Micro benchmarks, one module per subject: ours first, then the peers, interleaved in one
//! process.
//!
//! `cargo micro` builds the peers and measures everything; without the feature `peers`, only ours
//! is measured. The results that count are ratios, because other load on the machine affects all
//! contestants alike. Subjects can be named, as in `cargo micro gss`.
#![forbid(unsafe_code)]

mod acceptor;
mod asn1;
mod crypto;
mod files;
mod gss;
mod harness;
#[cfg(feature = "peers")]
mod remote;
#[cfg(feature = "peers")]
mod rskrb5;
mod ticket;

use std::alloc::System;
use std::error::Error;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

type Subject = fn() -> Result<(), Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", harness::HEADING);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let subjects: [(&str, Subject); 5] = [
        ("asn1", asn1::run),
        ("crypto", crypto::run),
        ("files", files::run),
        ("acceptor", acceptor::run),
        ("gss", gss::run),
    ];
    for (name, run) in subjects {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            run()?;
        }
    }
    if cfg!(not(feature = "peers")) {
        println!("\nOnly ours: `cargo micro` builds and measures the peers as well.");
    }
    Ok(())
}

//! The AS exchange with a KDC in memory and in virtual time: what it obtains, what it refuses, and
//! what no reply can make it do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::wildcard_imports,
    reason = "helper functions of tests assert by panicking and truncate random numbers"
)]

mod checks;
mod errors;
mod faults;
mod hostile;
mod kdc;
mod listener;
mod optimistic;
mod ordinary;
mod preauth;
#[path = "../shared/random.rs"]
mod random;
mod referrals;
mod requests;
mod salts;
mod trace;

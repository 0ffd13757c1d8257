//! Changing and setting passwords with a KDC in memory and in virtual time: what changes, what the
//! service refuses, and what no reply can make the client believe.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helper functions of tests assert by panicking and truncate random numbers"
)]

mod hostile;
#[path = "../shared/random.rs"]
mod random;
mod refusals;
mod requests;
mod world;

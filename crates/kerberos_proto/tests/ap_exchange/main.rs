//! The AP exchange between our own client and service, in virtual time: what is accepted, what is
//! refused and why, and what no message can achieve.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helper functions of tests assert by panicking and truncate random numbers"
)]

mod hostile;
#[path = "../shared/random.rs"]
mod random;
mod rejections;
mod replies;
mod round_trips;
mod service;

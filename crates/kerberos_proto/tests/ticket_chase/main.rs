//! Chases for tickets through realms, each a KDC in memory, in virtual time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helper functions of tests assert by panicking and truncate random numbers"
)]

mod hostile;
#[path = "../as_exchange/listener.rs"]
mod listener;
#[path = "../shared/random.rs"]
mod random;
mod referrals;
mod trace;
mod walks;
mod world;

//! The TGS exchange with a KDC in memory and in virtual time: what it obtains, what it refuses, and
//! what no reply can make it do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helper functions of tests assert by panicking and truncate random numbers"
)]

mod checks;
mod faults;
mod hostile;
mod kdc;
#[path = "../as_exchange/listener.rs"]
mod listener;
mod on_behalf;
mod options;
#[path = "../shared/random.rs"]
mod random;
mod referrals;
mod requests;
mod trace;

//! Tickets on behalf of users, with KDCs in memory and in virtual time: within a realm and across
//! several, and what no reply can make the service believe.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helper functions of tests assert by panicking and truncate random numbers"
)]

mod hostile;
mod proxy;
#[path = "../shared/random.rs"]
mod random;
mod realms;
mod to_self;
mod user_realm;

//! PACs: their contents, their signatures, and what no bytes can achieve.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helper functions of tests assert by panicking and truncate numbers of known size"
)]

mod accepted;
mod captured;
mod contents;
mod hostile;
mod list;
mod ndr;
#[path = "../shared/random.rs"]
mod random;
mod sample;
mod signatures;

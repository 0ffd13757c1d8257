//! GSS-API contexts between our own two ends, in virtual time: what is negotiated, what is refused
//! with which error, and what no bytes can achieve. The cryptography itself is tested elsewhere,
//! against MIT's library.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helper functions of tests panic, and truncate random numbers"
)]

mod contexts;
mod hostile;
mod messages;
mod names;
mod negotiation;
mod pair;
mod scattered;

#[path = "../../../kerberos_proto/tests/shared/random.rs"]
mod random;
#[path = "../../../kerberos_proto/tests/ap_exchange/service.rs"]
#[allow(dead_code, reason = "the tests of the AP exchange use the rest of it")]
mod service;

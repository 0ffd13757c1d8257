//! GSS-API contexts between ours and ours, in virtual time: what is agreed on, what is refused and
//! by which name, and what no bytes can do. That the cryptography is right is proven elsewhere,
//! against MIT's library.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helpers of tests assert by panicking, and cut random numbers short"
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
#[allow(dead_code, reason = "it serves the tests of the AP exchange, too")]
mod service;

//! Deliveries in any world: whatever servers do, and in whatever order, a delivery ends in time,
//! asks nobody who is gone, and has no reply that nobody sent.
#![no_main]

use std::time::Duration;

use kerberos_client::play_delivery;
use libfuzzer_sys::fuzz_target;

/// Seven servers with two addresses each, by two transports, some of them waited for patiently.
const LONGEST: Duration = Duration::from_secs(28 * 121 + 60);

fuzz_target!(|script: &[u8]| {
    assert!(play_delivery(script) <= LONGEST);
});

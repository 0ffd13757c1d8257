//! Deliveries in any environment: whatever the servers do, and in whatever order, a delivery ends
//! in time, sends nothing to servers that are gone, and returns only replies that were sent.
#![no_main]

use std::time::Duration;

use kerberos_client::play_delivery;
use libfuzzer_sys::fuzz_target;

/// Seven servers with two addresses each, over two transports, with extended timeouts for some.
const LONGEST: Duration = Duration::from_secs(28 * 121 + 60);

fuzz_target!(|script: &[u8]| {
    assert!(play_delivery(script) <= LONGEST);
});

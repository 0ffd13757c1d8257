//! DNS lookups in any environment: whatever servers and strangers answer, and when, a lookup ends
//! in time, sends no more queries than allowed, and returns only answers that were given.
#![no_main]

use kerberos_client::dns::play_lookup;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: &[u8]| {
    let [(time, queries), (longest, most)] = play_lookup(script);
    assert!(time <= longest, "{time:?}, {longest:?} at most");
    assert!(queries <= most, "{queries} queries, {most} at most");
});

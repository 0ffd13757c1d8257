//! Decodes any bytes as any message; the first byte chooses the kind. What decodes must round-trip.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vectors::asn1::{KINDS, check};

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else {
        return;
    };
    let kind = KINDS[usize::from(choice) % KINDS.len()];
    let _ = check(kind, bytes);
});

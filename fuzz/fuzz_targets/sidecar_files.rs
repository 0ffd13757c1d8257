//! What a sidecar and `rktutil import` are mounted with: a file of TOML, a secret of JSON, a keytab as
//! JSON. The first byte chooses. No complaint shows a secret that was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rkinit::fuzzing::{json_keytab, json_secret, sidecar_file};

/// If the fuzzer puts this into the value of a password, it must not come up again.
const SECRET: &str = "hunter2!";

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else {
        return;
    };
    match choice % 3 {
        0 => drop(sidecar_file(&String::from_utf8_lossy(bytes))),
        1 => {
            if let Err(complaint) = json_secret(bytes) {
                assert!(!complaint.contains(SECRET));
            }
        }
        _ => {
            if let Err(complaint) = json_keytab(bytes) {
                assert!(!complaint.contains(SECRET));
            }
        }
    }
});

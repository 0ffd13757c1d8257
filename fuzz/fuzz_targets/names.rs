//! Names as people write them: what parses is written back and parses as the same again; principals,
//! caches, keytabs, durations and identity files.
//!
//! The first byte chooses.
#![no_main]

use kerberos_files::ccache::{CcacheName, K5Identity};
use kerberos_files::deltat::parse_deltat;
use kerberos_files::keytab::KeytabName;
use kerberos_proto::{ParseOptions, Principal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(bytes);
    match choice % 6 {
        0 => principal(bytes, false),
        1 => principal(bytes, true),
        2 => {
            if let Ok(name) = CcacheName::parse(&text) {
                assert_eq!(CcacheName::parse(&name.to_string()).as_ref(), Ok(&name));
            }
        }
        3 => {
            if let Ok(name) = KeytabName::parse(&text) {
                assert_eq!(KeytabName::parse(&name.to_string()).as_ref(), Ok(&name));
            }
        }
        4 => drop(parse_deltat(&text)),
        _ => {
            let server = Principal::parse("HTTP/www.example@R").expect("a name");
            let options = ParseOptions::with_default_realm(b"R");
            let _ = K5Identity::parse(text).principal_for(&server, &options);
        }
    }
});

fn principal(text: &[u8], enterprise: bool) {
    let options = ParseOptions::with_default_realm(b"R").enterprise(enterprise);
    let Ok(principal) = Principal::parse_bytes(text, &options) else {
        return;
    };
    let mut written = Vec::new();
    principal.unparse_into(&mut written);
    // Whole and quoted as it is written, it needs neither a default nor a guess.
    let again = Principal::parse_bytes(&written, &ParseOptions::with_default_realm(b"other"));
    let again = again.expect("what we write, we read");
    assert_eq!(again.realm(), principal.realm());
    assert!(again.components().eq(principal.components()));
}

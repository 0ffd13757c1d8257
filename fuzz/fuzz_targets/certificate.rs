//! Certificates of strangers, whose hash is used for channel bindings: nothing panics, and two
//! different certificates give different bindings.
//!
//! The first octet chooses: any bytes, or an honest certificate with alterations.
#![no_main]

#[path = "support/script.rs"]
mod script;

use kerberos_gss::ChannelBindings;
use libfuzzer_sys::fuzz_target;

use script::Script;

/// The parts of certificates that are read, signed with RSA and SHA-256, and with RSASSA-PSS and
/// SHA-512.
const HONEST: [&[u8]; 2] = [
    b"\x30\x14\x30\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00\x03\x01\x00",
    b"\x30\x20\x30\x00\x30\x1c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\
      \x30\x0f\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03",
];

fuzz_target!(|input: &[u8]| {
    let Some((&choice, rest)) = input.split_first() else {
        return;
    };
    let honest = HONEST[usize::from(choice >> 1 & 1)];
    let certificate = if choice & 1 == 0 {
        rest.to_vec()
    } else {
        Script(rest).alter(honest.to_vec())
    };
    let expected = ChannelBindings::of_certificate(honest).expect("valid certificate");
    match ChannelBindings::of_certificate(&certificate) {
        Ok(bindings) => {
            assert_eq!(bindings.hash() == expected.hash(), certificate == honest);
            let longer = [&certificate[..], &[0]].concat();
            assert!(ChannelBindings::of_certificate(&longer).is_err());
        }
        Err(error) => assert!(certificate != honest && !error.to_string().is_empty()),
    }
});

//! The file of `kvno -F`: whatever it contains, nothing panics, and a certificate that was read is
//! in the text and reads the same when it is written again.
#![no_main]

use base64ct::{Base64, Encoding};
use libfuzzer_sys::fuzz_target;
use rkinit::fuzzing::pem_certificate;

fuzz_target!(|input: &[u8]| {
    let certificate = match pem_certificate(input) {
        Ok(certificate) => certificate,
        Err(error) => return assert!(!error.is_empty()),
    };
    let base64 = Base64::encode_string(&certificate);
    let visible = |byte: &&u8| !byte.is_ascii_whitespace();
    let text: Vec<u8> = input.iter().filter(visible).copied().collect();
    let found = || {
        text.windows(base64.len())
            .any(|part| part == base64.as_bytes())
    };
    assert!(base64.is_empty() || found());
    for width in [64, base64.len().max(1)] {
        let lines: Vec<_> = base64.as_bytes().chunks(width).collect();
        let body = lines.join(&b'\n');
        let pem = [
            &b"-----BEGIN CERTIFICATE-----\n"[..],
            &body,
            b"\n-----END CERTIFICATE-----\n",
        ];
        assert_eq!(pem_certificate(&pem.concat()).as_ref(), Ok(&certificate));
    }
});

//! Mounted files of a sidecar and of `rktutil import`: a TOML file, a secret in JSON, and a keytab
//! in JSON; and what strangers send to the sidecar's port. The first byte chooses. No error shows a
//! secret that was read, and every answer is valid HTTP, with the page for those who request one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rkinit::fuzzing::{answer_to_request, json_keytab, json_secret, sidecar_file};

/// If the fuzzer uses this as a password, it must not appear in an error.
const SECRET: &str = "hunter2!";

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else {
        return;
    };
    match choice % 4 {
        0 => {
            if let Err(complaint) = sidecar_file(&String::from_utf8_lossy(bytes)) {
                assert!(!complaint.is_empty());
            }
        }
        1 => {
            if let Err(complaint) = json_secret(bytes) {
                assert!(!complaint.contains(SECRET));
            }
        }
        2 => {
            if let Err(complaint) = json_keytab(bytes) {
                assert!(!complaint.contains(SECRET));
            }
        }
        _ => request(bytes),
    }
});

/// The page is sent unchanged, and the answer contains nothing from the request.
fn request(request: &[u8]) {
    const PAGE: &str = "a page\r\n\r\nof lines\n";
    let answer = String::from_utf8(answer_to_request(request, PAGE)).expect("the answer is UTF-8");
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .expect("the answer has a head");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let code = status.expect("the answer has a status line").get(..3);
    let length = lines.find_map(|line| line.strip_prefix("Content-Length: "));
    let length = length
        .expect("the answer has a Content-Length")
        .parse::<usize>()
        .expect("Content-Length is a number");
    if request.starts_with(b"HEAD ") && matches!(code, Some("200" | "404")) {
        return assert_eq!(body, "");
    }
    assert_eq!(body.len(), length);
    let asks = [
        &b"GET /livez "[..],
        b"GET /readyz ",
        b"GET /metrics ",
        b"GET /healthz ",
    ];
    match code {
        Some("200") => {
            assert!(request.starts_with(b"GET /") && body == PAGE);
        }
        Some("400" | "404" | "405" | "431") => {
            let asked = asks.iter().any(|ask| request.starts_with(ask));
            assert!(!asked || matches!(code, Some("400" | "431")) && body != PAGE);
        }
        other => panic!("unexpected status {other:?}"),
    }
}

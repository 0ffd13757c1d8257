//! Good responses, and the many bad ones, whole and in single bytes.

use super::*;

/// `reply` in a KDC-PROXY-MESSAGE.
const BODY: &[u8] = b"\x30\x0d\xa0\x0b\x04\x09\0\0\0\x05reply";

/// The result of `response` if the connection then ends; the same in one piece and in many.
fn read(response: &[u8]) -> Result<Vec<u8>, ProxyError> {
    let whole = read_proxy_response(response, response.len());
    assert_eq!(read_proxy_response(response, 1), whole);
    whole
}

fn with_body(head: &str, body: &[u8]) -> Vec<u8> {
    let mut response = head.replace('\n', "\r\n").into_bytes();
    response.extend(b"\r\n\r\n");
    response.extend(body);
    response
}

#[test]
fn valid_responses_are_read() {
    for head in [
        "HTTP/1.0 200 OK\nContent-Length: 15",
        "HTTP/1.1 200 OK\nContent-Length: 15\nConnection: keep-alive",
        "HTTP/1.1 200 \ncontent-length:15",
        // Without a length, the body ends with the connection.
        "HTTP/1.0 200 OK\nContent-Type: application/kerberos",
        "HTTP/1.0 200 OK\nTransfer-Encoding: identity\nContent-Length: 15\nContent-Length: 15",
    ] {
        assert_eq!(
            read(&with_body(head, BODY)).as_deref(),
            Ok(&b"reply"[..]),
            "{head}"
        );
    }
    // Data after the body is not read.
    let more = [BODY, b"more"].concat();
    let head = "HTTP/1.0 200 OK\nContent-Length: 15";
    assert_eq!(read(&with_body(head, &more)).as_deref(), Ok(&b"reply"[..]));
}

#[test]
fn bad_status_lines_and_header_fields_are_errors() {
    let check = |head: &str, expected: &str| {
        let error = read(&with_body(head, BODY)).unwrap_err();
        assert_eq!(error.to_string(), expected, "{head}");
    };
    check("SSH-2.0-OpenSSH_9.2p1", "the answer is not HTTP");
    check(
        "HTTP/1.0 200 OK\nContent-Length: -1",
        "the answer is not HTTP",
    );
    check(
        "HTTP/1.0 200 OK\nContent-Length: 15, 15",
        "the answer is not HTTP",
    );
    check("HTTP/1.0 200 OK\nContent-Length:", "the answer is not HTTP");
    check(
        "HTTP/1.0 200 OK\nContent-Length: 15\nContent-Length: 16",
        "the answer is not HTTP",
    );
    check(
        "HTTP/1.0 200 OK\nContent-Length: 1048577",
        "the answer is too long",
    );
    check(
        "HTTP/1.0 200 OK\nContent-Length: 99999999999999999999999",
        "the answer is too long",
    );
    check(
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked",
        "the answer is in an encoding that was not asked for: chunked",
    );
    check(
        "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 15",
        "the answer is in an encoding that was not asked for: gzip",
    );
    check(
        "HTTP/1.1 302 Found\nLocation: https://login.example/",
        "HTTP status 302: it redirects to https://login.example/, which is not followed",
    );
    check("HTTP/1.1 403 Forbidden", "HTTP status 403 Forbidden");
    check(
        "HTTP/1.1 404 Not Found\nContent-Length: 15",
        "HTTP status 404 Not Found",
    );
    check(
        "HTTP/1.0 503 Service Unavailable",
        "HTTP status 503 Service Unavailable",
    );
    // Not asked for, and we could not wait for anything to follow it.
    check("HTTP/1.1 100 Continue", "HTTP status 100 Continue");
    let many = "\nX: y".repeat(MAX_FIELDS + 1);
    check(&format!("HTTP/1.0 200 OK{many}"), "the answer is too long");
}

#[test]
fn redirect_location_is_escaped_and_shortened() {
    let head = format!("HTTP/1.1 301 x\nLocation: \u{9b}31m{}", "y".repeat(1000));
    let ProxyError::Redirect { location, .. } = read(&with_body(&head, b"")).unwrap_err() else {
        panic!("expected a redirect");
    };
    assert!(location.starts_with("\\u{9b}31myyy"), "{location}");
    assert!(location.len() < 250, "{location}");
}

#[test]
fn body_without_kdc_proxy_message_is_an_error() {
    let head = "HTTP/1.0 200 OK\nContent-Type: text/html";
    let check = |body: &[u8], expected: &str| {
        let error = read(&with_body(head, body)).unwrap_err();
        let expected = format!("the answer (text/html) is not a KDC-PROXY-MESSAGE: {expected}");
        assert_eq!(error.to_string(), expected, "{body:02x?}");
    };
    check(b"", "expected SEQUENCE, found nothing at byte 0");
    check(b"<html>", "expected SEQUENCE, found tag 0x3c at byte 0");
    let length = "the length in front of its message is wrong";
    check(b"\x30\x0d\xa0\x0b\x04\x09\0\0\0\x06reply", length);
    check(b"\x30\x0d\xa0\x0b\x04\x09\xff\0\0\x05reply", length);
    check(b"\x30\x08\xa0\x06\x04\x04\0\0\0\0", length);
    check(b"\x30\x07\xa0\x05\x04\x03\0\0\0", length);
}

#[test]
fn truncated_response_is_reported_as_closed_early() {
    let response = with_body("HTTP/1.0 200 OK\nContent-Length: 15", BODY);
    for end in 0..response.len() {
        let error = read(&response[..end]).unwrap_err();
        assert_eq!(error, ProxyError::ClosedEarly, "{end}");
    }
}

#[test]
fn head_and_body_sizes_are_limited() {
    let endless = |start: &[u8], filling: &[u8]| {
        let mut response = Response::default();
        response.push(start).unwrap();
        let mut pushed = 0;
        while response.push(filling).is_ok() {
            pushed += filling.len();
        }
        pushed
    };
    assert!(endless(b"HTTP/1.0 200 OK\r\nX: ", &[b'y'; 100]) <= MAX_HEAD);
    assert!(endless(b"HTTP/1.0 200 OK\r\n\r\n", &[b'y'; 4096]) <= MAX_REPLY);
}

//! Responses of KDC proxies: nothing panics or grows, and the result does not depend on how they
//! are divided into pieces.
//!
//! The first octet is the length of the pieces. If the second is even, an honest head precedes the
//! rest, so that the message in it is reached.
#![no_main]

use kerberos_asn1::{Decode, Encode, KdcProxyMessage};
use kerberos_client::read_proxy_response;
use libfuzzer_sys::fuzz_target;

const HEAD: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n";

fuzz_target!(|input: &[u8]| {
    let [size, pick, rest @ ..] = input else {
        return;
    };
    let head = if pick % 2 == 0 { HEAD } else { b"" };
    let bytes = [head, rest].concat();
    let whole = read_proxy_response(&bytes, bytes.len());
    assert_eq!(read_proxy_response(&bytes, usize::from(*size)), whole);
    if let Ok(reply) = whole {
        assert!(!reply.is_empty() && reply.len() < rest.len());
    }
    if let Ok(message) = KdcProxyMessage::from_der(rest) {
        let again = message.to_der();
        assert_eq!(KdcProxyMessage::from_der(&again), Ok(message));
    }
});

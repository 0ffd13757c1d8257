//! What the tests of the sidecar share: how it is called and asked, and keytabs for it.
#![expect(clippy::expect_used, reason = "serves tests only")]

use std::io::{Read, Write};
use std::net::TcpStream;

use kerberos_files::keytab::KeytabEntry;
use kerberos_proto::Principal;
use kerberos_testkdc::TestKdc;
use test_support::{Place, Tool};

use crate::REALM;

/// The sidecar with these arguments.
pub fn rekinit(place: &Place, arguments: &str) -> Tool {
    place.ours("rekinit").line(arguments)
}

/// The principal of that name in [`REALM`].
///
/// # Panics
/// When it is no name.
pub fn principal(name: &str) -> Principal {
    Principal::parse_with_realm(name, REALM).expect("a name")
}

/// The keys that `kdc` has for `who`, as a keytab has them.
pub fn keytab_entries(kdc: &TestKdc, who: &str) -> Vec<KeytabEntry> {
    let principal = principal(who);
    kdc.keys(who)
        .iter()
        .map(|key| KeytabEntry {
            principal: principal.clone(),
            timestamp: 0,
            kvno: key.kvno(),
            key: key.block(),
        })
        .collect()
}

/// What is said at `address` of `path`: the status line and the body.
///
/// # Panics
/// When nobody answers.
pub fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it answers");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    (
        head.lines().next().unwrap_or_default().to_owned(),
        body.to_owned(),
    )
}

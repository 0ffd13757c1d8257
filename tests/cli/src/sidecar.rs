//! Shared by the sidecar's tests: how to run and query it, and keytabs for it.
#![expect(clippy::expect_used, reason = "only tests use this")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use kerberos_testkdc::TestKdc;
use test_support::{Place, Sidecar, Tool};

/// The sidecar with these arguments.
pub fn rekinit(place: &Place, arguments: &str) -> Tool {
    place.ours("rekinit").line(arguments)
}

/// Starts it with the log as JSON.
pub fn start(place: &Place, arguments: &str) -> Sidecar {
    let tool = rekinit(place, "--log json").line(arguments);
    Sidecar::start(tool, place.path("log"))
}

/// Waits until the condition holds.
///
/// # Panics
/// When it does not hold within half a minute.
#[track_caller]
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "timed out waiting until {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Writes the keys of `who` at `kdc` to the keytab called `name`.
pub fn write_keytab(kdc: &TestKdc, who: &str, place: &Place, name: &str) {
    place.write(name, kdc.keytab(who));
}

/// The answer to `GET path` at `address`: the status line and the body.
///
/// # Panics
/// When there is no answer.
pub fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("the sidecar listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")
        .expect("the request can be sent");
    let mut text = String::new();
    stream
        .read_to_string(&mut text)
        .expect("the answer can be read");
    let (head, body) = text
        .split_once("\r\n\r\n")
        .expect("the answer has a head and a body");
    (
        head.lines().next().unwrap_or_default().to_owned(),
        body.to_owned(),
    )
}

/// The address where `sidecar`, whose log must be JSON, listens.
///
/// # Panics
/// When its log does not contain the address.
pub fn address(sidecar: &mut Sidecar) -> String {
    sidecar.wait_for("\"event\":\"listening\"", 1);
    let log = sidecar.log();
    let (_, rest) = log
        .split_once("http://")
        .expect("the log names the address");
    rest.split('/')
        .next()
        .expect("the address ends with a slash")
        .to_owned()
}

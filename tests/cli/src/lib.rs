//! The tools from a user's view: exit codes, unusable paths, hostile KDCs, and no secrets in the
//! output.
//!
//! The tests are in `tests/`, with one file per subject. They need no real server; the package
//! `interop` compares the tools with MIT's.
#![forbid(unsafe_code)]

pub mod sidecar;
pub mod terminal;

use kerberos_files::ccache::CcacheFile;
use kerberos_proto::Credential;
use kerberos_testkdc::{TestKdc, TestKdcBuilder};
use test_support::raw::{self, RawCredential, RawPrincipal};
use test_support::{Finished, Place, Tool};

/// The realm of [`realm`].
pub const REALM: &str = "CLI.TEST";

/// A running KDC with the user `alice`, whose password is [`PASSWORD`], and a place that uses it.
///
/// # Panics
/// When it cannot be started.
pub fn realm() -> (TestKdc, Place) {
    realm_of(TestKdc::builder(REALM).principal("alice", PASSWORD))
}

/// The same for another KDC.
///
/// # Panics
/// When it cannot be started.
#[expect(clippy::expect_used, reason = "only tests use this")]
pub fn realm_of(builder: TestKdcBuilder) -> (TestKdc, Place) {
    let kdc = builder.start().expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    (kdc, place)
}

/// A password that is easy to find in any output.
pub const PASSWORD: &str = "correct-horse-battery-staple";

/// `alice`'s password as typed for kinit.
pub fn typed_password() -> String {
    format!("{PASSWORD}\n")
}

/// Our kinit with these arguments, and `alice`'s password as input.
pub fn kinit(place: &Place, arguments: &str) -> Tool {
    place.ours("kinit").line(arguments).stdin(typed_password())
}

/// Logs `alice` in, into the default cache of `place`.
///
/// # Panics
/// When that fails.
#[track_caller]
pub fn log_in(place: &Place) {
    kinit(place, "alice").run().success();
}

/// A place whose only KDC does not exist.
pub fn place_without_kdc() -> Place {
    let port = test_support::free_port();
    Place::new(&test_support::Krb5Conf::new(REALM).kdc(REALM, format!("127.0.0.1:{port}")))
}

/// A cache of `bob` with a ticket-granting ticket, as if from an earlier login.
pub fn old_cache() -> Vec<u8> {
    let bob = RawPrincipal::new("bob", REALM);
    let tgt = RawPrincipal::new(&format!("krbtgt/{REALM}"), REALM);
    raw::cache(4, None, &bob, &[RawCredential::new(&bob, &tgt)])
}

/// The tickets in the default cache of `place`, in their order.
///
/// # Panics
/// When there is no cache, or it is damaged.
#[expect(clippy::expect_used, reason = "only tests use this")]
pub fn tickets(place: &Place) -> Vec<Credential> {
    let mut cache = CcacheFile::new(place.cache())
        .open()
        .expect("the ccache can be opened");
    let mut tickets = Vec::new();
    while let Some(entry) = cache.next().expect("the ccache is well-formed") {
        if !entry.is_config() {
            tickets.push(entry.to_credential());
        }
    }
    tickets
}

/// Checks that a failed run printed an error that contains `what`, followed by a hint, and that it
/// did not panic.
///
/// # Panics
/// When it did not.
#[track_caller]
pub fn assert_explained(run: &Finished, what: &str) {
    let text = run.stderr();
    assert!(run.code() == 1, "expected exit code 1: {run}");
    assert!(text.contains(what), "does not name {what}: {run}");
    assert!(text.contains("\nhint: "), "has no hint: {run}");
    assert!(!text.contains("panicked"), "{run}");
}

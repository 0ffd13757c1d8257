//! Tests our tools with real KDCs, and together with the tools of MIT and Heimdal, in both
//! directions.
//!
//! The tests are in `tests/`, with one file per subject. A test whose server is not installed is
//! ignored, except in CI, where it fails. This file contains the comparison of outputs.
#![forbid(unsafe_code)]

pub mod copies;
pub mod kinit;
pub mod kvno;

use test_support::{Finished, Place};

/// Runs `tool arguments` with MIT's tool and with ours, both with `stdin`. Exit code, standard
/// output and standard error must be the same, except for differences that [`assert_same`] allows.
/// Returns our run.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn check_same(place: &Place, tool: &str, arguments: &str, stdin: &str) -> Finished {
    let theirs = place.mit(tool).line(arguments).stdin(stdin).run();
    let ours = place.ours(tool).line(arguments).stdin(stdin).run();
    assert_same(&ours, &theirs);
    ours
}

/// Checks that both runs have the same result. Allowed differences are our `hint:` lines, and MIT's
/// prefix for errors that occur during preauthentication, such as a missing keytab: ours reads the
/// keytab before it contacts the KDC.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn assert_same(ours: &Finished, theirs: &Finished) {
    let expected = theirs.stderr().replace("Pre-authentication failed: ", "");
    assert!(
        ours.code() == theirs.code()
            && ours.stdout == theirs.stdout
            && ours
                .stderr_without_hint()
                .replace("Pre-authentication failed: ", "")
                == expected,
        "ours differs from MIT's\n=== ours: {ours}\n=== MIT's: {theirs}"
    );
}

/// Checks that the run succeeded if `refusal` is empty, and otherwise that it failed with this
/// text.
///
/// # Panics
/// When it did not.
#[track_caller]
pub fn ends_as(done: &Finished, refusal: &str) {
    assert_eq!(done.code(), i32::from(!refusal.is_empty()), "{done}");
    assert!(
        done.stderr().contains(refusal),
        "expected {refusal}: {done}"
    );
}

/// Like [`check_same`], for wrong arguments: only the first line of the error and the exit code
/// must be the same, because each tool has its own list of options after that.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn check_same_usage(place: &Place, tool: &str, arguments: &str) -> Finished {
    let theirs = place.mit(tool).line(arguments).run();
    let ours = place.ours(tool).line(arguments).run();
    let first = |run: &Finished| run.stderr().lines().next().unwrap_or_default().to_owned();
    // Both may print only the usage.
    let same = first(&ours) == first(&theirs)
        || (first(&ours).starts_with("Usage:")
            && first(&theirs).to_lowercase().starts_with("usage:"));
    assert!(
        same && ours.code() == theirs.code() && ours.stdout.is_empty() && theirs.stdout.is_empty(),
        "ours differs from MIT's\n=== ours: {ours}\n=== MIT's: {theirs}"
    );
    ours
}

/// The output of `klist -C` for the cache after a login, without times, and without the one setting
/// that MIT's kinit does not write: the type of the keytab's key that was used.
pub fn left_by_login(listing: &str) -> String {
    let mut of_setting = false;
    without_times(listing)
        .split_inclusive('\n')
        .filter(|line| {
            // The details of an entry follow it, indented.
            of_setting =
                line.starts_with("config: pa_etype(") || of_setting && line.starts_with('\t');
            !of_setting
        })
        .collect()
}

/// Masks every date and time in `text`, to compare what was made at different times.
///
/// # Example
/// ```
/// let line = "11/22/26 17:03:04  11/23/26 17:03:04  krbtgt/A@A\n";
/// assert_eq!(interop::without_times(line), "DATE TIME  DATE TIME  krbtgt/A@A\n");
/// ```
pub fn without_times(text: &str) -> String {
    let mask = |word: &str| match word.as_bytes() {
        [_, _, b'/', _, _, b'/', _, _] => "DATE".to_owned(),
        [_, _, b':', _, _, b':', _, _] => "TIME".to_owned(),
        [_, _, b':', _, _, b':', _, _, b','] => "TIME,".to_owned(),
        _ => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(mask).collect::<Vec<_>>().join(" ");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

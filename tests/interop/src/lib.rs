//! Our tools against real KDCs, and both ways with the tools of MIT and Heimdal.
//!
//! The tests are in `tests/`, one file a subject. A test whose server is not installed is ignored,
//! except in CI, where it fails. Here is how outputs are compared.
#![forbid(unsafe_code)]

pub mod copies;
pub mod kinit;
pub mod kvno;

use test_support::{Finished, Place};

/// Runs `tool arguments` as MIT's and as ours, each with `stdin`, and checks that exit code,
/// standard output and standard error are the same, but for what [`assert_same`] lets pass.
/// Returns ours.
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

/// Checks that both runs came to the same, but for our `hint:` lines, and for MIT's prefix of an
/// error that came up during pre-authentication, such as a keytab that is not there: ours reads the
/// keytab before it asks the KDC.
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

/// Checks that it succeeded, if `refusal` is empty, and failed with such a message otherwise.
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

/// As [`check_same`], for wrong arguments: the first line of the complaint and the exit code are
/// the same; the list of options that follows is each one's own.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn check_same_usage(place: &Place, tool: &str, arguments: &str) -> Finished {
    let theirs = place.mit(tool).line(arguments).run();
    let ours = place.ours(tool).line(arguments).run();
    let first = |run: &Finished| run.stderr().lines().next().unwrap_or_default().to_owned();
    // Both may say nothing but how they are used.
    let same = first(&ours) == first(&theirs)
        || (first(&ours).starts_with("Usage:")
            && first(&theirs).to_lowercase().starts_with("usage:"));
    assert!(
        same && ours.code() == theirs.code() && ours.stdout.is_empty() && theirs.stdout.is_empty(),
        "ours differs from MIT's\n=== ours: {ours}\n=== MIT's: {theirs}"
    );
    ours
}

/// What `klist -C` says of the cache that a login left, but for times and for the one setting that
/// MIT's does not write: which of a keytab's keys it was.
pub fn left_by_login(listing: &str) -> String {
    let mut of_setting = false;
    without_times(listing)
        .split_inclusive('\n')
        .filter(|line| {
            // What is shown of an entry follows it, indented.
            of_setting =
                line.starts_with("config: pa_etype(") || of_setting && line.starts_with('\t');
            !of_setting
        })
        .collect()
}

/// `text` with every time of day masked, for what was made at two different moments.
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

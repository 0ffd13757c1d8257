//! How runs of kinit are compared: by what they say, and by the cache that they leave.

use std::fs;

use test_support::{Finished, Place};

use crate::{assert_same, left_by_login};

/// One command line, as MIT's and as ours, each without a cache: the same output, and the same
/// cache afterwards but for its times. Returns ours.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn check(place: &Place, arguments: &str, stdin: &str) -> Finished {
    let [(theirs, left_by_mit), (ours, left_by_us)] = [place.mit("kinit"), place.ours("kinit")]
        .map(|tool| {
            let _ = fs::remove_file(place.cache());
            let run = tool.line(arguments).stdin(stdin).run();
            let listed = place.mit("klist").line("-e -f -a -C").run();
            (run, left_by_login(&listed.stdout()))
        });
    assert_same(&ours, &theirs);
    assert_eq!(
        left_by_us, left_by_mit,
        "kinit {arguments}: the caches that ours left, and MIT's"
    );
    ours
}

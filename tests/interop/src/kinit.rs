//! Compares runs of kinit: by their output, and by the resulting cache.

use std::fs;

use test_support::{Finished, Place};

use crate::{assert_same, left_by_login};

/// Runs one command line with MIT's kinit and with ours, each without a cache. The output must be
/// the same, and so must the cache afterwards, except for its times. Returns our run.
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
        "kinit {arguments}: caches of ours (left), of MIT's (right)"
    );
    ours
}

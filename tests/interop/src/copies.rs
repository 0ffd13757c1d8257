//! Compares runs that start with the same cache: by their output, and by the cache afterwards.

use std::{fmt, fs};

use test_support::{Finished, Place};

use crate::assert_same;

/// Runs one command line of `tool` with MIT's and with ours, each on a copy of the cache `start`.
/// The output must be the same, and so must everything that `left` returns for the cache
/// afterwards. Returns our run.
///
/// # Panics
/// When they differ.
#[track_caller]
#[expect(clippy::expect_used, reason = "only tests use this")]
pub fn check<T: PartialEq + fmt::Debug>(
    place: &Place,
    tool: &str,
    arguments: &str,
    left: impl Fn(&Place) -> T,
) -> (Finished, T) {
    let [(theirs, left_by_mit), (ours, left_by_us)] =
        [place.mit(tool), place.ours(tool)].map(|tool| {
            let _ = fs::remove_file(place.path("out"));
            let _ = fs::remove_file(place.cache());
            fs::copy(place.path("start"), place.cache()).expect("the folder is writable");
            (tool.line(arguments).run(), left(place))
        });
    assert_same(&ours, &theirs);
    assert_eq!(
        left_by_us, left_by_mit,
        "{tool} {arguments}: caches of ours (left), of MIT's (right)"
    );
    (ours, left_by_us)
}

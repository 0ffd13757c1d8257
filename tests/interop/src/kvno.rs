//! How runs of kvno are compared: by what they say, and by the caches that they leave.

use std::path::Path;

use test_support::{Finished, Place};

use crate::{copies, without_times};

/// Logs `name` in with MIT's kinit and saves the cache as `start`.
///
/// # Panics
/// When that fails.
pub fn log_in(place: &Place, name: &str, password: &str) {
    place
        .mit("kinit")
        .line(&format!("-f -r 2d -c start {name}"))
        .stdin(format!("{password}\n"))
        .run()
        .success();
}

/// One command line, as MIT's and as ours, each on a copy of the cache `start`: the same output,
/// and the same caches afterwards, that of `--out-cache out` included. Returns ours.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn check(place: &Place, arguments: &str) -> Finished {
    check_caches(place, arguments, |listing| listing)
}

/// As [`check`], but for the caches.
///
/// # Panics
/// When the outputs differ.
#[track_caller]
pub fn check_output(place: &Place, arguments: &str) -> Finished {
    check_caches(place, arguments, |_| String::new())
}

#[track_caller]
fn check_caches(place: &Place, arguments: &str, seen: impl Fn(String) -> String) -> Finished {
    let left =
        |place: &Place| [place.cache(), &place.path("out")].map(|cache| seen(listed(place, cache)));
    copies::check(place, "kvno", arguments, left).0
}

/// What MIT's klist shows of a cache, but for the times.
fn listed(place: &Place, cache: &Path) -> String {
    if !cache.exists() {
        return String::new();
    }
    let run = place
        .mit("klist")
        .line("-e -f -a -d -C -c")
        .arg(cache)
        .run();
    without_times(&run.success().stdout())
}

//! Compares runs of kvno: by their output, and by the resulting caches.

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

/// Runs one command line with MIT's kvno and with ours, each on a copy of the cache `start`. The
/// output must be the same, and so must the caches afterwards, including that of `--out-cache out`.
/// Returns our run.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn check(place: &Place, arguments: &str) -> Finished {
    check_caches(place, arguments, |listing| listing)
}

/// Like [`check`], but does not compare the caches.
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

/// The output of MIT's klist for a cache, without times.
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

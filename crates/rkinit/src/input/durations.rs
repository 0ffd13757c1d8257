//! Durations of command lines and of the sidecar's file: as MIT writes them, and never zero.

use kerberos_files::deltat::parse_deltat;

/// A duration above zero.
pub(crate) fn seconds(text: &str) -> Option<u32> {
    span(text).and_then(|seconds| u32::try_from(seconds).ok())
}

/// A duration, which may be below zero but is not zero.
pub(crate) fn span(text: &str) -> Option<i32> {
    parse_deltat(text).ok().filter(|seconds| *seconds != 0)
}

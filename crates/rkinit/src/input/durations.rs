//! Durations in command lines and in the sidecar's file: in MIT's notation, and never zero.

use kerberos_files::deltat::parse_deltat;

/// A duration above zero.
pub(crate) fn seconds(text: &str) -> Option<u32> {
    span(text).and_then(|seconds| u32::try_from(seconds).ok())
}

/// A duration, which may be negative but not zero.
pub(crate) fn span(text: &str) -> Option<i32> {
    parse_deltat(text).ok().filter(|seconds| *seconds != 0)
}

//! The system calls in strace's output, by thread.

use std::collections::{BTreeMap, BTreeSet};

/// A system call in a trace.
pub(crate) struct Made<'a> {
    pub(crate) name: &'a str,
    /// Its number among the calls with this name in its thread, from 1, as strace counts.
    pub(crate) number: usize,
    /// The line without the thread's id.
    pub(crate) line: &'a str,
}

/// The calls in a trace, starting with the opening of krb5.conf.
pub(crate) fn made(trace: &str) -> impl Iterator<Item = Made<'_>> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut ours = false;
    trace.lines().filter_map(move |line| {
        let (thread, line) = line.split_once(' ')?;
        let line = line.trim_start();
        let (name, arguments) = line.split_once('(')?;
        let number = counts.entry((thread, name)).or_default();
        *number += 1;
        ours |= name == "openat" && arguments.contains("krb5.conf");
        ours.then_some(Made {
            name,
            number: *number,
            line,
        })
    })
}

/// The numbers of the calls with each name, in any thread.
pub(crate) fn calls(trace: &str) -> BTreeMap<String, BTreeSet<usize>> {
    let mut calls: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for made in made(trace) {
        calls
            .entry(made.name.to_owned())
            .or_default()
            .insert(made.number);
    }
    calls
}

/// Checks that a call with this name was hit whose line contains `what`.
///
/// # Panics
/// When there was none.
#[track_caller]
pub(crate) fn assert_hit(struck: &[String], call: &str, what: &str) {
    let is_it = |line: &String| line.starts_with(call) && line.contains(what);
    assert!(struck.iter().any(is_it), "no {call} of {what}: {struck:#?}");
}

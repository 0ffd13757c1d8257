//! The system calls in what strace writes, by thread.

use std::collections::{BTreeMap, BTreeSet};

/// A call in a trace.
pub(crate) struct Made<'a> {
    pub(crate) name: &'a str,
    /// Which of the calls of this name by its thread, from 1, as strace counts.
    pub(crate) number: usize,
    /// It without its thread.
    pub(crate) line: &'a str,
}

/// The calls in a trace from the opening of krb5.conf on.
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

/// Of each name, which calls there are in any thread.
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

/// That a call of this name was struck, and what it was about.
///
/// # Panics
/// When there was none.
#[track_caller]
pub(crate) fn assert_hit(struck: &[String], call: &str, what: &str) {
    let is_it = |line: &String| line.starts_with(call) && line.contains(what);
    assert!(struck.iter().any(is_it), "no {call} of {what}: {struck:#?}");
}

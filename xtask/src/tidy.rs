//! House rules that no other tool checks: every source file says what it is, and no committed file
//! contains paths of a particular machine.

use std::fs;
use std::path::Path;

use crate::process::{self, Outcome};

/// Folders that exist only on a developer's machine. Split so that this file does not violate the
/// rule.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Except for tables, longer files must be split.
const LONGEST_FILE: usize = 800;

/// The maximum width of comment lines, in characters: the same as rustfmt's limit for code.
const WIDEST_COMMENT: usize = 100;

/// Checks all files that git knows.
///
/// # Errors
/// A list of all violations.
pub(crate) fn run() -> Outcome {
    let root = process::workspace_root();
    let listed = process::output(&mut process::command(
        "git",
        ["ls-files", "--cached", "--others", "--exclude-standard"],
    ))?;
    let mut breaches = Vec::new();
    for name in listed.lines() {
        let Ok(text) = fs::read_to_string(root.join(name)) else {
            continue; // binary, or removed and not yet committed
        };
        check(name, &text, &mut breaches);
    }
    if breaches.is_empty() {
        return Ok(());
    }
    Err(format!("house rules are broken:\n  {}", breaches.join("\n  ")).into())
}

fn check(name: &str, text: &str, breaches: &mut Vec<String>) {
    let is_rust = Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "rs");
    if is_rust && !text.starts_with("//!") {
        breaches.push(format!(
            "{name}: the first line must be a `//!` that says what the file is"
        ));
    }
    if is_rust && text.lines().count() > LONGEST_FILE {
        breaches.push(format!(
            "{name}: longer than {LONGEST_FILE} lines, split it"
        ));
    }
    if is_rust {
        breaches.extend(wide_comments(text).map(|number| {
            format!("{name}:{number}: a comment wider than {WIDEST_COMMENT} characters")
        }));
    }
    for (number, line) in text.lines().enumerate() {
        if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(**path)) {
            breaches.push(format!(
                "{name}:{}: names `{path}`, a place of one machine",
                number + 1
            ));
        }
    }
}

/// The numbers of lines whose comments are too wide; examples in comments count as code.
fn wide_comments(text: &str) -> impl Iterator<Item = usize> {
    let mut in_example = false;
    let lines = text.lines().zip(1..);
    lines.filter_map(move |(line, number)| {
        let comment = line.trim_start().strip_prefix("//")?;
        let comment = comment.trim_start_matches(['/', '!']);
        if comment.trim_start().starts_with("```") {
            in_example = !in_example;
        }
        (!in_example && line.chars().count() > WIDEST_COMMENT).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(name: &str, text: &str) -> usize {
        let mut found = Vec::new();
        check(name, text, &mut found);
        found.len()
    }

    #[test]
    fn house_rule_breaches_are_found() {
        assert_eq!(breaches("a.rs", "//! A.\nfn f() {}\n"), 0);
        assert_eq!(breaches("a.rs", "fn f() {}\n"), 1);
        let wide = "x".repeat(WIDEST_COMMENT);
        assert_eq!(breaches("a.rs", &format!("//! {wide}\n")), 1);
        assert_eq!(
            breaches("a.rs", &format!("//! ```\n//! {wide}\n//! ```\n//! A\n")),
            0
        );
        assert_eq!(breaches("a.sh", &format!("cd {}x\n", MACHINE_PATHS[0])), 1);
        assert_eq!(
            breaches("a.rs", &format!("//! A.\n{}", "\n".repeat(LONGEST_FILE))),
            1
        );
        assert_eq!(breaches("a.md", "no rule here\n"), 0);
    }
}

//! Highlights headings, and what has to be typed, in the help on a terminal.
//!
//! Clap lays out the help, and this module colours it, with less code than clap's own colours would
//! add.

use std::env;

use rustix::stdio::stdout;
use rustix::termios::isatty;

const HEADING: &str = "\x1b[1;4m";
const TYPED: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// Whether standard output is a terminal, and the user has not disabled colours
/// (<https://no-color.org>).
pub(super) fn is_wanted() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    !is_set("NO_COLOR") && !is_dumb && isatty(stdout())
}

/// The help with bold headings, options and example lines.
pub(super) fn coloured(help: &str) -> String {
    let mut text = String::with_capacity(help.len() * 2);
    let mut in_examples = false;
    for line in help.split_inclusive('\n') {
        let (line, end) = line
            .strip_suffix('\n')
            .map_or((line, ""), |line| (line, "\n"));
        let indent = line.len() - line.trim_start().len();
        let (blanks, rest) = line.split_at(indent);
        let (style, styled, plain) = match rest.split_once("  ") {
            _ if indent == 0 && rest.ends_with(':') => {
                in_examples = rest == "Examples:";
                (HEADING, rest, "")
            }
            _ if indent == 0 && rest.starts_with("Usage:") => {
                let (heading, usage) = rest.split_at("Usage:".len());
                (HEADING, heading, usage)
            }
            _ if in_examples && indent == 2 => (TYPED, rest, ""),
            Some((option, _)) if rest.starts_with('-') => {
                let (_, text) = rest.split_at(option.len());
                (TYPED, option, text)
            }
            None if rest.starts_with('-') && indent <= 6 => (TYPED, rest, ""),
            _ => ("", "", rest),
        };
        text.push_str(blanks);
        if !styled.is_empty() {
            text.extend([style, styled, PLAIN]);
        }
        text.extend([plain, end]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_options_and_examples_are_highlighted() {
        let check = |line: &str, expected: &str| assert_eq!(coloured(line), expected, "{line}");
        check("Caches:\n", "\x1b[1;4mCaches:\x1b[0m\n");
        check("Usage: x [-a]\n", "\x1b[1;4mUsage:\x1b[0m x [-a]\n");
        check(
            "  -a, --all  Show all\n",
            "  \x1b[1m-a, --all\x1b[0m  Show all\n",
        );
        check("      --json\n", "      \x1b[1m--json\x1b[0m\n");
        check("          more of it", "          more of it");
        check(
            "Examples:\n  x -a\n      shows all",
            "\x1b[1;4mExamples:\x1b[0m\n  \x1b[1mx -a\x1b[0m\n      shows all",
        );
        check("", "");
    }
}

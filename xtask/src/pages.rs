//! `cargo xtask pages DIRECTORY`: manual pages, and completions for bash, zsh and fish.
//!
//! All are generated from the definitions that the tools use for parsing, so they cannot be out of
//! date. Manual pages also use a table of facts that the definitions do not contain. The parts of a
//! help text about signals and variables are left out of its page, because the table contains them,
//! for separate sections. The folders are laid out as under `/usr/share`.

mod facts;

use std::path::Path;
use std::{fs, io};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::process::Outcome;
use facts::{Facts, Item};

/// Writes the pages and completions of every tool to the single directory in `arguments`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let [directory] = arguments else {
        return Err("usage: cargo xtask pages DIRECTORY".into());
    };
    let directory = Path::new(directory);
    for (name, text) in all()? {
        let file = directory.join(name);
        fs::create_dir_all(file.parent().unwrap_or(directory))?;
        fs::write(file, text)?;
    }
    println!("made in {}", directory.display());
    Ok(())
}

/// Every page and completion: its name under `/usr/share`, and its text.
pub(crate) fn all() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for command in rkinit::definitions() {
        completions(&command, &mut files);
        let facts = Facts::of(name(&command));
        page(&command, facts, &mut files)?;
    }
    Ok(files)
}

fn completions(command: &Command, files: &mut Vec<(String, Vec<u8>)>) {
    let name = name(command);
    for (shell, file) in [
        (Shell::Bash, format!("bash-completion/completions/{name}")),
        (Shell::Zsh, format!("zsh/site-functions/_{name}")),
        (
            Shell::Fish,
            format!("fish/vendor_completions.d/{name}.fish"),
        ),
    ] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command.clone(), name, &mut script);
        files.push((file, script));
    }
}

/// The page of `command`; each subcommand has its own page, too.
fn page(
    command: &Command,
    facts: Option<&Facts>,
    files: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    let name = name(command);
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    section("SYNOPSIS", &usage(command), &mut text);
    // For a subcommand, the name already says everything.
    if let Some(facts) = facts.filter(|_| !name.contains('-')) {
        heading("DESCRIPTION", &mut text);
        prose(facts.description, &mut text);
    }
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(examples) = command.get_after_help() {
        section("EXAMPLES", only_examples(&examples.to_string()), &mut text);
    }
    if let Some(facts) = facts {
        if !facts.signals.is_empty() {
            items("SIGNALS", facts.signals, &mut text);
        }
        items("EXIT STATUS", facts.exit_status, &mut text);
        items("FILES", facts.files, &mut text);
        items("ENVIRONMENT", facts.environment, &mut text);
    }
    files.push((format!("man/man1/{name}.1"), text));
    for inner in command.get_subcommands() {
        let full = format!("{name}-{}", inner.get_name());
        page(&inner.clone().display_name(full), facts, files)?;
    }
    Ok(())
}

/// The examples in a help text, without the paragraphs about signals and variables after them.
fn only_examples(help: &str) -> &str {
    let end = ["\n\nSignals:", "\n\nEnvironment:"]
        .into_iter()
        .filter_map(|heading| help.find(heading))
        .min();
    let examples = end.and_then(|end| help.get(..end)).unwrap_or(help);
    examples.trim_start_matches("Examples:\n")
}

/// The name of the tool.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// The usage, with each line separate.
fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage
        .trim_start_matches("Usage: ")
        .replace("\n       ", "\n")
}

/// Appends a section with lines that are shown verbatim.
fn section(title: &str, lines: &str, page: &mut Vec<u8>) {
    heading(title, page);
    page.extend_from_slice(b".nf\n");
    for line in lines.trim_end().lines() {
        prose(line, page);
    }
    page.extend_from_slice(b".fi\n");
}

/// Appends a section of terms, each with its description.
fn items(title: &str, items: &[Item], page: &mut Vec<u8>) {
    heading(title, page);
    for (term, text) in items {
        page.extend_from_slice(b".TP\n");
        prose(term, page);
        prose(text, page);
    }
}

fn heading(title: &str, page: &mut Vec<u8>) {
    page.extend_from_slice(format!(".SH \"{title}\"\n").as_bytes());
}

/// Appends a line of text.
fn prose(line: &str, page: &mut Vec<u8>) {
    // A dot at the start of a line would be a request; and only an escaped hyphen can be copied to
    // a command line.
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    page.extend_from_slice(format!("\\&{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_end_before_signals_and_environment() {
        let check = |help: &str, expected: &str| assert_eq!(only_examples(help), expected);
        check("Examples:\n  a\n      b", "  a\n      b");
        check(
            "Examples:\n  a\n\n  b\n\nSignals:\n  c\n\nEnvironment:\n  d",
            "  a\n\n  b",
        );
        check(
            "Examples:\n  a\n\nEnvironment:\n  d\n\nSignals:\n  c",
            "  a",
        );
        let pages = all().unwrap();
        let (_, page) = pages
            .iter()
            .find(|(name, _)| name == "man/man1/rekinit.1")
            .unwrap();
        let page = String::from_utf8_lossy(page);
        assert!(page.contains(".SH \"SIGNALS\"\n.TP\n"), "{page}");
        assert!(
            !page.contains("Signals:") && !page.contains("Environment:"),
            "{page}"
        );
    }

    #[test]
    fn man_pages_have_all_standard_sections() {
        let pages = all().unwrap();
        let pages = pages.iter().filter(|(name, _)| name.starts_with("man/"));
        let mut count = 0;
        for (name, text) in pages {
            count += 1;
            let text = String::from_utf8_lossy(text);
            for title in ["EXIT STATUS", "FILES", "ENVIRONMENT"] {
                let heading = format!(".SH \"{title}\"\n.TP\n");
                assert!(text.contains(&heading), "{name}: {title}");
            }
            let about = text
                .split(" \\- ")
                .nth(1)
                .and_then(|rest| rest.lines().next());
            let about = about.unwrap();
            assert_eq!(text.matches(about).count(), 1, "{name}: {about}");
        }
        assert!(count > 14, "{count}");
    }
}

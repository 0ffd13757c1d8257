//! `cargo xtask pages DIRECTORY`: manual pages, and completions for bash, zsh and fish.
//!
//! All are made of the definitions that the tools parse by, so that none can be out of date. The
//! folders are laid out as under `/usr/share`.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::process::Outcome;

/// Makes the pages and completions of every tool under the one directory in `arguments`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let [directory] = arguments else {
        return Err("usage: cargo xtask pages DIRECTORY".into());
    };
    let directory = Path::new(directory);
    for command in rkinit::definitions() {
        completions(&command, directory)?;
        page(&command, &directory.join("man/man1"))?;
    }
    println!("made in {}", directory.display());
    Ok(())
}

fn completions(command: &Command, directory: &Path) -> io::Result<()> {
    let name = name(command).to_owned();
    for (shell, folder) in [
        (Shell::Bash, "bash-completion/completions"),
        (Shell::Zsh, "zsh/site-functions"),
        (Shell::Fish, "fish/vendor_completions.d"),
    ] {
        let folder = directory.join(folder);
        fs::create_dir_all(&folder)?;
        let file = match shell {
            Shell::Zsh => format!("_{name}"),
            Shell::Fish => format!("{name}.fish"),
            _ => name.clone(),
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command.clone(), &name, &mut script);
        fs::write(folder.join(file), script)?;
    }
    Ok(())
}

/// The page of `command`; a tool with commands of its own has a page for each of them, too.
fn page(command: &Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let name = name(command);
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    section("SYNOPSIS", &usage(command), &mut text);
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let lines = examples.trim_start_matches("Examples:\n");
        section("EXAMPLES", lines, &mut text);
    }
    fs::write(folder.join(format!("{name}.1")), text)?;
    for inner in command.get_subcommands() {
        let full = format!("{name}-{}", inner.get_name());
        page(&inner.clone().display_name(full), folder)?;
    }
    Ok(())
}

/// What the tool is called by.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// The usage, each line of it on its own.
fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage
        .trim_start_matches("Usage: ")
        .replace("\n       ", "\n")
}

/// Appends a section of lines that are shown as they are.
fn section(title: &str, lines: &str, page: &mut Vec<u8>) {
    page.extend_from_slice(format!(".SH {title}\n.nf\n").as_bytes());
    for line in lines.trim_end().lines() {
        // A dot at the beginning of a line would be a request; a hyphen is one that can be copied to a
        // command line only if it is escaped.
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        page.extend_from_slice(format!("\\&{line}\n").as_bytes());
    }
    page.extend_from_slice(b".fi\n");
}

//! The project's own commands, run as `cargo xtask NAME`.
//!
//! This file only selects the command; each command is a module. CI runs the same commands
//! (`.ci/run`), so that what passes here also passes there.
#![forbid(unsafe_code)]

mod bench;
mod demo;
mod dist;
mod fuzz;
mod install;
mod lint;
mod pages;
mod portability;
mod process;
mod test;
mod tidy;

use std::env;
use std::process::ExitCode;

use process::Outcome;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo          a KDC, the tools on it, and what a newcomer should look at
  test [ARGS]   install what is missing (Debian, as root) and run every test; ARGS go to nextest
  lint          formatting, clippy, documentation, licences, the minimum Rust version, house rules
  bench [ARGS]  our tools beside MIT's and Heimdal's; `--help` lists ARGS
  fuzz [ARGS]   every fuzz target for a while; `--help` lists ARGS
  portability   features, old compilers and dependencies, other processors, miri
  dist [ARGS]   the static binaries, in an archive, a Debian package and an image; `--help` lists ARGS
  pages DIR     manual pages and completions for bash, zsh and fish, laid out as in /usr/share
  install       only install what `test` needs
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Outcome {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{USAGE}");
        return Ok(());
    };
    match command.as_str() {
        "test" => test::run(rest),
        "lint" => lint::run(),
        "demo" => demo::run(),
        "bench" => bench::run(rest),
        "dist" => dist::run(rest),
        "fuzz" => fuzz::run(rest),
        "install" => install::everything(),
        "pages" => pages::run(rest),
        "portability" => portability::run(rest),
        "help" | "-h" | "--help" => {
            print!("{USAGE}");
            Ok(())
        }
        unknown => Err(format!("there is no command `{unknown}`\n\n{USAGE}").into()),
    }
}

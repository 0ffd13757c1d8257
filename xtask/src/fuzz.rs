//! `cargo xtask fuzz`: runs every fuzz target for a while, and reports the results.
//!
//! Permanent results are below `target/fuzz`: `corpus` (a folder per target), `findings` (inputs
//! that violate an assertion) and `logs` (the last output of libFuzzer). The totals of all runs are
//! added up in `fuzz/tally.json`, for docs/SECURITY.md; smoke runs do not count.

mod program;
mod seeds;
mod tally;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, thread};

use test_support::parts;

use crate::process::{self, Outcome};
use program::{Build, Run};
use tally::Tally;

const USAGE: &str = "\
usage: cargo xtask fuzz [--minutes N] [--jobs J] [TARGET...]
       cargo xtask fuzz --smoke | --list | --report

  --minutes N     how long each target runs on a processor (default 1; a part of a minute will do)
  --jobs J        how many run at once (default: as many as there are processors)
  --address       with AddressSanitizer, which watches the unsafe code of dependencies
  --smoke         two seconds each, from a build that is sooner done; a few targets are compiled only
  --list          the names of all targets
  --report        only the table of everything that ran so far, as Markdown
";

struct Options {
    time: Duration,
    jobs: usize,
    build: Build,
    targets: Vec<String>,
}

/// Builds the targets, writes their seed inputs, runs them and prints a table.
///
/// # Errors
/// When the build fails, a target does not exist, or a target found something.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let all = program::targets()?;
    let Some(options) = parse(arguments, &all)? else {
        return Ok(());
    };
    let place = Place::new()?;
    seeds::write(&place.seeds)?;
    if options.build == Build::Smoke {
        // This includes the targets that are too heavy to be run.
        program::check()?;
    }
    let binaries = program::build(options.build, &options.targets)?;
    let queue = Mutex::new(options.targets.iter());
    let tally = Mutex::new(Tally::load(&place.tally)?);
    let failures = Mutex::new(Vec::new());
    println!("{}", tally::HEAD);
    thread::scope(|scope| {
        for _ in 0..options.jobs.min(options.targets.len()) {
            scope.spawn(|| {
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(target) = next() {
                    let program = binaries.join(target);
                    let done = program::run(&program, target, &place, options.time, options.build);
                    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                    let noted = done.and_then(|run| {
                        println!("{}", tally.add(target, &run));
                        if options.build != Build::Smoke {
                            tally.save(&place.tally)?;
                        }
                        verdict(target, &run, &place)
                    });
                    if let Err(error) = noted {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(error.to_string());
                    }
                }
            });
        }
    });
    let failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if failures.is_empty() {
        return Ok(());
    }
    Err(failures.join("\n").into())
}

/// The folders below the target folder.
struct Place {
    seeds: PathBuf,
    corpus: PathBuf,
    findings: PathBuf,
    logs: PathBuf,
    tally: PathBuf,
}

impl Place {
    fn new() -> Outcome<Self> {
        let root = parts::target_dir().join("fuzz");
        let folder = |name| {
            let folder = root.join(name);
            fs::create_dir_all(&folder).map(|()| folder)
        };
        Ok(Self {
            seeds: folder("seeds")?,
            corpus: folder("corpus")?,
            findings: folder("findings")?,
            logs: folder("logs")?,
            tally: process::workspace_root().join("fuzz/tally.json"),
        })
    }
}

fn verdict(target: &str, run: &Run, place: &Place) -> Outcome {
    let log = place.logs.join(target).with_extension("log");
    if run.findings.is_empty() && run.success {
        return Ok(());
    }
    let inputs: Vec<String> = run
        .findings
        .iter()
        .map(|path| format!("\n  {}", path.display()))
        .collect();
    let inputs = inputs.concat();
    Err(format!(
        "{target} found something; {} says what. Inputs that show it:{inputs}",
        log.display()
    )
    .into())
}

/// `None` when there is nothing else to do.
fn parse(arguments: &[String], all: &[String]) -> Outcome<Option<Options>> {
    let mut options = Options {
        time: Duration::from_secs(60),
        jobs: thread::available_parallelism().map_or(1, usize::from),
        build: Build::Thorough,
        targets: Vec::new(),
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let missing = || format!("{argument} wants a value\n\n{USAGE}");
            arguments.next().ok_or_else(missing)
        };
        match argument.as_str() {
            "--minutes" => {
                let minutes: f64 = value()?.parse()?;
                options.time = Duration::try_from_secs_f64(minutes * 60.0)?;
            }
            "--jobs" => options.jobs = value()?.parse::<usize>()?.max(1),
            "--address" => options.build = Build::Address,
            "--smoke" => {
                options.build = Build::Smoke;
                options.time = Duration::from_secs(2);
            }
            "--list" => {
                println!("{}", all.join("\n"));
                return Ok(None);
            }
            "--report" => {
                print!("{}", Tally::load(&Place::new()?.tally)?);
                return Ok(None);
            }
            "--help" | "-h" => {
                print!("{USAGE}");
                return Ok(None);
            }
            target if all.iter().any(|one| one == target) => {
                options.targets.push(target.to_owned());
            }
            unknown => {
                return Err(
                    format!("there is no option and no target `{unknown}`\n\n{USAGE}").into(),
                );
            }
        }
    }
    if options.targets.is_empty() {
        options.targets = all.to_vec();
    }
    if options.build == Build::Smoke {
        let heavy = |target: &String| program::HEAVY.contains(&target.as_str());
        options.targets.retain(|target| !heavy(target));
    }
    Ok(Some(options))
}

//! `cargo xtask bench`: our tools beside MIT's and Heimdal's, on the same KDC and the same files.
//!
//! The runs are interleaved, one of each after the other, so that whatever else the machine does
//! falls on all alike. What counts are ratios of medians; the milliseconds are this machine's.

mod rows;
mod stats;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use test_support::parts;

use crate::process::{self, Outcome};
use rows::{Contest, Row};
use stats::Sample;

const USAGE: &str = "\
usage: cargo xtask bench [--rounds N] [--binary PATH] [--only TEXT] [--no-micro]

  --rounds N      how often each command runs (default 40)
  --binary PATH   measure this rkinit, as a static one, instead of the release build
  --only TEXT     only the rows whose name contains TEXT
  --no-micro      leave out the measurements in one process (benches)
";

struct Options {
    rounds: usize,
    binary: Option<PathBuf>,
    only: String,
    micro: bool,
}

/// Measures and prints the table; falling short of a target is shown, not an error.
///
/// # Errors
/// When a peer is missing or a measured command fails.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let options = parse(arguments)?;
    if !parts::mit() {
        return Err("MIT's tools are not here: `cargo xtask install` installs them".into());
    }
    let binary = match &options.binary {
        Some(path) => path
            .canonicalize()
            .map_err(|error| format!("{}: {error}", path.display()))?,
        None => release_build()?,
    };
    let contest = Contest::set_up(&binary)?;
    print_head();
    for row in contest.rows() {
        if row.name.contains(&options.only) {
            let rounds = row
                .rounds
                .map_or(options.rounds, |most| most.min(options.rounds));
            print_row(&row, &measure(&row, rounds)?);
        }
    }
    if options.only.is_empty() {
        print_memory(&contest)?;
        print_size(&binary)?;
    }
    if options.micro
        && process::workspace_root()
            .join("benches/Cargo.toml")
            .exists()
    {
        println!();
        process::run(&mut process::cargo([
            "run",
            "--release",
            "--package=benches",
            "--bin=micro",
        ]))?;
    }
    Ok(())
}

fn release_build() -> Outcome<PathBuf> {
    process::run(&mut process::cargo([
        "build",
        "--release",
        "--package",
        "rkinit",
    ]))?;
    Ok(parts::target_dir().join("release").join("rkinit"))
}

fn parse(arguments: &[String]) -> Outcome<Options> {
    let mut options = Options {
        rounds: 40,
        binary: None,
        only: String::new(),
        micro: true,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} wants a value\n\n{USAGE}"))
        };
        match argument.as_str() {
            "--rounds" => options.rounds = value()?.parse()?,
            "--binary" => options.binary = Some(PathBuf::from(value()?)),
            "--only" => options.only.clone_from(value()?),
            "--no-micro" => options.micro = false,
            "--help" | "-h" => {
                print!("{USAGE}");
                std::process::exit(0);
            }
            _ => return Err(format!("unknown option {argument}\n\n{USAGE}").into()),
        }
    }
    if options.rounds == 0 {
        return Err("--rounds must be at least 1".into());
    }
    Ok(options)
}

/// The samples of one row, in the order of its contenders.
fn measure(row: &Row, rounds: usize) -> Outcome<Vec<Sample>> {
    let mut samples = vec![Vec::with_capacity(rounds); row.contenders.len()];
    // The first run of each warms the file cache and is not counted.
    for contender in &row.contenders {
        contender.run()?;
    }
    for _ in 0..rounds {
        for (contender, times) in row.contenders.iter().zip(&mut samples) {
            times.push(contender.run()?);
        }
    }
    Ok(samples.iter().map(|costs| Sample::new(costs)).collect())
}

fn print_head() {
    println!(
        "\nmilliseconds: median [10th .. 90th percentile] of interleaved runs; CPU is the ratio of \
         medians\nof processor time, which other work on the machine blurs less\n"
    );
    println!(
        "{:<30} {:>22} {:>22} {:>24}  {:>6}  {:>8} {:>5}",
        "", "ours", "MIT", "Heimdal", "CPU", "ours/MIT", "goal"
    );
}

fn print_row(row: &Row, samples: &[Sample]) {
    let of = |who: &str| {
        let at = row.contenders.iter().position(|one| one.who == who);
        at.and_then(|at| samples.get(at))
    };
    let cell = |who: &str| of(who).map_or_else(|| "-".to_owned(), ToString::to_string);
    print!(
        "{:<30} {:>22} {:>22} {:>24}",
        row.name,
        cell("ours"),
        cell("MIT"),
        cell("Heimdal")
    );
    if let (Some(ours), Some(mit), Some(goal)) = (of("ours"), of("MIT"), row.goal) {
        let cpu = ours.median_cpu() / mit.median_cpu();
        let ratio = ours.median() / mit.median();
        print!(
            "  {cpu:>6.3}  {ratio:>8.3} {goal:>5.2}  {}",
            verdict(ratio <= goal)
        );
    }
    println!();
}

fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "FALLS SHORT" }
}

/// Prints the peak memory of the rows that have a limit.
fn print_memory(contest: &Contest) -> Outcome {
    println!("\npeak memory, KiB (the median of 5 runs)\n");
    for row in contest.rows() {
        let Some(limit) = row.memory_limit else {
            continue;
        };
        let mut line = format!("{:<32}", row.name);
        let mut ours = 0;
        for contender in &row.contenders {
            let mut peaks = Vec::new();
            for _ in 0..5 {
                peaks.push(contender.peak_memory()?);
            }
            peaks.sort_unstable();
            let peak = peaks.get(2).copied().unwrap_or_default();
            if contender.who == "ours" {
                ours = peak;
            }
            let _ = write!(line, " {peak:>7} {:<8}", contender.who);
        }
        println!("{line} goal {limit}  {}", verdict(ours <= limit));
    }
    Ok(())
}

fn print_size(binary: &Path) -> Outcome {
    let size = fs::metadata(binary)?.len();
    println!(
        "\nsize of {}: {size} bytes, goal 5000000  {}",
        binary.display(),
        verdict(size <= 5_000_000)
    );
    Ok(())
}

//! `cargo xtask bench`: our tools compared with MIT's and Heimdal's, with the same KDC and files.
//!
//! The runs are interleaved: each command runs once in turn, so that other load on the machine
//! affects all of them alike. The results that count are ratios of medians; the milliseconds are
//! specific to this machine.

mod contender;
mod contest;
mod growth;
mod plot;
mod report;
mod rows;
mod stats;

use std::fs;
use std::path::{Path, PathBuf};

use test_support::parts;

use crate::process::{self, Outcome};
use contender::Contender;
use contest::Contest;
use report::{Report, WHO};
use rows::Row;
use stats::Sample;

const USAGE: &str = "\
usage: cargo xtask bench [--rounds N] [--binary PATH] [--only TEXT] [--no-micro] [--write]

  --rounds N      how often each command runs (default 40)
  --binary PATH   measure this rkinit, as a static one, instead of the release build
  --only TEXT     only the rows whose name contains TEXT, and nothing else
  --no-micro      leave out the measurements in one process (benches)
  --write         write docs/BENCHMARKS.md and its plots
";

const HEAD: &str = "\
# Benchmarks

Written by `cargo xtask bench --write`; `--binary PATH` measures a binary of `cargo xtask dist`. All numbers
are from one run, in which the contenders take turns, one execution each, so that whatever else the
machine does affects all of them alike. Compare the ratios; the times are this machine's. `kinit` and the
like stand for the tools of all three projects. MIT's run without plugins that krb5-user alone does not
install, with which they would take half as long again.
";

struct Options {
    rounds: usize,
    binary: Option<PathBuf>,
    only: String,
    micro: bool,
    write: bool,
}

/// An SVG document that the report shows.
struct Plot {
    file: &'static str,
    svg: String,
}

/// Measures and prints the report. A missed target is shown, but is not an error.
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
    let mut report = Report::default();
    report.add(HEAD);
    report.add_machine(&binary, fs::metadata(&binary)?.len());
    let rows = contest.rows()?;
    add_times(&rows, &options, &mut report)?;
    if !options.only.is_empty() {
        return Ok(());
    }
    add_resources(&rows, &contest.log(), &mut report)?;
    report.add("\n## Growth");
    let mut plots = Vec::new();
    for growth in contest.growth()? {
        plots.push(growth::of_commands(&growth, options.rounds, &mut report)?);
    }
    plots.push(growth::of_the_sidecar(&contest, &mut report)?);
    if options.micro {
        add_micro(&mut report)?;
    }
    if options.write {
        write(&report, &plots)?;
    }
    Ok(())
}

fn add_times(rows: &[Row], options: &Options, report: &mut Report) -> Outcome {
    report.add(
        "## Tools\n\nMilliseconds from start to end: the median, and where the middle eighty of a hundred \
         runs lie. CPU is the\nratio to MIT of the medians of processor time, which other work on the \
         machine blurs less.\n",
    );
    report.add_times_head();
    for row in rows {
        if row.name.contains(&options.only) {
            let rounds = row
                .rounds
                .map_or(options.rounds, |most| most.min(options.rounds));
            report.add_times(row, &measure(&row.contenders, rounds)?);
        }
    }
    Ok(())
}

fn add_resources(rows: &[Row], log: &Path, report: &mut Report) -> Outcome {
    report.add(
        "\n## Memory, calls of the system, packets\n\nPeak memory is the median of 5 runs; calls and \
         packets, sent and received, are those of one, by strace.\n",
    );
    report.add_resources_head();
    for row in rows {
        let (mut memory, mut calls) = ([None; 3], [None; 3]);
        for ((who, memory), calls) in WHO.iter().zip(&mut memory).zip(&mut calls) {
            if let Some(contender) = row.contenders.iter().find(|one| one.who == *who) {
                *memory = Some(peak_memory(contender)?);
                if row.traced {
                    *calls = contender.calls(log)?;
                }
            }
        }
        report.add_resources(row, memory, calls);
    }
    Ok(())
}

/// The median of 5 runs, in KiB.
fn peak_memory(contender: &Contender) -> Outcome<u64> {
    let mut peaks = (0..5)
        .map(|_| contender.peak_memory())
        .collect::<Outcome<Vec<_>>>()?;
    peaks.sort_unstable();
    Ok(peaks.get(2).copied().unwrap_or_default())
}

/// The measurements within one process: messages, cryptography, files, contexts, and logins to a
/// service.
fn add_micro(report: &mut Report) -> Outcome {
    report.add(
        "\n## In one process\n\nNanoseconds of one core, the median of 101 turns of about 2 ms; the \
         contenders take turns. The first\nof each group is ours. `cargo micro` shows these alone.\n",
    );
    report.add(&process::output(&mut process::cargo(["micro"]))?);
    report.add("\nThe asynchronous client, `cargo logins`:\n\n```text");
    report.add(process::output(&mut process::cargo(["logins"]))?.trim_end());
    report.add("```");
    Ok(())
}

fn write(report: &Report, plots: &[Plot]) -> Outcome {
    let docs = process::workspace_root().join("docs");
    fs::create_dir_all(docs.join("benchmarks"))?;
    for plot in plots {
        fs::write(docs.join("benchmarks").join(plot.file), &plot.svg)?;
    }
    Ok(fs::write(docs.join("BENCHMARKS.md"), report.text())?)
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
        write: false,
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
            "--write" => options.write = true,
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

/// The samples of commands that run in turn, in the order of the commands.
fn measure(contenders: &[Contender], rounds: usize) -> Outcome<Vec<Sample>> {
    let mut samples = vec![Vec::with_capacity(rounds); contenders.len()];
    // The first run of each command warms the file cache and is not counted.
    for contender in contenders {
        contender.run()?;
    }
    for round in 0..rounds {
        // The order changes, because the command after the slowest one always finds the processor's
        // caches empty.
        let turns = contenders.iter().zip(&mut samples);
        let mut turns: Vec<_> = turns.collect();
        turns.rotate_left(round % contenders.len().max(1));
        for (contender, times) in turns {
            times.push(contender.run()?);
        }
    }
    Ok(samples.iter().map(|costs| Sample::new(costs)).collect())
}

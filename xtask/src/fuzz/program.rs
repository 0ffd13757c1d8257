//! Builds the fuzz targets and runs one.
//!
//! The flags are those of cargo-fuzz. All of them are stable, so any machine works that has our
//! toolchain, and a C++ compiler for libFuzzer.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use test_support::parts;

use super::Place;
use crate::process::{self, Outcome};

/// How the targets are built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    /// For long runs.
    Thorough,
    /// For seconds.
    Smoke,
    /// With AddressSanitizer.
    Address,
}

/// The result of one run of a target.
pub(super) struct Run {
    /// The number of inputs tried.
    pub(super) executions: u64,
    /// Processor time.
    pub(super) cpu: Duration,
    /// Edges of the control flow that the corpus reaches.
    pub(super) edges: u64,
    /// Edges distinguished by how often they are passed, and comparisons.
    pub(super) features: u64,
    /// The number of inputs in the corpus.
    pub(super) corpus: u64,
    /// Inputs that violate an assertion.
    pub(super) findings: Vec<PathBuf>,
    /// Whether the target ended normally.
    pub(super) success: bool,
}

/// The names of all targets.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn targets() -> Outcome<Vec<String>> {
    let folder = process::workspace_root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".rs"));
        names.extend(stem.map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Builds `targets` and returns the folder of the programs.
///
/// # Errors
/// When that fails.
pub(super) fn build(build: Build, targets: &[String]) -> Outcome<PathBuf> {
    let triple = host()?;
    let folder = parts::target_dir().join("fuzz").join(match build {
        Build::Thorough | Build::Smoke => "build",
        Build::Address => "build-address",
    });
    let profile = match build {
        Build::Smoke => "smoke",
        Build::Thorough | Build::Address => "release",
    };
    let mut flags = COVERAGE.to_vec();
    // With an explicit target, the flags do not apply to build scripts and macros.
    let mut cargo = process::cargo([
        "build",
        "--locked",
        "--manifest-path=fuzz/Cargo.toml",
        "--profile",
        profile,
        "--target",
        &triple,
    ]);
    if build == Build::Smoke {
        cargo.arg("--no-default-features");
    }
    if build == Build::Address {
        flags.push("-Zsanitizer=address");
        cargo.env("RUSTC_BOOTSTRAP", "1");
    }
    for target in targets {
        cargo.args(["--bin", target]);
    }
    cargo.arg("--target-dir").arg(&folder);
    process::run(cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")))?;
    Ok(folder.join(triple).join(profile))
}

/// Compiles and lints all targets without linking them.
///
/// # Errors
/// When one does not compile, or clippy finds something.
pub(super) fn check() -> Outcome {
    let mut clippy = process::cargo([
        "clippy",
        "--quiet",
        "--locked",
        "--manifest-path=fuzz/Cargo.toml",
        "--bins",
        "--target-dir",
    ]);
    clippy.arg(parts::target_dir().join("fuzz/check"));
    process::run(clippy.args(["--", "-Dwarnings"]))
}

/// Runs the target, built by `build`, for `time` on a processor.
///
/// # Errors
/// When it cannot be started, or its output cannot be parsed.
pub(super) fn run(
    program: &Path,
    target: &str,
    place: &Place,
    time: Duration,
    build: Build,
) -> Outcome<Run> {
    let corpus = place.corpus.join(target);
    let findings = place.findings.join(target);
    let seeds = place.seeds.join(target);
    for folder in [&corpus, &findings, &seeds] {
        fs::create_dir_all(folder)?;
    }
    let before = files(&findings)?;
    let log = place.logs.join(target).with_extension("log");
    let mut command = Command::new(program);
    command
        .arg(&corpus)
        .arg(&seeds)
        .arg(format!("-artifact_prefix={}/", findings.display()))
        // In wall-clock seconds, and the machine may be busy.
        .arg("-timeout=120")
        .args(["-rss_limit_mb=1024", "-print_final_stats=1"])
        .env("ASAN_OPTIONS", "detect_leaks=0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?);
    if build == Build::Smoke {
        // Without a corpus, it tries the same inputs each time, so that findings are reproducible.
        command.arg("-seed=1");
    }
    let (success, cpu) = watch(
        command
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", program.display()))?,
        time,
    )?;
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let mut new = files(&findings)?;
    new.retain(|path| !before.contains(path));
    let status = said.lines().rev().find(|line| line.contains(" cov: "));
    let status = |name| status.and_then(|line| after(line, name)).unwrap_or(0);
    let executions = after(&said, "stat::number_of_executed_units:");
    Ok(Run {
        executions: executions.ok_or_else(|| format!("{target} did not run: {said}"))?,
        cpu,
        edges: status(" cov:"),
        features: status(" ft:"),
        corpus: status(" corp:"),
        findings: new,
        success,
    })
}

/// Ends `child` after `time` on a processor. Returns whether it ended normally, and its processor
/// time.
fn watch(mut child: Child, time: Duration) -> Outcome<(bool, Duration)> {
    let stat = format!("/proc/{}/stat", child.id());
    // In the first second, its signal handler may not be installed yet.
    let time = time.max(Duration::from_secs(1));
    let mut cpu = Duration::ZERO;
    let mut asked = false;
    loop {
        // This also works after it has ended, until it is waited for; the last value counts.
        cpu = fs::read_to_string(&stat)
            .ok()
            .and_then(|stat| processor_time(&stat))
            .unwrap_or(cpu);
        if let Some(status) = child.try_wait()? {
            return Ok((status.success(), cpu));
        }
        if cpu >= time && !asked {
            // libFuzzer then ends after the current input.
            kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGUSR1)?;
            asked = true;
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Time in the program and in the kernel, from `/proc/PID/stat`.
fn processor_time(stat: &str) -> Option<Duration> {
    // The second field is a name in parentheses, which may contain any character.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    // A tick is 10 ms on every Linux system that we know.
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}

/// The number that follows `name` in `text`.
fn after(text: &str, name: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once(name)?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
}

fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    Ok(entries.collect::<Result<_, _>>()?)
}

fn host() -> Outcome<String> {
    let about = process::output(&mut process::command("rustc", ["-vV"]))?;
    let line = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line
        .ok_or("rustc does not say for what it builds")?
        .to_owned())
}

/// Targets with many dependencies that nothing else here needs; smoke runs skip them.
pub(super) const HEAVY: [&str; 4] = [
    "asn1_differential",
    "ktutil_line",
    "pem_certificate",
    "sidecar_inputs",
];

/// Instrumentation that tells libFuzzer which paths the program took, and what it compared.
const COVERAGE: [&str; 8] = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_from_proc_stat() {
        let stat = "7 (a) b) R 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(processor_time(stat), Some(Duration::from_secs(3)));
        assert_eq!(processor_time("7 (a"), None);
    }

    #[test]
    fn numbers_are_read_from_libfuzzer_status_lines() {
        let line = "#81920\tpulse  cov: 1022 ft: 2048 corp: 61/19Kb lim: 4096 exec/s: 16384";
        assert_eq!(after(line, " cov:"), Some(1022));
        assert_eq!(after(line, " corp:"), Some(61));
        assert_eq!(after(line, " exec/s:"), Some(16384));
        assert_eq!(after(line, " rss:"), None);
    }
}

//! The report in Markdown, printed while it is made and kept for `docs/BENCHMARKS.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::contender::Calls;
use super::rows::Row;
use super::stats::Sample;
use crate::dist::elf;

/// Markdown that is printed as soon as it is added.
#[derive(Default)]
pub(super) struct Report {
    text: String,
}

/// The order of the columns.
pub(super) const WHO: [&str; 3] = ["ours", "MIT", "Heimdal"];

impl Report {
    /// Adds one or more lines.
    pub(super) fn add(&mut self, lines: &str) {
        println!("{lines}");
        self.text.push_str(lines);
        self.text.push('\n');
    }

    /// The whole report.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Describes the machine, and what was measured on it.
    pub(super) fn add_machine(&mut self, binary: &Path, size: u64) {
        let version = |program: &str, argument: &str| {
            let output = Command::new(program).arg(argument).output().ok()?;
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8(text).ok()?;
            text.lines().next().map(str::to_owned)
        };
        let unknown = || "unknown".to_owned();
        let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            let (_, value) = line.split_once([':', '='])?;
            Some(value.trim().trim_matches('"').to_owned())
        };
        let processor = field(&file("/proc/cpuinfo"), "model name").unwrap_or_else(unknown);
        let processors = std::thread::available_parallelism().map_or(0, usize::from);
        let system = field(&file("/etc/os-release"), "PRETTY_NAME").unwrap_or_else(unknown);
        let kernel = version("uname", "-sr").unwrap_or_else(unknown);
        let mit = version("/usr/bin/klist", "-V").unwrap_or_else(unknown);
        let kind = match std::fs::read(binary).map(|program| elf::dynamic_part(&program)) {
            Ok(Ok(None)) => "static",
            Ok(Ok(Some(_))) => "dynamic",
            _ => "of an unknown kind",
        };
        let load = file("/proc/loadavg");
        let load = load.split_whitespace().next().unwrap_or("?");
        self.add(&format!(
            "| | |\n|---|---|\n\
             | processor | {processor}, {processors} of them |\n\
             | system | {system}, {kernel} |\n\
             | ours | {}, {size} bytes, {kind} ({}) |\n\
             | MIT | {mit} |\n\
             | load before | {load} |\n",
            version(&binary.display().to_string(), "--version").unwrap_or_else(unknown),
            within(size, 5_000_000),
        ));
    }

    pub(super) fn add_times_head(&mut self) {
        self.add(
            "| | ours, ms | MIT, ms | Heimdal, ms | ours / MIT | goal | CPU | ours / Heimdal | what limits ours |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---|",
        );
    }

    /// A row of times: medians, and the range of the middle eighty percent of the runs.
    pub(super) fn add_times(&mut self, row: &Row, samples: &[Sample]) {
        let of = |who: &str| {
            let at = row.contenders.iter().position(|one| one.who == who);
            at.and_then(|at| samples.get(at))
        };
        let mut line = format!("| {} |", row.name);
        for who in WHO {
            let cell = of(who).map_or_else(|| "-".to_owned(), ToString::to_string);
            let _ = write!(line, " {cell} |");
        }
        let ratio = |peer: Option<&Sample>| Some(of("ours")?.median() / peer?.median());
        match (ratio(of("MIT")), row.goal) {
            (Some(ratio), Some(goal)) => {
                let mark = if ratio <= goal { "" } else { " **missed**" };
                let _ = write!(line, " {ratio:.3}{mark} | {goal:.2} |");
            }
            _ => line.push_str(" - | - |"),
        }
        let cpu = of("ours")
            .zip(of("MIT"))
            .map(|(ours, mit)| ours.median_cpu() / mit.median_cpu());
        for ratio in [cpu, ratio(of("Heimdal"))] {
            let cell = ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}"));
            let _ = write!(line, " {cell} |");
        }
        let _ = write!(line, " {} |", row.bound);
        self.add(&line);
    }

    pub(super) fn add_resources_head(&mut self) {
        self.add(
            "| | peak KiB: ours | MIT | Heimdal | goal | system calls: ours | MIT | Heimdal | packets: ours | MIT | Heimdal |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        );
    }

    /// A row of the other costs of a run, for each of [`WHO`].
    pub(super) fn add_resources(
        &mut self,
        row: &Row,
        memory: [Option<u64>; 3],
        calls: [Option<Calls>; 3],
    ) {
        let cell = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let memory_cells = memory.map(|kib| cell(kib.map(|kib| kib.to_string())));
        let goal = row.memory_limit.map(|limit| {
            let mark = within(memory[0].unwrap_or(u64::MAX), limit);
            format!("{limit} {mark}")
        });
        let system = calls.map(|calls| cell(calls.map(|calls| calls.system.to_string())));
        let packets = calls.map(|calls| cell(calls.map(|calls| calls.packets.to_string())));
        self.add(&format!(
            "| {} | {} | {} | {} | {} |",
            row.name,
            memory_cells.join(" | "),
            cell(goal),
            system.join(" | "),
            packets.join(" | "),
        ));
    }
}

fn within(value: u64, limit: u64) -> &'static str {
    if value <= limit {
        "reached"
    } else {
        "**missed**"
    }
}

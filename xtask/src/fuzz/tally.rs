//! The totals of all runs of the fuzz targets, in a JSON file.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fmt, fs, io};

use serde_json::{Value, json};

use super::program::Run;
use crate::process::Outcome;

/// The totals by target.
pub(super) struct Tally(BTreeMap<String, Total>);

#[derive(Clone, Copy, Default)]
struct Total {
    executions: u64,
    cpu_seconds: f64,
    edges: u64,
    features: u64,
    corpus: u64,
    findings: u64,
}

/// The header for the lines that [`Tally::add`] returns.
pub(super) const HEAD: &str = "\
target             executions   exec/s    edges features   corpus findings   in all   CPU min";

impl Tally {
    /// Loads `file`, or starts with nothing if there is none.
    pub(super) fn load(file: &Path) -> Outcome<Self> {
        let text = match fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => b"{}".to_vec(),
            Err(error) => return Err(error.into()),
        };
        let totals: BTreeMap<String, Value> = serde_json::from_slice(&text)?;
        let total = |(target, value): (String, Value)| (target, Total::from_json(&value));
        Ok(Self(totals.into_iter().map(total).collect()))
    }

    pub(super) fn save(&self, file: &Path) -> Outcome {
        let totals: BTreeMap<_, _> = self.0.iter().map(|(k, v)| (k, v.to_json())).collect();
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_vec_pretty(&totals)?)?;
        Ok(fs::rename(new, file)?)
    }

    /// Adds a run, and returns a line about it and about all runs of the target.
    pub(super) fn add(&mut self, target: &str, run: &Run) -> String {
        let total = self.0.entry(target.to_owned()).or_default();
        let seconds = run.cpu.as_secs_f64();
        total.executions += run.executions;
        total.cpu_seconds += seconds;
        // A run may start without the corpus of the previous one.
        total.edges = total.edges.max(run.edges);
        total.features = total.features.max(run.features);
        total.corpus = total.corpus.max(run.corpus);
        total.findings += run.findings.len() as u64;
        format!(
            "{target:<18} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9.1}",
            run.executions,
            rate(run.executions, seconds),
            run.edges,
            run.features,
            run.corpus,
            run.findings.len(),
            millions(total.executions),
            total.cpu_seconds / 60.0,
        )
    }
}

/// A table in Markdown.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "| target | CPU minutes | executions | per CPU second | edges | features | corpus |\n\
             |---|---:|---:|---:|---:|---:|---:|\n",
        )?;
        let mut sum = Total::default();
        for (target, total) in &self.0 {
            writeln!(
                f,
                "| `{target}` | {:.0} | {} | {} | {} | {} | {} |",
                total.cpu_seconds / 60.0,
                millions(total.executions),
                rate(total.executions, total.cpu_seconds),
                total.edges,
                total.features,
                total.corpus
            )?;
            sum.executions += total.executions;
            sum.cpu_seconds += total.cpu_seconds;
        }
        let (minutes, executions) = (sum.cpu_seconds / 60.0, millions(sum.executions));
        writeln!(f, "| **all** | {minutes:.0} | {executions} | | | | |")
    }
}

impl Total {
    fn from_json(value: &Value) -> Self {
        let number = |name| value.get(name).and_then(Value::as_u64).unwrap_or_default();
        let seconds = value.get("cpu_seconds").and_then(Value::as_f64);
        Self {
            executions: number("executions"),
            cpu_seconds: seconds.unwrap_or_default(),
            edges: number("edges"),
            features: number("features"),
            corpus: number("corpus"),
            findings: number("findings"),
        }
    }

    fn to_json(self) -> Value {
        json!({
            "executions": self.executions,
            "cpu_seconds": self.cpu_seconds,
            "edges": self.edges,
            "features": self.features,
            "corpus": self.corpus,
            "findings": self.findings,
        })
    }
}

#[allow(clippy::cast_precision_loss, reason = "the figure is only displayed")]
fn millions(count: u64) -> String {
    format!("{:.2} M", count as f64 / 1e6)
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the figure is only displayed"
)]
fn rate(executions: u64, seconds: f64) -> u64 {
    (executions as f64 / seconds.max(0.01)) as u64
}

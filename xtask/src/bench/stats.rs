//! Medians and percentiles of a few dozen runs.

use std::fmt;
use std::time::Duration;

/// The time of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// From start to end.
    pub(crate) wall: Duration,
    /// Processor time in the program and in the kernel, which depends little on other load.
    pub(crate) cpu: Duration,
}

/// The runs of one command.
pub(crate) struct Sample {
    wall: Sorted,
    cpu: Sorted,
}

impl Sample {
    /// Takes the costs of all runs, of which there must be at least one.
    pub(crate) fn new(costs: &[Cost]) -> Self {
        Self {
            wall: Sorted::new(costs.iter().map(|cost| cost.wall)),
            cpu: Sorted::new(costs.iter().map(|cost| cost.cpu)),
        }
    }

    /// The median wall-clock time, in milliseconds.
    pub(crate) fn median(&self) -> f64 {
        self.wall.percentile(50)
    }

    /// The median processor time, in milliseconds.
    pub(crate) fn median_cpu(&self) -> f64 {
        self.cpu.percentile(50)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = (self.wall.percentile(10), self.wall.percentile(90));
        f.pad(&format!("{:.2} [{low:.2} .. {high:.2}]", self.median()))
    }
}

/// Milliseconds, the smallest first.
struct Sorted(Vec<f64>);

impl Sorted {
    fn new(times: impl Iterator<Item = Duration>) -> Self {
        let mut milliseconds: Vec<f64> = times.map(|time| time.as_secs_f64() * 1000.0).collect();
        milliseconds.sort_by(f64::total_cmp);
        Self(milliseconds)
    }

    fn percentile(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0
            .get((last * percent + 50) / 100)
            .copied()
            .unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let cost = |time: u64| Cost {
            wall: Duration::from_millis(time),
            cpu: Duration::from_millis(time / 10),
        };
        let sample = Sample::new(&(0..=100).rev().map(cost).collect::<Vec<_>>());
        assert!((sample.median() - 50.0).abs() < 1e-9);
        assert!((sample.median_cpu() - 5.0).abs() < 1e-9);
        assert_eq!(sample.to_string(), "50.00 [10.00 .. 90.00]");
    }
}

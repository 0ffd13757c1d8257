//! How costs grow: commands at increasing sizes, and the sidecar's memory with an increasing number
//! of tickets.

use std::fmt::Write as _;
use std::time::Duration;
use std::{fs, thread};

use super::contest::Contest;
use super::plot::{self, Line};
use super::report::{Report, WHO};
use super::rows::Growth;
use super::stats::Sample;
use super::{Plot, measure};
use crate::process::Outcome;

/// Measures one kind of growth and adds its table.
///
/// # Errors
/// When a command fails.
pub(super) fn of_commands(growth: &Growth, rounds: usize, report: &mut Report) -> Outcome<Plot> {
    let mut lines: Vec<Line> = WHO.iter().map(|who| (*who, Vec::new())).collect();
    report.add(&format!(
        "\n### {}\n\n![{}](benchmarks/{})\n\n| {} | ours, ms | MIT, ms | Heimdal, ms | ours / MIT |\n|---:|---:|---:|---:|---:|",
        growth.title, growth.title, growth.file, growth.unit,
    ));
    for (size, contenders) in &growth.steps {
        // A command that takes a second does not need as many repetitions as one that takes a
        // hundredth.
        let rounds = if *size >= 10_000 {
            rounds.min(10)
        } else {
            rounds
        };
        let samples = measure(contenders, rounds)?;
        let mut cells = String::new();
        let mut medians = [None; 3];
        for ((who, points), median) in lines.iter_mut().zip(&mut medians) {
            let at = contenders.iter().position(|one| one.who == *who);
            *median = at.and_then(|at| samples.get(at)).map(Sample::median);
            match median {
                Some(median) => {
                    points.push((f64::from(*size), *median));
                    let _ = write!(cells, " {median:.2} |");
                }
                None => cells.push_str(" - |"),
            }
        }
        let ratio = match medians {
            [Some(ours), Some(mit), _] => format!("{:.3}", ours / mit),
            _ => "-".to_owned(),
        };
        report.add(&format!("| {size} |{cells} {ratio} |"));
    }
    lines.retain(|(_, points)| !points.is_empty());
    Ok(Plot {
        file: growth.file,
        svg: plot::draw(growth.title, growth.unit, "milliseconds", &lines)?,
    })
}

/// Measures the memory of one `rekinit` with increasing numbers of tickets, once it has all of
/// them.
///
/// # Errors
/// When a cache cannot be removed again.
///
/// # Panics
/// When it does not get its tickets.
pub(super) fn of_the_sidecar(contest: &Contest, report: &mut Report) -> Outcome<Plot> {
    const TITLE: &str = "rekinit: memory by the number of tickets kept fresh";
    report.add(&format!(
        "\n### {TITLE}\n\n![{TITLE}](benchmarks/sidecar.svg)\n\n| tickets | resident KiB | ready after, ms |\n|---:|---:|---:|"
    ));
    let mut points = Vec::new();
    for count in [1_u32, 10, 50, 100, 200, 400] {
        let config: String = (0..count)
            .map(|number| contest.ticket_of_sidecar(number))
            .collect();
        let mut sidecar = contest.sidecar(&config);
        let ready = sidecar.wait_for("\"event\":\"refreshed\"", usize::try_from(count)?);
        // By then, temporary memory of the first login is freed.
        thread::sleep(Duration::from_millis(300));
        let memory = u32::try_from(sidecar.kib("VmRSS"))?;
        points.push((f64::from(count), f64::from(memory)));
        report.add(&format!(
            "| {count} | {memory} | {:.1} |",
            ready.as_secs_f64() * 1000.0
        ));
        drop(sidecar);
        for number in 0..count {
            fs::remove_file(contest.cache_of_sidecar(number))?;
        }
    }
    Ok(Plot {
        file: "sidecar.svg",
        svg: plot::draw(TITLE, "tickets", "KiB", &[("ours", points)])?,
    })
}

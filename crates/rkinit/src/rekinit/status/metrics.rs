//! The state of all tickets as text for probes, and for Prometheus (text format 0.0.4).

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use crate::rekinit::status::reason::Reason;
use crate::rekinit::status::{Facts, Status};

/// Whether there are tickets and all of them are valid, and a line about each.
pub(crate) fn readiness(statuses: &[Arc<Status>], now: i64) -> (bool, String) {
    let mut text = String::new();
    let mut ready = !statuses.is_empty();
    for status in statuses {
        let facts = status.facts();
        let is_ready = facts.is_ready(now);
        ready &= is_ready;
        let word = if is_ready { "ready" } else { "not ready" };
        let reason = facts.reason.map_or("", Reason::name);
        let _ = writeln!(
            text,
            "{word} {} {} {reason}",
            facts.shown_principal(),
            status.cache
        );
    }
    (ready, text)
}

/// Whether no keeper is stuck.
pub(crate) fn liveness(statuses: &[Arc<Status>], now: i64) -> bool {
    let instant = Instant::now();
    // Checks all of them, because each check records since when the attempt is late.
    let stuck = statuses
        .iter()
        .filter(|status| status.is_stuck(now, instant));
    stuck.count() == 0
}

/// All metrics.
pub(crate) fn metrics(statuses: &[Arc<Status>], now: i64) -> String {
    let mut tickets: Vec<(String, Facts)> = Vec::with_capacity(statuses.len());
    for status in statuses {
        let (facts, cache) = (status.facts(), escaped(&status.cache));
        let principal = escaped(&facts.shown_principal());
        let labels = |principal: &str| format!("principal=\"{principal}\",cache=\"{cache}\"");
        // Several tickets of a collection may not have a principal yet, and no two series may have
        // the same labels.
        let numbered = (2..).map(|number| labels(&format!("{principal} {number}")));
        let unused = std::iter::once(labels(&principal))
            .chain(numbered)
            .find(|labels| tickets.iter().all(|(used, _)| used != labels));
        tickets.extend(unused.map(|labels| (labels, facts)));
    }
    let mut text = String::with_capacity(4096 + 2048 * tickets.len());
    let version = env!("CARGO_PKG_VERSION");
    head(
        &mut text,
        "rekinit_build_info",
        "gauge",
        "The version of rekinit.",
    );
    let _ = writeln!(text, "rekinit_build_info{{version=\"{version}\"}} 1");
    for (name, kind, help, value) in SIMPLE {
        head(&mut text, name, kind, help);
        for (labels, facts) in &tickets {
            if let Some(value) = value(facts, now) {
                let _ = writeln!(text, "{name}{{{labels}}} {value}");
            }
        }
    }
    let name = "rekinit_failures_total";
    head(&mut text, name, "counter", "Failed attempts, by reason.");
    for (labels, facts) in &tickets {
        for (reason, count) in Reason::ALL.iter().zip(facts.failures) {
            let reason = reason.name();
            let _ = writeln!(text, "{name}{{{labels},reason=\"{reason}\"}} {count}");
        }
    }
    let name = "rekinit_alarm";
    head(
        &mut text,
        name,
        "gauge",
        "Why the last attempt failed; absent if it succeeded.",
    );
    for (labels, facts) in &tickets {
        let old = facts.old_secret.then_some("old_secret");
        for reason in facts.reason.map(Reason::name).into_iter().chain(old) {
            let _ = writeln!(text, "{name}{{{labels},reason=\"{reason}\"}} 1");
        }
    }
    let name = "rekinit_kdc_latency_seconds";
    head(
        &mut text,
        name,
        "summary",
        "Time that refreshes waited for KDCs.",
    );
    for (labels, facts) in &tickets {
        let (sum, count) = (facts.kdc_time.as_secs_f64(), facts.refreshes);
        let _ = writeln!(text, "{name}_sum{{{labels}}} {sum:.6}");
        let _ = writeln!(text, "{name}_count{{{labels}}} {count}");
    }
    let name = "rekinit_hook_runs_total";
    head(&mut text, name, "counter", "Runs of the hook, by result.");
    for (labels, facts) in &tickets {
        let (good, bad) = (facts.hooks_succeeded, facts.hooks_failed);
        let _ = writeln!(text, "{name}{{{labels},result=\"success\"}} {good}");
        let _ = writeln!(text, "{name}{{{labels},result=\"failure\"}} {bad}");
    }
    text
}

/// Name, type and help text of a metric, and its value for a ticket, if it has one.
type Simple = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Facts, i64) -> Option<i64>,
);

const SIMPLE: [Simple; 10] = [
    (
        "rekinit_ticket_expiry_timestamp_seconds",
        "gauge",
        "When the ticket in the cache expires.",
        |facts, _| facts.valid_until,
    ),
    (
        "rekinit_ticket_renewable_until_timestamp_seconds",
        "gauge",
        "The time until which the ticket can be renewed.",
        |facts, _| facts.renew_till,
    ),
    (
        "rekinit_ready",
        "gauge",
        "Whether the cache has a valid ticket.",
        |facts, now| Some(facts.is_ready(now).into()),
    ),
    (
        "rekinit_last_success_timestamp_seconds",
        "gauge",
        "When the ticket was last refreshed.",
        |facts, _| facts.refreshed_at,
    ),
    (
        "rekinit_next_attempt_timestamp_seconds",
        "gauge",
        "When the next attempt to refresh the ticket is due.",
        |facts, _| facts.next_attempt,
    ),
    (
        "rekinit_attempts_total",
        "counter",
        "Attempts to refresh the ticket.",
        |facts, _| i64::try_from(facts.attempts).ok(),
    ),
    (
        "rekinit_failures_in_a_row",
        "gauge",
        "Failed attempts since the last success.",
        |facts, _| Some(facts.failures_in_a_row.into()),
    ),
    (
        "rekinit_clock_offset_seconds",
        "gauge",
        "How many seconds the KDC's clock is ahead of the local one.",
        |facts, _| facts.clock_offset,
    ),
    (
        "rekinit_keytab_kvno",
        "gauge",
        "The version number of the newest key in the keytab.",
        |facts, _| facts.keytab_kvno.map(i64::from),
    ),
    (
        "rekinit_missing_service_tickets",
        "gauge",
        "Services without a ticket.",
        |facts, _| i64::try_from(facts.missing_services).ok(),
    ),
];

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// Escapes the value of a label.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_and_readiness_cover_every_ticket() {
        let status = Arc::new(Status::new("FILE:/a\"b\\c".into(), None));
        status.update(|facts| {
            facts.valid_until = Some(100);
            facts.fail(Reason::ClockSkew, "");
            facts.attempts = 2;
        });
        let other = || Arc::new(Status::new("KCM:1".into(), None));
        let statuses = [status, other(), other()];
        let text = metrics(&statuses, 50);
        for line in [
            r#"rekinit_ticket_expiry_timestamp_seconds{principal="(unknown)",cache="FILE:/a\"b\\c"} 100"#,
            r#"rekinit_ready{principal="(unknown)",cache="KCM:1"} 0"#,
            r#"rekinit_attempts_total{principal="(unknown)",cache="FILE:/a\"b\\c"} 2"#,
            r#"rekinit_failures_total{principal="(unknown)",cache="KCM:1",reason="wrong_key"} 0"#,
            r#"rekinit_alarm{principal="(unknown)",cache="FILE:/a\"b\\c",reason="clock_skew"} 1"#,
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
        // No two series have the same labels.
        let series = text
            .lines()
            .filter_map(|line| Some(line.rsplit_once(' ')?.0));
        let mut series: Vec<&str> = series.filter(|name| !name.starts_with('#')).collect();
        let count = series.len();
        series.sort_unstable();
        series.dedup();
        assert_eq!(series.len(), count, "{text}");
        // Each name is introduced once, before its values.
        let mut introduced = Vec::new();
        for line in text.lines() {
            match line.strip_prefix("# TYPE ") {
                Some(rest) => introduced.push(rest.split(' ').next().unwrap()),
                None if line.starts_with('#') => {}
                None => assert!(line.starts_with(introduced.last().unwrap()), "{line}"),
            }
        }
        let count = introduced.len();
        introduced.sort_unstable();
        introduced.dedup();
        assert_eq!(introduced.len(), count);
        assert_eq!(
            readiness(&statuses, 50),
            (
                false,
                "ready (unknown) FILE:/a\"b\\c clock_skew\nnot ready (unknown) KCM:1 \nnot ready (unknown) KCM:1 \n"
                    .into()
            )
        );
        assert!(!readiness(&statuses[..1], 100).0);
        assert!(!readiness(&[], 50).0);
    }
}

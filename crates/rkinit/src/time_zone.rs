//! The local time zone, found as the C library finds it and without searching a database.
//!
//! `TZ` unset means `/etc/localtime`; `TZ` names a file below `/usr/share/zoneinfo` (or `TZDIR`)
//! or, when there is no such file, spells out the rules (POSIX.1-2017 §8.3). Everything else is
//! UTC. One file is read at most, because listings should start at once.

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use jiff::tz::TimeZone;

/// The time zone of the environment.
pub(crate) fn local() -> TimeZone {
    match std::env::var_os("TZ") {
        None => from_file(Path::new("/etc/localtime")).unwrap_or(TimeZone::UTC),
        Some(value) => {
            let directory = std::env::var_os("TZDIR").filter(|value| !value.is_empty());
            let directory = directory.unwrap_or_else(|| "/usr/share/zoneinfo".into());
            from_value(&value, Path::new(&directory))
        }
    }
}

fn from_value(value: &OsStr, directory: &Path) -> TimeZone {
    let Some(text) = value.to_str() else {
        return TimeZone::UTC;
    };
    let text = text.strip_prefix(':').unwrap_or(text);
    if text.is_empty() {
        return TimeZone::UTC;
    }
    // An absolute path replaces the directory.
    let path: PathBuf = directory.join(text);
    // Summer time without a rule follows that of the United States, as in the C library.
    from_file(&path)
        .or_else(|| TimeZone::posix(text).ok())
        .or_else(|| TimeZone::posix(&format!("{text},M3.2.0,M11.1.0")).ok())
        .unwrap_or(TimeZone::UTC)
}

fn from_file(path: &Path) -> Option<TimeZone> {
    TimeZone::tzif("local", &std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn tz_values_without_a_database() {
        let check = |value: &str, seconds: i32| {
            let zone = from_value(OsStr::new(value), Path::new("/nonexistent"));
            let offset = zone.to_offset(Timestamp::from_second(1_800_000_000).unwrap());
            assert_eq!(offset.seconds(), seconds, "{value}");
        };
        check("", 0);
        check(":", 0);
        check("UTC0", 0);
        check("EST5", -5 * 3600);
        check(":CET-1CEST", 3600);
        check("Nowhere/Else", 0);
    }
}

//! The local time zone, determined as in the C library, without searching a database.
//!
//! If `TZ` is not set, `/etc/localtime` is used. Otherwise `TZ` names a file below
//! `/usr/share/zoneinfo` (or `TZDIR`) or, if there is no such file, contains the rules
//! (POSIX.1-2017 §8.3). In all other cases the zone is UTC. At most one file is read, because
//! listings should start quickly, and it must be a regular file of limited size. If the program has
//! rights that its user does not have, it reads neither variable.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::input::{configuration, ordinary_file};
use jiff::tz::TimeZone;

/// The time zone of the environment.
pub(crate) fn local() -> TimeZone {
    match configuration::variable("TZ") {
        None => from_file(Path::new("/etc/localtime")).unwrap_or(TimeZone::UTC),
        Some(value) => {
            let directory = configuration::variable("TZDIR").filter(|value| !value.is_empty());
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
    // If `text` is an absolute path, this is just that path.
    let path: PathBuf = directory.join(text);
    // Daylight saving time without a rule follows that of the United States, as in the C library.
    from_file(&path)
        .or_else(|| TimeZone::posix(text).ok())
        .or_else(|| TimeZone::posix(&format!("{text},M3.2.0,M11.1.0")).ok())
        .unwrap_or(TimeZone::UTC)
}

fn from_file(path: &Path) -> Option<TimeZone> {
    let file = ordinary_file::open(path).ok()??;
    let length = file.metadata().ok()?.len();
    if length > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).ok()?.saturating_add(1));
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    TimeZone::tzif("local", &bytes).ok()
}

/// The largest file that is read; no zone in the database has more than 4 KiB.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn posix_tz_values_work_without_a_zone_database() {
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

    #[test]
    fn only_regular_files_of_limited_size_are_read() {
        let folder = std::env::temp_dir().join(format!("rkinit-zone-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let (pipe, zone) = (folder.join("pipe"), folder.join("zone"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        // Nobody writes to the pipe; opening it must not block.
        for path in [&pipe, &folder, &folder.join("none"), Path::new("/dev/zero")] {
            assert!(from_file(path).is_none(), "{}", path.display());
        }
        // Version 1 of RFC 8536 with a single type, one hour east.
        let mut tzif = [
            &b"TZif\0"[..],
            &[0; 15],
            &[0; 16],
            &[0, 0, 0, 1, 0, 0, 0, 4],
        ]
        .concat();
        tzif.extend([0, 0, 0x0e, 0x10, 0, 0]);
        tzif.extend(b"CET\0");
        std::fs::write(&zone, &tzif).unwrap();
        assert!(from_file(&zone).is_some());
        tzif.resize(usize::try_from(LARGEST).unwrap() + 1, 0);
        std::fs::write(&zone, &tzif).unwrap();
        assert!(from_file(&zone).is_none());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

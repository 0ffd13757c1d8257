//! The date format of the user's locale, as far as listings need it.
//!
//! MIT prints a time with the C library's `%x %X` or, if that has more than 19 characters, `%x %T`.
//! No C library is used here, so a table contains the date formats of common locales. All other
//! locales, and those that the system has not installed, are treated as `C`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::input::configuration;

/// How a date is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DateStyle {
    /// Which part comes first, second and third.
    pub(crate) order: DateOrder,
    /// The character between the parts.
    pub(crate) separator: u8,
    /// Whether the year has four digits.
    pub(crate) long_year: bool,
}

/// The order of day, month and year.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DateOrder {
    MonthDayYear,
    DayMonthYear,
    YearMonthDay,
}

impl DateStyle {
    /// `MM/DD/YY`: the C and POSIX locales.
    pub(crate) const C: Self = Self {
        order: DateOrder::MonthDayYear,
        separator: b'/',
        long_year: false,
    };

    /// The style of the environment's locale for times.
    pub(crate) fn from_env() -> Self {
        let value = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        let Some(name) = ["LC_ALL", "LC_TIME", "LANG"].into_iter().find_map(value) else {
            return Self::C;
        };
        let style = name.to_str().map_or(Self::C, Self::of_locale);
        // setlocale fails for a locale that is not installed, and MIT then prints as in `C`.
        if style == Self::C || is_installed(&name) {
            style
        } else {
            Self::C
        }
    }

    /// The style of the locale called `name`, such as `en_US.UTF-8`.
    fn of_locale(name: &str) -> Self {
        let name = name.split(['.', '@']).next().unwrap_or(name);
        let (order, separator, long_year) = match name {
            "en_US" => (DateOrder::MonthDayYear, b'/', true),
            "en_GB" | "en_AU" | "en_IN" | "es_ES" | "es_US" | "he_IL" => {
                (DateOrder::DayMonthYear, b'/', false)
            }
            "fr_FR" | "it_IT" | "pt_BR" | "pt_PT" => (DateOrder::DayMonthYear, b'/', true),
            "de_DE" | "pl_PL" | "ru_RU" => (DateOrder::DayMonthYear, b'.', true),
            "uk_UA" => (DateOrder::DayMonthYear, b'.', false),
            "da_DK" | "tr_TR" => (DateOrder::DayMonthYear, b'-', true),
            "nl_NL" => (DateOrder::DayMonthYear, b'-', false),
            "de_AT" | "en_CA" | "fr_CA" | "hu_HU" | "sv_SE" => {
                (DateOrder::YearMonthDay, b'-', true)
            }
            _ => return Self::C,
        };
        Self {
            order,
            separator,
            long_year,
        }
    }
}

/// Whether the system has the locale, in its own folder or in the archive. If there is an archive,
/// it is assumed to contain the locale. As in glibc, a list in `LOCPATH` replaces both.
fn is_installed(name: &OsStr) -> bool {
    let normal = normal(name);
    let has = |folder: &Path| folder.join(name).is_dir() || folder.join(&normal).is_dir();
    match configuration::variable("LOCPATH").filter(|list| !list.is_empty()) {
        Some(list) => std::env::split_paths(&list).any(|folder| has(&folder)),
        None => Path::new(ARCHIVE).exists() || has(Path::new(FOLDER)),
    }
}

/// The name with its character set as in the names of glibc's folders: `utf8` for `UTF-8`.
fn normal(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    let Some((language, rest)) = name.split_once('.') else {
        return name.into_owned();
    };
    let (set, modifier) = rest
        .split_once('@')
        .map_or((rest, None), |(set, modifier)| (set, Some(modifier)));
    let set = set.chars().filter(char::is_ascii_alphanumeric);
    let set: String = set.map(|letter| letter.to_ascii_lowercase()).collect();
    let modifier = modifier.map_or_else(String::new, |modifier| format!("@{modifier}"));
    format!("{language}.{set}{modifier}")
}

const FOLDER: &str = "/usr/lib/locale";
const ARCHIVE: &str = "/usr/lib/locale/locale-archive";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locale_directories_are_named_as_in_glibc() {
        let check = |name: &str, expected: &str| assert_eq!(normal(name.as_ref()), expected);
        check("en_US.UTF-8", "en_US.utf8");
        check("de_DE.ISO-8859-15@euro", "de_DE.iso885915@euro");
        check("sv_SE", "sv_SE");
    }

    #[test]
    fn locale_selects_the_date_style() {
        let check = |name: &str, order, separator, long_year| {
            assert_eq!(
                DateStyle::of_locale(name),
                DateStyle {
                    order,
                    separator,
                    long_year
                }
            );
        };
        check("C", DateOrder::MonthDayYear, b'/', false);
        check("C.UTF-8", DateOrder::MonthDayYear, b'/', false);
        check("xx_YY", DateOrder::MonthDayYear, b'/', false);
        check("en_US.UTF-8", DateOrder::MonthDayYear, b'/', true);
        check("en_US", DateOrder::MonthDayYear, b'/', true);
        check("en_GB.UTF-8", DateOrder::DayMonthYear, b'/', false);
        check("de_DE@euro", DateOrder::DayMonthYear, b'.', true);
        check("sv_SE", DateOrder::YearMonthDay, b'-', true);
    }
}

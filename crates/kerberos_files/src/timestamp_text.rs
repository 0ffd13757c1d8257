//! Points in time as people write them: `20261122093000`, `22-Nov-2026:09:30`, `09:30`.
//!
//! [`TimestampText::parse`] reads the absolute forms of `kinit -s`. Which instant that is depends
//! on the time zone, and is left to the caller.

use crate::deltat::trim_start;

/// A point in time as written. Missing parts are those of the current date or time.
///
/// All parts are in their ranges, except that a day may be after the end of its month. As with C's
/// `mktime`, it then continues into the next month.
///
/// # Example
/// ```
/// use kerberos_files::timestamp_text::TimestampText;
/// let time = TimestampText::parse("22-Nov-2026:09:30").unwrap();
/// assert_eq!((time.year, time.month, time.day), (Some(2026), Some(11), Some(22)));
/// assert_eq!((time.hour, time.minute, time.second), (9, 30, None));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TimestampText {
    /// The year, 1901 to 2105.
    pub year: Option<u16>,
    /// The month, from 1.
    pub month: Option<u8>,
    /// The day of the month, from 1.
    pub day: Option<u8>,
    /// The hour, 0 to 23.
    pub hour: u8,
    /// The minute, 0 to 59.
    pub minute: u8,
    /// The second, 0 to 61, as in C.
    pub second: Option<u8>,
}

impl TimestampText {
    /// Parses one of MIT's forms: `yyyymmddhhmmss`, `yyyy.mm.dd.hh.mm.ss`, `yymmddhhmmss`,
    /// `yy.mm.dd.hh.mm.ss`, `yymmddhhmm`, `hhmmss`, `hhmm`, `hh:mm:ss`, `hh:mm`,
    /// `mm/dd/yy:hh:mm:ss`, `dd-month-yyyy:hh:mm:ss` and `dd-month-yyyy:hh:mm`.
    ///
    /// The first matching form is used. Digits are read like in glibc's `strptime`. Two-digit years
    /// from 69 on belong to the last century.
    pub fn parse(text: &str) -> Option<Self> {
        const FORMS: [&str; 12] = [
            "Ymdhis",
            "Y.m.d.h.i.s",
            "ymdhis",
            "y.m.d.h.i.s",
            "ymdhi",
            "his",
            "hi",
            "h:i:s",
            "h:i",
            "m/d/y:h:i:s",
            "d-b-Y:h:i:s",
            "d-b-Y:h:i",
        ];
        FORMS.iter().find_map(|form| Self::parse_form(text, form))
    }

    fn parse_form(text: &str, form: &str) -> Option<Self> {
        let mut time = Self::default();
        let mut scanner = Scanner {
            rest: text.as_bytes(),
        };
        for part in form.bytes() {
            match part {
                b'Y' => time.year = Some(scanner.number(0, 9999, 4)?),
                b'y' => {
                    let year = scanner.number(0, 99, 2)?;
                    time.year = Some(if year >= 69 { 1900 + year } else { 2000 + year });
                }
                b'm' => time.month = Some(scanner.small(1, 12)?),
                b'b' => time.month = Some(scanner.month_name()?),
                b'd' => time.day = Some(scanner.small(1, 31)?),
                b'h' => time.hour = scanner.small(0, 23)?,
                b'i' => time.minute = scanner.small(0, 59)?,
                b's' => time.second = Some(scanner.small(0, 61)?),
                literal => scanner.rest = scanner.rest.strip_prefix(&[literal])?,
            }
        }
        scanner.skip_blanks();
        // The lower bound is MIT's. The upper one, the end of 32-bit time, prevents `261122093005`
        // from being read as a time in the year 2611 instead of by the third form.
        let plausible = time.year.is_none_or(|year| (1901..=2105).contains(&year));
        (scanner.rest.is_empty() && plausible).then_some(time)
    }
}

/// Reads text like `strptime`.
struct Scanner<'t> {
    rest: &'t [u8],
}

impl Scanner<'_> {
    /// A number of at most `digits` digits. Reading also stops when any further digit would make it
    /// greater than `max`.
    fn number(&mut self, min: u16, max: u16, digits: usize) -> Option<u16> {
        self.skip_blanks();
        let mut value: u16 = 0;
        let mut taken = 0;
        while let Some((digit @ b'0'..=b'9', rest)) = self.rest.split_first() {
            if taken == digits || value * 10 > max {
                break;
            }
            value = value * 10 + u16::from(digit - b'0');
            self.rest = rest;
            taken += 1;
        }
        (taken > 0 && (min..=max).contains(&value)).then_some(value)
    }

    fn small(&mut self, min: u8, max: u8) -> Option<u8> {
        self.number(min.into(), max.into(), 2)
            .and_then(|value| u8::try_from(value).ok())
    }

    /// An English month, in full or abbreviated to three letters.
    fn month_name(&mut self) -> Option<u8> {
        const MONTHS: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        (1..).zip(MONTHS).find_map(|(number, name)| {
            [name.len(), 3].into_iter().find_map(|len| {
                let (word, rest) = self.rest.split_at_checked(len)?;
                let matches = word.eq_ignore_ascii_case(name.as_bytes().get(..len)?);
                matches.then(|| self.rest = rest)
            })?;
            Some(number)
        })
    }

    fn skip_blanks(&mut self) {
        self.rest = trim_start(self.rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<(u16, u8, u8, u8, u8, Option<u8>)> {
        let time = TimestampText::parse(text)?;
        Some((
            time.year.unwrap_or(0),
            time.month.unwrap_or(0),
            time.day.unwrap_or(0),
            time.hour,
            time.minute,
            time.second,
        ))
    }

    #[test]
    fn every_form_of_time_is_read() {
        let full = Some((2026, 11, 22, 9, 30, Some(5)));
        assert_eq!(at("20261122093005"), full);
        assert_eq!(at("2026.11.22.09.30.05"), full);
        assert_eq!(at("261122093005"), full);
        assert_eq!(at("26.11.22.09.30.05"), full);
        assert_eq!(at("11/22/26:09:30:05"), full);
        assert_eq!(at("22-Nov-2026:09:30:05"), full);
        assert_eq!(at("22-november-2026:9:30:5 "), full);
        assert_eq!(at("2611220930"), Some((2026, 11, 22, 9, 30, None)));
        assert_eq!(at("22-NOV-2026:09:30"), Some((2026, 11, 22, 9, 30, None)));
        assert_eq!(at("093005"), Some((0, 0, 0, 9, 30, Some(5))));
        assert_eq!(at("0930"), Some((0, 0, 0, 9, 30, None)));
        assert_eq!(at("09:30:05"), Some((0, 0, 0, 9, 30, Some(5))));
        assert_eq!(at("09:30"), Some((0, 0, 0, 9, 30, None)));
        assert_eq!(at("690101000000"), Some((1969, 1, 1, 0, 0, Some(0))));
        assert_eq!(at("680101000000"), Some((2068, 1, 1, 0, 0, Some(0))));
        // Odd, but glibc does the same: 2020-02-05.
        assert_eq!(at("20251122"), Some((2020, 2, 5, 11, 22, None)));
        // The caller must carry days after the end of the month.
        assert_eq!(at("20260231000000"), Some((2026, 2, 31, 0, 0, Some(0))));
    }

    #[test]
    fn invalid_times_are_refused() {
        for text in [
            "",
            " ",
            "x",
            "24:00",
            "12:60",
            "22-Foo-2026:09:30",
            "19000101000000",
            "093005x",
            "99/99/99:00:00:00",
            "2026-11-22",
        ] {
            assert_eq!(at(text), None, "{text:?}");
        }
    }
}

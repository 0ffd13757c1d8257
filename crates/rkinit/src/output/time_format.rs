//! Times of tickets in listings: local time, in the locale's short form.
//!
//! MIT takes the first format that fits into 19 characters: `%x %X` in the C locale (17
//! characters), and `%x %T` in `en_US` (19 characters). A listing shows the same days again and
//! again. So the zone's offset is kept until its next transition, and the text of a day until
//! another day needs its place.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::output::locale::{DateOrder, DateStyle};
use crate::output::time_zone;

const SECONDS_A_DAY: i64 = 86_400;

/// The length of `16:58:32`.
const TIME_LEN: usize = 8;

/// Formats the times of one run of a tool.
pub(crate) struct TimeFormat {
    zone: TimeZone,
    style: DateStyle,
    /// The range in which `offset` is valid.
    offset_from: i64,
    offset_until: i64,
    offset: i64,
    /// The days shown last: a ticket typically begins on one day, ends on another, and is renewable
    /// until a third.
    days: [Day; 3],
    /// The day to replace next.
    oldest: usize,
}

/// The date of a day as text, with space for the time after it.
#[derive(Default)]
struct Day {
    /// The start of the day, in seconds after 1970-01-01 local time; `None` if `text` has no date
    /// yet.
    midnight: Option<i64>,
    text: Vec<u8>,
}

impl TimeFormat {
    /// A formatter for the locale and time zone of the environment.
    pub(crate) fn from_env() -> Self {
        Self::new(DateStyle::from_env(), time_zone::local())
    }

    pub(crate) fn new(style: DateStyle, zone: TimeZone) -> Self {
        Self {
            zone,
            style,
            offset_from: 0,
            offset_until: 0,
            offset: 0,
            days: Default::default(),
            oldest: 0,
        }
    }

    /// The number of characters of a formatted time.
    pub(crate) fn width(&self) -> usize {
        if self.style.long_year { 19 } else { 17 }
    }

    /// The time `seconds` after 1970 as text of [`width`](Self::width) characters.
    ///
    /// Times in files are unsigned 32-bit numbers, as MIT reads them: they last until 2106.
    pub(crate) fn format(&mut self, seconds: u32) -> &[u8] {
        let seconds = i64::from(seconds);
        if !(self.offset_from..self.offset_until).contains(&seconds) {
            self.find_offset(seconds);
        }
        let local = seconds.saturating_add(self.offset);
        let date_len = self.width() - TIME_LEN;
        let kept = self.days.iter().position(|day| day.second(local).is_some());
        let at = kept.unwrap_or_else(|| self.begin_day(local));
        let Some(day) = self.days.get_mut(at) else {
            return &[]; // A kept day and the oldest day are always within bounds.
        };
        let second = day.second(local).unwrap_or_default();
        let [h0, h1] = two_digits(second / 3600);
        let [m0, m1] = two_digits(second / 60 % 60);
        let [s0, s1] = two_digits(second % 60);
        day.text.truncate(date_len);
        day.text
            .extend_from_slice(&[h0, h1, b':', m0, m1, b':', s0, s1]);
        &day.text
    }

    /// Replaces the oldest kept day by the date of `local`, and returns its index.
    fn begin_day(&mut self, local: i64) -> usize {
        let at = self.oldest;
        self.oldest = (at + 1) % self.days.len();
        if let Some(day) = self.days.get_mut(at) {
            day.midnight = Some(local - local.rem_euclid(SECONDS_A_DAY));
            day.text.clear();
            write_date(civil(local), self.style, &mut day.text);
        }
        at
    }

    /// Appends the time `seconds` after 1970 in 17 characters, for `ktutil`. As with MIT, the
    /// seconds are left out in locales that write the year with four digits.
    pub(crate) fn push_narrow(&mut self, seconds: u32, out: &mut Vec<u8>) {
        const NARROW: usize = 17;
        let text = self.format(seconds);
        match text.split_last_chunk::<3>() {
            Some((minutes, _)) if text.len() > NARROW => {
                out.extend_from_slice(minutes);
                out.push(b' ');
            }
            _ => out.extend_from_slice(text),
        }
    }

    /// The time `seconds` after 1970 in the C locale's format `%c`: `Sun Nov 22 16:58:32 2026`.
    pub(crate) fn long(&mut self, seconds: u32) -> String {
        self.find_offset(i64::from(seconds));
        let local = i64::from(seconds).saturating_add(self.offset);
        civil(local).strftime("%a %b %e %H:%M:%S %Y").to_string()
    }

    fn find_offset(&mut self, seconds: i64) {
        let Ok(instant) = Timestamp::from_second(seconds) else {
            return; // A 32-bit time is always valid.
        };
        self.offset = self.zone.to_offset(instant).seconds().into();
        self.offset_until = self
            .zone
            .following(instant)
            .next()
            .map_or(i64::MAX, |t| t.timestamp().as_second());
        let after = instant
            .checked_add(jiff::SignedDuration::from_secs(1))
            .unwrap_or(instant);
        self.offset_from = self
            .zone
            .preceding(after)
            .next()
            .map_or(i64::MIN, |t| t.timestamp().as_second());
    }
}

impl Day {
    /// The second of this day that `local` is, if it lies within the day.
    fn second(&self, local: i64) -> Option<u32> {
        let second = u32::try_from(local - self.midnight?).ok()?;
        (i64::from(second) < SECONDS_A_DAY).then_some(second)
    }
}

/// Appends the date and a blank.
fn write_date(date: DateTime, style: DateStyle, text: &mut Vec<u8>) {
    let DateStyle {
        order,
        separator,
        long_year,
    } = style;
    let [year, month, day] = [date.year(), date.month().into(), date.day().into()]
        .map(|part| u32::from(part.unsigned_abs()));
    let parts = match order {
        DateOrder::MonthDayYear => [month, day, year],
        DateOrder::DayMonthYear => [day, month, year],
        DateOrder::YearMonthDay => [year, month, day],
    };
    let year_at = if order == DateOrder::YearMonthDay {
        0
    } else {
        2
    };
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            text.push(separator);
        }
        if index == year_at && long_year {
            text.extend(two_digits(part / 100));
        }
        text.extend(two_digits(part % 100));
    }
    text.push(b' ');
}

/// The date and time `local` seconds after 1970-01-01 local time.
fn civil(local: i64) -> DateTime {
    // A 32-bit time plus an offset is far within a timestamp's range.
    let instant = Timestamp::from_second(local).unwrap_or_default();
    Offset::UTC.to_datetime(instant)
}

/// The two decimal digits of a number below 100.
fn two_digits(number: u32) -> [u8; 2] {
    let digit = |value: u32| b'0' + u8::try_from(value % 10).unwrap_or(0);
    [digit(number / 10), digit(number)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatter(style: DateStyle, zone: &str) -> TimeFormat {
        TimeFormat::new(style, TimeZone::posix(zone).unwrap())
    }

    #[test]
    fn each_date_style_formats_with_its_width() {
        let check = |order, separator, long_year, expected: &str| {
            let mut format = formatter(
                DateStyle {
                    order,
                    separator,
                    long_year,
                },
                "UTC0",
            );
            let text = format.format(1_795_366_712).to_vec();
            assert_eq!(String::from_utf8(text).unwrap(), expected);
            assert_eq!(format.width(), expected.len());
        };
        check(DateOrder::MonthDayYear, b'/', false, "11/22/26 16:58:32");
        check(DateOrder::MonthDayYear, b'/', true, "11/22/2026 16:58:32");
        check(DateOrder::DayMonthYear, b'.', true, "22.11.2026 16:58:32");
        check(DateOrder::DayMonthYear, b'/', false, "22/11/26 16:58:32");
        check(DateOrder::YearMonthDay, b'-', true, "2026-11-22 16:58:32");
    }

    #[test]
    fn time_zones_and_extreme_times_are_formatted() {
        let check = |zone: &str, seconds: u32, expected: &str| {
            let mut format = formatter(DateStyle::C, zone);
            // The first time the day is found, the second time it comes from the kept days.
            for _ in 0..2 {
                assert_eq!(String::from_utf8_lossy(format.format(seconds)), expected);
            }
        };
        check("UTC0", 0, "01/01/70 00:00:00");
        check("EST5", 0, "12/31/69 19:00:00");
        check("UTC0", u32::MAX, "02/07/06 06:28:15");
        check("UTC0", 951_782_399, "02/28/00 23:59:59");
        check("UTC0", 951_782_400, "02/29/00 00:00:00");
        check("IST-5:30", 1_795_366_712, "11/22/26 22:28:32");
    }

    #[test]
    fn offset_changes_at_each_dst_transition() {
        let mut format = formatter(DateStyle::C, "CET-1CEST,M3.5.0,M10.5.0/3");
        let mut check = |seconds: u32, expected: &str| {
            assert_eq!(String::from_utf8_lossy(format.format(seconds)), expected);
        };
        check(1_774_745_999, "03/29/26 01:59:59");
        check(1_774_746_000, "03/29/26 03:00:00");
        check(1_792_889_999, "10/25/26 02:59:59");
        check(1_792_890_000, "10/25/26 02:00:00");
        check(1_774_745_999, "03/29/26 01:59:59");
    }

    #[test]
    fn long_years_fit_by_dropping_the_seconds() {
        let check = |long_year, expected: &str| {
            let style = DateStyle {
                long_year,
                ..DateStyle::C
            };
            let mut out = Vec::new();
            formatter(style, "UTC0").push_narrow(1_795_366_712, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(false, "11/22/26 16:58:32");
        check(true, "11/22/2026 16:58 ");
    }

    #[test]
    fn long_form_matches_ctime() {
        let check = |seconds: u32, expected: &str| {
            assert_eq!(formatter(DateStyle::C, "UTC0").long(seconds), expected);
        };
        check(1_795_366_712, "Sun Nov 22 16:58:32 2026");
        check(0, "Thu Jan  1 00:00:00 1970");
        check(1_704_067_199, "Sun Dec 31 23:59:59 2023");
    }
}

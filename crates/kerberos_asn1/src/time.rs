//! `KerberosTime` and `Microseconds` (RFC 4120 §5.2.3, §5.2.4): UTC in whole seconds.

use crate::der::{Decode, DecodeError, DecodeErrorKind, Encode, Reader, Sink, Tag, encode_integer};

/// A `KerberosTime`: seconds since 1970-01-01T00:00:00Z, without fractions (RFC 4120 §5.2.3).
///
/// ```text
/// KerberosTime    ::= GeneralizedTime -- with no fractional seconds
/// ```
///
/// The wire form is a `GeneralizedTime` of exactly 15 characters, `YYYYMMDDHHMMSSZ`, so it spans
/// the years 0000 to 9999; 64 bits hold all of them. A leap second, `…60Z`, is refused.
///
/// # Example
/// ```
/// use kerberos_asn1::KerberosTime;
/// let start = KerberosTime::from_unix(771_228_197);
/// assert_eq!(start.unix(), 771_228_197);
/// assert!(start < KerberosTime::from_unix(771_228_198));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct KerberosTime(i64);

impl KerberosTime {
    /// 0000-01-01T00:00:00Z, the first time that can be encoded.
    pub const MIN: Self = Self(-62_167_219_200);
    /// 9999-12-31T23:59:59Z, the last time that can be encoded.
    pub const MAX: Self = Self(253_402_300_799);

    /// The time `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// Times before [`KerberosTime::MIN`] or after [`KerberosTime::MAX`] are clamped when encoded.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn unix(self) -> i64 {
        self.0
    }
}

impl<'a> Decode<'a> for KerberosTime {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        parse(reader.contents(Tag::GENERALIZED_TIME)?)
            .ok_or(start.error(DecodeErrorKind::InvalidTime))
    }
}

impl Encode for KerberosTime {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.primitive(
            Tag::GENERALIZED_TIME,
            &print((*self).clamp(Self::MIN, Self::MAX)),
        );
    }
}

/// The fraction of a second that accompanies a [`KerberosTime`], 0 to 999 999 (RFC 4120 §5.2.4).
///
/// ```text
/// Microseconds    ::= INTEGER (0..999999)
///                     -- microseconds
/// ```
///
/// # Example
/// ```
/// use kerberos_asn1::{Decode, Microseconds};
/// assert_eq!(Microseconds::from_der(b"\x02\x03\x01\xe2\x40")?, Microseconds(123_456));
/// assert!(Microseconds::from_der(b"\x02\x03\x0f\x42\x40").is_err());
/// # Ok::<(), kerberos_asn1::DecodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Microseconds(pub u32);

impl<'a> Decode<'a> for Microseconds {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        match u32::decode(reader)? {
            microseconds @ 0..=999_999 => Ok(Self(microseconds)),
            _ => Err(start.error(DecodeErrorKind::IntegerOutOfRange)),
        }
    }
}

impl Encode for Microseconds {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        encode_integer(i64::from(self.0), sink);
    }
}

const SECONDS_PER_DAY: i64 = 86_400;

/// Reads `YYYYMMDDHHMMSSZ`. RFC 4120 §5.2.3: no fractions, no separators, and the zone is `Z`.
fn parse(text: &[u8]) -> Option<KerberosTime> {
    let &[
        c1,
        c2,
        y1,
        y2,
        mo1,
        mo2,
        d1,
        d2,
        h1,
        h2,
        mi1,
        mi2,
        s1,
        s2,
        b'Z',
    ] = text
    else {
        return None;
    };
    let year = pair(c1, c2)? * 100 + pair(y1, y2)?;
    let month = pair(mo1, mo2)?;
    let day = pair(d1, d2)?;
    let (hour, minute, second) = (pair(h1, h2)?, pair(mi1, mi2)?, pair(s1, s2)?);
    let exists =
        (1..=days_in_month(year, month)?).contains(&day) && hour < 24 && minute < 60 && second < 60;
    let seconds = (hour * 60 + minute) * 60 + second;
    exists.then(|| KerberosTime(days_since_1970(year, month, day) * SECONDS_PER_DAY + seconds))
}

/// Writes `YYYYMMDDHHMMSSZ`. The time must be within the years 0000 to 9999.
fn print(time: KerberosTime) -> [u8; 15] {
    let (year, month, day) = date(time.0.div_euclid(SECONDS_PER_DAY));
    let seconds = time.0.rem_euclid(SECONDS_PER_DAY);
    let [c1, c2] = digits(year / 100);
    let [y1, y2] = digits(year);
    let [mo1, mo2] = digits(month);
    let [d1, d2] = digits(day);
    let [h1, h2] = digits(seconds / 3600);
    let [mi1, mi2] = digits(seconds / 60 % 60);
    let [s1, s2] = digits(seconds % 60);
    [
        c1, c2, y1, y2, mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2, b'Z',
    ]
}

/// The value of two decimal digits.
fn pair(tens: u8, ones: u8) -> Option<i64> {
    let digit = |octet: u8| octet.is_ascii_digit().then(|| i64::from(octet - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// The last two decimal digits of a non-negative number.
fn digits(number: i64) -> [u8; 2] {
    let digit = |value: i64| b'0' + u8::try_from(value % 10).unwrap_or_default();
    [digit(number / 10), digit(number)]
}

/// The number of days in a month; `None` if there is no such month.
const fn days_in_month(year: i64, month: i64) -> Option<i64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => Some(29),
        2 => Some(28),
        _ => None,
    }
}

// The Gregorian calendar repeats every 400 years, which have 146 097 days. Counting years from the
// first of March puts the leap day last, so that the months before it have fixed lengths: 153 days
// in every five months. Day 0 of that count, 0000-03-01, is day -719 468 relative to 1970.

const DAYS_PER_400_YEARS: i64 = 146_097;
const MARCH_0000: i64 = -719_468;

/// The number of days from 1970-01-01 to a date.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let cycle = year.div_euclid(400);
    let year = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_cycle = year * 365 + year / 4 - year / 100 + day_of_year;
    MARCH_0000 + cycle * DAYS_PER_400_YEARS + day_of_cycle
}

/// The date `days` after 1970-01-01, as year, month and day.
const fn date(days: i64) -> (i64, i64, i64) {
    let days = days - MARCH_0000;
    let cycle = days.div_euclid(DAYS_PER_400_YEARS);
    let day = days.rem_euclid(DAYS_PER_400_YEARS);
    // Subtract the leap days (every 4 years, not every 100, every 400) and divide the rest.
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let year = cycle * 400 + year;
    if month < 10 {
        (year, month + 3, day_of_month)
    } else {
        (year + 1, month - 9, day_of_month)
    }
}

#[cfg(test)]
mod tests {
    use super::{KerberosTime, parse, print};

    /// Checks that `text` is `seconds`, in both directions.
    #[track_caller]
    fn check(text: &str, seconds: i64) {
        let time = KerberosTime::from_unix(seconds);
        assert_eq!(parse(text.as_bytes()), Some(time));
        assert_eq!(print(time), text.as_bytes());
    }

    #[track_caller]
    fn check_refused(text: &str) {
        assert_eq!(parse(text.as_bytes()), None, "{text}");
    }

    #[test]
    fn known_times_parse_and_print() {
        check("19700101000000Z", 0);
        check("19691231235959Z", -1);
        check("19851106210627Z", 500_159_187);
        check("19940610060317Z", 771_228_197);
        check("20000229000000Z", 951_782_400);
        check("20370913024805Z", 2_136_422_885);
        check("20380119031408Z", 1 << 31);
        check("21060207062816Z", 1 << 32);
        check("00000101000000Z", KerberosTime::MIN.unix());
        check("99991231235959Z", KerberosTime::MAX.unix());
    }

    #[test]
    fn february_29_exists_only_in_leap_years() {
        check("20240229120000Z", 1_709_208_000);
        check("24000229000000Z", 13_574_563_200);
        check_refused("20230229000000Z");
        check_refused("19000229000000Z");
        check_refused("21000229000000Z");
    }

    #[test]
    fn impossible_dates_and_times_are_refused() {
        check_refused("20240001000000Z");
        check_refused("20241301000000Z");
        check_refused("20240100000000Z");
        check_refused("20240132000000Z");
        check_refused("20240431000000Z");
        check_refused("20240101240000Z");
        check_refused("20240101006000Z");
        check_refused("20161231235960Z");
    }

    #[test]
    fn other_generalized_time_forms_are_refused() {
        check_refused("");
        check_refused("20240101000000");
        check_refused("20240101000000z");
        check_refused("202401010000Z");
        check_refused("20240101000000.0Z");
        check_refused("20240101000000+0000");
        check_refused("+0240101000000Z");
        check_refused("2024010100000 Z");
    }

    /// Every day of the 10 000 years, each exactly once.
    #[test]
    #[cfg_attr(miri, ignore = "minutes in miri")]
    fn every_day_of_years_0_to_9999_round_trips() {
        let mut before = *b"00000000000000Z";
        for day in KerberosTime::MIN.unix() / 86_400..=KerberosTime::MAX.unix() / 86_400 {
            let time = KerberosTime::from_unix(day * 86_400);
            let text = print(time);
            assert!(before < text);
            assert_eq!(parse(&text), Some(time));
            before = text;
        }
    }

    #[test]
    fn out_of_range_times_encode_as_min_or_max() {
        use crate::der::Encode;
        assert_eq!(
            KerberosTime::from_unix(i64::MAX).to_der(),
            KerberosTime::MAX.to_der()
        );
        assert_eq!(
            KerberosTime::from_unix(i64::MIN).to_der(),
            KerberosTime::MIN.to_der()
        );
    }
}

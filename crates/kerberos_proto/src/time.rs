//! `Timestamp` and `ClockOffset`: the caller's clock, and its distance from the KDC's.
//!
//! This crate reads no clock: every step takes the current time as an argument.

use core::time::Duration;

use kerberos_asn1::KerberosTime;

/// A time by the caller's clock: seconds since 1970-01-01T00:00:00Z, and microseconds.
///
/// # Example
/// ```
/// use kerberos_proto::{ClockOffset, Timestamp};
/// let now = Timestamp::new(1_000, 900_000);
/// let kdc = Timestamp::new(1_600, 100_000);
/// let offset = ClockOffset::between(now, kdc);
/// assert_eq!(now + offset, kdc);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Microseconds within the second, 0 to 999 999.
    pub microseconds: u32,
}

impl Timestamp {
    /// The time `microseconds` after `seconds`. More than 999 999 microseconds are clamped.
    pub const fn new(seconds: i64, microseconds: u32) -> Self {
        let microseconds = if microseconds > 999_999 {
            999_999
        } else {
            microseconds
        };
        Self {
            seconds,
            microseconds,
        }
    }

    /// Converts this local time to the KDC's clock. Unchanged if `offset` is not known.
    pub fn by_kdc(self, offset: Option<ClockOffset>) -> Self {
        offset.map_or(self, |offset| self + offset)
    }

    /// The whole seconds, for the wire.
    pub const fn to_kerberos_time(self) -> KerberosTime {
        KerberosTime::from_unix(self.seconds)
    }

    /// The start of the second: nearly all times in Kerberos messages have whole seconds only.
    pub const fn from_kerberos_time(time: KerberosTime) -> Self {
        Self {
            seconds: time.unix(),
            microseconds: 0,
        }
    }
}

/// How far the KDC's clock is ahead of the caller's (negative: behind), as stored in credential
/// caches. The parts are added, so `{ seconds: -1, microseconds: 250_000 }` is 0.75 s behind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ClockOffset {
    /// Seconds to add to the caller's time.
    pub seconds: i32,
    /// Microseconds to add to the caller's time, −999 999 to 999 999.
    pub microseconds: i32,
}

impl ClockOffset {
    /// The offset to add to `local` to get `kdc`, limited to 68 years.
    pub fn between(local: Timestamp, kdc: Timestamp) -> Self {
        let seconds = kdc.seconds.saturating_sub(local.seconds);
        let seconds = seconds.clamp(i32::MIN.into(), i32::MAX.into());
        let micros = i64::from(kdc.microseconds) - i64::from(local.microseconds);
        // Both fit after the clamp and because of `Timestamp`'s range.
        Self {
            seconds: i32::try_from(seconds).unwrap_or(0),
            microseconds: i32::try_from(micros).unwrap_or(0),
        }
    }
}

impl core::ops::Add<ClockOffset> for Timestamp {
    type Output = Self;

    fn add(self, offset: ClockOffset) -> Self {
        let micros = i64::from(self.microseconds) + i64::from(offset.microseconds);
        let seconds = self.seconds.saturating_add(offset.seconds.into());
        Self {
            seconds: seconds.saturating_add(micros.div_euclid(MICROSECONDS)),
            microseconds: u32::try_from(micros.rem_euclid(MICROSECONDS)).unwrap_or(0),
        }
    }
}

impl core::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let micros = i64::from(self.microseconds) + i64::from(duration.subsec_micros());
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let seconds = self.seconds.saturating_add(seconds);
        Self {
            seconds: seconds.saturating_add(micros / MICROSECONDS),
            microseconds: u32::try_from(micros % MICROSECONDS).unwrap_or(0),
        }
    }
}

/// Per second.
const MICROSECONDS: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_between_two_clocks_converts_one_to_the_other() {
        fn check(local: (i64, u32), kdc: (i64, u32), offset: (i32, i32)) {
            let (local, kdc) = (
                Timestamp::new(local.0, local.1),
                Timestamp::new(kdc.0, kdc.1),
            );
            let between = ClockOffset::between(local, kdc);
            assert_eq!((between.seconds, between.microseconds), offset);
            assert_eq!(local + between, kdc);
        }
        check((10, 0), (10, 0), (0, 0));
        check((10, 5), (11, 3), (1, -2));
        check((10, 999_999), (9, 0), (-1, -999_999));
        check((-5, 1), (5, 999_999), (10, 999_998));
    }

    #[test]
    fn adding_a_duration_carries_and_saturates() {
        let later = Timestamp::new(10, 600_000) + Duration::from_millis(2_500);
        assert_eq!(later, Timestamp::new(13, 100_000));
        let end = Timestamp::new(i64::MAX, 999_999) + Duration::MAX;
        assert_eq!(end.seconds, i64::MAX);
    }

    #[test]
    fn extremes_do_not_overflow() {
        let (early, late) = (
            Timestamp::new(i64::MIN, 0),
            Timestamp::new(i64::MAX, u32::MAX),
        );
        assert_eq!(late.microseconds, 999_999);
        assert_eq!(ClockOffset::between(early, late).seconds, i32::MAX);
        assert_eq!(ClockOffset::between(late, early).seconds, i32::MIN);
        let _ = late
            + ClockOffset {
                seconds: i32::MAX,
                microseconds: i32::MAX,
            };
        let _ = early
            + ClockOffset {
                seconds: i32::MIN,
                microseconds: i32::MIN,
            };
    }
}

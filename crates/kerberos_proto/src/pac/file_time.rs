//! `FileTime`: Windows's time format (MS-DTYP §2.3.3).

use core::fmt;

use crate::Timestamp;

/// A time in tenths of a microsecond since 1601-01-01T00:00:00Z.
///
/// # Example
/// ```
/// use kerberos_proto::{Timestamp, pac::FileTime};
/// let time = FileTime(116_444_736_000_000_000);
/// assert_eq!(time.timestamp(), Some(Timestamp::new(0, 0)));
/// assert_eq!(FileTime::NEVER.timestamp(), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FileTime(pub u64);

impl FileTime {
    /// Not set.
    pub const UNSET: Self = Self(0);
    /// A time that never comes, used for example by accounts that do not expire.
    pub const NEVER: Self = Self(0x7fff_ffff_ffff_ffff);

    /// The time; `None` for [`UNSET`](Self::UNSET) and [`NEVER`](Self::NEVER).
    pub fn timestamp(self) -> Option<Timestamp> {
        if self == Self::UNSET || self.0 >= Self::NEVER.0 {
            return None;
        }
        let microseconds = self.0 % TICKS_PER_SECOND / 10;
        Some(Timestamp::new(
            self.unix(),
            u32::try_from(microseconds).ok()?,
        ))
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub(super) fn unix(self) -> i64 {
        // In 64 bits, tenths of a microsecond reach 58 thousand years at most.
        i64::try_from(self.0 / TICKS_PER_SECOND).map_or(i64::MAX, |seconds| seconds - EPOCH)
    }
}

impl fmt::Display for FileTime {
    /// Displayed as seconds since 1970, like other times in this library.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.unix())
    }
}

const TICKS_PER_SECOND: u64 = 10_000_000;

/// 1970 in seconds since 1601.
const EPOCH: i64 = 11_644_473_600;

//! `Sid`: a security identifier, the permanent name of an account or group (MS-DTYP §2.4.2).

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use super::PacFault;
use super::cursor::Cursor;
use super::error::Fault;

/// A security identifier, `S-1-5-21-…`.
///
/// # Example
/// ```
/// use kerberos_proto::pac::Sid;
/// let domain: Sid = "S-1-5-21-3623811015-3361044348-30300820".parse()?;
/// let user = domain.child(1013).unwrap();
/// assert_eq!(user.to_string(), "S-1-5-21-3623811015-3361044348-30300820-1013");
/// assert_eq!(user.relative_id(), Some(1013));
/// assert_eq!(user.parent(), Some(domain));
/// assert!("S-2-5".parse::<Sid>().is_err());
/// # Ok::<(), kerberos_proto::pac::SidError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    /// At most 48 bits.
    authority: u64,
    /// The number of `parts` in use; the others are zero.
    count: u8,
    parts: [u32; MAX_PARTS],
}

/// A text that is not a SID.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("not a security identifier: expected S-1-AUTHORITY and up to 15 numbers")]
pub struct SidError;

impl Sid {
    /// A SID with an authority of at most 48 bits and at most 15 parts.
    ///
    /// # Errors
    /// When either limit is exceeded.
    pub fn new(authority: u64, parts: &[u32]) -> Result<Self, SidError> {
        let mut sid = Self {
            authority,
            count: u8::try_from(parts.len()).map_err(|_| SidError)?,
            parts: [0; MAX_PARTS],
        };
        if authority > MAX_AUTHORITY {
            return Err(SidError);
        }
        let places = sid.parts.get_mut(..parts.len()).ok_or(SidError)?;
        places.copy_from_slice(parts);
        Ok(sid)
    }

    /// The issuer of the identifier; 5 is Windows.
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// The numbers after the authority.
    pub fn parts(&self) -> &[u32] {
        self.parts.get(..self.count.into()).unwrap_or_default()
    }

    /// The last number, which identifies an account or group within its domain.
    pub fn relative_id(&self) -> Option<u32> {
        self.parts().last().copied()
    }

    /// The SID without its last number, for example the domain of an account.
    pub fn parent(&self) -> Option<Self> {
        let (_, parts) = self.parts().split_last()?;
        Self::new(self.authority, parts).ok()
    }

    /// The SID with `relative_id` appended, for example an account of a domain. `None` if it
    /// already has 15 parts.
    pub fn child(&self, relative_id: u32) -> Option<Self> {
        let mut child = *self;
        *child.parts.get_mut(usize::from(self.count))? = relative_id;
        child.count += 1;
        Some(child)
    }

    /// Reads the binary form (MS-DTYP §2.4.2.2).
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        let wrong = cursor.fault(PacFault::Sid);
        if cursor.u8()? != REVISION {
            return Err(wrong);
        }
        let count = usize::from(cursor.u8()?);
        if count > MAX_PARTS {
            return Err(wrong);
        }
        // Only the authority is big-endian.
        let high = u16::from_be_bytes(cursor.array()?);
        let low = u32::from_be_bytes(cursor.array()?);
        let authority = u64::from(high) << 32 | u64::from(low);
        let mut parts = [0; MAX_PARTS];
        for part in parts.iter_mut().take(count) {
            *part = cursor.u32()?;
        }
        Self::new(authority, parts.get(..count).unwrap_or_default()).map_err(|_| wrong)
    }
}

/// MS-DTYP §2.4.2.1: an authority of more than 32 bits is written in hexadecimal.
impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.authority) {
            Ok(authority) => write!(f, "S-1-{authority}")?,
            Err(_) => write!(f, "S-1-0x{:012x}", self.authority)?,
        }
        self.parts()
            .iter()
            .try_for_each(|part| write!(f, "-{part}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({self})")
    }
}

impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Self, SidError> {
        let mut numbers = text.strip_prefix("S-1-").ok_or(SidError)?.split('-');
        let authority = numbers.next().ok_or(SidError)?;
        let authority = match authority.strip_prefix("0x") {
            Some(digits) => number(digits, 16)?,
            None => number(authority, 10)?,
        };
        let sid = Self::new(authority, &[])?;
        numbers.try_fold(sid, |sid, part| {
            let part = u32::try_from(number(part, 10)?).map_err(|_| SidError)?;
            sid.child(part).ok_or(SidError)
        })
    }
}

/// Parses digits only: the standard library would accept a sign, too.
fn number(digits: &str, radix: u32) -> Result<u64, SidError> {
    if !digits.starts_with(|first: char| first.is_digit(radix)) {
        return Err(SidError);
    }
    u64::from_str_radix(digits, radix).map_err(|_| SidError)
}

const REVISION: u8 = 1;
const MAX_PARTS: usize = 15;
const MAX_AUTHORITY: u64 = (1 << 48) - 1;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn sid_text_round_trips_and_malformed_text_is_refused() {
        for text in [
            "S-1-0",
            "S-1-1-0",
            "S-1-5-21-1-2-4294967295-500",
            "S-1-0x0100000000ff-7",
        ] {
            assert_eq!(text.parse::<Sid>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "S-1-",
            "S-1-5-",
            "S-1-5--1",
            "S-1-5-+1",
            "S-1-+5",
            "S-1-5-4294967296",
            "S-1-0x1000000000000",
            "S-1-1-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
        ] {
            assert_eq!(text.parse::<Sid>(), Err(SidError), "{text}");
        }
    }

    #[test]
    fn binary_sid_is_parsed_and_malformed_one_is_refused() {
        let read = |bytes: &[u8]| Sid::read(&mut Cursor::new(bytes)).map_err(|fault| fault.kind);
        let builtin = b"\x01\x02\0\0\0\0\0\x05\x20\0\0\0\x20\x02\0\0";
        assert_eq!(read(builtin).unwrap().to_string(), "S-1-5-32-544");
        assert_eq!(read(&builtin[..15]), Err(PacFault::Truncated));
        assert_eq!(read(b"\x02\x00\0\0\0\0\0\x05"), Err(PacFault::Sid));
        assert_eq!(read(&[&[1, 16][..], &[0; 80]].concat()), Err(PacFault::Sid));
    }

    #[test]
    fn parent_and_child_respect_the_subauthority_limits() {
        let none = Sid::new(5, &[]).unwrap();
        assert_eq!((none.parent(), none.relative_id()), (None, None));
        let full = Sid::new(5, &[1; 15]).unwrap();
        assert_eq!(full.child(1), None);
        assert_eq!(full.parent().unwrap().child(1), Some(full));
    }
}

//! `KeytabEntry`: an entry of a keytab, and how recent its key is.

use kerberos_crypto::KeyBlock;
use kerberos_proto::Principal;

/// A key of a principal, to be written to a keytab or read from one.
#[derive(Clone, Debug)]
pub struct KeytabEntry {
    /// The principal that the key belongs to.
    pub principal: Principal,
    /// When it was written, in seconds since 1970.
    pub timestamp: u32,
    /// The key version number.
    pub kvno: u32,
    /// The key.
    pub key: KeyBlock,
}

impl KeytabEntry {
    /// Whether this key is more recent than the other, judged by version number. A small number
    /// that was not written before a large one has wrapped around.
    ///
    /// # Example
    /// ```
    /// use kerberos_crypto::{EncryptionType, KeyBlock};
    /// use kerberos_files::keytab::KeytabEntry;
    /// let entry = |kvno, timestamp| KeytabEntry {
    ///     principal: kerberos_proto::Principal::parse("host/www@EXAMPLE.COM").unwrap(),
    ///     timestamp,
    ///     kvno,
    ///     key: KeyBlock::new(EncryptionType::AES256_CTS_HMAC_SHA1_96, vec![7; 32]),
    /// };
    /// assert!(entry(3, 0).is_newer_than(&entry(2, 0)));
    /// assert!(entry(1, 20).is_newer_than(&entry(255, 10)));
    /// ```
    pub fn is_newer_than(&self, other: &Self) -> bool {
        self.age().is_newer_than(other.age())
    }

    fn age(&self) -> Age {
        Age {
            kvno: self.kvno,
            timestamp: self.timestamp,
        }
    }
}

/// The data that determines how recent a key is.
#[derive(Clone, Copy)]
pub(crate) struct Age {
    pub(super) kvno: u32,
    pub(super) timestamp: u32,
}

impl Age {
    /// Whether this key is the more recent one.
    ///
    /// Old files store 8 bits of the version number, and old databases 16. So a small number
    /// written at the same time as a large one, or later, has wrapped around (MIT's kt_file.c).
    pub(crate) fn is_newer_than(self, other: Self) -> bool {
        const SMALL: u32 = 128;
        const LARGE: u32 = 240;
        // Timestamps wrap around in 2106. The shorter distance determines which is later.
        let later = |a: Self, b: Self| a.timestamp.wrapping_sub(b.timestamp).cast_signed() > 0;
        if self.kvno < SMALL && other.kvno > LARGE && !later(other, self) {
            return true;
        }
        if self.kvno > LARGE && other.kvno < SMALL && !later(self, other) {
            return false;
        }
        self.kvno > other.kvno
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_newer_than_handles_kvno_wraparound() {
        fn check((kvno, time): (u32, u32), other: (u32, u32), expected: bool) {
            let other = Age {
                kvno: other.0,
                timestamp: other.1,
            };
            let newer = Age {
                kvno,
                timestamp: time,
            }
            .is_newer_than(other);
            assert_eq!(newer, expected, "{kvno} at {time}");
        }
        check((2, 10), (1, 20), true);
        check((1, 20), (2, 10), false);
        check((2, 10), (2, 10), false);
        check((1, 20), (255, 10), true);
        check((1, 10), (255, 10), true);
        check((1, 9), (255, 10), false);
        check((255, 10), (1, 20), false);
        check((255, 10), (1, 10), false);
        check((255, 11), (1, 10), true);
        check((1, 5), (65_535, u32::MAX), true);
        check((128, 20), (255, 10), false);
        check((127, 20), (240, 10), false);
    }
}

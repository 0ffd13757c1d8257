//! RFC 6113 §5.1: PRF+ and KRB-FX-CF2, which combine keys.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::{CryptoError, EncryptionType, Key};

impl Key {
    /// PRF+ (RFC 6113 §5.1): `length` pseudo-random bytes derived from this key and `shared_info`.
    ///
    /// # Errors
    /// [`CryptoError::PrfPlusLength`] if the one-octet counter would overflow.
    pub fn prf_plus(
        &self,
        shared_info: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut out = Zeroizing::new(Vec::with_capacity(length.min(MAX_RESERVED)));
        // RFC 6113 §5.1: the input is preceded by the number of the block, from 1, in one octet,
        let mut input = Zeroizing::new([&[0], shared_info].concat());
        for counter in 1..=u8::MAX {
            if let Some(first) = input.first_mut() {
                *first = counter;
            }
            let block = self.prf(&input);
            let wanted = length - out.len();
            out.extend(block.iter().take(wanted));
            // and the excess of the last block is cut off.
            if out.len() == length {
                return Ok(out);
            }
        }
        Err(CryptoError::PrfPlusLength {
            asked: length,
            limit: out.len(),
        })
    }

    /// KRB-FX-CF2 (RFC 6113 §5.1): combines both keys into a new one of this key's type.
    ///
    /// # Errors
    /// None with the supported types. The result type allows for types with longer seeds.
    ///
    /// # Example
    /// ```
    /// use kerberos_crypto::{EncryptionType, Key};
    /// let etype = EncryptionType::AES128_CTS_HMAC_SHA1_96;
    /// let subkey = Key::from_bytes(etype, &[1; 16])?;
    /// let session = Key::from_bytes(etype, &[2; 16])?;
    /// let armor = subkey.cf2(b"subkeyarmor", &session, b"ticketarmor")?;
    /// assert_eq!(armor.etype(), etype);
    /// # Ok::<(), kerberos_crypto::CryptoError>(())
    /// ```
    pub fn cf2(&self, pepper1: &[u8], other: &Key, pepper2: &[u8]) -> Result<Key, CryptoError> {
        self.cf2_to(self.etype(), pepper1, other, pepper2)
    }

    /// KRB-FX-CF2 with a result of type `etype`.
    ///
    /// # Errors
    /// [`CryptoError::UnsupportedEtype`] if `etype` is not supported.
    pub fn cf2_to(
        &self,
        etype: EncryptionType,
        pepper1: &[u8],
        other: &Key,
        pepper2: &[u8],
    ) -> Result<Key, CryptoError> {
        let profile = etype
            .profile()
            .ok_or(CryptoError::UnsupportedEtype(etype))?;
        let mut mixed = self.prf_plus(pepper1, profile.seed_size())?;
        let second = other.prf_plus(pepper2, profile.seed_size())?;
        for (to, from) in mixed.iter_mut().zip(second.iter()) {
            *to ^= from;
        }
        Key::random_to_key(etype, &mixed)
    }
}

/// No caller needs more than this. A longer output grows as it is made.
const MAX_RESERVED: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DEFAULT_MAX_ITERATIONS;
    use crate::testing::hex;

    fn check(number: i32, expected: &str) {
        let make = |text: &[u8]| {
            let etype = EncryptionType(number);
            Key::from_password(etype, text, text, None, DEFAULT_MAX_ITERATIONS).unwrap()
        };
        let combined = make(b"key1").cf2(b"a", &make(b"key2"), b"b").unwrap();
        assert_eq!(
            combined.expose_bytes(),
            hex(expected),
            "{}",
            EncryptionType(number)
        );
    }

    #[test]
    fn rfc6113_appendix_a() {
        check(17, "97df97e4b798b29eb31ed7280287a92a");
        check(
            18,
            "4d6ca4e629785c1f01baf55e2e548566b9617ae3a96868c337cb93b5e72b1c7b",
        );
        check(16, "e58f9eb643862c13ad38e529313462a7f73e62834fe54a01");
        check(23, "24d7f6b6bae4e5c00d2082c5ebab3672");
    }

    #[test]
    fn cf2_matches_mit_for_rfc8009_enctypes() {
        check(19, "edd02a39d2dbde31611c16e610be062c");
        check(
            20,
            "67f6ea530aea85a37dcbb23349ea52dcc61ca8493ff557252327fd8304341584",
        );
    }

    #[test]
    fn prf_plus_output_is_limited_to_255_blocks() {
        let key = Key::from_bytes(EncryptionType(17), &[1; 16]).unwrap();
        assert_eq!(key.prf_plus(b"x", 0).unwrap().len(), 0);
        let all = key.prf_plus(b"x", 255 * 16).unwrap();
        assert_eq!(all[..16], key.prf(b"\x01x")[..]);
        assert_eq!(all[254 * 16..], key.prf(b"\xFFx")[..]);
        assert_eq!(
            key.prf_plus(b"x", 255 * 16 + 1).unwrap_err(),
            CryptoError::PrfPlusLength {
                asked: 255 * 16 + 1,
                limit: 255 * 16
            }
        );
    }

    #[test]
    fn cf2_to_derives_a_key_of_another_enctype() {
        let a = Key::from_bytes(EncryptionType(17), &[1; 16]).unwrap();
        let b = Key::from_bytes(EncryptionType(23), &[2; 16]).unwrap();
        let combined = a.cf2_to(EncryptionType(18), b"a", &b, b"b").unwrap();
        assert_eq!(combined.expose_bytes().len(), 32);
        assert_eq!(
            combined.expose_bytes()[..16],
            *a.cf2(b"a", &b, b"b").unwrap().expose_bytes()
        );
        assert!(a.cf2_to(EncryptionType(99), b"a", &b, b"b").is_err());
    }
}

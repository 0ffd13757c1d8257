//! `Repeatable`: reproducible random numbers (SplitMix64).

use core::convert::Infallible;

/// A source of random numbers that are determined by the seed. **For tests only**: nothing made
/// with it is secret.
///
/// # Example
/// ```
/// use kerberos_crypto::{EncryptionType, Key};
/// use kerberos_testkdc::Repeatable;
/// let etype = EncryptionType::AES256_CTS_HMAC_SHA1_96;
/// let key = |seed| Key::generate(etype, &mut Repeatable(seed)).map(|key| key.to_block());
/// assert_eq!(key(1)?.expose_bytes(), key(1)?.expose_bytes());
/// assert_ne!(key(1)?.expose_bytes(), key(2)?.expose_bytes());
/// # Ok::<(), kerberos_crypto::CryptoError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Repeatable(pub u64);

impl Repeatable {
    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `limit`, or 0 if `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let number = self.number().checked_rem(limit).unwrap_or_default();
        usize::try_from(number).unwrap_or_default()
    }
}

impl rand_core::TryRng for Repeatable {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let [a, b, c, d, ..] = self.number().to_be_bytes();
        Ok(u32::from_be_bytes([a, b, c, d]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.number())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            for (to, from) in chunk.iter_mut().zip(self.number().to_le_bytes()) {
                *to = from;
            }
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Repeatable {}

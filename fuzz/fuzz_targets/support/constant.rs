//! A source of "random" numbers that are constant.

/// Returns the same number again and again, so that honest runs are identical.
pub struct Constant;

impl rand_core::TryRng for Constant {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0x2a2a_2a2a)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0x2a2a_2a2a_2a2a_2a2a)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(0x2a);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Constant {}

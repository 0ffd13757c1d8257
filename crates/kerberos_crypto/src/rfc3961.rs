//! RFC 3961 §5: key derivation (DR, DK) and parts of the simplified profile.
//!
//! n-fold is in [`nfold`], triple DES (§6.3) in [`des3`], and the modified CRC-32 (§6.1.3) in
//! [`crc32`]. The parameters for AES and Camellia are in `rfc3962.rs` and `rfc6803.rs`.

pub(crate) mod crc32;
pub(crate) mod des3;
pub(crate) mod nfold;

use cipher::array::Array;
use cipher::consts::U16;
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser};
use digest::Mac;
use zeroize::{Zeroize, zeroize_stack};

use crate::profile::{Part, ScatteredKey, SealingKey, TruncatedMac, refuse};
use crate::{CryptoError, scatter};

/// DR(Key, Constant) of RFC 3961 §5.1: fills `out`, whose length is the k of the RFC.
///
/// The cipher mode does not matter, because each step encrypts a single block with the initial
/// state.
pub(crate) fn derive_random<C: BlockCipherEncrypt>(cipher: &C, constant: &[u8], out: &mut [u8]) {
    fill(cipher, constant, out);
    zeroize_stack::<LEFT_BEHIND>();
}

/// A separate function, so that everything it leaves on the stack is where [`derive_random`] wipes.
#[inline(never)]
fn fill<C: BlockCipherEncrypt>(cipher: &C, constant: &[u8], out: &mut [u8]) {
    let mut block = Array::<u8, C::BlockSize>::default();
    // RFC 3961 §5.1: a constant shorter than a block is folded to the length of a block. Folding
    // does not change a constant that already has that length.
    nfold::nfold(constant, &mut block);
    for chunk in out.chunks_mut(block.len()) {
        cipher.encrypt_block(&mut block);
        for (to, from) in chunk.iter_mut().zip(block.iter()) {
            *to = *from;
        }
    }
    block.as_mut_slice().zeroize();
}

/// How much of the stack to wipe because it may contain parts of the base key, which is often
/// derived from a password. If a processor encrypts several blocks at once (VAES), the cipher
/// spreads its round keys over a kilobyte, and the first two of them are the key.
const LEFT_BEHIND: usize = 4096;

/// The Ke and Ki of RFC 3961 §5.3 for a cipher with ciphertext stealing: the code covers confounder
/// and plaintext, and only those are encrypted.
pub(crate) struct CtsThenMac<C, M, const MAC_SIZE: usize> {
    pub(crate) cipher: C,
    pub(crate) mac: TruncatedMac<M, MAC_SIZE>,
}

/// A block cipher used with ciphertext stealing: AES or Camellia, with any key size.
pub(crate) trait CtsCipher:
    BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + Send + Sync
{
}

impl<C> CtsCipher for C where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + Send + Sync
{
}

/// The block size of AES and Camellia, which is also the length of the confounder.
pub(crate) const CTS_BLOCK: usize = 16;

impl<C, M, const MAC_SIZE: usize> SealingKey for CtsThenMac<C, M, MAC_SIZE>
where
    C: CtsCipher,
    M: Mac + Clone + Send + Sync,
{
    fn seal(&self, message: &mut [u8]) {
        let Some((text, code)) = split_trailer(message, MAC_SIZE) else {
            return;
        };
        let mut mac = self.mac.0.clone();
        crate::cts::encrypt_between(&self.cipher, text, |piece| mac.update(piece), |_| {});
        TruncatedMac::<M, MAC_SIZE>(mac).finish(code);
    }

    fn open(&self, header: &mut [u8], body: &mut [u8]) -> Result<usize, CryptoError> {
        let (text, code) = split_trailer(body, MAC_SIZE).ok_or(CryptoError::Decrypt)?;
        crate::cts::decrypt(&self.cipher, header, text);
        if !self.mac.check(header, text, code) {
            return Err(refuse(header, body));
        }
        Ok(text.len())
    }

    fn scattered(&self) -> Option<&dyn ScatteredKey> {
        Some(self)
    }
}

impl<C, M, const MAC_SIZE: usize> ScatteredKey for CtsThenMac<C, M, MAC_SIZE>
where
    C: CtsCipher,
    M: Mac + Clone + Send + Sync,
{
    fn seal(&self, confounder: &mut [u8], parts: &mut [Part<'_>], code: &mut [u8]) {
        self.mac.write_all(scatter::all(confounder, parts), code);
        scatter::encrypt(&self.cipher, confounder, parts);
    }

    fn open(
        &self,
        confounder: &mut [u8],
        parts: &mut [Part<'_>],
        code: &[u8],
    ) -> Result<(), CryptoError> {
        scatter::decrypt(&self.cipher, confounder, parts);
        if self.mac.check_all(scatter::all(confounder, parts), code) {
            return Ok(());
        }
        scatter::wipe(confounder, parts);
        Err(CryptoError::Decrypt)
    }
}

/// Splits off the last `size` bytes, the checksum.
pub(crate) fn split_trailer(message: &mut [u8], size: usize) -> Option<(&mut [u8], &mut [u8])> {
    let text = message.len().checked_sub(size)?;
    message.split_at_mut_checked(text)
}

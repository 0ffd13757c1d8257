//! RFC 6803: Camellia with CMAC, `camellia128-cts-cmac` and `camellia256-cts-cmac`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;

use camellia::{Camellia128, Camellia256};
use cipher::KeyInit;
use cmac::Cmac;
use digest::Mac;
use zeroize::{Zeroize, Zeroizing};

use crate::key_usage::Purpose;
use crate::pbkdf2_sha1::pbkdf2_sha1;
use crate::profile::{ChecksumKey, Layout, Profile, SealingKey, TruncatedMac, keyed};
use crate::rfc3961::{CTS_BLOCK, CtsCipher, CtsThenMac};
use crate::{ChecksumType, CryptoError, KeyUsage};

/// Camellia with a key of `KEY` bytes; `C` is the cipher of that size, `M` its CMAC.
pub(crate) struct CamelliaCmac<C, M, const KEY: usize> {
    /// The name used in the salt (RFC 6803 §4).
    name: &'static str,
    checksum_type: ChecksumType,
    primitives: PhantomData<fn() -> (C, M)>,
}

/// `camellia128-cts-cmac`.
pub(crate) static CAMELLIA128: CamelliaCmac<Camellia128, Cmac<Camellia128>, 16> = CamelliaCmac {
    name: "camellia128-cts-cmac",
    checksum_type: ChecksumType::CMAC_CAMELLIA128,
    primitives: PhantomData,
};
/// `camellia256-cts-cmac`.
pub(crate) static CAMELLIA256: CamelliaCmac<Camellia256, Cmac<Camellia256>, 32> = CamelliaCmac {
    name: "camellia256-cts-cmac",
    checksum_type: ChecksumType::CMAC_CAMELLIA256,
    primitives: PhantomData,
};

/// RFC 6803 §5: the code is that of the cipher, which is a whole block for all key sizes.
const MAC: usize = 16;

impl<C, M, const KEY: usize> Profile for CamelliaCmac<C, M, KEY>
where
    C: CtsCipher + KeyInit + 'static,
    M: Mac + KeyInit + Clone + Send + Sync + 'static,
{
    fn key_size(&self) -> usize {
        KEY
    }

    fn layout(&self) -> Layout {
        Layout::stealing(CTS_BLOCK, MAC)
    }

    fn checksum_type(&self) -> ChecksumType {
        self.checksum_type
    }

    fn checksum_size(&self) -> usize {
        MAC
    }

    /// RFC 6803 §4: eight times the count of RFC 3962.
    fn default_iterations(&self) -> Option<u32> {
        Some(32768)
    }

    /// RFC 6803 §4.
    fn string_to_key(
        &self,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let salt = [self.name.as_bytes(), &[0], salt].concat();
        let mut intermediate = Zeroizing::new([0; KEY]);
        pbkdf2_sha1(password, &salt, iterations, &mut *intermediate);
        let mut key = Zeroizing::new(alloc::vec![0; KEY]);
        derive_into::<M>(&*intermediate, b"kerberos", &mut key);
        Ok(key)
    }

    fn sealing_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn SealingKey> {
        let encryption = derive_key::<M, KEY>(key, &usage.constant(Purpose::Encryption));
        let integrity = derive_key::<M, KEY>(key, &usage.constant(Purpose::Integrity));
        Box::new(CtsThenMac::<C, M, MAC> {
            cipher: keyed(&*encryption),
            mac: TruncatedMac(keyed(&*integrity)),
        })
    }

    fn checksum_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn ChecksumKey> {
        let checksum = derive_key::<M, KEY>(key, &usage.constant(Purpose::Checksum));
        Box::new(TruncatedMac::<M, MAC>(keyed(&*checksum)))
    }

    /// RFC 6803 §6: `PRF = CMAC(KDF-FEEDBACK-CMAC(protocol-key, "prf"), octet-string)`.
    fn prf(&self, key: &[u8], input: &[u8]) -> Zeroizing<Vec<u8>> {
        let mac: M = keyed(&*derive_key::<M, KEY>(key, b"prf"));
        Zeroizing::new(mac.chain_update(input).finalize().into_bytes().to_vec())
    }
}

/// KDF-FEEDBACK-CMAC of RFC 6803 §3: `K(i) = CMAC(key, K(i-1) | i | constant | 0x00 | k)`.
fn derive_key<M: Mac + KeyInit + Clone, const KEY: usize>(
    key: &[u8],
    constant: &[u8],
) -> Zeroizing<[u8; KEY]> {
    let mut out = Zeroizing::new([0; KEY]);
    derive_into::<M>(key, constant, &mut *out);
    out
}

/// The same, written to `out`: returning an array would leave a copy on the stack.
fn derive_into<M: Mac + KeyInit + Clone>(key: &[u8], constant: &[u8], out: &mut [u8]) {
    let mac: M = keyed(key);
    // k, the length in bits: 128 or 256.
    let bits = if out.len() == 32 { 256_u32 } else { 128 };
    let mut previous = Zeroizing::new([0; MAC]);
    for (counter, chunk) in (1_u32..).zip(out.chunks_mut(MAC)) {
        let mut code = mac
            .clone()
            .chain_update(*previous)
            .chain_update(counter.to_be_bytes())
            .chain_update(constant)
            .chain_update([0])
            .chain_update(bits.to_be_bytes())
            .finalize()
            .into_bytes();
        for ((to, kept), from) in chunk.iter_mut().zip(previous.iter_mut()).zip(code.iter()) {
            *to = *from;
            *kept = *from;
        }
        code.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests;

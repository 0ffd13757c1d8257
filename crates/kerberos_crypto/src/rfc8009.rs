//! RFC 8009: AES with HMAC-SHA2, `aes128-cts-hmac-sha256-128` and `aes256-cts-hmac-sha384-192`.
//!
//! Unlike in the older types, the code covers the ciphertext, so nothing is decrypted before it is
//! verified.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;

use aes::{Aes128, Aes256};
use cipher::KeyInit;
use digest::Mac;
use hmac::Hmac;
use sha2::{Sha256, Sha384};
use zeroize::{Zeroize, Zeroizing};

use crate::key_usage::Purpose;
use crate::profile::{
    ChecksumKey, Layout, Part, Profile, ScatteredKey, SealingKey, TruncatedMac, keyed,
};
use crate::rfc3961::{CTS_BLOCK, CtsCipher, split_trailer};
use crate::{ChecksumType, CryptoError, KeyUsage, scatter};

/// AES-SHA2 with a key of `KEY` bytes and codes of `MAC` bytes; `C` is the cipher, `M` the HMAC.
pub(crate) struct AesSha2<C, M, const KEY: usize, const MAC: usize> {
    /// The name used in the salt (RFC 8009 §4).
    name: &'static str,
    checksum_type: ChecksumType,
    /// PBKDF2 with the hash function of `M`.
    pbkdf2: fn(&[u8], &[u8], u32, &mut [u8]),
    primitives: PhantomData<fn() -> (C, M)>,
}

/// `aes128-cts-hmac-sha256-128`.
pub(crate) static AES128: AesSha2<Aes128, Hmac<Sha256>, 16, 16> = AesSha2 {
    name: "aes128-cts-hmac-sha256-128",
    checksum_type: ChecksumType::HMAC_SHA256_128_AES128,
    pbkdf2: pbkdf2::pbkdf2_hmac::<Sha256>,
    primitives: PhantomData,
};
/// `aes256-cts-hmac-sha384-192`.
pub(crate) static AES256: AesSha2<Aes256, Hmac<Sha384>, 32, 24> = AesSha2 {
    name: "aes256-cts-hmac-sha384-192",
    checksum_type: ChecksumType::HMAC_SHA384_192_AES256,
    pbkdf2: pbkdf2::pbkdf2_hmac::<Sha384>,
    primitives: PhantomData,
};

impl<C, M, const KEY: usize, const MAC: usize> Profile for AesSha2<C, M, KEY, MAC>
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

    /// RFC 8009 §4: the count if the KDC states none.
    fn default_iterations(&self) -> Option<u32> {
        Some(32768)
    }

    /// RFC 8009 §4.
    fn string_to_key(
        &self,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let salt = [self.name.as_bytes(), &[0], salt].concat();
        let mut intermediate = Zeroizing::new([0; KEY]);
        (self.pbkdf2)(password, &salt, iterations, &mut *intermediate);
        // Not an array, because returning one would leave a copy on the stack.
        let mut key = Zeroizing::new(alloc::vec![0; KEY]);
        kdf::<M>(&*intermediate, b"kerberos", &[], &mut key);
        Ok(key)
    }

    fn sealing_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn SealingKey> {
        let encryption = derive::<M, KEY>(key, &usage.constant(Purpose::Encryption));
        let integrity = derive::<M, MAC>(key, &usage.constant(Purpose::Integrity));
        Box::new(CtsThenMacOfCiphertext::<C, M, MAC> {
            cipher: keyed(&*encryption),
            // The code also covers the cipher state, which is always the initial one.
            mac: TruncatedMac(keyed::<M>(&*integrity).chain_update([0; CTS_BLOCK])),
        })
    }

    fn checksum_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn ChecksumKey> {
        let checksum = derive::<M, MAC>(key, &usage.constant(Purpose::Checksum));
        Box::new(TruncatedMac::<M, MAC>(keyed(&*checksum)))
    }

    /// RFC 8009 §5: KDF-HMAC-SHA2 with the input as context and the full length of the hash.
    fn prf(&self, key: &[u8], input: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(alloc::vec![0; M::output_size()]);
        kdf::<M>(key, b"prf", input, &mut out);
        out
    }
}

/// Ke and Ki. Ki has already been fed the initial cipher state.
struct CtsThenMacOfCiphertext<C, M, const MAC: usize> {
    cipher: C,
    mac: TruncatedMac<M, MAC>,
}

impl<C, M, const MAC: usize> SealingKey for CtsThenMacOfCiphertext<C, M, MAC>
where
    C: CtsCipher,
    M: Mac + Clone + Send + Sync,
{
    fn seal(&self, message: &mut [u8]) {
        let Some((text, code)) = split_trailer(message, MAC) else {
            return;
        };
        let mut mac = self.mac.0.clone();
        crate::cts::encrypt_between(&self.cipher, text, |_| {}, |piece| mac.update(piece));
        TruncatedMac::<M, MAC>(mac).finish(code);
    }

    fn open(&self, header: &mut [u8], body: &mut [u8]) -> Result<usize, CryptoError> {
        let (text, code) = split_trailer(body, MAC).ok_or(CryptoError::Decrypt)?;
        if !self.mac.check(header, text, code) {
            return Err(CryptoError::Decrypt);
        }
        crate::cts::decrypt(&self.cipher, header, text);
        Ok(text.len())
    }

    fn scattered(&self) -> Option<&dyn ScatteredKey> {
        Some(self)
    }
}

impl<C, M, const MAC: usize> ScatteredKey for CtsThenMacOfCiphertext<C, M, MAC>
where
    C: CtsCipher,
    M: Mac + Clone + Send + Sync,
{
    fn seal(&self, confounder: &mut [u8], parts: &mut [Part<'_>], code: &mut [u8]) {
        scatter::encrypt(&self.cipher, confounder, parts);
        self.mac.write_all(scatter::all(confounder, parts), code);
    }

    fn open(
        &self,
        confounder: &mut [u8],
        parts: &mut [Part<'_>],
        code: &[u8],
    ) -> Result<(), CryptoError> {
        if !self.mac.check_all(scatter::all(confounder, parts), code) {
            return Err(CryptoError::Decrypt);
        }
        scatter::decrypt(&self.cipher, confounder, parts);
        Ok(())
    }
}

fn derive<M: Mac + KeyInit, const SIZE: usize>(key: &[u8], label: &[u8]) -> Zeroizing<[u8; SIZE]> {
    let mut out = Zeroizing::new([0; SIZE]);
    kdf::<M>(key, label, &[], &mut *out);
    out
}

/// KDF-HMAC-SHA2 of RFC 8009 §3: `HMAC(key, 0x00000001 | label | 0x00 | [context |] k)`, truncated
/// to the length of `out`, which is at most that of the hash.
fn kdf<M: Mac + KeyInit>(key: &[u8], label: &[u8], context: &[u8], out: &mut [u8]) {
    let bits = u32::try_from(out.len() * 8).unwrap_or(u32::MAX);
    let mut code = keyed::<M>(key)
        .chain_update(1_u32.to_be_bytes())
        .chain_update(label)
        .chain_update([0])
        .chain_update(context)
        .chain_update(bits.to_be_bytes())
        .finalize()
        .into_bytes();
    for (to, from) in out.iter_mut().zip(code.iter()) {
        *to = *from;
    }
    code.as_mut_slice().zeroize();
}

#[cfg(test)]
mod tests;

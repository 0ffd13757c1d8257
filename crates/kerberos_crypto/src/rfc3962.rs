//! RFC 3962: AES with HMAC-SHA1, `aes128-cts-hmac-sha1-96` and `aes256-cts-hmac-sha1-96`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;

use cipher::{BlockCipherEncrypt, KeyInit};
use digest::Digest;
use hmac::Hmac;
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::key_usage::Purpose;
use crate::pbkdf2_sha1::pbkdf2_sha1;
use crate::profile::{ChecksumKey, Layout, Profile, SealingKey, TruncatedMac, keyed};
use crate::rfc3961::{CTS_BLOCK, CtsCipher, CtsThenMac, derive_random};
use crate::{ChecksumType, CryptoError, KeyUsage};

/// AES-SHA1 with a key of `KEY` bytes; `C` is the AES of that size.
pub(crate) struct AesSha1<C, const KEY: usize> {
    checksum_type: ChecksumType,
    cipher: PhantomData<fn() -> C>,
}

/// `aes128-cts-hmac-sha1-96`.
pub(crate) static AES128: AesSha1<aes::Aes128, 16> = AesSha1 {
    checksum_type: ChecksumType::HMAC_SHA1_96_AES128,
    cipher: PhantomData,
};
/// `aes256-cts-hmac-sha1-96`.
pub(crate) static AES256: AesSha1<aes::Aes256, 32> = AesSha1 {
    checksum_type: ChecksumType::HMAC_SHA1_96_AES256,
    cipher: PhantomData,
};

/// RFC 3962 §6: HMAC-SHA1 is truncated to 96 bits.
const MAC: usize = 12;

impl<C, const KEY: usize> Profile for AesSha1<C, KEY>
where
    C: CtsCipher + KeyInit + 'static,
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

    /// RFC 3962 §4: 0x1000 if the KDC states no number.
    fn default_iterations(&self) -> Option<u32> {
        Some(4096)
    }

    /// RFC 3962 §4: `key = DK(tkey, "kerberos")` where `tkey` is PBKDF2's output.
    fn string_to_key(
        &self,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut intermediate = Zeroizing::new([0; KEY]);
        pbkdf2_sha1(password, salt, iterations, &mut *intermediate);
        let mut key = Zeroizing::new(alloc::vec![0; KEY]);
        derive_into::<C>(&*intermediate, b"kerberos", &mut key);
        Ok(key)
    }

    fn sealing_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn SealingKey> {
        let encryption = derive_key::<C, KEY>(key, &usage.constant(Purpose::Encryption));
        let integrity = derive_key::<C, KEY>(key, &usage.constant(Purpose::Integrity));
        Box::new(CtsThenMac::<C, Hmac<Sha1>, MAC> {
            cipher: keyed(&*encryption),
            mac: TruncatedMac(keyed(&*integrity)),
        })
    }

    fn checksum_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn ChecksumKey> {
        let checksum = derive_key::<C, KEY>(key, &usage.constant(Purpose::Checksum));
        Box::new(TruncatedMac::<Hmac<Sha1>, MAC>(keyed(&*checksum)))
    }

    /// RFC 3961 §5.3: the hash truncated to whole blocks, encrypted with DK(key, "prf").
    fn prf(&self, key: &[u8], input: &[u8]) -> Zeroizing<Vec<u8>> {
        let cipher: C = keyed(&*derive_key::<C, KEY>(key, b"prf"));
        let mut out = Zeroizing::new(Sha1::digest(input).to_vec());
        out.truncate(CTS_BLOCK);
        crate::cts::encrypt(&cipher, &mut out);
        out
    }
}

/// DK of RFC 3961 §5.1; random-to-key is the identity.
fn derive_key<C: BlockCipherEncrypt + KeyInit, const KEY: usize>(
    key: &[u8],
    constant: &[u8],
) -> Zeroizing<[u8; KEY]> {
    let mut out = Zeroizing::new([0; KEY]);
    derive_into::<C>(key, constant, &mut *out);
    out
}

/// The same, written to `out`: returning an array would leave a copy on the stack.
fn derive_into<C: BlockCipherEncrypt + KeyInit>(key: &[u8], constant: &[u8], out: &mut [u8]) {
    derive_random(&keyed::<C>(key), constant, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    fn check(iterations: u32, password: &str, salt: &[u8], aes128: &str, aes256: &str) {
        let (password, context) = (password.as_bytes(), (iterations, password));
        let key = AES128.string_to_key(password, salt, iterations).unwrap();
        assert_eq!(*key, hex(aes128), "128 bits, {context:?}");
        let key = AES256.string_to_key(password, salt, iterations).unwrap();
        assert_eq!(*key, hex(aes256), "256 bits, {context:?}");
    }

    #[test]
    fn rfc3962_appendix_b_string_to_key() {
        let raeburn = b"ATHENA.MIT.EDUraeburn";
        check(
            1,
            "password",
            raeburn,
            "42263c6e89f4fc28b8df68ee09799f15",
            "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
        );
        check(
            2,
            "password",
            raeburn,
            "c651bf29e2300ac27fa469d693bdda13",
            "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff",
        );
        check(
            1200,
            "password",
            raeburn,
            "4c01cd46d632d01e6dbe230a01ed642a",
            "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a",
        );
        check(
            5,
            "password",
            &hex("1234567878563412"),
            "e9b23d52273747dd5c35cb55be619d8e",
            "97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31",
        );
        check(
            1200,
            &"X".repeat(64),
            b"pass phrase equals block size",
            "59d1bb789a828b1aa54ef9c2883f69ed",
            "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34",
        );
        check(
            1200,
            &"X".repeat(65),
            b"pass phrase exceeds block size",
            "cb8005dc5f90179a7f02104c0018751d",
            "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b",
        );
        check(
            50,
            "\u{1D11E}",
            b"EXAMPLE.COMpianist",
            "f149c1f2e154a73452d43e7fe62a56e5",
            "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e",
        );
    }
}

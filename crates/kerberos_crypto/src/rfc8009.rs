//! RFC 8009: AES with HMAC-SHA2, `aes128-cts-hmac-sha256-128` and `aes256-cts-hmac-sha384-192`.
//!
//! Unlike the older types the code is made over the ciphertext, so nothing is decrypted before
//! it is verified.

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
    /// The name that goes into the salt (RFC 8009 §4).
    name: &'static str,
    checksum_type: ChecksumType,
    /// PBKDF2 with the hash of `M`.
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

    /// RFC 8009 §4: what counts where the KDC names no number.
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
        // Not an array that is returned: that leaves a copy on the stack.
        let mut key = Zeroizing::new(alloc::vec![0; KEY]);
        kdf::<M>(&*intermediate, b"kerberos", &[], &mut key);
        Ok(key)
    }

    fn sealing_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn SealingKey> {
        let encryption = derive::<M, KEY>(key, &usage.constant(Purpose::Encryption));
        let integrity = derive::<M, MAC>(key, &usage.constant(Purpose::Integrity));
        Box::new(CtsThenMacOfCiphertext::<C, M, MAC> {
            cipher: keyed(&*encryption),
            // The cipher state is part of what the code covers; it is always the initial one.
            mac: TruncatedMac(keyed::<M>(&*integrity).chain_update([0; CTS_BLOCK])),
        })
    }

    fn checksum_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn ChecksumKey> {
        let checksum = derive::<M, MAC>(key, &usage.constant(Purpose::Checksum));
        Box::new(TruncatedMac::<M, MAC>(keyed(&*checksum)))
    }

    /// RFC 8009 §5: KDF-HMAC-SHA2 with the input as context, the whole width of the hash.
    fn prf(&self, key: &[u8], input: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(alloc::vec![0; M::output_size()]);
        kdf::<M>(key, b"prf", input, &mut out);
        out
    }
}

/// Ke and Ki, the latter with the initial cipher state already fed.
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

/// KDF-HMAC-SHA2 of RFC 8009 §3: `HMAC(key, 0x00000001 | label | 0x00 | [context |] k)`, cut to
/// the length of `out`, which is at most that of the hash.
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
mod tests {
    use super::*;
    use crate::testing::{FixedRng, hex};
    use crate::{EncryptionType, Key};

    const BASE128: &str = "3705D96080C17728A0E800EAB6E0D23C";
    const BASE256: &str = "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52";

    fn key(base: &str) -> Key {
        let etype = match base {
            BASE128 => EncryptionType::AES128_CTS_HMAC_SHA256_128,
            _ => EncryptionType::AES256_CTS_HMAC_SHA384_192,
        };
        Key::from_bytes(etype, &hex(base)).unwrap()
    }

    #[test]
    fn rfc8009_string_to_key() {
        let salt = [
            &hex("10DF9DD783E5BC8ACEA1730E74355F61")[..],
            b"ATHENA.MIT.EDUraeburn",
        ]
        .concat();
        let check = |profile: &dyn Profile, expected: &str| {
            let key = profile.string_to_key(b"password", &salt, 32768).unwrap();
            assert_eq!(*key, hex(expected));
        };
        check(&AES128, "089BCA48B105EA6EA77CA5D2F39DC5E7");
        check(
            &AES256,
            "45BD806DBF6A833A9CFFC1C94589A222367A79BC21C413718906E9F578A78467",
        );
    }

    #[test]
    fn rfc8009_key_derivation() {
        let base = hex(BASE128);
        let check = |label: &str, expected: &str| {
            let derived = derive::<Hmac<Sha256>, 16>(&base, &hex(label));
            assert_eq!(derived.as_slice(), hex(expected), "{label}");
        };
        check("0000000299", "B31A018A48F54776F403E9A396325DC3");
        check("00000002AA", "9B197DD1E8C5609D6E67C3E37C62C72E");
        check("0000000255", "9FDA0E56AB2D85E1569A688696C26A6C");

        let base = hex(BASE256);
        let check = |label: &str, expected: &str| {
            let expected = hex(expected);
            let mut derived = alloc::vec![0; expected.len()];
            kdf::<Hmac<Sha384>>(&base, &hex(label), &[], &mut derived);
            assert_eq!(derived, expected, "{label}");
        };
        check(
            "0000000299",
            "EF5718BE86CC84963D8BBB5031E9F5C4BA41F28FAF69E73D",
        );
        check(
            "00000002AA",
            "56AB22BEE63D82D7BC5227F6773F8EA7A5EB1C825160C38312980C442E5C7E49",
        );
        check(
            "0000000255",
            "69B16514E3CD8E56B82010D5C73012B622C4D00FFC23ED1F",
        );
    }

    fn check_encryption(base: &str, length: u8, confounder: &str, expected: &str) {
        let text: Vec<u8> = (0..length).collect();
        let sealed = key(base).encrypt(KeyUsage(2), &text, &mut FixedRng::new(&hex(confounder)));
        assert_eq!(sealed, hex(expected), "{length} bytes");
        assert_eq!(&*key(base).decrypt(KeyUsage(2), &sealed).unwrap(), text);
    }

    #[test]
    fn rfc8009_encryption() {
        check_encryption(
            BASE128,
            0,
            "7E5895EAF2672435BAD817F545A37148",
            "EF85FB890BB8472F4DAB20394DCA781DAD877EDA39D50C870C0D5A0A8E48C718",
        );
        check_encryption(
            BASE128,
            6,
            "7BCA285E2FD4130FB55B1A5C83BC5B24",
            "84D7F30754ED987BAB0BF3506BEB09CFB55402CEF7E6877CE99E247E52D16ED4421DFDF8976C",
        );
        check_encryption(
            BASE128,
            16,
            "56AB21713FF62C0A1457200F6FA9948F",
            "3517D640F50DDC8AD3628722B3569D2AE07493FA8263254080EA65C1008E8FC2\
             95FB4852E7D83E1E7C48C37EEBE6B0D3",
        );
        check_encryption(
            BASE128,
            21,
            "A7A4E29A4728CE10664FB64E49AD3FAC",
            "720F73B18D9859CD6CCB4346115CD336C70F58EDC0C4437C5573544C31C813BC\
             E1E6D072C186B39A413C2F92CA9B8334A287FFCBFC",
        );
        check_encryption(
            BASE256,
            0,
            "F764E9FA15C276478B2C7D0C4E5F58E4",
            "41F53FA5BFE7026D91FAF9BE959195A058707273A96A40F0A01960621AC61274\
             8B9BBFBE7EB4CE3C",
        );
        check_encryption(
            BASE256,
            6,
            "B80D3251C1F6471494256FFE712D0B9A",
            "4ED7B37C2BCAC8F74F23C1CF07E62BC7B75FB3F637B9F559C7F664F69EAB7B60\
             92237526EA0D1F61CB20D69D10F2",
        );
        check_encryption(
            BASE256,
            16,
            "53BF8A0D105265D4E276428624CE5E63",
            "BC47FFEC7998EB91E8115CF8D19DAC4BBBE2E163E87DD37F49BECA92027764F6\
             8CF51F14D798C2273F35DF574D1F932E40C4FF255B36A266",
        );
        check_encryption(
            BASE256,
            21,
            "763E65367E864F02F55153C7E3B58AF1",
            "40013E2DF58E8751957D2878BCD2D6FE101CCFD556CB1EAE79DB3C3EE86429F2\
             B2A602AC86FEF6ECB647D6295FAE077A1FEB517508D2C16B4192E01F62",
        );
    }

    #[test]
    fn rfc8009_checksums() {
        let data: Vec<u8> = (0..=0x14).collect();
        let check = |base: &str, expected: &str| {
            assert_eq!(key(base).checksum(KeyUsage(2), &data), hex(expected));
        };
        check(BASE128, "D78367186643D67B411CBA9139FC1DEE");
        check(BASE256, "45EE791567EEFCA37F4AC1E0222DE80D43C3BFA06699672A");
    }
}

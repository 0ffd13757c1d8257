//! Triple DES with key derivation (RFC 3961 §6.3), `des3-cbc-sha1`; deprecated by RFC 8429.
//!
//! Plaintexts are padded with zeros to whole blocks. As in other implementations, decryption does
//! not remove the padding, because ASN.1 tells where its value ends.

use alloc::boxed::Box;
use alloc::vec::Vec;

use cipher::array::Array;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit};
use des::TdesEde3;
use digest::Digest;
use hmac::Hmac;
use sha1::Sha1;
use zeroize::{Zeroize, Zeroizing};

use super::nfold::nfold;
use super::{derive_random, split_trailer};
use crate::key_usage::Purpose;
use crate::profile::{
    ChecksumKey, Layout, Profile, ScatteredKey, SealingKey, TruncatedMac, keyed, refuse,
};
use crate::{ChecksumType, CryptoError, KeyUsage};

/// `des3-cbc-sha1`.
pub(crate) struct Des3;

const KEY: usize = 24;
const SEED: usize = 21;
const BLOCK: usize = 8;
const MAC: usize = 20;

type DesBlock = Array<u8, cipher::consts::U8>;

impl Profile for Des3 {
    fn key_size(&self) -> usize {
        KEY
    }

    fn seed_size(&self) -> usize {
        SEED
    }

    fn layout(&self) -> Layout {
        Layout {
            prefix: 0,
            confounder: BLOCK,
            block: BLOCK,
            trailer: MAC,
        }
    }

    fn checksum_type(&self) -> ChecksumType {
        ChecksumType::HMAC_SHA1_DES3_KD
    }

    fn checksum_size(&self) -> usize {
        MAC
    }

    /// RFC 3961 §6.3.1, DES3string-to-key.
    fn string_to_key(
        &self,
        password: &[u8],
        salt: &[u8],
        _iterations: u32,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let text = Zeroizing::new([password, salt].concat());
        let mut seed = Zeroizing::new([0; SEED]);
        nfold(&text, &mut *seed);
        let mut intermediate = Zeroizing::new([0; KEY]);
        random_to_key(&seed, &mut *intermediate);
        let mut key = Zeroizing::new(alloc::vec![0; KEY]);
        derive_into(&*intermediate, b"kerberos", &mut key);
        Ok(key)
    }

    fn random_to_key(&self, seed: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut fixed = Zeroizing::new([0; SEED]);
        for (to, from) in fixed.iter_mut().zip(seed) {
            *to = *from;
        }
        let mut key = Zeroizing::new(alloc::vec![0; KEY]);
        random_to_key(&fixed, &mut key);
        key
    }

    fn sealing_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn SealingKey> {
        let encryption = derive_key(key, &usage.constant(Purpose::Encryption));
        let integrity = derive_key(key, &usage.constant(Purpose::Integrity));
        Box::new(CbcThenMac {
            cipher: keyed(&*encryption),
            mac: TruncatedMac(keyed(&*integrity)),
        })
    }

    fn checksum_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn ChecksumKey> {
        let checksum = derive_key(key, &usage.constant(Purpose::Checksum));
        Box::new(TruncatedMac::<Hmac<Sha1>, MAC>(keyed(&*checksum)))
    }

    /// RFC 3961 §5.3, as interpreted in RFC 6113 appendix A: des3-cbc(trunc128(sha-1(input))).
    fn prf(&self, key: &[u8], input: &[u8]) -> Zeroizing<Vec<u8>> {
        let cipher: TdesEde3 = keyed(&*derive_key(key, b"prf"));
        let mut out = Zeroizing::new(Sha1::digest(input).to_vec());
        out.truncate(2 * BLOCK);
        encrypt_cbc(&cipher, &mut out);
        out
    }
}

/// Ke and Ki: plain CBC, and a code that covers confounder, plaintext and padding.
struct CbcThenMac {
    cipher: TdesEde3,
    mac: TruncatedMac<Hmac<Sha1>, MAC>,
}

impl SealingKey for CbcThenMac {
    fn seal(&self, message: &mut [u8]) {
        let Some((text, code)) = split_trailer(message, MAC) else {
            return;
        };
        self.mac.write(text, code);
        encrypt_cbc(&self.cipher, text);
    }

    fn open(&self, header: &mut [u8], body: &mut [u8]) -> Result<usize, CryptoError> {
        let (text, code) = split_trailer(body, MAC).ok_or(CryptoError::Decrypt)?;
        let mut cbc = cbc::Decryptor::inner_iv_init(&self.cipher, &DesBlock::default());
        cbc.decrypt_blocks(DesBlock::slice_as_chunks_mut(header).0);
        cbc.decrypt_blocks(DesBlock::slice_as_chunks_mut(text).0);
        if !self.mac.check(header, text, code) {
            return Err(refuse(header, body));
        }
        Ok(text.len())
    }

    fn scattered(&self) -> Option<&dyn ScatteredKey> {
        None
    }
}

fn encrypt_cbc(cipher: &TdesEde3, text: &mut [u8]) {
    let (blocks, _) = DesBlock::slice_as_chunks_mut(text);
    cbc::Encryptor::inner_iv_init(cipher, &DesBlock::default()).encrypt_blocks(blocks);
}

/// DK of RFC 3961 §5.1.
fn derive_key(key: &[u8], constant: &[u8]) -> Zeroizing<[u8; KEY]> {
    let mut out = Zeroizing::new([0; KEY]);
    derive_into(key, constant, &mut *out);
    out
}

/// The same, written to `out`: returning an array would leave a copy on the stack.
fn derive_into(key: &[u8], constant: &[u8], out: &mut [u8]) {
    let mut seed = Zeroizing::new([0; SEED]);
    derive_random(&keyed::<TdesEde3>(key), constant, &mut *seed);
    random_to_key(&seed, out);
}

/// DES3random-to-key of RFC 3961 §6.3.1: each 56 bits become 64 with parity.
fn random_to_key(seed: &[u8; SEED], key: &mut [u8]) {
    let (groups, _) = seed.as_chunks::<7>();
    let (des_keys, _) = key.as_chunks_mut::<BLOCK>();
    for (group, des_key) in groups.iter().zip(des_keys) {
        // The eighth octet consists of the seven bits displaced by parity, the last of them first:
        // "56 48 40 32 24 16 8 p".
        let mut last = 0;
        for (place, (&bits, to)) in group.iter().zip(des_key.iter_mut()).enumerate() {
            *to = bits;
            last |= (bits & 1) << (place + 1);
        }
        let [.., eighth] = des_key;
        *eighth = last;
        correct(des_key);
        last.zeroize();
    }
}

/// key_correction of RFC 3961 §6.2: fixes the parity, and avoids weak and semi-weak keys.
fn correct(key: &mut [u8; BLOCK]) {
    for byte in key.iter_mut() {
        let parity = (*byte >> 1).count_ones() % 2 == 0;
        *byte = *byte & 0xFE | u8::from(parity);
    }
    if WEAK_KEYS.contains(&u64::from_be_bytes(*key)) {
        let [.., last] = key;
        *last ^= 0xF0;
    }
}

/// The weak and semi-weak DES keys, with parity.
const WEAK_KEYS: [u64; 16] = [
    0x0101_0101_0101_0101,
    0xFEFE_FEFE_FEFE_FEFE,
    0xE0E0_E0E0_F1F1_F1F1,
    0x1F1F_1F1F_0E0E_0E0E,
    0x011F_011F_010E_010E,
    0x1F01_1F01_0E01_0E01,
    0x01E0_01E0_01F1_01F1,
    0xE001_E001_F101_F101,
    0x01FE_01FE_01FE_01FE,
    0xFE01_FE01_FE01_FE01,
    0x1FE0_1FE0_0EF1_0EF1,
    0xE01F_E01F_F10E_F10E,
    0x1FFE_1FFE_0EFE_0EFE,
    0xFE1F_FE1F_FE0E_FE0E,
    0xE0FE_E0FE_F1FE_F1FE,
    0xFEE0_FEE0_FEF1_FEF1,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    fn check_derivation(key: &str, constant: &str, random: &str, derived: &str) {
        let (key, constant) = (hex(key), hex(constant));
        let mut out = [0; SEED];
        derive_random(&keyed::<TdesEde3>(&key), &constant, &mut out);
        assert_eq!(out.as_slice(), hex(random), "DR");
        assert_eq!(derive_key(&key, &constant).as_slice(), hex(derived), "DK");
    }

    #[test]
    fn rfc3961_appendix_a_3_key_derivation() {
        check_derivation(
            "dce06b1f64c857a11c3db57c51899b2cc1791008ce973b92",
            "0000000155",
            "935079d14490a75c3093c4a6e8c3b049c71e6ee705",
            "925179d04591a79b5d3192c4a7e9c289b049c71f6ee604cd",
        );
        check_derivation(
            "5e13d31c70ef765746578531cb51c15bf11ca82c97cee9f2",
            "00000001aa",
            "9f58e5a047d894101c469845d67ae3c5249ed812f2",
            "9e58e5a146d9942a101c469845d67a20e3c4259ed913f207",
        );
        check_derivation(
            "98e6fd8a04a4b6859b75a176540b9752bad3ecd610a252bc",
            "0000000155",
            "12fff90c773f956d13fc2ca0d0840349dbd39908eb",
            "13fef80d763e94ec6d13fd2ca1d085070249dad39808eabf",
        );
        check_derivation(
            "622aec25a2fe2cad7094680b7c64940280084c1a7cec92b5",
            "00000001aa",
            "f8debf05b097e7dc0603686aca35d91fd9a5516a70",
            "f8dfbf04b097e6d9dc0702686bcb3489d91fd9a4516b703e",
        );
        check_derivation(
            "d3f8298ccb166438dcb9b93ee5a7629286a491f838f802fb",
            "6b65726265726f73",
            "2270db565d2a3d64cfbfdc5305d4f778a6de42d9da",
            "2370da575d2a3da864cebfdc5204d56df779a7df43d9da43",
        );
        check_derivation(
            "c1081649ada74362e6a1459d01dfd30d67c2234c940704da",
            "0000000155",
            "348056ec98fcc517171d2b4d7a9493af482d999175",
            "348057ec98fdc48016161c2a4c7a943e92ae492c989175f7",
        );
        check_derivation(
            "5d154af238f46713155719d55e2f1f790dd661f279a7917c",
            "00000001aa",
            "a8818bc367dadacbe9a6c84627fb60c294b01215e5",
            "a8808ac267dada3dcbe9a7c84626fbc761c294b01315e5c1",
        );
        check_derivation(
            "798562e049852f57dc8c343ba17f2ca1d97394efc8adc443",
            "0000000155",
            "c813f88b3be2b2f75424ce9175fbc8483b88c8713a",
            "c813f88a3be3b334f75425ce9175fbe3c8493b89c8703b49",
        );
        check_derivation(
            "26dce334b545292f2feab9a8701a89a4b99eb9942cecd016",
            "00000001aa",
            "f58efc6f83f93e55e695fd252cf8fe59f7d5ba37ec",
            "f48ffd6e83f83e7354e694fd252cf83bfe58f7d5ba37ec5d",
        );
    }

    fn check_string_to_key(password: &str, salt: &str, expected: &str) {
        let key = Des3
            .string_to_key(password.as_bytes(), salt.as_bytes(), 0)
            .unwrap();
        assert_eq!(*key, hex(expected), "{password} {salt}");
    }

    #[test]
    fn rfc3961_appendix_a_4_string_to_key() {
        check_string_to_key(
            "password",
            "ATHENA.MIT.EDUraeburn",
            "850bb51358548cd05e86768c313e3bfef7511937dcf72c3e",
        );
        check_string_to_key(
            "potatoe",
            "WHITEHOUSE.GOVdanny",
            "dfcd233dd0a43204ea6dc437fb15e061b02979c1f74f377a",
        );
        check_string_to_key(
            "penny",
            "EXAMPLE.COMbuckaroo",
            "6d2fcdf2d6fbbc3ddcadb5da5710a23489b0d3b69d5d9d4a",
        );
        check_string_to_key(
            "\u{DF}",
            "ATHENA.MIT.EDUJuri\u{161}i\u{107}",
            "16d5a40e1ce3bacb61b9dce00470324c831973a7b952feb0",
        );
        check_string_to_key(
            "\u{1D11E}",
            "EXAMPLE.COMpianist",
            "85763726585dbc1cce6ec43e1f751f07f1c4cbb098f40b19",
        );
    }

    #[test]
    fn random_to_key_corrects_weak_des_keys() {
        // A seed of zeros would make three keys 0101010101010101, which are weak.
        let mut key = [0; KEY];
        random_to_key(&[0; SEED], &mut key);
        assert_eq!(key.as_slice(), hex("01010101010101f1").repeat(3));
    }
}

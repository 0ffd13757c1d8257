//! RFC 4757: RC4 with HMAC-MD5, `arcfour-hmac`. Deprecated by RFC 8429, but still used by Windows.
//!
//! The key is the MD4 hash of the password in UTF-16, without salt and iterations.

use alloc::boxed::Box;
use alloc::vec::Vec;

use digest::{Digest, Mac};
use hmac::Hmac;
use md4::Md4;
use md5::Md5;
use rc4::{Rc4, StreamCipher};
use sha1::Sha1;
use zeroize::{Zeroize, Zeroizing};

use crate::profile::{ChecksumKey, Layout, Profile, ScatteredKey, SealingKey, TruncatedMac, keyed};
use crate::{ChecksumType, CryptoError, KeyUsage};

/// `arcfour-hmac`.
pub(crate) struct ArcFour;

const KEY: usize = 16;
const CHECKSUM: usize = 16;
const CONFOUNDER: usize = 8;

impl Profile for ArcFour {
    fn key_size(&self) -> usize {
        KEY
    }

    fn layout(&self) -> Layout {
        Layout {
            prefix: CHECKSUM,
            confounder: CONFOUNDER,
            block: 1,
            trailer: 0,
        }
    }

    fn checksum_type(&self) -> ChecksumType {
        ChecksumType::HMAC_MD5
    }

    fn checksum_size(&self) -> usize {
        CHECKSUM
    }

    /// RFC 4757 §2: MD4 of the password in little-endian UTF-16. A password that is not UTF-8
    /// cannot be converted to UTF-16. MIT's library refuses it, too.
    fn string_to_key(
        &self,
        password: &[u8],
        _salt: &[u8],
        _iterations: u32,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let text = core::str::from_utf8(password).map_err(|_| CryptoError::PasswordNotUtf8)?;
        let mut hash = Md4::new();
        for unit in text.encode_utf16() {
            hash.update(unit.to_le_bytes());
        }
        let mut hash = hash.finalize();
        let key = Zeroizing::new(hash.to_vec());
        hash.as_mut_slice().zeroize();
        Ok(key)
    }

    fn sealing_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn SealingKey> {
        let numbered = |number: u32| keyed(&*hmac_md5(key, &number.to_le_bytes()));
        Box::new(ArcFourKey {
            mac: TruncatedMac(numbered(message_type(usage))),
            // RFC 4757 §3 specifies 8 for a TGS-REP under the authenticator's subkey, but Windows
            // uses 9. Both are accepted.
            alternative: (usage == KeyUsage::TGS_REP_ENC_PART_SUBKEY)
                .then(|| TruncatedMac(numbered(8))),
        })
    }

    fn checksum_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn ChecksumKey> {
        hmac_md5_checksum(key, usage)
    }

    /// RFC 4757 §5: HMAC-SHA1 of the key, 20 octets.
    fn prf(&self, key: &[u8], input: &[u8]) -> Zeroizing<Vec<u8>> {
        let mac: Hmac<Sha1> = keyed(key);
        Zeroizing::new(mac.chain_update(input).finalize().into_bytes().to_vec())
    }
}

/// The checksum `hmac-md5` (-138) of RFC 4757 §4, which Windows uses with keys of all types.
pub(crate) fn hmac_md5_checksum(key: &[u8], usage: KeyUsage) -> Box<dyn ChecksumKey> {
    // The constant includes its terminating zero octet.
    let signing = hmac_md5(key, b"signaturekey\0");
    Box::new(HashThenMac {
        mac: TruncatedMac(keyed(&*signing)),
        number: message_type(usage),
    })
}

/// The checksum `md5-hmac` (-137): like -138, but uses the key directly.
pub(crate) fn md5_hmac_checksum(key: &[u8], usage: KeyUsage) -> Box<dyn ChecksumKey> {
    Box::new(HashThenMac {
        mac: TruncatedMac(keyed(key)),
        number: message_type(usage),
    })
}

type Mac16 = TruncatedMac<Hmac<Md5>, CHECKSUM>;

/// K1 of RFC 4757 §5, as a ready HMAC. K2 is the same key.
struct ArcFourKey {
    mac: Mac16,
    alternative: Option<Mac16>,
}

impl SealingKey for ArcFourKey {
    fn seal(&self, message: &mut [u8]) {
        let Some((checksum, text)) = message.split_at_mut_checked(CHECKSUM) else {
            return;
        };
        self.mac.write(text, checksum);
        self.mac.apply_rc4(checksum, text, &mut []);
    }

    fn open(&self, header: &mut [u8], body: &mut [u8]) -> Result<usize, CryptoError> {
        let (checksum, confounder) = header
            .split_at_mut_checked(CHECKSUM)
            .ok_or(CryptoError::Decrypt)?;
        for mac in [Some(&self.mac), self.alternative.as_ref()]
            .into_iter()
            .flatten()
        {
            mac.apply_rc4(checksum, confounder, body);
            if mac.check(confounder, body, checksum) {
                return Ok(body.len());
            }
            // Applying the stream cipher again undoes it, for the next attempt.
            mac.apply_rc4(checksum, confounder, body);
        }
        Err(CryptoError::Decrypt)
    }

    fn scattered(&self) -> Option<&dyn ScatteredKey> {
        None
    }
}

impl Mac16 {
    /// RC4 with K3 = HMAC(K1, checksum), over two consecutive parts.
    fn apply_rc4(&self, checksum: &[u8], start: &mut [u8], end: &mut [u8]) {
        let mut key = self
            .0
            .clone()
            .chain_update(checksum)
            .finalize()
            .into_bytes();
        let mut stream = keyed::<Rc4>(&key);
        stream.apply_keystream(start);
        stream.apply_keystream(end);
        key.as_mut_slice().zeroize();
    }
}

/// HMAC(key, MD5(T | data)).
struct HashThenMac {
    mac: Mac16,
    number: u32,
}

impl HashThenMac {
    fn hash(&self, parts: &[&[u8]]) -> impl AsRef<[u8]> {
        let hash = Md5::new().chain_update(self.number.to_le_bytes());
        parts.iter().fold(hash, Md5::chain_update).finalize()
    }
}

impl ChecksumKey for HashThenMac {
    fn compute(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.mac.compute(&[self.hash(parts).as_ref()])
    }

    fn verify(&self, parts: &[&[u8]], checksum: &[u8]) -> Result<(), CryptoError> {
        self.mac.verify(&[self.hash(parts).as_ref()], checksum)
    }
}

/// The message type T of RFC 4757 §3: the key usage, with Microsoft's exceptions.
fn message_type(usage: KeyUsage) -> u32 {
    match usage {
        KeyUsage::AS_REP_ENC_PART => 8,
        // RFC 4757 §3 lists 15 for GSS-API signatures, but Windows and MIT use 13.
        KeyUsage::GSS_ACCEPTOR_SIGN => 13,
        KeyUsage(number) => number,
    }
}

/// HMAC-MD5 of `data`.
pub(crate) fn hmac_md5(key: &[u8], data: &[u8]) -> Zeroizing<[u8; KEY]> {
    let mac: Hmac<Md5> = keyed(key);
    let mut code = mac.chain_update(data).finalize().into_bytes();
    let mut out = Zeroizing::new([0; KEY]);
    for (to, from) in out.iter_mut().zip(code.iter()) {
        *to = *from;
    }
    code.as_mut_slice().zeroize();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedRng, hex};
    use crate::{EncryptionType, Key};

    #[test]
    fn the_key_is_the_md4_of_the_utf16_password() {
        let check = |password: &str, expected: &str| {
            let key = ArcFour
                .string_to_key(password.as_bytes(), b"ignored", 0)
                .unwrap();
            assert_eq!(*key, hex(expected), "{password}");
        };
        // RFC 4757 §2 has no test vectors; these are the well-known hashes of these passwords.
        check("", "31d6cfe0d16ae931b73c59d7e0c089c0");
        check("password", "8846f7eaee8fb117ad06bdd830b7586c");
        let clef = *b"\x34\xD8\x1E\xDD";
        check(
            "\u{1D11E}",
            &alloc::format!("{:x}", DebugHex(&Md4::digest(clef))),
        );
        assert_eq!(
            ArcFour.string_to_key(b"\xFF", b"", 0).unwrap_err(),
            CryptoError::PasswordNotUtf8
        );
    }

    struct DebugHex<'a>(&'a [u8]);

    impl core::fmt::LowerHex for DebugHex<'_> {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }

    /// The pseudo-code of RFC 4757 §5, step by step.
    fn encrypt_by_the_letter(key: &[u8], t: u32, confounder: &[u8], data: &[u8]) -> Vec<u8> {
        let k1 = hmac_md5(key, &t.to_le_bytes());
        let mut edata = [confounder, data].concat();
        let checksum = hmac_md5(&*k1, &edata);
        let k3 = hmac_md5(&*k1, &*checksum);
        keyed::<Rc4>(&*k3).apply_keystream(&mut edata);
        [&checksum[..], &edata].concat()
    }

    #[test]
    fn encryption_matches_rfc_pseudocode_and_usage_table() {
        let key_bytes = hex("8846f7eaee8fb117ad06bdd830b7586c");
        let key = Key::from_bytes(EncryptionType::ARCFOUR_HMAC, &key_bytes).unwrap();
        let confounder = hex("0102030405060708");
        for (usage, t) in [
            (1, 1),
            (2, 2),
            (3, 8),
            (8, 8),
            (9, 9),
            (11, 11),
            (13, 13),
            (23, 13),
        ] {
            let expected = encrypt_by_the_letter(&key_bytes, t, &confounder, b"some text");
            let actual = key.encrypt(
                KeyUsage(usage),
                b"some text",
                &mut FixedRng::new(&confounder),
            );
            assert_eq!(actual, expected, "usage {usage}");
        }
    }

    #[test]
    fn tgs_rep_under_subkey_decrypts_with_usage_8_or_9() {
        let key_bytes = hex("8846f7eaee8fb117ad06bdd830b7586c");
        let key = Key::from_bytes(EncryptionType::ARCFOUR_HMAC, &key_bytes).unwrap();
        for t in [8, 9] {
            let sealed = encrypt_by_the_letter(&key_bytes, t, &[7; 8], b"reply");
            let opened = key
                .decrypt(KeyUsage::TGS_REP_ENC_PART_SUBKEY, &sealed)
                .unwrap();
            assert_eq!(&*opened, b"reply", "T = {t}");
        }
        let sealed = encrypt_by_the_letter(&key_bytes, 7, &[7; 8], b"reply");
        assert!(
            key.decrypt(KeyUsage::TGS_REP_ENC_PART_SUBKEY, &sealed)
                .is_err()
        );
    }
}

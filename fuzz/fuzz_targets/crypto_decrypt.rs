//! Hostile contents of EncryptedData, Checksum and string-to-key parameters. The first two octets
//! choose the encryption type and the usage. The rest is the data, and the alterations of what was
//! encrypted and signed here.
//!
//! Only what was encrypted or signed here, unaltered, decrypts or verifies; both ways to decrypt
//! agree; and what was encrypted here decrypts to the same.
#![no_main]

#[path = "support/script.rs"]
mod script;

use std::sync::LazyLock;

use getrandom::SysRng;
use kerberos_crypto::{CryptoError, EncryptionType, Key, KeyUsage};
use libfuzzer_sys::fuzz_target;
use rand_core::UnwrapErr;

use script::Script;

static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let make = |&etype: &EncryptionType| Key::generate(etype, &mut UnwrapErr(SysRng)).unwrap();
    EncryptionType::SUPPORTED.iter().map(make).collect()
});

fuzz_target!(|input: &[u8]| {
    let [choice, usage, data @ ..] = input else {
        return;
    };
    let key = &KEYS[usize::from(*choice) % KEYS.len()];
    let usage = KeyUsage(u32::from(*usage));

    refused(key, usage, data);
    assert!(key.verify_checksum(usage, b"text", data).is_err());
    // The limit on iterations is zero, so any parameters that ask for more are refused.
    let _ = Key::from_password(key.etype(), data, b"salt", Some(data), 0);

    let mut sealed = key.encrypt(usage, data, &mut UnwrapErr(SysRng));
    let opened = key.decrypt(usage, &sealed).unwrap();
    let (text, padding) = opened.split_at(data.len());
    assert_eq!(text, data);
    assert!(padding.len() < 8 && padding.iter().all(|&octet| octet == 0));

    let mut script = Script(data);
    let altered = script.alter(sealed.clone());
    if !same(&altered, &sealed) {
        refused(key, usage, &altered);
    }
    // RFC 4757 §3 maps several usages to the same one for RC4.
    if key.etype() != EncryptionType::ARCFOUR_HMAC {
        refused(key, KeyUsage(usage.0 ^ 1), &sealed);
    }
    assert_eq!(key.decrypt_in_place(usage, &mut sealed).unwrap(), &*opened);

    let code = key.checksum(usage, data);
    let (other_code, other_text) = (script.alter(code.clone()), script.alter(data.to_vec()));
    let verified = key.verify_checksum(usage, &other_text, &other_code);
    assert_eq!(
        verified.is_ok(),
        same(&other_code, &code) && other_text == data
    );
    // A few remaining bytes of a checksum could be guessed, so any cut must be refused.
    let cut = usize::from(script.byte()) % code.len();
    assert!(key.verify_checksum(usage, data, &code[..cut]).is_err());
});

/// Whether the two are equal, without a comparison that libFuzzer observes. It copies compared
/// values into later inputs, where they would be genuine.
fn same(one: &[u8], other: &[u8]) -> bool {
    let pairs = one.iter().zip(other);
    one.len() == other.len() && pairs.fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// Both ways to decrypt fail, with the same error.
fn refused(key: &Key, usage: KeyUsage, sealed: &[u8]) {
    assert_eq!(
        key.decrypt(usage, sealed).unwrap_err(),
        CryptoError::Decrypt
    );
    let opened = key.decrypt_in_place(usage, &mut sealed.to_vec()).err();
    assert_eq!(opened, Some(CryptoError::Decrypt));
}

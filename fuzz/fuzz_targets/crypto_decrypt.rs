//! What a peer can put into an EncryptedData, a Checksum and string-to-key parameters: the first
//! two octets choose the encryption type and the usage, the rest is the data.
//!
//! Nothing that was not encrypted here decrypts, both ways to decrypt agree, and what was encrypted
//! here comes back.
#![no_main]

use std::sync::LazyLock;

use getrandom::SysRng;
use kerberos_crypto::{CryptoError, EncryptionType, Key, KeyUsage};
use libfuzzer_sys::fuzz_target;
use rand_core::UnwrapErr;

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

    assert_eq!(key.decrypt(usage, data).unwrap_err(), CryptoError::Decrypt);
    let mut buffer = data.to_vec();
    assert_eq!(
        key.decrypt_in_place(usage, &mut buffer).unwrap_err(),
        CryptoError::Decrypt
    );
    assert!(key.verify_checksum(usage, b"text", data).is_err());
    // No work is allowed, so whatever asks for some is refused.
    let _ = Key::from_password(key.etype(), data, b"salt", Some(data), 0);

    let mut sealed = key.encrypt(usage, data, &mut UnwrapErr(SysRng));
    let opened = key.decrypt(usage, &sealed).unwrap();
    let (text, padding) = opened.split_at(data.len());
    assert_eq!(text, data);
    assert!(padding.len() < 8 && padding.iter().all(|&octet| octet == 0));
    assert_eq!(key.decrypt_in_place(usage, &mut sealed).unwrap(), &*opened);
});

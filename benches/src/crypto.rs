//! aes256-cts-hmac-sha1-96: encrypting and decrypting messages of 1 KiB and 64 KiB with a key that
//! is used more than once, as sessions do, and making a key of a password.

use std::error::Error;
use std::hint::black_box;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kerberos_crypto::{DEFAULT_MAX_ITERATIONS, EncryptionType, Key, KeyUsage};
#[cfg(feature = "peers")]
use picky_krb::crypto::CipherSuite;

use crate::harness::{Contestant, compare};

const ETYPE: EncryptionType = EncryptionType::AES256_CTS_HMAC_SHA1_96;
const USAGE: KeyUsage = KeyUsage::KRB_PRIV_ENC_PART;
const PASSWORD: &str = "password";
const SALT: &str = "ATHENA.MIT.EDUalice";

/// Measures this subject.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let bytes = [7; 32];
    let key = Key::from_bytes(ETYPE, &bytes)?;
    #[cfg(feature = "peers")]
    let picky = CipherSuite::Aes256CtsHmacSha196.cipher();
    #[cfg(feature = "peers")]
    let picky_usage = i32::try_from(USAGE.0)?;

    for (size, encrypting, decrypting) in [
        (
            1 << 10,
            "aes256-sha1 encrypt 1 KiB",
            "aes256-sha1 decrypt 1 KiB",
        ),
        (
            1 << 16,
            "aes256-sha1 encrypt 64 KiB",
            "aes256-sha1 decrypt 64 KiB",
        ),
    ] {
        let text = vec![0x5A; size];
        let mut rng = UnwrapErr(SysRng);
        compare(
            encrypting,
            &mut [
                Contestant::new("kerberos_crypto", || {
                    key.encrypt(USAGE, black_box(&text), &mut rng)
                }),
                #[cfg(feature = "peers")]
                Contestant::new("picky-krb 0.13", || {
                    picky.encrypt(&bytes, picky_usage, black_box(&text))
                }),
            ],
        );

        let sealed = key.encrypt(USAGE, &text, &mut UnwrapErr(SysRng));
        let mut buffer = sealed.clone();
        compare(
            decrypting,
            &mut [
                Contestant::new("kerberos_crypto", || key.decrypt(USAGE, black_box(&sealed))),
                Contestant::new("kerberos_crypto, in place", || {
                    // Copying the ciphertext again is a part of what is measured.
                    buffer.copy_from_slice(black_box(&sealed));
                    key.decrypt_in_place(USAGE, &mut buffer)
                        .map(|text| text.len())
                }),
                #[cfg(feature = "peers")]
                Contestant::new("picky-krb 0.13", || {
                    picky.decrypt(&bytes, picky_usage, black_box(&sealed))
                }),
            ],
        );
    }

    compare(
        "aes256-sha1 string-to-key",
        &mut [
            Contestant::new("kerberos_crypto", || {
                let password = black_box(PASSWORD.as_bytes());
                Key::from_password(
                    ETYPE,
                    password,
                    SALT.as_bytes(),
                    None,
                    DEFAULT_MAX_ITERATIONS,
                )
            }),
            #[cfg(feature = "peers")]
            Contestant::new("picky-krb 0.13", || {
                picky.generate_key_from_password(black_box(PASSWORD.as_bytes()), SALT.as_bytes())
            }),
        ],
    );
    Ok(())
}

//! Messages of three sizes with keys of all types, each key used repeatedly as in sessions; keys
//! from passwords; and AES-CBC and HMAC alone.

use std::error::Error;
use std::hint::black_box;

use cipher::array::Array;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use hmac::{Hmac, Mac};
use kerberos_crypto::{DEFAULT_MAX_ITERATIONS, EncryptionType, Key, KeyUsage};
use sha1::Sha1;

use crate::harness::{Contestant, compare};

#[cfg(feature = "peers")]
mod peers;

const USAGE: KeyUsage = KeyUsage::KRB_PRIV_ENC_PART;
const PASSWORD: &[u8] = b"password";
const SALT: &[u8] = b"ATHENA.MIT.EDUalice";
const SIZES: [(&str, usize); 3] = [("64 B", 64), ("1 KiB", 1 << 10), ("64 KiB", 1 << 16)];

/// Measures this subject.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    #[cfg(feature = "peers")]
    let rskrb5 = crate::rskrb5::start()?;
    for &etype in EncryptionType::SUPPORTED {
        let key = Key::generate(etype, &mut UnwrapErr(SysRng))?;
        #[cfg(feature = "peers")]
        let peers = peers::Peers::new(etype, key.expose_bytes(), &rskrb5);
        for (name, size) in SIZES {
            let text = vec![0x5A; size];
            let mut rng = UnwrapErr(SysRng);
            let mut encrypting = vec![Contestant::new("kerberos_crypto", || {
                key.encrypt(USAGE, black_box(&text), &mut rng)
            })];
            #[cfg(feature = "peers")]
            peers.add_encrypting(&text, &mut encrypting);
            compare(&format!("{etype} encrypt {name}"), &mut encrypting);
            drop(encrypting);

            let sealed = key.encrypt(USAGE, &text, &mut UnwrapErr(SysRng));
            let mut buffer = sealed.clone();
            let mut decrypting = vec![
                Contestant::new("kerberos_crypto", || key.decrypt(USAGE, black_box(&sealed))),
                Contestant::new("kerberos_crypto, in place", || {
                    // The measurement includes copying the ciphertext.
                    buffer.copy_from_slice(black_box(&sealed));
                    key.decrypt_in_place(USAGE, &mut buffer)
                        .map(|text| text.len())
                }),
            ];
            #[cfg(feature = "peers")]
            peers.add_decrypting(&sealed, size, &mut decrypting);
            if etype == EncryptionType::AES256_CTS_HMAC_SHA1_96 {
                decrypting.push(floor(size)?);
            }
            compare(&format!("{etype} decrypt {name}"), &mut decrypting);
        }
        let mut deriving = vec![Contestant::new("kerberos_crypto", || {
            let password = black_box(PASSWORD);
            Key::from_password(etype, password, SALT, None, DEFAULT_MAX_ITERATIONS)
        })];
        #[cfg(feature = "peers")]
        peers.add_string_to_key(&mut deriving);
        compare(&format!("{etype} string-to-key"), &mut deriving);
    }
    Ok(())
}

/// AES-256-CBC and HMAC-SHA1 one after the other: a lower limit for aes256-cts-hmac-sha1-96.
fn floor<'a>(size: usize) -> Result<Contestant<'a>, Box<dyn Error>> {
    let (key, iv) = (Array::from([7; 32]), Array::from([0; 16]));
    let mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&[7; 20])?;
    let mut buffer = vec![0x5a; size];
    // Encrypted once, so that there is something to decrypt again and again.
    let (blocks, _) = Array::slice_as_chunks_mut(&mut buffer);
    cbc::Encryptor::<aes::Aes256>::new(&key, &iv).encrypt_blocks(blocks);
    Ok(Contestant::new(
        "the limit: AES-256-CBC, then HMAC-SHA1",
        move || {
            let (blocks, _) = Array::slice_as_chunks_mut(&mut buffer);
            cbc::Decryptor::<aes::Aes256>::new(&key, &iv).decrypt_blocks(blocks);
            mac.clone().chain_update(&buffer).finalize()
        },
    ))
}

//! The peers' operations with a key of the same type, for peers that support the type.

use std::cell::RefCell;
use std::hint::black_box;

use kerberos_crypto::EncryptionType;
use picky_krb::crypto::{Cipher, CipherSuite};

use super::{PASSWORD, SALT, USAGE};
use crate::harness::Contestant;
use crate::remote::Remote;

pub(super) struct Peers<'a> {
    etype: EncryptionType,
    key: &'a [u8],
    picky: Option<Box<dyn Cipher>>,
    kerbcore: Option<kerbcore::KerberosKey>,
    rskrb5: Option<&'a RefCell<Remote>>,
}

impl<'a> Peers<'a> {
    pub(super) fn new(etype: EncryptionType, key: &'a [u8], rskrb5: &'a RefCell<Remote>) -> Self {
        let picky = match etype {
            EncryptionType::AES256_CTS_HMAC_SHA1_96 => Some(CipherSuite::Aes256CtsHmacSha196),
            EncryptionType::AES128_CTS_HMAC_SHA1_96 => Some(CipherSuite::Aes128CtsHmacSha196),
            EncryptionType::DES3_CBC_SHA1 => Some(CipherSuite::Des3CbcSha1Kd),
            _ => None,
        };
        let camellia = [
            EncryptionType::CAMELLIA128_CTS_CMAC,
            EncryptionType::CAMELLIA256_CTS_CMAC,
        ];
        Self {
            etype,
            key,
            picky: picky.map(|suite| suite.cipher()),
            kerbcore: kerbcore::KerberosKey::from_i32(etype.0, key.to_vec()).ok(),
            rskrb5: (!camellia.contains(&etype)).then_some(rskrb5),
        }
    }

    pub(super) fn add_encrypting<'b>(&'b self, text: &'b [u8], to: &mut Vec<Contestant<'b>>) {
        if let Some(picky) = &self.picky {
            to.push(Contestant::new("picky-krb 0.13", move || {
                picky.encrypt(self.key, usage(), black_box(text))
            }));
        }
        if let Some(key) = &self.kerbcore {
            to.push(Contestant::new("kerbcore 0.3", move || {
                key.encrypt(USAGE.0, black_box(text))
            }));
        }
        self.add_remote(format!("encrypt {} {}", self.etype.0, text.len()), to);
    }

    /// Here, `sealed` is the ciphertext of a message of `size` bytes.
    pub(super) fn add_decrypting<'b>(
        &'b self,
        sealed: &'b [u8],
        size: usize,
        to: &mut Vec<Contestant<'b>>,
    ) {
        if let Some(picky) = &self.picky {
            to.push(Contestant::new("picky-krb 0.13", move || {
                picky.decrypt(self.key, usage(), black_box(sealed))
            }));
        }
        if let Some(key) = &self.kerbcore {
            to.push(Contestant::new("kerbcore 0.3", move || {
                key.decrypt(USAGE.0, black_box(sealed))
            }));
        }
        self.add_remote(format!("decrypt {} {size}", self.etype.0), to);
    }

    pub(super) fn add_string_to_key<'b>(&'b self, to: &mut Vec<Contestant<'b>>) {
        if let Some(picky) = &self.picky {
            to.push(Contestant::new("picky-krb 0.13", move || {
                picky.generate_key_from_password(black_box(PASSWORD), SALT)
            }));
        }
        if let Some(key) = &self.kerbcore {
            let etype = key.enctype();
            let iterations = match self.etype {
                EncryptionType::AES128_CTS_HMAC_SHA256_128
                | EncryptionType::AES256_CTS_HMAC_SHA384_192 => 32_768,
                _ => 4_096,
            };
            to.push(Contestant::new("kerbcore 0.3", move || {
                kerbcore::KerberosKey::string_to_key(etype, black_box("password"), SALT, iterations)
            }));
        }
        self.add_remote(format!("string-to-key {}", self.etype.0), to);
    }

    fn add_remote<'b>(&'b self, request: String, to: &mut Vec<Contestant<'b>>) {
        if let Some(rskrb5) = self.rskrb5 {
            to.push(Contestant::remote("rskrb5 0.2", move |count| {
                rskrb5.borrow_mut().measure(&format!("{request} {count}"))
            }));
        }
    }
}

fn usage() -> i32 {
    i32::try_from(USAGE.0).unwrap_or_default()
}

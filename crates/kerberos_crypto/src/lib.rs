//! The RFC 3961 encryption and checksum framework and its profiles, with one file for each RFC.
//!
//! | RFC | what | encryption types |
//! |---|---|---|
//! | 3961 | n-fold, DR, DK, the simplified profile, triple DES | 16 |
//! | 3962 | AES with HMAC-SHA1 | 17, 18 |
//! | 8009 | AES with HMAC-SHA2 | 19, 20 |
//! | 4757 | RC4 with HMAC-MD5 | 23 |
//! | 6803 | Camellia with CMAC | 25, 26 |
//! | 6113 §5.1 | PRF+ and KRB-FX-CF2 over any of them | |
//!
//! What this crate never does: **no ASN.1, no IO, no clock, no randomness of its own.** It does not
//! know any messages: the caller provides bytes, a [`KeyUsage`] and, for encryption, a
//! [`CryptoRng`].
//!
//! ```text
//! password, salt ──Key::from_password──┐
//! keytab, ccache ──Key::new(KeyBlock)──┤
//! random bytes ────Key::generate───────┴─► Key ──(usage)──► encrypt / decrypt / checksum
//!                                           └── prf, prf_plus, cf2
//! ```
//!
//! # Example
//! ```
//! use kerberos_crypto::{DEFAULT_MAX_ITERATIONS, EncryptionType, Key, KeyUsage};
//! # struct Zeros;
//! # impl rand_core::TryRng for Zeros {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(0) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(0) }
//! #     fn try_fill_bytes(&mut self, b: &mut [u8]) -> Result<(), Self::Error> { b.fill(0); Ok(()) }
//! # }
//! # impl rand_core::TryCryptoRng for Zeros {}
//! # let mut rng = Zeros;
//! let key = Key::from_password(
//!     EncryptionType::AES256_CTS_HMAC_SHA1_96,
//!     b"password",
//!     b"ATHENA.MIT.EDUraeburn",
//!     None,
//!     DEFAULT_MAX_ITERATIONS,
//! )?;
//! let usage = KeyUsage::AS_REQ_PA_ENC_TIMESTAMP;
//! let sealed = key.encrypt(usage, b"now", &mut rng);
//! assert_eq!(&*key.decrypt(usage, &sealed)?, b"now");
//! assert!(key.decrypt(KeyUsage::AS_REP_ENC_PART, &sealed).is_err());
//! # Ok::<(), kerberos_crypto::CryptoError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod bare;
mod checksum;
mod cts;
mod error;
mod etype;
mod key;
mod key_block;
mod key_usage;
mod pbkdf2_sha1;
mod plaintext;
mod profile;
mod rfc3961;
mod rfc3962;
mod rfc4757;
mod rfc6113;
mod rfc6803;
mod rfc8009;
mod scatter;
#[cfg(test)]
mod testing;
mod usage_cache;

pub use bare::{BareDes3, BareRc4};
pub use checksum::{ChecksumType, unkeyed_checksum};
pub use error::CryptoError;
pub use etype::EncryptionType;
pub use key::{DEFAULT_MAX_ITERATIONS, Key};
pub use key_block::KeyBlock;
pub use key_usage::KeyUsage;
pub use plaintext::Plaintext;
pub use profile::Part;
pub use rand_core::CryptoRng;

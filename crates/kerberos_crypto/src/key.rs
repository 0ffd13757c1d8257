//! `Key`: a key of a supported type, ready for use, with all operations of RFC 3961 §3.
//!
//! All inputs (type, length, parameters) are checked here, so profiles only get bytes of the right
//! size. Derived keys are kept for each usage, see `usage_cache.rs`.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::profile::{ChecksumKey, Profile, SealingKey};
use crate::usage_cache::UsageCache;
use crate::{CryptoError, CryptoRng, EncryptionType, KeyBlock, KeyUsage, Plaintext};

mod checksums;
mod scattered;

/// A limit for string-to-key iterations that no known KDC reaches: 2²⁰, which takes less than a
/// second. A limit is necessary because the reply that states the count is not authenticated at
/// that point.
pub const DEFAULT_MAX_ITERATIONS: u32 = 1 << 20;

/// A key of a supported encryption type, ready to encrypt, decrypt and sign.
///
/// It is wiped on drop, with everything derived from it. `Debug` shows only the type. It can be
/// shared among threads. Derived keys are kept, so reusing a `Key` is faster than making new ones.
///
/// # Example
/// ```
/// use kerberos_crypto::{EncryptionType, Key, KeyUsage};
/// let key = Key::from_bytes(EncryptionType::AES128_CTS_HMAC_SHA1_96, &[7; 16])?;
/// let checksum = key.checksum(KeyUsage::KRB_SAFE_CHECKSUM, b"data");
/// assert_eq!(checksum.len(), 12);
/// assert!(key.verify_checksum(KeyUsage::KRB_SAFE_CHECKSUM, b"data", &checksum).is_ok());
/// assert!(key.verify_checksum(KeyUsage::KRB_SAFE_CHECKSUM, b"date", &checksum).is_err());
/// # Ok::<(), kerberos_crypto::CryptoError>(())
/// ```
pub struct Key {
    etype: EncryptionType,
    profile: &'static dyn Profile,
    bytes: Zeroizing<Vec<u8>>,
    sealing: UsageCache<dyn SealingKey>,
    checksums: UsageCache<dyn ChecksumKey>,
}

impl Key {
    /// Makes a usable key from a key block.
    ///
    /// # Errors
    /// [`CryptoError::UnsupportedEtype`], or [`CryptoError::KeyLength`] if the length is wrong for
    /// the type.
    pub fn new(block: &KeyBlock) -> Result<Self, CryptoError> {
        Self::from_bytes(block.etype(), block.expose_bytes())
    }

    /// Makes a usable key from its bytes.
    ///
    /// # Errors
    /// The same as [`Key::new`].
    pub fn from_bytes(etype: EncryptionType, bytes: &[u8]) -> Result<Self, CryptoError> {
        let profile = profile_of(etype)?;
        let (expected, actual) = (profile.key_size(), bytes.len());
        if actual != expected {
            return Err(CryptoError::KeyLength {
                etype,
                expected,
                actual,
            });
        }
        Ok(Self::assemble(
            etype,
            profile,
            Zeroizing::new(bytes.to_vec()),
        ))
    }

    /// Derives a key from a password: string-to-key (RFC 3961 §3).
    ///
    /// The password is bytes, as typed; only RC4 requires UTF-8. `s2kparams` are those of
    /// ETYPE-INFO2, which for most types is an iteration count; `None` means the default of the
    /// type. A count above `max_iterations` is refused before any work is done. So is a count below
    /// the default, which would only help an eavesdropper to guess the password.
    ///
    /// # Errors
    /// [`CryptoError::UnsupportedEtype`], [`CryptoError::S2kParams`],
    /// [`CryptoError::TooManyIterations`], [`CryptoError::TooFewIterations`],
    /// [`CryptoError::PasswordNotUtf8`].
    ///
    /// # Example
    /// ```
    /// use kerberos_crypto::{CryptoError, DEFAULT_MAX_ITERATIONS, EncryptionType, Key};
    /// let etype = EncryptionType::AES256_CTS_HMAC_SHA1_96;
    /// let ask = |params: [u8; 4]| {
    ///     Key::from_password(etype, b"secret", b"TEST.REALMuser", Some(&params), 100_000)
    /// };
    /// assert!(ask([0, 0, 0x10, 0]).is_ok());
    /// // Zero means 2^32 (RFC 3962 §4).
    /// let refused = CryptoError::TooManyIterations { asked: 1 << 32, limit: 100_000 };
    /// assert_eq!(ask([0, 0, 0, 0]).unwrap_err(), refused);
    /// ```
    pub fn from_password(
        etype: EncryptionType,
        password: &[u8],
        salt: &[u8],
        s2kparams: Option<&[u8]>,
        max_iterations: u32,
    ) -> Result<Self, CryptoError> {
        let profile = profile_of(etype)?;
        let iterations = iteration_count(etype, profile, s2kparams, max_iterations)?;
        let bytes = profile.string_to_key(password, salt, iterations)?;
        Ok(Self::assemble(etype, profile, bytes))
    }

    /// A new random key.
    ///
    /// # Errors
    /// [`CryptoError::UnsupportedEtype`].
    pub fn generate(etype: EncryptionType, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        let profile = profile_of(etype)?;
        let mut seed = Zeroizing::new(alloc::vec![0; profile.seed_size()]);
        rng.fill_bytes(&mut seed);
        Ok(Self::assemble(etype, profile, profile.random_to_key(&seed)))
    }

    /// Makes a key from random bytes: random-to-key (RFC 3961 §3).
    ///
    /// # Errors
    /// [`CryptoError::UnsupportedEtype`], or [`CryptoError::SeedLength`] if the number of bytes is
    /// not exactly what the type needs (21 for triple DES, the key size for others).
    pub fn random_to_key(etype: EncryptionType, seed: &[u8]) -> Result<Self, CryptoError> {
        let profile = profile_of(etype)?;
        let (expected, actual) = (profile.seed_size(), seed.len());
        if actual != expected {
            return Err(CryptoError::SeedLength {
                etype,
                expected,
                actual,
            });
        }
        Ok(Self::assemble(etype, profile, profile.random_to_key(seed)))
    }

    /// The key's encryption type.
    pub fn etype(&self) -> EncryptionType {
        self.etype
    }

    /// A key block with a copy of the bytes, to be put into a file or message.
    pub fn to_block(&self) -> KeyBlock {
        KeyBlock::new(self.etype, self.bytes.to_vec())
    }

    /// The secret bytes, for a file or message that must contain them.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Encrypts `plaintext` for `usage`, with a random confounder from `rng`.
    ///
    /// The result is the only allocation.
    pub fn encrypt(&self, usage: KeyUsage, plaintext: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
        let layout = self.profile.layout();
        let length = layout.ciphertext_len(plaintext.len());
        let mut message = Vec::with_capacity(length);
        message.resize(layout.header(), 0);
        message.extend_from_slice(plaintext);
        message.resize(length, 0);
        self.seal(usage, &mut message, rng);
        message
    }

    /// Encrypts in place.
    ///
    /// `buffer` must have [`ciphertext_len`](Self::ciphertext_len)`(plaintext_len)` bytes, with the
    /// plaintext starting at [`header_len`](Self::header_len). The rest is overwritten.
    ///
    /// # Errors
    /// [`CryptoError::BufferLength`]; the buffer is then unchanged.
    ///
    /// # Example
    /// ```
    /// # use kerberos_crypto::{EncryptionType, Key, KeyUsage};
    /// # fn example(rng: &mut dyn kerberos_crypto::CryptoRng) -> Result<(), kerberos_crypto::CryptoError> {
    /// let key = Key::from_bytes(EncryptionType::AES256_CTS_HMAC_SHA1_96, &[7; 32])?;
    /// let mut buffer = vec![0; key.ciphertext_len(5)];
    /// buffer[key.header_len()..][..5].copy_from_slice(b"hello");
    /// key.encrypt_in_place(KeyUsage::KRB_PRIV_ENC_PART, &mut buffer, 5, rng)?;
    /// assert_eq!(key.decrypt_in_place(KeyUsage::KRB_PRIV_ENC_PART, &mut buffer)?, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn encrypt_in_place(
        &self,
        usage: KeyUsage,
        buffer: &mut [u8],
        plaintext_len: usize,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), CryptoError> {
        let layout = self.profile.layout();
        let (expected, actual) = (layout.ciphertext_len(plaintext_len), buffer.len());
        if actual != expected {
            return Err(CryptoError::BufferLength { expected, actual });
        }
        if let Some(padding) = buffer.get_mut(layout.header() + plaintext_len..) {
            padding.fill(0);
        }
        self.seal(usage, buffer, rng);
        Ok(())
    }

    /// The position of the plaintext in a ciphertext.
    pub fn header_len(&self) -> usize {
        self.profile.layout().header()
    }

    /// The length of the ciphertext of `plaintext_len` bytes.
    pub fn ciphertext_len(&self, plaintext_len: usize) -> usize {
        self.profile.layout().ciphertext_len(plaintext_len)
    }

    /// Decrypts and verifies the output of [`encrypt`](Self::encrypt) with the same key and usage.
    ///
    /// Triple DES leaves up to seven zero bytes of padding at the end (RFC 3961 §6.3).
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`], whatever the reason.
    pub fn decrypt(&self, usage: KeyUsage, ciphertext: &[u8]) -> Result<Plaintext, CryptoError> {
        // The header goes into a separate buffer, so that the plaintext is at the start of its own.
        let mut header = Zeroizing::new([0; MAX_HEADER]);
        let (start, rest) = ciphertext
            .split_at_checked(self.header_len())
            .ok_or(CryptoError::Decrypt)?;
        let header = header.get_mut(..start.len()).ok_or(CryptoError::Decrypt)?;
        header.copy_from_slice(start);
        let mut plaintext = Plaintext::new(rest.to_vec());
        let length = self.open(usage, header, &mut plaintext)?;
        plaintext.truncate(length);
        Ok(plaintext)
    }

    /// Decrypts in place and returns the part of `buffer` that contains the plaintext.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`]; `buffer` then contains no plaintext.
    pub fn decrypt_in_place<'a>(
        &self,
        usage: KeyUsage,
        buffer: &'a mut [u8],
    ) -> Result<&'a mut [u8], CryptoError> {
        let (header, body) = buffer
            .split_at_mut_checked(self.header_len())
            .ok_or(CryptoError::Decrypt)?;
        let length = self.open(usage, header, body)?;
        body.get_mut(..length).ok_or(CryptoError::Decrypt)
    }

    /// Decrypts in place when the first [`header_len`](Self::header_len) bytes are in a separate
    /// buffer. Returns the length of the plaintext, which is at the start of `body`.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`]; the buffers then contain no plaintext.
    pub fn decrypt_detached(
        &self,
        usage: KeyUsage,
        header: &mut [u8],
        body: &mut [u8],
    ) -> Result<usize, CryptoError> {
        if header.len() != self.header_len() {
            return Err(CryptoError::Decrypt);
        }
        self.open(usage, header, body)
    }

    /// The pseudo-random function (RFC 3961 §3). The length of the output depends on the type.
    pub fn prf(&self, input: &[u8]) -> Zeroizing<Vec<u8>> {
        self.profile.prf(&self.bytes, input)
    }

    fn assemble(
        etype: EncryptionType,
        profile: &'static dyn Profile,
        bytes: Zeroizing<Vec<u8>>,
    ) -> Self {
        Self {
            etype,
            profile,
            bytes,
            sealing: UsageCache::new(),
            checksums: UsageCache::new(),
        }
    }

    /// Encrypts a message of the right length, in which plaintext and padding are already in place.
    fn seal(&self, usage: KeyUsage, message: &mut [u8], rng: &mut dyn CryptoRng) {
        let layout = self.profile.layout();
        if let Some(confounder) = message.get_mut(layout.prefix..layout.header()) {
            rng.fill_bytes(confounder);
        }
        self.sealing.with(
            usage,
            || self.profile.sealing_key(&self.bytes, usage),
            |key| key.seal(message),
        );
    }

    /// Decrypts a header of the right length, and what follows it.
    fn open(
        &self,
        usage: KeyUsage,
        header: &mut [u8],
        body: &mut [u8],
    ) -> Result<usize, CryptoError> {
        if !self.profile.layout().admits(header.len() + body.len()) {
            return Err(CryptoError::Decrypt);
        }
        self.sealing.with(
            usage,
            || self.profile.sealing_key(&self.bytes, usage),
            |key| key.open(header, body),
        )
    }
}

impl Clone for Key {
    /// The copy starts without derived keys.
    fn clone(&self) -> Self {
        Self::assemble(self.etype, self.profile, self.bytes.clone())
    }
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Key")
            .field("etype", &self.etype)
            .finish_non_exhaustive()
    }
}

impl TryFrom<&KeyBlock> for Key {
    type Error = CryptoError;

    fn try_from(block: &KeyBlock) -> Result<Self, CryptoError> {
        Self::new(block)
    }
}

/// The longest header: RC4's checksum and confounder.
const MAX_HEADER: usize = 24;

fn profile_of(etype: EncryptionType) -> Result<&'static dyn Profile, CryptoError> {
    etype.profile().ok_or(CryptoError::UnsupportedEtype(etype))
}

/// The requested number of iterations, if it is within the safe range.
fn iteration_count(
    etype: EncryptionType,
    profile: &dyn Profile,
    s2kparams: Option<&[u8]>,
    limit: u32,
) -> Result<u32, CryptoError> {
    let Some(default) = profile.default_iterations() else {
        return match s2kparams {
            None | Some([]) => Ok(0),
            Some(params) => Err(CryptoError::S2kParams {
                etype,
                length: params.len(),
            }),
        };
    };
    // RFC 3962 §4: the parameters are just the count, as a big-endian 32-bit number.
    let asked = match s2kparams {
        None => default,
        Some(&[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
        Some(params) => {
            return Err(CryptoError::S2kParams {
                etype,
                length: params.len(),
            });
        }
    };
    // RFC 3962 §4: zero means 2³², which does not fit into 32 bits.
    if asked == 0 {
        return Err(CryptoError::TooManyIterations {
            asked: 1 << 32,
            limit,
        });
    }
    if asked > limit {
        return Err(CryptoError::TooManyIterations {
            asked: asked.into(),
            limit,
        });
    }
    if asked < default {
        return Err(CryptoError::TooFewIterations {
            asked,
            minimum: default,
        });
    }
    Ok(asked)
}

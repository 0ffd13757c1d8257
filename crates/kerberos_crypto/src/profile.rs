//! `Profile`: what an encryption type must provide (RFC 3961 §3), behind a single interface.
//!
//! It is implemented in the file of an RFC, referenced in a row of the table in `etype.rs`, and
//! used by `key.rs`. Adding an encryption type means adding one file and one row.

use alloc::boxed::Box;
use alloc::vec::Vec;

use cipher::KeyInit;
use digest::Mac;
use zeroize::{Zeroize, Zeroizing};

use crate::{ChecksumType, CryptoError, KeyUsage};

/// The mechanism of an encryption type. All keys passed to it have `key_size` bytes.
pub(crate) trait Profile: Sync {
    /// The length of a protocol key.
    fn key_size(&self) -> usize;

    /// The key-generation seed length, in bytes.
    fn seed_size(&self) -> usize {
        self.key_size()
    }

    /// The format of a ciphertext.
    fn layout(&self) -> Layout;

    /// The type of its checksums (RFC 3961 §3, "required checksum mechanism").
    fn checksum_type(&self) -> ChecksumType;

    /// The length of a keyed checksum, in bytes.
    fn checksum_size(&self) -> usize;

    /// The default iteration count, for types whose string-to-key parameters are a count.
    fn default_iterations(&self) -> Option<u32> {
        None
    }

    /// string-to-key. `iterations` is only used by types that have a default count.
    fn string_to_key(
        &self,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError>;

    /// random-to-key, from `seed_size` bytes.
    fn random_to_key(&self, seed: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(seed.to_vec())
    }

    /// The keys Ke and Ki for a usage, ready for use.
    fn sealing_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn SealingKey>;

    /// The key Kc for a usage, ready for use.
    fn checksum_key(&self, key: &[u8], usage: KeyUsage) -> Box<dyn ChecksumKey>;

    /// The pseudo-random function.
    fn prf(&self, key: &[u8], input: &[u8]) -> Zeroizing<Vec<u8>>;
}

/// The derived keys for encryption. Messages have the profile's layout.
pub(crate) trait SealingKey: Send + Sync {
    /// Encrypts in place a message whose confounder, plaintext and padding are filled in.
    fn seal(&self, message: &mut [u8]);

    /// Decrypts in place and returns the length of the plaintext, which is at the start of `body`.
    ///
    /// `header` has the length [`Layout::header`], and `body` is everything after it.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`]. Any decrypted plaintext in the buffers is then wiped.
    fn open(&self, header: &mut [u8], body: &mut [u8]) -> Result<usize, CryptoError>;

    /// The same key for messages in several pieces; `None` for types whose GSS-API tokens are not
    /// made of such messages.
    fn scattered(&self) -> Option<&dyn ScatteredKey>;
}

/// A [`SealingKey`] for messages in several pieces. The caller has checked that the confounder has
/// the length of a block, and the code that of the checksum.
pub(crate) trait ScatteredKey {
    /// Encrypts `confounder` and the parts to be sealed in place, and writes `code`.
    fn seal(&self, confounder: &mut [u8], parts: &mut [Part<'_>], code: &mut [u8]);

    /// Reverses `seal`.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`]. What was decrypted is then wiped.
    fn open(
        &self,
        confounder: &mut [u8],
        parts: &mut [Part<'_>],
        code: &[u8],
    ) -> Result<(), CryptoError>;
}

/// A part of a message in several pieces.
#[derive(Debug)]
pub enum Part<'a> {
    /// Encrypted in place, and covered by the code.
    Sealed(&'a mut [u8]),
    /// Covered by the code, but not encrypted.
    Signed(&'a [u8]),
}

impl Part<'_> {
    /// The current bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Sealed(bytes) => bytes,
            Self::Signed(bytes) => bytes,
        }
    }
}

/// The derived key for checksums.
pub(crate) trait ChecksumKey: Send + Sync {
    /// The checksum of the concatenated `parts`.
    fn compute(&self, parts: &[&[u8]]) -> Vec<u8>;

    /// Verifies a checksum in constant time.
    fn verify(&self, parts: &[&[u8]], checksum: &[u8]) -> Result<(), CryptoError>;
}

/// The format of a ciphertext: `[prefix][confounder][plaintext][padding][trailer]`.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// A checksum before the confounder (RC4).
    pub(crate) prefix: usize,
    /// Random bytes.
    pub(crate) confounder: usize,
    /// The block size: confounder, plaintext and padding together are a multiple of this.
    pub(crate) block: usize,
    /// A checksum at the end.
    pub(crate) trailer: usize,
}

impl Layout {
    /// The layout of types with ciphertext stealing, which need no padding and have their code at
    /// the end.
    pub(crate) const fn stealing(block: usize, code: usize) -> Self {
        Self {
            prefix: 0,
            confounder: block,
            block: 1,
            trailer: code,
        }
    }

    /// The position of the plaintext.
    pub(crate) fn header(&self) -> usize {
        self.prefix + self.confounder
    }

    /// The length of the ciphertext of `plaintext` bytes.
    pub(crate) fn ciphertext_len(&self, plaintext: usize) -> usize {
        // On overflow, a length that no buffer has.
        self.confounder
            .checked_add(plaintext)
            .and_then(|text| text.checked_next_multiple_of(self.block))
            .and_then(|text| text.checked_add(self.prefix + self.trailer))
            .unwrap_or(usize::MAX)
    }

    /// Whether `length` is possible for a ciphertext.
    pub(crate) fn admits(&self, length: usize) -> bool {
        length
            .checked_sub(self.header() + self.trailer)
            .is_some_and(|text| (self.confounder + text).is_multiple_of(self.block))
    }
}

/// A message authentication code truncated to `SIZE` bytes, used as Kc by all profiles that need
/// one.
pub(crate) struct TruncatedMac<M, const SIZE: usize>(pub(crate) M);

impl<M: Mac + Clone, const SIZE: usize> TruncatedMac<M, SIZE> {
    /// Writes the code of `data` to `out`, which must have `SIZE` bytes.
    pub(crate) fn write(&self, data: &[u8], out: &mut [u8]) {
        self.write_all([data], out);
    }

    /// Writes the code of the concatenated `parts` to `out`, which must have `SIZE` bytes.
    pub(crate) fn write_all<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>, out: &mut [u8]) {
        Self(parts.into_iter().fold(self.0.clone(), M::chain_update)).finish(out);
    }

    /// Writes the code of the data fed so far to `out`, which must have `SIZE` bytes.
    pub(crate) fn finish(self, out: &mut [u8]) {
        for (to, from) in out.iter_mut().zip(self.0.finalize().into_bytes()) {
            *to = from;
        }
    }

    /// Compares the code of two concatenated parts with `code`, in constant time.
    pub(crate) fn check(&self, start: &[u8], end: &[u8], code: &[u8]) -> bool {
        self.check_all([start, end], code)
    }

    /// Compares the code of the concatenated `parts` with `code`, in constant time.
    pub(crate) fn check_all<'p>(
        &self,
        parts: impl IntoIterator<Item = &'p [u8]>,
        code: &[u8],
    ) -> bool {
        let mac = parts.into_iter().fold(self.0.clone(), M::chain_update);
        code.len() == SIZE && mac.verify_truncated_left(code).is_ok()
    }
}

impl<M: Mac + Clone + Send + Sync, const SIZE: usize> ChecksumKey for TruncatedMac<M, SIZE> {
    fn compute(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut out = alloc::vec![0; SIZE];
        self.write_all(parts.iter().copied(), &mut out);
        out
    }

    fn verify(&self, parts: &[&[u8]], checksum: &[u8]) -> Result<(), CryptoError> {
        if self.check_all(parts.iter().copied(), checksum) {
            Ok(())
        } else {
            Err(CryptoError::Checksum)
        }
    }
}

/// A primitive with a key whose length the caller knows to be right: [`crate::Key`] checks it on
/// entry, and derived keys are arrays.
#[expect(
    clippy::expect_used,
    reason = "lengths are fixed by the profile, never by received data"
)]
pub(crate) fn keyed<T: KeyInit>(key: &[u8]) -> T {
    T::new_from_slice(key).expect("the profile and the primitive agree on the key length")
}

/// Wipes the results of a failed decryption, which may be garbage or other plaintext.
pub(crate) fn refuse(header: &mut [u8], body: &mut [u8]) -> CryptoError {
    header.zeroize();
    body.zeroize();
    CryptoError::Decrypt
}

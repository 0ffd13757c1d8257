//! `Key` operations on messages in several pieces, for GSS-API (RFC 4121 §4.2).

use super::Key;
use crate::profile::{Part, ScatteredKey};
use crate::{CryptoError, CryptoRng, KeyUsage};

impl Key {
    /// Encrypts in place a message that is in several pieces: a confounder of
    /// [`header_len`](Self::header_len) bytes, `parts`, and a code of
    /// [`trailer_len`](Self::trailer_len) bytes. Confounder and code are overwritten. The
    /// concatenated sealed pieces are the same as from [`encrypt`](Self::encrypt), except that the
    /// code also covers the parts that are only signed.
    ///
    /// # Errors
    /// [`CryptoError::BufferLength`] if confounder or code has the wrong length, and
    /// [`CryptoError::UnsupportedEtype`] for triple DES and RC4, whose GSS-API tokens have another
    /// format.
    ///
    /// # Example
    /// ```
    /// # use kerberos_crypto::{EncryptionType, Key, KeyUsage, Part};
    /// # fn example(rng: &mut dyn kerberos_crypto::CryptoRng) -> Result<(), kerberos_crypto::CryptoError> {
    /// let key = Key::from_bytes(EncryptionType::AES256_CTS_HMAC_SHA1_96, &[7; 32])?;
    /// let usage = KeyUsage::GSS_INITIATOR_SEAL;
    /// let (mut confounder, mut text, mut code) = ([0; 16], *b"hello", [0; 12]);
    /// let mut parts = [Part::Signed(b"in the clear"), Part::Sealed(&mut text)];
    /// key.encrypt_scattered(usage, &mut confounder, &mut parts, &mut code, rng)?;
    /// assert_ne!(text, *b"hello");
    ///
    /// let mut parts = [Part::Signed(b"in the clear"), Part::Sealed(&mut text)];
    /// key.decrypt_scattered(usage, &mut confounder, &mut parts, &code)?;
    /// assert_eq!(text, *b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn encrypt_scattered(
        &self,
        usage: KeyUsage,
        confounder: &mut [u8],
        parts: &mut [Part<'_>],
        code: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), CryptoError> {
        self.check_scattered(confounder.len(), code.len())?;
        rng.fill_bytes(confounder);
        self.with_scattered(usage, |key| {
            key.seal(confounder, parts, code);
            Ok(())
        })
    }

    /// Reverses [`encrypt_scattered`](Self::encrypt_scattered). The message must be divided into
    /// the same parts.
    ///
    /// # Errors
    /// The same as [`encrypt_scattered`](Self::encrypt_scattered), and [`CryptoError::Decrypt`];
    /// the parts then contain no plaintext.
    pub fn decrypt_scattered(
        &self,
        usage: KeyUsage,
        confounder: &mut [u8],
        parts: &mut [Part<'_>],
        code: &[u8],
    ) -> Result<(), CryptoError> {
        self.check_scattered(confounder.len(), code.len())?;
        self.with_scattered(usage, |key| key.open(confounder, parts, code))
    }

    /// The length of the code at the end of a ciphertext.
    pub fn trailer_len(&self) -> usize {
        self.profile.layout().trailer
    }

    fn check_scattered(&self, confounder: usize, code: usize) -> Result<(), CryptoError> {
        let layout = self.profile.layout();
        for (expected, actual) in [(layout.header(), confounder), (layout.trailer, code)] {
            if actual != expected {
                return Err(CryptoError::BufferLength { expected, actual });
            }
        }
        Ok(())
    }

    fn with_scattered(
        &self,
        usage: KeyUsage,
        work: impl FnOnce(&dyn ScatteredKey) -> Result<(), CryptoError>,
    ) -> Result<(), CryptoError> {
        self.sealing.with(
            usage,
            || self.profile.sealing_key(&self.bytes, usage),
            |key| match key.scattered() {
                Some(key) => work(key),
                None => Err(CryptoError::UnsupportedEtype(self.etype)),
            },
        )
    }
}

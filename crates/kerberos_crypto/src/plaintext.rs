//! `Plaintext`: decrypted bytes, wiped on drop.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use zeroize::Zeroize;

/// Decrypted bytes, usable as a slice. They are wiped on drop, and `Debug` shows only the length.
pub struct Plaintext(Vec<u8>);

impl Plaintext {
    /// Takes ownership of `bytes`. There should be no other copy.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Cuts off the end, which stays in the buffer until the buffer is wiped.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }
}

impl Deref for Plaintext {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Plaintext {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl AsRef<[u8]> for Plaintext {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        // An empty vector consists of spare capacity only, which is wiped in bulk. Elements would
        // be wiped one by one, which takes as long as decrypting them.
        self.0.clear();
        self.0.zeroize();
    }
}

impl core::fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Plaintext(<{} secret bytes>)", self.0.len())
    }
}

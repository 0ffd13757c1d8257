//! `Plaintext`: what was decrypted, wiped when it is dropped.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use zeroize::Zeroize;

/// What was decrypted; it is a byte slice that is wiped on drop, and `Debug` shows its length only.
pub struct Plaintext(Vec<u8>);

impl Plaintext {
    /// Takes over `bytes`, of which no other copy should be left.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Cuts off the end; it stays in the buffer until that is wiped.
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
        // An empty vector is all spare capacity, which is wiped in bulk; the elements of a full
        // one would be wiped one by one, and that takes as long as decrypting them.
        self.0.clear();
        self.0.zeroize();
    }
}

impl core::fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Plaintext(<{} secret bytes>)", self.0.len())
    }
}

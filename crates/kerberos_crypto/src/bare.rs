//! The primitive operations of the older GSS-API tokens, which are not based on RFC 3961: RC4 and
//! HMAC-MD5 (RFC 4757 §7.3), and triple DES in CBC mode without key derivation (RFC 1964 §1.2, as
//! adapted to triple DES by MIT's library). Not for any other use: the caller must ensure
//! integrity.

use cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit};
use des::TdesEde3;
use rc4::{Rc4, StreamCipher};
use zeroize::Zeroizing;

use crate::profile::keyed;
use crate::rfc4757::hmac_md5;
use crate::{EncryptionType, Key};

/// The keystreams that RFC 4757 §7.3 derives from an `arcfour-hmac` key.
pub struct BareRc4<'k>(&'k Key);

impl<'k> BareRc4<'k> {
    /// `None` for keys of another type.
    pub fn new(key: &'k Key) -> Option<Self> {
        (key.etype() == EncryptionType::ARCFOUR_HMAC).then_some(Self(key))
    }

    /// Encrypts or decrypts the sequence field of a token; `checksum` is the token's.
    pub fn apply_to_sequence(&self, checksum: &[u8], sequence: &mut [u8]) {
        stream(self.0.expose_bytes(), checksum, [sequence]);
    }

    /// Encrypts or decrypts the text of the token with this sequence number. The parts may be in
    /// separate buffers.
    pub fn apply_to_text<'t>(
        &self,
        sequence_number: u32,
        parts: impl IntoIterator<Item = &'t mut [u8]>,
    ) {
        let mut local = Zeroizing::new([0; 16]);
        for (to, from) in local.iter_mut().zip(self.0.expose_bytes()) {
            *to = from ^ 0xf0;
        }
        stream(&*local, &sequence_number.to_be_bytes(), parts);
    }
}

/// RC4 with the key HMAC(HMAC(key, 0), salt).
fn stream<'t>(key: &[u8], salt: &[u8], parts: impl IntoIterator<Item = &'t mut [u8]>) {
    let key = hmac_md5(&*hmac_md5(key, &[0; 4]), salt);
    let mut stream = keyed::<Rc4>(&*key);
    for part in parts {
        stream.apply_keystream(part);
    }
}

/// Triple DES in CBC mode, with a `des3-cbc-sha1` key used directly.
pub struct BareDes3(TdesEde3);

impl BareDes3 {
    /// `None` for keys of another type.
    pub fn new(key: &Key) -> Option<Self> {
        (key.etype() == EncryptionType::DES3_CBC_SHA1).then(|| Self(keyed(key.expose_bytes())))
    }

    /// Encrypts the whole blocks of `text`.
    pub fn encrypt(&self, iv: [u8; 8], text: &mut [u8]) {
        let (blocks, _) = DesBlock::slice_as_chunks_mut(text);
        cbc::Encryptor::inner_iv_init(&self.0, &iv.into()).encrypt_blocks(blocks);
    }

    /// Decrypts the whole blocks of `text`.
    pub fn decrypt(&self, iv: [u8; 8], text: &mut [u8]) {
        let (blocks, _) = DesBlock::slice_as_chunks_mut(text);
        cbc::Decryptor::inner_iv_init(&self.0, &iv.into()).decrypt_blocks(blocks);
    }
}

impl core::fmt::Debug for BareRc4<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BareRc4")
    }
}

impl core::fmt::Debug for BareDes3 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BareDes3")
    }
}

type DesBlock = cipher::array::Array<u8, cipher::consts::U8>;

//! `Sender` and `Receiver`: the two directions of a context, each with its own keys and sequence
//! numbers (RFC 2743 §2.3). The formats of tokens are in `rfc4121.rs` and `rfc4757.rs`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kerberos_crypto::{CryptoRng, EncryptionType, Key, Part};

use crate::sequence::Window;
use crate::{GssError, rfc4121, rfc4757};

/// How a message is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protection {
    /// It is signed, but not encrypted.
    Sign,
    /// It is encrypted, which includes signing.
    Seal,
}

/// The contents of a token.
#[derive(PartialEq, Eq, Debug)]
pub struct Unwrapped<M> {
    /// The message.
    pub message: M,
    /// Whether it was encrypted. If the message must be secret, refuse it unless it was.
    pub protection: Protection,
}

/// An end of a context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Initiator,
    Acceptor,
}

impl Side {
    /// The other end.
    pub(crate) fn peer(self) -> Self {
        match self {
            Self::Initiator => Self::Acceptor,
            Self::Acceptor => Self::Initiator,
        }
    }
}

/// Protects outgoing messages. It is independent of the [`Receiver`], so the two can be used in
/// different threads or tasks.
#[derive(Debug)]
pub struct Sender {
    pub(crate) key: Arc<Key>,
    /// Whether `key` is the acceptor's subkey.
    pub(crate) acceptor_subkey: bool,
    /// Which side the messages come from.
    pub(crate) from: Side,
    pub(crate) dce_style: bool,
    /// The sequence number of the next message.
    pub(crate) sequence_number: u64,
}

/// Verifies incoming messages.
#[derive(Debug)]
pub struct Receiver {
    /// The key to use without an acceptor's subkey: the initiator's subkey, or else the session
    /// key.
    pub(crate) key: Arc<Key>,
    /// The acceptor's subkey.
    pub(crate) acceptor_subkey: Option<Arc<Key>>,
    /// Which side the messages come from.
    pub(crate) from: Side,
    pub(crate) dce_style: bool,
    pub(crate) window: Window,
}

/// A message in several pieces, which is protected in place.
///
/// `parts` are the message: parts to be encrypted, and parts that are only signed with it, such as
/// the header of a PDU. If the message is signed and not sealed, all parts are only signed.
#[derive(Debug)]
pub struct Pieces<'p, 'd> {
    /// The start of the token. Its length is [`Overhead::header`] or, without `trailer`, that plus
    /// [`Overhead::trailer`].
    pub header: &'p mut [u8],
    /// The message.
    pub parts: &'p mut [Part<'d>],
    /// The padding, whose length is [`Overhead::padding`].
    pub padding: &'p mut [u8],
    /// The end of the token. `None` puts it at the start.
    pub trailer: Option<&'p mut [u8]>,
}

/// [`Pieces`] without the parts.
pub(crate) struct Around<'p> {
    pub(crate) header: &'p mut [u8],
    pub(crate) padding: &'p mut [u8],
    pub(crate) trailer: Option<&'p mut [u8]>,
}

impl<'d> Pieces<'_, 'd> {
    pub(crate) fn split(&mut self) -> (Around<'_>, &mut [Part<'d>]) {
        let around = Around {
            header: self.header,
            padding: self.padding,
            trailer: self.trailer.as_deref_mut(),
        };
        (around, self.parts)
    }
}

/// Checks the size of a piece.
pub(crate) fn piece(piece: &'static str, bytes: &[u8], expected: usize) -> Result<(), GssError> {
    let actual = bytes.len();
    if actual == expected {
        return Ok(());
    }
    Err(GssError::PieceLength {
        piece,
        expected,
        actual,
    })
}

/// How much longer a token is than its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Overhead {
    /// Before the message.
    pub header: usize,
    /// Between message and trailer: one octet with RC4, one to eight with triple DES, otherwise
    /// none.
    pub padding: usize,
    /// At the end.
    pub trailer: usize,
}

impl Overhead {
    /// The sum of all three.
    pub fn total(self) -> usize {
        self.header + self.padding + self.trailer
    }
}

impl Sender {
    /// Makes a token that contains `message` (`GSS_Wrap`).
    ///
    /// # Errors
    /// None with keys of newer types. With RC4 and triple DES: [`GssError::Crypto`].
    pub fn wrap(
        &mut self,
        protection: Protection,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, GssError> {
        let mut token = Vec::new();
        self.wrap_into(&mut token, protection, message, rng)?;
        Ok(token)
    }

    /// Appends a token that contains `message` to `tokens`. Reusing a buffer saves an allocation
    /// for each message.
    ///
    /// # Errors
    /// The same as [`wrap`](Self::wrap). `tokens` is then unchanged.
    pub fn wrap_into(
        &mut self,
        tokens: &mut Vec<u8>,
        protection: Protection,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), GssError> {
        let start = tokens.len();
        let result = if is_old(&self.key) {
            rfc4757::wrap_into(self, tokens, protection, message, rng)
        } else {
            rfc4121::wrap_into(self, tokens, protection, message, rng)
        };
        if result.is_err() {
            tokens.truncate(start);
        }
        result
    }

    /// Makes a token that signs `message` without containing it (`GSS_GetMIC`).
    ///
    /// # Errors
    /// The same as [`wrap`](Self::wrap).
    pub fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, GssError> {
        if is_old(&self.key) {
            rfc4757::mic(self, message)
        } else {
            Ok(rfc4121::mic(self, message))
        }
    }

    /// The length of the longest message whose token has at most `token_len` octets
    /// (`GSS_Wrap_size_limit`).
    pub fn wrap_size_limit(&self, protection: Protection, token_len: usize) -> usize {
        if is_old(&self.key) {
            rfc4757::size_limit(self, token_len)
        } else {
            let overhead = rfc4121::overhead(self, protection, false).total();
            token_len.saturating_sub(overhead)
        }
    }

    /// The sizes of the [`Pieces`] around a message in which `length` octets are to be sealed (or
    /// would be, if it is only signed).
    pub fn overhead(&self, protection: Protection, length: usize) -> Overhead {
        if is_old(&self.key) {
            rfc4757::overhead(self, length)
        } else {
            rfc4121::overhead(self, protection, true)
        }
    }

    /// Protects a message in several pieces in place (`GSS_Wrap_iov`, `GSS_Wrap_aead`).
    ///
    /// # Errors
    /// [`GssError::PieceLength`] if a piece does not have the required size. Nothing is changed
    /// then.
    pub fn wrap_scattered(
        &mut self,
        protection: Protection,
        pieces: &mut Pieces<'_, '_>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), GssError> {
        if is_old(&self.key) {
            rfc4757::wrap_scattered(self, protection, pieces, rng)
        } else {
            rfc4121::wrap_scattered(self, protection, pieces, rng)
        }
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        let number = self.sequence_number;
        self.sequence_number = number.wrapping_add(1);
        number
    }
}

impl Receiver {
    /// The message in `token` (`GSS_Unwrap`).
    ///
    /// # Errors
    /// [`GssError::Integrity`], [`GssError::Order`], [`GssError::WrongDirection`],
    /// [`GssError::WrongSubkey`], and the errors for malformed tokens. The context remains usable,
    /// but most protocols close the connection.
    pub fn unwrap(&mut self, token: &[u8]) -> Result<Unwrapped<Vec<u8>>, GssError> {
        if is_old(self.key_in_use()) {
            rfc4757::unwrap(self, token)
        } else {
            rfc4121::unwrap(self, token)
        }
    }

    /// The same as [`unwrap`](Self::unwrap), but leaves the message in place in `token`.
    ///
    /// # Errors
    /// The same as [`unwrap`](Self::unwrap). The contents of `token` are then useless.
    pub fn unwrap_in_place<'t>(
        &mut self,
        token: &'t mut [u8],
    ) -> Result<Unwrapped<&'t mut [u8]>, GssError> {
        if is_old(self.key_in_use()) {
            rfc4757::unwrap_in_place(self, token)
        } else {
            rfc4121::unwrap_in_place(self, token)
        }
    }

    /// Checks that `token` signs `message` (`GSS_VerifyMIC`).
    ///
    /// # Errors
    /// The same as [`unwrap`](Self::unwrap).
    pub fn verify_mic(&mut self, message: &[u8], token: &[u8]) -> Result<(), GssError> {
        if is_old(self.key_in_use()) {
            rfc4757::verify_mic(self, message, token)
        } else {
            rfc4121::verify_mic(self, message, token)
        }
    }

    /// The same as [`unwrap`](Self::unwrap) for a message in several pieces, which is left in
    /// place. Returns how it was protected (`GSS_Unwrap_iov`, `GSS_Unwrap_aead`).
    ///
    /// # Errors
    /// The same as [`unwrap`](Self::unwrap), and [`GssError::PieceLength`] if the division into
    /// pieces does not match the token.
    pub fn unwrap_scattered(
        &mut self,
        pieces: &mut Pieces<'_, '_>,
    ) -> Result<Protection, GssError> {
        if is_old(self.key_in_use()) {
            rfc4757::unwrap_scattered(self, pieces)
        } else {
            rfc4121::unwrap_scattered(self, pieces)
        }
    }

    fn key_in_use(&self) -> &Key {
        self.acceptor_subkey.as_ref().unwrap_or(&self.key)
    }
}

/// Whether the key uses the token formats from before RFC 4121 (all types but the "newer" ones of
/// §2).
pub(crate) fn is_old(key: &Key) -> bool {
    [EncryptionType::DES3_CBC_SHA1, EncryptionType::ARCFOUR_HMAC].contains(&key.etype())
}

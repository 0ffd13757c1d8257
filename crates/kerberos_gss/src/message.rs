//! `Sender` and `Receiver`: the two directions of a context, each with its keys and its numbers
//! (RFC 2743 §2.3). What tokens look like is in `rfc4121.rs` and `rfc4757.rs`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kerberos_crypto::{CryptoRng, EncryptionType, Key, Part};

use crate::sequence::Window;
use crate::{GssError, rfc4121, rfc4757};

/// What is done to a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protection {
    /// It is signed, and can be read by all.
    Sign,
    /// It is encrypted, which signs it, too.
    Seal,
}

/// What a token held.
#[derive(PartialEq, Eq, Debug)]
pub struct Unwrapped<M> {
    /// The message.
    pub message: M,
    /// Whether it was encrypted. What must be secret is to be refused when it was not.
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

/// The messages that go out. It is independent of the [`Receiver`], so that the two can be in two
/// threads or tasks.
#[derive(Debug)]
pub struct Sender {
    pub(crate) key: Arc<Key>,
    /// Whether `key` is the acceptor's choice.
    pub(crate) acceptor_subkey: bool,
    /// Where the messages are from.
    pub(crate) from: Side,
    pub(crate) dce_style: bool,
    /// The number of the next message.
    pub(crate) sequence_number: u64,
}

/// The messages that come in.
#[derive(Debug)]
pub struct Receiver {
    /// The key before the acceptor chose one: the initiator's choice, or the session key.
    pub(crate) key: Arc<Key>,
    /// The acceptor's choice.
    pub(crate) acceptor_subkey: Option<Arc<Key>>,
    /// Where the messages are from.
    pub(crate) from: Side,
    pub(crate) dce_style: bool,
    pub(crate) window: Window,
}

/// A message in several places, which is protected where it is.
///
/// `parts` are the message: what is to be encrypted with it, and what is only signed with it, such
/// as the header of a PDU. When a message is signed and not sealed, both kinds are only signed.
#[derive(Debug)]
pub struct Pieces<'p, 'd> {
    /// The front of the token, of [`Overhead::header`] octets, or, without `trailer`, of those
    /// and [`Overhead::trailer`] more.
    pub header: &'p mut [u8],
    /// The message.
    pub parts: &'p mut [Part<'d>],
    /// [`Overhead::padding`] octets.
    pub padding: &'p mut [u8],
    /// The end of the token, unless it is to be in front.
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

/// How much a token is longer than its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Overhead {
    /// In front of the message.
    pub header: usize,
    /// Between message and trailer. One octet with RC4, one to eight with triple DES, else none.
    pub padding: usize,
    /// At the end.
    pub trailer: usize,
}

impl Overhead {
    /// All of it.
    pub fn total(self) -> usize {
        self.header + self.padding + self.trailer
    }
}

impl Sender {
    /// A token that holds `message` (`GSS_Wrap`).
    ///
    /// # Errors
    /// None with keys of the newer types. With RC4 and triple DES: [`GssError::Crypto`].
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

    /// Appends a token that holds `message` to `tokens`: a buffer that is used again and again
    /// spares an allocation each time.
    ///
    /// # Errors
    /// As [`wrap`](Self::wrap); `tokens` is as before then.
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

    /// A token that signs `message` without holding it (`GSS_GetMIC`).
    ///
    /// # Errors
    /// As [`wrap`](Self::wrap).
    pub fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, GssError> {
        if is_old(&self.key) {
            rfc4757::mic(self, message)
        } else {
            Ok(rfc4121::mic(self, message))
        }
    }

    /// The longest message whose token has at most `token_len` octets (`GSS_Wrap_size_limit`).
    pub fn wrap_size_limit(&self, protection: Protection, token_len: usize) -> usize {
        if is_old(&self.key) {
            rfc4757::size_limit(self, token_len)
        } else {
            let overhead = rfc4121::overhead(self, protection, false).total();
            token_len.saturating_sub(overhead)
        }
    }

    /// The sizes of the [`Pieces`] around a message of which `length` octets are sealed, or would
    /// be.
    pub fn overhead(&self, protection: Protection, length: usize) -> Overhead {
        if is_old(&self.key) {
            rfc4757::overhead(self, length)
        } else {
            rfc4121::overhead(self, protection, true)
        }
    }

    /// Protects a message in several places where it is (`GSS_Wrap_iov`, `GSS_Wrap_aead`).
    ///
    /// # Errors
    /// [`GssError::PieceLength`] when a piece has not its size, and the rest is untouched.
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
    /// The message that `token` holds (`GSS_Unwrap`).
    ///
    /// # Errors
    /// [`GssError::Integrity`], [`GssError::Order`], [`GssError::WrongDirection`],
    /// [`GssError::WrongSubkey`], and those for tokens that are not well-formed. The context can be
    /// used further; most protocols close the connection.
    pub fn unwrap(&mut self, token: &[u8]) -> Result<Unwrapped<Vec<u8>>, GssError> {
        if is_old(self.key_in_use()) {
            rfc4757::unwrap(self, token)
        } else {
            rfc4121::unwrap(self, token)
        }
    }

    /// The same where the message is left where it is in `token`.
    ///
    /// # Errors
    /// As [`unwrap`](Self::unwrap); what is in `token` is then of no use.
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
    /// As [`unwrap`](Self::unwrap).
    pub fn verify_mic(&mut self, message: &[u8], token: &[u8]) -> Result<(), GssError> {
        if is_old(self.key_in_use()) {
            rfc4757::verify_mic(self, message, token)
        } else {
            rfc4121::verify_mic(self, message, token)
        }
    }

    /// The same where the message lies in several places, and is left there; tells how it was
    /// protected (`GSS_Unwrap_iov`, `GSS_Unwrap_aead`).
    ///
    /// # Errors
    /// As [`unwrap`](Self::unwrap), and [`GssError::PieceLength`] when the pieces are divided
    /// otherwise than the token says.
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

/// Whether the tokens are those of before RFC 4121 (§2: "newer" encryption types).
pub(crate) fn is_old(key: &Key) -> bool {
    [EncryptionType::DES3_CBC_SHA1, EncryptionType::ARCFOUR_HMAC].contains(&key.etype())
}

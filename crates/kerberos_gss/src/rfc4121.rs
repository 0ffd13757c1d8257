//! RFC 4121 §4.2: the message tokens for all encryption types except RC4 and triple DES.
//!
//! ```text
//! sealed   header │ confounder ┊ message ┊ filler ┊ header │ code      rotated right by RRC
//!                   ╰────────── encrypted ───────────────╯             behind the first header
//! signed   header │ message │ checksum                                 likewise
//! MIC      header │ checksum
//! ```
//! The pieces of a sealed token may be in separate buffers: see `rfc4121/scattered.rs`.

use alloc::vec::Vec;

use kerberos_crypto::{CryptoRng, Key, KeyUsage};

use crate::message::{Overhead, Receiver, Sender, Side};
use crate::{GssError, Protection, TokenId, Unwrapped};

mod header;
mod scattered;

use header::{HEADER, Header};
pub(crate) use scattered::{unwrap as unwrap_scattered, wrap as wrap_scattered};

/// Appends a token that contains `message`, without rotation.
pub(crate) fn wrap_into(
    sender: &mut Sender,
    tokens: &mut Vec<u8>,
    protection: Protection,
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<(), GssError> {
    let overhead = overhead(sender, protection, false);
    tokens.reserve(message.len().saturating_add(overhead.total()));
    let mut header = Header::next(sender, TokenId::WRAP, protection);
    let usage = usages(sender.from);
    match protection {
        Protection::Seal => {
            let first = header.to_bytes();
            tokens.extend_from_slice(&first);
            let start = tokens.len();
            tokens.resize(start + sender.key.header_len(), 0);
            tokens.extend_from_slice(message);
            // RFC 4121 §4.2.4: a copy of the header, so that it is protected.
            tokens.extend_from_slice(&first);
            tokens.resize(tokens.len() + sender.key.trailer_len(), 0);
            let buffer = tokens.get_mut(start..).unwrap_or_default();
            let length = message.len() + HEADER;
            sender
                .key
                .encrypt_in_place(usage.seal, buffer, length, rng)?;
        }
        Protection::Sign => {
            let checksum = checksum(&sender.key, usage.seal, &[message], &header);
            header.ec = checksum_length(&checksum);
            tokens.extend_from_slice(&header.to_bytes());
            tokens.extend_from_slice(message);
            tokens.extend_from_slice(&checksum);
        }
    }
    Ok(())
}

/// Makes a token that signs `message`.
pub(crate) fn mic(sender: &mut Sender, message: &[u8]) -> Vec<u8> {
    let header = Header::next(sender, TokenId::MIC, Protection::Sign);
    let usage = usages(sender.from).sign;
    let mut token = header.to_bytes().to_vec();
    token.extend(checksum(&sender.key, usage, &[message], &header));
    token
}

/// The message in `token`, copied.
pub(crate) fn unwrap(
    receiver: &mut Receiver,
    token: &[u8],
) -> Result<Unwrapped<Vec<u8>>, GssError> {
    let (header, body) = Header::read(token, TokenId::WRAP)?;
    let key = receiver.key_for(&header)?;
    let (end, start) = body.split_at(header.rotation(receiver.dce_style, body.len()));
    if header.flags.protection() == Protection::Sign {
        let mut body = [start, end].concat();
        let message = open_signed(key, receiver.from, &header, &mut body)?.len();
        body.truncate(message);
        receiver.window.receive(header.sequence_number)?;
        return Ok(header.unwrapped(body));
    }
    // The confounder goes into a separate buffer, so that the message is at the start of its own.
    let mut confounder = [0; HEADER];
    let length = key.header_len();
    let mut octets = start.iter().chain(end);
    let places = confounder.iter_mut().take(length);
    for (place, octet) in places.zip(octets.by_ref()) {
        *place = *octet;
    }
    let (start, end) = match start.split_at_checked(length) {
        Some((_, rest)) => (rest, end),
        None => (&[][..], end.get(length - start.len()..).unwrap_or_default()),
    };
    let mut message = [start, end].concat();
    let confounder = confounder.get_mut(..length).unwrap_or_default();
    let usage = usages(receiver.from).seal;
    let length = key
        .decrypt_detached(usage, confounder, &mut message)
        .map_err(|_| GssError::Integrity)?;
    let length = message_length(message.get(..length).unwrap_or_default(), &header)?;
    message.truncate(length);
    receiver.window.receive(header.sequence_number)?;
    Ok(header.unwrapped(message))
}

/// The message in `token`, left in place.
pub(crate) fn unwrap_in_place<'t>(
    receiver: &mut Receiver,
    token: &'t mut [u8],
) -> Result<Unwrapped<&'t mut [u8]>, GssError> {
    let (header, body) = Header::read(token, TokenId::WRAP)?;
    let rotation = header.rotation(receiver.dce_style, body.len());
    let body = token.get_mut(HEADER..).unwrap_or_default();
    body.rotate_left(rotation);
    let key = receiver.key_for(&header)?;
    let message = if header.flags.protection() == Protection::Sign {
        open_signed(key, receiver.from, &header, body)?
    } else {
        let usage = usages(receiver.from).seal;
        let plain = key
            .decrypt_in_place(usage, body)
            .map_err(|_| GssError::Integrity)?;
        let length = message_length(plain, &header)?;
        plain.get_mut(..length).unwrap_or_default()
    };
    receiver.window.receive(header.sequence_number)?;
    Ok(header.unwrapped(message))
}

/// Checks that `token` signs `message`.
pub(crate) fn verify_mic(
    receiver: &mut Receiver,
    message: &[u8],
    token: &[u8],
) -> Result<(), GssError> {
    let (header, checksum) = Header::read(token, TokenId::MIC)?;
    let key = receiver.key_for(&header)?;
    let usage = usages(receiver.from).sign;
    verify(key, usage, &[message], &header, checksum)?;
    receiver.window.receive(header.sequence_number)
}

/// How much longer a token is than its message. In DCE style, `scattered` tokens have a filler.
pub(crate) fn overhead(sender: &Sender, protection: Protection, scattered: bool) -> Overhead {
    match protection {
        Protection::Seal => Overhead {
            header: HEADER + sender.key.header_len(),
            padding: 0,
            trailer: filler(sender.dce_style && scattered) + HEADER + sender.key.trailer_len(),
        },
        Protection::Sign => Overhead {
            header: HEADER,
            padding: 0,
            trailer: sender.key.checksum_len(),
        },
    }
}

/// The length of the filler in DCE style: Windows expects a whole block, as the authors of MIT's
/// library found out.
fn filler(dce_style: bool) -> usize {
    if dce_style { HEADER } else { 0 }
}

/// The key usages for one direction (RFC 4121 §2).
struct Usages {
    seal: KeyUsage,
    sign: KeyUsage,
}

fn usages(from: Side) -> Usages {
    match from {
        Side::Initiator => Usages {
            seal: KeyUsage::GSS_INITIATOR_SEAL,
            sign: KeyUsage::GSS_INITIATOR_SIGN,
        },
        Side::Acceptor => Usages {
            seal: KeyUsage::GSS_ACCEPTOR_SEAL,
            sign: KeyUsage::GSS_ACCEPTOR_SIGN,
        },
    }
}

impl Receiver {
    /// The key named in the header, if the token can come from the peer.
    fn key_for(&self, header: &Header) -> Result<&Key, GssError> {
        if header.flags.from() != self.from {
            return Err(GssError::WrongDirection);
        }
        if !header.flags.acceptor_subkey() {
            return Ok(&self.key);
        }
        self.acceptor_subkey.as_deref().ok_or(GssError::WrongSubkey)
    }
}

/// RFC 4121 §4.2.4: the checksum covers the message and then the header, without EC and RRC.
fn checksum(key: &Key, usage: KeyUsage, parts: &[&[u8]], header: &Header) -> Vec<u8> {
    let header = header.without_counts().to_bytes();
    let parts: Vec<&[u8]> = parts.iter().copied().chain([&header[..]]).collect();
    key.checksum_of_parts(usage, &parts)
}

fn verify(
    key: &Key,
    usage: KeyUsage,
    parts: &[&[u8]],
    header: &Header,
    checksum: &[u8],
) -> Result<(), GssError> {
    let header = header.without_counts().to_bytes();
    let parts: Vec<&[u8]> = parts.iter().copied().chain([&header[..]]).collect();
    key.verify_checksum_of_parts(usage, &parts, checksum)
        .map_err(|_| GssError::Integrity)
}

/// The verified message in `body`, which is not rotated.
fn open_signed<'b>(
    key: &Key,
    from: Side,
    header: &Header,
    body: &'b mut [u8],
) -> Result<&'b mut [u8], GssError> {
    // RFC 4121 §4.2.3: EC is the length of the checksum.
    if usize::from(header.ec) != key.checksum_len() {
        return Err(GssError::Header("EC"));
    }
    let length = body
        .len()
        .checked_sub(header.ec.into())
        .ok_or(GssError::Truncated)?;
    let (message, checksum) = body.split_at_mut(length);
    verify(key, usages(from).seal, &[message], header, checksum)?;
    Ok(message)
}

/// The length of the message in the decrypted text, after checking the filler and the header that
/// follow it.
fn message_length(plain: &[u8], header: &Header) -> Result<usize, GssError> {
    let (rest, copy) = plain
        .split_last_chunk::<HEADER>()
        .ok_or(GssError::Integrity)?;
    // RFC 4121 §4.2.4: the encrypted header is a copy of the first one before rotation. This
    // includes EC, which determines where the message ends.
    if *copy != header.without_rotation().to_bytes() {
        return Err(GssError::Integrity);
    }
    rest.len()
        .checked_sub(header.ec.into())
        .ok_or(GssError::Integrity)
}

/// Checksums have at most 24 octets.
fn checksum_length(checksum: &[u8]) -> u16 {
    u16::try_from(checksum.len()).unwrap_or_default()
}

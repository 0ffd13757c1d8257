//! The token formats from before RFC 4121: those of RC4 (RFC 4757 §7.2, §7.3), and those of triple
//! DES as in MIT's library, which are the tokens of RFC 1964 §1.2 with HMAC-SHA1 as the checksum.
//!
//! ```text
//! frame │ id │ algorithms 6 │ sequence 8 │ checksum 8 or 20 │ confounder 8 │ message │ padding
//!                             encrypted                       ╰─ encrypted when sealed ─╯
//! ```
//! A MIC token ends with the checksum. Single DES (RFC 6649) and 40-bit RC4 are not supported.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kerberos_crypto::{CryptoRng, Key, Part};

use crate::mechanism::{frame_head, unframe_header, unframe_kerberos};
use crate::message::{Overhead, Pieces, Receiver, Sender, piece};
use crate::{GssError, Protection, TokenId, Unwrapped};

mod suite;

use suite::{CONFOUNDER, Suite, total};

/// Appends a token that contains `message`.
pub(crate) fn wrap_into(
    sender: &mut Sender,
    tokens: &mut Vec<u8>,
    protection: Protection,
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<(), GssError> {
    let key = Arc::clone(&sender.key);
    let suite = Suite::of(&key)?;
    let padding = suite.padding(message.len());
    let inside = suite.header_len() + message.len() + padding;
    tokens.extend(frame_head(inside));
    let inner = tokens.len();
    tokens.resize(inner + suite.header_len(), 0);
    tokens.extend_from_slice(message);
    tokens.resize(tokens.len() + padding, 0);
    let token = tokens.get_mut(inner..).unwrap_or_default();
    let (header, rest) = token.split_at_mut(suite.header_len());
    let (text, padding) = rest.split_at_mut(message.len());
    let token = Laid {
        header,
        parts: &mut [Part::Sealed(text)],
        padding,
    };
    protect(sender, &suite, protection, token, rng);
    Ok(())
}

/// Makes a token that signs `message`.
pub(crate) fn mic(sender: &mut Sender, message: &[u8]) -> Result<Vec<u8>, GssError> {
    let key = Arc::clone(&sender.key);
    let suite = Suite::of(&key)?;
    let mut header = suite.start(TokenId::OLD_MIC, Protection::Sign).to_vec();
    let covered = [&header[..], message];
    let checksum = suite.checksum(suite.mic_usage, &covered);
    let number = sender.next_number();
    header.extend(suite.sequence(number, sender.from, &checksum));
    header.extend(checksum);
    let mut token = frame_head(header.len());
    token.append(&mut header);
    Ok(token)
}

/// Checks that `token` signs `message`.
pub(crate) fn verify_mic(
    receiver: &mut Receiver,
    message: &[u8],
    token: &[u8],
) -> Result<(), GssError> {
    let key = receiver.key_in_use_old();
    let suite = Suite::of(&key)?;
    let (id, body) = unframe_kerberos(token)?;
    expect(TokenId::OLD_MIC, id)?;
    let (fields, rest) = suite.fields(body)?;
    if !rest.is_empty() {
        return Err(GssError::Frame);
    }
    let start = suite.start(TokenId::OLD_MIC, Protection::Sign);
    if fields.start != start.get(2..).unwrap_or_default() {
        return Err(GssError::Header("algorithm"));
    }
    suite.verify(suite.mic_usage, &[&start, message], fields.checksum)?;
    let number = suite.open_sequence(&fields, receiver.from)?;
    receiver.window.receive(number.into())
}

/// The message in `token`, copied.
pub(crate) fn unwrap(
    receiver: &mut Receiver,
    token: &[u8],
) -> Result<Unwrapped<Vec<u8>>, GssError> {
    let mut token = token.to_vec();
    let opened = unwrap_in_place(receiver, &mut token)?;
    Ok(Unwrapped {
        message: opened.message.to_vec(),
        protection: opened.protection,
    })
}

/// The message in `token`, left in place.
pub(crate) fn unwrap_in_place<'t>(
    receiver: &mut Receiver,
    token: &'t mut [u8],
) -> Result<Unwrapped<&'t mut [u8]>, GssError> {
    let key = receiver.key_in_use_old();
    let suite = Suite::of(&key)?;
    let (id, body) = unframe_kerberos(token)?;
    expect(TokenId::OLD_WRAP, id)?;
    // The header begins at the token id.
    let start = token.len() - body.len() - 2;
    let inner = token.get_mut(start..).unwrap_or_default();
    let (header, text) = inner
        .split_at_mut_checked(suite.header_len())
        .ok_or(GssError::Truncated)?;
    let length = text.len();
    let laid = Laid {
        header,
        parts: &mut [Part::Sealed(&mut *text)],
        padding: &mut [],
    };
    let protection = open(receiver, &suite, laid)?;
    // RFC 1964 §1.2.2.3: each octet of the padding contains its length.
    let padding = usize::from(text.last().copied().ok_or(GssError::Truncated)?);
    let message = length.checked_sub(padding).ok_or(GssError::Integrity)?;
    if padding == 0 || padding > suite.block {
        return Err(GssError::Integrity);
    }
    Ok(Unwrapped {
        message: text.get_mut(..message).unwrap_or_default(),
        protection,
    })
}

/// Protects `pieces` in place.
pub(crate) fn wrap_scattered(
    sender: &mut Sender,
    protection: Protection,
    pieces: &mut Pieces<'_, '_>,
    rng: &mut dyn CryptoRng,
) -> Result<(), GssError> {
    let key = Arc::clone(&sender.key);
    let suite = Suite::of(&key)?;
    suite.check_scattered()?;
    let length = total(pieces.parts);
    let overhead = overhead(sender, length);
    let (around, parts) = pieces.split();
    piece("header", around.header, overhead.header)?;
    piece("padding", around.padding, overhead.padding)?;
    piece("trailer", around.trailer.as_deref().unwrap_or_default(), 0)?;
    // In DCE style, the frame only counts the octets that are here.
    let elsewhere = if sender.dce_style {
        0
    } else {
        length + overhead.padding
    };
    let head = frame_head(suite.header_len() + elsewhere);
    let (frame, header) = around.header.split_at_mut(head.len());
    frame.copy_from_slice(&head);
    let token = Laid {
        header,
        parts,
        padding: around.padding,
    };
    protect(sender, &suite, protection, token, rng);
    Ok(())
}

/// Reverses [`wrap_scattered`]. The message must be divided into the same pieces.
pub(crate) fn unwrap_scattered(
    receiver: &mut Receiver,
    pieces: &mut Pieces<'_, '_>,
) -> Result<Protection, GssError> {
    let key = receiver.key_in_use_old();
    let suite = Suite::of(&key)?;
    suite.check_scattered()?;
    let length = total(pieces.parts);
    let (around, parts) = pieces.split();
    piece("trailer", around.trailer.as_deref().unwrap_or_default(), 0)?;
    let padding = usize::from(!receiver.dce_style);
    piece("padding", around.padding, padding)?;
    let elsewhere = if receiver.dce_style {
        0
    } else {
        length + padding
    };
    let body = unframe_header(around.header, elsewhere)?.len();
    let start = around.header.len() - body;
    let header = around.header.get_mut(start..).unwrap_or_default();
    piece("header", header, suite.header_len())?;
    let id = header.first_chunk().copied().ok_or(GssError::Truncated)?;
    expect(TokenId::OLD_WRAP, TokenId(id))?;
    let token = Laid {
        header,
        parts,
        padding: around.padding,
    };
    let protection = open(receiver, &suite, token)?;
    if around.padding.iter().any(|octet| *octet != 1) {
        return Err(GssError::Integrity);
    }
    Ok(protection)
}

/// How much longer a token is than its message.
pub(crate) fn overhead(sender: &Sender, length: usize) -> Overhead {
    let Ok(suite) = Suite::of(&sender.key) else {
        return Overhead::default();
    };
    let padding = if sender.dce_style {
        0
    } else {
        suite.padding(length)
    };
    let elsewhere = if sender.dce_style {
        0
    } else {
        length + padding
    };
    let inside = suite.header_len();
    Overhead {
        header: frame_head(inside + elsewhere).len() + inside,
        padding,
        trailer: 0,
    }
}

/// The length of the longest message whose token has at most `token_len` octets.
pub(crate) fn size_limit(sender: &Sender, token_len: usize) -> usize {
    let Ok(suite) = Suite::of(&sender.key) else {
        return 0;
    };
    let total = |length: usize| {
        let inside = suite.header_len() + length + suite.padding(length);
        frame_head(inside).len() + inside
    };
    let mut length = token_len.saturating_sub(total(0) - suite.padding(0) + 1);
    while length > 0 && total(length) > token_len {
        length -= 1;
    }
    length
}

impl Receiver {
    /// Older tokens do not say which key protects them: it is the acceptor's subkey, if that is
    /// used at all.
    fn key_in_use_old(&self) -> Arc<Key> {
        let key = self.acceptor_subkey.as_ref().unwrap_or(&self.key);
        Arc::clone(key)
    }
}

/// The parts of a token in place.
struct Laid<'t, 'p> {
    /// From the token id to the confounder.
    header: &'t mut [u8],
    parts: &'t mut [Part<'p>],
    padding: &'t mut [u8],
}

/// Fills in the header and the padding, and protects the text.
fn protect(
    sender: &mut Sender,
    suite: &Suite<'_>,
    protection: Protection,
    token: Laid<'_, '_>,
    rng: &mut dyn CryptoRng,
) {
    let Laid {
        header,
        parts,
        padding,
    } = token;
    padding.fill(u8::try_from(padding.len()).unwrap_or_default());
    let number = sender.sequence_number;
    let (head, confounder) = header.split_at_mut(suite.header_len() - CONFOUNDER);
    rng.fill_bytes(confounder);
    let start = suite.start(TokenId::OLD_WRAP, protection);
    let checksum = suite.checksum(
        suite.wrap_usage,
        &covered(&start, confounder, parts, padding),
    );
    let sequence = suite.sequence(number, sender.from, &checksum);
    let fields = start.iter().chain(&sequence).chain(&checksum);
    for (to, from) in head.iter_mut().zip(fields) {
        *to = *from;
    }
    if protection == Protection::Seal {
        suite.seal(number, confounder, parts, padding);
    }
    sender.next_number();
}

/// Reverses [`protect`].
fn open(
    receiver: &mut Receiver,
    suite: &Suite<'_>,
    token: Laid<'_, '_>,
) -> Result<Protection, GssError> {
    let Laid {
        header,
        parts,
        padding,
    } = token;
    let (head, confounder) = header.split_at_mut(suite.header_len() - CONFOUNDER);
    let (fields, _) = suite.fields(head.get(2..).unwrap_or_default())?;
    let protection = [Protection::Seal, Protection::Sign]
        .into_iter()
        .find(|one| suite.start(TokenId::OLD_WRAP, *one).get(2..) == Some(fields.start))
        .ok_or(GssError::Header("algorithm"))?;
    // RC4 needs the sequence number to decrypt the text. If the text is only signed, the number is
    // not protected.
    let number = suite.open_sequence(&fields, receiver.from)?;
    if protection == Protection::Seal {
        suite.open(number, confounder, parts, padding)?;
    }
    let start = suite.start(TokenId::OLD_WRAP, protection);
    suite.verify(
        suite.wrap_usage,
        &covered(&start, confounder, parts, padding),
        fields.checksum,
    )?;
    receiver.window.receive(number.into())?;
    Ok(protection)
}

/// What the checksum covers.
fn covered<'a>(
    start: &'a [u8],
    confounder: &'a [u8],
    parts: &'a [Part<'_>],
    padding: &'a [u8],
) -> Vec<&'a [u8]> {
    let parts = parts.iter().map(Part::bytes);
    [start, confounder]
        .into_iter()
        .chain(parts)
        .chain([padding])
        .collect()
}

fn expect(expected: TokenId, found: TokenId) -> Result<(), GssError> {
    if found == expected {
        Ok(())
    } else {
        Err(GssError::TokenId { expected, found })
    }
}

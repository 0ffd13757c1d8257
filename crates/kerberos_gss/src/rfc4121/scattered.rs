//! Tokens with pieces in separate buffers, processed in place. Other libraries call this IOV or
//! AEAD. DCE RPC, SMB and LDAP need it.
//!
//! ```text
//! with a trailer      header: header │ confounder            parts   trailer: filler │ header │ code
//! without             header: header │ filler │ header │ code │ confounder   parts
//! ```
//! The second form is a rotation of the first: a peer can read either as a single token.

use alloc::vec::Vec;

use kerberos_crypto::{CryptoRng, Part};

use super::{HEADER, Header, checksum, checksum_length, filler, overhead, usages, verify};
use crate::message::{Around, Pieces, Receiver, Sender, piece};
use crate::{GssError, Protection, TokenId};

/// Protects `pieces` in place.
pub(crate) fn wrap(
    sender: &mut Sender,
    protection: Protection,
    pieces: &mut Pieces<'_, '_>,
    rng: &mut dyn CryptoRng,
) -> Result<(), GssError> {
    let sizes = overhead(sender, protection, true);
    let trailer_len = sizes.trailer;
    let confounder_len = sizes.header - HEADER;
    let (around, parts) = pieces.split();
    let places = divide(around, trailer_len, confounder_len)?;
    let mut header = Header::next(sender, TokenId::WRAP, protection);
    let usage = usages(sender.from).seal;
    // Both lengths are at most a few blocks.
    let count = |length: usize| u16::try_from(length).unwrap_or_default();
    let rrc = if places.rotated {
        count(trailer_len)
    } else {
        0
    };
    match protection {
        Protection::Seal => {
            let filler = filler(sender.dce_style);
            header.ec = count(filler);
            let (tail, code) = places.trailer.split_at_mut(filler + HEADER);
            let (filling, copy) = tail.split_at_mut(filler);
            filling.fill(0xff);
            copy.copy_from_slice(&header.to_bytes());
            let mut parts = with_tail(parts, tail);
            sender
                .key
                .encrypt_scattered(usage, places.confounder, &mut parts, code, rng)?;
            // Windows adds EC to the rotation, see `Header::rotation`.
            header.rrc = rrc.saturating_sub(if sender.dce_style { header.ec } else { 0 });
        }
        Protection::Sign => {
            let parts: Vec<&[u8]> = parts.iter().map(Part::bytes).collect();
            let code = checksum(&sender.key, usage, &parts, &header);
            places.trailer.copy_from_slice(&code);
            header.ec = checksum_length(&code);
            header.rrc = rrc;
        }
    }
    places.header.copy_from_slice(&header.to_bytes());
    Ok(())
}

/// Reverses [`wrap`]. The message must be divided into the same pieces.
pub(crate) fn unwrap(
    receiver: &mut Receiver,
    pieces: &mut Pieces<'_, '_>,
) -> Result<Protection, GssError> {
    let (header, _) = Header::read(pieces.header, TokenId::WRAP)?;
    let protection = header.flags.protection();
    let key = receiver.key_for(&header)?;
    let usage = usages(receiver.from).seal;
    let ec = usize::from(header.ec);
    let (trailer_len, confounder_len) = match protection {
        Protection::Seal => (ec + HEADER + key.trailer_len(), key.header_len()),
        Protection::Sign => (key.checksum_len(), 0),
    };
    if protection == Protection::Sign && ec != trailer_len {
        return Err(GssError::Header("EC"));
    }
    let (around, parts) = pieces.split();
    let places = divide(around, trailer_len, confounder_len)?;
    let rotation = if places.rotated {
        header.rotation(receiver.dce_style, usize::MAX)
    } else {
        header.rrc.into()
    };
    if rotation != if places.rotated { trailer_len } else { 0 } {
        return Err(GssError::Header("RRC"));
    }
    match protection {
        Protection::Seal => {
            let (tail, code) = places.trailer.split_at_mut(ec + HEADER);
            let mut parts = with_tail(parts, tail);
            key.decrypt_scattered(usage, places.confounder, &mut parts, code)
                .map_err(|_| GssError::Integrity)?;
            super::message_length(tail, &header)?;
        }
        Protection::Sign => {
            let parts: Vec<&[u8]> = parts.iter().map(Part::bytes).collect();
            verify(key, usage, &parts, &header, places.trailer)?;
        }
    }
    receiver.window.receive(header.sequence_number)?;
    Ok(protection)
}

/// Where to put the parts of the token around the message.
struct Places<'p> {
    header: &'p mut [u8],
    trailer: &'p mut [u8],
    confounder: &'p mut [u8],
    /// Whether the trailer is at the start.
    rotated: bool,
}

fn divide(
    pieces: Around<'_>,
    trailer_len: usize,
    confounder_len: usize,
) -> Result<Places<'_>, GssError> {
    piece("padding", pieces.padding, 0)?;
    let rotated = pieces.trailer.is_none();
    let in_front = if rotated { trailer_len } else { 0 };
    piece("header", pieces.header, HEADER + in_front + confounder_len)?;
    let (header, rest) = pieces.header.split_at_mut(HEADER);
    let (front, confounder) = rest.split_at_mut(in_front);
    let trailer = pieces.trailer.unwrap_or(front);
    piece("trailer", trailer, trailer_len)?;
    Ok(Places {
        header,
        trailer,
        confounder,
        rotated,
    })
}

/// All parts, followed by `tail`.
fn with_tail<'p>(parts: &'p mut [Part<'_>], tail: &'p mut [u8]) -> Vec<Part<'p>> {
    let parts = parts.iter_mut().map(|part| match part {
        Part::Sealed(bytes) => Part::Sealed(bytes),
        Part::Signed(bytes) => Part::Signed(bytes),
    });
    parts.chain([Part::Sealed(tail)]).collect()
}

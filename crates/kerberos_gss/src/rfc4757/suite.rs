//! What depends on the type of the key: algorithms, lengths, and the encryption of sequence number
//! and text (RFC 4757 §7.2, §7.3; RFC 1964 §1.2.1).

use alloc::vec::Vec;

use kerberos_crypto::{BareDes3, BareRc4, CryptoError, EncryptionType, Key, KeyUsage, Part};
use zeroize::{Zeroize, Zeroizing};

use crate::message::Side;
use crate::{GssError, Protection, TokenId};

/// What depends on the type of the key.
pub(super) struct Suite<'k> {
    key: &'k Key,
    /// SGN_ALG and SEAL_ALG.
    algorithms: ([u8; 2], [u8; 2]),
    /// The length of the checksum in a token.
    checksum_len: usize,
    /// Text is padded to a multiple of this size, with at least one octet.
    pub(super) block: usize,
    pub(super) mic_usage: KeyUsage,
    pub(super) wrap_usage: KeyUsage,
}

/// The fields of a header after the token id.
pub(super) struct Fields<'a> {
    /// The algorithms and the filler.
    pub(super) start: &'a [u8],
    sequence: &'a [u8],
    pub(super) checksum: &'a [u8],
}

impl<'k> Suite<'k> {
    pub(super) fn of(key: &'k Key) -> Result<Self, GssError> {
        match key.etype() {
            EncryptionType::ARCFOUR_HMAC => Ok(Self {
                key,
                // RFC 4757 §7.3.
                algorithms: ([0x11, 0], [0x10, 0]),
                checksum_len: 8,
                block: 1,
                // RFC 4757 §7.2: message types 15 and, for Wrap tokens, 13.
                mic_usage: KeyUsage(15),
                wrap_usage: KeyUsage::GSS_ACCEPTOR_SIGN,
            }),
            EncryptionType::DES3_CBC_SHA1 => Ok(Self {
                key,
                algorithms: ([4, 0], [2, 0]),
                checksum_len: 20,
                block: 8,
                mic_usage: KeyUsage::GSS_ACCEPTOR_SIGN,
                wrap_usage: KeyUsage::GSS_ACCEPTOR_SIGN,
            }),
            other => Err(CryptoError::UnsupportedEtype(other).into()),
        }
    }

    /// From the token id to the confounder.
    pub(super) fn header_len(&self) -> usize {
        START + SEQUENCE + self.checksum_len + CONFOUNDER
    }

    pub(super) fn padding(&self, length: usize) -> usize {
        self.block - length % self.block
    }

    /// Blocks that span two parts are not supported, so only RC4 has scattered messages.
    pub(super) fn check_scattered(&self) -> Result<(), GssError> {
        if self.block == 1 {
            return Ok(());
        }
        Err(CryptoError::UnsupportedEtype(self.key.etype()).into())
    }

    /// The first eight octets: token id, algorithms, filler.
    pub(super) fn start(&self, id: TokenId, protection: Protection) -> [u8; START] {
        let (sign_algorithm, seal_algorithm) = self.algorithms;
        let seal_algorithm = match protection {
            Protection::Seal => seal_algorithm,
            Protection::Sign => [0xff; 2],
        };
        let fields = [id.0, sign_algorithm, seal_algorithm, [0xff; 2]];
        fields.as_flattened().try_into().unwrap_or_default()
    }

    pub(super) fn fields<'a>(&self, body: &'a [u8]) -> Result<(Fields<'a>, &'a [u8]), GssError> {
        let split = || {
            let (start, rest) = body.split_at_checked(START - 2)?;
            let (sequence, rest) = rest.split_at_checked(SEQUENCE)?;
            let (checksum, rest) = rest.split_at_checked(self.checksum_len)?;
            let fields = Fields {
                start,
                sequence,
                checksum,
            };
            Some((fields, rest))
        };
        split().ok_or(GssError::Truncated)
    }

    pub(super) fn checksum(&self, usage: KeyUsage, covered: &[&[u8]]) -> Vec<u8> {
        let mut checksum = self.key.checksum_of_parts(usage, covered);
        checksum.truncate(self.checksum_len);
        checksum
    }

    pub(super) fn verify(
        &self,
        usage: KeyUsage,
        covered: &[&[u8]],
        checksum: &[u8],
    ) -> Result<(), GssError> {
        let mut expected = self.checksum(usage, covered);
        // Compares every octet, whatever the first ones are.
        let pairs = expected.iter().zip(checksum);
        let difference = pairs.fold(0, |all, (a, b)| core::hint::black_box(all | (a ^ b)));
        expected.zeroize();
        if difference == 0 && checksum.len() == self.checksum_len {
            Ok(())
        } else {
            Err(GssError::Integrity)
        }
    }

    /// The encrypted sequence number field.
    pub(super) fn sequence(&self, number: u64, from: Side, checksum: &[u8]) -> [u8; SEQUENCE] {
        let direction = [direction(from); 4];
        // In older tokens, numbers wrap around at 2³².
        let number = low(number);
        let number = if self.is_rc4() {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        };
        let mut sequence = [0; SEQUENCE];
        for (to, from) in sequence.iter_mut().zip(number.into_iter().chain(direction)) {
            *to = from;
        }
        if let Some(cipher) = BareRc4::new(self.key) {
            cipher.apply_to_sequence(checksum, &mut sequence);
        } else if let Some(cipher) = BareDes3::new(self.key) {
            cipher.encrypt(first_block(checksum), &mut sequence);
        }
        sequence
    }

    /// Decrypts the sequence number and checks the direction.
    pub(super) fn open_sequence(&self, fields: &Fields<'_>, from: Side) -> Result<u32, GssError> {
        let mut sequence = first_block(fields.sequence);
        if let Some(cipher) = BareRc4::new(self.key) {
            cipher.apply_to_sequence(fields.checksum, &mut sequence);
        } else if let Some(cipher) = BareDes3::new(self.key) {
            cipher.decrypt(first_block(fields.checksum), &mut sequence);
        }
        let [a, b, c, d, directions @ ..] = sequence;
        if directions == [direction(from.peer()); 4] {
            return Err(GssError::WrongDirection);
        }
        if directions != [direction(from); 4] {
            return Err(GssError::Integrity);
        }
        let number = [a, b, c, d];
        Ok(if self.is_rc4() {
            u32::from_be_bytes(number)
        } else {
            u32::from_le_bytes(number)
        })
    }

    pub(super) fn seal(
        &self,
        number: u64,
        confounder: &mut [u8],
        parts: &mut [Part<'_>],
        padding: &mut [u8],
    ) {
        if let Some(cipher) = BareRc4::new(self.key) {
            cipher.apply_to_text(low(number), stream(confounder, parts, padding));
        } else if let Some(cipher) = BareDes3::new(self.key) {
            in_one_place(confounder, parts, padding, |text| {
                cipher.encrypt([0; 8], text);
            });
        }
    }

    pub(super) fn open(
        &self,
        number: u32,
        confounder: &mut [u8],
        parts: &mut [Part<'_>],
        padding: &mut [u8],
    ) -> Result<(), GssError> {
        if let Some(cipher) = BareRc4::new(self.key) {
            cipher.apply_to_text(number, stream(confounder, parts, padding));
        } else if let Some(cipher) = BareDes3::new(self.key) {
            if !total(parts).is_multiple_of(self.block) {
                return Err(GssError::Truncated);
            }
            in_one_place(confounder, parts, padding, |text| {
                cipher.decrypt([0; 8], text);
            });
        }
        Ok(())
    }

    fn is_rc4(&self) -> bool {
        self.key.etype() == EncryptionType::ARCFOUR_HMAC
    }
}

/// Everything that is encrypted, in order.
fn stream<'t>(
    confounder: &'t mut [u8],
    parts: &'t mut [Part<'_>],
    padding: &'t mut [u8],
) -> impl Iterator<Item = &'t mut [u8]> {
    let parts = parts.iter_mut().filter_map(|part| match part {
        Part::Sealed(bytes) => Some(&mut **bytes),
        Part::Signed(_) => None,
    });
    [confounder].into_iter().chain(parts).chain([padding])
}

/// Runs `work` on a contiguous copy of everything that is encrypted, for block ciphers.
fn in_one_place(
    confounder: &mut [u8],
    parts: &mut [Part<'_>],
    padding: &mut [u8],
    work: impl FnOnce(&mut [u8]),
) {
    let pieces = stream(confounder, parts, padding);
    let mut text = Zeroizing::new(pieces.flat_map(|piece| piece.to_vec()).collect::<Vec<_>>());
    work(&mut text);
    let places = stream(confounder, parts, padding).flatten();
    for (place, octet) in places.zip(text.iter()) {
        *place = *octet;
    }
}

pub(super) fn total(parts: &[Part<'_>]) -> usize {
    let sealed = parts.iter().filter(|part| matches!(part, Part::Sealed(_)));
    sealed.map(|part| part.bytes().len()).sum()
}

/// RFC 1964 §1.2.1.2: the code for the side that a token comes from.
fn direction(from: Side) -> u8 {
    match from {
        Side::Initiator => 0,
        Side::Acceptor => 0xff,
    }
}

fn low(number: u64) -> u32 {
    u32::try_from(number & 0xffff_ffff).unwrap_or_default()
}

fn first_block(bytes: &[u8]) -> [u8; 8] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// The length of the first part of a token, after its frame.
const START: usize = 8;
const SEQUENCE: usize = 8;
pub(super) const CONFOUNDER: usize = 8;

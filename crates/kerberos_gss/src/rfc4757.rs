//! The tokens of before RFC 4121: RC4's (RFC 4757 §7.2, §7.3), and triple DES's as MIT's library has
//! them, which are those of RFC 1964 §1.2 with HMAC-SHA1 for the checksum.
//!
//! ```text
//! frame │ id │ algorithms 6 │ sequence 8 │ checksum 8 or 20 │ confounder 8 │ message │ padding
//!                             encrypted                       ╰─ encrypted when sealed ─╯
//! ```
//! A MIC token ends with the checksum. Single DES is not spoken (RFC 6649), nor is RC4 with 40
//! bits.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kerberos_crypto::{BareDes3, BareRc4, CryptoRng, EncryptionType, Key, KeyUsage, Part};

use crate::mechanism::{frame_head, unframe_header, unframe_kerberos};
use crate::message::{Overhead, Pieces, Receiver, Sender, piece};
use crate::{GssError, Protection, TokenId, Unwrapped};

/// Appends a token that holds `message`.
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
    let mut parts = [Part::Sealed(text)];
    protect(sender, &suite, protection, header, &mut parts, padding, rng);
    Ok(())
}

/// A token that signs `message`.
pub(crate) fn mic(sender: &mut Sender, message: &[u8]) -> Result<Vec<u8>, GssError> {
    let key = Arc::clone(&sender.key);
    let suite = Suite::of(&key)?;
    let mut header = suite.start(TokenId::OLD_MIC, Protection::Sign).to_vec();
    let covered = [&header[..], message];
    let checksum = suite.checksum(suite.mic_usage, &covered);
    let number = sender.next_number();
    header.extend(suite.sequence(number, sender.by_acceptor, &checksum));
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
    let number = suite.open_sequence(&fields, receiver.by_acceptor)?;
    receiver.window.receive(number.into())
}

/// The message in `token`, in one's own memory.
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

/// The message in `token`, left where it is.
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
    let mut parts = [Part::Sealed(&mut *text)];
    let protection = open(receiver, &suite, header, &mut parts, &mut [])?;
    // RFC 1964 §1.2.2.3: each octet of the padding is its length.
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

/// Protects `pieces` where they are.
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
    // In DCE style, the frame counts what is here.
    let elsewhere = if sender.dce_style {
        0
    } else {
        length + overhead.padding
    };
    let head = frame_head(suite.header_len() + elsewhere);
    let (frame, header) = around.header.split_at_mut(head.len());
    frame.copy_from_slice(&head);
    protect(
        sender,
        &suite,
        protection,
        header,
        parts,
        around.padding,
        rng,
    );
    Ok(())
}

/// Undoes [`wrap_scattered`], given the same division into pieces.
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
    let protection = open(receiver, &suite, header, parts, around.padding)?;
    if around.padding.iter().any(|octet| *octet != 1) {
        return Err(GssError::Integrity);
    }
    Ok(protection)
}

/// How much longer than its message a token is.
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

/// The longest message whose token has at most `token_len` octets.
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
    /// Older tokens do not say which key they are protected with: it is the acceptor's choice, if
    /// that counts at all.
    fn key_in_use_old(&self) -> Arc<Key> {
        let key = self.acceptor_subkey.as_ref().unwrap_or(&self.key);
        Arc::clone(key)
    }
}

/// Fills `header` in, from the token id to the confounder, and protects the text.
fn protect(
    sender: &mut Sender,
    suite: &Suite<'_>,
    protection: Protection,
    header: &mut [u8],
    parts: &mut [Part<'_>],
    padding: &mut [u8],
    rng: &mut dyn CryptoRng,
) {
    padding.fill(u8::try_from(padding.len()).unwrap_or_default());
    let number = sender.sequence_number;
    let (head, confounder) = header.split_at_mut(suite.header_len() - CONFOUNDER);
    rng.fill_bytes(confounder);
    let start = suite.start(TokenId::OLD_WRAP, protection);
    let checksum = suite.checksum(
        suite.wrap_usage,
        &covered(&start, confounder, parts, padding),
    );
    let sequence = suite.sequence(number, sender.by_acceptor, &checksum);
    let fields = start.iter().chain(&sequence).chain(&checksum);
    for (to, from) in head.iter_mut().zip(fields) {
        *to = *from;
    }
    if protection == Protection::Seal {
        suite.seal(number, confounder, parts, padding);
    }
    sender.next_number();
}

/// Undoes [`protect`].
fn open(
    receiver: &mut Receiver,
    suite: &Suite<'_>,
    header: &mut [u8],
    parts: &mut [Part<'_>],
    padding: &mut [u8],
) -> Result<Protection, GssError> {
    let (head, confounder) = header.split_at_mut(suite.header_len() - CONFOUNDER);
    let (fields, _) = suite.fields(head.get(2..).unwrap_or_default())?;
    let protection = [Protection::Seal, Protection::Sign]
        .into_iter()
        .find(|one| suite.start(TokenId::OLD_WRAP, *one).get(2..) == Some(fields.start))
        .ok_or(GssError::Header("algorithm"))?;
    // RC4 needs the number to decrypt the text. When the text is only signed, nothing protects it.
    let number = suite.open_sequence(&fields, receiver.by_acceptor)?;
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

/// What the checksum is over.
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

/// What the type of the key decides.
struct Suite<'k> {
    key: &'k Key,
    /// SGN_ALG and SEAL_ALG.
    algorithms: ([u8; 2], [u8; 2]),
    /// The length of the checksum in a token.
    checksum_len: usize,
    /// Text is padded to whole blocks of this size, and by one octet at least.
    block: usize,
    mic_usage: KeyUsage,
    wrap_usage: KeyUsage,
}

/// The fields of a header, behind the token id.
struct Fields<'a> {
    /// The algorithms and the filler.
    start: &'a [u8],
    sequence: &'a [u8],
    checksum: &'a [u8],
}

impl<'k> Suite<'k> {
    fn of(key: &'k Key) -> Result<Self, GssError> {
        match key.etype() {
            EncryptionType::ARCFOUR_HMAC => Ok(Self {
                key,
                // RFC 4757 §7.3.
                algorithms: ([0x11, 0], [0x10, 0]),
                checksum_len: 8,
                block: 1,
                // RFC 4757 §7.2: the types of messages 15 and, for Wrap tokens, 13.
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
            other => Err(kerberos_crypto::CryptoError::UnsupportedEtype(other).into()),
        }
    }

    /// From the token id to the confounder.
    fn header_len(&self) -> usize {
        START + SEQUENCE + self.checksum_len + CONFOUNDER
    }

    fn padding(&self, length: usize) -> usize {
        self.block - length % self.block
    }

    /// Blocks that cross from one part into the next are not worked on: only RC4 has scattered
    /// messages.
    fn check_scattered(&self) -> Result<(), GssError> {
        if self.block == 1 {
            return Ok(());
        }
        Err(kerberos_crypto::CryptoError::UnsupportedEtype(self.key.etype()).into())
    }

    /// The first eight octets: token id, algorithms, filler.
    fn start(&self, id: TokenId, protection: Protection) -> [u8; START] {
        let (sign_algorithm, seal_algorithm) = self.algorithms;
        let seal_algorithm = match protection {
            Protection::Seal => seal_algorithm,
            Protection::Sign => [0xff; 2],
        };
        let fields = [id.0, sign_algorithm, seal_algorithm, [0xff; 2]];
        fields.as_flattened().try_into().unwrap_or_default()
    }

    fn fields<'a>(&self, body: &'a [u8]) -> Result<(Fields<'a>, &'a [u8]), GssError> {
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

    fn checksum(&self, usage: KeyUsage, covered: &[&[u8]]) -> Vec<u8> {
        let mut checksum = self.key.checksum_of_parts(usage, covered);
        checksum.truncate(self.checksum_len);
        checksum
    }

    fn verify(&self, usage: KeyUsage, covered: &[&[u8]], checksum: &[u8]) -> Result<(), GssError> {
        use zeroize::Zeroize as _;
        let mut expected = self.checksum(usage, covered);
        // Every octet is looked at, whatever the first ones are.
        let pairs = expected.iter().zip(checksum);
        let difference = pairs.fold(0, |all, (a, b)| core::hint::black_box(all | (a ^ b)));
        expected.zeroize();
        if difference == 0 && checksum.len() == self.checksum_len {
            Ok(())
        } else {
            Err(GssError::Integrity)
        }
    }

    /// The encrypted sequence field.
    fn sequence(&self, number: u64, by_acceptor: bool, checksum: &[u8]) -> [u8; SEQUENCE] {
        let direction = [direction(by_acceptor); 4];
        // Older tokens count to 2³² and begin again.
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

    /// The number in the sequence field, from the right direction.
    fn open_sequence(&self, fields: &Fields<'_>, by_acceptor: bool) -> Result<u32, GssError> {
        let mut sequence = first_block(fields.sequence);
        if let Some(cipher) = BareRc4::new(self.key) {
            cipher.apply_to_sequence(fields.checksum, &mut sequence);
        } else if let Some(cipher) = BareDes3::new(self.key) {
            cipher.decrypt(first_block(fields.checksum), &mut sequence);
        }
        let [a, b, c, d, directions @ ..] = sequence;
        if directions == [direction(!by_acceptor); 4] {
            return Err(GssError::WrongDirection);
        }
        if directions != [direction(by_acceptor); 4] {
            return Err(GssError::Integrity);
        }
        let number = [a, b, c, d];
        Ok(if self.is_rc4() {
            u32::from_be_bytes(number)
        } else {
            u32::from_le_bytes(number)
        })
    }

    fn seal(&self, number: u64, confounder: &mut [u8], parts: &mut [Part<'_>], padding: &mut [u8]) {
        if let Some(cipher) = BareRc4::new(self.key) {
            cipher.apply_to_text(low(number), stream(confounder, parts, padding));
        } else if let Some(cipher) = BareDes3::new(self.key) {
            in_one_place(confounder, parts, padding, |text| {
                cipher.encrypt([0; 8], text);
            });
        }
    }

    fn open(
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

/// Runs `work` over a copy of everything that is encrypted, for a cipher with blocks.
fn in_one_place(
    confounder: &mut [u8],
    parts: &mut [Part<'_>],
    padding: &mut [u8],
    work: impl FnOnce(&mut [u8]),
) {
    let pieces = stream(confounder, parts, padding);
    let mut text =
        zeroize::Zeroizing::new(pieces.flat_map(|piece| piece.to_vec()).collect::<Vec<_>>());
    work(&mut text);
    let places = stream(confounder, parts, padding).flatten();
    for (place, octet) in places.zip(text.iter()) {
        *place = *octet;
    }
}

fn total(parts: &[Part<'_>]) -> usize {
    let sealed = parts.iter().filter(|part| matches!(part, Part::Sealed(_)));
    sealed.map(|part| part.bytes().len()).sum()
}

fn expect(expected: TokenId, found: TokenId) -> Result<(), GssError> {
    if found == expected {
        Ok(())
    } else {
        Err(GssError::TokenId { expected, found })
    }
}

/// RFC 1964 §1.2.1.2: which side a token is from.
fn direction(by_acceptor: bool) -> u8 {
    if by_acceptor { 0xff } else { 0 }
}

fn low(number: u64) -> u32 {
    u32::try_from(number & 0xffff_ffff).unwrap_or_default()
}

fn first_block(bytes: &[u8]) -> [u8; 8] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// The first octets of a token, behind its frame.
const START: usize = 8;
const SEQUENCE: usize = 8;
const CONFOUNDER: usize = 8;

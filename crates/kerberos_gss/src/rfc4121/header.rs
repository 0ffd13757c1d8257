//! The 16-octet header of a token (RFC 4121 §4.2.6).

use crate::message::{Sender, Side};
use crate::{GssError, Protection, TokenId, Unwrapped};

/// The length of a header.
pub(crate) const HEADER: usize = 16;

/// The header of a Wrap or MIC token. A MIC token has no EC and RRC.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    id: TokenId,
    pub(crate) flags: Flags,
    /// Extra count: the length of the filler or, for a signed message, of the checksum.
    pub(crate) ec: u16,
    /// Right rotation count.
    pub(crate) rrc: u16,
    pub(crate) sequence_number: u64,
}

/// The flags of RFC 4121 §4.2.2.
#[derive(Clone, Copy)]
pub(crate) struct Flags(u8);

impl Flags {
    const SENT_BY_ACCEPTOR: u8 = 1;
    const SEALED: u8 = 2;
    const ACCEPTOR_SUBKEY: u8 = 4;

    pub(crate) fn from(self) -> Side {
        if self.0 & Self::SENT_BY_ACCEPTOR == 0 {
            Side::Initiator
        } else {
            Side::Acceptor
        }
    }

    pub(crate) fn protection(self) -> Protection {
        if self.0 & Self::SEALED == 0 {
            Protection::Sign
        } else {
            Protection::Seal
        }
    }

    pub(crate) fn acceptor_subkey(self) -> bool {
        self.0 & Self::ACCEPTOR_SUBKEY != 0
    }
}

impl Header {
    /// The header of the sender's next token.
    pub(crate) fn next(sender: &mut Sender, id: TokenId, protection: Protection) -> Self {
        let flags = [
            (sender.from == Side::Acceptor, Flags::SENT_BY_ACCEPTOR),
            (protection == Protection::Seal, Flags::SEALED),
            (sender.acceptor_subkey, Flags::ACCEPTOR_SUBKEY),
        ];
        let flags = flags.iter().filter(|(set, _)| *set);
        Self {
            id,
            flags: Flags(flags.fold(0, |all, (_, flag)| all | flag)),
            ec: 0,
            rrc: 0,
            sequence_number: sender.next_number(),
        }
    }

    /// Reads the header of `token`, which must have the id `expected`, and returns what follows it.
    pub(crate) fn read(token: &[u8], expected: TokenId) -> Result<(Self, &[u8]), GssError> {
        let (header, body) = token
            .split_first_chunk::<HEADER>()
            .ok_or(GssError::Truncated)?;
        let &[id, id2, flags, filler, ec, ec2, rrc, rrc2, ref number @ ..] = header;
        let found = TokenId([id, id2]);
        if found != expected {
            return Err(GssError::TokenId { expected, found });
        }
        // RFC 4121 §4.2.6: a MIC token has five octets of filler, a Wrap token one.
        let is_mic = expected == TokenId::MIC;
        if filler != FILLER || (is_mic && [ec, ec2, rrc, rrc2] != [FILLER; 4]) {
            return Err(GssError::Header("filler"));
        }
        let header = Self {
            id: expected,
            flags: Flags(flags),
            ec: u16::from_be_bytes([ec, ec2]),
            rrc: u16::from_be_bytes([rrc, rrc2]),
            sequence_number: u64::from_be_bytes(*number),
        };
        // RFC 4121 §4.2.2: a MIC token is never sealed.
        if is_mic && header.flags.protection() == Protection::Seal {
            return Err(GssError::Header("flag of a sealed token"));
        }
        Ok((header, body))
    }

    pub(crate) fn to_bytes(self) -> [u8; HEADER] {
        let [id, id2] = self.id.0;
        let counts = if self.id == TokenId::MIC {
            u32::MAX
        } else {
            u32::from(self.ec) << 16 | u32::from(self.rrc)
        };
        let start = u32::from_be_bytes([id, id2, self.flags.0, FILLER]);
        let start = u128::from(start) << 96 | u128::from(counts) << 64;
        (start | u128::from(self.sequence_number)).to_be_bytes()
    }

    /// The header before the token was rotated.
    pub(crate) fn without_rotation(self) -> Self {
        Self { rrc: 0, ..self }
    }

    /// The header as covered by a checksum.
    pub(crate) fn without_counts(self) -> Self {
        Self {
            rrc: 0,
            ec: 0,
            ..self
        }
    }

    /// By how many octets a body of `length` octets was rotated right. In DCE style, Windows adds
    /// EC to the rotation of sealed messages.
    pub(crate) fn rotation(self, dce_style: bool, length: usize) -> usize {
        let more = dce_style && self.flags.protection() == Protection::Seal;
        let rotation = usize::from(self.rrc) + if more { usize::from(self.ec) } else { 0 };
        rotation.checked_rem(length).unwrap_or(0)
    }

    pub(crate) fn unwrapped<M>(self, message: M) -> Unwrapped<M> {
        Unwrapped {
            message,
            protection: self.flags.protection(),
        }
    }
}

const FILLER: u8 = 0xff;

//! Mechanisms, named by object identifiers, and the frame around tokens (RFC 2743 §3.1).

use alloc::vec::Vec;

use kerberos_asn1::der::{Reader, Sink, Tag};
use kerberos_asn1::{DecodeError, Encode};

use crate::GssError;

/// An object identifier, as the contents octets of its DER encoding. Unknown ones are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mechanism<'a>(pub &'a [u8]);

impl Mechanism<'static> {
    /// Kerberos 5, 1.2.840.113554.1.2.2 (RFC 4121 §1).
    pub const KRB5: Self = Self(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
    /// The same as misspelled by Windows 2000, 1.2.840.48018.1.2.2. Later versions still offer it
    /// first (MS-SPNG §3.1.5.2).
    pub const MS_KRB5: Self = Self(b"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02");
    /// SPNEGO, 1.3.6.1.5.5.2 (RFC 4178 §4).
    pub const SPNEGO: Self = Self(b"\x2b\x06\x01\x05\x05\x02");
    /// NTLM, 1.3.6.1.4.1.311.2.2.10, which is not supported here.
    pub const NTLMSSP: Self = Self(b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a");
    /// NegoEx, 1.3.6.1.4.1.311.2.2.30, which is not supported here.
    pub const NEGOEX: Self = Self(b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e");
}

impl Mechanism<'_> {
    /// Whether this is Kerberos 5, under either of its identifiers.
    pub fn is_kerberos(self) -> bool {
        self == Mechanism::KRB5 || self == Mechanism::MS_KRB5
    }
}

impl core::fmt::Display for Mechanism<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let known = [
            (Mechanism::KRB5, "Kerberos 5"),
            (Mechanism::MS_KRB5, "Microsoft's Kerberos 5"),
            (Mechanism::SPNEGO, "SPNEGO"),
            (Mechanism::NTLMSSP, "NTLM"),
            (Mechanism::NEGOEX, "NegoEx"),
        ];
        if let Some((_, name)) = known.iter().find(|(one, _)| one == self) {
            return f.write_str(name);
        }
        // X.690 §8.19: seven bits per octet, and the first value encodes two numbers.
        let (mut value, mut first) = (0_u64, true);
        for octet in self.0 {
            value = value.wrapping_shl(7) | u64::from(octet & 0x7f);
            if octet & 0x80 != 0 {
                continue;
            }
            if first {
                let root = (value / 40).min(2);
                write!(f, "{root}.{}", value - root * 40)?;
            } else {
                write!(f, ".{value}")?;
            }
            (value, first) = (0, false);
        }
        Ok(())
    }
}

impl core::fmt::Debug for Mechanism<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Mechanism({self})")
    }
}

/// The two octets at the start of a Kerberos token that identify its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenId(pub [u8; 2]);

impl TokenId {
    /// AP-REQ (RFC 4121 §4.1).
    pub const AP_REQ: Self = Self([1, 0]);
    /// AP-REP (RFC 4121 §4.1).
    pub const AP_REP: Self = Self([2, 0]);
    /// KRB-ERROR (RFC 4121 §4.1).
    pub const ERROR: Self = Self([3, 0]);
    /// The token of `GSS_GetMIC` (RFC 4121 §4.2.6.1).
    pub const MIC: Self = Self([4, 4]);
    /// The token of `GSS_Wrap` (RFC 4121 §4.2.6.2).
    pub const WRAP: Self = Self([5, 4]);
    /// The token of `GSS_GetMIC` with older keys (RFC 1964 §1.2.1).
    pub const OLD_MIC: Self = Self([1, 1]);
    /// The token of `GSS_Wrap` with older keys (RFC 1964 §1.2.2).
    pub const OLD_WRAP: Self = Self([2, 1]);
}

impl core::fmt::Display for TokenId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let [a, b] = self.0;
        let name = match *self {
            Self::AP_REQ => "AP-REQ",
            Self::AP_REP => "AP-REP",
            Self::ERROR => "KRB-ERROR",
            Self::MIC | Self::OLD_MIC => "MIC",
            Self::WRAP | Self::OLD_WRAP => "Wrap",
            _ => return write!(f, "unknown token {a:02x}{b:02x}"),
        };
        write!(f, "{name} token")
    }
}

impl core::fmt::Debug for TokenId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "TokenId({self})")
    }
}

/// `InitialContextToken` of RFC 2743 §3.1: `body` framed for Kerberos 5, as token `id`.
pub(crate) fn frame(id: TokenId, body: &[u8]) -> Vec<u8> {
    Frame { id, body }.to_der()
}

/// The contents of the frame: the mechanism, and everything after it.
pub(crate) fn unframe(token: &[u8]) -> Result<(Mechanism<'_>, &[u8]), GssError> {
    let malformed = |error| GssError::Decode {
        what: "the frame of the token",
        error,
    };
    let mut reader = Reader::new(token);
    let inner = open_frame(&mut reader).map_err(malformed)?;
    reader.finish().map_err(malformed)?;
    Ok(inner)
}

fn open_frame<'a>(reader: &mut Reader<'a>) -> Result<(Mechanism<'a>, &'a [u8]), DecodeError> {
    let mut inner = reader.enter(FRAME)?;
    let mechanism = Mechanism(inner.contents(OBJECT_IDENTIFIER)?);
    Ok((mechanism, inner.rest()))
}

/// The body of a framed Kerberos token, and its kind.
pub(crate) fn unframe_kerberos(token: &[u8]) -> Result<(TokenId, &[u8]), GssError> {
    let (mechanism, inner) = unframe(token)?;
    if !mechanism.is_kerberos() {
        return Err(GssError::Mechanism(mechanism.0.to_vec()));
    }
    match inner.split_first_chunk() {
        Some((&id, body)) => Ok((TokenId(id), body)),
        None => Err(GssError::Truncated),
    }
}

/// The same as [`unframe_kerberos`] for a token whose text is stored separately: the frame counts
/// `elsewhere` more octets than are in `token`.
pub(crate) fn unframe_header(token: &[u8], elsewhere: usize) -> Result<&[u8], GssError> {
    let length = token.len().saturating_add(elsewhere);
    let content = frame_content(length).ok_or(GssError::Truncated)?;
    let head = frame_head(content);
    match token.strip_prefix(&*head) {
        Some(inner) => Ok(inner),
        None => Err(GssError::Frame),
    }
}

/// The start of a frame around `content` octets, which include the token id.
pub(crate) fn frame_head(content: usize) -> Vec<u8> {
    Head(content).to_der()
}

/// The number of octets after the mechanism in a frame of `length` octets in total.
fn frame_content(length: usize) -> Option<usize> {
    let oid = Mechanism::KRB5.0.len() + 2;
    // The tag has one octet, the length one to five.
    (2..=6).find_map(|head| {
        let content = length.checked_sub(head + oid)?;
        (frame_head(content).len() == head + oid).then_some(content)
    })
}

/// A whole frame.
struct Frame<'a> {
    id: TokenId,
    body: &'a [u8],
}

impl Encode for Frame<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.element(FRAME, |sink| {
            sink.prepend(self.body);
            sink.prepend(&self.id.0);
            sink.primitive(OBJECT_IDENTIFIER, Mechanism::KRB5.0);
        });
    }
}

/// The start of a frame around this many octets.
struct Head(usize);

impl Encode for Head {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.primitive(OBJECT_IDENTIFIER, Mechanism::KRB5.0);
        let length = sink.written() + self.0;
        sink.header(FRAME, length);
    }
}

/// `[APPLICATION 0]`.
pub(crate) const FRAME: Tag = Tag::application(0);
pub(crate) const OBJECT_IDENTIFIER: Tag = Tag(0x06);

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn oids_are_displayed_in_dotted_form_or_by_name() {
        assert_eq!(Mechanism(b"\x2a\x03\x81\x00").to_string(), "1.2.3.128");
        assert_eq!(Mechanism(b"\x88\x37\x03").to_string(), "2.999.3");
        assert_eq!(Mechanism::NTLMSSP.to_string(), "NTLM");
    }

    #[test]
    fn framed_token_is_unframed_for_all_lengths() {
        for length in [0, 1, 100, 114, 115, 116, 300, 70_000] {
            let body = alloc::vec![7; length];
            let token = frame(TokenId::AP_REQ, &body);
            assert_eq!(unframe_kerberos(&token).unwrap(), (TokenId::AP_REQ, &*body));
            let (here, _) = token.split_at(token.len() - length);
            assert_eq!(unframe_header(here, length).unwrap(), TokenId::AP_REQ.0);
        }
    }
}

//! The input of a ticket checksum: the ticket's encrypted part, with a single zero byte in place of
//! the PAC (MS-PAC §2.8, "Ticket Signature").

use alloc::vec::Vec;

use kerberos_asn1::der::{Reader, Sink, Tag};
use kerberos_asn1::{AuthorizationDataEntry, AuthorizationDataType, Decode, DecodeError, Encode};
use zeroize::Zeroizing;

use super::PacError;

/// The bytes that the KDC signed, given the DER encoding of the EncTicketPart that contains `pac`.
///
/// Everything except the elements that enclose the PAC is copied as received, so that the result
/// does not depend on how we would encode it.
pub(super) fn of(enc_ticket_part: &[u8], pac: &[u8]) -> Result<Zeroizing<Vec<u8>>, PacError> {
    let parts = Parts::read(enc_ticket_part).map_err(PacError::Ticket)?;
    let mut found = false;
    let elements = replaced(parts.authorization_data, |element| {
        if found || element.ad_type != AuthorizationDataType::IF_RELEVANT {
            return Ok(None);
        }
        let mut inner = Reader::new(element.ad_data);
        let list = inner.enter(Tag::SEQUENCE)?;
        inner.finish()?;
        let inner = replaced(list, |one| {
            if found || one.ad_type != AuthorizationDataType::WIN2K_PAC || one.ad_data != pac {
                return Ok(None);
            }
            found = true;
            Ok(Some(Vec::from([0])))
        })?;
        Ok(found.then(|| List(&inner).to_der()))
    })
    .map_err(PacError::Ticket)?;
    if !found {
        return Err(PacError::OtherTicket);
    }
    Ok(Zeroizing::new(
        Signed {
            before: parts.before,
            elements: &elements,
            after: parts.after,
        }
        .to_der(),
    ))
}

/// An EncTicketPart, split at its authorization data.
struct Parts<'a> {
    before: &'a [u8],
    authorization_data: Reader<'a>,
    after: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut whole = Reader::new(bytes);
        let mut fields = whole.sequence(Some(ENC_TICKET_PART))?;
        whole.finish()?;
        let start = fields.clone();
        while let Some(tag) = fields.peek()
            && tag != Tag::context(AUTHORIZATION_DATA)
        {
            fields.raw(tag)?;
        }
        let before = fields.since(&start);
        let mut field = fields.enter(Tag::context(AUTHORIZATION_DATA))?;
        let authorization_data = field.enter(Tag::SEQUENCE)?;
        field.finish()?;
        Ok(Self {
            before,
            authorization_data,
            after: fields.rest(),
        })
    }
}

/// The elements of a list, where those for which `new_data` returns new contents are re-encoded.
fn replaced(
    mut list: Reader<'_>,
    mut new_data: impl FnMut(&AuthorizationDataEntry<'_>) -> Result<Option<Vec<u8>>, DecodeError>,
) -> Result<Vec<Vec<u8>>, DecodeError> {
    let mut elements = Vec::new();
    while !list.is_empty() {
        let raw = list.raw(Tag::SEQUENCE)?;
        let element = AuthorizationDataEntry::from_der(raw)?;
        elements.push(match new_data(&element)? {
            None => raw.to_vec(),
            Some(data) => AuthorizationDataEntry {
                ad_type: element.ad_type,
                ad_data: &data,
            }
            .to_der(),
        });
    }
    Ok(elements)
}

/// A SEQUENCE OF elements that are already encoded.
struct List<'a>(&'a [Vec<u8>]);

impl Encode for List<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.element(Tag::SEQUENCE, |sink| {
            for element in self.0.iter().rev() {
                sink.prepend(element);
            }
        });
    }
}

/// An EncTicketPart made of parts that are already encoded.
struct Signed<'a> {
    before: &'a [u8],
    elements: &'a [Vec<u8>],
    after: &'a [u8],
}

impl Encode for Signed<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.sequence(Some(ENC_TICKET_PART), |sink| {
            sink.prepend(self.after);
            sink.element(Tag::context(AUTHORIZATION_DATA), |sink| {
                List(self.elements).encode(sink);
            });
            sink.prepend(self.before);
        });
    }
}

/// `EncTicketPart ::= [APPLICATION 3]` (RFC 4120 §5.3).
const ENC_TICKET_PART: u8 = 3;

/// Its field `authorization-data [10]`.
const AUTHORIZATION_DATA: u8 = 10;

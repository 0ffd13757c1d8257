//! The messages of SPNEGO (RFC 4178 §4.2).

use alloc::vec::Vec;

use kerberos_asn1::der::{Reader, Sink, Tag};
use kerberos_asn1::{DecodeError, DecodeErrorKind, Encode};

use crate::mechanism::{FRAME, OBJECT_IDENTIFIER};
use crate::{GssError, Mechanism};

/// The first message of an initiator, or of an acceptor that speaks first.
#[derive(Debug)]
pub(crate) struct NegTokenInit<'a> {
    /// The encoded list of mechanisms, which the MIC covers.
    pub(crate) mech_types_der: &'a [u8],
    /// The mechanisms, best first.
    pub(crate) mech_types: Vec<Mechanism<'a>>,
    /// The first token of the first mechanism.
    pub(crate) mech_token: Option<&'a [u8]>,
    pub(crate) mech_list_mic: Option<&'a [u8]>,
    /// Whether it is Microsoft's variant, from an acceptor.
    pub(crate) hints: bool,
}

/// All other messages.
#[derive(Debug, Default)]
pub(crate) struct NegTokenResp<'a> {
    pub(crate) neg_state: Option<NegState>,
    pub(crate) supported_mech: Option<Mechanism<'a>>,
    pub(crate) response_token: Option<&'a [u8]>,
    pub(crate) mech_list_mic: Option<&'a [u8]>,
}

/// `negState`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NegState(pub(crate) u8);

impl NegState {
    pub(crate) const ACCEPT_COMPLETED: Self = Self(0);
    pub(crate) const ACCEPT_INCOMPLETE: Self = Self(1);
    pub(crate) const REJECT: Self = Self(2);
    pub(crate) const REQUEST_MIC: Self = Self(3);
}

/// Encodes a list of mechanisms.
pub(crate) fn mech_types_der(mechanisms: &[Mechanism<'_>]) -> Vec<u8> {
    MechTypes(mechanisms).to_der()
}

struct MechTypes<'a>(&'a [Mechanism<'a>]);

impl Encode for MechTypes<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.element(Tag::SEQUENCE, |sink| {
            for mechanism in self.0.iter().rev() {
                sink.primitive(OBJECT_IDENTIFIER, mechanism.0);
            }
        });
    }
}

impl<'a> NegTokenInit<'a> {
    pub(crate) fn read(token: &'a [u8]) -> Result<Self, GssError> {
        whole(token, "the NegTokenInit", |reader| {
            let mut frame = reader.enter(FRAME)?;
            frame.contents(OBJECT_IDENTIFIER)?;
            let mut choice = frame.enter(Tag::context(0))?;
            frame.finish()?;
            let mut fields = choice.enter(Tag::SEQUENCE)?;
            choice.finish()?;
            Self::fields(&mut fields)
        })
    }

    fn fields(fields: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut types = fields.enter(Tag::context(0))?;
        let mech_types_der = types.raw(Tag::SEQUENCE)?;
        types.finish()?;
        let mut list = Reader::new(mech_types_der).enter(Tag::SEQUENCE)?;
        let mut mech_types = Vec::new();
        while !list.is_empty() {
            mech_types.push(Mechanism(list.contents(OBJECT_IDENTIFIER)?));
        }
        // RFC 4178 §4.2.1: reqFlags are ignored.
        if let Some(mut flags) = fields.enter_optional(Tag::context(1))? {
            flags.contents(Tag::BIT_STRING)?;
            flags.finish()?;
        }
        let mech_token = octets(fields, 2)?;
        // MS-SPNG §2.2.1: negHints took the tag number of mechListMIC, which got the next one.
        let mut hints = false;
        let mut mech_list_mic = None;
        if let Some(mut field) = fields.enter_optional(Tag::context(3))? {
            if field.peek() == Some(Tag::SEQUENCE) {
                field.contents(Tag::SEQUENCE)?;
                hints = true;
            } else {
                mech_list_mic = Some(field.contents(Tag::OCTET_STRING)?);
            }
            field.finish()?;
        }
        if mech_list_mic.is_none() {
            mech_list_mic = octets(fields, 4)?;
        }
        fields.clone().finish()?;
        Ok(Self {
            mech_types_der,
            mech_types,
            mech_token,
            mech_list_mic,
            hints,
        })
    }
}

impl Encode for NegTokenInit<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.element(FRAME, |sink| {
            sink.element(Tag::context(0), |sink| {
                sink.element(Tag::SEQUENCE, |sink| {
                    if self.hints {
                        sink.element(Tag::context(3), |sink| {
                            sink.element(Tag::SEQUENCE, |sink| {
                                sink.element(Tag::context(0), |sink| {
                                    sink.primitive(Tag::GENERAL_STRING, HINT);
                                });
                            });
                        });
                    }
                    put_octets(sink, 2, self.mech_token);
                    sink.element(Tag::context(0), |sink| sink.prepend(self.mech_types_der));
                });
            });
            sink.primitive(OBJECT_IDENTIFIER, Mechanism::SPNEGO.0);
        });
    }
}

impl<'a> NegTokenResp<'a> {
    pub(crate) fn read(token: &'a [u8]) -> Result<Self, GssError> {
        whole(token, "the NegTokenResp", |reader| {
            let mut choice = reader.enter(Tag::context(1))?;
            let mut fields = choice.enter(Tag::SEQUENCE)?;
            choice.finish()?;
            let neg_state = match fields.enter_optional(Tag::context(0))? {
                None => None,
                Some(mut field) => {
                    let contents = field.contents(ENUMERATED)?;
                    let &[state] = contents else {
                        return Err(field.error(DecodeErrorKind::IntegerOutOfRange));
                    };
                    field.finish()?;
                    Some(NegState(state))
                }
            };
            let supported_mech = match fields.enter_optional(Tag::context(1))? {
                None => None,
                Some(mut field) => {
                    let contents = field.contents(OBJECT_IDENTIFIER)?;
                    field.finish()?;
                    Some(Mechanism(contents))
                }
            };
            let response_token = octets(&mut fields, 2)?;
            let mech_list_mic = octets(&mut fields, 3)?;
            fields.finish()?;
            Ok(Self {
                neg_state,
                supported_mech,
                response_token,
                mech_list_mic,
            })
        })
    }
}

impl Encode for NegTokenResp<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.element(Tag::context(1), |sink| {
            sink.element(Tag::SEQUENCE, |sink| {
                put_octets(sink, 3, self.mech_list_mic);
                put_octets(sink, 2, self.response_token);
                if let Some(mechanism) = self.supported_mech {
                    sink.element(Tag::context(1), |sink| {
                        sink.primitive(OBJECT_IDENTIFIER, mechanism.0);
                    });
                }
                if let Some(NegState(state)) = self.neg_state {
                    sink.element(Tag::context(0), |sink| {
                        sink.primitive(ENUMERATED, &[state]);
                    });
                }
            });
        });
    }
}

/// Reads all of `token`, which errors call `what`.
fn whole<'a, T>(
    token: &'a [u8],
    what: &'static str,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<T, GssError> {
    let mut reader = Reader::new(token);
    let value = read(&mut reader).and_then(|value| reader.finish().map(|()| value));
    value.map_err(|error| GssError::Decode { what, error })
}

fn octets<'a>(fields: &mut Reader<'a>, tag: u8) -> Result<Option<&'a [u8]>, DecodeError> {
    let Some(mut field) = fields.enter_optional(Tag::context(tag))? else {
        return Ok(None);
    };
    let contents = field.contents(Tag::OCTET_STRING)?;
    field.finish()?;
    Ok(Some(contents))
}

fn put_octets<S: Sink>(sink: &mut S, tag: u8, octets: Option<&[u8]>) {
    if let Some(octets) = octets {
        sink.element(Tag::context(tag), |sink| {
            sink.primitive(Tag::OCTET_STRING, octets);
        });
    }
}

const ENUMERATED: Tag = Tag(0x0a);
/// MS-SPNG §3.2.5.2.
const HINT: &[u8] = b"not_defined_in_RFC4178@please_ignore";

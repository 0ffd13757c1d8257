//! Queries and what their answers say (RFC 1035 §4), over the message codec of `domain`.
//!
//! This code trusts nothing: only the answer to the question counts, and it limits how many records
//! are kept and how many aliases are followed. The codec ensures that pointers do not form cycles
//! or point forwards, and that no record is read beyond its end.

use std::net::{Ipv4Addr, Ipv6Addr};

use domain::base::iana::{Class, Opcode, Rcode};
use domain::base::message::RecordSection;
use domain::base::message_builder::PushError;
use domain::base::name::ToName;
use domain::base::rdata::{ParseRecordData, UnknownRecordData};
use domain::base::record::ParsedRecord;
use domain::base::{Message, MessageBuilder, Ttl};
use domain::rdata::{A, Aaaa, Cname, Ptr, Soa, Srv, Txt};
use octseq::array::Array;

use super::name::Name;

/// The number of a record type.
pub(crate) use domain::base::Rtype as RecordType;

/// A question: the records of one type that a name has.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Question {
    pub(crate) name: Name,
    pub(crate) kind: RecordType,
}

/// The data of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Data {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    /// The name in a PTR record.
    Name(Name),
    /// Its first character-string (RFC 1035 §3.3.14); MIT's library uses no more, either.
    Txt(Vec<u8>),
    /// RFC 2782.
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        target: Name,
    },
    /// RFC 7553.
    Uri {
        priority: u16,
        weight: u16,
        target: Vec<u8>,
    },
}

/// The answer to a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    /// The name at the end of the aliases.
    pub(crate) name: Name,
    /// Its records; empty when it has none of this type or does not exist.
    pub(crate) records: Vec<Data>,
    /// For how many seconds the answer may be kept.
    pub(crate) ttl: u32,
}

/// How a message relates to a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It does not answer the question: it belongs to another query, or is forged.
    Foreign,
    /// It is truncated (RFC 1035 §4.2.1); TCP gives the whole answer.
    Truncated,
    /// The server cannot or will not answer, with this response code.
    Refused(u8),
    /// It cannot be read.
    Malformed,
    Answered(Answer),
}

/// The longest query: a header, the longest name with its type and class, and an OPT record.
const MAX_QUERY: usize = 12 + 255 + 4 + 11;

/// The size of UDP answers that we offer to accept (RFC 6891 §6.2.5) where `options edns0` is set:
/// it passes every path without fragmentation.
const EDNS_SIZE: u16 = 1232;

/// The most records that are kept of an answer; the largest Active Directory sites have fewer
/// domain controllers.
const MAX_RECORDS: usize = 256;

/// The most aliases that are followed.
const MAX_ALIASES: usize = 16;

/// How long an answer is kept at most: a day, or five minutes if it has no records (RFC 2308 §5).
const MAX_TTL: u32 = 86_400;
const MAX_NEGATIVE_TTL: u32 = 300;

impl Question {
    /// The query with this `id`, for recursion, in the class of the Internet.
    ///
    /// # Errors
    /// None while `MAX_QUERY` is right.
    pub(crate) fn query(&self, id: u16, edns: bool) -> Result<Vec<u8>, PushError> {
        let mut builder = MessageBuilder::from_target(Array::<MAX_QUERY>::new())?;
        builder.header_mut().set_id(id);
        builder.header_mut().set_rd(true);
        let mut builder = builder.question();
        builder.push((&self.name, self.kind, Class::IN))?;
        let mut builder = builder.additional();
        if edns {
            builder.opt(|opt| {
                opt.set_udp_payload_size(EDNS_SIZE);
                Ok(())
            })?;
        }
        Ok(builder.finish().as_ref().to_vec())
    }

    /// Reads `message` as an answer to the query with this `id`.
    pub(crate) fn read(&self, id: u16, message: &[u8]) -> Verdict {
        let Ok(message) = Message::from_slice(message) else {
            return Verdict::Foreign;
        };
        let header = message.header();
        if header.id() != id || !header.qr() || header.opcode() != Opcode::QUERY {
            return Verdict::Foreign;
        }
        let code = header.rcode();
        // A server that cannot read a query may return only the header.
        if message.header_counts().qdcount() == 0 && code != Rcode::NOERROR {
            return Verdict::Refused(code.to_int());
        }
        let is_ours = message.sole_question().is_ok_and(|asked| {
            *asked.qname() == self.name && asked.qtype() == self.kind && asked.qclass() == Class::IN
        });
        if !is_ours {
            return Verdict::Foreign;
        }
        if header.tc() {
            return Verdict::Truncated;
        }
        match code {
            Rcode::NOERROR | Rcode::NXDOMAIN => self
                .answer(message)
                .map_or(Verdict::Malformed, Verdict::Answered),
            _ => Verdict::Refused(code.to_int()),
        }
    }

    /// The records of the name, with aliases followed.
    fn answer(&self, message: &Message<[u8]>) -> Option<Answer> {
        let mut section = message.answer().ok()?;
        let mut aliases = Vec::new();
        let mut found = Vec::new();
        for record in section.by_ref() {
            let record = record.ok()?;
            if record.class() != Class::IN || found.len() + aliases.len() >= MAX_RECORDS {
                continue;
            }
            let (owner, ttl) = (record.owner(), seconds(record.ttl()));
            if record.rtype() == self.kind {
                found.push((owner, ttl, Data::read(record)?));
            } else if record.rtype() == RecordType::CNAME {
                let target = read::<Cname<_>>(record)?.into_cname();
                aliases.push((owner, ttl, target));
            }
        }
        let mut name = self.name.clone();
        let mut ttl = MAX_TTL;
        for _ in 0..MAX_ALIASES {
            let Some((_, alias_ttl, target)) = aliases.iter().find(|(from, _, _)| *from == name)
            else {
                break;
            };
            name = target.to_name();
            ttl = ttl.min(*alias_ttl);
        }
        let mut records = Vec::new();
        for (owner, record_ttl, data) in found {
            if owner == name {
                records.push(data);
                ttl = ttl.min(record_ttl);
            }
        }
        if records.is_empty() {
            ttl = ttl.min(negative_ttl(section).unwrap_or(0));
        }
        Some(Answer { name, records, ttl })
    }
}

impl Data {
    /// The data of a record of a type that is asked for; `None` for other types, or when it cannot
    /// be read.
    fn read(record: ParsedRecord<'_, [u8]>) -> Option<Self> {
        Some(match record.rtype() {
            RecordType::A => Self::A(read::<A>(record)?.addr()),
            RecordType::AAAA => Self::Aaaa(read::<Aaaa>(record)?.addr()),
            RecordType::PTR => Self::Name(read::<Ptr<_>>(record)?.ptrdname().to_name()),
            RecordType::TXT => Self::Txt(read::<Txt<_>>(record)?.iter().next()?.to_vec()),
            RecordType::SRV => {
                let srv = read::<Srv<_>>(record)?;
                Self::Srv {
                    priority: srv.priority(),
                    weight: srv.weight(),
                    port: srv.port(),
                    target: srv.target().to_name(),
                }
            }
            RecordType::URI => {
                let data = read::<UnknownRecordData<_>>(record)?;
                // RFC 7553 §4.5: the target is all that follows the two numbers.
                let (priority, rest) = data.data().split_first_chunk()?;
                let (weight, target) = rest.split_first_chunk()?;
                Self::Uri {
                    priority: u16::from_be_bytes(*priority),
                    weight: u16::from_be_bytes(*weight),
                    target: target.to_vec(),
                }
            }
            _ => return None,
        })
    }
}

/// The data of a record of the type that `D` is for.
fn read<'a, D: ParseRecordData<'a, [u8]>>(record: ParsedRecord<'a, [u8]>) -> Option<D> {
    Some(record.into_record::<D>().ok()??.into_data())
}

/// How long a missing record or name may be assumed to stay missing: the authority section says so
/// (RFC 2308 §5). If it does not, or cannot be read, the answer is not kept.
fn negative_ttl(answers: RecordSection<'_, [u8]>) -> Option<u32> {
    for record in answers.next_section().ok()?? {
        let record = record.ok()?;
        if record.rtype() == RecordType::SOA {
            let ttl = seconds(record.ttl());
            let minimum = read::<Soa<_>>(record)?.minimum().as_secs();
            return Some(minimum.min(ttl).min(MAX_NEGATIVE_TTL));
        }
    }
    None
}

/// RFC 2181 §8: a value with the highest bit counts as zero.
fn seconds(ttl: Ttl) -> u32 {
    let seconds = ttl.as_secs();
    if seconds > i32::MAX.cast_unsigned() {
        0
    } else {
        seconds
    }
}

#[cfg(test)]
mod tests;

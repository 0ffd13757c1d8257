//! The wire format of queries and their answers (RFC 1035 §4), as much of it as a stub resolver
//! needs.
//!
//! A reader of answers trusts nothing: a compression pointer leads backwards only, what is kept is
//! capped, and nothing is allocated by a count that the message states.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::name::{Name, NameBuilder};

/// What is asked: the records of one type that a name has.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Question {
    pub(crate) name: Name,
    pub(crate) kind: RecordType,
}

/// A type of record, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RecordType(pub(crate) u16);

impl RecordType {
    pub(crate) const A: Self = Self(1);
    pub(crate) const CNAME: Self = Self(5);
    pub(crate) const SOA: Self = Self(6);
    pub(crate) const PTR: Self = Self(12);
    pub(crate) const TXT: Self = Self(16);
    pub(crate) const AAAA: Self = Self(28);
    pub(crate) const SRV: Self = Self(33);
    pub(crate) const OPT: Self = Self(41);
    pub(crate) const URI: Self = Self(256);
}

/// What a record says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Data {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    /// Of PTR.
    Name(Name),
    /// Its first character-string (RFC 1035 §3.3.14); MIT's library, too, takes no more.
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

/// What came of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    /// The name at the end of the aliases.
    pub(crate) name: Name,
    /// Its records; none when it has none of this type or does not exist.
    pub(crate) records: Vec<Data>,
    /// For how many seconds this may be kept.
    pub(crate) ttl: u32,
}

/// How a message relates to a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is no answer to it: of another query, or forged.
    Foreign,
    /// It is cut short (RFC 1035 §4.2.1): TCP has it whole.
    Truncated,
    /// The server cannot or will not answer, with this response code.
    Refused(u8),
    /// It cannot be read.
    Malformed,
    Answered(Answer),
}

/// Octets before the question (RFC 1035 §4.1.1).
const HEADER: usize = 12;
const CLASS_IN: u16 = 1;
const RECURSION_DESIRED: u16 = 0x0100;
const RESPONSE: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const TRUNCATED: u16 = 0x0200;
const RCODE: u16 = 0x000f;
const NO_ERROR: u16 = 0;
const NAME_ERROR: u16 = 3;

/// What we offer to take by UDP (RFC 6891 §6.2.5) where `options edns0` is set: what passes every
/// path without fragments.
const EDNS_SIZE: u16 = 1232;

/// The most records that are kept of an answer; the largest Active Directory sites have fewer
/// domain controllers.
const MAX_RECORDS: usize = 256;

/// The most aliases that are followed.
const MAX_ALIASES: usize = 16;

/// The longest that an answer is kept: a day, or five minutes where there is nothing (RFC 2308 §5).
const MAX_TTL: u32 = 86_400;
const MAX_NEGATIVE_TTL: u32 = 300;

impl Question {
    /// The query with this `id`, for recursion, in the class of the Internet.
    pub(crate) fn query(&self, id: u16, edns: bool) -> Vec<u8> {
        let mut message = Vec::with_capacity(HEADER + self.name.wire().len() + 15);
        let additional = u16::from(edns);
        for word in [id, RECURSION_DESIRED, 1, 0, 0, additional] {
            message.extend(word.to_be_bytes());
        }
        message.extend(self.name.wire());
        message.extend(self.kind.0.to_be_bytes());
        message.extend(CLASS_IN.to_be_bytes());
        if edns {
            // RFC 6891 §6.1.2: the root, the type, the size; no flags and no options.
            message.push(0);
            for word in [RecordType::OPT.0, EDNS_SIZE, 0, 0, 0] {
                message.extend(word.to_be_bytes());
            }
        }
        message
    }

    /// What `message` says to the query with this `id`.
    pub(crate) fn read(&self, id: u16, message: &[u8]) -> Verdict {
        let mut reader = Reader { message, at: 0 };
        match self.opening(id, &mut reader) {
            Some(Ok(counts)) => match self.answer(&mut reader, counts) {
                Some(answer) => Verdict::Answered(answer),
                None => Verdict::Malformed,
            },
            Some(Err(verdict)) => verdict,
            None => Verdict::Foreign,
        }
    }

    /// The counts of answers and of authorities, when the message is an answer to this query.
    fn opening(&self, id: u16, reader: &mut Reader<'_>) -> Option<Result<(u16, u16), Verdict>> {
        let (message_id, flags) = (reader.u16()?, reader.u16()?);
        let (questions, answers) = (reader.u16()?, reader.u16()?);
        let (authorities, _additional) = (reader.u16()?, reader.u16()?);
        if message_id != id || flags & RESPONSE == 0 || flags & OPCODE != 0 {
            return None;
        }
        let refused = |flags: u16| {
            let [_, low] = (flags & RCODE).to_be_bytes();
            Some(Err(Verdict::Refused(low)))
        };
        // A server that cannot read a query may return the header alone.
        if questions == 0 && flags & RCODE != NO_ERROR {
            return refused(flags);
        }
        let asked = (reader.name()?, reader.u16()?, reader.u16()?);
        if questions != 1 || asked != (self.name.clone(), self.kind.0, CLASS_IN) {
            return None;
        }
        if flags & TRUNCATED != 0 {
            return Some(Err(Verdict::Truncated));
        }
        match flags & RCODE {
            NO_ERROR | NAME_ERROR => Some(Ok((answers, authorities))),
            _ => refused(flags),
        }
    }

    /// The records of the name, aliases followed.
    fn answer(
        &self,
        reader: &mut Reader<'_>,
        (answers, authorities): (u16, u16),
    ) -> Option<Answer> {
        let mut aliases = Vec::new();
        let mut found = Vec::new();
        for _ in 0..answers {
            let record = reader.record()?;
            if record.class != CLASS_IN || found.len() + aliases.len() >= MAX_RECORDS {
                continue;
            }
            if record.kind == self.kind {
                let data = record.data(reader.message)?;
                found.push((record.name, record.ttl, data));
            } else if record.kind == RecordType::CNAME {
                let target = record.reader(reader.message).name()?;
                aliases.push((record.name, record.ttl, target));
            }
        }
        let mut name = self.name.clone();
        let mut ttl = MAX_TTL;
        for _ in 0..MAX_ALIASES {
            let Some((_, alias_ttl, target)) = aliases.iter().find(|(from, _, _)| *from == name)
            else {
                break;
            };
            name = target.clone();
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
            ttl = ttl.min(negative_ttl(reader, authorities));
        }
        Some(Answer { name, records, ttl })
    }
}

/// For how long there is nothing: the authority says so (RFC 2308 §5), and where it does not, or not
/// legibly, nothing is kept.
fn negative_ttl(reader: &mut Reader<'_>, authorities: u16) -> u32 {
    for _ in 0..authorities {
        let Some(record) = reader.record() else {
            return 0;
        };
        if record.kind == RecordType::SOA {
            let mut data = record.reader(reader.message);
            let minimum = data.name().and_then(|_| data.name()).and_then(|_| {
                data.skip(16)?; // serial, refresh, retry, expire
                data.u32()
            });
            return minimum.unwrap_or(0).min(record.ttl).min(MAX_NEGATIVE_TTL);
        }
    }
    0
}

/// A record whose data is not yet read.
struct Record {
    name: Name,
    kind: RecordType,
    class: u16,
    ttl: u32,
    /// Where its data starts and ends in the message.
    start: usize,
    end: usize,
}

impl Record {
    /// A reader of the data, which may point to names before it but does not go beyond it.
    fn reader<'a>(&self, message: &'a [u8]) -> Reader<'a> {
        let message = message.get(..self.end).unwrap_or_default();
        Reader {
            message,
            at: self.start,
        }
    }

    fn data(&self, message: &[u8]) -> Option<Data> {
        let mut reader = self.reader(message);
        let data = match self.kind {
            RecordType::A => Data::A(reader.array::<4>()?.into()),
            RecordType::AAAA => Data::Aaaa(reader.array::<16>()?.into()),
            RecordType::PTR => Data::Name(reader.name()?),
            RecordType::TXT => {
                let length = reader.u8()?.into();
                Data::Txt(reader.bytes(length)?.to_vec())
            }
            RecordType::SRV => {
                let (priority, weight, port) = (reader.u16()?, reader.u16()?, reader.u16()?);
                // RFC 2782 forbids to compress the target; some servers do.
                let target = reader.name()?;
                Data::Srv {
                    priority,
                    weight,
                    port,
                    target,
                }
            }
            RecordType::URI => {
                let (priority, weight) = (reader.u16()?, reader.u16()?);
                let target = reader.rest().to_vec();
                Data::Uri {
                    priority,
                    weight,
                    target,
                }
            }
            _ => return None,
        };
        Some(data)
    }
}

/// A reader of a message that knows where it is.
struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let bytes = self.message.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(bytes)
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.bytes(length).map(|_| ())
    }

    fn rest(&mut self) -> &'a [u8] {
        let rest = self.message.get(self.at..).unwrap_or_default();
        self.at = self.message.len();
        rest
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A name, compressed or not (RFC 1035 §4.1.4).
    fn name(&mut self) -> Option<Name> {
        let mut builder = NameBuilder::default();
        // A pointer must lead before the piece that it ends, so there is an end to them.
        let mut piece = self.at;
        let mut after = None;
        loop {
            let length = self.u8()?;
            match length >> 6 {
                0b00 if length == 0 => break,
                0b00 => builder.push(self.bytes(length.into())?)?,
                0b11 => {
                    let target = usize::from(length & 0x3f) << 8 | usize::from(self.u8()?);
                    after.get_or_insert(self.at);
                    if target >= piece {
                        return None;
                    }
                    piece = target;
                    self.at = target;
                }
                _ => return None,
            }
        }
        self.at = after.unwrap_or(self.at);
        Some(builder.finish())
    }

    fn record(&mut self) -> Option<Record> {
        let name = self.name()?;
        let (kind, class, ttl) = (RecordType(self.u16()?), self.u16()?, self.u32()?);
        let length = usize::from(self.u16()?);
        let start = self.at;
        self.skip(length)?;
        Some(Record {
            name,
            kind,
            class,
            // RFC 2181 §8: a value with the highest bit counts as zero.
            ttl: if ttl > i32::MAX.cast_unsigned() {
                0
            } else {
                ttl
            },
            start,
            end: self.at,
        })
    }
}

#[cfg(test)]
mod tests;

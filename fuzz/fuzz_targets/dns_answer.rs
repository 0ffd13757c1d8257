//! Answers of DNS servers: whatever follows an honest header and question, nothing panics or grows,
//! and the answer counts only for this question. Of well-formed records, those count that belong to
//! the name, or to the name that its aliases lead to.
//!
//! The first octet chooses the requested type. If its highest bit is set, each further octet is a
//! record. Otherwise they are the bytes after the question, preceded by the counts of answers and
//! authorities. In addition, the input is parsed as it is.
#![no_main]

use kerberos_client::dns::count_answers;
use libfuzzer_sys::fuzz_target;

const NAME: &str = "a.example";
const QUESTION: &[u8] = b"\x01a\x07example\0";
/// The requested types, with valid data for each: A, PTR, TXT, AAAA, SRV, URI.
const KINDS: [(u16, &[u8]); 6] = [
    (1, &[127, 0, 0, 1]),
    (12, b"\x01b\xc0\x0e"),
    (16, b"\x01x"),
    (28, &[0; 16]),
    (33, b"\0\x01\0\x02\0\x58\x01b\xc0\x0e"),
    (256, b"\0\x01\0\x02x"),
];
const CNAME: u16 = 5;
const ID: u16 = 0x1234;

fuzz_target!(|input: &[u8]| {
    let Some((&pick, rest)) = input.split_first() else {
        return;
    };
    let pick_kind = usize::from(pick & 0x7f) % KINDS.len();
    let kind = KINDS[pick_kind].0;
    if pick & 0x80 != 0 {
        let records: Vec<_> = rest.iter().take(MOST).map(|&byte| Record(byte)).collect();
        let encoded = records.iter().flat_map(|one| one.encode(KINDS[pick_kind]));
        let message = message(kind, records.len() as u8, 0, encoded.collect());
        let count = count_answers(NAME, kind, ID, &message);
        return assert_eq!(count, Some(expected(&records)));
    }
    let [answers, authorities, rest @ ..] = rest else {
        return;
    };
    let message = message(kind, *answers, *authorities, rest.to_vec());
    if let Some(count) = count_answers(NAME, kind, ID, &message) {
        assert!(count <= usize::from(*answers));
        let other_kind = KINDS[(pick_kind + 1) % KINDS.len()].0;
        assert_eq!(count_answers(NAME, other_kind, ID, &message), None);
        assert_eq!(count_answers("b.example", kind, ID, &message), None);
        assert_eq!(count_answers(NAME, kind, ID + 1, &message), None);
    }
    if let [high, low, ..] = *input {
        let _ = count_answers(NAME, kind, u16::from_be_bytes([high, low]), input);
    }
});

fn message(kind: u16, answers: u8, authorities: u8, rest: Vec<u8>) -> Vec<u8> {
    let mut message = ID.to_be_bytes().to_vec();
    message.extend([0x84, 0, 0, 1, 0, answers, 0, authorities, 0, 0]);
    message.extend(QUESTION);
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    message.extend(rest);
    message
}

/// A record: two bits each for its owner and the target if it is an alias; then whether it is an
/// alias, whether it has another class, and whether its owner is written in other letter case.
struct Record(u8);

impl Record {
    fn owner(&self) -> u8 {
        self.0 & 3
    }

    fn target(&self) -> Option<u8> {
        (self.0 & 16 != 0).then_some(self.0 >> 2 & 3)
    }

    fn counts(&self) -> bool {
        self.0 & 32 == 0
    }

    fn encode(&self, (kind, data): (u16, &[u8])) -> Vec<u8> {
        let first = if self.0 & 64 == 0 { b'a' } else { b'A' };
        let name = |number| [1, first + number, 0xc0, 14];
        let mut record = name(self.owner()).to_vec();
        let alias = self.target().map(name);
        let kind = if alias.is_some() { CNAME } else { kind };
        let data = alias.as_ref().map_or(data, |alias| alias);
        record.extend(kind.to_be_bytes());
        record.extend([0, if self.counts() { 1 } else { 3 }]);
        record.extend([0, 0, 0, 60, 0, data.len() as u8]);
        record.extend(data);
        record
    }
}

/// The number of records that belong to the name, or to the name that its aliases lead to. If a
/// name has several aliases, the first counts; a circle of aliases is left after sixteen steps.
fn expected(records: &[Record]) -> usize {
    let records = || records.iter().filter(|record| record.counts());
    let mut name = 0;
    for _ in 0..16 {
        let mut aliases = records().filter(|record| record.owner() == name);
        let Some(target) = aliases.find_map(Record::target) else {
            break;
        };
        name = target;
    }
    let own = records().filter(|record| record.owner() == name && record.target().is_none());
    own.count()
}

/// Below the maximum number of records that are kept from an answer.
const MOST: usize = 200;

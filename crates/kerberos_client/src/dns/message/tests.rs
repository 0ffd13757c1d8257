//! Messages of every kind, honest and hostile.

use super::super::name;
use super::*;

const ID: u16 = 0x1234;

/// Octets before the question, and what stands in them (RFC 1035 §4.1.1).
const HEADER: usize = 12;
const RESPONSE: u16 = 0x8000;
const TRUNCATED: u16 = 0x0200;
const NAME_ERROR: u16 = 3;
const CLASS_IN: u16 = 1;

fn name(text: &str) -> Name {
    name::parse(text).unwrap()
}

fn question(text: &str, kind: RecordType) -> Question {
    Question {
        name: name(text),
        kind,
    }
}

/// An answer to `question` with these sections, each record after its owner.
fn reply(question: &Question, flags: u16, answers: &[Vec<u8>], authorities: &[Vec<u8>]) -> Vec<u8> {
    let mut message = question.query(ID, false).unwrap();
    message[2..4].copy_from_slice(&(RESPONSE | flags).to_be_bytes());
    let count = |records: &[Vec<u8>]| u16::try_from(records.len()).unwrap().to_be_bytes();
    message[6..8].copy_from_slice(&count(answers));
    message[8..10].copy_from_slice(&count(authorities));
    for record in answers.iter().chain(authorities) {
        message.extend(record);
    }
    message
}

fn record(owner: &str, kind: RecordType, ttl: u32, data: &[u8]) -> Vec<u8> {
    raw_record(name(owner).as_slice(), kind, ttl, data)
}

fn raw_record(owner: &[u8], kind: RecordType, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut record = owner.to_vec();
    record.extend(kind.to_int().to_be_bytes());
    record.extend(CLASS_IN.to_be_bytes());
    record.extend(ttl.to_be_bytes());
    record.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    record.extend(data);
    record
}

fn srv(priority: u16, port: u16, target: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    for word in [priority, 9, port] {
        data.extend(word.to_be_bytes());
    }
    data.extend(target);
    data
}

fn answered(question: &Question, message: &[u8]) -> Answer {
    match question.read(ID, message) {
        Verdict::Answered(answer) => answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn query_has_the_expected_encoding() {
    let question = question("a.bc", RecordType::URI);
    let expected = b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x01a\x02bc\0\x01\x00\0\x01";
    assert_eq!(question.query(ID, false).unwrap(), expected);
    let mut expected = expected.to_vec();
    expected[11] = 1;
    expected.extend(b"\0\0\x29\x04\xd0\0\0\0\0\0\0");
    assert_eq!(question.query(ID, true).unwrap(), expected);
}

#[test]
fn query_with_the_longest_name_fits() {
    let label = "x".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "x".repeat(61));
    let query = question(&longest, RecordType::SRV).query(ID, true);
    assert_eq!(query.unwrap().len(), MAX_QUERY);
}

#[test]
fn records_of_every_type_are_decoded() {
    let check = |kind: RecordType, data: &[u8], expected: Data| {
        let question = question("x.example", kind);
        let message = reply(&question, 0, &[record("X.example", kind, 60, data)], &[]);
        let answer = answered(&question, &message);
        assert_eq!((answer.records, answer.ttl), (vec![expected], 60));
    };
    check(
        RecordType::A,
        &[192, 0, 2, 1],
        Data::A([192, 0, 2, 1].into()),
    );
    let address: Ipv6Addr = "2001:db8::1".parse().unwrap();
    check(RecordType::AAAA, &address.octets(), Data::Aaaa(address));
    check(
        RecordType::PTR,
        name("h.example").as_slice(),
        Data::Name(name("h.example")),
    );
    check(
        RecordType::TXT,
        b"\x05REALM\x03two",
        Data::Txt(b"REALM".to_vec()),
    );
    let target = name("kdc.example");
    let expected = Data::Srv {
        priority: 1,
        weight: 9,
        port: 88,
        target: target.clone(),
    };
    check(RecordType::SRV, &srv(1, 88, target.as_slice()), expected);
    // The target by a pointer to the question, which some servers write.
    let expected = Data::Srv {
        priority: 0,
        weight: 9,
        port: 88,
        target: name("x.example"),
    };
    check(RecordType::SRV, &srv(0, 88, b"\xc0\x0c"), expected);
    let expected = Data::Uri {
        priority: 2,
        weight: 1,
        target: b"krb5srv:m:udp:kdc".to_vec(),
    };
    check(RecordType::URI, b"\0\x02\0\x01krb5srv:m:udp:kdc", expected);
}

#[test]
fn cname_records_are_followed() {
    let question = question("www.example", RecordType::A);
    let answers = [
        record(
            "www.example",
            RecordType::CNAME,
            50,
            name("b.example").as_slice(),
        ),
        record("c.example", RecordType::A, 70, &[192, 0, 2, 1]),
        record(
            "b.example",
            RecordType::CNAME,
            60,
            name("c.example").as_slice(),
        ),
        record("other.example", RecordType::A, 5, &[192, 0, 2, 9]),
    ];
    let answer = answered(&question, &reply(&question, 0, &answers, &[]));
    assert_eq!(answer.name, name("c.example"));
    assert_eq!(answer.records, [Data::A([192, 0, 2, 1].into())]);
    assert_eq!(answer.ttl, 50);
}

#[test]
fn cname_loops_and_dangling_cnames_give_no_records() {
    let question = question("a.example", RecordType::A);
    let alias = |from, to| record(from, RecordType::CNAME, 50, name(to).as_slice());
    let check = |answers: &[Vec<u8>]| {
        let answer = answered(&question, &reply(&question, 0, answers, &[]));
        assert_eq!((answer.records, answer.ttl), (vec![], 0));
    };
    check(&[alias("a.example", "a.example")]);
    check(&[
        alias("a.example", "b.example"),
        alias("b.example", "a.example"),
    ]);
    check(&[alias("a.example", "b.example")]);
}

#[test]
fn negative_answer_takes_its_ttl_from_the_soa() {
    let question = question("a.example", RecordType::SRV);
    let soa = |ttl: u32, minimum: u32| {
        let mut data = [
            name("ns.example").as_slice(),
            name("admin.example").as_slice(),
        ]
        .concat();
        data.extend([0; 16]);
        data.extend(minimum.to_be_bytes());
        record("example", RecordType::SOA, ttl, &data)
    };
    let check = |flags: u16, authorities: &[Vec<u8>], ttl: u32| {
        let answer = answered(&question, &reply(&question, flags, &[], authorities));
        assert_eq!((answer.records, answer.ttl), (vec![], ttl));
    };
    check(NAME_ERROR, &[soa(30, 60)], 30);
    check(0, &[soa(60, 30)], 30);
    check(0, &[soa(9_000, 9_000)], MAX_NEGATIVE_TTL);
    check(0, &[soa(u32::MAX, 60)], 0);
    check(0, &[], 0);
    check(0, &[record("example", RecordType::SOA, 60, b"\x01")], 0);
}

#[test]
fn answer_to_another_question_is_foreign() {
    let asked = question("a.example", RecordType::A);
    let honest = reply(&asked, 0, &[], &[]);
    assert!(matches!(asked.read(ID, &honest), Verdict::Answered(_)));
    let check = |message: &[u8]| assert_eq!(asked.read(ID, message), Verdict::Foreign);
    check(b"");
    check(&honest[..11]);
    check(&asked.query(ID, false).unwrap());
    let mut message = honest.clone();
    message[0] ^= 1;
    check(&message);
    let mut message = honest.clone();
    message[5] = 2;
    check(&message);
    let other = question("b.example", RecordType::A);
    check(&reply(&other, 0, &[], &[]));
    let other = question("a.example", RecordType::AAAA);
    check(&reply(&other, 0, &[], &[]));
    // Servers may change the case of letters.
    let other = question("A.EXAMPLE", RecordType::A);
    assert!(matches!(
        asked.read(ID, &reply(&other, 0, &[], &[])),
        Verdict::Answered(_)
    ));
}

#[test]
fn error_codes_and_truncation_are_reported() {
    let question = question("a.example", RecordType::A);
    let check = |flags: u16, expected: Verdict| {
        let message = reply(&question, flags, &[], &[]);
        assert_eq!(question.read(ID, &message), expected);
    };
    check(2, Verdict::Refused(2));
    check(5, Verdict::Refused(5));
    check(TRUNCATED, Verdict::Truncated);
    let mut header = reply(&question, 1, &[], &[]);
    header.truncate(HEADER);
    header[5] = 0;
    assert_eq!(question.read(ID, &header), Verdict::Refused(1));
}

#[test]
fn malformed_names_data_and_counts_are_rejected() {
    let question = question("a.example", RecordType::SRV);
    let malformed = |message: &[u8]| {
        assert_eq!(question.read(ID, message), Verdict::Malformed);
    };
    // Where the first record starts.
    let start = u16::try_from(question.query(ID, false).unwrap().len()).unwrap();
    let pointer = |to: u16| (0xc000 | to).to_be_bytes();
    let owner = |bytes: &[u8]| raw_record(bytes, RecordType::SRV, 1, &srv(0, 88, b"\0"));
    // Names that point to themselves, forwards, or after a label back to themselves, and labels of
    // unknown types.
    malformed(&reply(&question, 0, &[owner(&pointer(start))], &[]));
    malformed(&reply(&question, 0, &[owner(&pointer(start + 40))], &[]));
    malformed(&reply(
        &question,
        0,
        &[owner(&[1, b'a', 0xc0, start.to_be_bytes()[1]])],
        &[],
    ));
    malformed(&reply(&question, 0, &[owner(b"\x40a\0")], &[]));
    malformed(&reply(&question, 0, &[owner(b"\x80a\0")], &[]));
    // A name of more than 255 octets.
    malformed(&reply(&question, 0, &[owner(&b"\x3fx".repeat(200))], &[]));
    // Data that ends early, or would be read beyond its record.
    for data in [
        &b""[..],
        b"\0\0\0\0\0",
        &srv(0, 88, b""),
        &srv(0, 88, b"\x05ab"),
    ] {
        let cut = record("a.example", RecordType::SRV, 1, data);
        malformed(&reply(&question, 0, &[cut], &[]));
    }
    // More records than there are.
    let mut message = reply(&question, 0, &[owner(b"\0")], &[]);
    message[6..8].copy_from_slice(&[0xff, 0xff]);
    malformed(&message);
}

#[test]
fn record_data_of_wrong_length_is_rejected() {
    let check = |kind: RecordType, data: &[u8]| {
        let question = question("a.example", kind);
        let message = reply(&question, 0, &[record("a.example", kind, 1, data)], &[]);
        assert_eq!(
            question.read(ID, &message),
            Verdict::Malformed,
            "{kind} {data:?}"
        );
    };
    check(RecordType::A, &[0; 3]);
    check(RecordType::A, &[0; 5]);
    check(RecordType::AAAA, &[0; 15]);
    check(RecordType::AAAA, &[0; 17]);
    check(RecordType::PTR, b"");
    check(RecordType::PTR, b"\x01a\0\0");
    check(RecordType::TXT, b"");
    check(RecordType::TXT, b"\x05REAL");
    check(RecordType::TXT, b"\x05REALM\x04two");
    check(RecordType::URI, b"\0\0\0");
}

#[test]
fn every_truncation_is_rejected_and_no_change_panics() {
    let question = question("a.example", RecordType::SRV);
    let answers = [
        record(
            "a.example",
            RecordType::CNAME,
            50,
            name("b.example").as_slice(),
        ),
        raw_record(
            b"\xc0\x0c",
            RecordType::SRV,
            60,
            &srv(0, 88, name("kdc.example").as_slice()),
        ),
    ];
    let honest = reply(&question, 0, &answers, &[]);
    for length in 0..honest.len() {
        assert!(!matches!(
            question.read(ID, &honest[..length]),
            Verdict::Answered(_)
        ));
    }
    let mut answered = 0;
    for at in 0..honest.len() {
        for value in 0..=255 {
            let mut message = honest.clone();
            message[at] = value;
            answered += usize::from(matches!(question.read(ID, &message), Verdict::Answered(_)));
        }
    }
    assert!(
        answered > honest.len(),
        "answers with changed TTLs or ports should be accepted"
    );
}

#[test]
fn the_number_of_records_is_bounded() {
    let question = question("a.example", RecordType::A);
    let one = raw_record(b"\xc0\x0c", RecordType::A, 60, &[192, 0, 2, 1]);
    let answer = answered(&question, &reply(&question, 0, &vec![one; 4_000], &[]));
    assert_eq!(answer.records.len(), MAX_RECORDS);
}

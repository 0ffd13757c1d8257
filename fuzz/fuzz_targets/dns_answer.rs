//! Answers of DNS servers: nothing panics or grows, whatever follows an honest header and question.
//!
//! The first octet picks the type that was asked for; the rest is what stands after the question,
//! with the counts of answers and authorities in front. A second reading takes the input as it is.
#![no_main]

use kerberos_client::dns::count_answers;
use libfuzzer_sys::fuzz_target;

const NAME: &str = "a.example";
const QUESTION: &[u8] = b"\x01a\x07example\0";
/// A, PTR, TXT, AAAA, SRV, URI.
const KINDS: [u16; 6] = [1, 12, 16, 28, 33, 256];
const ID: u16 = 0x1234;

fuzz_target!(|input: &[u8]| {
    let [pick, answers, authorities, rest @ ..] = input else {
        return;
    };
    let kind = KINDS[usize::from(*pick) % KINDS.len()];
    let mut message = ID.to_be_bytes().to_vec();
    message.extend([0x84, 0, 0, 1, 0, *answers, 0, *authorities, 0, 0]);
    message.extend(QUESTION);
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    message.extend(rest);
    if let Some(count) = count_answers(NAME, kind, ID, &message) {
        assert!(count <= usize::from(*answers));
    }
    if let [high, low, ..] = *input {
        let _ = count_answers(NAME, kind, u16::from_be_bytes([high, low]), input);
    }
});

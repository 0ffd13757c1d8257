//! Keytabs: reading any bytes ends, and what was read encodes to bytes that read back the same.
#![no_main]

use kerberos_files::keytab::{KeytabEntry, KeytabError, KeytabReader, encode_keytab};
use libfuzzer_sys::fuzz_target;

#[path = "support/memory_file.rs"]
mod memory_file;

fuzz_target!(|input: &[u8]| {
    let entries = read(input);
    let encoded = encode_keytab(&entries).expect("entries that were read can be encoded");
    let again = read(&encoded);
    assert_eq!(again.len(), entries.len());
    for (ours, theirs) in again.iter().zip(&entries) {
        assert_eq!(ours.principal, theirs.principal);
        assert_eq!((ours.kvno, ours.timestamp), (theirs.kvno, theirs.timestamp));
        assert_eq!(ours.key.etype(), theirs.key.etype());
        assert_eq!(ours.key.expose_bytes(), theirs.key.expose_bytes());
    }
});

fn read(bytes: &[u8]) -> Vec<KeytabEntry> {
    let mut entries = Vec::new();
    let Ok(mut reader) = KeytabReader::from_file(memory_file::holding(bytes), "input") else {
        return entries;
    };
    loop {
        match reader.next() {
            Ok(Some(view)) => entries.push(view.to_entry()),
            Err(KeytabError::Format { .. }) => {}
            Ok(None) | Err(_) => return entries,
        }
    }
}

//! Credential caches: reading any bytes ends, and what was read encodes to as many bytes again.
#![no_main]

use kerberos_files::ccache::{CcacheReader, CredentialView, encode_credential};
use libfuzzer_sys::fuzz_target;

#[path = "support/memory_file.rs"]
mod memory_file;

fuzz_target!(|input: &[u8]| {
    let Ok(reader) = CcacheReader::from_file(memory_file::holding(input), "input") else {
        return;
    };
    let mut reader = reader.with_removed(true);
    let _ = reader.default_principal().to_string();
    while let Ok(Some(view)) = reader.next() {
        let _ = format!("{view:?} {:?}", view.config());
        let credential = view.to_credential();
        let encoded = encode_credential(view.version(), &credential).expect("it was in a file");
        assert_eq!(encoded.len(), view.expose_record().len());
        let Ok(again) = CredentialView::parse(&encoded, view.version()) else {
            // All it had was a second encryption type, which version 3 has and no one reads.
            assert!(encoded.iter().all(|byte| *byte == 0));
            continue;
        };
        assert_eq!(again.to_credential().times, credential.times);
        assert_eq!(again.server(), view.server());
        assert_eq!(again.ticket(), view.ticket());
    }
});

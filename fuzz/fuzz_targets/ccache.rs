//! Credential caches: reading any bytes ends, and what was read encodes to the same number of
//! bytes, which read back as the same cache.
#![no_main]

use kerberos_files::ccache::{CcacheReader, CredentialView, encode_credential};
use kerberos_proto::Credential;
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
        let encoded = encode_credential(view.version(), &credential)
            .expect("an entry that was read can be encoded");
        assert_eq!(encoded.len(), view.expose_record().len());
        let Ok(again) = CredentialView::parse(&encoded, view.version()) else {
            // The only difference was the second encryption type, which only version 3 has and
            // nobody reads.
            assert!(encoded.iter().all(|byte| *byte == 0));
            continue;
        };
        assert_eq!(essence(&again.to_credential()), essence(&credential));
        assert_eq!(
            (again.client(), again.server()),
            (view.client(), view.server())
        );
    }
});

/// The contents of an entry, except for its names.
fn essence(credential: &Credential) -> impl PartialEq + core::fmt::Debug + use<> {
    let key = &credential.session_key;
    (
        (key.etype(), key.expose_bytes().to_vec()),
        (credential.times, credential.is_skey, credential.flags),
        credential.addresses.clone(),
        credential.authorization_data.clone(),
        credential.ticket.clone(),
        credential.second_ticket.clone(),
    )
}

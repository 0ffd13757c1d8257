//! Contents of kernel keys that anybody with the user's rights may have written: the name of the
//! primary cache, a principal, a credential; and names of such caches as typed.
#![no_main]

use kerberos_files::ccache::fuzzing::{keyring_name, primary_of_keyring};
use kerberos_files::ccache::{
    CredentialView, Version, decode_principal, encode_credential, encode_principal,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, payload)) = input.split_first() else {
        return;
    };
    match choice % 4 {
        0 => {
            if let Ok(name) = primary_of_keyring(payload) {
                assert!(!name.contains('\0') && name.len() + 8 <= payload.len());
            }
        }
        1 => {
            if let Ok(principal) = decode_principal(Version::V4, payload) {
                let again = encode_principal(Version::V4, &principal)
                    .expect("a name that was read can be encoded");
                assert_eq!(decode_principal(Version::V4, &again), Ok(principal));
            }
        }
        2 => {
            if let Ok(view) = CredentialView::parse(payload, Version::V4) {
                let credential = view.to_credential();
                let again = encode_credential(Version::V4, &credential)
                    .expect("what was read can be encoded");
                assert_eq!(again.len(), view.expose_record().len());
            }
        }
        _ => {
            let text = String::from_utf8_lossy(payload);
            if let Ok(name) = keyring_name(&text) {
                assert_eq!(keyring_name(&name).as_ref(), Ok(&name));
            }
        }
    }
});

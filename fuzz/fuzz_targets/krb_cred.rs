//! A KRB-CRED from a stranger, encrypted or not: no panic, and what is taken can be sent again.
#![no_main]

use std::sync::LazyLock;

use kerberos_crypto::{EncryptionType, Key};
use kerberos_proto::{CredProtection, CredReceiver, CredSender, Timestamp};
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<Key> =
    LazyLock::new(|| Key::from_bytes(EncryptionType::ARCFOUR_HMAC, &[7; 16]).expect("a key"));

fuzz_target!(|input: &[u8]| {
    let mut receiver = CredReceiver::new();
    receiver.keys = vec![&KEY];
    receiver.accept_unprotected = true;
    let now = Timestamp::new(1_000_000_000, 0);
    let received = match receiver.credentials(input, now) {
        Ok(received) => received.credentials,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let sender = CredSender::new(CredProtection::DangerousNone);
    let rng = &mut getrandom::SysRng;
    let message = sender
        .message(&received, &mut rand_core::UnwrapErr(rng), now)
        .expect("the tickets are tickets");
    let again = receiver.credentials(&message, now).expect("our own");
    assert_eq!(format!("{:?}", again.credentials), format!("{received:?}"));
});

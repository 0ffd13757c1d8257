//! A KRB-CRED from a stranger, or an encrypted one that was altered on the way: no panic. What is
//! accepted from the former can be sent again, and what is accepted from the latter is what was
//! sent.
//!
//! An input that begins like a KRB-CRED is used as one. For any other, the first octet chooses the
//! key, and the rest alters the honest message.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/script.rs"]
mod script;
#[path = "support/ticket.rs"]
mod ticket;

use std::sync::LazyLock;

use kerberos_crypto::{EncryptionType, Key};
use kerberos_proto::{CredProtection, CredReceiver, CredSender, Credential};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use script::Script;
use ticket::NOW;

const ETYPES: [i32; 5] = [17, 20, 26, 23, 16];
/// `KRB-CRED ::= [APPLICATION 22]` (RFC 4120 §5.8.1).
const KRB_CRED: u8 = 0x76;

static KEY: LazyLock<Key> =
    LazyLock::new(|| Key::from_bytes(EncryptionType::ARCFOUR_HMAC, &[7; 16]).expect("valid key"));

/// A key of each type, and a message in it.
static SENT: LazyLock<[(Key, Vec<u8>); 5]> = LazyLock::new(|| {
    ETYPES.map(|etype| {
        let key = Key::generate(EncryptionType(etype), &mut Constant).expect("valid key");
        let mut sender = CredSender::new(CredProtection::Key(&key));
        sender.sequence_number = Some(9);
        let message = sender.message(&*LENT, &mut Constant, NOW);
        let message = message.expect("valid tickets").to_vec();
        (key, message)
    })
});

static LENT: LazyLock<[Credential; 2]> = LazyLock::new(|| {
    let of = |etype| ticket::service(etype).1;
    [
        of(EncryptionType::ARCFOUR_HMAC),
        of(EncryptionType::AES128_CTS_HMAC_SHA1_96),
    ]
});

fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((&KRB_CRED, _)) => by_stranger(input),
        Some((&choice, rest)) => altered(choice, &mut Script(rest)),
        None => {}
    }
});

fn by_stranger(input: &[u8]) {
    let mut receiver = CredReceiver::new();
    receiver.keys = vec![&KEY];
    receiver.accept_unprotected = true;
    let received = match receiver.credentials(input, NOW) {
        Ok(received) => received.credentials,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let sender = CredSender::new(CredProtection::DangerousNone);
    let message = sender.message(&received, &mut Constant, NOW);
    let message = message.expect("received tickets can be sent again");
    let again = receiver
        .credentials(&message, NOW)
        .expect("our own message is accepted");
    assert_eq!(essence(&again.credentials), essence(&received));
    let tickets = |all: &[Credential]| all.iter().map(|one| one.ticket.clone()).collect::<Vec<_>>();
    assert_eq!(tickets(&again.credentials), tickets(&received));
}

fn altered(choice: u8, script: &mut Script<'_>) {
    let (key, message) = &SENT[usize::from(choice) % SENT.len()];
    let mut receiver = CredReceiver::new();
    receiver.keys = vec![&KEY, key];
    let arrived = script.alter(message.clone());
    match receiver.credentials(&arrived, NOW) {
        Ok(received) => {
            assert_eq!(essence(&received.credentials), essence(&*LENT));
            assert_eq!(received.time, Some(NOW));
            assert_eq!(received.sequence_number, Some(9));
        }
        Err(error) => assert!(arrived != *message && !error.to_string().is_empty()),
    }
}

/// What the message says about the tickets. The tickets themselves are not included: they lie
/// beside the encrypted part, because they are encrypted already.
fn essence(credentials: &[Credential]) -> impl PartialEq + core::fmt::Debug + use<> {
    let of = |credential: &Credential| {
        let key = &credential.session_key;
        (
            credential.client.to_string(),
            credential.server.to_string(),
            (key.etype(), key.expose_bytes().to_vec()),
            (credential.times, credential.flags),
            credential.addresses.clone(),
        )
    };
    credentials.iter().map(of).collect::<Vec<_>>()
}

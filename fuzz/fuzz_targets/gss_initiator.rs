//! An initiator, with and without SPNEGO, and an acceptor with arbitrary behaviour.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/ticket.rs"]
mod ticket;

use std::sync::LazyLock;

use kerberos_crypto::EncryptionType;
use kerberos_gss::{Initiator, InitiatorOptions, MechanismOrder, SpnegoInitiator, Step, StepError};
use kerberos_proto::Credential;
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use ticket::NOW;

static TICKET: LazyLock<Credential> =
    LazyLock::new(|| ticket::service(EncryptionType::AES128_CTS_HMAC_SHA1_96).1);

fuzz_target!(|data: &[u8]| {
    let options = InitiatorOptions::default();
    let mut one = Initiator::start(&TICKET, &options, &mut Constant, NOW)
        .expect("the initiator starts")
        .0;
    drive(data, |token| one.step(token, &mut Constant, NOW));
    let order = MechanismOrder::Windows;
    let start = SpnegoInitiator::start(&TICKET, &options, order, &mut Constant, NOW);
    let mut other = start.expect("the initiator starts").0;
    drive(data, |token| other.step(token, &mut Constant, NOW));
    let _ = SpnegoInitiator::check_hint(data);
});

/// `data` contains the tokens one after the other, each after its length.
fn drive(mut data: &[u8], mut step: impl FnMut(&[u8]) -> Result<Step, StepError>) {
    while let Some((length, rest)) = data.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (token, rest) = rest.split_at(length);
        match step(token) {
            Ok(Step::Continue(_)) => data = rest,
            Ok(Step::Done { .. }) => panic!("a context without the session key"),
            Err(failed) => {
                assert!(!failed.to_string().is_empty());
                return assert!(step(token).is_err(), "a step after an error must fail");
            }
        }
    }
}

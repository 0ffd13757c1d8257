//! What goes between a client and an honest KDC.

use std::time::Duration;

use kerberos_crypto::{EncryptionType, Key};
use kerberos_proto::{
    AsExchange, AsParams, CredProtection, CredSender, Credential, Password, Principal, Secret,
    Step, Timestamp,
};
use kerberos_testkdc::{Account, Kdc, Transport};

use super::Seeds;
use crate::process::Outcome;

/// The messages of a login, and the ticket that it ends in.
///
/// # Errors
/// When our client and our KDC do not get along.
pub(super) fn exchanges(seeds: &mut Seeds<'_>) -> Outcome<Credential> {
    let kdc = Kdc::builder("R")
        .etypes(&[EncryptionType::ARCFOUR_HMAC])
        .account(Account::new("alice").password("password"))
        .rng(Constant)
        .build()?;
    let params = AsParams::new(Principal::parse("alice@R")?);
    let secret = Secret::Password(Password::new("password"));
    let (mut exchange, mut request) = AsExchange::start(params, secret, &mut Constant, NOW)?;
    let mut count = 0;
    let login = loop {
        let time = Duration::from_secs(NOW.seconds.unsigned_abs());
        let answer = kdc.answer(&request.payload, Transport::Tcp, time);
        let answer = answer.ok_or("the KDC is silent")?;
        count += 1;
        if count == 1 {
            seeds.add("krb_error", "preauth_required", &answer)?;
        }
        match exchange.step(&answer, &mut Constant, NOW)? {
            Step::Send(next) => request = next,
            Step::Done(login) => break login,
        }
    };
    // The target's key.
    let key = Key::from_bytes(EncryptionType::ARCFOUR_HMAC, &[7; 16])?;
    let tgt = login.credential;
    for (name, protection) in [
        ("clear", CredProtection::DangerousNone),
        ("encrypted", CredProtection::Key(&key)),
    ] {
        let message =
            CredSender::new(protection).message(std::slice::from_ref(&tgt), &mut Constant, NOW)?;
        seeds.add("krb_cred", name, &message)?;
    }
    Ok(tgt)
}

const NOW: Timestamp = Timestamp::new(1_000_000_000, 0);

/// Randomness that is none, so that inputs are the same each time.
struct Constant;

impl rand_core::TryRng for Constant {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0x2a2a_2a2a)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0x2a2a_2a2a_2a2a_2a2a)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(0x2a);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Constant {}

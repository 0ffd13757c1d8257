//! The messages between a client and an honest KDC.

use std::time::Duration;

use kerberos_crypto::{EncryptionType, Key};
use kerberos_proto::{
    AsExchange, AsParams, CredProtection, CredSender, Credential, Password, Principal, Secret,
    Step, Timestamp,
};
use kerberos_testkdc::{Account, Kdc, Repeatable, Transport};

use super::Seeds;
use crate::process::Outcome;

/// The messages of a login, and the resulting ticket.
///
/// # Errors
/// When our client and our KDC do not understand each other.
pub(super) fn exchanges(seeds: &mut Seeds<'_>) -> Outcome<Credential> {
    let kdc = Kdc::builder("R")
        .etypes(&[EncryptionType::ARCFOUR_HMAC])
        .account(Account::new("alice").password("password"))
        .rng(Repeatable(1))
        .build()?;
    let params = AsParams::new(Principal::parse("alice@R")?);
    let secret = Secret::Password(Password::new("password"));
    let mut rng = Repeatable(2);
    let (mut exchange, mut request) = AsExchange::start(params, secret, &mut rng, NOW)?;
    let mut count = 0;
    let login = loop {
        let time = Duration::from_secs(NOW.seconds.unsigned_abs());
        let answer = kdc.answer(&request.payload, Transport::Tcp, time);
        let answer = answer.ok_or("the KDC is silent")?;
        count += 1;
        if count == 1 {
            seeds.add("krb_error", "preauth_required", &answer)?;
        }
        match exchange.step(&answer, &mut rng, NOW)? {
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
            CredSender::new(protection).message(std::slice::from_ref(&tgt), &mut rng, NOW)?;
        seeds.add("krb_cred", name, &message)?;
    }
    Ok(tgt)
}

const NOW: Timestamp = Timestamp::new(1_000_000_000, 0);

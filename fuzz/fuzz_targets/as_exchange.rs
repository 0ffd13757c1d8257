//! An AS exchange over a hostile network: each answer of an honest KDC is passed on, altered or
//! replaced. The exchange always ends, and a login is always the honest one and never has weaker
//! encryption.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/script.rs"]
mod script;

use core::time::Duration;

use kerberos_asn1::TicketFlags;
use kerberos_crypto::EncryptionType;
use kerberos_proto::{
    AsExchange, AsParams, KeyEntry, LastPreauth, Login, Password, Principal, Secret, Step,
    Timestamp,
};
use kerberos_testkdc::{Account, Kdc, PrincipalKey, Transport};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use script::Script;

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let choices = script.byte();
    let is_honest = script.is_honest();
    let login = run(choices, &mut script);
    assert!(login.is_some() || !is_honest, "an honest run must succeed");
    if let Some(login) = login {
        let honest = run(choices, &mut Script(&[])).expect("an honest network leads to a login");
        assert_eq!(essence(choices, &login), essence(choices, &honest));
    }
});

/// Runs the exchange; `script` says what happens to the answers.
fn run(choices: u8, script: &mut Script<'_>) -> Option<Login> {
    let mut account = Account::new("alice");
    if choices & 1 != 0 {
        account = account.no_preauth();
    }
    let mut etypes = vec![EncryptionType::ARCFOUR_HMAC];
    if choices & 16 == 0 {
        // The RC4 key of a password is derived quickly.
        account = account.password("password");
    } else {
        // With this type, a downgrade is possible; the keys are random.
        etypes.insert(0, EncryptionType::AES256_CTS_HMAC_SHA1_96);
    }
    if choices & 32 != 0 {
        etypes.reverse();
    }
    let kdc = Kdc::builder("R")
        .etypes(&etypes)
        .account(account)
        .rng(Constant)
        .build()
        .expect("valid KDC");

    let mut params = AsParams::new(Principal::parse("alice@R").expect("valid name"));
    params.policy.max_iterations = 4096;
    params.options.canonicalize = choices & 2 != 0;
    params.policy.kdc_timesync = choices & 4 == 0;
    let mut secret = Secret::Password(Password::new("password"));
    if choices & (8 | 16) != 0 {
        params.last_preauth = (choices & 8 != 0).then(|| LastPreauth::new(2));
        let entry = |key: &PrincipalKey| KeyEntry {
            kvno: key.kvno(),
            key: key.block(),
        };
        secret = Secret::Keys(kdc.keys("alice").iter().map(entry).collect());
    }
    let now = Timestamp::new(1_000_000_000, 0);
    let (mut exchange, mut request) =
        AsExchange::start(params, secret, &mut Constant, now).expect("the exchange starts");
    loop {
        let time = Duration::from_secs(1_000_000_000);
        let honest = kdc
            .answer(&request.payload, Transport::Tcp, time)
            .unwrap_or_default();
        let answer = script.alter(honest);
        match exchange.step(&answer, &mut Constant, now) {
            Ok(Step::Send(next)) => request = next,
            Ok(Step::Done(login)) => return Some(*login),
            Err(error) => {
                assert!(!error.to_string().is_empty() && !error.mit_message().is_empty());
                return None;
            }
        }
    }
}

/// The parts that an attacker must not be able to change. This excludes the realm of a
/// canonicalised client, which nothing authenticates in an AS-REP; RFC 6806 §11 and FAST remedy
/// this where it matters. It also excludes what an error legitimately changes in the next request.
/// The clock in an error changes the requested end time, and the KDC issues a renewable ticket if
/// that is later than allowed. An error can also make the client omit padata that an old KDC does
/// not understand, such as the request for the proof of RFC 6806 §11. And it can change whether the
/// client preauthenticates when the KDC does not insist.
fn essence(choices: u8, login: &Login) -> impl PartialEq + core::fmt::Debug + use<> {
    let credential = &login.credential;
    // A name that may be canonicalised is up to the KDC.
    let client = (choices & 2 == 0).then(|| credential.client.to_string());
    (
        client,
        credential.session_key.etype(),
        credential.session_key.expose_bytes().to_vec(),
        credential.times.authtime,
        credential.times.starttime,
        credential.addresses.clone(),
        login.kdc_offset,
        credential.flags.without(NOT_PROVEN),
        credential.server.to_string(),
        login.reply_key_etype,
    )
}

/// See [`essence`].
const NOT_PROVEN: TicketFlags =
    TicketFlags(TicketFlags::RENEWABLE.0 | TicketFlags::ENC_PA_REP.0 | TicketFlags::PRE_AUTHENT.0);

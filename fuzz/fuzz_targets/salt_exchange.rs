//! Asks over a hostile network how the KDC derives keys from a password. The answer is not
//! authenticated, so it may contain any salt. But the exchange ends after few requests, and the
//! result contains only the types that were asked for, each once, in the client's order.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/script.rs"]
mod script;

use core::time::Duration;
use std::sync::LazyLock;

use kerberos_crypto::EncryptionType;
use kerberos_proto::{AsParams, PasswordSalt, Principal, SaltExchange, Step, Timestamp};
use kerberos_testkdc::{Account, Kdc, Transport};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use script::Script;

const NOW: Timestamp = Timestamp::new(1_000_000_000, 0);
/// The account's default salt (RFC 4120 §4). It is also reported for RC4, which does not use it.
const SALT: &[u8] = b"Ralice";
const TIME: Duration = Duration::from_secs(1_000_000_000);

/// KDCs of each kind: with and without required preauthentication, and with different types of
/// keys.
static KDCS: LazyLock<[Kdc; 4]> = LazyLock::new(|| {
    core::array::from_fn(|choices| {
        let mut account = Account::new("alice").password("password");
        if choices & 1 != 0 {
            account = account.no_preauth();
        }
        let etypes = [
            EncryptionType::ARCFOUR_HMAC,
            EncryptionType::AES256_CTS_HMAC_SHA1_96,
        ];
        let etypes = if choices & 2 == 0 {
            &etypes[..1]
        } else {
            &etypes[..]
        };
        let kdc = Kdc::builder("R").etypes(etypes).account(account);
        kdc.rng(Constant).build().expect("valid KDC")
    })
});

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let choices = script.byte();
    let is_honest = script.0.iter().all(|&byte| byte == 0);
    match run(choices, &mut script) {
        Some(salts) if is_honest => assert_eq!(salts[0].salt, SALT),
        other => assert!(!is_honest || other.is_some()),
    }
});

/// Runs the exchange; `script` says what happens to the answers.
fn run(choices: u8, script: &mut Script<'_>) -> Option<Vec<PasswordSalt>> {
    let kdc = &KDCS[usize::from(choices & 3)];
    kdc.forget_requests();
    let mut params = AsParams::new(Principal::parse("alice@R").expect("valid name"));
    params.options.canonicalize = choices & 4 != 0;
    let asked = params.policy.etypes.clone();
    let (mut exchange, mut request) =
        SaltExchange::start(params, &mut Constant, NOW).expect("the exchange starts");
    for _ in 0..MOST_REQUESTS {
        let honest = kdc.answer(&request.payload, Transport::Tcp, TIME);
        let answer = script.alter(honest.unwrap_or_default());
        match exchange.step(&answer, &mut Constant, NOW) {
            Ok(Step::Send(next)) => request = next,
            Ok(Step::Done(salts)) => {
                let places = salts.iter().map(|salt| {
                    let place = asked.iter().position(|&etype| etype == salt.etype);
                    place.expect("only requested types are returned")
                });
                assert!(!salts.is_empty() && places.is_sorted_by(|a, b| a < b));
                return Some(*salts);
            }
            Err(error) => {
                assert!(!error.to_string().is_empty() && !error.mit_message().is_empty());
                return None;
            }
        }
    }
    panic!("the exchange does not end");
}

/// The number of referrals is limited. Each request, including the first, may be repeated in
/// another form or over TCP.
const MOST_REQUESTS: usize = 64;

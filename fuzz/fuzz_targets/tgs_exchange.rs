//! A chase for a ticket through two realms over a hostile network: each answer of the honest KDCs
//! is passed on, altered, or replaced by other bytes or by an earlier answer. The chase always
//! ends, and a ticket is always the honest one.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/realms.rs"]
mod realms;
#[path = "support/script.rs"]
mod script;

use kerberos_crypto::EncryptionType;
use kerberos_proto::{
    AsExchange, AsParams, ChaseParams, Chased, Credential, Password, Principal, Request, Route,
    Secret, Step, TgsParams, TicketChase, Timestamp,
};
use kerberos_testkdc::{Account, Kdc, Referral, TestKdcBuilder};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use realms::{answer, essence};
use script::Script;

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let choices = script.byte();
    let is_honest = script.is_honest();
    let chased = run(choices, &mut script);
    assert!(chased.is_some() || !is_honest, "an honest run must succeed");
    if let Some(chased) = chased {
        let honest = run(choices, &mut Script(&[])).expect("an honest network leads to a ticket");
        assert_eq!(essence(&chased.credential), essence(&honest.credential));
    }
});

const NOW: Timestamp = Timestamp::new(1_000_000_000, 0);

/// Runs the chase; `script` says what happens to the answers.
fn run(choices: u8, script: &mut Script<'_>) -> Option<Chased> {
    let kdcs = [
        realm("A", "B").account(Account::new("host/b").lives_in("B", Referral::WrongRealm)),
        realm("B", "A").service("host/b"),
    ]
    .map(|kdc| kdc.service("host/www").build().expect("valid KDC"));
    let answer = |request: &Request| answer(&kdcs, request);
    let tgt = login(&answer);

    let server = ["host/www@A", "host/b@A", "host/www@B", "krbtgt/B@A"][usize::from(choices % 4)];
    let server = Principal::parse(server).expect("valid name");
    let mut params = ChaseParams::new(TgsParams::new(server));
    if choices & 4 != 0 {
        params.tgs.server = params.tgs.server.with_realm("");
        params.fallback_realm = Some(b"B".to_vec());
    }
    if choices & 8 != 0 {
        params.routes.push(Route::new("B", ["X"]));
    }
    params.tgs.options.canonicalize = choices & 16 != 0;
    let started = TicketChase::start(params, &tgt, &mut Constant, NOW);
    let (mut chase, mut step) = started.expect("the exchange starts");
    let mut answers = Vec::new();
    loop {
        let request = match step {
            Step::Send(request) => request,
            Step::Done(chased) => return Some(*chased),
        };
        let honest = answer(&request);
        let replayed = usize::from(script.byte());
        let reply = match answers.get(replayed.wrapping_sub(200)) {
            Some(earlier) => Vec::clone(earlier),
            None => script.alter(honest.clone()),
        };
        answers.push(honest);
        assert!(answers.len() <= 33, "the chase does not end");
        step = match chase.step(&reply, &mut Constant, NOW) {
            Ok(step) => step,
            Err(error) => {
                assert!(!error.to_string().is_empty() && !error.mit_tgs_message().is_empty());
                return None;
            }
        };
    }
}

/// A realm that trusts the other one, with RC4 keys, which are derived quickly.
fn realm(name: &str, other: &str) -> TestKdcBuilder {
    let shared = |realm: &str| {
        let name = format!("krbtgt/{realm}");
        Account::new(&name).password(realm)
    };
    Kdc::builder(name)
        .etypes(&[EncryptionType::ARCFOUR_HMAC])
        .account(Account::new("alice").password("password").no_preauth())
        .account(shared(name))
        .account(shared(other))
        .rng(Constant)
}

fn login(answer: &impl Fn(&Request) -> Vec<u8>) -> Credential {
    let params = AsParams::new(Principal::parse("alice@A").expect("valid name"));
    let secret = Secret::Password(Password::new("password"));
    let (mut exchange, mut request) =
        AsExchange::start(params, secret, &mut Constant, NOW).expect("the exchange starts");
    loop {
        match exchange.step(&answer(&request), &mut Constant, NOW) {
            Ok(Step::Send(next)) => request = next,
            Ok(Step::Done(login)) => return login.credential,
            Err(error) => panic!("{error}"),
        }
    }
}

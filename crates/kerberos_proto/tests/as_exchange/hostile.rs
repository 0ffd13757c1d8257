//! Truncated and altered replies: no panic, and only the correct login succeeds.

use kerberos_asn1::{Decode, RawTicket};
use kerberos_proto::{AsExchange, Login, Step};

use super::kdc::*;
use crate::random::edited;

/// Passes `edited` instead of the KDC's answer number `at`, and the KDC's own answers otherwise.
/// Returns the login, if there is one.
fn run(kdc: &mut Kdc, at: usize, edited: &[u8]) -> Option<Login> {
    let mut rng = Rng(1);
    let (mut exchange, mut request) =
        AsExchange::start(alice(), password(), &mut rng, NOW).unwrap();
    for number in 0.. {
        let reply = if number == at {
            edited.to_vec()
        } else {
            kdc.answer(&request.payload, NOW)
        };
        match exchange.step(&reply, &mut rng, NOW) {
            Ok(Step::Send(next)) => request = next,
            Ok(Step::Done(login)) => return Some(*login),
            Err(error) => {
                // Its message can be displayed, whatever it is.
                assert!(!error.to_string().is_empty());
                assert!(!error.mit_message().is_empty());
                return None;
            }
        }
        assert!(number < 32, "the exchange does not end");
    }
    None
}

/// The KDC's answer number `at`.
fn answer(kdc: &mut Kdc, at: usize) -> Vec<u8> {
    let mut rng = Rng(1);
    let (mut exchange, mut request) =
        AsExchange::start(alice(), password(), &mut rng, NOW).unwrap();
    for _ in 0..at {
        let reply = kdc.answer(&request.payload, NOW);
        match exchange.step(&reply, &mut rng, NOW).unwrap() {
            Step::Send(next) => request = next,
            Step::Done(_) => unreachable!(),
        }
    }
    kdc.answer(&request.payload, NOW)
}

/// Removes everything that is not protected: of an AP-REP, the part of the ticket that only the
/// service decrypts, and the types of names; of an error, the time, which shifts the requested
/// times.
fn essence(login: &Login) -> String {
    let credential = &login.credential;
    let ticket = RawTicket::from_der(&credential.ticket).unwrap();
    format!(
        "{} {} {:?} {:?} {:?} {:?} {:?} {:?} {} {:?} {:?}",
        credential.client,
        credential.server,
        credential.session_key.etype(),
        credential.session_key.expose_bytes(),
        (credential.times.authtime, credential.times.starttime),
        credential.flags,
        credential.addresses,
        login.password_expiration,
        login.fast_avail,
        login.reply_key_etype,
        (ticket.ticket().realm, &ticket.ticket().sname.name_string),
    )
}

fn check(make: fn() -> Kdc, at: usize, edits: usize, edit: impl Fn(usize, &[u8]) -> Vec<u8>) {
    let mut kdc = make();
    let good = answer(&mut kdc, at);
    let right = essence(&run(&mut kdc, at, &good).unwrap());
    for number in 0..edits {
        let edited = edit(number, &good);
        if let Some(login) = run(&mut kdc, at, &edited) {
            assert_eq!(essence(&login), right, "edit {number}: {edited:02x?}");
        }
        kdc.requests.clear();
    }
}

/// RC4 keys are derived quickly, and derivation from a password should be part of the test.
fn rc4() -> Kdc {
    Kdc {
        etypes: vec![RC4],
        ..Kdc::new()
    }
}

fn rc4_without_preauth() -> Kdc {
    Kdc {
        preauth: false,
        ..rc4()
    }
}

#[test]
fn truncated_reply_never_yields_another_login() {
    for (make, at) in STATES {
        let mut kdc = make();
        let length = answer(&mut kdc, at).len();
        check(make, at, length, |number, good| good[..number].to_vec());
    }
}

#[test]
fn flipped_bit_never_yields_another_login() {
    for (make, at) in STATES {
        let mut kdc = make();
        let bits = answer(&mut kdc, at).len() * 8;
        check(make, at, bits, |number, good| {
            let mut edited = good.to_vec();
            edited[number / 8] ^= 1 << (number % 8);
            edited
        });
    }
}

#[test]
fn random_edit_never_yields_another_login() {
    for (make, at) in STATES {
        check(make, at, 20_000, edited);
    }
}

/// Each state that waits for a reply: the first, with and without preauthentication to follow, and
/// the one after it.
const STATES: [(fn() -> Kdc, usize); 3] = [(rc4, 0), (rc4, 1), (rc4_without_preauth, 0)];

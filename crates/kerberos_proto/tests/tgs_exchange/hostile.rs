//! Truncated and altered replies: no panic, and no ticket but the right one.

use kerberos_asn1::{Decode, RawTicket};
use kerberos_proto::{Credential, Step, TgsExchange, TgsOutcome, TgsParams};
use kerberos_testkdc::Kdc;

use crate::kdc::*;
use crate::random::edited;

struct Scene {
    tgt: Credential,
    params: TgsParams,
    good: Vec<u8>,
}

impl Scene {
    fn new(kdc: &Kdc, server: &str) -> Self {
        let tgt = login(kdc);
        let mut params = TgsParams::new(principal(server));
        params.options.canonicalize = true;
        let (_, request) = TgsExchange::start(params.clone(), &tgt, &mut Rng(5), NOW).unwrap();
        let good = answer(kdc, &request, NOW);
        Self { tgt, params, good }
    }

    /// Removes what is not protected: the part of the ticket that the service decrypts.
    fn outcome(&self, reply: &[u8]) -> Option<String> {
        let params = self.params.clone();
        let (mut exchange, _) = TgsExchange::start(params, &self.tgt, &mut Rng(5), NOW).unwrap();
        let (kind, got) = match exchange.step(reply, NOW) {
            Ok(Step::Done(outcome)) => match *outcome {
                TgsOutcome::Ticket(got) => ("ticket".to_owned(), got),
                TgsOutcome::Referral { realm, tgt } => (format!("to {realm:?}"), tgt),
                other => panic!("{other:?}"),
            },
            Ok(Step::Send(request)) => {
                // An unauthenticated error may make us use TCP, but nothing else.
                assert!(request.stream_only);
                return None;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(!error.mit_tgs_message().is_empty());
                return None;
            }
        };
        let ticket = RawTicket::from_der(&got.ticket).unwrap();
        Some(format!(
            "{kind} {} {} {:?} {:?} {:?} {:?} {:?}",
            got.client,
            got.server,
            got.session_key.expose_bytes(),
            got.times,
            got.flags,
            got.addresses,
            (ticket.ticket().realm, &ticket.ticket().sname.name_string),
        ))
    }
}

/// A ticket, a referral, an error.
fn scenes() -> Vec<Scene> {
    let kdc = kdc();
    [
        "host/www.example.com@EXAMPLE.COM",
        "host/far.other.com@EXAMPLE.COM",
        "host/nowhere@EXAMPLE.COM",
    ]
    .map(|server| Scene::new(&kdc, server))
    .into()
}

fn check(edits: impl Fn(&[u8]) -> usize, edit: impl Fn(usize, &[u8]) -> Vec<u8>) {
    let scenes = scenes();
    let good: Vec<_> = scenes.iter().map(|one| one.outcome(&one.good)).collect();
    assert!(good[0].as_ref().unwrap().starts_with("ticket"));
    assert!(good[1].as_ref().unwrap().starts_with("to"));
    assert!(good[2].is_none());
    for (scene, right) in scenes.iter().zip(good) {
        for number in 0..edits(&scene.good) {
            let edited = edit(number, &scene.good);
            let outcome = scene.outcome(&edited);
            assert!(
                outcome.is_none() || outcome == right,
                "edit {number}: {edited:02x?}"
            );
        }
    }
}

#[test]
fn truncated_reply_never_yields_another_ticket() {
    check(<[u8]>::len, |number, good| good[..number].to_vec());
}

#[test]
fn flipped_bit_never_yields_another_ticket() {
    check(
        |good| good.len() * 8,
        |number, good| {
            let mut edited = good.to_vec();
            edited[number / 8] ^= 1 << (number % 8);
            edited
        },
    );
}

#[test]
fn random_edit_never_yields_another_ticket() {
    check(|_| 20_000, edited);
}

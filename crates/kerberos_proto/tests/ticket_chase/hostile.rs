//! Answers during a chase that do not match the request: each is detected.

use kerberos_asn1::{Decode, EncTicketPart, ErrorCode, TgsRep, TicketFlags};
use kerberos_crypto::KeyUsage;
use kerberos_proto::{ExchangeError, ReplyFault};
use kerberos_testkdc::Fault;

use crate::random::edited;
use crate::world::*;

const WWW: &str = "host/www@A";

/// A refers the client to B, which has the service.
fn two() -> World {
    World::new([
        realm("A", &["B"]).account(lives_in("host/www", "B")),
        realm("B", &["A"]).service("host/www"),
    ])
}

fn error_of(realm: &str, fault: &Fault) -> ExchangeError {
    let world = two();
    // The login comes before the fault.
    let (result, _) = world.chase_spoilt(params(WWW), |_, request, reply| {
        if request.realm == realm.as_bytes() {
            world.kdc(realm).set_fault_once(fault.clone());
            world.answer(request)
        } else {
            reply
        }
    });
    result.unwrap_err()
}

#[test]
fn each_fault_has_its_error_at_every_hop() {
    let reply = |error: ExchangeError| match error {
        ExchangeError::Reply(fault) => fault,
        other => panic!("{other:?}"),
    };
    for at in ["A", "B"] {
        assert_eq!(reply(error_of(at, &Fault::WrongNonce)), ReplyFault::Nonce);
        assert!(matches!(
            reply(error_of(at, &Fault::WrongClientName)),
            ReplyFault::ClientName { .. }
        ));
        assert!(matches!(
            reply(error_of(at, &Fault::WrongServerRealm)),
            ReplyFault::ServerName { .. }
        ));
        assert!(matches!(
            reply(error_of(at, &Fault::WrongTicketServer)),
            ReplyFault::TicketServerName { .. }
        ));
        assert!(matches!(
            error_of(at, &Fault::CorruptedCiphertext),
            ExchangeError::Crypto(_)
        ));
        assert!(matches!(
            error_of(at, &Fault::Garbage),
            ExchangeError::UnexpectedMessage
        ));
        assert!(matches!(
            error_of(at, &Fault::Truncated),
            ExchangeError::Decode { .. }
        ));
    }
}

#[test]
fn an_answer_to_another_request_does_not_decrypt() {
    let mut first = Vec::new();
    let (result, asked) = two().chase_spoilt(params(WWW), |count, _, reply| {
        if count == 1 {
            first.clone_from(&reply);
            return reply;
        }
        // The answer of the first KDC again.
        first.clone()
    });
    assert_eq!(asked.len(), 2);
    assert!(
        matches!(result, Err(ExchangeError::Crypto(_))),
        "{result:?}"
    );
}

#[test]
fn response_too_big_is_retried_only_at_its_hop() {
    let world = two();
    let mut streams = Vec::new();
    let (result, asked) = world.chase_spoilt(params(WWW), |_, request, reply| {
        streams.push(request.stream_only);
        if request.stream_only || request.realm == b"A" {
            return reply;
        }
        let kdc = world.kdc("B");
        kdc.set_fault_once(Fault::Error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG));
        world.answer(request)
    });
    result.unwrap();
    assert_eq!(asked, ["A: host/www+", "B: host/www+", "B: host/www+"]);
    assert_eq!(streams, [false, false, true]);
}

#[test]
fn random_damage_yields_no_ticket_but_the_right_one() {
    let world = two();
    let (good, _) = world.chase(params(WWW));
    let good = good.unwrap().credential;
    let tgt = world.login();
    for number in 0..8_000 {
        let target = 1 + number % 2;
        // Each time that the KDC is asked it makes another session key.
        let mut issued = None;
        let (result, asked) = world.chase_from(&tgt, params(WWW), |count, _, reply| {
            issued = Issued::by(&world, &reply);
            if count == target {
                edited(number, &reply)
            } else {
                reply
            }
        });
        assert!(asked.len() <= 16);
        if let Ok(chased) = result {
            let got = chased.credential;
            let issued = issued.expect("the last reply has no ticket for the service");
            assert_eq!(got.client, good.client, "{number}");
            assert_eq!(got.server, good.server, "{number}");
            assert_eq!(got.session_key.expose_bytes(), issued.key, "{number}");
            assert_eq!(got.flags, issued.flags, "{number}");
            assert_eq!(got.times, good.times, "{number}");
        }
    }
}

/// What the service finds in its ticket, for the client must have found the same.
struct Issued {
    key: Vec<u8>,
    flags: TicketFlags,
}

impl Issued {
    /// What is in the reply's ticket, if that is the service's.
    fn by(world: &World, reply: &[u8]) -> Option<Self> {
        let TgsRep(reply) = TgsRep::from_der(reply).ok()?;
        let ticket = reply.ticket.ticket();
        let mut keys = world.kdc("B").keys("host/www").iter();
        let part = keys.find_map(|key| {
            let key = key.key();
            key.decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher)
                .ok()
        })?;
        let part = EncTicketPart::from_der(&part).ok()?;
        Some(Self {
            key: part.key.keyvalue.to_vec(),
            flags: part.flags,
        })
    }
}

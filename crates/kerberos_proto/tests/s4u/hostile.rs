//! Replies that decrypt but do not prove on whose behalf the ticket is: each fault has its own
//! error. And replies that were altered in transit never change the user.

use kerberos_crypto::{ChecksumType, EncryptionType};
use kerberos_proto::{
    Credential, ExchangeError, Principal, ReplyFault, S4u2Proxy, S4u2Self, S4uFault as Proof,
    S4uUser, Step, TgsParams,
};
use kerberos_testkdc::{Account, Fault, Kdc, S4uFault};

use crate::random::edited as damaged;
use crate::realms::*;

/// The service's reaction when `kdc` has this fault.
#[track_caller]
fn fault(realms: &Realms, user: &S4uUser, kdc: &Kdc, fault: Fault) -> ReplyFault {
    // Not for the login.
    let tgt = {
        let own = realms.login("HTTP/web");
        realms.tgt_for(&realms.realm_of(user).unwrap(), &own)
    };
    kdc.set_fault(fault);
    let realm = tgt.server.components().nth(1).unwrap().to_vec();
    let params = TgsParams::new(principal("HTTP/web"));
    let mut rng = Rng(3);
    let (mut machine, mut request) =
        S4u2Self::start(params, user, &realm, &tgt, &mut rng, NOW).unwrap();
    loop {
        match machine.step(&realms.answer(&request), &mut rng, NOW) {
            Ok(Step::Send(next)) => request = next,
            Err(ExchangeError::Reply(fault)) => break fault,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn reply_without_valid_s4u_proof_is_refused() {
    let check = |wrong: S4uFault, expected: Proof| {
        let realms = Realms::new();
        let found = fault(&realms, &named("alice"), &realms.home, Fault::S4u(wrong));
        assert_eq!(found, ReplyFault::S4u(expected), "{wrong:?}");
    };
    check(S4uFault::Ignored, Proof::Ignored);
    check(S4uFault::WrongNonce, Proof::Nonce);
    check(S4uFault::WrongChecksum, Proof::Checksum);
    check(S4uFault::NoUser, Proof::UserMissing);
    let unkeyed = Proof::ChecksumNotKeyed(ChecksumType::RSA_MD4);
    check(S4uFault::UnkeyedChecksum, unkeyed);
}

#[test]
fn ticket_and_proof_must_name_the_same_user() {
    let realms = Realms::new();
    let alice = named("alice");
    let renamed = fault(&realms, &alice, &realms.home, Fault::WrongClientName);
    let client = |asked: &str, got: &str| ReplyFault::ClientName {
        asked: principal(asked),
        got: principal(got),
    };
    assert_eq!(renamed, client("alice", "mallory"));
    realms.home.clear_faults();
    let other = Fault::S4u(S4uFault::OtherUser);
    let unproven = fault(&realms, &alice, &realms.home, other);
    assert_eq!(unproven, client("mallory", "alice"));
}

#[test]
fn des3_and_rc4_replies_must_repeat_the_checksum_encrypted() {
    for number in [16, 23] {
        let realms = Realms::with_etypes(&[EncryptionType(number)]);
        let wrong = Fault::S4u(S4uFault::NotRepeated);
        let found = fault(&realms, &named("alice"), &realms.home, wrong);
        assert_eq!(found, ReplyFault::S4u(Proof::ChecksumNotRepeated));
    }
    // And if the reply has lost the rest, what remains says so.
    let realms = Realms::with_etypes(&[EncryptionType::ARCFOUR_HMAC]);
    let tgt = realms.login("HTTP/web");
    let params = TgsParams::new(principal("HTTP/web"));
    let mut rng = Rng(3);
    let (mut machine, request) =
        S4u2Self::start(params, &named("alice"), b"HOME.TEST", &tgt, &mut rng, NOW).unwrap();
    let reply = realms.answer(&request);
    let stripped = altered(&reply, |reply| reply.padata = None);
    let error = machine.step(&stripped, &mut rng, NOW).unwrap_err();
    let expected = ReplyFault::S4u(Proof::ProofMissing);
    let found = matches!(&error, ExchangeError::Reply(fault) if *fault == expected);
    assert!(found, "{error:?}");
}

#[test]
fn user_changed_by_an_intermediate_realm_is_refused() {
    let realms = Realms::new();
    let bob = named("bob@USER.TEST");
    let other = Fault::S4u(S4uFault::OtherUser);
    let found = fault(&realms, &bob, &realms.mid, other);
    let expected = Proof::UserChanged {
        asked: principal("bob@USER.TEST"),
        got: principal("mallory@USER.TEST"),
    };
    assert_eq!(found, ReplyFault::S4u(expected));
}

/// The user's realm may correct names, as long as they are its own.
#[test]
fn realm_cannot_rename_the_user_into_another_realm() {
    let mut realms = Realms::new();
    let user = base("USER.TEST", &[])
        .account(trust("MID.TEST").alias("HTTP/web@HOME.TEST"))
        .account(Account::new("alice"));
    realms.user = user.build().unwrap();
    let other = Fault::S4u(S4uFault::OtherRealm);
    let changed = |asked: &str, got: &str| {
        ReplyFault::S4u(Proof::UserChanged {
            asked: principal(asked),
            got: principal(got),
        })
    };
    let alice = named("alice@USER.TEST");
    let found = fault(&realms, &alice, &realms.user, other.clone());
    assert_eq!(found, changed("alice@USER.TEST", "alice@HOME.TEST"));
    // Nor in the ticket itself.
    let found = fault(&realms, &named("alice"), &realms.home, other.clone());
    assert_eq!(found, changed("alice", "alice@OTHER.TEST"));
    let alice = enterprise("alice@corp.example");
    let found = fault(&realms, &alice, &realms.home, other);
    let asked = Principal::parse_enterprise("alice@corp.example", "HOME.TEST").unwrap();
    let got = principal("alice@OTHER.TEST");
    assert_eq!(found, ReplyFault::S4u(Proof::UserChanged { asked, got }));
}

/// The user's realm does not refer the service on, but issues a ticket about an arbitrary user.
#[test]
fn ticket_from_a_foreign_realm_is_refused() {
    let mut realms = Realms::new();
    let false_web = Account::new("HTTP/web").alias("HTTP/web@HOME.TEST");
    let user = base("USER.TEST", &[]).account(trust("MID.TEST"));
    let user = user.account(Account::new("bob")).account(false_web);
    realms.user = user.build().unwrap();
    let error = realms.to_self(&named("bob@USER.TEST"), "HTTP/web");
    let expected = ReplyFault::ServerName {
        asked: principal("HTTP/web"),
        got: principal("HTTP/web@USER.TEST"),
    };
    let found = matches!(&error, Err(ExchangeError::Reply(fault)) if *fault == expected);
    assert!(found, "{error:?}");
}

#[test]
fn referral_loop_is_an_error() {
    // MID.TEST claims that the service is in USER.TEST, where everything began.
    let realms = Realms::round_in_circles();
    let error = realms.to_self(&named("bob@USER.TEST"), "HTTP/web");
    let Err(ExchangeError::ReferralLoop { realm, hops }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(realm, b"USER.TEST");
    assert_eq!(hops, [&b"USER.TEST"[..], b"MID.TEST"]);
}

#[test]
fn proxy_ticket_must_be_for_the_client_of_the_evidence() {
    let realms = Realms::new();
    let (evidence, _) = realms.to_self(&named("alice"), "HTTP/web").unwrap();
    let tgt = realms.login("HTTP/web");
    let refused = |wrong: Fault| {
        let params = TgsParams::new(principal("ldap/back"));
        let mut rng = Rng(7);
        let (mut machine, request) =
            S4u2Proxy::start(params, &evidence, &tgt, &mut rng, NOW).unwrap();
        realms.home.set_fault_once(wrong);
        match machine.step(&realms.answer(&request), &mut rng, NOW) {
            Err(ExchangeError::Reply(fault)) => fault,
            other => panic!("{other:?}"),
        }
    };
    let client = ReplyFault::ClientName {
        asked: principal("alice"),
        got: principal("mallory"),
    };
    assert_eq!(refused(Fault::WrongClientName), client);
    assert_eq!(refused(Fault::WrongNonce), ReplyFault::Nonce);
    // As if nothing had been requested on behalf of anyone: the requester's own ticket.
    let params = TgsParams::new(principal("ldap/back"));
    let mut rng = Rng(7);
    let (mut machine, request) = S4u2Proxy::start(params, &evidence, &tgt, &mut rng, NOW).unwrap();
    let reply = realms.answer(&request);
    let web = principal("HTTP/web");
    let own = altered(&reply, |reply| reply.cname = web.to_wire());
    let error = machine.step(&own, &mut rng, NOW).unwrap_err();
    let expected = ReplyFault::S4u(Proof::Ignored);
    let found = matches!(&error, ExchangeError::Reply(fault) if *fault == expected);
    assert!(found, "{error:?}");
}

/// The reply is damaged in transit: any resulting ticket is for alice, as issued by the KDC.
#[test]
fn randomly_edited_replies_never_change_the_ticket() {
    let realms = Realms::new();
    let tgt = realms.login("HTTP/web");
    let start = || {
        let params = TgsParams::new(principal("HTTP/web"));
        let realm = b"HOME.TEST";
        S4u2Self::start(params, &named("alice"), realm, &tgt, &mut Rng(3), NOW).unwrap()
    };
    let told = |ticket: &Credential| {
        format!(
            "{} {} {:?} {:?} {:?}",
            ticket.client,
            ticket.server,
            ticket.session_key.expose_bytes(),
            ticket.times,
            ticket.flags
        )
    };
    let good = realms.answer(&start().1);
    let right = match start().0.step(&good, &mut Rng(4), NOW) {
        Ok(Step::Done(ticket)) => told(&ticket),
        other => panic!("{other:?}"),
    };
    let mut refused = 0;
    for number in 0..20_000 {
        let (mut machine, _) = start();
        match machine.step(&damaged(number, &good), &mut Rng(4), NOW) {
            Ok(Step::Done(ticket)) => assert_eq!(told(&ticket), right, "{number}"),
            Ok(Step::Send(request)) => assert!(request.stream_only, "{number}"),
            Err(_) => refused += 1,
        }
    }
    // Most of a reply is protected. The octets of the ticket itself are checked by the service.
    assert!(refused > 10_000, "{refused} refused");
}

/// The reply modified by `edit`. Its encrypted part is unchanged.
fn altered<'a>(reply: &'a [u8], edit: impl FnOnce(&mut kerberos_asn1::KdcRep<'a>)) -> Vec<u8> {
    use kerberos_asn1::{Decode, Encode, TgsRep};
    let TgsRep(mut reply) = TgsRep::from_der(reply).unwrap();
    edit(&mut reply);
    TgsRep(reply).to_der()
}

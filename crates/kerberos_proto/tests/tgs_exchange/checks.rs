//! Replies that decrypt but do not match the request: each fault has its own error.

use kerberos_asn1::{
    AddressType, HostAddress, KerberosString, KerberosTime, SequenceOf, TicketFlags,
};
use kerberos_crypto::EncryptionType;
use kerberos_proto::{ExchangeError, ReplyFault, Step, TgsExchange, TgsOutcome, TgsParams};

use crate::kdc::*;

fn plain() -> TgsParams {
    TgsParams::new(service())
}

fn at(seconds: i64) -> KerberosTime {
    later(seconds).to_kerberos_time()
}

#[test]
fn a_reply_with_another_nonce_or_client_is_refused() {
    assert_eq!(
        fault_of(plain(), |part, _| part.nonce ^= 1),
        ReplyFault::Nonce
    );
    let other = |fault| matches!(fault, ReplyFault::ClientName { .. });
    assert!(other(fault_of(plain(), |_, reply| {
        reply.crealm = KerberosString(b"EVIL");
    })));
    assert!(other(fault_of(plain(), |_, reply| {
        reply.cname.name_string = SequenceOf::from(vec!["root".into()]);
    })));
    // Not even if names may be corrected: the client must be the TGT's.
    let mut params = plain();
    params.options.canonicalize = true;
    assert!(other(fault_of(params, |_, reply| {
        reply.cname.name_string = SequenceOf::from(vec!["root".into()]);
    })));
}

#[test]
fn a_reply_for_another_server_than_its_ticket_is_refused() {
    let fault = fault_of(plain(), |part, _| part.srealm = KerberosString(b"EVIL"));
    assert!(
        matches!(fault, ReplyFault::TicketServerName { .. }),
        "{fault:?}"
    );
    let fault = fault_of(plain(), |part, _| {
        part.sname.name_string = SequenceOf::from(vec!["host".into(), "evil".into()]);
    });
    assert!(
        matches!(fault, ReplyFault::TicketServerName { .. }),
        "{fault:?}"
    );
}

#[test]
fn session_keys_of_a_type_that_was_not_offered_are_refused() {
    for number in [3, 4711] {
        let fault = fault_of(plain(), |part, _| part.key.keytype = number);
        let etype = EncryptionType(number);
        assert_eq!(fault, ReplyFault::SessionKeyNotOffered(etype));
    }
    let mut params = plain();
    params.etypes = vec![AES128];
    let fault = fault_of(params, |part, _| part.key.keytype = AES256.0);
    assert_eq!(fault, ReplyFault::SessionKeyNotOffered(AES256));
    let short = outcome_of(plain(), |part, _| part.key.keyvalue = b"short");
    assert!(matches!(short, Err(ExchangeError::Crypto(_))), "{short:?}");
}

#[test]
fn times_beyond_the_tgt_and_the_request_are_refused() {
    let fault = fault_of(plain(), |part, _| part.starttime = Some(at(301)));
    assert_eq!(fault, ReplyFault::StartTime);
    outcome_of(plain(), |part, _| part.starttime = Some(at(300))).unwrap();
    outcome_of(plain(), |part, _| part.starttime = None).unwrap();
    // Longer than the TGT.
    let fault = fault_of(plain(), |part, _| part.endtime = at(8 * HOUR + 1));
    assert_eq!(fault, ReplyFault::EndTime);
    // Longer than requested.
    let mut short = plain();
    short.end = Some(at(60));
    let fault = fault_of(short, |part, _| part.endtime = at(61));
    assert_eq!(fault, ReplyFault::EndTime);
    let fault = fault_of(plain(), |part, _| part.endtime = at(-1));
    assert_eq!(fault, ReplyFault::EndTime);
    // Renewable for longer than the TGT, or than requested.
    let week = 7 * 24 * HOUR;
    let fault = fault_of(plain(), |part, _| part.renew_till = Some(at(week + 1)));
    assert_eq!(fault, ReplyFault::RenewTill);
    let mut short = plain();
    short.renew_till = Some(at(60));
    let fault = fault_of(short, |part, _| part.renew_till = Some(at(61)));
    assert_eq!(fault, ReplyFault::RenewTill);
    let fault = fault_of(plain(), |part, _| part.renew_till = None);
    assert_eq!(fault, ReplyFault::RenewTill);
}

#[test]
fn a_renewed_ticket_lasts_no_longer_than_its_renew_till() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let renew = || TgsParams::renew(&tgt);
    let week = 7 * 24 * HOUR;
    outcome_of(renew(), |part, _| part.endtime = at(week)).unwrap();
    let fault = fault_of(renew(), |part, _| part.endtime = at(week + 1));
    assert_eq!(fault, ReplyFault::EndTime);
    let fault = fault_of(renew(), |part, _| part.renew_till = Some(at(week + 1)));
    assert_eq!(fault, ReplyFault::RenewTill);
}

#[test]
fn unrequested_flags_are_refused() {
    for flag in [
        TicketFlags::INVALID,
        TicketFlags::POSTDATED,
        TicketFlags::PROXY,
        TicketFlags::FORWARDED,
    ] {
        let fault = fault_of(plain(), |part, _| part.flags |= flag);
        assert_eq!(fault, ReplyFault::Flags, "{flag:?}");
    }
}

#[test]
fn addresses_that_were_not_asked_for_are_refused() {
    let fault = fault_of(plain(), |part, _| {
        let elsewhere = HostAddress {
            addr_type: AddressType::IPV4,
            address: &[10, 0, 0, 9],
        };
        part.caddr = Some(SequenceOf::from(vec![elsewhere]));
    });
    assert_eq!(fault, ReplyFault::Addresses);
}

#[test]
fn reply_under_the_session_key_is_accepted() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let (mut exchange, request) = TgsExchange::start(plain(), &tgt, &mut Rng(5), NOW).unwrap();
    let reply = answer(&kdc, &request, NOW);
    let reply = edited(&request.payload, &reply, &tgt, false, |_, _| {});
    let Step::Done(outcome) = exchange.step(&reply, NOW).unwrap() else {
        panic!("unexpected second request");
    };
    assert!(matches!(*outcome, TgsOutcome::Ticket(_)));
    // The exchange is over.
    let again = exchange.step(&reply, NOW);
    assert!(matches!(again, Err(ExchangeError::Finished)));
}

#[test]
fn a_reply_to_another_request_does_not_decrypt() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let (_, first) = TgsExchange::start(plain(), &tgt, &mut Rng(5), NOW).unwrap();
    let reply = answer(&kdc, &first, NOW);
    let (mut exchange, _) = TgsExchange::start(plain(), &tgt, &mut Rng(6), NOW).unwrap();
    let error = exchange.step(&reply, NOW).unwrap_err();
    assert!(matches!(error, ExchangeError::Crypto(_)), "{error:?}");
    assert_eq!(error.mit_tgs_message(), "Decrypt integrity check failed");
}

//! The faults of `kerberos_testkdc`, each with the client's reaction.

use kerberos_asn1::{ErrorCode, TicketFlags};
use kerberos_proto::{ExchangeError, ReplyFault, TgsOutcome, TgsParams};
use kerberos_testkdc::{Fault, Transport};

use crate::kdc::*;

fn with(fault: Fault) -> Result<TgsOutcome, ExchangeError> {
    let kdc = kdc();
    let tgt = login(&kdc);
    kdc.set_fault(fault);
    run(&kdc, TgsParams::new(service()), &tgt, NOW)
}

fn fails(fault: &Fault, expected: impl Fn(&ExchangeError) -> bool) {
    match with(fault.clone()) {
        Err(error) if expected(&error) => {
            assert!(!error.mit_tgs_message().is_empty());
        }
        other => panic!("{fault:?}: {other:?}"),
    }
}

fn reply_fails(fault: &Fault, expected: impl Fn(&ReplyFault) -> bool) {
    fails(
        fault,
        |error| matches!(error, ExchangeError::Reply(fault) if expected(fault)),
    );
}

#[test]
fn messages_that_are_not_tgs_rep_are_refused() {
    fails(&Fault::Garbage, |error| {
        matches!(error, ExchangeError::UnexpectedMessage)
    });
    fails(&Fault::Truncated, |error| {
        matches!(error, ExchangeError::Decode { .. })
    });
    fails(&Fault::WrongMessageType, |error| {
        matches!(error, ExchangeError::UnexpectedMessage)
    });
}

#[test]
fn kdc_errors_are_passed_to_the_caller() {
    for code in [
        ErrorCode::KDC_ERR_POLICY,
        ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
        ErrorCode::KRB_ERR_GENERIC,
        ErrorCode(4711),
    ] {
        fails(&Fault::Error(code), |error| error.kdc_code() == Some(code));
    }
    let generic = with(Fault::Error(ErrorCode::KRB_ERR_GENERIC)).unwrap_err();
    assert_eq!(
        generic.mit_tgs_message(),
        "KDC returned error string: ORDERED_BY_TEST"
    );
    let error = generic.kdc_error().unwrap();
    assert_eq!(error.asked_server, service());
    assert_eq!(error.asked_client, principal("alice@EXAMPLE.COM"));
}

#[test]
fn response_too_big_is_retried_once_over_tcp() {
    let kdc = kdc();
    let tgt = login(&kdc);
    kdc.forget_requests();
    kdc.set_fault(Fault::TooBigForUdp);
    ticket(&kdc, TgsParams::new(service()), &tgt, NOW);
    let requests = kdc.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].transport, Transport::Udp);
    assert_eq!(requests[1].transport, Transport::Tcp);
    assert_eq!(requests[0].message, requests[1].message);
    // Once is enough.
    let code = ErrorCode::KRB_ERR_RESPONSE_TOO_BIG;
    fails(&Fault::Error(code), |error| error.kdc_code() == Some(code));
}

#[test]
fn each_reply_fault_has_its_error() {
    for fault in [Fault::ReplyEtype(AES128), Fault::CorruptedCiphertext] {
        fails(&fault, |error| matches!(error, ExchangeError::Crypto(_)));
    }
    reply_fails(&Fault::WrongNonce, |fault| *fault == ReplyFault::Nonce);
    reply_fails(&Fault::WrongClientName, |fault| {
        matches!(fault, ReplyFault::ClientName { .. })
    });
    reply_fails(&Fault::WrongClientRealm, |fault| {
        matches!(fault, ReplyFault::ClientName { .. })
    });
    reply_fails(&Fault::WrongServerName, |fault| {
        matches!(fault, ReplyFault::ServerName { .. })
    });
    reply_fails(&Fault::WrongServerRealm, |fault| {
        matches!(fault, ReplyFault::ServerName { .. })
    });
    reply_fails(&Fault::WrongTicketServer, |fault| {
        matches!(fault, ReplyFault::TicketServerName { .. })
    });
    reply_fails(&Fault::AddedFlags(TicketFlags::INVALID), |fault| {
        *fault == ReplyFault::Flags
    });
    reply_fails(&Fault::EndtimeInPast, |fault| *fault == ReplyFault::EndTime);
    reply_fails(&Fault::EndtimeTooLate, |fault| {
        *fault == ReplyFault::EndTime
    });
    reply_fails(&Fault::StarttimeInFuture, |fault| {
        *fault == ReplyFault::StartTime
    });
}

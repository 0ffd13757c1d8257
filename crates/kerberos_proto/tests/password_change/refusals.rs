//! Refusals by the service, and replies that prove nothing.

use kerberos_asn1::ErrorCode;
use kerberos_proto::{ApError, MessageError, OriginFault, PasswordChangeError, PasswordResult};
use kerberos_testkdc::{Fault, PasswordFault};

use crate::world::*;

#[track_caller]
fn refused(fault: PasswordFault) -> PasswordChangeError {
    let kdc = with_fault(fault);
    carry_out(&kdc, &change(&kdc, "new")).unwrap_err()
}

#[test]
fn every_result_code_is_reported_as_a_rejection() {
    for (code, text) in [
        (1, "Malformed request error"),
        (2, "Server error"),
        (3, "Authentication error"),
        (4, "Password change rejected"),
        (5, "Access denied"),
        (6, "Wrong protocol version"),
        (7, "Initial password required"),
        (8, "Password change failed"),
        (0xffff, "Password change failed"),
    ] {
        let words = b"because".to_vec();
        for (fault, is_authentic) in [
            (PasswordFault::Rejects(code, words.clone()), true),
            (PasswordFault::Error(code, words.clone()), false),
            (PasswordFault::FramedError(code, words.clone()), false),
        ] {
            let PasswordChangeError::Rejected(no) = refused(fault) else {
                panic!("expected a rejection for code {code}")
            };
            assert_eq!(no.result, PasswordResult(code));
            assert_eq!(no.is_authentic, is_authentic);
            assert_eq!(no.to_string(), format!("{text}: because"));
        }
    }
    let error = refused(PasswordFault::Rejects(4, Vec::new()));
    assert_eq!(error.mit_code(), -1_765_328_150);
    assert_eq!(
        error.to_string(),
        "Password change rejected: Try a more complex password, or contact your administrator."
    );
}

#[test]
fn active_directory_policy_is_shown_as_sentences() {
    let mut policy = vec![0; 30];
    policy[5] = 7;
    policy[9] = 24;
    policy[13] = 1;
    policy[22..].copy_from_slice(&864_000_000_000_u64.to_be_bytes());
    let PasswordChangeError::Rejected(no) = refused(PasswordFault::Rejects(4, policy)) else {
        panic!("expected a rejection")
    };
    assert_eq!(no.policy().unwrap().history, 24);
    assert_eq!(
        no.message(),
        "The password must include numbers or symbols.  Don't include any part of your name in \
         the password.  The password must contain at least 7 characters.  The password must be \
         different from the previous 24 passwords.  The password can only be changed once a day."
    );
}

#[test]
fn success_code_in_a_krb_error_is_not_trusted() {
    for fault in [
        PasswordFault::Error(0, Vec::new()),
        PasswordFault::FramedError(0, b"Password changed".to_vec()),
    ] {
        let kdc = with_fault(fault);
        let error = carry_out(&kdc, &change(&kdc, "new")).unwrap_err();
        assert!(
            matches!(error, PasswordChangeError::UnprovenSuccess),
            "{error}"
        );
        // It may still be true, which a login shows.
        assert!(opens(&kdc, "alice", "new"));
    }
}

#[test]
fn krb_error_without_result_code_is_a_refusal() {
    for code in [37, 34, 31, 60, 99] {
        let error = refused(PasswordFault::BareError(ErrorCode(code)));
        let PasswordChangeError::Refused(refusal) = &error else {
            panic!("{error}")
        };
        assert_eq!(refusal.code, ErrorCode(code));
        assert_eq!(error.mit_code(), -1_765_328_384 + code);
        assert_eq!(error.mit_message(), kerberos_proto::mit_text(code));
    }
}

#[test]
fn unauthenticated_and_malformed_replies_are_refused() {
    let modified = "Message stream modified";
    let integrity = "Decrypt integrity check failed";
    for (fault, message) in [
        (PasswordFault::SessionKey, integrity),
        (PasswordFault::WrongKey, integrity),
        (PasswordFault::WrongTime, "Mutual authentication failed"),
        (PasswordFault::WrongNumber, "Message out of order"),
        (
            PasswordFault::Version(2),
            "Requested protocol version not supported",
        ),
        (PasswordFault::Length(9), modified),
        (PasswordFault::ApLength(u16::MAX), modified),
        (PasswordFault::ShortResult, modified),
    ] {
        let error = refused(fault.clone());
        assert_eq!(error.mit_message(), message, "{fault:?}: {error}");
    }
    let error = refused(PasswordFault::WrongTime);
    assert!(matches!(
        error,
        PasswordChangeError::Ap(error) if matches!(*error, ApError::MutualFailed)
    ));
    let error = refused(PasswordFault::WrongNumber);
    let fault = MessageError::Origin(OriginFault::Sequence {
        expected: 0x2a2a_2a2a,
        found: Some(0x2a2a_2a2b),
    });
    assert!(matches!(error, PasswordChangeError::Message(found) if found == fault));
}

#[test]
fn echoed_request_is_refused() {
    let error = refused(PasswordFault::Echo);
    let out_of_order = matches!(
        error,
        PasswordChangeError::Message(MessageError::Origin(OriginFault::Sequence { .. }))
    );
    assert!(out_of_order, "{error}");
}

#[test]
fn reply_to_another_request_is_refused() {
    let kdc = kdc();
    let earlier = change(&kdc, "new");
    let answer = reply(&kdc, &earlier);
    earlier.check_reply(&answer, NOW).unwrap();
    let login = ticket(&kdc, "alice", "new");
    let password = kerberos_proto::Password::new("newer");
    let credential = &login.credential;
    let rng = &mut Rng(77);
    let later = kerberos_proto::PasswordChange::change(credential, &password, None, rng, NOW);
    later.unwrap().check_reply(&answer, NOW).unwrap_err();
}

#[test]
fn garbage_and_truncated_replies_are_refused() {
    for fault in [Fault::Garbage, Fault::Truncated] {
        let kdc = kdc();
        let change = change(&kdc, "new");
        kdc.set_fault(fault);
        let error = carry_out(&kdc, &change).unwrap_err();
        assert!(
            matches!(error, PasswordChangeError::Malformed(_)),
            "{error}"
        );
    }
    let kdc = kdc();
    let change = change(&kdc, "new");
    for reply in [
        &b""[..],
        &[0; 5],
        &[0, 6, 0, 1, 0, 0],
        &[0, 6, 0, 1, 0, 1],
        b"\x7e\x00",
    ] {
        change.check_reply(reply, NOW).unwrap_err();
    }
}

//! The faults of `kerberos_testkdc`, each with the client's reaction.

use std::time::Duration;

use kerberos_asn1::{ErrorCode, TicketFlags};
use kerberos_crypto::{CryptoError, EncryptionType};
use kerberos_proto::{AsExchange, AsParams, ExchangeError, Login, ReplyFault, Step, Timestamp};
use kerberos_testkdc::{Account, Fault, Kdc, Transport};

use super::kdc::{NOW, PASSWORD, Rng, alice, password};

fn kdc(preauth: bool) -> Kdc {
    let mut account = Account::new("alice").password(PASSWORD);
    if !preauth {
        account = account.no_preauth();
    }
    Kdc::builder("EXAMPLE.COM")
        .account(account)
        .rng(Rng(3))
        .build()
        .unwrap()
}

fn login(kdc: &Kdc, params: AsParams) -> Result<Login, ExchangeError> {
    let mut rng = Rng(1);
    let (mut exchange, mut request) = AsExchange::start(params, password(), &mut rng, NOW)?;
    loop {
        let transport = if request.stream_only {
            Transport::Tcp
        } else {
            Transport::Udp
        };
        let time = Duration::new(NOW.seconds.unsigned_abs(), NOW.microseconds * 1000);
        let reply = kdc
            .answer(&request.payload, transport, time)
            .expect("the KDC does not answer");
        match exchange.step(&reply, &mut rng, NOW)? {
            Step::Send(next) => request = next,
            Step::Done(login) => return Ok(*login),
        }
    }
}

/// Checks how the login fails with `fault`.
fn fails(fault: &Fault, expected: impl Fn(&ExchangeError) -> bool) {
    for preauth in [true, false] {
        let kdc = kdc(preauth);
        kdc.set_fault(fault.clone());
        let result = login(&kdc, alice());
        match &result {
            Err(error) if expected(error) => {}
            other => panic!("{fault:?}, preauthentication {preauth}: {other:?}"),
        }
    }
}

fn reply_fails(fault: &Fault, expected: impl Fn(&ReplyFault) -> bool) {
    fails(
        fault,
        |error| matches!(error, ExchangeError::Reply(fault) if expected(fault)),
    );
}

#[test]
fn without_a_fault_the_login_succeeds() {
    for preauth in [true, false] {
        let login = login(&kdc(preauth), alice()).unwrap();
        assert_eq!(login.credential.client, alice().client);
        assert_eq!(login.kdc_offset.map(|offset| offset.seconds), Some(0));
    }
}

#[test]
fn messages_that_are_not_as_rep_are_refused() {
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
        ErrorCode::KDC_ERR_CLIENT_REVOKED,
        ErrorCode::KRB_ERR_GENERIC,
    ] {
        fails(&Fault::Error(code), |error| error.kdc_code() == Some(code));
    }
    let code = ErrorCode::KDC_ERR_KEY_EXPIRED;
    let kdc = kdc(true);
    kdc.set_fault(Fault::ErrorAfterPreauth(code));
    assert_eq!(login(&kdc, alice()).unwrap_err().kdc_code(), Some(code));
}

#[test]
fn preauth_failed_and_bad_integrity_mean_wrong_password() {
    for code in [
        ErrorCode::KDC_ERR_PREAUTH_FAILED,
        ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
    ] {
        let kdc = kdc(true);
        kdc.set_fault(Fault::ErrorAfterPreauth(code));
        let error = login(&kdc, alice()).unwrap_err();
        assert!(
            matches!(error, ExchangeError::WrongPassword(Some(_))),
            "{error:?}"
        );
        assert_eq!(error.kdc_code(), Some(code));
        // Nothing derived from the password has been shown yet.
        kdc.clear_faults();
        kdc.set_fault(Fault::Error(code));
        let error = login(&kdc, alice()).unwrap_err();
        assert!(matches!(error, ExchangeError::Kdc(_)), "{error:?}");
    }
}

#[test]
fn unusable_preauth_requests_are_errors() {
    let error = |fault| {
        let kdc = kdc(true);
        kdc.set_fault(fault);
        login(&kdc, alice()).unwrap_err()
    };
    let required = Some(ErrorCode::KDC_ERR_PREAUTH_REQUIRED);
    assert_eq!(error(Fault::NoMethodData).kdc_code(), required);
    let other = error(Fault::MalformedMethodData);
    assert!(
        matches!(other, ExchangeError::NoMechanism { .. }),
        "{other:?}"
    );
    let other = error(Fault::UnknownPreauthOnly);
    assert!(
        matches!(other, ExchangeError::NoMechanism { .. }),
        "{other:?}"
    );
    let other = error(Fault::PreauthExpired);
    assert!(
        matches!(other, ExchangeError::TooManyRequests { limit: 16 }),
        "{other:?}"
    );
}

#[test]
fn wrong_etype_info_hints_are_errors() {
    fails(&Fault::HintedIterations(0), |error| {
        matches!(
            error,
            ExchangeError::Crypto(CryptoError::TooManyIterations { .. })
        )
    });
    fails(&Fault::HintedIterations(1), |error| {
        matches!(
            error,
            ExchangeError::Crypto(CryptoError::TooFewIterations { .. })
        )
    });
    fails(&Fault::HintedS2kParams(vec![1]), |error| {
        matches!(error, ExchangeError::Crypto(CryptoError::S2kParams { .. }))
    });
    fails(&Fault::HintedSalt(b"wrong".to_vec()), |error| {
        matches!(error, ExchangeError::WrongPassword(_))
    });
    let kdc = kdc(true);
    kdc.set_fault(Fault::HintedEtype(EncryptionType(3)));
    let error = login(&kdc, alice()).unwrap_err();
    assert!(
        matches!(error, ExchangeError::NoCommonEtype { known: false }),
        "{error:?}"
    );
}

#[test]
fn each_reply_fault_has_its_error() {
    let rc4 = EncryptionType::ARCFOUR_HMAC;
    let des = EncryptionType(3);
    fails(&Fault::ReplyEtype(rc4), |error| {
        matches!(error, ExchangeError::WrongPassword(None))
    });
    reply_fails(&Fault::ReplyEtype(des), |fault| {
        *fault == ReplyFault::EtypeNotOffered(des)
    });
    fails(&Fault::CorruptedCiphertext, |error| {
        matches!(error, ExchangeError::WrongPassword(None))
    });
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
    reply_fails(&Fault::RemovedFlags(TicketFlags::INITIAL), |fault| {
        *fault == ReplyFault::Flags
    });
    reply_fails(&Fault::EndtimeTooLate, |fault| {
        *fault == ReplyFault::EndTime
    });
    reply_fails(&Fault::StarttimeInFuture, |fault| {
        *fault == ReplyFault::StartTime
    });
    reply_fails(&Fault::MissingRequestChecksum, |fault| {
        *fault == ReplyFault::RequestProofMissing
    });
    reply_fails(&Fault::WrongRequestChecksum, |fault| {
        *fault == ReplyFault::RequestAltered
    });
}

#[test]
fn tolerated_deviations_do_not_fail_the_login() {
    for fault in [Fault::TgsTag, Fault::NegativeNonce, Fault::TooBigForUdp] {
        for preauth in [true, false] {
            let kdc = kdc(preauth);
            kdc.set_fault(fault.clone());
            login(&kdc, alice()).unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        }
    }
    let kdc = kdc(true);
    kdc.set_fault_once(Fault::PreauthExpired);
    login(&kdc, alice()).unwrap();
}

#[test]
fn kdc_clock_is_followed_only_with_kdc_timesync() {
    for offset in [-86_400, 86_400] {
        let kdc = kdc(true);
        kdc.set_fault(Fault::ClockOffset(offset));
        let found = login(&kdc, alice()).unwrap().kdc_offset.unwrap();
        assert_eq!(i64::from(found.seconds), offset);
        let mut params = alice();
        params.policy.kdc_timesync = false;
        let skew = Some(ErrorCode::KRB_AP_ERR_SKEW);
        assert_eq!(login(&kdc, params.clone()).unwrap_err().kdc_code(), skew);
        let kdc = self::kdc(false);
        kdc.set_fault(Fault::ClockOffset(offset));
        params.lifetime = Some(10 * 86_400);
        let error = login(&kdc, params).unwrap_err();
        assert!(
            matches!(error, ExchangeError::ClockSkew { limit: 300, .. }),
            "{error:?}"
        );
    }
    // The caller's clock may have any value.
    let now = Timestamp::new(0, 0);
    AsExchange::start(alice(), password(), &mut Rng(1), now).unwrap();
}

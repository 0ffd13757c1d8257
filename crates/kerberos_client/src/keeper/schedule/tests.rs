//! The rules of the schedule, case by case.

use kerberos_asn1::KerberosTime;
use kerberos_crypto::EncryptionType;
use kerberos_proto::{ClockOffset, Principal, TicketTimes};
use kerberos_testkdc::{Fault, TestKdc};

use super::*;
use crate::{Client, Config, Password, Secret};

const NOW: Timestamp = Timestamp::new(1_000_000, 0);

/// A login whose ticket began at `start`, ends at `end` and is renewable until `renew_till`, all in
/// seconds from now. The KDC's clock is `ahead` of ours.
fn login(start: i64, end: i64, renew_till: Option<i64>, ahead: i32) -> Login {
    let at = |seconds: i64| KerberosTime::from_unix(NOW.seconds + i64::from(ahead) + seconds);
    // A real login, since there is no other way to make one; its times are those of the test.
    let kdc = TestKdc::builder("R").principal("u", "p").start().unwrap();
    let client = Client::new(Config::parse(&kdc.krb5_conf()).unwrap());
    let params = client.as_params(Principal::parse("u@R").unwrap()).unwrap();
    let secret = Secret::Password(Password::new("p"));
    let mut login = client.login(params, secret).unwrap();
    login.kdc_offset = Some(ClockOffset {
        seconds: ahead,
        microseconds: 0,
    });
    login.credential.times = TicketTimes {
        authtime: at(start),
        starttime: None,
        endtime: at(end),
        renew_till: renew_till.map(at),
    };
    login.credential.flags = match renew_till {
        Some(_) => TicketFlags::RENEWABLE,
        None => TicketFlags::empty(),
    };
    login
}

#[test]
fn refresh_is_due_at_two_thirds_of_the_lifetime_or_before() {
    let check = |end: i64, ahead: i32, random: u16, expected: i64| {
        let at = refresh_at(&login(0, end, None, ahead), None, None, NOW, random);
        assert_eq!(at.seconds - NOW.seconds, expected, "{end} {random}");
    };
    check(36_000, 0, 0, 24_000);
    check(36_000, 0, u16::MAX, 21_000);
    check(36_000, 0, u16::MAX / 2, 22_500);
    check(90, 0, 0, 60);
    // The KDC's clock counts.
    check(36_000, 600, 0, 24_000);
    check(36_000, -600, 0, 24_000);
    // At most once a second, whatever a KDC gives.
    check(1, 0, u16::MAX, 1);
    check(-5_000, 0, 0, 1);
}

#[test]
fn refresh_is_earlier_for_an_end_time_or_longest_pause() {
    let check = |end: Option<i64>, pause: Option<u64>, expected: i64| {
        let end = end.map(|end| KerberosTime::from_unix(NOW.seconds + end));
        let pause = pause.map(Duration::from_secs);
        let at = refresh_at(&login(0, 36_000, None, 0), end, pause, NOW, 0);
        assert_eq!(at.seconds - NOW.seconds, expected, "{end:?} {pause:?}");
    };
    check(Some(900), None, 600);
    check(Some(90_000), None, 24_000);
    check(None, Some(3_600), 3_600);
    check(Some(900), Some(3_600), 600);
    check(None, Some(90_000), 24_000);
    check(None, Some(0), 1);
}

#[test]
fn only_tickets_that_gain_lifetime_are_renewed() {
    let check = |start, end, renew_till, ahead, expected| {
        let login = login(start, end, renew_till, ahead);
        assert_eq!(renewable(&login, NOW), expected, "{end} {renew_till:?}");
    };
    let hour = 3_600;
    check(-hour, hour, None, 0, false);
    check(-hour, hour, Some(24 * hour), 0, true);
    check(-hour, hour, Some(24 * hour), 900, true);
    // It would last for less than two thirds of a life.
    check(-hour, hour, Some(hour + 600), 0, false);
    check(-hour, hour, Some(hour + 1_200), 0, true);
    // It already lasts until then.
    check(-hour, hour, Some(hour), 0, false);
    // An expired ticket cannot be renewed.
    check(-2 * hour, -1, Some(24 * hour), 0, false);
    let mut not_renewable = login(-hour, hour, Some(24 * hour), 0);
    not_renewable.credential.flags = TicketFlags::empty();
    assert!(!renewable(&not_renewable, NOW));
}

#[test]
fn backoff_grows_up_to_a_limit_per_kind_of_failure() {
    let wrong_key = ClientError::Exchange(ExchangeError::WrongKey {
        etype: EncryptionType::AES256_CTS_HMAC_SHA1_96,
        kvno: 3,
        kdc_kvno: Some(4),
    });
    let refused = ClientError::Exchange(ExchangeError::NoEtypes);
    let check = |error: &ClientError, expected: [u64; 8]| {
        for (random, parts) in [(0, 256), (64, 192)] {
            let mut backoff = Backoff::default();
            for expected in expected {
                let delay = backoff.delay(error, random);
                assert_eq!(delay, Duration::from_secs(expected) / 256 * parts);
            }
            assert_eq!(backoff.failures(), 8);
        }
    };
    check(&ClientError::NoDefaultRealm, [1, 2, 4, 8, 16, 32, 60, 60]);
    check(&refused, [10, 20, 40, 80, 160, 320, 600, 600]);
    check(&wrong_key, [300, 600, 1200, 2400, 3600, 3600, 3600, 3600]);
    // However long that continues.
    let mut backoff = Backoff {
        failures: u32::MAX,
        kind: Some(Kind::Refused),
        of_kind: u32::MAX,
        wrong_secrets: 0,
    };
    let delay = backoff.delay(&refused, 0);
    assert_eq!((delay.as_secs(), backoff.failures()), (600, u32::MAX));
}

#[test]
fn backoff_restarts_for_another_kind_except_wrong_secrets() {
    let silent = ClientError::CannotContactKdc {
        realm: "R".into(),
        attempts: Vec::new(),
    };
    let busy = of_kdc(ErrorCode::KDC_ERR_SVC_UNAVAILABLE);
    let unknown = of_kdc(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN);
    let wrong = of_kdc(ErrorCode::KDC_ERR_PREAUTH_FAILED);
    let check = |row: &[(&ClientError, u64)]| {
        let mut backoff = Backoff::default();
        for (place, (error, expected)) in row.iter().enumerate() {
            let delay = backoff.delay(error, 0);
            assert_eq!(delay.as_secs(), *expected, "{place}: {error}");
        }
        assert_eq!(backoff.failures() as usize, row.len());
    };
    // A KDC that cannot serve now is like one that does not answer.
    check(&[(&silent, 1), (&busy, 2), (&silent, 4), (&busy, 8)]);
    check(&[(&silent, 1), (&silent, 2), (&unknown, 10), (&unknown, 20)]);
    check(&[(&unknown, 10), (&unknown, 20), (&silent, 1), (&unknown, 10)]);
    // A KDC that was away in between must not make an account lock sooner.
    check(&[(&wrong, 300), (&silent, 1), (&wrong, 600), (&wrong, 1200)]);
    check(&[(&wrong, 300), (&unknown, 10), (&silent, 1), (&wrong, 600)]);
}

/// A refusal with this code.
fn of_kdc(code: ErrorCode) -> ClientError {
    let kdc = TestKdc::builder("R").principal("u", "p").start().unwrap();
    kdc.set_fault(Fault::Error(code));
    let client = Client::new(Config::parse(&kdc.krb5_conf()).unwrap());
    let params = client.as_params(Principal::parse("u@R").unwrap()).unwrap();
    let secret = Secret::Password(Password::new("p"));
    client.login(params, secret).unwrap_err()
}

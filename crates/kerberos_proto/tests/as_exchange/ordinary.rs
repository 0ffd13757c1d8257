//! Logins that succeed.

use std::time::Duration;

use kerberos_asn1::{KerberosString, LastReqEntry, LastReqType, SequenceOf, TicketFlags};
use kerberos_proto::{AskError, ExchangeError, Password, Principal, ReplyFault, Secret};

use super::kdc::*;

#[test]
fn password_login_without_preauth_takes_one_request() {
    let mut kdc = Kdc::without_preauth();
    let login = kdc.login(alice(), password()).unwrap();
    assert_eq!(kdc.requests.len(), 1);
    assert_eq!(login.credential.client.to_string(), "alice@EXAMPLE.COM");
    assert_eq!(
        login.credential.server.to_string(),
        "krbtgt/EXAMPLE.COM@EXAMPLE.COM"
    );
    assert_eq!(login.credential.session_key.etype(), AES256);
    assert_eq!(login.credential.session_key.expose_bytes(), [0x5a; 32]);
    assert!(login.credential.flags.contains(TicketFlags::INITIAL));
    assert_eq!(login.credential.times.authtime.unix(), NOW.seconds);
    assert_eq!(
        login.credential.times.starttime.unwrap().unix(),
        NOW.seconds
    );
    assert_eq!(login.credential.times.endtime.unix(), NOW.seconds + 86_400);
    assert_eq!(login.credential.times.renew_till, None);
    assert!(!login.credential.ticket.is_empty());
    assert_eq!(login.pa_type, None);
    assert_eq!(login.reply_key_etype, AES256);
    assert!(login.fast_avail);
}

#[test]
fn password_login_with_preauth_takes_two_requests() {
    let mut kdc = Kdc::new();
    let login = kdc.login(alice(), password()).unwrap();
    assert_eq!(kdc.requests.len(), 2);
    assert_eq!(login.pa_type, Some(2));
    assert!(login.fast_avail);
}

#[test]
fn every_enctype_works_with_password_and_keytab() {
    for number in [16, 17, 18, 19, 20, 23, 25, 26] {
        let etype = kerberos_crypto::EncryptionType(number);
        for preauth in [false, true] {
            let mut kdc = Kdc {
                etypes: vec![etype],
                session_etype: etype,
                preauth,
                ..Kdc::new()
            };
            for secret in [password(), kdc.keytab()] {
                let login = kdc.login(alice(), secret).unwrap();
                assert_eq!(login.reply_key_etype, etype);
                assert_eq!(login.credential.session_key.etype(), etype);
            }
        }
    }
}

#[test]
fn salt_is_taken_from_every_kind_of_hint() {
    for hint in [Hint::EtypeInfo2, Hint::EtypeInfo, Hint::PwSalt, Hint::All] {
        for preauth in [false, true] {
            let salt = Some(b"some \xc3\xa9 other salt".to_vec());
            let mut kdc = Kdc {
                salt,
                preauth,
                hint,
                ..Kdc::new()
            };
            kdc.login(alice(), password()).unwrap();
        }
    }
}

#[test]
fn empty_salt_is_used_instead_of_the_default() {
    let mut kdc = Kdc {
        salt: Some(Vec::new()),
        ..Kdc::new()
    };
    kdc.login(alice(), password()).unwrap();
}

#[test]
fn default_salt_is_used_without_a_hint() {
    for preauth in [false, true] {
        let mut kdc = Kdc {
            hint: Hint::None,
            preauth,
            ..Kdc::new()
        };
        kdc.login(alice(), password()).unwrap();
    }
}

#[test]
fn s2kparams_of_the_kdc_are_used() {
    let mut kdc = Kdc {
        s2kparams: Some(5000_u32.to_be_bytes().to_vec()),
        ..Kdc::new()
    };
    kdc.login(alice(), password()).unwrap();
}

#[test]
fn default_salt_uses_the_client_name_of_the_reply() {
    let client = Principal::parse("alice.real@EXAMPLE.COM").unwrap();
    let mut kdc = Kdc {
        client,
        ..Kdc::without_preauth()
    };
    let mut params = alice();
    params.options.canonicalize = true;
    let login = kdc.login(params, password()).unwrap();
    assert_eq!(
        login.credential.client.to_string(),
        "alice.real@EXAMPLE.COM"
    );
}

#[test]
fn a_password_is_asked_for_once_and_only_when_needed() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    let asked = Arc::new(AtomicU32::new(0));
    let ask = |answer: &'static str| {
        let asked = Arc::clone(&asked);
        Secret::ask(move |client| {
            assert_eq!(client.to_string(), "alice@EXAMPLE.COM");
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(Password::new(answer))
        })
    };
    Kdc::new().login(alice(), ask(PASSWORD)).unwrap();
    assert_eq!(asked.swap(0, Ordering::Relaxed), 1);
    Kdc::without_preauth()
        .login(alice(), ask(PASSWORD))
        .unwrap();
    assert_eq!(asked.swap(0, Ordering::Relaxed), 1);

    let mut kdc = Kdc::new();
    let unknown = kdc.error(
        kerberos_asn1::ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN,
        NOW,
        None,
    );
    kdc.script = vec![unknown];
    kdc.login(alice(), ask("")).unwrap_err();
    assert_eq!(asked.load(Ordering::Relaxed), 0);

    let error = Kdc::new().login(alice(), Secret::ask(|_| Err(AskError::Interrupted)));
    assert_eq!(error.unwrap_err().mit_code(), -1_765_328_252);
}

#[test]
fn enc_part_with_the_tgs_tag_is_accepted() {
    let mut kdc = Kdc {
        tgs_tag: true,
        ..Kdc::new()
    };
    kdc.login(alice(), password()).unwrap();
}

#[test]
fn reply_may_use_another_offered_enctype() {
    // The hints list aes128 after aes256; the timestamp is made with aes256.
    let mut kdc = Kdc {
        etypes: vec![AES256, AES128],
        etype_override: Some(AES128),
        ..Kdc::new()
    };
    let login = kdc.login(alice(), password()).unwrap();
    assert_eq!(login.reply_key_etype, AES128);
    let keytab = kdc.keytab();
    assert_eq!(kdc.login(alice(), keytab).unwrap().reply_key_etype, AES128);
}

#[test]
fn newest_keytab_key_is_used_unless_the_reply_names_another() {
    // The most recent key comes first. Its version is lower if the count has wrapped around.
    for (newer, older) in [(2, 1), (1, 255)] {
        let now = || Kdc {
            kvno: newer,
            ..Kdc::new()
        };
        let before = || Kdc {
            kvno: older,
            password: "old".into(),
            ..Kdc::without_preauth()
        };
        let mut keys = Vec::new();
        for kdc in [now(), before()] {
            let Secret::Keys(more) = kdc.keytab() else {
                unreachable!()
            };
            keys.extend(more);
        }
        now().login(alice(), Secret::Keys(keys.clone())).unwrap();
        // Without preauthentication, the reply names the version, even if it is the older one.
        before().login(alice(), Secret::Keys(keys)).unwrap();
    }
}

#[test]
fn kdc_clock_offset_is_found_and_applied_to_times() {
    for ahead in [-100_000, -600, 0, 600, 100_000] {
        let mut kdc = Kdc {
            ahead,
            ..Kdc::new()
        };
        let login = kdc.login(alice(), password()).unwrap();
        let offset = login.kdc_offset.unwrap();
        assert_eq!((i64::from(offset.seconds), offset.microseconds), (ahead, 0));
        // The requested times also followed the KDC's clock, as last known.
        let lifetime = login.credential.times.endtime.unix() - NOW.seconds - ahead;
        assert_eq!(lifetime, 86_400);
    }
}

#[test]
fn delay_of_the_password_prompt_is_accounted_for() {
    let slow =
        || Secret::ask(|_| Ok(Password::new(PASSWORD).with_delay(Duration::from_millis(900_500))));
    // Meanwhile the KDC's clock advances, and so does ours.
    let mut kdc = Kdc {
        late: 900,
        ..Kdc::new()
    };
    let login = kdc.login(alice(), slow()).unwrap();
    assert_eq!(login.kdc_offset.unwrap().seconds, 0);
    // Without knowing the delay, the exchange would use a wrong time.
    let error = kdc.login(alice(), Secret::ask(|_| Ok(Password::new(PASSWORD))));
    assert_eq!(error.unwrap_err().mit_message(), "Clock skew too great");
}

#[test]
fn initial_ticket_for_another_service_is_in_the_client_realm() {
    let mut params = alice();
    params.server = Some(Principal::parse("kadmin/changepw@ELSEWHERE").unwrap());
    let login = Kdc::new().login(params, password()).unwrap();
    assert_eq!(
        login.credential.server.to_string(),
        "kadmin/changepw@EXAMPLE.COM"
    );
}

#[test]
fn kdc_without_request_proof_offers_no_fast() {
    let mut kdc = Kdc {
        proves_request: false,
        cookie: None,
        ..Kdc::new()
    };
    let login = kdc.login(alice(), password()).unwrap();
    // FAST is offered, but without proof this means nothing.
    assert!(!login.fast_avail);
}

#[test]
fn password_and_account_expiry_are_read_from_the_reply() {
    let at = kerberos_asn1::KerberosTime::from_unix;
    let mut kdc = Kdc {
        edit_part: |part| {
            part.key_expiration = Some(kerberos_asn1::KerberosTime::from_unix(9));
        },
        ..Kdc::new()
    };
    let login = kdc.login(alice(), password()).unwrap();
    assert_eq!(login.password_expiration, Some(at(9)));
    assert!(!login.expiration_is_warning);

    kdc.edit_part = |part| {
        let entry = |number, time| LastReqEntry {
            lr_type: LastReqType(number),
            lr_value: time,
        };
        let at = kerberos_asn1::KerberosTime::from_unix;
        part.key_expiration = Some(at(9));
        part.last_req = SequenceOf::from(vec![entry(0, at(1)), entry(6, at(2)), entry(-7, at(3))]);
    };
    let login = kdc.login(alice(), password()).unwrap();
    assert_eq!(login.password_expiration, Some(at(2)));
    assert_eq!(login.account_expiration, Some(at(3)));
    assert!(login.expiration_is_warning);

    kdc.edit_part = |part| {
        part.key_expiration = Some(kerberos_asn1::KerberosTime::from_unix(0));
    };
    assert_eq!(
        kdc.login(alice(), password()).unwrap().password_expiration,
        None
    );
}

#[test]
fn anonymous_reply_may_rename_client_but_needs_the_flag() {
    let client = Principal::parse("WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS").unwrap();
    let mut kdc = Kdc {
        salt: Some(b"salt".to_vec()),
        ..Kdc::without_preauth()
    };
    kdc.client = client;
    kdc.edit_reply = |reply| reply.crealm = KerberosString(b"WELLKNOWN:ANONYMOUS");
    kdc.edit_part = |part| part.flags |= TicketFlags::ANONYMOUS;
    let mut params = alice();
    params.options.anonymous = true;
    let login = kdc.login(params.clone(), password()).unwrap();
    assert!(login.credential.client.is_anonymous());

    // The ticket of a KDC that does not know the option names the client.
    let mut kdc = Kdc::without_preauth();
    let error = kdc.login(params, password()).unwrap_err();
    assert!(
        matches!(error, ExchangeError::Reply(ReplyFault::Flags)),
        "{error:?}"
    );
}

//! The test KDC's answers, parsed with just asn1 and crypto.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod client;
mod faults;
mod header_tickets;
mod network;

use std::time::Duration;

use kerberos_asn1::{
    AsRep, Checksum, Decode, EncKdcRepPart, EncTicketPart, ErrorCode, EtypeInfo, EtypeInfo2,
    KdcOptions, KerberosTime, KrbError, LastReqType, MethodData, NameType, PaDataType, TgsRep,
    TicketFlags,
};
use kerberos_crypto::{EncryptionType, KeyUsage};
use kerberos_testkdc::{Account, AccountState, Hint, Referral, TestKdc, TestKdcError, Transport};

use crate::client::{Client, HOUR, NOW, REALM, TgsClient, answer, at, error_code, name, users};

#[test]
fn login_with_preauthentication_gives_a_correct_reply() {
    let kdc = users().build().unwrap();
    let client = Client {
        options: KdcOptions::FORWARDABLE,
        ..Client::default()
    };
    let login = client.expect_login(&kdc);
    let (rep, part) = (login.rep().0, login.part());
    assert_eq!(rep.crealm, REALM.into());
    assert_eq!(rep.cname, name(NameType::PRINCIPAL, &["user"]));
    assert_eq!((rep.enc_part.etype, rep.enc_part.kvno), (18, Some(1)));
    assert_eq!(part.nonce, client.nonce);
    assert_eq!(part.sname, name(NameType::SRV_INST, &["krbtgt", REALM]));
    assert_eq!(part.srealm, REALM.into());
    assert_eq!(part.key.keytype, 18);
    assert_eq!((part.authtime, part.starttime), (at(0), Some(at(0))));
    assert_eq!((part.endtime, part.renew_till), (at(10 * HOUR), None));
    assert_eq!(part.last_req.first().unwrap().lr_type, LastReqType::NONE);
    let flags = TicketFlags::FORWARDABLE
        | TicketFlags::INITIAL
        | TicketFlags::PRE_AUTHENT
        | TicketFlags::ENC_PA_REP;
    assert_eq!(part.flags, flags);

    // RFC 6806 §11: the checksum over the request as it was sent.
    let protected = part.encrypted_pa_data.clone().unwrap().first().unwrap();
    assert_eq!(protected.padata_type, PaDataType::REQ_ENC_PA_REP);
    let checksum = Checksum::from_der(protected.padata_value).unwrap();
    assert_eq!(checksum.cksumtype, 16);
    login
        .key
        .verify_checksum(KeyUsage::AS_REQ, &login.request, checksum.checksum)
        .unwrap();

    // What the service decrypts.
    let ticket = rep.ticket.ticket();
    let service = &kdc.keys("krbtgt/TEST.REALM")[0];
    assert_eq!((ticket.enc_part.etype, ticket.enc_part.kvno), (18, Some(1)));
    let opened = service
        .key()
        .decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher)
        .unwrap();
    let inside = EncTicketPart::from_der(&opened).unwrap();
    assert_eq!(inside.key.keyvalue, part.key.keyvalue);
    assert_eq!((inside.flags, inside.endtime), (part.flags, part.endtime));
    assert_eq!(inside.cname, rep.cname);
}

#[test]
fn login_works_with_every_enctype() {
    for &etype in EncryptionType::SUPPORTED {
        let kdc = users().etypes(&[etype]).build().unwrap();
        let login = Client {
            etypes: vec![etype.0],
            ..Client::default()
        }
        .expect_login(&kdc);
        let part_etype = login.rep().0.enc_part.etype;
        // Triple DES leaves its padding; everything else decodes completely.
        if etype != EncryptionType::DES3_CBC_SHA1 {
            assert_eq!(login.part().key.keytype, etype.0);
        }
        assert_eq!(part_etype, etype.0);
    }
}

#[test]
fn login_without_preauthentication_includes_the_salt() {
    let kdc = users().build().unwrap();
    let client = Client {
        name: &["open"],
        ask_for_checksum: false,
        ..Client::default()
    };
    let reply = answer(&kdc, &client.request(None));
    let rep = AsRep::from_der(&reply).unwrap();
    let key = kdc.keys("open")[0].key();
    let part = key
        .decrypt(KeyUsage::AS_REP_ENC_PART, rep.0.enc_part.cipher)
        .unwrap();
    let part = EncKdcRepPart::from_der_any_tag(&part).unwrap();
    assert_eq!(part.flags, TicketFlags::INITIAL);
    assert!(part.encrypted_pa_data.is_none());
    // Without a preceding error, the reply contains the salt.
    let padata = rep.0.padata.unwrap().first().unwrap();
    let entries = EtypeInfo2::from_der(padata.padata_value).unwrap();
    assert_eq!(entries.first().unwrap().salt, Some("TEST.REALMopen".into()));
}

#[test]
fn times_are_granted_as_asked_within_policy() {
    let kdc = users().build().unwrap();
    let check = |client: Client, start, end, renew_till: Option<i64>, flag: TicketFlags| {
        let login = client.expect_login(&kdc);
        let part = login.part();
        assert_eq!((part.starttime, part.endtime), (Some(at(start)), at(end)));
        assert_eq!(part.renew_till, renew_till.map(at));
        assert!(part.flags.contains(flag), "{:?}", part.flags);
    };
    let client = Client::default;
    let (day, none) = (24 * HOUR, TicketFlags::empty());
    check(
        Client {
            till: KerberosTime::from_unix(0),
            ..client()
        },
        0,
        day,
        None,
        none,
    );
    check(
        Client {
            till: at(3 * day),
            ..client()
        },
        0,
        day,
        None,
        none,
    );
    let renewable = Client {
        options: KdcOptions::RENEWABLE,
        rtime: Some(at(3 * day)),
        ..client()
    };
    check(
        renewable,
        0,
        10 * HOUR,
        Some(3 * day),
        TicketFlags::RENEWABLE,
    );
    let renewable = Client {
        options: KdcOptions::RENEWABLE,
        rtime: Some(at(30 * day)),
        ..client()
    };
    check(
        renewable,
        0,
        10 * HOUR,
        Some(7 * day),
        TicketFlags::RENEWABLE,
    );
    let renewable = Client {
        options: KdcOptions::RENEWABLE_OK,
        till: at(3 * day),
        ..client()
    };
    check(renewable, 0, day, Some(3 * day), TicketFlags::RENEWABLE);
    let postdated = Client {
        options: KdcOptions::POSTDATED | KdcOptions::ALLOW_POSTDATE,
        from: Some(at(2 * HOUR)),
        ..client()
    };
    let flags = TicketFlags::POSTDATED | TicketFlags::INVALID | TicketFlags::MAY_POSTDATE;
    check(postdated, 2 * HOUR, 10 * HOUR, None, flags);
}

#[test]
fn refused_requests_get_the_right_error_code() {
    let kdc = users()
        .account(
            Account::new("gone")
                .password("p")
                .state(AccountState::Expired),
        )
        .account(
            Account::new("locked")
                .password("p")
                .state(AccountState::Locked),
        )
        .account(
            Account::new("stale")
                .password("p")
                .state(AccountState::PasswordExpired),
        )
        .account(Account::new("moved").lives_in("OTHER.REALM", Referral::WrongRealm))
        .account(Account::new("windows").lives_in("OTHER.REALM", Referral::PrincipalUnknown))
        .service("kadmin/changepw")
        .build()
        .unwrap();
    let check = |client: Client, code| assert_eq!(client.expect_error(&kdc), code);
    let named = |name| Client {
        name,
        ..Client::default()
    };
    check(named(&["nobody"]), ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN);
    check(named(&["gone"]), ErrorCode::KDC_ERR_NAME_EXP);
    check(named(&["locked"]), ErrorCode::KDC_ERR_CLIENT_REVOKED);
    check(named(&["stale"]), ErrorCode::KDC_ERR_KEY_EXPIRED);
    let changing = Client {
        server: &["kadmin", "changepw"],
        ..named(&["stale"])
    };
    check(changing, ErrorCode::KDC_ERR_PREAUTH_REQUIRED);
    let client = Client {
        server: &["no", "such"],
        ..Client::default()
    };
    check(client, ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN);
    check(
        Client {
            etypes: vec![1, 99],
            ..Client::default()
        },
        ErrorCode::KDC_ERR_ETYPE_NOSUPP,
    );
    check(
        Client {
            realm: "X",
            ..Client::default()
        },
        ErrorCode::KDC_ERR_WRONG_REALM,
    );
    let open = |till, from| Client {
        from,
        till,
        ..named(&["open"])
    };
    check(open(at(-5), None), ErrorCode::KDC_ERR_NEVER_VALID);
    check(
        open(at(9 * HOUR), Some(at(HOUR))),
        ErrorCode::KDC_ERR_CANNOT_POSTDATE,
    );

    for (name, code) in [
        (&["moved"], ErrorCode::KDC_ERR_WRONG_REALM),
        (&["windows"], ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN),
    ] {
        let reply = answer(&kdc, &named(name).request(None));
        let error = KrbError::from_der(&reply).unwrap();
        assert_eq!(error.error_code, code);
        assert_eq!(error.crealm, Some("OTHER.REALM".into()));
    }

    let wrong = Client {
        password: "wrong",
        ..Client::default()
    }
    .log_in(&kdc)
    .err()
    .unwrap();
    assert_eq!(error_code(&wrong), ErrorCode::KDC_ERR_PREAUTH_FAILED);
    let late = Client {
        clock: at(301),
        ..Client::default()
    }
    .log_in(&kdc)
    .err()
    .unwrap();
    assert_eq!(error_code(&late), ErrorCode::KRB_AP_ERR_SKEW);
    assert!(
        Client {
            clock: at(-300),
            ..Client::default()
        }
        .log_in(&kdc)
        .is_ok()
    );
}

#[test]
fn aliases_become_canonical_names() {
    let alias = "user@company.example";
    let account = Account::new("user").password("password").alias(alias);
    let kdc = TestKdc::builder(REALM).account(account).build().unwrap();
    let client = |name_type, options| Client {
        name: &["user@company.example"],
        name_type,
        options,
        ..Client::default()
    };
    let login = client(NameType::ENTERPRISE, KdcOptions::CANONICALIZE).expect_login(&kdc);
    assert_eq!(login.rep().0.cname, name(NameType::PRINCIPAL, &["user"]));
    let unknown = client(NameType::PRINCIPAL, KdcOptions::empty()).expect_error(&kdc);
    assert_eq!(unknown, ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN);
}

#[test]
fn preauth_hints_have_the_configured_form() {
    let kdc = users()
        .hints(&[Hint::EtypeInfo, Hint::PwSalt])
        .build()
        .unwrap();
    let reply = answer(&kdc, &Client::default().request(None));
    let error = KrbError::from_der(&reply).unwrap();
    let methods = MethodData::from_der(error.e_data.unwrap()).unwrap();
    let types: Vec<PaDataType> = methods.iter().map(|hint| hint.padata_type).collect();
    assert_eq!(types[..2], [PaDataType::ETYPE_INFO, PaDataType::PW_SALT]);
    assert!(!types.contains(&PaDataType::ETYPE_INFO2));
    let values: Vec<&[u8]> = methods.iter().map(|hint| hint.padata_value).collect();
    let entries = EtypeInfo::from_der(values[0]).unwrap();
    assert_eq!(entries.first().unwrap().salt, Some(&b"TEST.REALMuser"[..]));
    assert_eq!(values[1], b"TEST.REALMuser");
}

#[test]
fn service_tickets_are_issued_and_tgts_renewed() {
    let kdc = users().build().unwrap();
    let options = KdcOptions::RENEWABLE | KdcOptions::FORWARDABLE;
    let client = Client {
        options,
        rtime: Some(at(48 * HOUR)),
        ..Client::default()
    };
    let login = client.expect_login(&kdc);

    for with_subkey in [false, true] {
        let tgs = TgsClient {
            with_subkey,
            ..TgsClient::new(&login, options, &["host", "www"])
        };
        let (reply, opened) = tgs.get(&kdc).unwrap();
        let (rep, part) = (TgsRep::from_der(&reply).unwrap().0, opened);
        let part = EncKdcRepPart::from_der_any_tag(&part).unwrap();
        assert_eq!(part.sname, name(NameType::SRV_INST, &["host", "www"]));
        assert_eq!((part.authtime, part.endtime), (at(0), at(10 * HOUR)));
        let flags = TicketFlags::PRE_AUTHENT
            | TicketFlags::FORWARDABLE
            | TicketFlags::RENEWABLE
            | TicketFlags::TRANSITED_POLICY_CHECKED;
        assert_eq!(part.flags, flags);
        let key = kdc.keys("host/www")[0].key();
        let cipher = rep.ticket.ticket().enc_part.cipher;
        let inside = key.decrypt(KeyUsage::KDC_REP_TICKET, cipher).unwrap();
        let inside = EncTicketPart::from_der(&inside).unwrap();
        assert_eq!(inside.cname, rep.cname);
    }

    let renewal = KdcOptions::RENEW | options;
    let tgs = TgsClient::new(&login, renewal, &["krbtgt", REALM]);
    let later = NOW + Duration::from_secs(120);
    let (_, part) = tgs.get_at(&kdc, later).unwrap();
    let part = EncKdcRepPart::from_der_any_tag(&part).unwrap();
    assert_eq!(part.endtime, at(10 * HOUR + 120));
    assert_eq!(part.renew_till, Some(at(48 * HOUR)));

    let tgs = TgsClient::new(&login, options, &["no", "such"]);
    assert_eq!(
        error_code(&tgs.get(&kdc).unwrap_err()),
        ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN
    );
    let tgs = TgsClient::new(&login, options, &["host", "www"]);
    let refused = tgs
        .get_at(&kdc, NOW + Duration::from_secs(301))
        .unwrap_err();
    assert_eq!(error_code(&refused), ErrorCode::KRB_AP_ERR_SKEW);
}

#[test]
fn truncated_and_altered_requests_do_not_panic() {
    let kdc = users().build().unwrap();
    let client = Client::default();
    let login = client.expect_login(&kdc);
    for message in [&client.request(None), &login.request] {
        for end in 0..message.len() {
            assert_eq!(kdc.answer(&message[..end], Transport::Udp, NOW), None);
        }
        for bit in 0..message.len() * 8 {
            let mut altered = message.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            // The result is always an error, a ticket or no answer, and never a panic.
            if let Some(reply) = kdc.answer(&altered, Transport::Tcp, NOW) {
                assert!(KrbError::from_der(&reply).is_ok() || AsRep::from_der(&reply).is_ok());
            }
        }
    }
}

#[test]
fn invalid_kdc_configuration_is_an_error() {
    let twice = TestKdc::builder(REALM)
        .principal("user", "a")
        .principal("user", "b")
        .build();
    assert!(matches!(twice, Err(TestKdcError::Duplicate(name)) if name == "user"));
    let weak = TestKdc::builder(REALM).etypes(&[EncryptionType(1)]).build();
    assert!(matches!(weak, Err(TestKdcError::Key { .. })));
}

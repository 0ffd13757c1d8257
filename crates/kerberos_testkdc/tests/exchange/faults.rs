//! Each fault: what it changes, and that nothing else reveals it.

use kerberos_asn1::{
    Checksum, Decode, ErrorCode, EtypeInfo2, KrbError, MethodData, TgsRep, TicketFlags,
};
use kerberos_crypto::{EncryptionType, KeyUsage};
use kerberos_testkdc::{Fault, Transport};

use crate::client::{Client, HOUR, Login, NOW, REALM, at, error_code, users};

/// Faults with which a reply can still be read, and what each changes in it.
#[test]
fn each_reply_fault_changes_the_reply() {
    let check = |fault: Fault, look: &dyn Fn(&Login) -> bool| {
        let kdc = users().build().unwrap();
        let client = Client::default();
        assert!(
            !look(&client.expect_login(&kdc)),
            "{fault:?} shows before it is set"
        );
        kdc.set_fault(fault.clone());
        assert!(look(&client.expect_login(&kdc)), "{fault:?} does not show");
        kdc.clear_faults();
        assert!(
            !look(&client.expect_login(&kdc)),
            "{fault:?} still shows after it was cleared"
        );
    };
    let nonce = Client::default().nonce;
    check(Fault::WrongNonce, &|login| login.part().nonce != nonce);
    check(Fault::NegativeNonce, &|login| {
        assert_eq!(login.part().nonce, nonce);
        login
            .part
            .windows(8)
            .any(|window| window == b"\xA2\x06\x02\x04\x80\x00\x00\x01")
    });
    check(Fault::TgsTag, &|login| login.part[0] == 0x7A);
    check(Fault::CorruptedCiphertext, &|login| login.part.is_empty());
    check(Fault::WrongClientName, &|login| {
        login.rep().0.cname.name_string.first() == Some("mallory".into())
    });
    check(Fault::WrongClientRealm, &|login| {
        login.rep().0.crealm != REALM.into()
    });
    check(Fault::WrongServerName, &|login| {
        let ticket_server = login.rep().0.ticket.ticket().sname.clone();
        login.part().sname.name_string.first() != Some("krbtgt".into())
            && ticket_server == login.part().sname
    });
    check(Fault::WrongTicketServer, &|login| {
        login.rep().0.ticket.ticket().sname != login.part().sname
    });
    check(Fault::WrongServerRealm, &|login| {
        login.part().srealm == "WRONG.REALM".into()
            && login.rep().0.ticket.ticket().realm == "WRONG.REALM".into()
    });
    check(Fault::AddedFlags(TicketFlags::PROXIABLE), &|login| {
        login.part().flags.contains(TicketFlags::PROXIABLE)
    });
    check(Fault::RemovedFlags(TicketFlags::INITIAL), &|login| {
        !login.part().flags.contains(TicketFlags::INITIAL)
    });
    check(Fault::EndtimeInPast, &|login| login.part().endtime < at(0));
    check(Fault::EndtimeTooLate, &|login| {
        login.part().endtime > at(11 * HOUR)
    });
    check(Fault::StarttimeInFuture, &|login| {
        login.part().starttime > Some(at(0))
    });
    check(Fault::MissingRequestChecksum, &|login| {
        assert!(login.part().flags.contains(TicketFlags::ENC_PA_REP));
        login.part().encrypted_pa_data.is_none()
    });
    check(Fault::WrongRequestChecksum, &|login| {
        let protected = login.part().encrypted_pa_data.unwrap().first().unwrap();
        let checksum = Checksum::from_der(protected.padata_value).unwrap();
        let verified =
            login
                .key
                .verify_checksum(KeyUsage::AS_REQ, &login.request, checksum.checksum);
        verified.is_err()
    });
    check(Fault::ReplyEtype(EncryptionType(1)), &|login| {
        login.rep().0.enc_part.etype == 1
    });
    check(Fault::ClockOffset(200), &|login| {
        login.part().authtime == at(200)
    });
}

/// Faults with which there is no AS-REP.
#[test]
fn each_error_fault_replaces_the_reply() {
    let request = Client::default().request(None);
    let first = |fault: Fault| {
        let kdc = users().fault(fault).build().unwrap();
        kdc.answer(&request, Transport::Udp, NOW)
    };
    assert_eq!(first(Fault::Silence), None);
    assert_eq!(first(Fault::SilenceOn(Transport::Udp)), None);
    assert!(first(Fault::SilenceOn(Transport::Tcp)).is_some());
    assert!(KrbError::from_der(&first(Fault::Garbage).unwrap()).is_err());
    assert!(KrbError::from_der(&first(Fault::Truncated).unwrap()).is_err());
    let code = |fault| error_code(&first(fault).unwrap());
    assert_eq!(
        code(Fault::TooBigForUdp),
        ErrorCode::KRB_ERR_RESPONSE_TOO_BIG
    );
    assert_eq!(code(Fault::Error(ErrorCode(60))), ErrorCode(60));
    let e_data = |fault| {
        let reply = first(fault).unwrap();
        KrbError::from_der(&reply)
            .unwrap()
            .e_data
            .map(<[u8]>::to_vec)
    };
    assert_eq!(e_data(Fault::NoMethodData), None);
    assert!(MethodData::from_der(&e_data(Fault::MalformedMethodData).unwrap()).is_err());
    let unknown = e_data(Fault::UnknownPreauthOnly).unwrap();
    let unknown = MethodData::from_der(&unknown).unwrap();
    assert!(unknown.iter().all(|hint| hint.padata_type.0 == 9999));

    let hinted = |fault| {
        let data = e_data(fault).unwrap();
        let methods = MethodData::from_der(&data).unwrap();
        let entries = EtypeInfo2::from_der(methods.first().unwrap().padata_value).unwrap();
        let entry = entries.first().unwrap();
        (
            entry.etype,
            entry.salt.unwrap().0.to_vec(),
            entry.s2kparams.map(<[u8]>::to_vec),
        )
    };
    let salt = b"TEST.REALMuser".to_vec();
    let count = Some(vec![0xFF; 4]);
    assert_eq!(
        hinted(Fault::HintedIterations(u32::MAX)),
        (18, salt.clone(), count)
    );
    assert_eq!(
        hinted(Fault::HintedS2kParams(vec![1])),
        (18, salt.clone(), Some(vec![1]))
    );
    assert_eq!(
        hinted(Fault::HintedEtype(EncryptionType(3))),
        (3, salt, None)
    );
    assert_eq!(
        hinted(Fault::HintedSalt(b"x".to_vec())),
        (18, b"x".to_vec(), None)
    );

    let second = |fault| {
        let kdc = users().fault(fault).build().unwrap();
        Client::default().log_in(&kdc).err().unwrap()
    };
    assert_eq!(
        error_code(&second(Fault::PreauthExpired)),
        ErrorCode::KDC_ERR_PREAUTH_EXPIRED
    );
    assert_eq!(
        error_code(&second(Fault::ErrorAfterPreauth(ErrorCode(24)))),
        ErrorCode(24)
    );
    assert!(TgsRep::from_der(&second(Fault::WrongMessageType)).is_ok());
}

#[test]
fn a_fault_set_once_strikes_once() {
    let kdc = users().build().unwrap();
    kdc.set_fault_once(Fault::PreauthExpired);
    assert!(Client::default().log_in(&kdc).is_err());
    assert!(Client::default().log_in(&kdc).is_ok());
}

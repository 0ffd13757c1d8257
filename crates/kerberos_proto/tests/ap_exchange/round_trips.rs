//! Successful exchanges, from the client to the service and back.

use std::error::Error;

use kerberos_asn1::{AuthorizationDataType, TicketFlags};
use kerberos_crypto::{ChecksumType, EncryptionType, KeyUsage};
use kerberos_proto::{
    Acceptor, AcceptorReply, ApChecksum, ApRequestOptions, AuthorizationDataElement, ClockOffset,
    KeyEntry, KeySource, MemoryReplayCache, ServiceKeys, Subkey, WantedKey,
};

use crate::service::*;

#[test]
fn every_enctype_works_for_ticket_and_session_key() {
    let supported = EncryptionType::SUPPORTED;
    assert_eq!(supported.len(), 8);
    for &ticket_etype in supported {
        for &session_etype in supported {
            let issue = Issue {
                key: service_key(ticket_etype, 1),
                session_etype,
                ..Issue::new()
            };
            let mut options = ApRequestOptions::default();
            options.mutual = true;
            options.subkey = Subkey::Generate;
            options.sequence_number = true;
            let (initiator, request) = issue.request(&options);
            let accepted = accept_by(&acceptor(&[(ticket_etype, 1)]), &request, None).unwrap();
            assert_eq!(accepted.client, client());
            assert_eq!(accepted.session_key.etype(), session_etype);
            let same = |ours: &[u8], theirs: &[u8]| assert_eq!(ours, theirs);
            same(
                accepted.session_key.expose_bytes(),
                initiator.session_key().expose_bytes(),
            );
            same(
                accepted.subkey.as_ref().unwrap().expose_bytes(),
                initiator.subkey().unwrap().expose_bytes(),
            );
            assert_eq!(accepted.sequence_number, initiator.sequence_number());

            let mut reply = AcceptorReply::default();
            reply.subkey = Subkey::Generate;
            reply.sequence_number = true;
            let (message, choice) = accepted.reply(&reply, &mut Rng(2)).unwrap();
            let checked = initiator.check_reply(&message).unwrap();
            same(
                checked.subkey.unwrap().expose_bytes(),
                choice.subkey.unwrap().expose_bytes(),
            );
            assert_eq!(checked.sequence_number, choice.sequence_number);
            assert!(choice.sequence_number.unwrap() < 1 << 30);
            assert_ne!(choice.sequence_number, initiator.sequence_number());
        }
    }
}

#[test]
fn optional_fields_are_absent_by_default() {
    let (initiator, request) = Issue::new().request(&ApRequestOptions::default());
    let accepted = accept(&request).unwrap();
    assert!(!accepted.mutual_required());
    assert_eq!(accepted.options.0, 0);
    assert!(accepted.subkey.is_none());
    assert_eq!(accepted.sequence_number, None);
    assert_eq!(accepted.checksum, None);
    assert!(accepted.client_authorization_data.is_empty());
    let (message, _) = accepted
        .reply(&AcceptorReply::default(), &mut Rng(2))
        .unwrap();
    let checked = initiator.check_reply(&message).unwrap();
    assert!(checked.subkey.is_none());
    assert_eq!(checked.sequence_number, None);
}

#[test]
fn ticket_and_authenticator_fields_reach_the_service() {
    let restriction = AuthorizationDataElement {
        ad_type: AuthorizationDataType::AP_OPTIONS,
        ad_data: b"restricted".to_vec(),
    };
    let checksum = ApChecksum {
        checksum_type: ChecksumType(0x8003),
        checksum: b"GSS".to_vec(),
    };
    let mut options = ApRequestOptions::default();
    options.mutual = true;
    options.checksum = Some(checksum.clone());
    options.authorization_data = vec![restriction.clone()];
    options.kdc_offset = Some(ClockOffset {
        seconds: 10,
        microseconds: 800_000,
    });
    options.subkey = Subkey::Given(service_key(AES128, 77).to_block());
    let accepted = accept(&Issue::new().request(&options).1).unwrap();
    assert!(accepted.mutual_required());
    assert_eq!(accepted.server, server());
    assert_eq!(accepted.checksum, Some(checksum));
    assert_eq!(accepted.client_authorization_data, [restriction]);
    let [pac] = &accepted.authorization_data[..] else {
        panic!("{accepted:?}");
    };
    assert_eq!(pac.ad_data, b"a PAC");
    assert_eq!(accepted.time.seconds, NOW.seconds + 11);
    assert_eq!(accepted.time.microseconds, 50_000);
    assert_eq!(accepted.times.authtime, after(-3600));
    assert_eq!(accepted.times.starttime, Some(after(-60)));
    assert_eq!(accepted.times.endtime, after(3600));
    assert!(accepted.flags.contains(TicketFlags::FORWARDABLE));
    let subkey = accepted.subkey.as_ref().unwrap();
    assert_eq!(subkey.etype(), AES128);
    // `Debug` output contains no secret.
    let bytes = format!("{:?}", subkey.expose_bytes());
    assert!(!format!("{accepted:?}").contains(&bytes[1..bytes.len() - 1]));
}

#[test]
fn service_key_is_found_among_many_by_kvno() {
    let keys = [(AES128, 3), (AES256, 2), (AES256, 3), (AES256, 0x104)];
    let check = |kvno: Option<u32>, made_with: u32| {
        let issue = Issue {
            key: service_key(AES256, made_with),
            kvno,
            ..Issue::new()
        };
        let request = issue.request(&ApRequestOptions::default()).1;
        let mut acceptor = acceptor(&keys);
        accept_by(&acceptor, &request, None).unwrap();
        // If there is only one service, its key needs the right version or none.
        acceptor.server = Some(server());
        accept_by(&acceptor, &request, None).unwrap();
    };
    check(Some(2), 2);
    check(Some(3), 3);
    // Without a version, any key of the type may be used.
    check(None, 2);
    check(None, 0x104);
    check(Some(0), 2);
    check(Some(0), 0x104);
    check(Some(0x104), 0x104);
    // A keytab that only stores one octet of the version.
    check(Some(0x203), 3);
}

/// As made by `ktpass /kvno 0`: MIT's library accepts such a key for any version.
#[test]
fn key_with_kvno_0_matches_any_ticket_kvno() {
    /// Keys that need not be looked up again.
    #[derive(Clone, Debug)]
    struct Complete(ServiceKeys);
    impl KeySource for Complete {
        fn keys(
            &self,
            wanted: &WantedKey<'_>,
        ) -> Result<ServiceKeys, Box<dyn Error + Send + Sync>> {
            assert!(self.0.has(wanted));
            self.0.keys(wanted)
        }
    }
    let keys = ServiceKeys::new([entry(AES256, 0)]).unwrap();
    let mut acceptor = Acceptor::new(Complete(keys));
    acceptor.server = Some(server());
    for kvno in [Some(5), Some(0x100), None] {
        let issue = Issue {
            key: service_key(AES256, 0),
            kvno,
            ..Issue::new()
        };
        let request = issue.request(&ApRequestOptions::default()).1;
        let mut replays = MemoryReplayCache::default();
        acceptor.accept(&request, None, &mut replays, NOW).unwrap();
    }
}

#[test]
fn user_to_user_ticket_is_accepted_with_own_tgt() {
    let issue = Issue {
        key: service_key(AES128, 50),
        kvno: None,
        ..Issue::new()
    };
    let mut options = ApRequestOptions::default();
    options.use_session_key = true;
    let request = issue.request(&options).1;
    let mut acceptor = acceptor(&[(AES256, 1)]);
    acceptor.tgt = Some(own_tgt(server(), &service_key(AES128, 50)));
    let accepted = accept_by(&acceptor, &request, None).unwrap();
    assert_eq!(accepted.client, client());
    assert_eq!(accepted.server, server());
    // The name outside of the encrypted part is not protected: it may be an alias, or made up.
    let issue = Issue {
        server: kerberos_proto::Principal::parse("krbtgt/OTHER.COM@OTHER.COM").unwrap(),
        ..issue
    };
    let request = issue.request(&options).1;
    let accepted = accept_by(&acceptor, &request, None).unwrap();
    assert_eq!(accepted.server, server());
}

#[test]
fn keys_of_other_principals_and_enctypes_are_ignored() {
    let other = kerberos_proto::Principal::parse("nfs/www.example.com@EXAMPLE.COM").unwrap();
    let foreign = KeyEntry {
        kvno: 1,
        key: service_key(AES256, 9).to_block(),
    };
    // A key of an unsupported type, as in the keytabs of old services.
    let old = KeyEntry {
        kvno: 1,
        key: kerberos_crypto::KeyBlock::new(EncryptionType::DES_CBC_CRC, vec![1; 8]),
    };
    let entries = [(other, foreign), (server(), old), entry(AES256, 1)];
    let acceptor = Acceptor::new(ServiceKeys::new(entries).unwrap());
    let request = Issue::new().request(&ApRequestOptions::default()).1;
    accept_by(&acceptor, &request, None).unwrap();
}

#[test]
fn tgs_req_authenticator_is_refused_by_a_service() {
    let mut options = ApRequestOptions::default();
    options.authenticator_usage = KeyUsage::TGS_REQ_AUTHENTICATOR;
    let (initiator, message) = Issue::new().request(&options);
    let request: kerberos_asn1::ApReq<'_> = kerberos_asn1::Decode::from_der(&message).unwrap();
    let cipher = request.authenticator.cipher;
    let key = initiator.session_key();
    assert!(key.decrypt(KeyUsage::TGS_REQ_AUTHENTICATOR, cipher).is_ok());
    assert!(accept(&message).is_err());
}

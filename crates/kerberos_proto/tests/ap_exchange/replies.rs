//! Every check of RFC 4120 §3.2.5: how the client reacts to an AP-REP.

use kerberos_asn1::{ApRep, Decode, EncApRepPart, Encode, EncryptionKey, ErrorCode};
use kerberos_crypto::KeyUsage;
use kerberos_proto::{AcceptorReply, ApError, ApInitiator, ApRequestOptions};

use crate::service::*;

fn mutual() -> (ApInitiator, Vec<u8>) {
    let mut options = ApRequestOptions::default();
    options.mutual = true;
    let (initiator, request) = Issue::new().request(&options);
    let reply = accept(&request)
        .unwrap()
        .reply(&AcceptorReply::default(), &mut Rng(2))
        .unwrap()
        .0;
    (initiator, reply)
}

/// The error for an AP-REP modified by `edit`.
fn error(edit: fn(&mut EncApRepPart<'_>)) -> ApError {
    let (initiator, reply) = mutual();
    let mut reply = ApRep::from_der(&reply).unwrap();
    let key = initiator.session_key();
    let usage = KeyUsage::AP_REP_ENC_PART;
    let plain = key.decrypt(usage, reply.enc_part.cipher).unwrap();
    let mut part = EncApRepPart::from_der(&plain).unwrap();
    edit(&mut part);
    let cipher = key.encrypt(usage, &part.to_der(), &mut Rng(3));
    reply.enc_part.cipher = &cipher;
    initiator.check_reply(&reply.to_der()).unwrap_err()
}

#[test]
fn correct_ap_rep_is_accepted() {
    let (initiator, reply) = mutual();
    initiator.check_reply(&reply).unwrap();
}

#[test]
fn ap_rep_to_another_request_is_refused() {
    let late = error(|part| part.ctime = after(1));
    assert!(matches!(late, ApError::MutualFailed), "{late:?}");
    let late = error(|part| part.cusec.0 += 1);
    assert!(matches!(late, ApError::MutualFailed), "{late:?}");
    assert_eq!(late.code(), ErrorCode::KRB_AP_ERR_MUT_FAIL);
}

#[test]
fn ap_rep_with_malformed_subkey_is_refused() {
    let odd = error(|part| {
        part.subkey = Some(EncryptionKey {
            keytype: 18,
            keyvalue: b"short",
        });
    });
    assert!(matches!(odd, ApError::Crypto(_)), "{odd:?}");
}

#[test]
fn ap_rep_under_a_wrong_key_is_refused() {
    let (initiator, reply) = mutual();
    let mut other = ApRep::from_der(&reply).unwrap();
    other.enc_part.etype = 17;
    let error = initiator.check_reply(&other.to_der()).unwrap_err();
    assert!(matches!(error, ApError::ReplyIntegrity), "{error:?}");
    let cipher = service_key(AES256, 1).encrypt(KeyUsage::AP_REP_ENC_PART, b"x", &mut Rng(1));
    let mut other = ApRep::from_der(&reply).unwrap();
    other.enc_part.cipher = &cipher;
    let error = initiator.check_reply(&other.to_der()).unwrap_err();
    assert!(matches!(error, ApError::ReplyIntegrity), "{error:?}");
}

#[test]
fn krb_error_or_garbage_instead_of_ap_rep_is_an_error() {
    let (initiator, _) = mutual();
    let message = ApError::Replay.to_message(&server(), NOW);
    match initiator.check_reply(&message).unwrap_err() {
        ApError::Refused(error) => {
            assert_eq!(error.code, ErrorCode::KRB_AP_ERR_REPEAT);
            assert_eq!(error.server, server());
        }
        other => panic!("{other:?}"),
    }
    let error = initiator.check_reply(b"HTTP/1.0 400").unwrap_err();
    assert!(matches!(error, ApError::UnexpectedMessage), "{error:?}");
    let error = initiator.check_reply(&[0x6f, 0x03]).unwrap_err();
    assert!(matches!(error, ApError::Decode { .. }), "{error:?}");
}

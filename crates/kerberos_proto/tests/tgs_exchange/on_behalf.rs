//! Requests on behalf of a user (MS-SFU), in a single hop.

use kerberos_asn1::{
    Decode, KdcOptions, PaDataType, PaForUser, PaPacOptions, PaS4uX509User, PacOptions, S4uOptions,
    SequenceOf, TgsReq,
};
use kerberos_crypto::{ChecksumType, EncryptionType, Key, KeyBlock, KeyUsage};
use kerberos_proto::{Credential, ExchangeError, OnBehalf, TgsExchange, TgsParams};

use crate::kdc::*;

/// The request with `tgt` on behalf of this user: its options, padata, nonce and tickets.
fn request(on_behalf: OnBehalf, tgt: &Credential, look: impl FnOnce(&TgsReq<'_>)) {
    let mut params = TgsParams::new(service());
    params.on_behalf = Some(on_behalf);
    let (_, request) = TgsExchange::start(params, tgt, &mut Rng(5), NOW).unwrap();
    look(&TgsReq::from_der(&request.payload).unwrap());
}

fn padata_types(request: &TgsReq<'_>) -> Vec<PaDataType> {
    let padata = request.0.padata.as_ref().unwrap();
    padata.iter().map(|one| one.padata_type).collect()
}

fn padata<'a>(request: &TgsReq<'a>, wanted: PaDataType) -> &'a [u8] {
    let padata = request.0.padata.as_ref().unwrap();
    let found = padata.iter().find(|one| one.padata_type == wanted);
    found.unwrap().padata_value
}

#[test]
fn s4u2self_by_name_sends_both_kinds_of_padata() {
    let tgt = login(&kdc());
    request(
        OnBehalf::user(principal("bob/x@EXAMPLE.COM")),
        &tgt,
        |request| {
            let types = [
                PaDataType::TGS_REQ,
                PaDataType::FOR_X509_USER,
                PaDataType::FOR_USER,
            ];
            assert_eq!(padata_types(request), types);
            let for_user = PaForUser::from_der(padata(request, PaDataType::FOR_USER)).unwrap();
            assert_eq!(for_user.user_realm, "EXAMPLE.COM".into());
            assert_eq!(for_user.user_name.name_string.len(), 2);
            assert_eq!(for_user.auth_package, "Kerberos".into());
            let key = Key::new(&tgt.session_key).unwrap();
            let covered = b"\x01\0\0\0bobxEXAMPLE.COMKerberos";
            assert_eq!(for_user.cksum.cksumtype, ChecksumType::HMAC_MD5.0);
            key.verify_checksum_as(
                ChecksumType::HMAC_MD5,
                KeyUsage::PA_FOR_USER_CHECKSUM,
                covered,
                for_user.cksum.checksum,
            )
            .unwrap();

            let x509 = padata(request, PaDataType::FOR_X509_USER);
            let x509 = PaS4uX509User::from_der(x509).unwrap();
            assert_eq!(x509.user_id.nonce, request.0.req_body.nonce);
            assert_eq!(x509.user_id.cname, Some(for_user.user_name));
            assert_eq!(x509.user_id.subject_certificate, None);
            let options = Some(S4uOptions::USE_REPLY_KEY_USAGE);
            assert_eq!(x509.user_id.options, options);
            assert_eq!(x509.checksum.cksumtype, 16);
            assert_eq!(request.0.req_body.additional_tickets, None);
            let options = request.0.req_body.kdc_options;
            assert!(!options.contains(KdcOptions::CNAME_IN_ADDL_TKT));
        },
    );
}

#[test]
fn s4u2self_by_certificate_sends_only_pa_s4u_x509_user() {
    let tgt = login(&kdc());
    let nameless = principal("x@EXAMPLE.COM");
    let on_behalf = OnBehalf::by_certificate(nameless.realm(), b"certificate".to_vec());
    request(on_behalf, &tgt, |request| {
        let types = [PaDataType::TGS_REQ, PaDataType::FOR_X509_USER];
        assert_eq!(padata_types(request), types);
        let x509 = padata(request, PaDataType::FOR_X509_USER);
        let x509 = PaS4uX509User::from_der(x509).unwrap();
        assert_eq!(x509.user_id.cname, None);
        assert_eq!(x509.user_id.crealm, "EXAMPLE.COM".into());
        let certificate = Some(&b"certificate"[..]);
        assert_eq!(x509.user_id.subject_certificate, certificate);
    });
}

#[test]
fn s4u_checksum_type_follows_the_session_key() {
    let mut tgt = login(&kdc());
    for (etype, expected) in [(17, 15), (19, 19), (20, 20), (16, 12), (23, 2), (25, 17)] {
        let key = Key::generate(EncryptionType(etype), &mut Rng(9)).unwrap();
        tgt.session_key = KeyBlock::new(key.etype(), key.expose_bytes().to_vec());
        request(
            OnBehalf::user(principal("bob@EXAMPLE.COM")),
            &tgt,
            |request| {
                let x509 = padata(request, PaDataType::FOR_X509_USER);
                let x509 = PaS4uX509User::from_der(x509).unwrap();
                assert_eq!(x509.checksum.cksumtype, expected, "{etype}");
            },
        );
    }
}

#[test]
fn s4u2proxy_sends_the_evidence_ticket() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let evidence = ticket(&kdc, TgsParams::new(service()), &tgt, NOW);
    request(OnBehalf::client_of(&evidence), &tgt, |request| {
        let types = [PaDataType::TGS_REQ, PaDataType::PAC_OPTIONS];
        assert_eq!(padata_types(request), types);
        let options = PaPacOptions::from_der(padata(request, PaDataType::PAC_OPTIONS)).unwrap();
        assert_eq!(
            options.flags,
            PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION
        );
        let body = &request.0.req_body;
        assert!(body.kdc_options.contains(KdcOptions::CNAME_IN_ADDL_TKT));
        assert!(!body.kdc_options.contains(KdcOptions::ENC_TKT_IN_SKEY));
        let tickets = body.additional_tickets.as_ref().unwrap();
        assert_eq!(tickets.len(), 1);
        let first = SequenceOf::first(tickets).unwrap();
        assert_eq!(first.as_bytes(), evidence.ticket);
    });
    let mut broken = evidence;
    broken.ticket.truncate(40);
    let mut params = TgsParams::new(service());
    params.on_behalf = Some(OnBehalf::client_of(&broken));
    let error = TgsExchange::start(params, &tgt, &mut Rng(5), NOW).unwrap_err();
    assert!(matches!(error, ExchangeError::Decode { .. }), "{error:?}");
}

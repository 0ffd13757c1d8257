//! The contents of a TGS-REQ (RFC 4120 §3.3.1, §5.4.1).

use kerberos_asn1::{
    AddressType, AuthorizationData, AuthorizationDataType, Decode, KdcOptions, KdcReq,
    KerberosString, KerberosTime,
};
use kerberos_crypto::{ChecksumType, CryptoError, EncryptionType, Key, KeyBlock, KeyUsage};
use kerberos_proto::{
    AuthorizationDataElement, ClockOffset, ExchangeError, HostAddress, TgsExchange, TgsParams,
};

use crate::kdc::*;

#[test]
fn default_request_has_the_expected_contents() {
    let kdc = kdc();
    let tgt = login(&kdc);
    body(TgsParams::new(service()), &tgt, |body, authenticator| {
        let inherited = KdcOptions::FORWARDABLE | KdcOptions::PROXIABLE | KdcOptions::RENEWABLE;
        assert_eq!(body.kdc_options, inherited);
        assert_eq!(body.cname, None);
        assert_eq!(body.realm, KerberosString(b"EXAMPLE.COM"));
        assert_eq!(body.from, None);
        assert_eq!(body.till, tgt.times.endtime);
        assert_eq!(body.rtime, None);
        assert!(body.nonce < 1 << 31);
        let etypes: Vec<i32> = body.etype.iter().collect();
        assert_eq!(etypes, [18, 17, 20, 19, 16, 23, 25, 26]);
        assert!(body.additional_tickets.is_none());
        assert!(body.enc_authorization_data.is_none());
        assert_eq!(authenticator.ctime, NOW.to_kerberos_time());
        assert_eq!(authenticator.cusec.0, NOW.microseconds);
        assert_eq!(authenticator.crealm, KerberosString(b"EXAMPLE.COM"));
        assert_eq!(authenticator.subkey.unwrap().keytype, 18);
        assert_eq!(authenticator.seq_number, None);
    });
    let (_, request) =
        TgsExchange::start(TgsParams::new(service()), &tgt, &mut Rng(5), NOW).unwrap();
    assert_eq!(request.realm, b"EXAMPLE.COM");
    assert!(!request.stream_only);
}

#[test]
fn authenticator_checksum_covers_the_body_as_sent() {
    for etype in EncryptionType::SUPPORTED {
        let kdc = builder().etypes(&[*etype]).build().unwrap();
        let tgt = login(&kdc);
        assert_eq!(tgt.session_key.etype(), *etype);
        let (_, request) =
            TgsExchange::start(TgsParams::new(service()), &tgt, &mut Rng(5), NOW).unwrap();
        let sent = KdcReq::req_body_der(&request.payload).unwrap().to_vec();
        body(TgsParams::new(service()), &tgt, |_, authenticator| {
            let checksum = authenticator.cksum.unwrap();
            let key = Key::new(&tgt.session_key).unwrap();
            let usage = KeyUsage::TGS_REQ_AUTHENTICATOR_CHECKSUM;
            key.verify_checksum_as(
                ChecksumType(checksum.cksumtype),
                usage,
                &sent,
                checksum.checksum,
            )
            .unwrap();
        });
        // The KDC agrees.
        let got = ticket(&kdc, TgsParams::new(service()), &tgt, NOW);
        assert_eq!(got.session_key.etype(), *etype);
    }
}

#[test]
fn every_parameter_appears_in_the_request() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let address = HostAddress {
        address_type: AddressType::IPV4,
        address: vec![10, 0, 0, 1],
    };
    let restriction = AuthorizationDataElement {
        ad_type: AuthorizationDataType::AND_OR,
        ad_data: b"restriction".to_vec(),
    };
    let mut params = TgsParams::new(service());
    params.options.inherit = false;
    params.options.canonicalize = true;
    params.options.forwarded = true;
    params.options.proxy = true;
    params.options.more = KdcOptions::DISABLE_TRANSITED_CHECK.0;
    params.start = Some(later(60).to_kerberos_time());
    params.end = Some(later(120).to_kerberos_time());
    params.renew_till = Some(later(180).to_kerberos_time());
    params.addresses = vec![address.clone()];
    params.etypes = vec![AES128, EncryptionType::DES_CBC_CRC];
    params.second_ticket = Some(tgt.ticket.clone());
    params.authorization_data = vec![restriction];
    params.kdc_offset = Some(ClockOffset {
        seconds: -100,
        microseconds: 0,
    });
    body(params, &tgt, |body, authenticator| {
        let options = KdcOptions::CANONICALIZE
            | KdcOptions::FORWARDED
            | KdcOptions::PROXY
            | KdcOptions::POSTDATED
            | KdcOptions::ENC_TKT_IN_SKEY
            | KdcOptions::DISABLE_TRANSITED_CHECK;
        assert_eq!(body.kdc_options, options);
        assert_eq!(body.from, Some(later(60).to_kerberos_time()));
        assert_eq!(body.till, later(120).to_kerberos_time());
        assert_eq!(body.rtime, Some(later(180).to_kerberos_time()));
        let wanted = body.addresses.as_ref().unwrap().first().unwrap();
        assert_eq!(wanted.address, address.address);
        let etypes: Vec<i32> = body.etype.iter().collect();
        assert_eq!(etypes, [17]);
        let second = body.additional_tickets.as_ref().unwrap().first().unwrap();
        assert_eq!(second.as_bytes(), tgt.ticket);
        assert_eq!(authenticator.ctime, later(-100).to_kerberos_time());

        let subkey = authenticator.subkey.unwrap();
        let subkey = Key::from_bytes(EncryptionType(subkey.keytype), subkey.keyvalue).unwrap();
        let cipher = body.enc_authorization_data.unwrap().cipher;
        let plain = subkey.decrypt(KeyUsage::TGS_REQ_AUTH_DATA_SUBKEY, cipher);
        let plain = plain.unwrap();
        let list = AuthorizationData::from_der(&plain).unwrap();
        assert_eq!(list.first().unwrap().ad_data, b"restriction");
    });
}

#[test]
fn request_depends_only_on_the_random_numbers() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let bytes = |seed| {
        let params = TgsParams::new(service());
        let (_, request) = TgsExchange::start(params, &tgt, &mut Rng(seed), NOW).unwrap();
        request.payload
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn unusable_parameters_and_tgts_are_errors() {
    let kdc = kdc();
    let mut tgt = login(&kdc);
    let error = |params: TgsParams, tgt: &kerberos_proto::Credential| {
        let error = TgsExchange::start(params, tgt, &mut Rng(5), NOW).unwrap_err();
        assert!(!error.mit_tgs_message().is_empty());
        error
    };
    let mut params = TgsParams::new(service());
    params.etypes = vec![EncryptionType::DES_CBC_CRC];
    assert!(matches!(error(params, &tgt), ExchangeError::NoEtypes));
    let elsewhere = TgsParams::new(principal("host/www.other.com@OTHER.COM"));
    assert!(matches!(
        error(elsewhere, &tgt),
        ExchangeError::WrongTgt { .. }
    ));
    let mut other = TgsParams::renew(&tgt);
    other.server = service();
    assert!(matches!(error(other, &tgt), ExchangeError::WrongTgt { .. }));
    let mut params = TgsParams::new(service());
    params.second_ticket = Some(b"no ticket".to_vec());
    assert!(matches!(error(params, &tgt), ExchangeError::Decode { .. }));

    let ticket = ticket(&kdc, TgsParams::new(service()), &tgt, NOW);
    assert!(matches!(
        error(TgsParams::new(service()), &ticket),
        ExchangeError::WrongTgt { .. }
    ));
    tgt.session_key = KeyBlock::new(EncryptionType::DES_CBC_CRC, vec![1; 8]);
    assert!(matches!(
        error(TgsParams::new(service()), &tgt),
        ExchangeError::Crypto(CryptoError::UnsupportedEtype(_))
    ));
    tgt = login(&kdc);
    tgt.ticket = b"no ticket".to_vec();
    assert!(matches!(
        error(TgsParams::new(service()), &tgt),
        ExchangeError::Decode { .. }
    ));
}

#[test]
fn till_of_zero_asks_for_the_longest_lifetime() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let mut params = TgsParams::new(service());
    params.end = Some(KerberosTime::from_unix(0));
    assert_eq!(
        ticket(&kdc, params, &tgt, NOW).times.endtime,
        tgt.times.endtime
    );
}

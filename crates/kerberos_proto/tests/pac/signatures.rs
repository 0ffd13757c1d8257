//! The signatures: correct ones of every type, and all ways in which one can be missing or wrong.

use kerberos_asn1::{AuthorizationData, AuthorizationDataEntry, AuthorizationDataType, Encode};
use kerberos_crypto::{ChecksumType, EncryptionType};
use kerberos_proto::pac::{KdcCheck, Pac, PacBufferType, PacError, PacFault};
use kerberos_proto::{AuthorizationDataElement, Principal};

use crate::sample::*;

#[test]
fn signatures_of_every_enctype_verify() {
    for service in EncryptionType::SUPPORTED {
        for kdc in [*service, EncryptionType::AES256_CTS_HMAC_SHA384_192] {
            let sample = Sample::with_keys(*service, kdc);
            let (pac, ticket) = sample.build();
            sample.verify(&pac, &ticket).unwrap();
            sample.verify_as_service(&pac).unwrap();
        }
    }
}

/// MS-PAC §2.8: hmac-md5 can be used with any key, and old domain controllers do so.
#[test]
fn hmac_md5_signature_verifies_with_an_aes_key() {
    let mut sample = Sample::new();
    sample.server_type = ChecksumType::HMAC_MD5;
    let (pac, ticket) = sample.build();
    sample.verify(&pac, &ticket).unwrap();
}

#[test]
fn kdc_signature_with_rodc_identifier_verifies() {
    let mut sample = Sample::new();
    sample.rodc = Some(0x1234);
    let (pac, ticket) = sample.build();
    let kdc = Pac::parse(&pac)
        .unwrap()
        .buffer(PacBufferType::KDC_CHECKSUM);
    assert_eq!(kdc.unwrap()[16..], [0x34, 0x12]);
    sample.verify(&pac, &ticket).unwrap();
}

#[test]
fn missing_signature_is_an_error() {
    let check = |signature, expected: PacError| {
        let sample = Sample::new().without(signature);
        let (pac, ticket) = sample.build();
        assert_eq!(sample.verify(&pac, &ticket).unwrap_err(), expected);
    };
    check(PacBufferType::SERVER_CHECKSUM, PacError::NoServerChecksum);
    check(PacBufferType::KDC_CHECKSUM, PacError::NoKdcChecksum);
    check(PacBufferType::TICKET_CHECKSUM, PacError::NoTicketChecksum);
    check(PacBufferType::FULL_CHECKSUM, PacError::NoFullChecksum);
    check(PacBufferType::CLIENT_INFO, PacError::NoClientInfo);
}

/// Signatures that only the KDC can check may be missing unless they are asked for.
#[test]
fn ticket_and_full_checksums_are_optional_unless_requested() {
    let sample = Sample::new()
        .without(PacBufferType::TICKET_CHECKSUM)
        .without(PacBufferType::FULL_CHECKSUM);
    let (pac, _) = sample.build();
    sample.verify_as_service(&pac).unwrap();
    let mut check = sample.check();
    check.kdc = Some(KdcCheck::new(&sample.kdc_key));
    Pac::parse(&pac).unwrap().verify(&check).unwrap();
}

#[test]
fn altered_signatures_and_contents_are_refused() {
    let sample = Sample::new();
    let (pac, ticket) = sample.build();
    let check = |signature, expected: PacError| {
        let mut forged = pac.clone();
        let buffer = Pac::parse(&pac).unwrap().buffer(signature).unwrap();
        let place = buffer.as_ptr() as usize - pac.as_ptr() as usize;
        forged[place + 5] ^= 1;
        // The ticket checksum does not cover the PAC: the ticket may contain the forged one.
        let ticket = replace(&ticket, &pac, &forged);
        assert_eq!(sample.verify(&forged, &ticket).unwrap_err(), expected);
    };
    check(PacBufferType::SERVER_CHECKSUM, PacError::ServerChecksum);
    check(PacBufferType::KDC_CHECKSUM, PacError::KdcChecksum);
    check(PacBufferType::FULL_CHECKSUM, PacError::ServerChecksum);
    check(PacBufferType::TICKET_CHECKSUM, PacError::ServerChecksum);
    check(PacBufferType::LOGON_INFO, PacError::ServerChecksum);
}

/// The service's signature covers the KDC's full signature, so only the maker of the former can
/// have altered the latter.
#[test]
fn full_checksum_forged_by_the_service_is_refused_by_the_kdc() {
    let made_up = [&16_u32.to_le_bytes()[..], &[1; 12]].concat();
    let sample = Sample::new()
        .without(PacBufferType::FULL_CHECKSUM)
        .with(PacBufferType::FULL_CHECKSUM, made_up);
    let (pac, ticket) = sample.build();
    sample.verify_as_service(&pac).unwrap();
    assert_eq!(
        sample.verify(&pac, &ticket).unwrap_err(),
        PacError::FullChecksum
    );
}

/// A service can sign anything as itself, but the KDC notices.
#[test]
fn pac_forged_by_the_service_is_refused_by_the_kdc() {
    let mut forger = Sample::new();
    let honest = Sample::new();
    forger.kdc_key = Sample::with_keys(
        EncryptionType::AES256_CTS_HMAC_SHA1_96,
        EncryptionType::AES128_CTS_HMAC_SHA1_96,
    )
    .service_key;
    let (pac, ticket) = forger.build();
    honest.verify_as_service(&pac).unwrap();
    assert_eq!(
        honest.verify(&pac, &ticket).unwrap_err(),
        PacError::KdcChecksum
    );
}

#[test]
fn ticket_checksum_covers_the_whole_ticket() {
    let sample = Sample::new();
    let (pac, ticket) = sample.build();
    // The session key is in the ticket, and not in the PAC.
    let altered = replace(&ticket, &[9; 32], &[8; 32]);
    assert_eq!(
        sample.verify(&pac, &altered).unwrap_err(),
        PacError::TicketChecksum
    );
    let altered = replace(&ticket, b"options", b"Options");
    assert_eq!(
        sample.verify(&pac, &altered).unwrap_err(),
        PacError::TicketChecksum
    );
    let altered = replace(&ticket, &pac, &vec![0; pac.len()]);
    assert_eq!(
        sample.verify(&pac, &altered).unwrap_err(),
        PacError::OtherTicket
    );
    let error = sample
        .verify(&pac, &ticket[..ticket.len() - 1])
        .unwrap_err();
    assert!(matches!(error, PacError::Ticket(_)), "{error}");
}

#[test]
fn unkeyed_and_mismatched_checksum_types_are_refused() {
    for number in [1_i32, 7, 14, 99, -1] {
        let sample = Sample::new();
        let (mut pac, _) = sample.build();
        let buffer = Pac::parse(&pac)
            .unwrap()
            .buffer(PacBufferType::SERVER_CHECKSUM);
        let place = buffer.unwrap().as_ptr() as usize - pac.as_ptr() as usize;
        pac[place..][..4].copy_from_slice(&number.to_le_bytes());
        assert_eq!(
            sample.verify_as_service(&pac).unwrap_err(),
            PacError::ChecksumType {
                buffer_type: PacBufferType::SERVER_CHECKSUM,
                checksum_type: ChecksumType(number),
            }
        );
    }
    // A keyed type that belongs to another key.
    let mut sample = Sample::new();
    let (pac, _) = sample.build();
    sample.service_key = Sample::with_keys(
        EncryptionType::AES128_CTS_HMAC_SHA1_96,
        EncryptionType::ARCFOUR_HMAC,
    )
    .service_key;
    assert_eq!(
        sample.verify_as_service(&pac).unwrap_err(),
        PacError::ChecksumType {
            buffer_type: PacBufferType::SERVER_CHECKSUM,
            checksum_type: ChecksumType::HMAC_SHA1_96_AES256,
        }
    );
}

#[test]
fn truncated_signatures_are_refused() {
    let sample = Sample::new().without(PacBufferType::SERVER_CHECKSUM);
    for length in 0..16 {
        let mut data = 16_u32.to_le_bytes().to_vec();
        data.resize(16, 0);
        data.truncate(length);
        let mut buffers = sample.buffers.clone();
        buffers.push((PacBufferType::SERVER_CHECKSUM, data));
        let pac = pactype(&buffers);
        assert_eq!(
            sample.verify_as_service(&pac).unwrap_err(),
            PacError::Buffer {
                buffer_type: PacBufferType::SERVER_CHECKSUM,
                position: if length < 4 { 0 } else { 4 },
                fault: PacFault::Truncated,
            },
            "{length}"
        );
    }
}

#[test]
fn pac_with_other_client_name_or_authtime_is_refused() {
    let sample = Sample::new();
    let (pac, _) = sample.build();
    let pac = Pac::parse(&pac).unwrap();
    let refused = |client: &str| {
        let client = Principal::parse(client).unwrap();
        let mut check = sample.check();
        check.client = &client;
        pac.verify(&check).map(drop)
    };
    // The realm is not included (MS-PAC §2.7).
    assert_eq!(refused("alice@ELSEWHERE.COM"), Ok(()));
    for name in [
        "bob@EXAMPLE.COM",
        "Alice@EXAMPLE.COM",
        "alice/admin@EXAMPLE.COM",
        "alic@EXAMPLE.COM",
    ] {
        assert_eq!(
            refused(name),
            Err(PacError::ClientName {
                pac: "alice".into(),
                ticket: Principal::parse(name).unwrap(),
            })
        );
    }
    for seconds in [-1, 1, i64::MIN, i64::MAX] {
        let mut check = sample.check();
        check.authtime = kerberos_asn1::KerberosTime::from_unix(AUTHTIME.saturating_add(seconds));
        let error = pac.verify(&check).unwrap_err();
        assert!(matches!(error, PacError::AuthTime { .. }), "{error}");
    }
}

/// Names as MIT's KDC writes them: components joined, nothing escaped.
#[test]
fn client_info_name_joins_components_unescaped() {
    let check = |principal: &str, name: &str| {
        let mut sample = Sample::new();
        sample.client = Principal::parse(principal).unwrap();
        let sample = sample.with(PacBufferType::CLIENT_INFO, client_info(AUTHTIME, name));
        sample.verify_as_service(&sample.build().0).map(drop)
    };
    assert_eq!(check("host/a.example.com@R", "host/a.example.com"), Ok(()));
    assert_eq!(check(r"alice\@corp@R", "alice@corp"), Ok(()));
    assert_eq!(check("jürgen@R", "jürgen"), Ok(()));
    assert!(check("a@R", "a@R").is_err());
}

#[test]
fn single_pac_is_extracted_from_ad_if_relevant() {
    let sample = Sample::new();
    let (pac, ticket) = sample.build();
    let elements = authorization_data(&ticket);
    let found = Pac::from_authorization_data(&elements).unwrap().unwrap();
    assert_eq!(found.as_bytes(), pac);

    assert!(Pac::from_authorization_data(&[]).unwrap().is_none());
    let element = |ad_type, ad_data| AuthorizationDataElement { ad_type, ad_data };
    let outside = [element(AuthorizationDataType::WIN2K_PAC, pac.clone())];
    assert!(Pac::from_authorization_data(&outside).unwrap().is_none());
    let broken = [element(AuthorizationDataType::IF_RELEVANT, b"0".to_vec())];
    let error = Pac::from_authorization_data(&broken).unwrap_err();
    assert!(matches!(error, PacError::IfRelevant(_)), "{error}");
    let twice = [elements[1].clone(), elements[1].clone()];
    let error = Pac::from_authorization_data(&twice).unwrap_err();
    assert_eq!(error, PacError::SeveralPacs);
    let entry = AuthorizationDataEntry {
        ad_type: AuthorizationDataType::WIN2K_PAC,
        ad_data: &pac,
    };
    let list = AuthorizationData::from(vec![entry, entry]).to_der();
    let twice = [element(AuthorizationDataType::IF_RELEVANT, list)];
    let error = Pac::from_authorization_data(&twice).unwrap_err();
    assert_eq!(error, PacError::SeveralPacs);
}

/// `bytes` with the only occurrence of `old` replaced by `new`, which has the same length.
fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let place = bytes.windows(old.len()).position(|window| window == old);
    let mut bytes = bytes.to_vec();
    bytes[place.unwrap()..][..new.len()].copy_from_slice(new);
    bytes
}

//! Truncated and altered PACs: a typed error and no panic, and only what was signed is verified.

use kerberos_proto::pac::{Pac, PacBufferType, PacError, VerifiedPac};

use crate::random::edited;
use crate::sample::*;

/// Reads everything.
fn everything(pac: &VerifiedPac<'_>) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        pac.logon_info(),
        pac.upn_dns_info(),
        pac.delegation_info(),
        pac.attributes_info(),
        pac.requestor(),
        pac.credentials_info(),
        pac.summary(),
    )
}

/// Checks that `bytes`, which differ from what was signed, are refused by a service and by the KDC.
#[track_caller]
fn refused(sample: &Sample, bytes: &[u8], ticket: &[u8]) {
    let error = sample.verify_as_service(bytes).unwrap_err();
    assert!(!error.to_string().is_empty());
    sample.verify(bytes, ticket).unwrap_err();
}

#[test]
fn truncated_pacs_and_tickets_are_refused() {
    let sample = Sample::new();
    let (pac, ticket) = sample.build();
    for length in 0..pac.len() {
        refused(&sample, &pac[..length], &ticket);
        // The ticket is parsed only if everything else is correct.
        let error = sample.verify(&pac, &ticket[..length]).unwrap_err();
        assert!(matches!(error, PacError::Ticket(_)), "{length}: {error}");
    }
}

#[test]
fn flipped_bits_fail_verification() {
    let sample = Sample::new();
    let (pac, ticket) = sample.build();
    // Padding is signed like everything else. A service checks the KDC's signatures only
    // indirectly, through its own signature, which does not cover the KDC checksum.
    let kdc = Pac::parse(&pac)
        .unwrap()
        .buffer(PacBufferType::KDC_CHECKSUM)
        .unwrap();
    let kdc = kdc.as_ptr() as usize - pac.as_ptr() as usize + 4;
    for bit in 0..pac.len() * 8 {
        let mut edited = pac.clone();
        edited[bit / 8] ^= 1 << (bit % 8);
        if (kdc..kdc + 12).contains(&(bit / 8)) {
            sample.verify_as_service(&edited).unwrap();
            assert_eq!(
                sample.verify(&edited, &ticket).unwrap_err(),
                PacError::KdcChecksum
            );
        } else {
            refused(&sample, &edited, &ticket);
        }
    }
}

#[test]
fn randomly_edited_pacs_fail_verification() {
    let sample = Sample::new();
    let (pac, ticket) = sample.build();
    for number in 0..5_000 {
        let edited = edited(number, &pac);
        let verified = sample.verify(&edited, &ticket).is_ok();
        assert_eq!(verified, edited == pac, "{edited:02x?}");
    }
}

/// Random buffers that a KDC has signed nevertheless: errors, but no panic.
#[test]
fn signed_malformed_buffers_are_errors_without_panic() {
    let mut wrong = 0;
    for (buffer_type, good) in [
        (PacBufferType::LOGON_INFO, logon_info(|_| {})),
        (PacBufferType::UPN_DNS_INFO, upn_dns_info()),
        (PacBufferType::DELEGATION_INFO, logon_info(|_| {})),
        (PacBufferType::REQUESTOR, crate::ndr::packed_sid(&DOMAIN)),
        (PacBufferType::ATTRIBUTES_INFO, vec![2, 0, 0, 0, 1, 0, 0, 0]),
        (
            PacBufferType::CREDENTIALS_INFO,
            vec![0, 0, 0, 0, 18, 0, 0, 0],
        ),
    ] {
        let mut check = |data: Vec<u8>| {
            let mut sample = Sample::new().with(buffer_type, data);
            sample.signatures = vec![PacBufferType::SERVER_CHECKSUM, PacBufferType::KDC_CHECKSUM];
            let (pac, _) = sample.build();
            let pac = sample.verify_as_service(&pac).unwrap();
            assert!(!everything(&pac).is_empty());
            wrong += usize::from(pac.summary().is_err());
        };
        for length in 0..good.len() {
            check(good[..length].to_vec());
        }
        for number in 0..500 {
            check(edited(number, &good));
        }
    }
    assert!(wrong > 1_000, "{wrong}");
}

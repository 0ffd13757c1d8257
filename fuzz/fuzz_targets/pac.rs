//! A PAC, or the part of a ticket that contains it: only what the KDC signed verifies, and contents
//! that any KDC could sign are read without a panic.
//!
//! `crates/kerberos_proto/tests/pac/captured` is a good corpus to begin with.
#![no_main]

use std::sync::LazyLock;

use kerberos_asn1::{Decode, EncTicketPart};
use kerberos_crypto::{ChecksumType, EncryptionType, Key, KeyUsage};
use kerberos_proto::pac::{KdcCheck, Pac, PacBufferType, PacCheck, VerifiedPac};
use kerberos_proto::{AuthorizationDataElement, Principal};
use libfuzzer_sys::fuzz_target;

/// A ticket of Samba's KDC, and its keys.
const TICKET: &[u8] =
    include_bytes!("../../crates/kerberos_proto/tests/pac/captured/samba-rc4.der");
const SERVICE_KEY: u128 = 0xcd00_0413_62a5_7826_dac5_e724_004e_f336;
const KDC_KEY: [u128; 2] = [
    0x35f6_6932_b887_b7d1_9844_1bd6_226d_aba7,
    0x08d8_bb9c_09e1_b151_acf0_8828_d907_231b,
];

static SERVICE: LazyLock<Key> = LazyLock::new(|| {
    Key::from_bytes(EncryptionType::ARCFOUR_HMAC, &SERVICE_KEY.to_be_bytes()).expect("valid key")
});
static KDC: LazyLock<Key> = LazyLock::new(|| {
    let bytes = KDC_KEY.map(u128::to_be_bytes).concat();
    Key::from_bytes(EncryptionType::AES256_CTS_HMAC_SHA1_96, &bytes).expect("valid key")
});

fuzz_target!(|input: &[u8]| {
    if let Ok(part) = EncTicketPart::from_der(input) {
        let elements = elements(&part);
        if let Ok(Some(pac)) = Pac::from_authorization_data(&elements) {
            forgery(&part, input, &pac);
            signed(pac.as_bytes());
        }
    } else if Pac::parse(input).is_ok() {
        signed(input);
    } else if let Some((&number, contents)) = input.split_first() {
        // The contents of a buffer; its type is the first byte.
        signed(&wrapped(number, contents));
    }
});

/// A ticket that verifies with the KDC's key is the one that the KDC issued.
fn forgery(part: &EncTicketPart<'_>, input: &[u8], pac: &Pac<'_>) {
    let client = Principal::from_wire(&part.cname, part.crealm);
    let mut check = PacCheck::new(&client, part.authtime, &SERVICE);
    let mut kdc = KdcCheck::new(&KDC);
    kdc.enc_ticket_part = Some(input);
    kdc.full_checksum = true;
    check.kdc = Some(kdc);
    if pac.verify(&check).is_ok() {
        // The signature covers the whole ticket: its client, times and addresses, and the realms
        // that it passed through.
        assert!(
            input == TICKET,
            "a ticket that the KDC did not issue was verified"
        );
    }
}

/// Signs the PAC like a KDC, if it has space for the signatures, and reads all of it.
fn signed(pac: &[u8]) {
    let mut bytes = pac.to_vec();
    let pac = Pac::parse(pac).expect("the PAC was parsed before");
    let place = |buffer_type, length| {
        let buffer = pac
            .buffer(buffer_type)
            .filter(|buffer| buffer.len() >= length)?;
        let start = buffer.as_ptr() as usize - pac.as_bytes().as_ptr() as usize;
        Some(start..start + buffer.len())
    };
    // A service checks only the format of the KDC's signatures.
    let server = place(PacBufferType::SERVER_CHECKSUM, 20);
    let kdc = place(PacBufferType::KDC_CHECKSUM, 16);
    let (Some(server), Some(kdc)) = (server, kdc) else {
        return;
    };
    for (signature, checksum_type) in [
        (&server, ChecksumType::HMAC_MD5),
        (&kdc, ChecksumType::HMAC_SHA1_96_AES256),
    ] {
        bytes[signature.clone()].fill(0);
        bytes[signature.start..][..4].copy_from_slice(&checksum_type.0.to_le_bytes());
    }
    let checksum = SERVICE
        .checksum_as(ChecksumType::HMAC_MD5, KeyUsage::PAC_CHECKSUM, &bytes)
        .expect("hmac-md5 works with any key");
    bytes[server.start + 4..][..16].copy_from_slice(&checksum);

    let pac = Pac::parse(&bytes).expect("the list of buffers is unchanged");
    let Some((client, authtime)) = whose(&pac) else {
        return;
    };
    let authtime = kerberos_asn1::KerberosTime::from_unix(authtime);
    let check = PacCheck::new(&client, authtime, &SERVICE);
    read(&pac.verify(&check).expect("the PAC was signed just now"));
}

/// The client and time in CLIENT_INFO, if it is well-formed.
fn whose(pac: &Pac<'_>) -> Option<(Principal, i64)> {
    let info = pac.buffer(PacBufferType::CLIENT_INFO)?;
    let (time, rest) = info.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let name = rest.get(..usize::from(u16::from_le_bytes(*length)))?;
    let (units, odd) = name.as_chunks();
    let units: Vec<_> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let name = String::from_utf16(&units).ok().filter(|_| odd.is_empty())?;
    let time = i64::try_from(u64::from_le_bytes(*time) / 10_000_000).ok()? - 11_644_473_600;
    let name_type = kerberos_asn1::NameType::PRINCIPAL;
    Some((Principal::new(name_type, [name.into_bytes()], "R"), time))
}

fn read(pac: &VerifiedPac<'_>) {
    let _ = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        pac.logon_info(),
        pac.upn_dns_info(),
        pac.delegation_info(),
        pac.attributes_info(),
        pac.requestor(),
        pac.credentials_info(),
    );
    match pac.summary() {
        Ok(summary) => {
            for sid in summary.user_sid.iter().chain(&summary.group_sids) {
                assert_eq!(sid.to_string().parse().as_ref(), Ok(sid));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A PAC with one buffer of contents, some client's name, and space for signatures.
fn wrapped(number: u8, contents: &[u8]) -> Vec<u8> {
    let buffers = [
        (u32::from(number), contents),
        (PacBufferType::CLIENT_INFO.0, &[0; 10]),
        (PacBufferType::SERVER_CHECKSUM.0, &[0; 20]),
        (PacBufferType::KDC_CHECKSUM.0, &[0; 20]),
    ];
    let number_is_free = buffers[1..]
        .iter()
        .all(|(other, _)| *other != u32::from(number));
    let buffers = &buffers[usize::from(!number_is_free)..];
    let mut pac = (buffers.len() as u32).to_le_bytes().to_vec();
    pac.extend([0; 4]);
    let mut body = Vec::new();
    for (buffer_type, data) in buffers {
        let offset = (8 + 16 * buffers.len() + body.len()) as u64;
        pac.extend(buffer_type.to_le_bytes());
        pac.extend((data.len() as u32).to_le_bytes());
        pac.extend(offset.to_le_bytes());
        body.extend_from_slice(data);
        body.resize(body.len().next_multiple_of(8), 0);
    }
    pac.extend(body);
    pac
}

fn elements(part: &EncTicketPart<'_>) -> Vec<AuthorizationDataElement> {
    let elements = part.authorization_data.iter().flat_map(|list| list.iter());
    let owned = elements.map(|one| AuthorizationDataElement {
        ad_type: one.ad_type,
        ad_data: one.ad_data.to_vec(),
    });
    owned.collect()
}

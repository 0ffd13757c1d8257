//! Tests of reading entries in place, and of encoding entries.

use kerberos_asn1::NameType;
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_proto::Principal;

use super::encode::encode_entry;
use super::*;
use crate::wire::EncodeError;

/// The sample entry, assembled from the description of the format and not by the encoder.
fn sample(version: Version, order: ByteOrder) -> Vec<u8> {
    let n16 = |value: u16| match order {
        ByteOrder::Big => value.to_be_bytes(),
        ByteOrder::Little => value.to_le_bytes(),
    };
    let n32 = |value: u32| match order {
        ByteOrder::Big => value.to_be_bytes(),
        ByteOrder::Little => value.to_le_bytes(),
    };
    let data = |bytes: &[u8]| [&n16(u16::try_from(bytes.len()).unwrap())[..], bytes].concat();
    [
        &n16(if version == Version::V1 { 3 } else { 2 })[..],
        &data(b"EXAMPLE"),
        &data(b"host"),
        &data(b"www"),
        if version == Version::V1 {
            &[]
        } else {
            &[0, 0, 0, 3]
        },
        &n32(1_700_000_000),
        &[0x02],
        &n16(18),
        &data(b"KEY"),
        &n32(0x0102),
    ]
    .concat()
}

fn check(version: Version, order: ByteOrder) {
    let style = Style {
        order,
        width: Width::Two,
    };
    let bytes = sample(version, order);
    let view = KeytabEntryView::parse(&bytes, version, style).unwrap();
    assert_eq!(view.principal().to_string(), "host/www@EXAMPLE");
    let name_type = if version == Version::V1 {
        NameType::UNKNOWN
    } else {
        NameType::SRV_HST
    };
    assert_eq!(view.principal().name_type(), name_type);
    assert_eq!((view.timestamp(), view.kvno()), (1_700_000_000, 0x0102));
    assert_eq!(
        (view.etype(), view.expose_key()),
        (EncryptionType(18), &b"KEY"[..])
    );
    assert!(!format!("{view:?}").contains("KEY"));

    // Without the wide number, with a zero one, or with three bytes of slack: only eight bits.
    let narrow = &bytes[..bytes.len() - 4];
    for tail in [&[][..], &[0; 3], &[0; 9]] {
        let bytes = [narrow, tail].concat();
        let view = KeytabEntryView::parse(&bytes, version, style).unwrap();
        assert_eq!(view.kvno(), 2);
    }
    for cut in 0..narrow.len() {
        assert!(KeytabEntryView::parse(&bytes[..cut], version, style).is_err());
    }
}

#[test]
fn entries_of_every_version_and_byte_order_are_read() {
    check(Version::V1, ByteOrder::Big);
    check(Version::V1, ByteOrder::Little);
    check(Version::V2, ByteOrder::Big);
}

#[test]
fn encoding_a_parsed_entry_reproduces_its_bytes() {
    for version in [Version::V1, Version::V2] {
        let style = version.style();
        let bytes = sample(version, style.order);
        let entry = KeytabEntryView::parse(&bytes, version, style)
            .unwrap()
            .to_entry();
        assert_eq!(*encode_entry(version, &entry).unwrap(), bytes);
    }
}

#[test]
fn encode_keytab_writes_the_expected_bytes() {
    let style = Version::V2.style();
    let bytes = sample(Version::V2, style.order);
    let entry = KeytabEntryView::parse(&bytes, Version::V2, style)
        .unwrap()
        .to_entry();
    let expected = [
        &b"\x05\x02\x00\x00\x00\x2a"[..],
        b"\x00\x02\x00\x07EXAMPLE\x00\x04host\x00\x03www\x00\x00\x00\x03",
        b"\x65\x53\xf1\x00\x02\x00\x12\x00\x03KEY\x00\x00\x01\x02",
    ]
    .concat();
    assert_eq!(*encode_keytab(&[entry]).unwrap(), expected);
}

#[test]
#[cfg_attr(miri, ignore = "minutes in miri")]
fn fields_longer_than_65535_bytes_are_refused() {
    let entry = |name: &str, key: usize| KeytabEntry {
        principal: Principal::new(NameType::PRINCIPAL, [name.as_bytes()], b"R".as_slice()),
        timestamp: 0,
        kvno: 1,
        key: KeyBlock::new(EncryptionType(18), vec![0; key]),
    };
    let check = |entry, field| {
        assert_eq!(encode_keytab(&[entry]).err(), Some(EncodeError { field }));
    };
    check(entry(&"x".repeat(65_536), 1), "name component");
    check(entry("x", 65_536), "key");
    assert!(encode_keytab(&[entry(&"x".repeat(65_535), 65_535)]).is_ok());
}

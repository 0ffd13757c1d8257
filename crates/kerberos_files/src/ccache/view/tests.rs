//! Tests of reading entries, and of writing them again.

use kerberos_asn1::{AddressType, AuthorizationDataType, NameType};

use super::*;
use crate::wire::{ByteOrder, Width};

/// The sample entry, assembled from the description of the format and not by the encoder.
fn sample(version: u8, order: ByteOrder) -> Vec<u8> {
    let n16 = |value: u16| match order {
        ByteOrder::Big => value.to_be_bytes(),
        ByteOrder::Little => value.to_le_bytes(),
    };
    let n32 = |value: u32| match order {
        ByteOrder::Big => value.to_be_bytes(),
        ByteOrder::Little => value.to_le_bytes(),
    };
    let size = |length: usize| n32(u32::try_from(length).unwrap());
    let data = |bytes: &[u8]| [&size(bytes.len())[..], bytes].concat();
    let name = |name_type: u32, components: &[&[u8]]| {
        let mut out = Vec::new();
        if version > 1 {
            out.extend(n32(name_type));
        }
        out.extend(size(components.len() + usize::from(version == 1)));
        out.extend(data(b"EXAMPLE"));
        out.extend(components.iter().flat_map(|component| data(component)));
        out
    };
    let mut out = name(1, &[b"user"]);
    out.extend(name(2, &[b"krbtgt", b"EXAMPLE"]));
    out.extend(n16(18));
    if version == 3 {
        out.extend(n16(18));
    }
    out.extend(data(b"KEY"));
    out.extend(
        [1_000_000_000, 0, 4_000_000_000, 7]
            .into_iter()
            .flat_map(n32),
    );
    out.push(1);
    out.extend(n32(0x40e1_0000));
    out.extend([&n32(1)[..], &n16(2), &data(&[127, 0, 0, 1])].concat());
    out.extend([&n32(1)[..], &n16(0xfff0), &data(b"ad")].concat());
    out.extend(data(b"TICKET"));
    out.extend(data(b""));
    out
}

fn check(number: u8, order: ByteOrder) {
    let version = Version::from_number(number).unwrap();
    let style = Style {
        order,
        width: Width::Four,
    };
    let mut bytes = sample(number, order);
    let length = bytes.len();
    bytes.extend(b"the next entry");
    let layout = Layout::of(&bytes, version, style).unwrap();
    assert_eq!(layout.length, length);
    let view = CredentialView::new(&bytes[..length], layout, version, style);
    assert_eq!(view.client().to_string(), "user@EXAMPLE");
    assert_eq!(view.server().to_string(), "krbtgt/EXAMPLE@EXAMPLE");
    let name_type = if number == 1 {
        NameType::UNKNOWN
    } else {
        NameType::SRV_INST
    };
    assert_eq!(view.server().name_type(), name_type);
    assert_eq!(view.server().components().len(), 2);
    assert_eq!(view.key_etype(), EncryptionType(18));
    assert_eq!(view.session_key().expose_bytes(), b"KEY");
    assert_eq!((view.authtime(), view.starttime()), (1_000_000_000, 0));
    assert_eq!((view.endtime(), view.renew_till()), (4_000_000_000, 7));
    assert!(view.is_skey());
    assert_eq!(view.flags(), TicketFlags(0x40e1_0000));
    let address = AddressView {
        address_type: AddressType::IPV4,
        address: &[127, 0, 0, 1],
    };
    assert!(view.addresses().eq([address]));
    let element = AuthdataView {
        ad_type: AuthorizationDataType(-16),
        ad_data: b"ad",
    };
    assert!(view.authorization_data().eq([element]));
    assert_eq!(
        (view.ticket(), view.second_ticket()),
        (&b"TICKET"[..], &b""[..])
    );
    assert!(!view.is_config() && !view.is_removed());
    assert!(!format!("{view:?}").contains("KEY"));

    for cut in 0..length {
        let short = Layout::of(&bytes[..cut], version, style).err().unwrap();
        assert!(
            matches!(short, Misfit::Short(short) if short.needed > cut),
            "cut at {cut}"
        );
    }
}

#[test]
fn entries_of_every_version_and_byte_order_are_read() {
    check(1, ByteOrder::Big);
    check(1, ByteOrder::Little);
    check(2, ByteOrder::Big);
    check(2, ByteOrder::Little);
    check(3, ByteOrder::Big);
    check(4, ByteOrder::Big);
}

#[test]
fn encoding_a_parsed_entry_reproduces_its_bytes() {
    for version in [Version::V1, Version::V2, Version::V3, Version::V4] {
        let style = version.style();
        let bytes = sample(version.number(), style.order);
        let credential = CredentialView::parse(&bytes, version)
            .unwrap()
            .to_credential();
        let mut encoded = crate::ccache::encode_credential(version, &credential).unwrap();
        assert_eq!(*encoded, bytes, "{version:?}");
        encoded.push(0);
        let error = CredentialView::parse(&encoded, version).unwrap_err();
        assert_eq!(error.problem, "bytes behind the end");
    }
}

#[test]
fn version_1_principal_without_realm_is_refused() {
    let style = Style {
        order: ByteOrder::Big,
        width: Width::Four,
    };
    let misfit = Layout::of(&[0; 100], Version::V1, style).err();
    assert_eq!(misfit, Some(Misfit::Bad("a name without a realm")));
}

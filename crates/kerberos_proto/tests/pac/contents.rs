//! The contents of buffers, right and wrong, and their summary.

use kerberos_crypto::EncryptionType;
use kerberos_proto::Timestamp;
use kerberos_proto::pac::{
    AttributesInfo, FileTime, GroupMembership, PacBufferType, PacError, PacFault, PacSummary, Sid,
};

use crate::ndr::{Ndr, characters, packed_sid, sid, text_header};
use crate::sample::*;

fn parsed(text: &str) -> Sid {
    text.parse().unwrap()
}

#[test]
fn logon_info_fields_are_decoded() {
    let sample = Sample::new();
    let (pac, _) = sample.build();
    let logon = sample
        .verify_as_service(&pac)
        .unwrap()
        .logon_info()
        .unwrap()
        .unwrap();
    let times = [
        logon.logon_time,
        logon.logoff_time,
        logon.kick_off_time,
        logon.password_last_set,
        logon.password_can_change,
        logon.password_must_change,
    ];
    assert_eq!(times, [1, 2, 3, 4, 5, 6].map(FileTime));
    let texts = [
        &logon.effective_name,
        &logon.full_name,
        &logon.logon_script,
        &logon.profile_path,
        &logon.home_directory,
        &logon.home_directory_drive,
        &logon.logon_server,
        &logon.logon_domain_name,
    ];
    let expected = [
        "alice",
        "Alice Äxample 𝄞",
        "",
        "",
        "",
        "Z:",
        "DC1",
        "EXAMPLE",
    ];
    assert_eq!(texts, expected.map(String::from).each_ref());
    assert_eq!((logon.logon_count, logon.bad_password_count), (7, 8));
    assert_eq!((logon.user_id, logon.primary_group_id), (1103, 513));
    assert_eq!(
        (logon.user_flags, logon.user_account_control),
        (0x220, 0x210)
    );
    let first = GroupMembership {
        relative_id: 513,
        attributes: 7,
    };
    assert_eq!((logon.groups.len(), logon.groups[0]), (3, first));
    assert_eq!(logon.logon_domain_id, Some(parsed("S-1-5-21-1-2-3")));
    assert_eq!(
        logon.resource_group_domain_id,
        Some(parsed("S-1-5-21-4-5-6"))
    );
    assert_eq!(logon.resource_groups.len(), 1);
    assert_eq!(logon.user_sid(), Some(parsed("S-1-5-21-1-2-3-1103")));
}

#[test]
fn summary_contains_names_and_enabled_groups() {
    let sample = Sample::new();
    let (pac, _) = sample.build();
    let summary = sample.verify_as_service(&pac).unwrap().summary().unwrap();
    assert_eq!(summary.user_sid, Some(parsed("S-1-5-21-1-2-3-1103")));
    assert_eq!(
        summary.primary_group_sid,
        Some(parsed("S-1-5-21-1-2-3-513"))
    );
    // Of the domain's three groups, one can only deny, and one is disabled.
    let groups: Vec<_> = summary.group_sids.iter().map(ToString::to_string).collect();
    assert_eq!(
        groups,
        [
            "S-1-5-21-1-2-3-513",
            "S-1-5-21-9-9-9-600",
            "S-1-5-18-1",
            "S-1-5-21-4-5-6-2000"
        ]
    );
    let names = [
        summary.sam_account_name,
        summary.full_name,
        summary.domain,
        summary.dns_domain,
        summary.upn,
    ];
    let expected = [
        "alice",
        "Alice Äxample 𝄞",
        "EXAMPLE",
        "EXAMPLE.COM",
        "alice@example.com",
    ];
    assert_eq!(names, expected.map(|name| Some(name.to_owned())));
    assert!(summary.delegated_through.is_empty());
}

/// MIT's KDC only says whom the PAC is about, which is not an error.
#[test]
fn pac_without_logon_info_has_an_empty_summary() {
    let sample = Sample::new()
        .without(PacBufferType::LOGON_INFO)
        .without(PacBufferType::UPN_DNS_INFO);
    let (pac, _) = sample.build();
    let pac = sample.verify_as_service(&pac).unwrap();
    assert_eq!(pac.logon_info(), Ok(None));
    assert_eq!(pac.upn_dns_info(), Ok(None));
    assert_eq!(pac.summary(), Ok(PacSummary::default()));
}

/// UserFlags decide whether the other groups count, and a user of another domain comes first among
/// the extra SIDs (MS-PAC §2.5).
#[test]
fn user_flags_decide_which_groups_count() {
    let groups = |user_id, user_flags| {
        let logon = logon_info(|logon| {
            logon.user_id = user_id;
            logon.user_flags = user_flags;
        });
        let sample = Sample::new().with(PacBufferType::LOGON_INFO, logon);
        let (pac, _) = sample.build();
        let summary = sample.verify_as_service(&pac).unwrap().summary().unwrap();
        let texts: Vec<_> = summary
            .group_sids
            .iter()
            .skip(1)
            .map(ToString::to_string)
            .collect();
        (summary.user_sid.unwrap().to_string(), texts.join(" "))
    };
    let user = "S-1-5-21-1-2-3-1103".to_owned();
    assert_eq!(groups(1103, 0), (user.clone(), String::new()));
    assert_eq!(
        groups(1103, 0x20),
        (user.clone(), "S-1-5-21-9-9-9-600 S-1-5-18-1".into())
    );
    assert_eq!(groups(1103, 0x200), (user, "S-1-5-21-4-5-6-2000".into()));
    assert_eq!(
        groups(0, 0x20),
        ("S-1-5-21-9-9-9-600".into(), "S-1-5-18-1".into())
    );
}

/// A malformed buffer has its own error, and does not hide the contents of others.
#[test]
fn malformed_logon_info_is_an_error_with_its_position() {
    let check = |logon: Vec<u8>, position, fault| {
        let sample = Sample::new().with(PacBufferType::LOGON_INFO, logon);
        let (pac, _) = sample.build();
        let pac = sample.verify_as_service(&pac).unwrap();
        let expected = PacError::Buffer {
            buffer_type: PacBufferType::LOGON_INFO,
            position,
            fault,
        };
        assert_eq!(pac.logon_info(), Err(expected.clone()));
        assert_eq!(pac.summary(), Err(expected));
        assert_eq!(
            pac.upn_dns_info().unwrap().unwrap().upn,
            "alice@example.com"
        );
    };
    check(Vec::new(), 0, PacFault::Truncated);
    let good = logon_info(|_| {});
    for (place, byte) in [(0, 2), (1, 0), (2, 9), (3, 1)] {
        let mut bytes = good.clone();
        bytes[place] = byte;
        check(bytes, 0, PacFault::NdrHeader);
    }
    let mut bytes = good.clone();
    bytes[8..12].fill(0xff);
    check(bytes, 16, PacFault::Truncated);
    let mut bytes = good.clone();
    bytes[16..20].fill(0);
    check(bytes, 16, PacFault::NullPointer);
    // The characters of the first name begin after 220 bytes of structure.
    check(
        logon_info(|logon| logon.name = vec![11, 0, 11, 0]),
        236,
        PacFault::Count,
    );
    check(
        logon_info(|logon| logon.name_characters[0] = 4),
        236,
        PacFault::Count,
    );
    check(
        logon_info(|logon| logon.name_characters[4] = 1),
        236,
        PacFault::Count,
    );
    check(
        logon_info(|logon| logon.name = vec![9, 0, 10, 0]),
        248,
        PacFault::Utf16,
    );
    check(
        logon_info(|logon| logon.name_characters[12..14].copy_from_slice(&[0, 0xd8])),
        248,
        PacFault::Utf16,
    );
    let groups = good
        .windows(8)
        .position(|w| w == [3, 0, 0, 0, 1, 2, 0, 0])
        .unwrap();
    check(
        logon_info(|logon| logon.group_count = 4),
        groups,
        PacFault::Count,
    );
    check(
        logon_info(|logon| logon.group_count = u32::MAX),
        groups,
        PacFault::Count,
    );
    let place = good
        .windows(8)
        .position(|w| w == [4, 0, 0, 0, 1, 4, 0, 0])
        .unwrap();
    check(
        logon_info(|logon| logon.domain = Some(array_of_sid(5))),
        place,
        PacFault::Count,
    );
    let mut broken = sid(&DOMAIN);
    broken[4] = 2;
    check(
        logon_info(|logon| logon.domain = Some(broken.clone())),
        place + 4,
        PacFault::Sid,
    );
}

/// An RPC_SID whose two counts differ.
fn array_of_sid(count: u32) -> Vec<u8> {
    [&count.to_le_bytes()[..], &packed_sid(&DOMAIN)].concat()
}

#[test]
fn user_sid_without_domain_id_comes_from_upn_dns_info() {
    let logon = logon_info(|logon| logon.domain = None);
    let sample = Sample::new().with(PacBufferType::LOGON_INFO, logon);
    let (pac, _) = sample.build();
    let summary = sample.verify_as_service(&pac).unwrap().summary().unwrap();
    // UPN_DNS_INFO contains the SID, too.
    assert_eq!(summary.user_sid, Some(parsed("S-1-5-21-1-2-3-1103")));
    assert_eq!(summary.primary_group_sid, None);
}

#[test]
fn short_upn_dns_info_is_read_and_malformed_refused() {
    let read = |data: Vec<u8>| {
        let sample = Sample::new().with(PacBufferType::UPN_DNS_INFO, data);
        let (pac, _) = sample.build();
        sample.verify_as_service(&pac).unwrap().upn_dns_info()
    };
    let good = upn_dns_info();
    let info = read(good.clone()).unwrap().unwrap();
    assert!(info.upn_constructed);
    assert_eq!(info.sam_name.as_deref(), Some("alice"));

    // Without the flag S there are only two names.
    let mut short = good.clone();
    short[8] = 0;
    let info = read(short).unwrap().unwrap();
    assert_eq!(
        (info.upn.as_str(), info.dns_domain_name.as_str()),
        ("alice@example.com", "EXAMPLE.COM")
    );
    assert_eq!(
        (info.upn_constructed, info.sam_name, info.sid),
        (false, None, None)
    );

    let broken = |place: usize, value: u16| {
        let mut bytes = good.clone();
        bytes[place..][..2].copy_from_slice(&value.to_le_bytes());
        match read(bytes).unwrap_err() {
            PacError::Buffer { fault, .. } => fault,
            other => panic!("{other}"),
        }
    };
    assert_eq!(broken(0, 3), PacFault::Utf16);
    assert_eq!(broken(0, u16::MAX - 1), PacFault::Truncated);
    assert_eq!(broken(2, u16::MAX), PacFault::Truncated);
    assert_eq!(broken(18, 0), PacFault::Sid);
    assert_eq!(broken(18, u16::MAX), PacFault::Truncated);
}

#[test]
fn delegation_info_lists_target_and_transited_services() {
    let services = ["HTTP/front@EXAMPLE.COM", "HTTP/middle@EXAMPLE.COM"];
    let mut ndr = Ndr::default();
    ndr.text("cifs/back").u32(2).pointer();
    let mut headers = 2_u32.to_le_bytes().to_vec();
    for service in services {
        headers.extend(text_header(service));
        headers.extend([4, 0, 2, 0]);
    }
    ndr.defer(&headers);
    for service in services {
        ndr.defer(&characters(service));
    }
    let sample = Sample::new().with(PacBufferType::DELEGATION_INFO, ndr.finish());
    let (pac, _) = sample.build();
    let pac = sample.verify_as_service(&pac).unwrap();
    let info = pac.delegation_info().unwrap().unwrap();
    assert_eq!(info.s4u2proxy_target, "cifs/back");
    assert_eq!(info.transited_services, services);
    assert_eq!(pac.summary().unwrap().delegated_through, services);
}

#[test]
fn requestor_attributes_and_credentials_are_decoded() {
    let user = packed_sid(&[21, 1, 2, 3, 500]);
    let sample = Sample::new()
        .without(PacBufferType::LOGON_INFO)
        .without(PacBufferType::UPN_DNS_INFO)
        .with(PacBufferType::REQUESTOR, user)
        .with(
            PacBufferType::ATTRIBUTES_INFO,
            vec![2, 0, 0, 0, 0xfd, 0, 0, 0],
        )
        .with(
            PacBufferType::CREDENTIALS_INFO,
            vec![0, 0, 0, 0, 18, 0, 0, 0, 1, 2, 3],
        );
    let (pac, _) = sample.build();
    let pac = sample.verify_as_service(&pac).unwrap();
    let user = Some(parsed("S-1-5-21-1-2-3-500"));
    assert_eq!(pac.requestor(), Ok(user));
    assert_eq!(pac.summary().unwrap().user_sid, user);
    // The count says that there are two bits of flags.
    let attributes = pac.attributes_info().unwrap().unwrap();
    assert_eq!(attributes.flags, AttributesInfo::PAC_WAS_REQUESTED);
    let credentials = pac.credentials_info().unwrap().unwrap();
    assert_eq!(credentials.etype, EncryptionType::AES256_CTS_HMAC_SHA1_96);
    assert_eq!(credentials.cipher, [1, 2, 3]);
}

#[test]
fn file_time_converts_to_timestamp() {
    assert_eq!(FileTime::UNSET.timestamp(), None);
    assert_eq!(FileTime(u64::MAX).timestamp(), None);
    let time = FileTime(116_444_736_000_000_000 + 15_000_019);
    assert_eq!(time.timestamp(), Some(Timestamp::new(1, 500_001)));
    assert_eq!(
        FileTime(1).timestamp(),
        Some(Timestamp::new(-11_644_473_600, 0))
    );
}

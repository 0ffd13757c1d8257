//! PACs made by a real KDC, stored here so that they are tested even without a KDC.
//!
//! They were captured from Samba 4.17 as an Active Directory domain controller, in a domain that
//! was created for this and no longer exists. `captured/` contains the decrypted EncTicketParts,
//! and the keys are here.

use kerberos_asn1::{Decode, EncTicketPart};
use kerberos_crypto::{EncryptionType, Key};
use kerberos_proto::Principal;
use kerberos_proto::pac::{KdcCheck, Pac, PacCheck, PacError, PacSummary};

use crate::sample::authorization_data;

/// The aes256 key of krbtgt.
const KRBTGT: &str = "35f66932b887b7d198441bd6226daba708d8bb9c09e1b151acf08828d907231b";

fn key(etype: EncryptionType, hex: &str) -> Key {
    let digits = hex.as_bytes().chunks(2);
    let bytes = digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
    Key::from_bytes(etype, &bytes.collect::<Vec<_>>()).unwrap()
}

/// Verifies all four signatures, and that the ticket cannot be altered. Returns the types of the
/// buffers and the summary.
fn check(ticket: &[u8], service_key: &Key) -> (Vec<u32>, PacSummary) {
    let part = EncTicketPart::from_der(ticket).unwrap();
    let client = Principal::from_wire(&part.cname, part.crealm);
    let kdc_key = key(EncryptionType::AES256_CTS_HMAC_SHA1_96, KRBTGT);
    let elements = authorization_data(ticket);
    let pac = Pac::from_authorization_data(&elements).unwrap().unwrap();

    let mut check = PacCheck::new(&client, part.authtime, service_key);
    let mut kdc = KdcCheck::new(&kdc_key);
    kdc.full_checksum = true;
    kdc.enc_ticket_part = Some(ticket);
    check.kdc = Some(kdc.clone());
    let verified = pac.verify(&check).unwrap();

    // The end time, which is not in the PAC.
    let mut altered = ticket.to_vec();
    let end = ticket
        .windows(6)
        .rposition(|window| window == b"\x18\x0f2026")
        .unwrap();
    altered[end + 5] = b'7';
    kdc.enc_ticket_part = Some(&altered);
    check.kdc = Some(kdc);
    assert_eq!(pac.verify(&check).unwrap_err(), PacError::TicketChecksum);

    let types = pac.buffers().map(|one| one.buffer_type.0).collect();
    (types, verified.summary().unwrap())
}

#[test]
fn samba_pac_for_an_rc4_service_verifies() {
    let key = key(
        EncryptionType::ARCFOUR_HMAC,
        "cd00041362a57826dac5e724004ef336",
    );
    let (types, summary) = check(include_bytes!("captured/samba-rc4.der"), &key);
    assert_eq!(types, [1, 10, 12, 6, 7, 16, 19]);
    let domain = "S-1-5-21-35186807-342203964-2857158540";
    assert_eq!(
        summary.user_sid.unwrap().to_string(),
        format!("{domain}-1103")
    );
    assert_eq!(
        summary.primary_group_sid.unwrap().to_string(),
        format!("{domain}-513")
    );
    let groups: Vec<_> = summary.group_sids.iter().map(ToString::to_string).collect();
    // The second SID means that the user proved their identity (MS-DTYP §2.4.2.4).
    assert_eq!(groups, [format!("{domain}-513"), "S-1-18-1".into()]);
    let names = [
        summary.sam_account_name,
        summary.domain,
        summary.dns_domain,
        summary.upn,
    ];
    let expected = ["alice", "ADTEST", "AD.TEST", "alice@ad.test"];
    assert_eq!(names, expected.map(|name| Some(name.to_owned())));
    assert_eq!(
        (summary.full_name, summary.delegated_through),
        (None, Vec::new())
    );
}

#[test]
fn samba_pac_of_constrained_delegation_verifies() {
    let key = key(
        EncryptionType::AES256_CTS_HMAC_SHA1_96,
        "bd20b9cbfd74e306016ac310347dbf9167a35d9db069224e391722534997db4c",
    );
    let (types, summary) = check(include_bytes!("captured/samba-delegated.der"), &key);
    assert_eq!(types, [1, 11, 10, 12, 6, 7, 16, 19]);
    assert_eq!(summary.sam_account_name.as_deref(), Some("alice"));
    assert_eq!(summary.delegated_through, ["svc_web@AD.TEST"]);
    // The service asserts the user's identity (MS-DTYP §2.4.2.4).
    assert_eq!(summary.group_sids[1].to_string(), "S-1-18-2");
}

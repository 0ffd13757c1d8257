//! Tests lists of realms against the paths that are allowed.

extern crate std;

use alloc::string::String;
use alloc::vec;
use core::cell::RefCell;
use std::sync::LazyLock;

use kerberos_asn1::{KerberosString, NameType, PrincipalName, SequenceOf};
use kerberos_crypto::{EncryptionType, Key};
use kerberos_testkdc::forge::enc_ticket_part;

use super::*;

/// Whether a service in realm `server` accepts a ticket with `list` of a client in realm `client`.
fn accepts<'a>(policy: &TransitPolicy, list: &'a [u8], client: &'a [u8], server: &[u8]) -> bool {
    accepts_edited(policy, client, server, |ticket| {
        ticket.transited.contents = list;
    })
}

fn accepts_edited<'a>(
    policy: &TransitPolicy,
    client: &'a [u8],
    server: &[u8],
    edit: impl FnOnce(&mut EncTicketPart<'a>),
) -> bool {
    // Lives longer than the list in the ticket.
    static KEY: LazyLock<Key> = LazyLock::new(|| {
        Key::from_bytes(EncryptionType::AES256_CTS_HMAC_SHA1_96, &[2; 32]).unwrap()
    });
    let name = PrincipalName {
        name_type: NameType::PRINCIPAL,
        name_string: SequenceOf::from(vec!["alice".into()]),
    };
    let mut ticket = enc_ticket_part(KerberosString(client), name, &KEY, 0);
    edit(&mut ticket);
    policy.accepts(&ticket, server)
}

/// The realms that `list` stands for, in the order in which they are checked.
fn realms(list: &str, client: &str, server: &str) -> Option<String> {
    let seen = RefCell::new(Vec::new());
    let note = |realm: &[u8]| {
        let realm = String::from_utf8(realm.to_vec()).unwrap();
        seen.borrow_mut().push(realm);
        true
    };
    let whole = all(list.as_bytes(), client.as_bytes(), server.as_bytes(), note);
    whole.then(|| seen.take().join(" "))
}

#[test]
fn example_lists_of_rfc_4120_are_expanded() {
    let check = |list: &str, expected: &str| {
        assert_eq!(
            realms(list, "C.EDU", "/COM/X").as_deref(),
            Some(expected),
            "{list}"
        );
    };
    check(
        "EDU,MIT.,ATHENA.,WASHINGTON.EDU,CS.",
        "EDU MIT.EDU ATHENA.MIT.EDU WASHINGTON.EDU CS.WASHINGTON.EDU",
    );
    check("EDU,MIT.,WASHINGTON.EDU", "EDU MIT.EDU WASHINGTON.EDU");
    check(
        "/COM,/HP,/APOLLO, /COM/DEC",
        "/COM /COM/HP /COM/HP/APOLLO /COM/DEC",
    );
    check("/COM,/HP", "/COM /COM/HP");
    check(",EDU, /COM,", "EDU /COM");
}

#[test]
fn null_subfields_stand_for_the_realms_between() {
    let check = |list: &str, expected: Option<&str>| {
        let got = realms(list, "A.B.X.COM", "C.D.X.COM");
        assert_eq!(got.as_deref(), expected, "{list}");
    };
    check(",", Some("B.X.COM X.COM D.X.COM"));
    check(",X.COM", Some("X.COM B.X.COM"));
    check("X.COM,", Some("X.COM D.X.COM"));
    check(",X.COM,", Some("X.COM B.X.COM D.X.COM"));
    check("A.B.X.COM,,X.COM", Some("A.B.X.COM X.COM B.X.COM"));
    check(",,,", Some("B.X.COM X.COM D.X.COM"));
    check(" , ", Some("B.X.COM X.COM D.X.COM"));
    check("X.COM,,D.,", Some("X.COM D.X.COM"));
    // Nobody knows what lies between realms that have nothing in common.
    check(",Y.NET", None);
    check("Y.NET,", None);
}

#[test]
fn backslash_quotes_characters_of_realm_names() {
    let check = |list: &str, expected: Option<&str>| {
        assert_eq!(realms(list, "C", "S").as_deref(), expected, "{list}");
    };
    check(r"A\,B,C", Some("A,B C"));
    check(r"A\\,C", Some(r"A\ C"));
    check(r"A,B\.", Some("A B."));
    check(r"A,\ B", Some("A  B"));
    check(r"/A,\/B,/C", Some("/A /B /B/C"));
    check(" A,B C", Some("A B C"));
    check("A.B,C..", Some("A.B C..A.B"));
    // There is nothing before the first realm.
    check("A.,/B", Some("A. A./B"));
    check(r"A\", None);
    check(r"\", None);
}

#[test]
fn transited_realms_must_be_on_the_hierarchical_path() {
    let policy = TransitPolicy::default();
    let check = |list: &str, client: &str, server: &str, expected: bool| {
        let accepted = accepts(
            &policy,
            list.as_bytes(),
            client.as_bytes(),
            server.as_bytes(),
        );
        assert_eq!(accepted, expected, "{list} from {client} to {server}");
    };
    check("CORP", "A.CORP", "B.CORP", true);
    check(",", "A.CORP", "B.CORP", true);
    check("CORP,B.", "A.CORP", "C.B.CORP", true);
    check("CORP,X.", "A.CORP", "C.B.CORP", false);
    check("EVIL", "A.CORP", "B.CORP", false);
    check("CORP,EVIL", "A.CORP", "B.CORP", false);
    check("EVIL,CORP", "A.CORP", "B.CORP", false);
    check(r"CORP,E\", "A.CORP", "B.CORP", false);
    // On the way to an ancestor, the realms above that ancestor are not passed.
    check("CORP", "A.B.CORP", "B.CORP", false);
    // Some KDCs list the ends.
    check("A.CORP,CORP,B.CORP", "A.CORP", "B.CORP", true);
    check("A.COM", "A.COM", "B.NET", true);
    // If the names have nothing in common, the roots of the two trees are on the way.
    check("COM", "A.COM", "B.NET", true);
    check(
        "CORP.LOCAL,PARTNER.NET",
        "EU.CORP.LOCAL",
        "HQ.PARTNER.NET",
        true,
    );
    check(
        "CORP.LOCAL,EVIL.NET",
        "EU.CORP.LOCAL",
        "HQ.PARTNER.NET",
        false,
    );
    check("X.CORP.LOCAL", "EU.CORP.LOCAL", "HQ.PARTNER.NET", false);
    check(",", "A.COM", "B.NET", false);
    check("EVIL", "WELLKNOWN:ANONYMOUS", "B.NET", true);
    check("", "A.COM", "B.NET", true);
    // A ticket does not leave the service's own realm.
    check("CORP", "A.CORP", "A.CORP", false);
    check("A.CORP", "A.CORP", "A.CORP", false);
    check(",", "A.CORP", "A.CORP", false);
    check("", "A.CORP", "A.CORP", true);
}

#[test]
fn transited_realms_must_be_on_the_configured_path() {
    let policy = TransitPolicy::default()
        .with_path("A.CORP", "B.NET", ["CORP", "NET"])
        .with_path("A.CORP", "C.NET", ["GATE"])
        .with_path("A.CORP", "B.CORP", [""; 0]);
    let check = |list: &str, server: &str, expected: bool| {
        let accepted = accepts(&policy, list.as_bytes(), b"A.CORP", server.as_bytes());
        assert_eq!(accepted, expected, "{list} to {server}");
    };
    check("CORP,NET", "B.NET", true);
    check("NET", "B.NET", true);
    check("CORP,EVIL", "B.NET", false);
    check(",CORP,NET,", "B.NET", true);
    // A configured path takes precedence over the names.
    check("CORP", "B.CORP", false);
    check("CORP", "C.CORP", true);
    assert!(
        accepts(&policy, b"GATE", b"A.CORP", b"C.NET")
            && !accepts(&policy, b"GATE", b"C.NET", b"A.CORP"),
        "a path must hold in one direction only"
    );
}

#[test]
fn checked_flag_accepts_and_unknown_tr_type_is_refused() {
    let policy = TransitPolicy::default();
    let check = |edit: fn(&mut EncTicketPart<'_>)| {
        accepts_edited(&policy, b"A.CORP", b"B.CORP", |ticket| edit(ticket))
    };
    assert!(check(|ticket| {
        ticket.transited.contents = b"EVIL";
        ticket.flags = TicketFlags::TRANSITED_POLICY_CHECKED;
    }));
    assert!(!check(|ticket| {
        ticket.transited.contents = b"CORP";
        ticket.transited.tr_type = TransitedType(2);
    }));
}

#[test]
fn too_long_lists_and_too_deep_realms_are_refused() {
    let policy = TransitPolicy::default();
    let list = |times: usize| [b"CORP".as_slice(), &b",CORP".repeat(times)].concat();
    assert!(accepts(&policy, &list(100), b"A.CORP", b"B.CORP"));
    assert!(!accepts(&policy, &list(1000), b"A.CORP", b"B.CORP"));
    let deep = [&b"A.".repeat(MAX_LIST), b"CORP".as_slice()].concat();
    assert!(!accepts(&policy, b"CORP", &deep, b"B.CORP"));
}

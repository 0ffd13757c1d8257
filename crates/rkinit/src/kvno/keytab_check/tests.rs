//! Tickets made by hand, checked with keytabs that have the right key, a similar one, or none.

use kerberos_asn1::{Decode as _, KerberosString, NameType, PrincipalName};
use kerberos_crypto::{Key, KeyBlock};
use kerberos_files::keytab::KeytabEntry;
use kerberos_proto::Principal;
use kerberos_testkdc::forge::{enc_ticket_part, seal};

use super::*;

const AES256: EncryptionType = EncryptionType::AES256_CTS_HMAC_SHA1_96;
const AES128: EncryptionType = EncryptionType::AES128_CTS_HMAC_SHA1_96;
const DES3: EncryptionType = EncryptionType::DES3_CBC_SHA1;

/// A keytab that is removed when the test ends.
struct TemporaryKeytab(KeytabFile);

impl TemporaryKeytab {
    fn new(name: &str, keys: &[(&str, u32, &KeyBlock)]) -> Self {
        let file = format!("rkinit-check-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(file);
        let _ = std::fs::remove_file(&path);
        let entries: Vec<_> = keys
            .iter()
            .map(|(principal, kvno, key)| KeytabEntry {
                principal: Principal::parse(principal).unwrap(),
                timestamp: 0,
                kvno: *kvno,
                key: (*key).clone(),
            })
            .collect();
        let keytab = KeytabFile::new(path);
        keytab.add(&entries).unwrap();
        Self(keytab)
    }
}

impl Drop for TemporaryKeytab {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0.path());
    }
}

/// The checked contents of a ticket.
struct Sealed<'a> {
    key: &'a KeyBlock,
    kvno: Option<u32>,
    flags: TicketFlags,
    client_realm: &'a [u8],
    transited: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn new(key: &'a KeyBlock, kvno: Option<u32>) -> Self {
        Self {
            key,
            kvno,
            flags: TicketFlags::default(),
            client_realm: b"R",
            transited: b"",
        }
    }

    /// The result of checking the ticket for `host/a@R` with `keytab`.
    fn check(&self, keytab: &TemporaryKeytab) -> Result<(), String> {
        let names = [KerberosString(b"host"), KerberosString(b"a")];
        let name = |name_type, names: &[KerberosString<'static>]| PrincipalName {
            name_type,
            name_string: names.iter().copied().collect(),
        };
        let session = Key::random_to_key(AES256, &[1; 32]).unwrap();
        let client = name(NameType::PRINCIPAL, &names[..1]);
        let crealm = KerberosString(self.client_realm);
        let mut part = enc_ticket_part(crealm, client, &session, 0);
        part.flags = self.flags;
        part.transited.contents = self.transited;
        let key = (&Key::new(self.key).unwrap(), self.kvno);
        let service = name(NameType::SRV_HST, &names);
        let mut rng = kerberos_client::system_rng().unwrap();
        let ticket = seal(&part, KerberosString(b"R"), service, key, &mut rng);
        let ticket = Ticket::from_der(&ticket).unwrap();
        let transit = TransitPolicy::default().with_path("P", "R", ["Q"]);
        check(&keytab.0, &ticket, &transit).map_err(|error| match error {
            CheckError::NoKey(found) => {
                assert!(error.hint(&ticket).is_some());
                format!("{error}: {found:?}")
            }
            error => error.to_string(),
        })
    }
}

fn key(etype: EncryptionType, seed: u8) -> KeyBlock {
    let seed = vec![
        seed;
        if etype == AES128 {
            16
        } else if etype == DES3 {
            21
        } else {
            32
        }
    ];
    Key::random_to_key(etype, &seed).unwrap().to_block()
}

#[test]
fn ticket_is_opened_by_any_matching_key() {
    let (current, old, other) = (key(AES256, 1), key(AES256, 2), key(AES128, 3));
    let keytab = TemporaryKeytab::new(
        "opens",
        &[
            ("host/a@R", 1, &old),
            ("alias@R", 7, &current),
            ("x@R", 1, &other),
        ],
    );
    for (key, kvno) in [
        (&old, Some(1)),
        (&old, None),
        (&old, Some(5)),
        (&current, Some(2)),
    ] {
        assert_eq!(Sealed::new(key, kvno).check(&keytab), Ok(()));
    }
    // Triple DES has padding after the value.
    let des3 = key(DES3, 4);
    let keytab = TemporaryKeytab::new("des3", &[("host/a@R", 1, &des3)]);
    for client_realm in [&b"R"[..], b"RR", b"RRR", b"RRRR"] {
        let sealed = Sealed {
            client_realm,
            ..Sealed::new(&des3, Some(1))
        };
        assert_eq!(sealed.check(&keytab), Ok(()));
    }
}

#[test]
fn missing_key_is_explained_by_the_closest_entry() {
    let (ours, other) = (key(AES256, 1), key(AES256, 2));
    let check = |name, keys: &[(&str, u32, &KeyBlock)], kvno, expected: &str| {
        let keytab = TemporaryKeytab::new(name, keys);
        let result = Sealed::new(&ours, kvno).check(&keytab);
        assert_eq!(
            result,
            Err(format!("Wrong principal in request: {expected}"))
        );
    };
    check("none", &[("host/b@R", 3, &other)], Some(3), "Nothing");
    check("realm", &[("host/a@Q", 3, &other)], Some(3), "Nothing");
    check(
        "type",
        &[("host/a@R", 3, &key(AES128, 1))],
        Some(3),
        "OtherType",
    );
    check("old", &[("host/a@R", 2, &other)], Some(3), "OtherVersion");
    check(
        "same",
        &[("host/a@R", 2, &other), ("host/a@R", 3, &other)],
        Some(3),
        "Same",
    );
    check("octet", &[("host/a@R", 3, &other)], Some(0x103), "Same");
    check("any", &[("host/a@R", 0, &other)], Some(3), "Same");
    check("unnumbered", &[("host/a@R", 3, &other)], None, "Same");
}

#[test]
fn invalid_and_untrusted_cross_realm_tickets_are_refused() {
    let ours = key(AES256, 1);
    let keytab = TemporaryKeytab::new("refuse", &[("host/a@R", 1, &ours)]);
    let check = |flags, client_realm, transited, expected: Result<(), &str>| {
        let sealed = Sealed {
            flags,
            client_realm,
            transited,
            ..Sealed::new(&ours, Some(1))
        };
        let result = sealed.check(&keytab);
        assert_eq!(result, expected.map_err(ToOwned::to_owned));
    };
    let none = TicketFlags::default();
    check(
        TicketFlags::INVALID,
        b"R",
        b"",
        Err("Ticket has invalid flag set"),
    );
    check(none, b"Q", b"", Ok(()));
    check(none, b"R", b"Q", Err("Illegal cross-realm ticket"));
    check(none, b"Q", b"P", Err("Illegal cross-realm ticket"));
    check(none, b"P", b"Q", Ok(()));
    check(none, b"A.R", b"R", Ok(()));
    check(TicketFlags::TRANSITED_POLICY_CHECKED, b"Q", b"P", Ok(()));
    std::fs::remove_file(keytab.0.path()).unwrap();
    let missing = format!("Key table file '{}' not found", keytab.0.path().display());
    check(none, b"R", b"", Err(&missing));
}

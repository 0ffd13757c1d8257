//! PACs of real KDCs: their signatures, verified with the keys of the service and of the KDC
//! itself, and their contents.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::path::Path;

use kerberos_asn1::der::Reader;
use kerberos_asn1::{Decode, EncTicketPart, Ticket};
use kerberos_crypto::{EncryptionType, Key, KeyUsage, Plaintext};
use kerberos_files::ccache::CcacheFile;
use kerberos_files::keytab::KeytabFile;
use kerberos_proto::pac::{KdcCheck, Pac, PacBufferType, PacCheck, PacError, PacSummary};
use kerberos_proto::{AuthorizationDataElement, Credential, Principal};
use test_support::{ETYPES, MitRealm, Place, SambaRealm};

/// A ticket that was decrypted with its service's key.
struct Opened {
    key: Key,
    plain: Plaintext,
    authorization_data: Vec<AuthorizationDataElement>,
}

impl Opened {
    /// The ticket for `server` in the cache of `place`, decrypted with a key of `keytab`.
    fn new(place: &Place, server: &str, keytab: &Path) -> Self {
        let server = Principal::parse(server).expect("the principal name is valid");
        let ticket = cached(place.cache(), &server).ticket;
        let etype = Ticket::from_der(&ticket)
            .expect("the ticket decodes")
            .enc_part
            .etype;
        Self::with(key(keytab, &server, EncryptionType(etype)), &ticket)
    }

    /// The ticket, decrypted with `key`.
    fn with(key: Key, ticket: &[u8]) -> Self {
        let ticket = Ticket::from_der(ticket).expect("the ticket decodes");
        let plain = key
            .decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher)
            .expect("the key decrypts the ticket");
        let elements = enc_ticket_part(&plain).authorization_data;
        let elements = elements.expect("the ticket has authorization data");
        let owned = elements.iter().map(|one| AuthorizationDataElement {
            ad_type: one.ad_type,
            ad_data: one.ad_data.to_vec(),
        });
        Self {
            authorization_data: owned.collect(),
            key,
            plain,
        }
    }

    fn pac(&self) -> Pac<'_> {
        Pac::from_authorization_data(&self.authorization_data)
            .expect("the PAC is well-formed")
            .expect("the ticket has a PAC")
    }

    /// The types of the PAC's buffers.
    fn types(&self) -> Vec<u32> {
        let buffers = self.pac().buffers();
        buffers.map(|buffer| buffer.buffer_type.0).collect()
    }

    /// Verifies the PAC as the service, and all the KDC's signatures with the KDC's key.
    fn verify(&self, service_key: &Key, kdc_key: &Key) -> Result<PacSummary, PacError> {
        let part = enc_ticket_part(&self.plain);
        let client = Principal::from_wire(&part.cname, part.crealm);
        let mut check = PacCheck::new(&client, part.authtime, service_key);
        self.pac().verify(&check)?;
        let mut kdc = KdcCheck::new(kdc_key);
        kdc.enc_ticket_part = Some(&self.plain);
        kdc.full_checksum = self.pac().buffer(PacBufferType::FULL_CHECKSUM).is_some();
        check.kdc = Some(kdc);
        self.pac().verify(&check)?.summary()
    }

    /// Like [`verify`](Self::verify), after checking that it fails with any other key.
    fn summary(&self, kdc_key: &Key) -> PacSummary {
        let other = |key: &Key| {
            let bytes = key.expose_bytes().iter().map(|byte| byte ^ 0x55);
            Key::from_bytes(key.etype(), &bytes.collect::<Vec<_>>())
                .expect("the key length fits the enctype")
        };
        let forged = self.verify(&other(&self.key), kdc_key);
        assert_eq!(forged, Err(PacError::ServerChecksum));
        let forged = self.verify(&self.key, &other(kdc_key));
        assert_eq!(forged, Err(PacError::KdcChecksum));
        self.verify(&self.key, kdc_key).expect("the PAC verifies")
    }
}

/// The credential for `server` in a cache.
fn cached(cache: &Path, server: &Principal) -> Credential {
    let mut cache = CcacheFile::new(cache)
        .open()
        .expect("the ccache can be opened");
    loop {
        let entry = cache.next().expect("the ccache is well-formed");
        let credential = entry.expect("the cache has the ticket").to_credential();
        if credential.server == *server {
            return credential;
        }
    }
}

/// The decrypted part; with triple DES it is followed by padding.
fn enc_ticket_part(plain: &[u8]) -> EncTicketPart<'_> {
    EncTicketPart::decode(&mut Reader::new(plain)).expect("the EncTicketPart decodes")
}

/// The key of `principal` with this type.
fn key(keytab: &Path, principal: &Principal, etype: EncryptionType) -> Key {
    let keys = KeytabFile::new(keytab)
        .keys_for(principal)
        .expect("the keytab has keys of the principal");
    let entry = keys.iter().find(|entry| entry.key.etype() == etype);
    Key::new(&entry.expect("the keytab has a key of this enctype").key).expect("the key is valid")
}

/// The key of `principal` that a KDC uses, which is the first one.
fn first_key(keytab: &Path, principal: &str) -> Key {
    let principal = Principal::parse(principal).expect("the principal name is valid");
    let entries = KeytabFile::new(keytab)
        .entries()
        .expect("the keytab is readable");
    let entry = entries.iter().find(|entry| entry.principal == principal);
    Key::new(&entry.expect("the keytab has a key of the principal").key).expect("the key is valid")
}

/// MIT's PACs contain only the client's name, and this is not an error.
#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn pac_signatures_of_mits_kdc_verify_with_every_etype() {
    let realm = MitRealm::start();
    let place = realm.place();
    let kdc_keytab = place.text("krbtgt.keytab");
    realm.administer(&format!("ktadd -norandkey -k {kdc_keytab} krbtgt/MIT.TEST"));
    let kdc_key = first_key(Path::new(&kdc_keytab), "krbtgt/MIT.TEST@MIT.TEST");
    let kinit = place.mit("kinit").arg("alice").stdin("wonderland\n");
    kinit.run().success();
    for (short, _) in ETYPES {
        let service = format!("only/{short}");
        place.mit("kvno").arg(&service).run().success();
        let keytab = realm.keytab("only");
        let opened = Opened::new(&place, &format!("{service}@MIT.TEST"), &keytab);
        // CLIENT_INFO, TICKET_CHECKSUM, SERVER_CHECKSUM, KDC_CHECKSUM; newer versions also have a
        // full checksum.
        assert!(opened.types().starts_with(&[10, 16, 6, 7]), "{short}");
        assert_eq!(opened.summary(&kdc_key), PacSummary::default(), "{short}");
    }

    // For user-to-user, the service's key is the session key of its TGT.
    let kinit = place.mit("kinit").line("-c theirs u2u-only");
    kinit.stdin("pw-u2u-only\n").run().success();
    place
        .mit("kvno")
        .line("--u2u theirs u2u-only")
        .run()
        .success();
    let named = |name: &str| Principal::parse(name).expect("the principal name is valid");
    let tgt = cached(&place.path("theirs"), &named("krbtgt/MIT.TEST@MIT.TEST"));
    let key = Key::new(&tgt.session_key).expect("the key is valid");
    let ticket = cached(place.cache(), &named("u2u-only@MIT.TEST")).ticket;
    let opened = Opened::with(key, &ticket);
    assert_eq!(opened.summary(&kdc_key), PacSummary::default());
}

fn log_in(place: &Place, user: &str, password: &str, service: &str) {
    let kinit = place.mit("kinit").arg(user);
    kinit.stdin(format!("{password}\n")).run().success();
    place.mit("kvno").arg(service).run().success();
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs Samba, and root: cargo xtask install"
)]
fn pacs_of_active_directory_verify_and_are_decoded() {
    let realm = SambaRealm::start();
    let kdc_key = first_key(&realm.keytab("krbtgt"), "krbtgt/AD.TEST@AD.TEST");

    // Keys of all types.
    let place = realm.place();
    for (service, keytab) in [
        ("HTTP/web.ad.test", "svc-web"),
        ("HTTP/aes128.ad.test", "svc-aes128"),
        ("HTTP/rc4.ad.test", "svc-rc4"),
    ] {
        log_in(&place, "carol", "pw-carol", service);
        let opened = Opened::new(&place, &format!("{service}@AD.TEST"), &realm.keytab(keytab));
        assert_eq!(opened.types(), [1, 10, 12, 6, 7, 16, 19], "{service}");
        let summary = opened.summary(&kdc_key);
        let user = summary.user_sid.expect("the PAC has the SID");
        let group = summary.primary_group_sid.expect("the PAC has the SID");
        assert_eq!(
            (group.parent(), group.relative_id()),
            (user.parent(), Some(513))
        );
        // The second SID says that the user proved its identity (MS-DTYP §2.4.2.4).
        let groups: Vec<_> = summary.group_sids.iter().map(ToString::to_string).collect();
        assert_eq!(groups, [group.to_string(), "S-1-18-1".into()]);
        let names = [
            summary.sam_account_name,
            summary.domain,
            summary.dns_domain,
            summary.upn,
        ];
        let expected = ["carol", "ADTEST", "AD.TEST", "carol.jones@corp.example"];
        assert_eq!(
            names,
            expected.map(|name| Some(name.to_owned())),
            "{service}"
        );
    }

    // 200 groups and Domain Users.
    log_in(&place, "member", "pw-member", "HTTP/web.ad.test");
    let web = realm.keytab("svc-web");
    let opened = Opened::new(&place, "HTTP/web.ad.test@AD.TEST", &web);
    let summary = opened.summary(&kdc_key);
    assert_eq!(summary.group_sids.len(), 202);

    // A service that acts for a user (S4U2Proxy).
    let kinit = place.mit("kinit").line("-f -k -t").arg(&web);
    kinit.arg("svc-web").run().success();
    place
        .mit("kvno")
        .line("-U alice -P ldap/back.ad.test")
        .run()
        .success();
    let opened = Opened::new(
        &place,
        "ldap/back.ad.test@AD.TEST",
        &realm.keytab("svc-back"),
    );
    let summary = opened.summary(&kdc_key);
    assert_eq!(summary.sam_account_name.as_deref(), Some("alice"));
    assert_eq!(summary.delegated_through, ["svc-web@AD.TEST"]);
}

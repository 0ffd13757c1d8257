//! KRB-CRED in both directions with MIT's own library: MIT's tools use a TGT that our client
//! forwarded, and ours use one that MIT's library sent.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use kerberos_asn1::TicketFlags;
use kerberos_client::{Client, Config};
use kerberos_crypto::{EncryptionType, Key};
use kerberos_files::ccache::{CcacheBuilder, CcacheFile, CcacheName, Header, Version};
use kerberos_proto::{CredProtection, CredReceiver, CredSender, Credential, Timestamp};
use rand_core::UnwrapErr;
use test_support::{ETYPES, Finished, MitRealm, Place};

/// A place where alice has a forwardable TGT in the cache.
fn log_in(realm: &MitRealm) -> Place {
    let place = realm.place();
    let kinit = place.mit("kinit").line("-f alice").stdin("wonderland\n");
    kinit.run().success();
    place
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.expect("the clock is after 1970");
    let seconds = i64::try_from(since.as_secs()).expect("the clock is after 1970");
    Timestamp::new(seconds, since.subsec_micros())
}

/// The key shared by both sides; `None` for an unencrypted message.
type Shared<'k> = Option<&'k Key>;

/// Lets MIT's library read `message`, or write it.
fn library(place: &Place, verb: &str, key: Shared<'_>, cache: &str) -> Finished {
    let script = place.write("library.py", include_str!("krb_cred/mit_library.py"));
    let hex = |byte: &u8| format!("{byte:02x}");
    let (etype, key) = match key {
        Some(key) => (key.etype().0, key.expose_bytes().iter().map(hex).collect()),
        None => (0, String::from("-")),
    };
    let python = place.program("/usr/bin/python3").arg(script).arg(verb);
    let python = python.arg(etype.to_string()).arg(key).arg(cache);
    python.arg("message").run().success()
}

/// Keys of all types, and no key.
fn keys() -> Vec<Option<Key>> {
    let numbers = [18, 17, 20, 19, 26, 25, 23, 16].map(EncryptionType);
    assert_eq!(numbers.len(), ETYPES.len());
    let key =
        |etype| Key::generate(etype, &mut UnwrapErr(SysRng)).expect("the enctype is supported");
    numbers
        .map(|etype| Some(key(etype)))
        .into_iter()
        .chain([None])
        .collect()
}

#[test]
#[cfg_attr(
    not(all(mit, python)),
    ignore = "needs MIT's KDC and Python: cargo xtask install"
)]
fn mits_library_accepts_our_krb_cred() {
    let realm = MitRealm::start();
    let place = log_in(&realm);
    let conf = fs::read_to_string(place.path("krb5.conf")).expect("krb5.conf is readable");
    let client = Client::new(Config::parse(&conf).expect("krb5.conf is valid"));
    let cache = CcacheName::file(place.cache().to_str().expect("the path is UTF-8"));
    let forwarded = client
        .forward(&cache, Vec::new(), true)
        .expect("the KDC forwards the TGT");
    assert!(forwarded.flags.contains(TicketFlags::FORWARDED));
    for key in keys() {
        let protection = key
            .as_ref()
            .map_or(CredProtection::DangerousNone, CredProtection::Key);
        let mut sender = CredSender::new(protection);
        sender.sequence_number = Some(0);
        let credentials = [forwarded.clone()];
        let message = sender.message(&credentials, &mut UnwrapErr(SysRng), now());
        place.write("message", message.expect("the KRB-CRED message is built"));
        library(&place, "take", key.as_ref(), "delegated");
        // The session key works: the KDC issues a ticket for it.
        place
            .mit("kvno")
            .line("-c delegated host/a.mit.test")
            .run()
            .success();
        let listed = place
            .mit("klist")
            .line("-f delegated")
            .run()
            .success()
            .stdout();
        assert!(
            listed.contains("Default principal: alice@MIT.TEST"),
            "{listed}"
        );
        assert!(listed.contains("Flags: FfA"), "{listed}");
        fs::remove_file(place.path("delegated")).expect("the file was created");
    }
}

#[test]
#[cfg_attr(
    not(all(mit, python)),
    ignore = "needs MIT's KDC and Python: cargo xtask install"
)]
fn our_library_accepts_mits_krb_cred() {
    let realm = MitRealm::start();
    let place = log_in(&realm);
    let cache = place
        .cache()
        .to_str()
        .expect("the path is UTF-8")
        .to_owned();
    let sent = {
        let mut reader = CcacheFile::new(place.cache())
            .open()
            .expect("the ccache can be opened");
        loop {
            let entry = reader
                .next()
                .expect("the ccache is well-formed")
                .expect("the ccache has a TGT");
            let credential = entry.to_credential();
            if credential.server.is_krbtgt() {
                break credential;
            }
        }
    };
    for key in keys() {
        library(&place, "make", key.as_ref(), &cache);
        let message = fs::read(place.path("message")).expect("the message was written");
        let mut service = CredReceiver::new();
        service.keys.extend(&key);
        service.accept_unprotected = key.is_none();
        service.clock_skew = Some(300);
        service.sequence_number = Some(0);
        let received = service
            .credentials(&message, now())
            .expect("MIT's KRB-CRED message is accepted");
        let [credential] = &received.credentials[..] else {
            panic!("expected one credential: {received:?}");
        };
        assert_eq!(shown(credential), shown(&sent));

        // MIT's tools can use what we received.
        let mut builder = CcacheBuilder::new(&Header::new(Version::V4, None), &credential.client)
            .expect("the credential fits into a ccache");
        builder
            .credential(credential)
            .expect("the credential fits into a ccache");
        let file = CcacheFile::new(place.path("delegated"));
        file.replace_with(&builder).expect("the folder is writable");
        place
            .mit("kvno")
            .line("-c delegated host/a.mit.test")
            .run()
            .success();
    }
}

/// All parts of a credential.
fn shown(credential: &Credential) -> String {
    let key = credential.session_key.expose_bytes();
    format!("{credential:?} {key:?}")
}

//! A service on this machine: a keytab that changes, its replay cache, its settings.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests panic"
)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use kerberos_asn1::{
    AddressType, Decode, EncTicketPart, ErrorCode, KerberosString, KrbError, SequenceOf,
    TicketFlags,
};
use kerberos_client::kerberos_files::keytab::{KeytabEntry, KeytabError, KeytabFile, KeytabName};
use kerberos_client::kerberos_files::rcache::RcacheError;
use kerberos_client::kerberos_proto::{
    Accepted, ApError, ApInitiator, ApRequestOptions, ClockOffset, Credential, Principal,
    TicketTimes, TransitPolicy,
};
use kerberos_client::{ClientError, Config, ServiceAcceptor, now, system_rng};
use kerberos_crypto::{EncryptionType, Key, KeyBlock};
use kerberos_testkdc::forge::{enc_ticket_part, seal};
use test_support::TempDir;

const AES256: EncryptionType = EncryptionType::AES256_CTS_HMAC_SHA1_96;
const AES128: EncryptionType = EncryptionType::AES128_CTS_HMAC_SHA1_96;

/// A service with a folder for its files.
struct Service {
    folder: TempDir,
}

impl Service {
    /// A service whose keytab has these keys of HTTP/www@R.
    fn new(keys: &[(u32, EncryptionType)]) -> Self {
        let service = Self {
            folder: TempDir::new(),
        };
        service.keytab().add(&entries(keys)).unwrap();
        service
    }

    fn keytab(&self) -> KeytabFile {
        KeytabFile::new(self.folder.join("keytab"))
    }

    fn config(&self, text: &str) -> Config {
        let keytab = self.keytab().path().display().to_string();
        let config = Config::parse(text).unwrap().with_keytab_name(keytab);
        config.with_rcache_folder(self.folder.path())
    }

    fn acceptor(&self) -> ServiceAcceptor {
        ServiceAcceptor::new(&self.config("")).unwrap()
    }
}

fn server() -> Principal {
    Principal::parse("HTTP/www@R").unwrap()
}

fn key(kvno: u32, etype: EncryptionType) -> KeyBlock {
    let length = if etype == AES256 { 32 } else { 16 };
    KeyBlock::new(etype, vec![u8::try_from(kvno).unwrap(); length])
}

fn entries(keys: &[(u32, EncryptionType)]) -> Vec<KeytabEntry> {
    keys.iter()
        .map(|&(kvno, etype)| KeytabEntry {
            principal: server(),
            timestamp: 0,
            kvno,
            key: key(kvno, etype),
        })
        .collect()
}

/// An AP-REQ with a ticket encrypted in the service's key of this version.
fn request(kvno: u32) -> Vec<u8> {
    request_with(kvno, &ApRequestOptions::default(), |_| {})
}

fn request_with(
    kvno: u32,
    options: &ApRequestOptions,
    edit: impl Fn(&mut EncTicketPart<'_>),
) -> Vec<u8> {
    let mut rng = system_rng().unwrap();
    let session = Key::generate(AES256, &mut rng).unwrap();
    let client = Principal::parse("alice@R").unwrap();
    let server = server();
    let (realm, sname) = (KerberosString(server.realm()), server.to_wire());
    let crealm = KerberosString(client.realm());
    let mut part = enc_ticket_part(crealm, client.to_wire(), &session, now().seconds);
    edit(&mut part);
    let service_key = Key::new(&key(kvno, AES256)).unwrap();
    let ticket = seal(&part, realm, sname, (&service_key, Some(kvno)), &mut rng);
    let credential = Credential {
        client: client.clone(),
        server: server.clone(),
        session_key: session.to_block(),
        times: TicketTimes::default(),
        is_skey: false,
        flags: TicketFlags::empty(),
        addresses: Vec::new(),
        authorization_data: Vec::new(),
        ticket,
        second_ticket: Vec::new(),
    };
    let (_, message) = ApInitiator::start(&credential, options, &mut rng, now()).unwrap();
    message
}

fn refused(result: Result<Accepted, ApError>) -> ApError {
    result.unwrap_err()
}

#[test]
fn a_rotated_keytab_needs_no_restart() {
    let service = Service::new(&[(3, AES256)]);
    let acceptor = service.acceptor();
    acceptor.accept(&request(3), None).unwrap();
    let error = refused(acceptor.accept(&request(4), None));
    assert!(
        matches!(&error, ApError::KeyVersion { kvno: 4, present, .. } if present == &[3]),
        "{error:?}"
    );
    let hint = ServiceAcceptor::hint(&error).unwrap();
    assert!(
        hint.starts_with("the keys have version 3, but the ticket needs 4"),
        "{hint}"
    );
    // The key is added in place, as kadmin's ktadd does it; the ticket that needs it finds it.
    service.keytab().add(&entries(&[(4, AES256)])).unwrap();
    acceptor.accept(&request(4), None).unwrap();
    acceptor.accept(&request(3), None).unwrap();
    // Or another file takes its place, as deployment tools do it.
    let other = KeytabFile::new(service.folder.join("other"));
    other.add(&entries(&[(5, AES256)])).unwrap();
    fs::rename(other.path(), service.keytab().path()).unwrap();
    acceptor.accept(&request(5), None).unwrap();
    let error = refused(acceptor.accept(&request(4), None));
    assert!(
        matches!(error, ApError::KeyVersion { kvno: 4, .. }),
        "{error:?}"
    );
}

#[test]
fn removed_key_is_no_longer_accepted() {
    let service = Service::new(&[(3, AES256), (4, AES256)]);
    let acceptor = service.acceptor();
    acceptor.accept(&request(3), None).unwrap();
    service.keytab().remove(|entry| entry.kvno() == 3).unwrap();
    // The change is noticed within a second or two; a busy machine may take longer.
    let deadline = now().seconds + 30;
    while acceptor.accept(&request(3), None).is_ok() {
        assert!(
            now().seconds < deadline,
            "the removed key is still accepted"
        );
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    acceptor.accept(&request(4), None).unwrap();
}

#[test]
fn half_written_keytab_keeps_old_keys_but_missing_one_does_not() {
    let service = Service::new(&[(3, AES256)]);
    let acceptor = service.acceptor();
    let path = service.keytab().path().to_owned();
    let whole = fs::read(&path).unwrap();
    // Half a copy: the keys in memory stay in use, and the file is read once it is whole.
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    acceptor.accept(&request(3), None).unwrap();
    let error = refused(acceptor.accept(&request(4), None));
    assert!(matches!(error, ApError::Keys(_)), "{error:?}");
    let told = ServiceAcceptor::refusal(&error, &server());
    let told = KrbError::from_der(&told).unwrap();
    assert_eq!(told.error_code, ErrorCode::KRB_ERR_GENERIC);
    acceptor.accept(&request(3), None).unwrap();
    fs::remove_file(&path).unwrap();
    service
        .keytab()
        .add(&entries(&[(3, AES256), (4, AES256)]))
        .unwrap();
    acceptor.accept(&request(4), None).unwrap();
    // When the file is gone, so are the keys, at the first request that checks it.
    fs::remove_file(&path).unwrap();
    let error = refused(acceptor.accept(&request(5), None));
    let hint = ServiceAcceptor::hint(&error).unwrap();
    assert!(hint.contains("ktadd"), "{hint}");
    let error = refused(acceptor.accept(&request(4), None));
    assert!(error.to_string().ends_with("keytab' not found"), "{error}");
    let error = ServiceAcceptor::new(&service.config("")).unwrap_err();
    assert!(
        matches!(error, ClientError::Keytab(KeytabError::NotFound { .. })),
        "{error:?}"
    );
}

#[test]
fn damaged_keytab_entry_does_not_hide_valid_entries() {
    let service = Service::new(&[(3, AES256)]);
    let path = service.keytab().path().to_owned();
    let mut bytes = fs::read(&path).unwrap();
    // A record that cannot be an entry, one that can, and a torn one.
    bytes.extend(b"\0\0\0\x04\xff\xff\xff\xff");
    let other = KeytabFile::new(service.folder.join("other"));
    other.add(&entries(&[(4, AES256)])).unwrap();
    bytes.extend(&fs::read(other.path()).unwrap()[2..]);
    bytes.extend(b"\0\0\0\x50\0\x02");
    fs::write(&path, &bytes).unwrap();
    let acceptor = service.acceptor();
    acceptor.accept(&request(3), None).unwrap();
    acceptor.accept(&request(4), None).unwrap();
    // If nothing else is in the file, it is an error.
    fs::write(&path, b"\x05\x02\0\0\0\x04\xff\xff\xff\xff").unwrap();
    let error = ServiceAcceptor::new(&service.config("")).unwrap_err();
    assert!(
        matches!(error, ClientError::Keytab(KeytabError::Format { .. })),
        "{error:?}"
    );
}

/// Once nobody can still be writing it, a damaged keytab is used as it is.
#[test]
fn valid_keys_of_a_damaged_rotated_keytab_are_used() {
    let service = Service::new(&[(3, AES256)]);
    let acceptor = service.acceptor();
    let path = service.keytab().path().to_owned();
    service.keytab().add(&entries(&[(4, AES256)])).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend(b"\0\0\0\x50\0\x02");
    fs::write(&path, bytes).unwrap();
    let deadline = now().seconds + 30;
    while acceptor.accept(&request(4), None).is_err() {
        assert!(now().seconds < deadline, "the new key is still refused");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    acceptor.accept(&request(3), None).unwrap();
}

#[test]
fn unusable_keys_in_the_keytab_are_ignored() {
    let service = Service::new(&[(3, AES256)]);
    let odd = |etype, length| KeytabEntry {
        principal: server(),
        timestamp: 0,
        kvno: 3,
        key: KeyBlock::new(etype, vec![1; length]),
    };
    let odd = [
        odd(EncryptionType::DES_CBC_CRC, 8),
        odd(AES128, 5),
        odd(EncryptionType(-7), 3),
    ];
    service.keytab().add(&odd).unwrap();
    service.acceptor().accept(&request(3), None).unwrap();
}

#[test]
fn krb5_conf_settings_apply_to_the_acceptor() {
    let service = Service::new(&[(3, AES256)]);
    let with = |text: &str| ServiceAcceptor::new(&service.config(text)).unwrap();
    let strict = with("[libdefaults]\npermitted_enctypes = aes128-cts\n");
    let error = refused(strict.accept(&request(3), None));
    assert!(matches!(error, ApError::EtypeNotPermitted(AES256)));
    let mut ahead = ApRequestOptions::default();
    ahead.kdc_offset = Some(ClockOffset {
        seconds: 600,
        microseconds: 0,
    });
    let ahead = |_: u32| request_with(3, &ahead, |_| {});
    let error = refused(with("").accept(&ahead(3), None));
    assert!(
        matches!(error, ApError::ClockSkew { limit: 300, .. }),
        "{error:?}"
    );
    with("[libdefaults]\nclockskew = 900\n")
        .accept(&ahead(3), None)
        .unwrap();

    let other = Principal::parse("nfs/www@R").unwrap();
    let error = refused(with("").with_server(other).accept(&request(3), None));
    assert!(matches!(error, ApError::NoKeys { .. }));
    let any_host = Principal::new(kerberos_asn1::NameType::SRV_HST, ["HTTP", "another"], "R");
    let lenient = with("[libdefaults]\nignore_acceptor_hostname = true\n");
    let lenient = lenient.with_server(any_host.clone());
    lenient.accept(&request(3), None).unwrap();
    let error = refused(with("").with_server(any_host).accept(&request(3), None));
    assert!(matches!(error, ApError::NoKeys { .. }));

    let mut paths = with("[capaths]\nA = {\nR = B\n}\n");
    let expected = TransitPolicy::default().with_path("A", "R", ["B"]);
    assert_eq!(paths.settings().transit, expected);

    let config = service.config("[libdefaults]\ndefault_rcache_name = rcache\n");
    let error = ServiceAcceptor::new(&config).unwrap_err();
    assert!(matches!(error, ClientError::RcacheName(_)));
    assert!(error.hint().unwrap().contains("file2:PATH"));
    let name = KeytabName::parse("MEMORY:x").unwrap();
    let error = ServiceAcceptor::from_keytab(&config, &name).unwrap_err();
    assert!(matches!(error, ClientError::KeytabName(_)));
}

#[test]
fn ticket_addresses_are_checked_against_the_peer() {
    let service = Service::new(&[(3, AES256)]);
    let acceptor = service.acceptor();
    let bound = || {
        request_with(3, &ApRequestOptions::default(), |part| {
            part.caddr = Some(SequenceOf::from(vec![kerberos_asn1::HostAddress {
                addr_type: AddressType::IPV4,
                address: &[192, 0, 2, 1],
            }]));
        })
    };
    for good in ["192.0.2.1", "::ffff:192.0.2.1"] {
        let peer = good.parse().unwrap();
        acceptor.accept(&bound(), Some(peer)).unwrap();
    }
    acceptor.accept(&bound(), None).unwrap();
    for bad in ["192.0.2.2", "::1"] {
        let peer = bad.parse().unwrap();
        let error = refused(acceptor.accept(&bound(), Some(peer)));
        assert!(matches!(error, ApError::Address), "{bad}");
    }
}

#[test]
fn replays_are_refused_as_the_configuration_says() {
    let service = Service::new(&[(3, AES256)]);
    let check = |name: &str, shared: bool, refused: bool| {
        let config = service.config("").with_rcache_name(name);
        let acceptor = || ServiceAcceptor::new(&config).unwrap();
        let (first, second, message) = (acceptor(), acceptor(), request(3));
        first.accept(&message, None).unwrap();
        let again =
            |by: &ServiceAcceptor| matches!(by.accept(&message, None), Err(ApError::Replay));
        assert_eq!(again(&second), shared, "{name}");
        assert_eq!(again(&first), refused, "{name}");
    };
    check("dfl:", true, true);
    let file = format!("file2:{}", service.folder.join("rcache").display());
    check(&file, true, true);
    check("none:", false, false);
    let mut names: Vec<_> = fs::read_dir(service.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let uid = fs::metadata("/proc/self").unwrap().uid();
    assert_eq!(names, ["keytab", &format!("krb5_{uid}.rcache2"), "rcache"]);

    let missing = service.config("").with_rcache_name("file2:/no/such/folder");
    let acceptor = ServiceAcceptor::new(&missing).unwrap();
    let error = refused(acceptor.accept(&request(3), None));
    let ApError::ReplayCache(inner) = &error else {
        panic!("{error:?}");
    };
    assert!(inner.is::<RcacheError>());
    let hint = ServiceAcceptor::hint(&error).unwrap();
    assert!(hint.contains("default_rcache_name"), "{hint}");
    let memory = acceptor.with_memory_replay_cache();
    let message = request(3);
    memory.accept(&message, None).unwrap();
    let error = refused(memory.accept(&message, None));
    assert!(matches!(error, ApError::Replay));
}

#[test]
fn request_is_accepted_once_across_threads() {
    const THREADS: usize = 16;
    let service = Service::new(&[(3, AES256)]);
    let file = service.acceptor();
    let memory = service.acceptor().with_memory_replay_cache();
    for acceptor in [&file, &memory] {
        let messages: Vec<_> = (0..40).map(|_| request(3)).collect();
        let accepted: Vec<_> = messages.iter().map(|_| AtomicUsize::new(0)).collect();
        let start = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    for (message, accepted) in messages.iter().zip(&accepted) {
                        match acceptor.accept(message, None) {
                            Ok(_) => accepted.fetch_add(1, Ordering::Relaxed),
                            Err(ApError::Replay) => 0,
                            Err(error) => panic!("{error}"),
                        };
                    }
                });
            }
        });
        assert!(
            accepted
                .iter()
                .all(|count| count.load(Ordering::Relaxed) == 1),
            "{accepted:?}"
        );
    }
}

/// A service learns at its start that it cannot accept anybody, and not from its first client.
#[test]
fn check_fails_when_the_service_has_no_keys() {
    let service = Service::new(&[(3, AES256)]);
    let acceptor = service.acceptor().with_memory_replay_cache();
    acceptor.check().unwrap();
    acceptor.clone().with_server(server()).check().unwrap();
    let another = Principal::parse("nfs/www@R").unwrap();
    let error = acceptor.clone().with_server(another).check().unwrap_err();
    assert!(error.is_own_fault() && matches!(error, ApError::NoKeys { server: Some(_) }));
    let hint = ServiceAcceptor::hint(&error).unwrap();
    assert!(hint.contains("keytab"), "{hint}");
    // No ticket could be in the key that there is.
    let config = service.config("[libdefaults]\npermitted_enctypes = aes128-cts\n");
    let error = ServiceAcceptor::new(&config).unwrap().check().unwrap_err();
    assert!(matches!(error, ApError::NoKeys { .. }), "{error:?}");
    // Half a copy of the keytab: clients are accepted with the keys in memory.
    let whole = fs::read(service.keytab().path()).unwrap();
    fs::write(service.keytab().path(), &whole[..whole.len() / 2]).unwrap();
    acceptor.check().unwrap();
    acceptor.accept(&request(3), None).unwrap();

    fs::write(service.keytab().path(), b"\x05\x02").unwrap();
    let error = service.acceptor().check().unwrap_err();
    assert!(error.is_own_fault() && matches!(error, ApError::NoKeys { server: None }));
    fs::remove_file(service.keytab().path()).unwrap();
    let error = acceptor.check().unwrap_err();
    assert!(matches!(error, ApError::Keys(_)), "{error:?}");
}

//! Tickets for services against the embedded KDC: from the cache by the rules of MIT's library,
//! from the KDC when the cache has none, and back into the cache.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::thread;
use std::time::Duration;

use kerberos_asn1::{ErrorCode, KerberosTime, NameType, TicketFlags};
use kerberos_client::{Client, ClientError, Config, TicketRequest};
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_files::ccache::{CcacheFile, CcacheName, ConfigEntry};
use kerberos_proto::{Credential, ExchangeError, Login, Password, Principal, Secret};
use kerberos_testkdc::{Account, Fault, TestKdc};
use test_support::TempDir;

const REALM: &str = "EXAMPLE.COM";
const HOST: &str = "host/www.example.com@EXAMPLE.COM";
const AES128: EncryptionType = EncryptionType::AES128_CTS_HMAC_SHA1_96;
const AES256: EncryptionType = EncryptionType::AES256_CTS_HMAC_SHA1_96;

/// A KDC, a client of it, and a cache with a TGT that is deleted when the test ends.
struct Fixture {
    kdc: TestKdc,
    client: Client,
    name: CcacheName,
    file: CcacheFile,
    _folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self::with("")
    }

    fn with(libdefaults: &str) -> Self {
        let kdc = TestKdc::builder(REALM)
            .principal("user", "password")
            .principal("bob", "password")
            .service("host/www.example.com")
            .account(Account::new("host/other.example.com"))
            .start()
            .unwrap();
        let folder = TempDir::new();
        let path = folder.join("cache");
        let name = CcacheName::file(path.to_str().unwrap());
        let text = format!("{}\n[libdefaults]\n{libdefaults}\n", kdc.krb5_conf());
        let client = Client::new(Config::parse(&text).unwrap());
        let fixture = Self {
            kdc,
            client,
            name,
            file: CcacheFile::new(path),
            _folder: folder,
        };
        fixture.log_in("user");
        fixture.kdc.forget_requests();
        fixture
    }

    fn log_in(&self, user: &str) {
        let login = self.login(user);
        self.client.store(&login, &self.name).unwrap();
    }

    fn login(&self, user: &str) -> Login {
        let principal = self.client.principal(user).unwrap();
        let mut params = self.client.as_params(principal).unwrap();
        params.renew_lifetime = Some(7 * 24 * 3600);
        params.options.forwardable = true;
        let secret = Secret::Password(Password::new("password"));
        self.client.login(params, secret).unwrap()
    }

    fn get(&self, request: &TicketRequest) -> Result<Credential, ClientError> {
        self.client.ticket(&self.name, request)
    }

    fn asked(&self) -> usize {
        let asked = self.kdc.requests().len();
        self.kdc.forget_requests();
        asked
    }

    fn entries(&self) -> Vec<Credential> {
        let mut reader = self.file.open().unwrap();
        let mut entries = Vec::new();
        while let Some(view) = reader.next().unwrap() {
            if !view.is_config() {
                entries.push(view.to_credential());
            }
        }
        entries
    }

    /// Adds the TGT to the cache as modified by `edit`.
    fn add(&self, edit: impl FnOnce(&mut Credential)) {
        let mut entry = self.entries().remove(0);
        edit(&mut entry);
        self.file.append([&entry]).unwrap();
    }
}

fn principal(name: &str) -> Principal {
    Principal::parse(name).unwrap()
}

fn host() -> TicketRequest {
    TicketRequest::new(principal(HOST))
}

fn cached(mut request: TicketRequest) -> TicketRequest {
    request.cached_only = true;
    request
}

fn in_an_hour() -> KerberosTime {
    KerberosTime::from_unix(kerberos_client::now().seconds + 3600)
}

#[test]
fn ticket_comes_from_the_kdc_once_then_the_cache() {
    let fixture = Fixture::new();
    let first = fixture.get(&host()).unwrap();
    assert_eq!(fixture.asked(), 1);
    assert_eq!(first.server, principal(HOST));
    let again = fixture.get(&cached(host())).unwrap();
    assert_eq!((again.ticket, fixture.asked()), (first.ticket, 0));
    assert_eq!(fixture.entries().len(), 2);
}

#[test]
fn no_store_ticket_is_not_written_to_the_cache() {
    let fixture = Fixture::new();
    let mut request = host();
    request.no_store = true;
    fixture.get(&request).unwrap();
    assert_eq!(fixture.entries().len(), 1);
    match fixture.get(&cached(host())) {
        Err(error @ ClientError::NoCredential { .. }) => assert_eq!(
            error.to_string(),
            format!(
                "Matching credential not found (filename: {})",
                fixture.file.path().display()
            )
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(fixture.asked(), 1);
}

#[test]
fn several_tickets_can_be_requested_in_one_call() {
    let fixture = Fixture::new();
    let other = TicketRequest::new(principal("host/other.example.com@EXAMPLE.COM"));
    let unknown = TicketRequest::new(principal("host/none@EXAMPLE.COM"));
    fixture.get(&other).unwrap();
    fixture.asked();
    let requests = [host(), other, unknown, host()];
    let results = fixture.client.tickets(&fixture.name, &requests).unwrap();
    let [
        Ok(first),
        Ok(second),
        Err(ClientError::Exchange(error)),
        Ok(fourth),
    ] = &results[..]
    else {
        panic!("{results:?}");
    };
    assert_eq!(
        second.server.to_string(),
        "host/other.example.com@EXAMPLE.COM"
    );
    assert_eq!(
        error.kdc_code(),
        Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN)
    );
    assert_eq!(first.ticket, fourth.ticket);
    assert_eq!(fixture.entries().len(), 3);
    assert!(
        fixture
            .client
            .tickets(&fixture.name, &[])
            .unwrap()
            .is_empty()
    );
}

#[test]
fn only_valid_matching_tickets_are_taken_from_the_cache() {
    type Spoil = fn(&mut Credential);
    let misfits: [(&str, Spoil); 7] = [
        ("expired", |entry| {
            entry.times.endtime = KerberosTime::from_unix(kerberos_client::now().seconds - 60);
        }),
        ("user-to-user", |entry| {
            entry.is_skey = true;
            entry.second_ticket = b"second".to_vec();
        }),
        ("on behalf of itself", |entry| {
            entry.second_ticket = b"the evidence".to_vec();
        }),
        ("of another client", |entry| {
            entry.client = principal("bob@EXAMPLE.COM");
        }),
        ("of another realm", |entry| {
            entry.server = principal(HOST).with_realm("OTHER.COM");
        }),
        ("with restrictions", |entry| {
            entry.authorization_data = vec![kerberos_proto::AuthorizationDataElement {
                ad_type: kerberos_asn1::AuthorizationDataType(1),
                ad_data: b"x".to_vec(),
            }];
        }),
        ("removed", |entry| {
            entry.times.endtime = KerberosTime::from_unix(0);
        }),
    ];
    for (what, spoil) in misfits {
        let fixture = Fixture::new();
        fixture.add(|entry| {
            entry.server = principal(HOST);
            spoil(entry);
        });
        let result = fixture.get(&cached(host()));
        assert!(
            matches!(result, Err(ClientError::NoCredential { .. })),
            "{what}: {result:?}"
        );
    }
    let fixture = Fixture::new();
    fixture.add(|entry| entry.server = principal(HOST));
    fixture.get(&cached(host())).unwrap();
}

#[test]
fn best_enctype_then_latest_endtime_is_preferred() {
    let fixture = Fixture::new();
    let entry = |key: EncryptionType, seconds: i64, ticket: &'static [u8]| {
        fixture.add(|entry| {
            entry.server = principal(HOST);
            entry.session_key = KeyBlock::new(key, vec![7; 16]);
            entry.times.endtime = KerberosTime::from_unix(in_an_hour().unix() + seconds);
            entry.ticket = ticket.to_vec();
        });
    };
    entry(AES128, 100, b"small");
    entry(AES256, 0, b"first");
    entry(AES256, 50, b"lasting");
    entry(AES256, 20, b"last");
    assert_eq!(fixture.get(&cached(host())).unwrap().ticket, b"lasting");
    // Unless another type of key is asked for.
    let mut request = cached(host());
    request.etypes = vec![AES128];
    assert_eq!(fixture.get(&request).unwrap().ticket, b"small");
    // Keys of types that krb5.conf does not allow are a different error from no ticket at all.
    let fixture = Fixture::with("permitted_enctypes = aes256-cts");
    fixture.add(|entry| {
        entry.server = principal(HOST);
        entry.session_key = KeyBlock::new(AES128, vec![7; 16]);
    });
    match fixture.get(&cached(host())) {
        Err(error @ ClientError::NoCredentialOfEtype { .. }) => assert!(
            error
                .to_string()
                .starts_with("No credentials found with supported encryption types (filename: ")
        ),
        other => panic!("{other:?}"),
    }
    // The same for a TGT whose key cannot be used.
    let fixture = Fixture::with("default_tgs_enctypes = aes128-cts");
    let Err(ClientError::NoCredentialOfEtype { server, .. }) = fixture.get(&host()) else {
        panic!("expected an error about the enctype of the TGT's key");
    };
    assert!(server.is_krbtgt());
}

#[test]
fn ticket_for_a_realmless_name_is_cached_under_that_name() {
    let fixture = Fixture::new();
    let nameless = Principal::new(NameType::SRV_HST, ["host", "www.example.com"], "");
    let request = TicketRequest::new(nameless.clone());
    let first = fixture.get(&request).unwrap();
    assert_eq!(first.server, nameless);
    assert_eq!(
        fixture.entries()[1].server.to_string(),
        "host/www.example.com@"
    );
    // As in MIT's library, a request with a realm does not find it, but the other way round it is
    // found.
    assert!(fixture.get(&cached(host())).is_err());
    let fixture = Fixture::new();
    fixture.get(&host()).unwrap();
    fixture.get(&cached(request)).unwrap();
}

#[test]
fn user_to_user_ticket_matches_only_its_second_ticket() {
    let fixture = Fixture::new();
    let tgt = fixture.entries().remove(0);
    let mut request = TicketRequest::new(principal("user@EXAMPLE.COM"));
    request.second_ticket = Some(tgt.ticket.clone());
    let got = fixture.get(&request).unwrap();
    assert!(got.is_skey);
    assert_eq!(fixture.asked(), 1);
    assert_eq!(
        fixture.get(&cached(request.clone())).unwrap().ticket,
        got.ticket
    );
    request.second_ticket = Some(b"another".to_vec());
    assert!(fixture.get(&cached(request)).is_err());
    let plain = TicketRequest::new(principal("user@EXAMPLE.COM"));
    assert!(fixture.get(&cached(plain)).is_err());
}

#[test]
fn missing_or_expired_tgt_fails_without_asking_a_kdc() {
    let fixture = Fixture::new();
    let cache = fixture.entries().remove(0);
    let header = fixture.file.open().unwrap().header().clone();
    let mut empty = kerberos_files::ccache::CcacheBuilder::new(&header, &cache.client).unwrap();
    fixture.file.replace_with(&empty).unwrap();
    match fixture.get(&host()) {
        Err(ClientError::NoCredential { server, .. }) => {
            assert_eq!(server, principal("krbtgt/EXAMPLE.COM@EXAMPLE.COM"));
        }
        other => panic!("{other:?}"),
    }
    let mut expired = cache;
    expired.times.endtime = KerberosTime::from_unix(kerberos_client::now().seconds - 600);
    empty.credential(&expired).unwrap();
    fixture.file.replace_with(&empty).unwrap();
    let error = fixture.get(&host()).unwrap_err();
    assert!(
        matches!(error, ClientError::TicketExpired { .. }),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "Ticket expired");
    assert_eq!(fixture.asked(), 0);
    // No cache at all.
    std::fs::remove_file(fixture.file.path()).unwrap();
    match fixture.get(&host()) {
        Err(ClientError::Ccache(error)) => assert!(error.is_no_cache()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn damaged_end_of_a_cache_hides_only_later_tickets() {
    let fixture = Fixture::new();
    fixture.add(|entry| entry.server = principal(HOST));
    fixture.add(|entry| entry.server = principal("host/other.example.com@EXAMPLE.COM"));
    let bytes = std::fs::read(fixture.file.path()).unwrap();
    std::fs::write(fixture.file.path(), &bytes[..bytes.len() - 7]).unwrap();
    fixture.get(&cached(host())).unwrap();
    let other = TicketRequest::new(principal("host/other.example.com@EXAMPLE.COM"));
    assert!(fixture.get(&cached(other.clone())).is_err());
    fixture.get(&other).unwrap();
    fixture.get(&cached(other)).unwrap();
}

#[test]
fn renewed_ticket_replaces_the_cache_contents() {
    let fixture = Fixture::new();
    fixture.get(&host()).unwrap();
    let tgt = fixture.entries().remove(0);
    let renewed = fixture.client.renew(&fixture.name, None).unwrap();
    assert_eq!(renewed.server, tgt.server);
    assert_ne!(renewed.ticket, tgt.ticket);
    assert_eq!(renewed.times.renew_till, tgt.times.renew_till);
    assert_eq!(fixture.entries().len(), 2);
    let stored = fixture.client.store_renewed(&renewed, &fixture.name);
    stored.unwrap();
    let entries = fixture.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].ticket, renewed.ticket);
    // It can be used like the old one.
    fixture.get(&host()).unwrap();
    // A service's ticket: in the client's realm, whatever realm was typed.
    let elsewhere = principal("host/www.example.com@ELSEWHERE");
    let again = fixture
        .client
        .renew(&fixture.name, Some(elsewhere))
        .unwrap();
    assert_eq!(again.server, principal(HOST));
    let none = fixture
        .client
        .renew(&fixture.name, Some(principal("host/none@X")));
    assert!(
        matches!(none, Err(ClientError::NoCredential { .. })),
        "{none:?}"
    );
}

#[test]
fn kdc_refusal_to_renew_validate_or_forward_is_reported() {
    let fixture = Fixture::new();
    let principal = fixture.client.principal("user").unwrap();
    let params = fixture.client.as_params(principal).unwrap();
    let secret = Secret::Password(Password::new("password"));
    let login = fixture.client.login(params, secret).unwrap();
    fixture.client.store(&login, &fixture.name).unwrap();
    for result in [
        fixture.client.renew(&fixture.name, None),
        fixture.client.validate(&fixture.name, None),
        fixture.client.forward(&fixture.name, Vec::new(), true),
    ] {
        match result {
            Err(ClientError::Exchange(ExchangeError::Kdc(error))) => {
                assert_eq!(error.code, ErrorCode::KDC_ERR_BADOPTION);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn forwarded_ticket_is_forwardable_only_if_requested() {
    let fixture = Fixture::new();
    for forwardable in [true, false] {
        let got = fixture
            .client
            .forward(&fixture.name, Vec::new(), forwardable);
        let flags = got.unwrap().flags;
        assert!(flags.contains(TicketFlags::FORWARDED));
        assert_eq!(flags.contains(TicketFlags::FORWARDABLE), forwardable);
    }
    assert_eq!(fixture.entries().len(), 1);
}

#[test]
fn start_realm_of_the_cache_is_used() {
    let fixture = Fixture::new();
    fixture
        .file
        .set_config(&ConfigEntry::new("start_realm", None, "START.COM"))
        .unwrap();
    match fixture.get(&host()) {
        Err(ClientError::NoCredential { server, .. }) => {
            assert_eq!(server, principal("krbtgt/START.COM@START.COM"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn tickets_in_turn_asks_the_kdc_lazily() {
    let fixture = Fixture::new();
    let other = TicketRequest::new(principal("host/other.example.com@EXAMPLE.COM"));
    let requests = [host(), other, host()];
    let mut results = fixture.client.tickets_in_turn(&fixture.name, &requests);
    let results = results.as_mut().unwrap();
    assert_eq!(fixture.asked(), 0);
    for asked in [1, 1, 0] {
        results.next().unwrap().unwrap();
        assert_eq!(fixture.asked(), asked);
    }
    assert!(results.next().is_none());
}

#[test]
fn pending_request_is_not_shared_with_another_client() {
    let fixture = Fixture::new();
    let bob = fixture.login("bob");
    fixture.kdc.forget_requests();
    fixture
        .kdc
        .set_fault(Fault::Delay(Duration::from_millis(500)));
    thread::scope(|scope| {
        let first = scope.spawn(|| fixture.get(&host()));
        while fixture.kdc.requests().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        fixture.client.store(&bob, &fixture.name).unwrap();
        let second = fixture.get(&host()).unwrap();
        assert_eq!(second.client.to_string(), "bob@EXAMPLE.COM");
        let first = first.join().unwrap().unwrap();
        assert_eq!(first.client.to_string(), "user@EXAMPLE.COM");
    });
}

#[test]
fn ticket_cached_meanwhile_is_used_only_for_its_client() {
    let fixture = Fixture::new();
    let requests = [host()];
    let turns = fixture.client.tickets_in_turn(&fixture.name, &requests);
    let mut turns = turns.unwrap();
    fixture.log_in("bob");
    let bobs = fixture.get(&host()).unwrap();
    assert_eq!(bobs.client.to_string(), "bob@EXAMPLE.COM");
    let users = turns.next().unwrap().unwrap();
    assert_eq!(users.client.to_string(), "user@EXAMPLE.COM");
}

/// The one cross-realm TGT that is obtained before the other realm's KDC turns out to be dead.
#[test]
fn cross_realm_tgts_are_stored_even_with_no_store() {
    let kdc = TestKdc::builder(REALM)
        .principal("user", "password")
        .principal("krbtgt/OTHER.ORG", "between the two")
        .start()
        .unwrap();
    let fixture = Fixture::new();
    let text = format!(
        "{}\tOTHER.ORG = {{\n\t\tkdc = 127.0.0.1:1\n\t}}\n",
        kdc.krb5_conf()
    );
    let client = Client::new(Config::parse(&text).unwrap());
    let params = client.as_params(client.principal("user").unwrap());
    let secret = Secret::Password(Password::new("password"));
    let login = client.login(params.unwrap(), secret).unwrap();
    client.store(&login, &fixture.name).unwrap();
    let mut request = TicketRequest::new(principal("host/www.other.org@OTHER.ORG"));
    request.no_store = true;
    let error = client.ticket(&fixture.name, &request).unwrap_err();
    let other =
        matches!(&error, ClientError::CannotContactKdc { realm, .. } if realm == "OTHER.ORG");
    assert!(other, "{error:?}");
    let stored = fixture.entries().into_iter().map(|one| one.server);
    let tgt = principal("krbtgt/OTHER.ORG@EXAMPLE.COM");
    assert!(stored.into_iter().any(|server| server == tgt));
}

#[test]
fn fresh_ticket_replaces_the_cached_one() {
    let fixture = Fixture::new();
    let old = fixture.get(&host()).unwrap();
    // Tickets for other services are not touched.
    let mut other = TicketRequest::new(principal("host/other.example.com@EXAMPLE.COM"));
    fixture.get(&other).unwrap();
    let mut request = host();
    request.fresh = true;
    fixture.asked();
    let new = fixture.get(&request).unwrap();
    assert_eq!(fixture.asked(), 1);
    assert_ne!(new.ticket, old.ticket);
    assert_eq!(fixture.get(&cached(host())).unwrap().ticket, new.ticket);
    let kept: Vec<_> = fixture
        .entries()
        .into_iter()
        .map(|one| one.ticket)
        .collect();
    assert_eq!((kept.len(), kept.contains(&old.ticket)), (3, false));
    // If the new ticket is not stored, the old one stays.
    request.no_store = true;
    assert_ne!(fixture.get(&request).unwrap().ticket, new.ticket);
    assert_eq!(fixture.get(&cached(host())).unwrap().ticket, new.ticket);
    // Either option is valid, but not both.
    other.fresh = true;
    let error = fixture.get(&cached(other)).unwrap_err();
    assert!(matches!(error, ClientError::NoCredential { .. }));
}

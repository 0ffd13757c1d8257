//! Tickets on behalf of users against the embedded KDC: what it is asked, what is stored in the
//! cache and how, and what is found there the next time.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use kerberos_asn1::ErrorCode;
use kerberos_client::{
    Client, ClientError, Config, Password, Secret, ServiceAcceptor, TicketRequest, now, system_rng,
};
use kerberos_files::ccache::{CcacheFile, CcacheName};
use kerberos_proto::{
    ApInitiator, ApRequestOptions, Credential, ExchangeError, Principal, ReplyFault, S4uFault,
    S4uUser,
};
use kerberos_testkdc::{Account, Fault, S4uFault as Wrong, TestKdc};
use test_support::TempDir;

/// A KDC, the service `HTTP/web` as its client, and the service's cache, which ends with the test.
struct Fixture {
    kdc: TestKdc,
    client: Client,
    name: CcacheName,
    file: CcacheFile,
    _folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let web = Account::new("HTTP/web").password("pw").may_impersonate();
        let alice = Account::new("alice")
            .password("pw")
            .alias("alice@corp.example");
        let kdc = TestKdc::builder("EXAMPLE.COM")
            .account(web.delegates_to("ldap/back"))
            .account(alice.certificate("alice's certificate"))
            .service("bob")
            .service("ldap/back")
            .start()
            .unwrap();
        let folder = TempDir::new();
        let path = folder.join("cache");
        let text = format!("{}\n[libdefaults]\nforwardable = true\n", kdc.krb5_conf());
        let fixture = Self {
            client: Client::new(Config::parse(&text).unwrap()),
            name: CcacheName::file(path.to_str().unwrap()),
            file: CcacheFile::new(path),
            _folder: folder,
            kdc,
        };
        let params = fixture.client.as_params(principal("HTTP/web")).unwrap();
        let secret = Secret::Password(Password::new("pw"));
        let login = fixture.client.login(params, secret).unwrap();
        fixture.client.store(&login, &fixture.name).unwrap();
        fixture.kdc.forget_requests();
        fixture
    }

    fn to_self(&self, user: &S4uUser, edit: impl FnOnce(&mut TicketRequest)) -> Outcome {
        let mut request = TicketRequest::new(principal("HTTP/web"));
        edit(&mut request);
        self.client.s4u2self(&self.name, user, &request)
    }

    fn proxy(&self, evidence: &Credential, edit: impl FnOnce(&mut TicketRequest)) -> Outcome {
        let mut request = TicketRequest::new(principal("ldap/back"));
        edit(&mut request);
        self.client.s4u2proxy(&self.name, evidence, &request)
    }

    /// How many requests the KDC got since the last call.
    fn asked(&self) -> usize {
        let asked = self.kdc.requests().len();
        self.kdc.forget_requests();
        asked
    }

    /// The entries of the cache: client, service, and whether there is a second ticket.
    fn entries(&self) -> Vec<(String, String, bool)> {
        let mut reader = self.file.open().unwrap();
        let mut entries = Vec::new();
        while let Some(view) = reader.next().unwrap() {
            if !view.is_config() {
                let one = view.to_credential();
                let (client, server) = (one.client.to_string(), one.server.to_string());
                entries.push((client, server, !one.second_ticket.is_empty()));
            }
        }
        entries
    }
}

type Outcome = Result<Credential, ClientError>;

fn principal(name: &str) -> Principal {
    Principal::parse_with_realm(name, "EXAMPLE.COM").unwrap()
}

fn named(name: &str) -> S4uUser {
    S4uUser::Name(principal(name))
}

fn ordinary(_: &mut TicketRequest) {}

fn cached_only(request: &mut TicketRequest) {
    request.cached_only = true;
}

fn no_store(request: &mut TicketRequest) {
    request.no_store = true;
}

const TGT: &str = "krbtgt/EXAMPLE.COM@EXAMPLE.COM";
const WEB: &str = "HTTP/web@EXAMPLE.COM";
const ALICE: &str = "alice@EXAMPLE.COM";

/// A ticket presented by the user is as good as one that the service obtained itself.
#[test]
fn presented_ticket_is_evidence_for_s4u2proxy() {
    let fixture = Fixture::new();
    let folder = TempDir::new();
    let at = |name: &str| folder.join(name).display().to_string();
    folder.write("keytab", fixture.kdc.keytab("HTTP/web"));
    let cache = CcacheName::file(at("alice"));
    let client = &fixture.client;
    let login = client.as_params(principal("alice")).unwrap();
    let login = client.login(login, Secret::Password(Password::new("pw")));
    client.store(&login.unwrap(), &cache).unwrap();
    let web = TicketRequest::new(principal("HTTP/web"));
    let ticket = client.ticket(&cache, &web).unwrap();

    let config = client.config().clone().with_keytab_name(at("keytab"));
    let service = ServiceAcceptor::new(&config).unwrap();
    let service = service.with_memory_replay_cache();
    let options = ApRequestOptions::default();
    let mut rng = system_rng().unwrap();
    let (_, request) = ApInitiator::start(&ticket, &options, &mut rng, now()).unwrap();
    let evidence = service.accept(&request, None).unwrap().evidence();
    assert_eq!(evidence.ticket, ticket.ticket);
    assert_eq!(
        (&evidence.client, &evidence.server),
        (&ticket.client, &ticket.server)
    );
    assert_eq!(
        (evidence.times, evidence.flags),
        (ticket.times, ticket.flags)
    );
    let key = |ticket: &Credential| ticket.session_key.expose_bytes().to_vec();
    assert_eq!(key(&evidence), key(&ticket));

    let proxied = fixture.proxy(&evidence, ordinary).unwrap();
    assert_eq!(proxied.client, principal("alice"));
    assert_eq!(proxied.server, principal("ldap/back"));
}

#[test]
fn s4u_tickets_are_cached_as_by_mit() {
    let fixture = Fixture::new();
    let alice = named("alice");
    let missing = fixture.to_self(&alice, cached_only).unwrap_err();
    assert!(
        matches!(missing, ClientError::NoCredential { .. }),
        "{missing:?}"
    );
    assert_eq!(fixture.asked(), 0);

    let evidence = fixture.to_self(&alice, ordinary).unwrap();
    assert_eq!(evidence.client, principal("alice"));
    assert_eq!(fixture.asked(), 1);
    for edit in [ordinary, cached_only] {
        let again = fixture.to_self(&alice, edit).unwrap();
        assert_eq!(again.ticket, evidence.ticket);
    }
    assert_eq!(fixture.asked(), 0);

    let missing = fixture.proxy(&evidence, cached_only).unwrap_err();
    assert!(
        matches!(missing, ClientError::NoCredential { .. }),
        "{missing:?}"
    );
    let ticket = fixture.proxy(&evidence, ordinary).unwrap();
    assert_eq!(ticket.client, principal("alice"));
    assert_eq!(ticket.server, principal("ldap/back"));
    assert_eq!(fixture.asked(), 1);
    let again = fixture.proxy(&evidence, cached_only).unwrap();
    assert_eq!(again.ticket, ticket.ticket);
    assert_eq!(fixture.asked(), 0);

    let entry = |client: &str, server: &str, second| (client.to_owned(), server.to_owned(), second);
    let expected = [
        entry(WEB, TGT, false),
        entry(ALICE, WEB, false),
        entry(ALICE, "ldap/back@EXAMPLE.COM", true),
    ];
    assert_eq!(fixture.entries(), expected);
}

#[test]
fn s4u_tickets_of_users_are_kept_apart() {
    let fixture = Fixture::new();
    let alice = fixture.to_self(&named("alice"), ordinary).unwrap();
    let bob = fixture.to_self(&named("bob"), ordinary).unwrap();
    assert_eq!(bob.client, principal("bob"));
    let by_alice = fixture.proxy(&alice, ordinary).unwrap();
    let by_bob = fixture.proxy(&bob, ordinary).unwrap();
    assert_eq!(by_alice.client, principal("alice"));
    assert_eq!(by_bob.client, principal("bob"));
    // Nor is any of them used as the service's own.
    let own = TicketRequest::new(principal("ldap/back"));
    let own = fixture.client.ticket(&fixture.name, &own).unwrap();
    assert_eq!(own.client, principal("HTTP/web"));
    // The client that the caller names must be the evidence's.
    let mut mislabelled = alice;
    mislabelled.client = principal("bob");
    fixture.asked();
    let error = fixture.proxy(&mislabelled, ordinary).unwrap_err();
    let ClientError::Exchange(ExchangeError::Reply(fault)) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(fault, ReplyFault::ClientName { .. }), "{fault:?}");
}

#[test]
fn enterprise_name_and_certificate_need_the_kdc() {
    let fixture = Fixture::new();
    let enterprise = Principal::parse_enterprise("alice@corp.example", "EXAMPLE.COM").unwrap();
    let certificate = S4uUser::Certificate(b"alice's certificate".to_vec());
    let ticket = fixture.to_self(&S4uUser::Name(enterprise.clone()), ordinary);
    let ticket = ticket.unwrap();
    assert_eq!(ticket.client, principal("alice"));
    // One to find the realm, and one for the ticket.
    assert_eq!(fixture.asked(), 2);
    // The next time the cached ticket is returned, but only the KDC's answers tell that it fits.
    let again = fixture
        .to_self(&S4uUser::Name(enterprise), ordinary)
        .unwrap();
    assert_eq!(again.ticket, ticket.ticket);
    assert_eq!(fixture.asked(), 2);
    assert_eq!(fixture.entries().len(), 2);
    let missing = fixture.to_self(&certificate, cached_only).unwrap_err();
    assert!(
        matches!(missing, ClientError::NoCredential { .. }),
        "{missing:?}"
    );
    assert_eq!(fixture.asked(), 0);
}

#[test]
fn no_store_leaves_the_cache_unchanged() {
    let fixture = Fixture::new();
    let evidence = fixture.to_self(&named("alice"), no_store).unwrap();
    fixture.proxy(&evidence, no_store).unwrap();
    assert_eq!(fixture.entries().len(), 1);
}

#[test]
fn kdc_errors_and_ignored_s4u_are_reported() {
    let fixture = Fixture::new();
    let code = |error: ClientError| match error {
        ClientError::Exchange(error) => error.kdc_code(),
        other => panic!("{other:?}"),
    };
    let error = fixture.to_self(&named("nobody"), ordinary).unwrap_err();
    assert_eq!(code(error), Some(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN));
    let evidence = fixture.to_self(&named("alice"), ordinary).unwrap();
    let other = |request: &mut TicketRequest| request.server = principal("ldap/none");
    let error = fixture.proxy(&evidence, other).unwrap_err();
    assert_eq!(code(error), Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN));
    fixture.kdc.set_fault(Fault::S4u(Wrong::Ignored));
    let error = fixture.to_self(&named("bob"), ordinary).unwrap_err();
    let ClientError::Exchange(ExchangeError::Reply(fault)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(fault, ReplyFault::S4u(S4uFault::Ignored));
    // None of that is in the cache.
    assert_eq!(fixture.entries().len(), 2);
}

//! S4U2Self and S4U2Proxy with the KDCs of MIT, Heimdal and Samba: what each refuses, and the
//! tickets in caches that MIT's kvno and our tools share.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::path::Path;

use kerberos_asn1::{ErrorCode, TicketFlags};
use kerberos_client::kerberos_proto::{
    ApInitiator, ApRequestOptions, Credential, ExchangeError, Principal, S4uUser,
};
use kerberos_client::{
    Client, ClientError, Config, Password, Secret, ServiceAcceptor, TicketRequest, keytab_secret,
    now, system_rng,
};
use kerberos_crypto::EncryptionType;
use kerberos_files::ccache::CcacheName;
use kerberos_files::keytab::KeytabName;
use test_support::{ETYPES, HeimdalRealm, MitLdapRealm, MitRealm, Place, SambaRealm};

/// A service with its cache, logged in.
struct Service {
    place: Place,
    client: Client,
    cache: CcacheName,
    name: Principal,
}

impl Service {
    fn new(place: Place, name: &str, keytab: &Path) -> Self {
        Self::with_session_key(place, name, keytab, None)
    }

    /// A service whose TGT has a session key of this type.
    fn with_session_key(
        place: Place,
        name: &str,
        keytab: &Path,
        etype: Option<EncryptionType>,
    ) -> Self {
        let client = Client::new(Config::from_files([place.path("krb5.conf")]).unwrap());
        let name = client.principal(name).unwrap();
        let mut params = client.as_params(name.clone()).unwrap();
        params.options.forwardable = true;
        params
            .policy
            .etypes
            .retain(|one| etype.is_none_or(|etype| *one == etype));
        let keytab = KeytabName::file(keytab.to_str().unwrap());
        let login = client
            .login(params, keytab_secret(&keytab, &name).unwrap())
            .unwrap();
        let cache = CcacheName::file(place.cache().to_str().unwrap());
        client.store(&login, &cache).unwrap();
        let session = login.credential.session_key.etype();
        assert_eq!(etype.unwrap_or(session), session);
        Self {
            place,
            client,
            cache,
            name,
        }
    }

    fn request(&self, server: &str) -> TicketRequest {
        TicketRequest::new(self.client.principal(server).unwrap())
    }

    fn for_user(&self, user: &S4uUser) -> Outcome {
        let request = TicketRequest::new(self.name.clone());
        self.client.s4u2self(&self.cache, user, &request)
    }

    fn to_self(&self, user: &str) -> Outcome {
        self.for_user(&S4uUser::Name(self.client.principal(user).unwrap()))
    }

    /// The user is given as an enterprise name.
    fn by_enterprise_name(&self, user: &str) -> Outcome {
        let realm = String::from_utf8(self.name.realm().to_vec()).unwrap();
        let user = Principal::parse_enterprise(user, &realm).unwrap();
        self.for_user(&S4uUser::Name(user))
    }

    fn proxy(&self, evidence: &Credential, server: &str) -> Outcome {
        let request = self.request(server);
        self.client.s4u2proxy(&self.cache, evidence, &request)
    }

    /// The evidence that the service gets when a client presents the ticket.
    fn as_shown(&self, ticket: &Credential, keytab: &Path) -> Credential {
        let keytab = KeytabName::file(keytab.to_str().unwrap());
        let acceptor = ServiceAcceptor::from_keytab(self.client.config(), &keytab).unwrap();
        let acceptor = acceptor.with_memory_replay_cache();
        let (options, mut rng) = (ApRequestOptions::default(), system_rng().unwrap());
        let (_, request) = ApInitiator::start(ticket, &options, &mut rng, now()).unwrap();
        acceptor.accept(&request, None).unwrap().evidence()
    }

    /// S4U2Self, then S4U2Proxy.
    fn go_on(&self, user: &str, server: &str) -> Outcome {
        self.proxy(&self.to_self(user)?, server)
    }
}

type Outcome = Result<Credential, ClientError>;

/// The ticket's client, its service, and whether it is forwardable.
#[track_caller]
fn shown(ticket: Outcome) -> (String, String, bool) {
    let ticket = ticket.unwrap();
    let forwardable = ticket.flags.contains(TicketFlags::FORWARDABLE);
    let (client, server) = (ticket.client.to_string(), ticket.server.to_string());
    (client, server, forwardable)
}

#[track_caller]
fn refusal(outcome: Outcome) -> ErrorCode {
    match outcome {
        Err(ClientError::Exchange(error)) if error.kdc_code().is_some() => {
            error.kdc_code().unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// Checks that the KDC refused because of a flag of the evidence.
#[track_caller]
fn not_forwardable(outcome: Outcome) {
    let Err(ClientError::Exchange(ExchangeError::EvidenceNotForwardable(error))) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(error.code, ErrorCode::KDC_ERR_BADOPTION);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn mit_s4u2self_works_with_every_session_key_etype() {
    let realm = MitRealm::start();
    let names = ETYPES.map(|(_, name)| name).join(",");
    realm.administer(&format!("setstr krbtgt/MIT.TEST session_enctypes {names}"));
    for (_, name) in ETYPES {
        let etype = EncryptionType::from_name(name).unwrap();
        let service = "HTTP/trusted.mit.test";
        let service =
            Service::with_session_key(realm.place(), service, &realm.keytab("s4u"), Some(etype));
        let expected = ["alice@MIT.TEST", "HTTP/trusted.mit.test@MIT.TEST"].map(str::to_owned);
        let (client, server, forwardable) = shown(service.to_self("alice"));
        assert_eq!([client, server], expected, "{name}");
        assert!(forwardable, "{name}");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn mit_s4u2self_serves_users_and_refuses_others() {
    let realm = MitRealm::start();
    let service = Service::new(realm.place(), "HTTP/trusted.mit.test", &realm.keytab("s4u"));
    let client = |outcome| shown(outcome).0;
    assert_eq!(client(service.to_self("jürgen")), "jürgen@MIT.TEST");
    assert_eq!(
        client(service.to_self("alice/admin")),
        "alice/admin@MIT.TEST"
    );
    assert_eq!(
        client(service.by_enterprise_name("alice")),
        "alice@MIT.TEST"
    );
    // No password is needed, so an expired one does not matter.
    assert_eq!(client(service.to_self("stale")), "stale@MIT.TEST");
    let plain = service.to_self("plain").unwrap();
    assert!(!plain.flags.contains(TicketFlags::FORWARDABLE));

    let unknown = ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN;
    assert_eq!(refusal(service.to_self("nobody")), unknown);
    assert_eq!(
        refusal(service.by_enterprise_name("nobody@mit.test")),
        unknown
    );
    let revoked = ErrorCode::KDC_ERR_CLIENT_REVOKED;
    assert_eq!(refusal(service.to_self("disabled")), revoked);
    let expired = ErrorCode::KDC_ERR_NAME_EXP;
    assert_eq!(refusal(service.to_self("gone")), expired);
    // This database supports neither certificates nor delegation.
    let certificate = S4uUser::Certificate(b"0\0".to_vec());
    refusal(service.for_user(&certificate));
    let option = ErrorCode::KDC_ERR_BADOPTION;
    assert_eq!(refusal(service.go_on("alice", "host/a.mit.test")), option);
}

#[test]
#[cfg_attr(
    not(mit_ldap),
    ignore = "needs MIT's KDC with LDAP: cargo xtask install"
)]
fn mit_allows_only_configured_delegation() {
    let realm = MitLdapRealm::start();
    let services = realm.keytab("services");
    let web = Service::new(realm.place(), "HTTP/web.ldap.test", &services);
    let back = "ldap/back.ldap.test";
    let (client, server, forwardable) = shown(web.go_on("alice", back));
    assert_eq!(client, "alice@LDAP.TEST");
    assert_eq!(server, "ldap/back.ldap.test@LDAP.TEST");
    assert!(forwardable);
    // MIT's KDC treats an alias as a separate name.
    assert_eq!(
        shown(web.go_on("alice-alias", back)).0,
        "alice-alias@LDAP.TEST"
    );
    not_forwardable(web.go_on("sensitive", back));
    let option = ErrorCode::KDC_ERR_BADOPTION;
    assert_eq!(refusal(web.go_on("alice", "cifs/other.ldap.test")), option);
    let unknown = ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN;
    assert_eq!(
        refusal(web.go_on("alice", "cifs/nobody.ldap.test")),
        unknown
    );

    // Without protocol transition, a service may act for a user only with a ticket from that user.
    let kcd = Service::new(realm.place(), "HTTP/kcd.ldap.test", &services);
    not_forwardable(kcd.go_on("alice", back));
    let ticket = alices_ticket(&realm.place(), "HTTP/kcd.ldap.test");
    let evidence = kcd.as_shown(&ticket, &services);
    assert_eq!(evidence.ticket, ticket.ticket);
    let (client, server, forwardable) = shown(kcd.proxy(&evidence, back));
    assert_eq!(client, "alice@LDAP.TEST");
    assert_eq!(server, "ldap/back.ldap.test@LDAP.TEST");
    assert!(forwardable);
    // But not if the ticket is for another service.
    let other = alices_ticket(&realm.place(), "HTTP/web.ldap.test");
    let mismatch = refusal(kcd.proxy(&other, back));
    assert_eq!(mismatch, ErrorCode::KDC_ERR_SERVER_NOMATCH);
}

/// alice's own forwardable ticket to `server`, which she would present.
fn alices_ticket(place: &Place, server: &str) -> Credential {
    let client = Client::new(Config::from_files([place.path("krb5.conf")]).unwrap());
    let mut params = client
        .as_params(client.principal("alice").unwrap())
        .unwrap();
    params.options.forwardable = true;
    let secret = Secret::Password(Password::new("wonderland"));
    let cache = CcacheName::file(place.cache().to_str().unwrap());
    let login = client.login(params, secret).unwrap();
    client.store(&login, &cache).unwrap();
    let request = TicketRequest::new(client.principal(server).unwrap());
    client.ticket(&cache, &request).unwrap()
}

#[test]
#[cfg_attr(
    not(mit_ldap),
    ignore = "needs MIT's KDC with LDAP: cargo xtask install"
)]
fn cached_s4u_tickets_are_shared_with_mit() {
    let realm = MitLdapRealm::start();
    let services = realm.keytab("services");
    let requests = || realm.log().matches("_REQ (").count();
    let (web, back) = ("HTTP/web.ldap.test", "ldap/back.ldap.test");
    let kvno = |service: &Service| {
        let line = format!("-k {} -I alice -P {back}", services.display());
        service.place.mit("kvno").line(&line).run().success()
    };

    let service = Service::new(realm.place(), web, &services);
    let ours = service.go_on("alice", back).unwrap();
    let before = requests();
    kvno(&service);
    assert_eq!(requests(), before, "{}", realm.log());

    let service = Service::new(realm.place(), web, &services);
    kvno(&service);
    let before = requests();
    let theirs = service.go_on("alice", back).unwrap();
    assert_eq!(requests(), before, "{}", realm.log());
    assert_eq!(theirs.client, ours.client);
    assert_ne!(theirs.ticket, ours.ticket);
}

#[test]
#[cfg_attr(not(heimdal), ignore = "needs Heimdal's KDC: cargo xtask install")]
fn heimdal_s4u2self_works_by_name() {
    let realm = HeimdalRealm::start();
    let service = Service::new(
        realm.place(),
        "host/a.heimdal.test",
        &realm.keytab("services"),
    );
    let (client, server, _) = shown(service.to_self("alice"));
    assert_eq!(client, "alice@HEIMDAL.TEST");
    assert_eq!(server, "host/a.heimdal.test@HEIMDAL.TEST");
    let by_another_name = shown(service.by_enterprise_name("alice@HEIMDAL.TEST"));
    assert_eq!(by_another_name.0, r"alice\@HEIMDAL.TEST@HEIMDAL.TEST");
    let unknown = ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN;
    assert_eq!(refusal(service.to_self("nobody")), unknown);
}

#[test]
#[cfg_attr(not(samba), ignore = "needs Samba, and root: cargo xtask install")]
fn samba_s4u_serves_users_and_refuses_others() {
    let realm = SambaRealm::start();
    let web = Service::new(realm.place(), "svc-web", &realm.keytab("svc-web"));
    let back = "ldap/back.ad.test";
    let user = |outcome| shown(outcome).0;
    assert_eq!(user(web.go_on("alice", back)), "alice@AD.TEST");
    // Names that only the domain can interpret.
    assert_eq!(user(web.go_on("ALICE", back)), "ALICE@AD.TEST");
    let carol = r"carol.jones\@corp.example@AD.TEST";
    assert_eq!(
        user(web.by_enterprise_name("carol.jones@corp.example")),
        carol
    );
    assert_eq!(user(web.to_self("must-change")), "must-change@AD.TEST");
    not_forwardable(web.go_on("sensitive", back));
    let unknown = ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN;
    assert_eq!(refusal(web.to_self("nobody")), unknown);
    assert_eq!(refusal(web.to_self("disabled")), ErrorCode::KDC_ERR_POLICY);
    let option = ErrorCode::KDC_ERR_BADOPTION;
    assert_eq!(refusal(web.go_on("alice", "HTTP/kcd.ad.test")), option);

    // Without protocol transition: only with a ticket from the user.
    let kcd = Service::new(realm.place(), "svc-kcd", &realm.keytab("svc-kcd"));
    not_forwardable(kcd.go_on("alice", back));
    let evidence = alices_ticket(&realm.place(), "HTTP/kcd.ad.test");
    assert_eq!(user(kcd.proxy(&evidence, back)), "alice@AD.TEST");
    // Services with keys of older and other types.
    for account in ["svc-rc4", "svc-aes128"] {
        let service = Service::new(realm.place(), account, &realm.keytab(account));
        assert_eq!(user(service.to_self("alice")), "alice@AD.TEST", "{account}");
    }
}

#[test]
#[cfg_attr(
    not(newer_samba),
    ignore = "needs Samba 4.19 or newer in the folder that $RKINIT_NEWER_SAMBA names, and root"
)]
fn newer_samba_allows_resource_based_delegation() {
    let realm = SambaRealm::start_newer();
    let rbcd = Service::new(realm.place(), "svc-rbcd", &realm.keytab("svc-rbcd"));
    let (client, server, _) = shown(rbcd.go_on("alice", "ldap/back.ad.test"));
    assert_eq!(client, "alice@AD.TEST");
    assert_eq!(server, "ldap/back.ad.test@AD.TEST");
    let option = ErrorCode::KDC_ERR_BADOPTION;
    assert_eq!(refusal(rbcd.go_on("alice", "HTTP/kcd.ad.test")), option);
}

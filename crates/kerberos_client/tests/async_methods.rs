//! Each method of the asynchronous client that no other test uses, on a single-threaded runtime: a
//! method that blocked would stop it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::time::Duration;

use kerberos_asn1::{ErrorCode, TicketFlags};
use kerberos_client::kerberos_gss::{AcceptorOptions, Step};
use kerberos_client::{
    AsyncClient, ClientError, Config, GssMechanism, InitiateOptions, Password, Secret,
    ServiceAcceptor, TicketRequest,
};
use kerberos_files::ccache::CcacheName;
use kerberos_proto::{Credential, Login, Principal, S4uUser};
use kerberos_testkdc::{Account, PrincipalKey, TestKdc};
use test_support::TempDir;

const WEB: &str = "HTTP/web.example.com";

/// A realm, a client of it, and a folder with caches and the keytab of [`WEB`].
struct Fixture {
    kdc: TestKdc,
    client: AsyncClient,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let web = Account::new(WEB).password("pw").may_impersonate();
        let kdc = TestKdc::builder("EXAMPLE.COM")
            .account(web.delegates_to("ldap/back"))
            .principal("alice", "pw")
            .account(Account::new("admin").password("pw").may_set_passwords())
            .service("ldap/back")
            .service("kadmin/changepw")
            .start()
            .unwrap();
        let folder = TempDir::new();
        let keytab = folder.write("keytab", kdc.keytab(WEB));
        let text = format!(
            "{}\n[libdefaults]\nforwardable = true\ndns_canonicalize_hostname = false\n",
            kdc.krb5_conf()
        );
        let config = Config::parse(&text).unwrap();
        let config = config.with_keytab_name(keytab.display().to_string());
        let client = AsyncClient::new(config.with_rcache_folder(folder.path()));
        Self {
            kdc,
            client,
            folder,
        }
    }

    async fn login(&self, user: &str) -> Result<Login, ClientError> {
        let mut params = self.client.as_params(principal(user))?;
        params.renew_lifetime = Some(7 * 24 * 3_600);
        let secret = Secret::Password(Password::new("pw"));
        self.client.login(params, secret).await
    }

    /// A cache with the TGT of `user`, and that TGT.
    async fn cache(&self, user: &str) -> (CcacheName, Credential) {
        let login = self.login(user).await.unwrap();
        let name = CcacheName::file(self.folder.join(user.replace('/', "-")).to_str().unwrap());
        self.client.store(&login, &name).await.unwrap();
        (name, login.credential)
    }

    fn service(&self) -> ServiceAcceptor {
        ServiceAcceptor::new(self.client.config()).unwrap()
    }
}

fn principal(name: &str) -> Principal {
    Principal::parse_with_realm(name, "EXAMPLE.COM").unwrap()
}

fn ticket_for(name: &str) -> TicketRequest {
    TicketRequest::new(principal(name))
}

#[tokio::test(flavor = "current_thread")]
async fn tickets_are_obtained_renewed_and_forwarded() {
    let fixture = Fixture::new();
    let client = &fixture.client;
    let (cache, tgt) = fixture.cache("alice").await;
    let wanted = [ticket_for(WEB), ticket_for("ldap/none")];
    let got = client.tickets(&cache, &wanted).await.unwrap();
    let [Ok(web), Err(ClientError::Exchange(error))] = &got[..] else {
        panic!("{got:?}");
    };
    assert_eq!(web.server, principal(WEB));
    let unknown = Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN);
    assert_eq!(error.kdc_code(), unknown);

    let renewed = client.renew(&cache, None).await.unwrap();
    assert_eq!(renewed.server, tgt.server);
    assert_ne!(renewed.ticket, tgt.ticket);
    client.store_renewed(&renewed, &cache).await.unwrap();
    let mut cached = ticket_for(WEB);
    cached.cached_only = true;
    let gone = client.ticket(&cache, &cached).await.unwrap_err();
    assert!(matches!(gone, ClientError::NoCredential { .. }), "{gone}");
    let forwarded = client.forward(&cache, Vec::new(), true).await.unwrap();
    assert!(forwarded.flags.contains(TicketFlags::FORWARDED));
    // It is not a postdated ticket.
    match client.validate(&cache, None).await {
        Err(ClientError::Exchange(error)) => {
            assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_BADOPTION));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn s4u2self_and_s4u2proxy_give_tickets_of_the_user() {
    let fixture = Fixture::new();
    let client = &fixture.client;
    let (cache, _) = fixture.cache(WEB).await;
    let alice = S4uUser::Name(principal("alice"));
    let evidence = client.s4u2self(&cache, &alice, &ticket_for(WEB)).await;
    let evidence = evidence.unwrap();
    assert_eq!(evidence.client, principal("alice"));
    let back = client
        .s4u2proxy(&cache, &evidence, &ticket_for("ldap/back"))
        .await;
    let back = back.unwrap();
    assert_eq!(
        (back.client, back.server),
        (principal("alice"), principal("ldap/back"))
    );
}

#[tokio::test(flavor = "current_thread")]
async fn login_is_verified_and_context_is_accepted() {
    let fixture = Fixture::new();
    let client = &fixture.client;
    let login = fixture.login("alice").await.unwrap();
    let service = fixture.service();
    client
        .verify(&login, &principal(WEB), &service)
        .await
        .unwrap();
    // There is no key of this service.
    let error = client
        .verify(&login, &principal("ldap/back"), &service)
        .await;
    assert!(
        matches!(error, Err(ClientError::Unverified { .. })),
        "{error:?}"
    );

    let (cache, _) = fixture.cache("alice").await;
    let ticket = client.ticket(&cache, &ticket_for(WEB)).await.unwrap();
    let options = InitiateOptions::default();
    let begun = client.initiate_with_ticket(&cache, &ticket, &options).await;
    let (
        _,
        Step::Continue(token)
        | Step::Done {
            send: Some(token), ..
        },
    ) = begun.unwrap()
    else {
        panic!("the initiator sent no token");
    };
    let mut acceptance = service.acceptance(GssMechanism::default(), AcceptorOptions::default());
    let accepted = acceptance.step(&token).map_err(|failed| failed.error);
    assert!(accepted.is_ok(), "{accepted:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn salts_are_found_and_passwords_are_changed_and_set() {
    let fixture = Fixture::new();
    let client = &fixture.client;
    let salts = client.salts(principal("alice"), &[]).await.unwrap();
    let made = salts[0].key(&Password::new("pw"), 100_000).unwrap();
    let mut keys = fixture.kdc.keys("alice").iter().map(PrincipalKey::key);
    assert!(keys.any(|key| key.expose_bytes() == made.expose_bytes()));

    let to_change = async |user: &str, old: &str| {
        let params = client.as_params(principal(user)).unwrap();
        let secret = Secret::Password(Password::new(old));
        client.login(params.to_change_password(), secret).await
    };
    let login = to_change("alice", "pw").await.unwrap();
    client
        .change_password(&login, &Password::new("new"))
        .await
        .unwrap();
    to_change("alice", "pw").await.unwrap_err();
    to_change("alice", "new").await.unwrap();
    let login = to_change("admin", "pw").await.unwrap();
    let (ticket, offset) = (&login.credential, login.kdc_offset);
    let (alice, newer) = (principal("alice"), Password::new("newer"));
    let set = client.set_password(ticket, &alice, &newer, offset).await;
    set.unwrap();
    to_change("alice", "newer").await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn service_candidates_and_kdc_probes_are_returned() {
    let fixture = Fixture::new();
    let client = &fixture.client;
    let web = principal(WEB);
    let candidates = client.service_candidates(&web).await.unwrap();
    assert_eq!(candidates, [web]);
    let limit = Duration::from_secs(10);
    let found = client.probe_kdcs("EXAMPLE.COM", limit).await.unwrap();
    let [kdc] = &found[..] else {
        panic!("{found:?}");
    };
    let probes = kdc.probes.as_ref().unwrap();
    assert!(
        !probes.is_empty() && probes.iter().all(|one| one.outcome.is_ok()),
        "{probes:?}"
    );
}

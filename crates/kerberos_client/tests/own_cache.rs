//! Which client principal is used when nobody has logged in: the client keytab, the caches of a
//! collection, and `.k5identity`.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use kerberos_client::kerberos_files::ccache::{Ccache, Collection};
use kerberos_client::kerberos_files::keytab::KeytabError;
use kerberos_client::{ClientError, Config, Password, Secret, now};
use kerberos_testkdc::Fault;

#[path = "shared/own_cache.rs"]
mod shared;

use shared::{SERVICE, refresh_time, set_refresh_time, world};

#[test]
fn client_keytab_login_is_made_and_refreshed() {
    let world = world("FILE:HERE");
    assert_eq!(world.shown().unwrap(), "bob@EXAMPLE.COM");
    let name = world.config.ccache_name().unwrap();
    let cache = Ccache::resolve(&name, &world.config.krb5().ccache_options()).unwrap();
    // Half of ten hours, or of the lifetime that the KDC gives.
    let half = refresh_time(&cache).unwrap() - now().seconds;
    assert!(half > 3_600, "{half}");
    let asked = world.requests();
    assert_eq!(world.shown().unwrap(), "bob@EXAMPLE.COM");
    assert_eq!(world.requests(), asked, "a valid ticket should be used");

    set_refresh_time(&cache, now().seconds - 1);
    world.shown().unwrap();
    assert!(
        world.requests() > asked,
        "a ticket that is due should be refreshed"
    );
    assert!(refresh_time(&cache).unwrap() - now().seconds > 3_600);

    // A KDC that is away does no harm while the ticket lasts, and is not asked again and again.
    set_refresh_time(&cache, now().seconds - 1);
    world.kdc.set_fault(Fault::Silence);
    let client = world.client();
    client.cache_for(SERVICE).unwrap();
    let asked = world.requests();
    client.cache_for(SERVICE).unwrap();
    assert_eq!(world.requests(), asked);
}

#[test]
fn users_ticket_is_replaced_only_after_it_ends() {
    let world = world("FILE:HERE");
    let name = world.config.ccache_name().unwrap();
    world.log_in("alice", "password", &name);
    let asked = world.requests();
    assert_eq!(world.shown().unwrap(), "alice@EXAMPLE.COM");
    assert_eq!(
        world.requests(),
        asked + 1,
        "only the service ticket should be requested"
    );
    // A ticket that has ended is replaced by one of its owner, whoever is first in the keytab.
    let client = world.client();
    let mut login = client
        .as_params(client.principal("alice").unwrap())
        .unwrap();
    login.lifetime = Some(1);
    let login = client.login(login, Secret::Password(Password::new("password")));
    client.store(&login.unwrap(), &name).unwrap();
    std::thread::sleep(Duration::from_millis(2_100));
    assert_eq!(world.shown().unwrap(), "alice@EXAMPLE.COM");
}

#[test]
fn missing_client_keytab_of_krb5_conf_gives_the_default_cache() {
    let mut world = world("FILE:HERE");
    let named = "[libdefaults]\ndefault_client_keytab_name = FILE:/nonexistent/keytab\n";
    let config = Config::parse(&format!("{}{named}", world.kdc.krb5_conf())).unwrap();
    let cache = world.config.ccache_name().unwrap();
    world.config = config.with_ccache_name(cache.to_string());
    let client = world.client();
    assert_eq!(
        client.cache_for(SERVICE).unwrap(),
        client.config().ccache_name().unwrap()
    );
    assert!(matches!(
        world.shown(),
        Err(ClientError::NoCredential { .. } | ClientError::Ccache(_))
    ));
    assert_eq!(world.requests(), 0);
}

#[test]
fn missing_client_keytab_that_was_chosen_is_an_error_unless_there_is_a_ticket() {
    let mut world = world("FILE:HERE");
    world.config = world.config.with_client_keytab_name("/nonexistent/keytab");
    assert!(matches!(
        world.shown(),
        Err(ClientError::Keytab(KeytabError::NotFound { .. }))
    ));
    let cache = world.config.ccache_name().unwrap();
    world.log_in("alice", "password", &cache);
    assert_eq!(world.shown().unwrap(), "alice@EXAMPLE.COM");
}

#[test]
fn failed_client_keytab_login_returns_its_error() {
    let world = world("FILE:HERE");
    world.kdc.set_fault(Fault::Silence);
    assert!(matches!(
        world.shown(),
        Err(ClientError::CannotContactKdc { .. })
    ));
}

#[test]
fn k5identity_selects_the_cache_of_a_collection() {
    let world = world("DIR:HERE");
    let collection = Collection::new(
        world.config.ccache_name().unwrap(),
        world.config.krb5().ccache_options(),
    );
    let first = collection.primary().unwrap();
    world.log_in("alice", "password", first.name());
    assert_eq!(world.shown().unwrap(), "alice@EXAMPLE.COM");
    // As `.k5identity` says, even if that principal has to log in first; the primary cache stays.
    let identity = "bob@EXAMPLE.COM service=HTTP host=www.*\n";
    world.folder.write("identity", identity);
    assert_eq!(world.shown().unwrap(), "bob@EXAMPLE.COM");
    assert_eq!(world.shown().unwrap(), "bob@EXAMPLE.COM");
    assert_eq!(collection.all().unwrap().len(), 2);
    assert_eq!(collection.primary().unwrap().name(), first.name());

    world
        .folder
        .write("identity", "carol@EXAMPLE.COM service=HTTP\n");
    let error = world.shown().unwrap_err();
    assert!(
        matches!(&error, ClientError::NoCacheOf { principal, .. } if principal.to_string() == "carol@EXAMPLE.COM")
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains(".k5identity"))
    );
}

/// A single cache cannot belong to two principals.
#[test]
fn cache_file_of_another_principal_is_not_replaced() {
    let world = world("FILE:HERE");
    world.log_in("alice", "password", &world.config.ccache_name().unwrap());
    world
        .folder
        .write("identity", "bob@EXAMPLE.COM service=HTTP\n");
    assert!(matches!(world.shown(), Err(ClientError::NoCacheOf { .. })));
    world
        .folder
        .write("identity", "alice@EXAMPLE.COM service=HTTP\n");
    assert_eq!(world.shown().unwrap(), "alice@EXAMPLE.COM");
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn async_client_uses_the_client_keytab() {
    let world = world("FILE:HERE");
    let client = kerberos_client::AsyncClient::from(world.client());
    let cache = client.cache_for(SERVICE).await.unwrap();
    let service = client.principal(SERVICE).await.unwrap();
    let request = kerberos_client::TicketRequest::new(service);
    let ticket = client.ticket(&cache, &request).await.unwrap();
    assert_eq!(ticket.client.to_string(), "bob@EXAMPLE.COM");
}

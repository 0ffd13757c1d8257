//! `cache_for` in trouble: problems with the client keytab, the cache or the KDC do no harm while
//! there is a valid ticket; and if many callers ask at once, there is one login.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::{Duration, Instant};

use kerberos_client::kerberos_files::ccache::{Ccache, Collection};
use kerberos_client::{Client, ClientError, Password, Secret, now};
use kerberos_testkdc::Fault;

#[path = "shared/own_cache.rs"]
mod shared;

use shared::{SERVICE, World, refresh_time, set_refresh_time, world};

fn cache(world: &World) -> Ccache {
    let name = world.config.ccache_name().unwrap();
    Ccache::resolve(&name, &world.config.krb5().ccache_options()).unwrap()
}

/// Logs in as bob for so many seconds.
fn log_in_for(world: &World, seconds: i32) {
    let client = world.client();
    let mut login = client.as_params(client.principal("bob").unwrap()).unwrap();
    login.lifetime = Some(seconds);
    let login = client.login(login, Secret::Password(Password::new("secret")));
    let name = world.config.ccache_name().unwrap();
    client.store(&login.unwrap(), &name).unwrap();
}

#[test]
fn damaged_client_keytab_does_not_affect_a_valid_ticket() {
    let world = world("FILE:HERE");
    world.client().cache_for(SERVICE).unwrap();
    world
        .folder
        .write("keytab", b"\x05\x02\x00\x00\x00\x50torn");
    let asked = world.requests();
    for _ in 0..2 {
        set_refresh_time(&cache(&world), now().seconds - 1);
        world.client().cache_for(SERVICE).unwrap();
    }
    assert_eq!(world.requests(), asked);
    // Without a ticket, that is the error.
    cache(&world).destroy().unwrap();
    let error = world.client().cache_for(SERVICE).unwrap_err();
    assert!(matches!(error, ClientError::Keytab(_)), "{error:?}");
}

#[test]
fn torn_entry_after_the_ticket_is_ignored() {
    let world = world("FILE:HERE");
    world.client().cache_for(SERVICE).unwrap();
    let path = world.config.ccache_name().unwrap();
    let mut file = OpenOptions::new()
        .append(true)
        .open(path.path().unwrap())
        .unwrap();
    file.write_all(&[0, 0, 0, 1, 0, 0, 0, 1, 0, 0]).unwrap();
    let asked = world.requests();
    world.client().cache_for(SERVICE).unwrap();
    assert_eq!(world.requests(), asked);
}

/// As in MIT's library: otherwise a person's ticket could end during the request that it is for.
#[test]
fn ticket_that_ends_within_seconds_is_replaced() {
    let world = world("FILE:HERE");
    log_in_for(&world, 20);
    assert_eq!(refresh_time(&cache(&world)), None);
    let asked = world.requests();
    world.client().cache_for(SERVICE).unwrap();
    assert!(world.requests() > asked);
    assert!(refresh_time(&cache(&world)).unwrap() - now().seconds > 3_600);
    // It is better than none.
    log_in_for(&world, 20);
    world.kdc.set_fault(Fault::Silence);
    world.client().cache_for(SERVICE).unwrap();
}

#[test]
fn non_utf8_line_in_k5identity_does_not_hide_other_lines() {
    let world = world("DIR:HERE");
    let mut lines = b"# f\xfcr Alice\n".to_vec();
    lines.extend(b"alice@EXAMPLE.COM service=HTTP\n");
    world.folder.write("identity", lines);
    assert_eq!(world.shown().unwrap(), "alice@EXAMPLE.COM");
}

/// The number of requests for one login, and for all callers that `ask`.
fn requests_of_one_and_of_many(ask: impl FnOnce(&Client)) -> (usize, usize) {
    let one = world("FILE:HERE");
    one.client().cache_for(SERVICE).unwrap();
    let world = world("DIR:HERE");
    world
        .folder
        .write("identity", "alice@EXAMPLE.COM service=HTTP\n");
    world.kdc.set_fault(Fault::Delay(Duration::from_millis(50)));
    ask(&world.client().with_request_timeout(Duration::from_secs(20)));
    let collection = Collection::new(
        world.config.ccache_name().unwrap(),
        world.config.krb5().ccache_options(),
    );
    assert_eq!(collection.all().unwrap().len(), 1);
    (one.requests(), world.requests())
}

#[test]
fn concurrent_threads_cause_one_login() {
    let (one, many) = requests_of_one_and_of_many(|client| {
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| client.cache_for(SERVICE).unwrap());
            }
        });
    });
    assert_eq!(many, one);
}

#[cfg(feature = "tokio")]
#[test]
fn concurrent_tasks_cause_one_login() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let (one, many) = requests_of_one_and_of_many(|client| {
        let client = kerberos_client::AsyncClient::from(client.clone());
        runtime.block_on(async {
            let ask = |_| {
                let client = client.clone();
                tokio::spawn(async move { client.cache_for(SERVICE).await })
            };
            for task in (0..20).map(ask).collect::<Vec<_>>() {
                task.await.unwrap().unwrap();
            }
        });
    });
    assert_eq!(many, one);
}

/// All callers wait for a KDC that is away at the same time, and not one after the other.
#[test]
fn concurrent_threads_share_one_failed_login() {
    let world = world("FILE:HERE");
    world.kdc.set_fault(Fault::Silence);
    let client = world.client().with_request_timeout(Duration::from_secs(1));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| client.cache_for(SERVICE).unwrap_err());
        }
    });
    assert!(start.elapsed() < Duration::from_secs(10));
}

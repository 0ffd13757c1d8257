//! What a KDC that accepts a connection and says nothing can delay: only requests of a person.

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use kerberos_proto::{KeyEntry, Password, Principal, S4uUser, Secret};
use kerberos_testkdc::{Account, TestKdc};

use crate::{Client, ClientError, Config, KeeperParams, TicketRequest};

/// How long a KDC may take here.
const PATIENCE: Duration = Duration::from_millis(100);
/// If it takes this long, the test has failed: it would go on for ever.
const LONG: Duration = Duration::from_secs(20);

/// A realm whose first KDC never answers.
struct World {
    kdc: TestKdc,
    silent: TcpListener,
}

impl World {
    fn new() -> Self {
        let account = Account::new("svc").password("password").may_impersonate();
        let kdc = TestKdc::builder("R")
            .account(account)
            .account(Account::new("alice").alias("alice@corp"));
        Self {
            kdc: kdc.start().unwrap(),
            // The system accepts the connections.
            silent: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    fn silent_first(&self) -> Client {
        let silent = self.silent.local_addr().unwrap();
        client(&[silent, self.kdc.address()])
    }
}

/// A client that knows these KDCs, and has not asked any of them yet.
fn client(kdcs: &[SocketAddr]) -> Client {
    let kdcs: Vec<_> = kdcs.iter().map(|kdc| format!("kdc = {kdc}")).collect();
    let text = format!(
        "[libdefaults]\ndefault_realm = R\nudp_preference_limit = 1\n\
         [realms]\nR = {{\n{}\n}}\n",
        kdcs.join("\n")
    );
    let cache = std::env::temp_dir().join(format!("driver-{}", std::process::id()));
    let config = Config::parse(&text).unwrap();
    let mut client = Client::new(config.with_ccache_name(cache.display().to_string()));
    client.driver.patience = PATIENCE;
    client.driver.timeout = Some(LONG);
    client
}

/// Must take about as long as a KDC is given.
fn check<T>(what: impl FnOnce() -> Result<T, ClientError>) -> T {
    let start = Instant::now();
    let result = what().unwrap();
    let took = start.elapsed();
    assert!((PATIENCE..LONG).contains(&took), "{took:?}");
    result
}

fn svc() -> Principal {
    Principal::parse("svc@R").unwrap()
}

fn password() -> Secret {
    Secret::Password(Password::new("password"))
}

#[test]
fn login_with_keys_moves_on_from_a_stalled_kdc() {
    let world = World::new();
    let client = world.silent_first();
    let keys = world.kdc.keys("svc").iter().map(|key| KeyEntry {
        kvno: key.kvno(),
        key: key.block(),
    });
    let keys = Secret::Keys(keys.collect());
    check(|| client.login(client.as_params(svc())?, keys));
}

#[test]
fn keeper_moves_on_from_a_stalled_kdc() {
    let world = World::new();
    let client = world.silent_first();
    let params = KeeperParams::new(client.as_params(svc()).unwrap(), || Ok(password()));
    let keeper = client.keep(params).unwrap();
    check(|| keeper.wait(LONG));
}

#[test]
fn salts_request_moves_on_from_a_stalled_kdc() {
    let world = World::new();
    let client = world.silent_first();
    check(|| client.salts(svc(), &[]));
}

#[test]
fn s4u_realm_lookup_moves_on_from_a_stalled_kdc() {
    let world = World::new();
    let client = client(&[world.kdc.address()]);
    let cache = client.config().ccache_name().unwrap();
    let login = client.login(client.as_params(svc()).unwrap(), password());
    client.store(&login.unwrap(), &cache).unwrap();
    let user = S4uUser::Name(Principal::parse_enterprise("alice@corp", "R").unwrap());
    let client = world.silent_first();
    let ticket = check(|| client.s4u2self(&cache, &user, &TicketRequest::new(svc())));
    assert_eq!(ticket.client.to_string(), "alice@R");
    std::fs::remove_file(cache.path().unwrap()).unwrap();
}

#[test]
fn unattended_password_login_moves_on_from_a_stalled_kdc() {
    let world = World::new();
    let client = world.silent_first().unattended();
    check(|| client.login(client.as_params(svc())?, password()));
}

#[test]
fn password_login_keeps_waiting_for_a_stalled_kdc() {
    let world = World::new();
    let client = world.silent_first();
    let login = thread::spawn(move || client.login(client.as_params(svc())?, password()));
    thread::sleep(PATIENCE * 5);
    assert!(!login.is_finished());
}

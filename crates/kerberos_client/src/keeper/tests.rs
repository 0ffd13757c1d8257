//! What a keeper does when the clock is set, which a test cannot do to the system.

use std::time::{Duration, Instant};

use kerberos_proto::{ClockOffset, Password, Secret};
use kerberos_testkdc::TestKdc;

use super::*;
use crate::{Config, TicketRequest};

#[test]
fn keeper_logs_in_again_after_a_clock_change() {
    let kdc = TestKdc::builder("R")
        .principal("u", "p")
        .service("host/www")
        .start()
        .unwrap();
    let path = std::env::temp_dir().join(format!("keeper-clock-{}", std::process::id()));
    let config = Config::parse(&kdc.krb5_conf()).unwrap();
    let client = Client::new(config.with_ccache_name(path.display().to_string()));
    let cache = client.config().ccache_name().unwrap();
    let mut params = client.as_params(client.principal("u").unwrap()).unwrap();
    params.renew_lifetime = Some(7 * 24 * 3_600);
    let secret = || Ok::<_, ClientError>(Secret::Password(Password::new("p")));
    // As if found with a clock that was a quarter of an hour behind.
    let mut login = client.login(params.clone(), secret().unwrap()).unwrap();
    login.kdc_offset = Some(ClockOffset {
        seconds: 900,
        microseconds: 0,
    });
    let params = KeeperParams::new(params, secret).with_login(login);
    let keeper = client.keep(params.with_cache(cache.clone())).unwrap();
    wait_for(&keeper, 1);
    let request = TicketRequest::new(client.principal("host/www").unwrap());
    client.ticket(&cache, &request).unwrap_err();
    // Otherwise it would renew the ticket.
    keeper.shared.clock.set_on(900);
    keeper.refresh_now();
    wait_for(&keeper, 2);
    let state = keeper.state();
    assert!(state.error.is_none() && !state.renewed, "{state:?}");
    client.ticket(&cache, &request).unwrap();
    // Once is enough. A ticket that ends in the same second would gain nothing.
    thread::sleep(Duration::from_secs(1));
    keeper.refresh_now();
    wait_for(&keeper, 3);
    assert!(keeper.state().renewed);
    std::fs::remove_file(path).unwrap();
}

fn wait_for(keeper: &TicketKeeper, attempts: u64) {
    let end = Instant::now() + Duration::from_secs(60);
    while keeper.state().attempts < attempts {
        assert!(Instant::now() < end, "{:?}", keeper.state());
        thread::sleep(Duration::from_millis(10));
    }
}

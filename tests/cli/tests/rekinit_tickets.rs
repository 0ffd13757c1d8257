//! How the sidecar keeps its tickets apart: their principals, their caches, and the effect of a
//! reload and of a lost cache.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::time::Duration;

use cli::sidecar::{address, get, rekinit, start, wait_until};
use cli::{PASSWORD, REALM, kinit};
use kerberos_asn1::ErrorCode;
use kerberos_files::ccache::CcacheFile;
use kerberos_testkdc::{Fault, TestKdc};
use test_support::{Place, Sidecar};

const READY: &str = "HTTP/1.1 200 OK";
const UNREADY: &str = "HTTP/1.1 503 Service Unavailable";

/// A realm with two users.
fn world() -> (TestKdc, Place) {
    let kdc = TestKdc::builder(REALM)
        .principal("alice", PASSWORD)
        .principal("bob", PASSWORD)
        .service("HTTP/www")
        .start()
        .expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    place.write("password", PASSWORD);
    place.write("wrong", "not this one");
    (kdc, place)
}

/// The configuration of a ticket for `principal`, with the password in the file `secret`.
fn ticket(principal: &str, secret: &str, cache: &str) -> String {
    format!(
        "[[ticket]]\nprincipal = \"{principal}\"\npassword-file = \"{secret}\"\n\
         cache = \"{cache}\"\n"
    )
}

fn log_in(place: &Place, arguments: &str) {
    kinit(place, arguments).run().success();
}

/// The listing of the collection, which contains the principals.
fn listed(place: &Place, collection: &str) -> String {
    let klist = place.ours("klist").arg("-l");
    let run = klist.env("KRB5CCNAME", collection).run();
    run.stdout().clone()
}

#[test]
fn application_waits_for_its_own_principals_tickets() {
    let (_kdc, place) = world();
    log_in(&place, "bob");
    let run = |arguments: &str| {
        let beside = "--timeout 1 -- touch started";
        rekinit(&place, arguments).line(beside).run().exits(1);
        assert!(!place.path("started").exists(), "{arguments}");
    };
    run("--password-file wrong alice");
    place.write(
        "secret.json",
        r#"{"username":"alice","password":"not this one"}"#,
    );
    run("--secret-file secret.json");
    // The own ticket is not sufficient either, as long as a service ticket is missing.
    log_in(&place, "alice");
    run("--password-file wrong --service HTTP/www@CLI.TEST alice");
    let done = rekinit(&place, "--password-file wrong alice -- touch started");
    done.run().success();
    assert!(place.path("started").exists());
}

#[test]
fn two_tickets_in_one_collection_are_reported_separately() {
    let (_kdc, place) = world();
    let collection = format!("DIR:{}", place.text("tickets"));
    let both = ticket("alice", "password", &collection) + &ticket("bob", "password", &collection);
    place.write("both.toml", &both);
    let mut sidecar = start(&place, "--config both.toml --listen 127.0.0.1:0");
    let address = address(&mut sidecar);
    sidecar.wait_for("\"event\":\"refreshed\"", 2);
    sidecar.signal("HUP");
    sidecar.wait_for("was reloaded", 1);
    let (status, body) = get(&address, "/readyz");
    assert_eq!(status, READY, "{body}");
    for name in ["alice", "bob"] {
        let principal = format!("{name}@{REALM}");
        assert_eq!(body.matches(&principal).count(), 1, "{body}");
        assert!(listed(&place, &collection).contains(&principal));
    }
    let (_, metrics) = get(&address, "/metrics");
    let mut series: Vec<_> = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, _)| series)
        .collect();
    let all = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), all, "{metrics}");
}

#[test]
fn destroy_option_keeps_other_caches_of_a_collection() {
    let (_kdc, place) = world();
    let collection = format!("DIR:{}", place.text("tickets"));
    fs::create_dir(place.path("tickets")).expect("the folder is writable");
    log_in(&place, &format!("-c {collection} bob"));
    let options = format!("--destroy --password-file password -c {collection} alice");
    let mut sidecar = start(&place, &options);
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    assert!(listed(&place, &collection).contains("alice@"));
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait(Duration::from_secs(5)), 0);
    let left = listed(&place, &collection);
    assert!(left.contains("bob@") && !left.contains("alice@"), "{left}");
}

#[test]
fn reload_with_new_principal_is_not_ready_before_login() {
    let (_kdc, place) = world();
    let cache = place.text("cache");
    place.write("tickets.toml", ticket("alice", "password", &cache));
    let mut sidecar = start(&place, "--config tickets.toml --listen 127.0.0.1:0");
    let address = address(&mut sidecar);
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    assert_eq!(get(&address, "/readyz").0, READY);
    place.write("tickets.toml", ticket("bob", "wrong", &cache));
    sidecar.signal("HUP");
    sidecar.wait_for("\"event\":\"failed\"", 1);
    let (status, body) = get(&address, "/readyz");
    assert_eq!(status, UNREADY, "{body}");
    assert!(body.contains(&format!("bob@{REALM}")), "{body}");
}

#[test]
fn last_accepted_secret_survives_a_reload() {
    let (_kdc, place) = world();
    let cache = place.text("cache");
    place.write("rotated", PASSWORD);
    place.write("tickets.toml", ticket("alice", "rotated", &cache));
    let mut sidecar = start(&place, "--config tickets.toml");
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    // The KDC does not know this password yet.
    place.write("rotated", "the next one");
    sidecar.wait_for("\"reason\":\"old_secret\"", 1);
    sidecar.signal("HUP");
    sidecar.wait_for("\"reason\":\"old_secret\"", 2);
    assert!(!sidecar.log().contains("\"event\":\"failed\""));
}

#[test]
fn removed_cache_is_rewritten() {
    let (_kdc, place) = world();
    let options = "--password-file password --listen 127.0.0.1:0 alice";
    let mut sidecar = start(&place, options);
    let address = address(&mut sidecar);
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    fs::remove_file(place.cache()).expect("the file exists");
    // The sidecar looks when it is asked, and may be ready again at once.
    get(&address, "/readyz");
    wait_until("the cache is written again", || {
        CcacheFile::new(place.cache()).open().is_ok()
    });
    sidecar.wait_for("\"event\":\"cache_gone\"", 1);
    wait_until("the sidecar is ready", || {
        get(&address, "/readyz").0 == READY
    });
}

#[test]
fn configured_principal_is_reported_before_first_login() {
    let (_kdc, place) = world();
    let mut sidecar = start(&place, "-k -t nowhere --listen 127.0.0.1:0 alice");
    let address = address(&mut sidecar);
    sidecar.wait_for("\"event\":\"failed\"", 1);
    let (_, body) = get(&address, "/readyz");
    assert!(body.contains(&format!("alice@{REALM}")), "{body}");
}

#[test]
fn emptied_secret_raises_an_alarm_and_ticket_is_renewed() {
    let kdc = TestKdc::builder(REALM)
        .principal("alice", PASSWORD)
        .max_life(Duration::from_secs(6))
        .start()
        .expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    place.write("password", PASSWORD);
    let hook = "-r 1h --password-file password --listen 127.0.0.1:0 --hook-shell --hook";
    let tool = rekinit(&place, "--log json").line(hook);
    let tool = tool.arg("echo again >> hooked").arg("alice");
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    let address = address(&mut sidecar);
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    place.write("password", "");
    sidecar.wait_for("\"reason\":\"secret_unreadable\"", 1);
    // The ticket ends within seconds, and is renewed; the alarm stays set.
    let renewed = || {
        let hooked = fs::read_to_string(place.path("hooked")).unwrap_or_default();
        hooked.lines().count() >= 2
    };
    wait_until("the ticket is renewed", renewed);
    assert_eq!(get(&address, "/readyz").0, READY);
    let (_, metrics) = get(&address, "/metrics");
    let is_alarm = |line: &str| {
        line.starts_with("rekinit_alarm") && line.contains("reason=\"secret_unreadable\"")
    };
    assert!(metrics.lines().any(is_alarm), "{metrics}");
    place.write("password", PASSWORD);
    wait_until("the alarm is cleared", || {
        let (_, metrics) = get(&address, "/metrics");
        !metrics.contains("rekinit_alarm{")
    });
}

#[test]
fn late_publication_is_reported_although_the_attempt_fails() {
    let (kdc, place) = world();
    let cache = format!("FILE:{}", place.path("later/cache").display());
    let options = format!("--password-file password --listen 127.0.0.1:0 -c {cache} alice");
    let mut sidecar = start(&place, &options);
    let address = address(&mut sidecar);
    sidecar.wait_for("\"event\":\"failed\"", 1);
    kdc.set_fault(Fault::Error(ErrorCode::KDC_ERR_CLIENT_REVOKED));
    fs::create_dir(place.path("later")).expect("it is not there");
    sidecar.signal("USR1");
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    let (_, metrics) = get(&address, "/metrics");
    let refreshed = metrics
        .lines()
        .find(|line| line.starts_with("rekinit_last_success_timestamp_seconds{"));
    let at = refreshed.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    assert!(at.is_some_and(|at| at > 0), "{metrics}");
}

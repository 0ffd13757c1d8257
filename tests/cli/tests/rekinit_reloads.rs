//! What a reload (SIGHUP) changes in the sidecar and what it keeps: everything, if the new settings
//! cannot be used; caches that are no longer kept; and who waits for the main thread meanwhile.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use cli::sidecar::{address, get, rekinit, start, wait_until};
use cli::{PASSWORD, REALM, realm_of};
use kerberos_testkdc::{Fault, TestKdc};
use test_support::{DnsView, Place, Sidecar};

const READY: &str = "HTTP/1.1 200 OK";
const REFRESHED: &str = "\"event\":\"refreshed\"";
const UNCHANGED: &str = "the configuration was not reloaded";

/// A realm with two users.
fn world() -> (TestKdc, Place) {
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let (kdc, place) = realm_of(builder.principal("bob", PASSWORD));
    place.write("password", PASSWORD);
    (kdc, place)
}

/// The configuration of a ticket for `principal` in `cache`, which is destroyed at its end.
fn ticket(principal: &str, cache: &str) -> String {
    format!(
        "[[ticket]]\nprincipal = \"{principal}\"\npassword-file = \"password\"\n\
         cache = \"{cache}\"\ndestroy = true\n"
    )
}

#[test]
fn reload_with_unusable_krb5_conf_changes_nothing() {
    let (kdc, place) = world();
    let mut sidecar = start(
        &place,
        "--password-file password --listen 127.0.0.1:0 alice",
    );
    let address = address(&mut sidecar);
    sidecar.wait_for(REFRESHED, 1);
    let lines = [
        "ticket_lifetime = soon",
        "renew_lifetime = a-week",
        "permitted_enctypes = none-that-there-is",
    ];
    for (before, line) in lines.into_iter().enumerate() {
        place.configure(&format!("{}[libdefaults]\n{line}\n", kdc.krb5_conf()));
        sidecar.signal("HUP");
        sidecar.wait_for(UNCHANGED, before + 1);
        assert_eq!(get(&address, "/readyz").0, READY, "{line}");
        let (_, metrics) = get(&address, "/metrics");
        assert!(metrics.contains("rekinit_ready{"), "{line}: {metrics}");
        // The ticket is kept as before.
        sidecar.signal("USR1");
        sidecar.wait_for(REFRESHED, before + 2);
        // At the start, it is a mistake in the configuration.
        let run = rekinit(&place, "--once --password-file password alice");
        run.run().exits(2);
        // Unless it is overridden.
        let overriding = "--once -l 1h -r 1h -c own --password-file password alice";
        let status = if line.contains("lifetime") { 0 } else { 2 };
        rekinit(&place, overriding).run().exits(status);
    }
    place.configure(&kdc.krb5_conf());
    sidecar.signal("HUP");
    sidecar.wait_for("was reloaded", 1);
    sidecar.wait_for(REFRESHED, lines.len() + 2);
}

#[test]
fn reload_without_free_descriptors_changes_nothing() {
    let (_kdc, place) = world();
    place.write("tickets.toml", ticket("alice", "one"));
    let mut sidecar = start(&place, "--config tickets.toml --listen 127.0.0.1:0");
    let address = address(&mut sidecar);
    sidecar.wait_for(REFRESHED, 1);
    let id = sidecar.id().to_string();
    let limit = |descriptors: usize| {
        let mut prlimit = Command::new("prlimit");
        let limit = format!("--nofile={descriptors}:4096");
        let prlimit = prlimit.args(["--pid", &id, &limit]);
        assert!(prlimit.status().expect("prlimit can be run").success());
    };
    let open = fs::read_dir(format!("/proc/{id}/fd")).expect("the process is running");
    let numbers = open
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let taken: Vec<usize> = numbers.collect();
    let free = (0..1024).find(|number| !taken.contains(number));
    // One file descriptor is left: enough to read files, but not to watch them and to keep tickets.
    limit(free.expect("a descriptor number below 1024 is free") + 1);
    place.write(
        "tickets.toml",
        ticket("alice", "one") + &ticket("bob", "two"),
    );
    sidecar.signal("HUP");
    sidecar.wait_for(UNCHANGED, 1);
    limit(1024);
    assert_eq!(get(&address, "/readyz").0, READY);
    sidecar.signal("USR1");
    sidecar.wait_for(REFRESHED, 2);
    assert!(
        !place.path("two").exists(),
        "a failed reload must not start bob's login"
    );
    sidecar.signal("HUP");
    sidecar.wait_for("was reloaded", 1);
    sidecar.wait_for(REFRESHED, 4);
    assert!(place.path("two").exists());
}

#[test]
fn reload_destroys_caches_no_longer_configured() {
    let (_kdc, place) = world();
    let collection = format!("DIR:{}", place.text("tickets"));
    let listed = || {
        let klist = place.ours("klist").arg("-l");
        let run = klist.env("KRB5CCNAME", &collection).run();
        run.stdout().clone()
    };
    let all = ticket("alice", "gone") + &ticket("bob", "moved") + &ticket("alice", "kept");
    let all = all + &ticket("alice", &collection) + &ticket("bob", &collection);
    place.write("tickets.toml", all);
    let mut sidecar = start(&place, "--config tickets.toml");
    sidecar.wait_for(REFRESHED, 5);
    assert!(listed().contains("alice@") && listed().contains("bob@"));
    // The cache `kept` now gets the tickets of another principal, and is named by another path.
    let elsewhere = ticket("bob", "elsewhere") + &ticket("bob", &place.text("kept"));
    place.write("tickets.toml", elsewhere + &ticket("bob", &collection));
    sidecar.signal("HUP");
    sidecar.wait_for("was reloaded", 1);
    assert!(!place.path("gone").exists() && !place.path("moved").exists());
    assert!(place.path("kept").exists());
    assert!(!listed().contains("alice@") && listed().contains("bob@"));
    sidecar.wait_for(REFRESHED, 8);
    assert!(place.path("elsewhere").exists());
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait(Duration::from_secs(5)), 0);
    wait_until("the caches are destroyed", || {
        !place.path("elsewhere").exists() && !place.path("kept").exists()
    });
    assert!(!listed().contains("bob@"));
}

/// The principal was in a secret that came late; the sidecar still knows which cache it uses.
#[test]
fn reload_keeps_the_cache_of_a_late_known_principal() {
    let (kdc, place) = world();
    let collection = format!("DIR:{}", place.text("tickets"));
    let options = format!("--secret-file secret --destroy --listen 127.0.0.1:0 -c {collection}");
    let mut sidecar = start(&place, &options);
    let address = address(&mut sidecar);
    sidecar.wait_for("\"event\":\"failed\"", 1);
    let secret = format!("{{\"username\":\"alice\",\"password\":\"{PASSWORD}\"}}");
    place.write("secret", &secret);
    sidecar.wait_for(REFRESHED, 1);
    kdc.set_fault(Fault::Silence);
    for reloads in 1..=3 {
        // The principal is known since then and stays known, even when the secret cannot be read.
        if reloads == 3 {
            fs::remove_file(place.path("secret")).expect("the file exists");
        }
        sidecar.signal("HUP");
        sidecar.wait_for("was reloaded", reloads);
        assert_eq!(get(&address, "/readyz").0, READY, "reload {reloads}");
        let klist = place.ours("klist").arg("-l").env("KRB5CCNAME", &collection);
        let run = klist.run();
        assert!(run.stdout().contains("alice@"), "reload {reloads}: {run}");
    }
}

#[test]
#[cfg_attr(
    not(root),
    ignore = "needs root, for port 53 and its own DNS configuration"
)]
fn probes_and_reloads_do_not_wait_for_dns() {
    let (kdc, place) = world();
    let conf = kdc.krb5_conf();
    place.configure(&conf.replace("dns_canonicalize_hostname = false", ""));
    let silent =
        std::net::UdpSocket::bind("127.77.5.1:53").expect("the loopback address is unused");
    let view = DnsView::of(std::net::Ipv4Addr::new(127, 77, 5, 1), "cli.test");
    let tool = place
        .ours_installed("rekinit")
        .line("--log json --listen 127.0.0.1:0");
    let tool = tool.line("--service HTTP/www.cli.test --password-file password alice");
    let begin = Instant::now();
    let mut sidecar = Sidecar::start(view.seen_by(tool), place.path("log"));
    let address = address(&mut sidecar);
    for reloads in 1..=2 {
        assert_eq!(get(&address, "/livez").0, READY);
        sidecar.signal("HUP");
        sidecar.wait_for("was reloaded", reloads);
    }
    assert_eq!(get(&address, "/livez").0, READY);
    assert!(
        begin.elapsed() < Duration::from_secs(8),
        "{:?}",
        begin.elapsed()
    );
    drop(silent);
}

/// Two principals have their caches in one collection; who the second is stands in a secret that
/// cannot be read just then.
#[test]
fn reload_with_unreadable_secret_keeps_tickets_apart() {
    let (kdc, place) = world();
    let collection = format!("DIR:{}", place.text("tickets"));
    let secret = format!("{{\"username\":\"bob\",\"password\":\"{PASSWORD}\"}}");
    place.write("secret", &secret);
    let of_secret =
        format!("[[ticket]]\nsecret-file = \"secret\"\ncache = \"{collection}\"\ndestroy = true\n");
    place.write("tickets.toml", ticket("alice", &collection) + &of_secret);
    let mut sidecar = start(&place, "--config tickets.toml --listen 127.0.0.1:0");
    let address = address(&mut sidecar);
    sidecar.wait_for(REFRESHED, 2);
    kdc.set_fault(Fault::Silence);
    fs::remove_file(place.path("secret")).expect("the file exists");
    // The tickets may stand in another order as well.
    place.write(
        "tickets.toml",
        of_secret.clone() + &ticket("alice", &collection),
    );
    sidecar.signal("HUP");
    sidecar.wait_for("was reloaded", 1);
    assert_eq!(get(&address, "/readyz").0, READY);
    place.write("tickets.toml", of_secret);
    sidecar.signal("HUP");
    sidecar.wait_for("was reloaded", 2);
    let klist = place.ours("klist").arg("-l").env("KRB5CCNAME", &collection);
    let run = klist.run();
    let caches = run.stdout();
    assert!(
        caches.contains("bob@") && !caches.contains("alice@"),
        "{run}"
    );
    let (_, metrics) = get(&address, "/metrics");
    assert!(
        !metrics.contains("alice@") && metrics.contains("bob@"),
        "{metrics}"
    );
}

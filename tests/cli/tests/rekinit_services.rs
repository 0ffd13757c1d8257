//! Service tickets that the sidecar keeps besides the login's ticket: what it reports and does when
//! one is not available, and what a probe requires.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cli::sidecar::{address, get, rekinit, start, wait_until};
use cli::{PASSWORD, REALM, kinit, realm_of};
use kerberos_files::ccache::CcacheFile;
use kerberos_testkdc::{Account, TestKdc};
use serde_json::Value;
use test_support::{DnsView, Finished, Place, Sidecar};

fn world() -> (TestKdc, Place) {
    let kdc = TestKdc::builder(REALM)
        .principal("alice", PASSWORD)
        .service("HTTP/www")
        .start()
        .expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    place.write("password", PASSWORD);
    (kdc, place)
}

const HAVE: &str = "--service HTTP/www@CLI.TEST";
const LACK: &str = "--service HTTP/nope@CLI.TEST";

/// The first event called `name` in the log.
fn event(log: &str, name: &str) -> Value {
    let events = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let mut found = events.filter(|event: &Value| event["event"] == name);
    found.next().unwrap_or_else(|| panic!("no {name}: {log}"))
}

#[test]
fn once_fails_without_all_service_tickets() {
    let (_kdc, place) = world();
    let once = |services: &str| {
        let options = "--once --log json --password-file password alice";
        rekinit(&place, options).line(services).run()
    };
    once(HAVE).success();
    let run = once(&format!("{HAVE} {LACK}")).exits(1);
    let missing = event(&run.stderr(), "service_missing");
    assert_eq!(missing["service"], format!("HTTP/nope@{REALM}"));
    assert_eq!(missing["principal"], format!("alice@{REALM}"));
    assert_eq!(
        missing["cache"],
        format!("FILE:{}", place.cache().display())
    );
    assert_eq!(missing["reason"], "kdc_refused");
    assert!(
        run.stderr()
            .contains("1 ticket for services could not be obtained"),
        "{run}"
    );
    // A realm that is still unknown is not shown.
    let run = rekinit(&place, "--once --password-file password alice")
        .line("--service HTTP/nope.example.org")
        .run()
        .exits(1);
    assert!(
        run.stderr()
            .contains("no ticket for HTTP/nope.example.org: "),
        "{run}"
    );
}

#[test]
fn missing_service_ticket_is_retried_within_minutes() {
    let (_kdc, place) = world();
    let tool = rekinit(&place, "--log json --listen 127.0.0.1:0 alice");
    let tool = tool.line("--password-file password").line(LACK);
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    let log = sidecar.log();
    let (_, address) = log
        .split_once("http://")
        .expect("the log names the address");
    let (_, metrics) = get(address.split('/').next().unwrap_or_default(), "/metrics");
    let next = metrics
        .lines()
        .filter(|line| line.starts_with("rekinit_next_attempt"))
        .find_map(|line| line.rsplit(' ').next()?.parse().ok());
    let next: u64 = next.expect("the metrics have the time of the next attempt");
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let pause = next - now.expect("the clock is after 1970").as_secs();
    assert!((240..=301).contains(&pause), "{pause}");
}

/// Publishing again and again for the sake of one service must not let the tickets of others end.
#[test]
fn short_ticket_is_refreshed_while_the_kdc_of_another_service_is_unreachable() {
    let short = Account::new("HTTP/www").max_life(Duration::from_secs(6));
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let (kdc, place) = realm_of(builder.account(short).service("krbtgt/OTHER.TEST"));
    place.write("password", PASSWORD);
    // Nobody can listen at port 0.
    let other = "[realms]\nOTHER.TEST = {\nkdc = 127.0.0.1:0\n}\n";
    place.configure(&format!("{}{other}", kdc.krb5_conf()));
    let options = format!("--password-file password {HAVE} --service HTTP/x@OTHER.TEST alice");
    let mut sidecar = start(&place, &options);
    sidecar.wait_for("\"event\":\"failed\"", 1);
    let end = || {
        let cache = CcacheFile::new(place.cache()).open();
        let mut reader = cache.expect("the sidecar has written it");
        let mut ends = Vec::new();
        while let Some(entry) = reader.next().expect("the cache is intact") {
            if entry.server().to_string().starts_with("HTTP/www@") {
                ends.push(entry.endtime());
            }
        }
        ends.into_iter().max().expect("there is a ticket")
    };
    let first = end();
    wait_until("the ticket is replaced", || end() > first);
    assert!(!sidecar.log().contains("\"event\":\"refreshed\""));
}

/// While the KDC of one service cannot be reached, the login is published again and again. That
/// loses no ticket of another service, and nobody is told of a new ticket.
#[test]
fn unreachable_kdc_of_one_service_costs_no_other_ticket() {
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let (kdc, place) = realm_of(builder.service("HTTP/www").service("krbtgt/OTHER.TEST"));
    place.write("password", PASSWORD);
    // Nobody can listen at port 0.
    let other = "[realms]\nOTHER.TEST = {\nkdc = 127.0.0.1:0\n}\n";
    place.configure(&format!("{}{other}", kdc.krb5_conf()));
    let options = "--log json --hook-shell --password-file password --hook";
    let tool = rekinit(&place, options).arg("echo again >> hooked");
    let tool = tool.line(HAVE).line("--service HTTP/x@OTHER.TEST alice");
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    let missing = "\"service\":\"HTTP/x@OTHER.TEST\"";
    sidecar.wait_for("\"event\":\"failed\"", 1);
    drop(kdc);
    for times in 1..4 {
        sidecar.signal("USR1");
        sidecar.wait_for(
            "Cannot contact any KDC for realm 'CLI.TEST'\",\"event\"",
            times,
        );
        let before = sidecar.log().matches(missing).count();
        sidecar.wait_for(missing, before.max(times + 1));
        let listed = place.ours("klist").run().stdout();
        assert!(listed.contains("HTTP/www@CLI.TEST"), "{listed}");
    }
    let hooked = std::fs::read_to_string(place.path("hooked")).unwrap_or_default();
    assert_eq!(hooked, "again\n", "the hook is only for a new ticket");
    assert!(!sidecar.log().contains("\"event\":\"refreshed\""));
}

#[test]
fn check_option_requires_service_tickets() {
    let (_kdc, place) = world();
    rekinit(&place, "--once --password-file password alice")
        .line(HAVE)
        .run()
        .success();
    // The sidecar's own arguments may all be given.
    let check = |arguments: &str| -> Finished {
        let others = "--check -k -t nowhere --listen :1 --period 1h alice";
        rekinit(&place, others).line(arguments).run()
    };
    check("").success();
    check(HAVE).success();
    check(&format!("--min-life 60 {HAVE}")).success();
    check(&format!("{HAVE} -- app")).success();
    let run = check(LACK).exits(1);
    assert!(
        run.stderr()
            .contains(&format!("no ticket for HTTP/nope@{REALM} in ")),
        "{run}"
    );
    let config = format!(
        "[[ticket]]\nprincipal = \"alice\"\npassword-file = \"password\"\n\
         cache = \"{}\"\nservices = [\"HTTP/nope@{REALM}\"]\n",
        place.cache().display()
    );
    place.write("tickets.toml", config);
    let run = rekinit(&place, "--check --config tickets.toml")
        .run()
        .exits(1);
    assert!(run.stderr().contains("no ticket for HTTP/nope"), "{run}");
}

#[test]
#[cfg_attr(
    not(root),
    ignore = "needs root, for port 53 and its own DNS configuration"
)]
fn check_option_does_not_wait_for_dns() {
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let (kdc, place) = realm_of(builder.service("HTTP/www.cli.test"));
    place.write("password", PASSWORD);
    let named = "[domain_realm]\n.cli.test = CLI.TEST\n";
    place.configure(&format!("{}{named}", kdc.krb5_conf()));
    rekinit(&place, "--once --password-file password alice")
        .line("--service HTTP/WWW.cli.test")
        .run()
        .success();
    let silent = UdpSocket::bind("127.77.5.2:53").expect("the loopback address is unused");
    let view = DnsView::of(Ipv4Addr::new(127, 77, 5, 2), "cli.test");
    let conf = kdc.krb5_conf();
    let conf = conf.replace("dns_canonicalize_hostname = false", "");
    for more in ["", named] {
        place.configure(&format!("{conf}{more}"));
        let check = |service: &str| {
            let tool = place.ours_installed("rekinit").line("--check --service");
            view.seen_by(tool.arg(service)).run()
        };
        let run = check("HTTP/WWW.cli.test").success();
        assert!(run.elapsed < Duration::from_secs(2), "{run}");
        // Only DNS could tell whether this is another name of the host.
        let run = check("HTTP/alias.cli.test").exits(1);
        assert!(run.elapsed < Duration::from_secs(6), "{run}");
        assert!(
            run.stderr().contains("no ticket for HTTP/alias.cli.test"),
            "{run}"
        );
        assert!(run.stderr().contains("DNS did not answer in time"), "{run}");
    }
    // The same name in another realm is another service.
    place.configure(&format!("{conf}[domain_realm]\n.cli.test = OTHER.TEST\n"));
    let tool = place
        .ours_installed("rekinit")
        .line("--check --service HTTP/www.cli.test");
    view.seen_by(tool).run().exits(1);
    drop(silent);
}

/// A trailing suffix is kept, a short name gets its domain, and a port is not part of the host
/// name.
#[test]
fn cached_service_tickets_are_recognised_after_restart() {
    let builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    let builder = builder.service("MSSQLSvc/db.cli.test:Inst");
    let (kdc, place) = realm_of(builder.service("HTTP/www.cli.test"));
    place.write("password", PASSWORD);
    place.configure(&format!(
        "{}[libdefaults]\nqualify_shortname = cli.test\n[domain_realm]\n.cli.test = CLI.TEST\n",
        kdc.krb5_conf()
    ));
    let options =
        "--password-file password --service MSSQLSvc/DB.cli.test:Inst --service HTTP/www alice";
    rekinit(&place, "--once").line(options).run().success();
    drop(kdc);
    let mut sidecar = start(&place, &format!("--listen 127.0.0.1:0 {options}"));
    let address = address(&mut sidecar);
    sidecar.wait_for("\"event\":\"failed\"", 1);
    assert_eq!(get(&address, "/readyz").0, "HTTP/1.1 200 OK");
}

#[test]
#[cfg_attr(
    not(root),
    ignore = "needs root, for port 53 and its own DNS configuration"
)]
fn silent_dns_does_not_delay_each_service() {
    let mut builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    for number in 0..6 {
        builder = builder.service(&format!("HTTP/www{number}.cli.test"));
    }
    let (kdc, place) = realm_of(builder);
    place.write("password", PASSWORD);
    let conf = kdc.krb5_conf();
    place.configure(&conf.replace("dns_canonicalize_hostname = false", ""));
    let silent = UdpSocket::bind("127.77.5.3:53").expect("the loopback address is unused");
    let view = DnsView::of(Ipv4Addr::new(127, 77, 5, 3), "cli.test");
    let mut tool = place
        .ours_installed("rekinit")
        .line("--once --timeout 30 --password-file password alice");
    for number in 0..6 {
        tool = tool.line(&format!("--service HTTP/www{number}.cli.test"));
    }
    let run = view.seen_by(tool).run().success();
    assert!(run.elapsed < Duration::from_secs(20), "{run}");
    let listed = place.ours("klist").run();
    assert!(listed.stdout().contains("HTTP/www5.cli.test@"), "{listed}");
    drop(silent);
}

#[test]
fn removed_service_ticket_is_noticed_and_written_again() {
    let (_kdc, place) = world();
    let options = format!("--listen 127.0.0.1:0 --password-file password {HAVE} alice");
    let mut sidecar = start(&place, &options);
    let address = address(&mut sidecar);
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    assert_eq!(get(&address, "/readyz").0, "HTTP/1.1 200 OK");
    kinit(&place, "alice").run().success();
    get(&address, "/readyz");
    sidecar.wait_for("there is no ticket for HTTP/www@CLI.TEST in FILE:", 1);
    sidecar.wait_for("\"event\":\"restored\"", 1);
    let listed = place.ours("klist").run().stdout();
    assert!(listed.contains("HTTP/www@CLI.TEST"), "{listed}");
}

#[test]
fn ticket_without_its_service_ticket_is_told_from_none() {
    let (kdc, place) = world();
    kinit(&place, "alice").run().success();
    drop(kdc);
    let run = rekinit(&place, "--once --timeout 1 --password-file password")
        .line(&format!("{HAVE} alice"))
        .run()
        .exits(1);
    assert!(
        run.stderr()
            .contains("but there is none for HTTP/www@CLI.TEST"),
        "{run}"
    );
}

//! The effect of the sidecar's options on the cache and the log, given in the command line and in
//! its configuration file.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::time::SystemTime;

use cli::sidecar::{address, get, rekinit, start};
use cli::{PASSWORD, REALM, tickets};
use kerberos_asn1::TicketFlags;
use kerberos_proto::Credential;
use kerberos_testkdc::{Account, TestKdc};
use test_support::Place;

const FORWARDABLE: TicketFlags = TicketFlags::FORWARDABLE;
const PROXIABLE: TicketFlags = TicketFlags::PROXIABLE;
/// What is requested by default.
const BOTH: &str = "[libdefaults]\nforwardable = true\nproxiable = true\n";

/// A way to log in, as options and as configuration.
struct Case {
    libdefaults: &'static str,
    options: &'static str,
    toml: &'static str,
    principal: &'static str,
}

/// A place whose KDC also knows alice and bob by other names.
fn place(libdefaults: &str) -> (TestKdc, Place) {
    let user = |name, alias| Account::new(name).password(PASSWORD).alias(alias);
    let kdc = TestKdc::builder(REALM)
        .account(user("alice", "alice@corp.example"))
        .account(user("bob", "rob"))
        .service("app/service")
        .start()
        .expect("a port of 127.0.0.1 is free");
    let place = Place::new(&format!("{}\n{libdefaults}", kdc.krb5_conf()));
    place.write("password", PASSWORD);
    (kdc, place)
}

/// The resulting ticket, which must be the same for both.
fn ticket(case: &Case) -> Credential {
    let (_kdc, place) = place(case.libdefaults);
    let line = format!("--password-file password {}", case.options);
    rekinit(&place, "--once")
        .line(&line)
        .arg(case.principal)
        .run()
        .success();
    let typed = only_ticket(&place);
    fs::remove_file(place.cache()).expect("the file exists");
    let ticket = format!(
        "[[ticket]]\nprincipal = \"{}\"\npassword-file = \"password\"\n{}\n",
        case.principal, case.toml
    );
    place.write("rekinit.toml", ticket);
    rekinit(&place, "--once --config rekinit.toml")
        .run()
        .success();
    let written = only_ticket(&place);
    let told = |ticket: &Credential| (ticket.client.clone(), ticket.server.clone(), ticket.flags);
    assert_eq!(
        told(&typed),
        told(&written),
        "{} and {}",
        case.options,
        case.toml
    );
    typed
}

fn only_ticket(place: &Place) -> Credential {
    let mut tickets = tickets(place);
    assert_eq!(tickets.len(), 1);
    tickets.remove(0)
}

#[test]
fn flag_options_set_the_ticket_flags() {
    let nothing = "";
    for (libdefaults, options, toml, flag, is_set) in [
        (nothing, "", "", FORWARDABLE, false),
        (nothing, "-f", "forwardable = true", FORWARDABLE, true),
        (BOTH, "", "", FORWARDABLE, true),
        (BOTH, "-F", "forwardable = false", FORWARDABLE, false),
        (nothing, "", "", PROXIABLE, false),
        (nothing, "-p", "proxiable = true", PROXIABLE, true),
        (BOTH, "", "", PROXIABLE, true),
        (BOTH, "-P", "proxiable = false", PROXIABLE, false),
    ] {
        let case = Case {
            libdefaults,
            options,
            toml,
            principal: "alice",
        };
        let flags = ticket(&case).flags;
        assert_eq!(
            flags.contains(flag),
            is_set,
            "{libdefaults:?} {options}: {flags:?}"
        );
    }
}

#[test]
fn name_options_set_client_and_server() {
    // Without canonicalization, nobody has that name.
    let (_kdc, place) = place("");
    rekinit(&place, "-x --password-file password rob")
        .run()
        .exits(1);
    let tgt = &*format!("krbtgt/{REALM}@{REALM}");
    let service = &*format!("app/service@{REALM}");
    for (options, toml, principal, client, server) in [
        ("-C", "canonicalize = true", "rob", "bob", tgt),
        (
            "-E",
            "enterprise = true",
            "alice@corp.example",
            "alice",
            tgt,
        ),
        (
            "-S app/service",
            "initial-service = \"app/service\"",
            "alice",
            "alice",
            service,
        ),
    ] {
        let case = Case {
            libdefaults: "",
            options,
            toml,
            principal,
        };
        let ticket = ticket(&case);
        assert_eq!(
            ticket.client.to_string(),
            format!("{client}@{REALM}"),
            "{options}"
        );
        assert_eq!(ticket.server.to_string(), server, "{options}");
    }
}

#[test]
fn quiet_option_silences_success_only() {
    let (_kdc, place) = place("");
    place.write("wrong", "not this one");
    for option in ["-q", "--quiet"] {
        let run = rekinit(&place, "--once --password-file password alice").arg(option);
        let run = run.run().success();
        assert!(run.stdout.is_empty() && run.stderr.is_empty(), "{run}");
        let run = rekinit(&place, "-x --password-file wrong alice").arg(option);
        let run = run.run().exits(1);
        assert!(run.stderr().contains("alice"), "{run}");
    }
}

#[test]
fn k_option_sets_the_period_in_minutes() {
    let (_kdc, place) = place("");
    // The number of seconds until the next attempt.
    let next = |period: &str| {
        let options = format!("--listen 127.0.0.1:0 --password-file password {period} alice");
        let mut sidecar = start(&place, &options);
        sidecar.wait_for("\"event\":\"refreshed\"", 1);
        let (_, metrics) = get(&address(&mut sidecar), "/metrics");
        let name = "rekinit_next_attempt_timestamp_seconds{";
        let line = metrics.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.rsplit_once(' '));
        let at: f64 = value.expect(name).1.parse().expect("the value is a number");
        let now = SystemTime::UNIX_EPOCH
            .elapsed()
            .expect("the clock is after 1970");
        at - now.as_secs_f64()
    };
    let minute = next("-K 1");
    assert!((30.0..=60.0).contains(&minute), "{minute}");
    let ever = next("");
    assert!(ever > 3_600.0, "{ever}");
}

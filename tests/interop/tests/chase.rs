//! Tickets of other realms: in four MIT realms in a row, our kvno and MIT's search them with copies
//! of the same cache. They must print the same, keep the same TGTs and ask the same KDCs.
#![allow(clippy::expect_used, reason = "tests may panic")]

use std::fs;

use interop::{copies, without_times};
use test_support::{Finished, Krb5Conf, MitRealms, Place};

/// Logs alice in with MIT's kinit and saves the cache as `start`.
fn log_in(place: &Place, arguments: &str) {
    let kinit = place.mit("kinit").line(arguments).line("-c start alice");
    kinit.stdin("wonderland\n").run().success();
}

/// Runs one command line with MIT's kvno and with ours, each on a copy of the cache `start`. The
/// output must be the same, and so must the caches afterwards. Returns our run, and the contents of
/// its cache.
#[track_caller]
fn check(place: &Place, arguments: &str) -> (Finished, String) {
    copies::check(place, "kvno", arguments, listed)
}

fn listed(place: &Place) -> String {
    let run = place.mit("klist").line("-e -f -a -d -C").run();
    without_times(&run.success().stdout())
}

/// The requests that the KDCs have received, without times, addresses and encryption types.
fn requests(realms: &MitRealms) -> Vec<String> {
    let of_realm = |realm: &&str| {
        let log = realms.log(realm);
        // Further lines about the same request begin with a time.
        let lines = log.lines().filter(|line| line.contains("TGS_REQ"));
        let lines = lines.filter_map(|line| line.split("127.0.0.1: ").nth(1));
        lines
            .map(|what| {
                let words = what.split(' ').filter(|word| !word.contains("authtime"));
                let words =
                    words.filter(|word| !word.chars().all(|c| c.is_ascii_digit() || c == ','));
                let mut words: Vec<_> = words.collect();
                words.retain(|word| !word.contains('=') && !word.starts_with("etypes"));
                format!("{realm}: {}", words.join(" "))
            })
            .collect::<Vec<_>>()
    };
    MitRealms::ALL.iter().flat_map(of_realm).collect()
}

/// A place whose tools use only TCP, so that no request is repeated, however busy the machine is.
fn place(realms: &MitRealms, conf: Krb5Conf) -> Place {
    let place = realms.place();
    place.configure(&conf.set("udp_preference_limit", "1"));
    place
}

/// The new requests since `before`, without duplicates.
fn asked_since(realms: &MitRealms, before: &[String]) -> Vec<String> {
    let mut new = requests(realms);
    for line in before {
        let at = new.iter().position(|one| one == line);
        new.remove(at.expect("earlier log lines are still in the log"));
    }
    new.sort();
    new.dedup();
    new
}

/// Like [`check`]; in addition, the KDCs must receive the same requests.
#[track_caller]
fn check_requests(realms: &MitRealms, place: &Place, arguments: &str) -> (Finished, String) {
    let [by_mit, by_us] = [place.mit("kvno"), place.ours("kvno")].map(|tool| {
        fs::copy(place.path("start"), place.cache()).expect("the folder is writable");
        let before = requests(realms);
        tool.line(arguments).run();
        asked_since(realms, &before)
    });
    assert!(!by_mit.is_empty(), "kvno {arguments}: no requests");
    assert_eq!(
        by_us, by_mit,
        "kvno {arguments}: ours (left), MIT's (right)"
    );
    check(place, arguments)
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn cross_realm_requests_match_mit() {
    let realms = MitRealms::start();
    let place = place(&realms, realms.conf());
    log_in(&place, "-f -r 2d");
    for (arguments, tgts) in [
        ("host/a.east.hub.test", &[][..]),
        (
            "HTTP/a.hub.test@HUB.TEST",
            &["krbtgt/HUB.TEST@EAST.HUB.TEST"],
        ),
        ("-S host a.hub.test", &["krbtgt/HUB.TEST@EAST.HUB.TEST"]),
        // Along the hierarchy of realms, which the KDCs know. No intermediate TGT is kept.
        ("HTTP/a.west.hub.test@WEST.HUB.TEST", &[]),
        ("-S host a.west.hub.test", &[]),
        // By [capaths].
        (
            "HTTP/a.far.test@FAR.TEST",
            &[
                "krbtgt/WEST.HUB.TEST@HUB.TEST",
                "krbtgt/FAR.TEST@WEST.HUB.TEST",
            ],
        ),
        ("-S ldap a.far.test", &["krbtgt/FAR.TEST@WEST.HUB.TEST"]),
        // Several names use the same path.
        (
            "HTTP/a.hub.test@HUB.TEST host/a.hub.test@HUB.TEST host/a.far.test@FAR.TEST",
            &[
                "krbtgt/HUB.TEST@EAST.HUB.TEST",
                "krbtgt/FAR.TEST@WEST.HUB.TEST",
            ],
        ),
        ("krbtgt/HUB.TEST", &["krbtgt/HUB.TEST@EAST.HUB.TEST"]),
        ("-e aes128-cts host/a.far.test@FAR.TEST", &[]),
        ("-C HTTP/a.hub.test@HUB.TEST", &[]),
    ] {
        let (run, left) = check_requests(&realms, &place, arguments);
        run.success();
        for tgt in tgts {
            assert!(left.contains(tgt), "kvno {arguments}: no {tgt} in {left}");
        }
    }
    for arguments in [
        "host/nobody.hub.test@HUB.TEST",
        "host/nobody.far.test@FAR.TEST",
        "-S host nobody.hub.test",
        "host/nobody.east.hub.test",
        "krbtgt/FAR.TEST",
        "krbtgt/NOWHERE.TEST",
    ] {
        check_requests(&realms, &place, arguments).0.exits(1);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn referral_requests_without_configuration_match_mit() {
    let realms = MitRealms::start();
    let place = place(&realms, realms.bare_conf());
    log_in(&place, "");
    for arguments in [
        "-S ldap a.hub.test",
        "-S host a.west.hub.test",
        "-u HTTP/a.hub.test",
        "-u HTTP/a.west.hub.test",
        "HTTP/a.west.hub.test@WEST.HUB.TEST",
        "-S host a.east.hub.test",
    ] {
        check_requests(&realms, &place, arguments).0.success();
    }
    for arguments in [
        "host/a.hub.test",
        "-u ldap/a.hub.test",
        "-S host a.far.test",
        "-S host a.nowhere.test",
        "-S host nowhere",
    ] {
        check_requests(&realms, &place, arguments).0.exits(1);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn cached_cross_realm_tickets_are_shared_with_mit() {
    let realms = MitRealms::start();
    let place = place(&realms, realms.conf());
    let services = "HTTP/a.far.test@FAR.TEST host/a.hub.test@HUB.TEST host/a.east.hub.test";
    for (stores, finds) in [("mit", "ours"), ("ours", "mit")] {
        let tool = |whose: &str| match whose {
            "mit" => place.mit("kvno"),
            _ => place.ours("kvno"),
        };
        log_in(&place, "");
        fs::copy(place.path("start"), place.cache()).expect("the folder is writable");
        tool(stores).line(services).run().success();
        tool(stores).line("-S ldap a.west.hub.test").run().success();
        let before = requests(&realms);
        tool(finds).line(services).run().success();
        tool(finds)
            .line("--cached-only")
            .line(services)
            .run()
            .success();
        tool(finds).line("-S ldap a.west.hub.test").run().success();
        let new = asked_since(&realms, &before);
        assert!(new.is_empty(), "{finds} after {stores} had stored: {new:?}");
        // A TGT that the other tool stored can be used, too.
        tool(finds).line("ldap/a.far.test@FAR.TEST").run().success();
        let new = asked_since(&realms, &before);
        assert_eq!(new.len(), 1, "{finds} after {stores} had stored: {new:?}");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn unreachable_intermediate_realm_is_reported_as_by_mit() {
    let mut realms = MitRealms::start();
    let place = realms.place();
    log_in(&place, "");
    realms.stop(MitRealms::HUB);
    for arguments in ["HTTP/a.hub.test@HUB.TEST", "-S host a.far.test"] {
        let (run, _) = check(&place, arguments);
        let first = "kvno: Cannot contact any KDC for realm 'HUB.TEST' while getting credentials";
        assert!(run.exits(1).stderr().starts_with(first));
    }
}

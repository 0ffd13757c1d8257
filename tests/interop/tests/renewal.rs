//! `kinit -R` and `-v` compared with MIT's, with MIT's KDC and Heimdal's. The same command lines
//! run on copies of the same cache; output, exit code and the resulting cache must be the same.
#![allow(clippy::expect_used, reason = "tests may panic")]

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use interop::{copies, left_by_login};
use test_support::{Finished, HeimdalRealm, MitRealm, Place, SambaRealm};

/// Logs alice in with MIT's kinit, gets her a ticket, and saves the cache as `start`.
fn log_in(place: &Place, arguments: &str, service: &str) {
    let kinit = place.mit("kinit").line(arguments).line("-c start alice");
    kinit.stdin("wonderland\n").run().success();
    if !service.is_empty() {
        place
            .mit("kvno")
            .line("-c start")
            .arg(service)
            .run()
            .success();
    }
}

/// Runs one command line with MIT's kinit and with ours, each on a copy of the cache `start`. The
/// output must be the same, and so must the caches afterwards. Returns our run.
#[track_caller]
fn check(place: &Place, arguments: &str) -> Finished {
    copies::check(place, "kinit", arguments, listed).0
}

/// The output of MIT's klist for the cache, without times.
fn listed(place: &Place) -> String {
    let run = place.mit("klist").line("-e -f -a -d -C").run();
    left_by_login(&run.success().stdout())
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn renewal_matches_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    log_in(&place, "-l 1h -r 2d -f -p", "host/a.mit.test");
    for arguments in [
        "-R",
        "-R -V",
        "-R alice",
        "-RV -c cache alice@MIT.TEST",
        "-R -S krbtgt/MIT.TEST",
        "-R -S krbtgt/MIT.TEST@ELSEWHERE",
        "-R -V -S host/a.mit.test",
        // Options for logins are ignored.
        "-R -l 10m -r 1h -s 1h -F -P -A",
        "-R -a",
        "-R -C",
    ] {
        check(&place, arguments).success();
    }
    // The last of -k, -R and -v takes effect.
    place.write(
        "keytab",
        fs::read(realm.keytab("robot")).expect("the keytab is readable"),
    );
    check(&place, "-R -k robot").success();
    for arguments in [
        "-R nobody",
        "-R alice@ELSEWHERE",
        "-R -S host/b.mit.test",
        "-R -S a@b@c",
        "-R -c nowhere alice",
        "-R -c FUNNY:x",
        "-v",
        "-v -V",
        "-v -S host/a.mit.test",
        "-v -S host/b.mit.test",
        "-R -v",
    ] {
        check(&place, arguments).exits(1);
    }
    let refused = check(&place, "-R nobody").stderr();
    let hint = "\nhint: the cache belongs to alice@MIT.TEST\n";
    assert!(refused.ends_with(hint), "{refused}");
    let refused = check(&place, "-v").stderr();
    let first = "kinit: KDC can't fulfill requested option while validating credentials\n";
    assert!(refused.starts_with(first), "{refused}");
    // A ticket for the host's addresses, which do not include the loopback address.
    log_in(&place, "-l 1h -r 2d -a", "");
    check(&place, "-R").exits(1);
    // The ticket is not renewable, or there is no cache.
    log_in(&place, "-l 1h", "");
    let refused = check(&place, "-R").exits(1).stderr();
    let first = "kinit: KDC can't fulfill requested option while renewing credentials\n";
    assert!(refused.starts_with(first), "{refused}");
    place.write("start", "no cache");
    for tool in [place.mit("kinit"), place.ours("kinit")] {
        fs::copy(place.path("start"), place.cache()).expect("the folder is writable");
        let refused = tool.line("-R alice").run().exits(1);
        let expected = "Unsupported credentials cache format version number";
        assert!(refused.stderr().contains(expected), "{refused}");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn postdating_and_validation_match_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    log_in(&place, "-s 1h -l 1h", "");
    let refused = check(&place, "-v").exits(1).stderr();
    let first = "kinit: Ticket not yet valid while validating credentials\n";
    assert!(refused.starts_with(first), "{refused}");
    log_in(&place, "-s 2s -l 1h", "");
    sleep(Duration::from_secs(3));
    check(&place, "-v").success();
    check(&place, "-v -V alice").success();
    // The validated ticket can be used to get others.
    place.ours("kinit").line("-v -c start").run().success();
    place
        .mit("kvno")
        .line("-c start host/a.mit.test")
        .run()
        .success();
    log_in(&place, "-s 2s -l 1h -r 2d", "");
    sleep(Duration::from_secs(3));
    check(&place, "-v").success();
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn renewal_at_heimdals_kdc_matches_mit() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    log_in(&place, "-l 1h -r 2d -f", "host/a.heimdal.test");
    for arguments in ["-R", "-R -V"] {
        check(&place, arguments).success();
    }
    // Heimdal renews only TGTs.
    for arguments in [
        "-v",
        "-R -S host/a.heimdal.test",
        "-R -S host/b.heimdal.test",
    ] {
        check(&place, arguments).exits(1);
    }
    // Our tool with the cache that Heimdal's own tool wrote, and vice versa.
    fs::copy(place.path("start"), place.cache()).expect("the folder is writable");
    place.ours("kinit").line("-R").run().success();
    let kgetcred = place.heimdal("kgetcred").arg("host/a.heimdal.test");
    kgetcred.run().success();
    place.heimdal("kinit").arg("--renew").run().success();
    place.ours("kinit").line("-R").run().success();
    log_in(&place, "-l 1h", "");
    check(&place, "-R").exits(1);
}

/// Tickets with times at the limits of what a KDC grants: our checks must accept what it grants.
#[track_caller]
fn check_lifetimes(place: &Place, service: &str) {
    for lifetimes in [
        "-l 1h -r 10m",
        "-l 10m -r 10m",
        "-l 5m -r 30d",
        "-l 90d -r 90d",
        "-l 90d",
        // Samba takes a TGT of at most two minutes for one that is meant for a password change.
        "-l 3m -r 1h",
    ] {
        log_in(place, &format!("{lifetimes} -f -p"), "");
        // MIT's first, to see whether the KDC issues a ticket at all.
        for tool in [place.mit("kvno"), place.ours("kvno")] {
            fs::copy(place.path("start"), place.cache()).expect("the folder is writable");
            tool.arg(service).run().success();
        }
        check(place, "-R");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn unusual_lifetimes_of_mits_kdc_are_accepted() {
    check_lifetimes(&MitRealm::start().place(), "host/a.mit.test");
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn unusual_lifetimes_of_heimdals_kdc_are_accepted() {
    check_lifetimes(&HeimdalRealm::start().place(), "host/a.heimdal.test");
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn renewal_and_lifetimes_of_samba_match_mit() {
    let realm = SambaRealm::start();
    let place = realm.place();
    check_lifetimes(&place, "HTTP/web.ad.test");
    log_in(&place, "-l 1h -r 2d -f", "HTTP/web.ad.test");
    check(&place, "-R").success();
    for arguments in ["-v", "-R -S HTTP/web.ad.test"] {
        check(&place, arguments);
    }
}

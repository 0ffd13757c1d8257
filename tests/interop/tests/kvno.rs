//! kvno: the tickets it gets, its output and what it stores, compared with MIT's. The same command
//! lines run on copies of the same cache; output, exit code and the resulting cache must be the
//! same.
#![allow(clippy::expect_used, reason = "tests may panic")]

use std::fs;

use interop::kvno::{check, log_in};
use interop::{assert_same, check_same_usage};
use test_support::{ETYPES, HeimdalRealm, MitRealm, Place};

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn tickets_for_all_kinds_of_names_match_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    log_in(&place, "alice", "wonderland");
    for arguments in [
        "host/a.mit.test",
        "-q host/a.mit.test",
        "host/a.mit.test@MIT.TEST",
        // The KDC determines the realm.
        "host/a.mit.test@",
        "-u host/a.mit.test",
        "host/a.mit.test host/b.mit.test",
        "host/a.mit.test host/a.mit.test",
        // Names after a failure are processed, too.
        "host/a.mit.test nobody host/b.mit.test",
        "-q host/a.mit.test nobody host/b.mit.test",
        "a@b@c host/a.mit.test",
        "-q a@b@c host/a.mit.test",
        "alice",
        r"a\/slash an\@at",
        "krbtgt/MIT.TEST",
        "krbtgt/OTHER.TEST",
        // Tickets with flags and types that the KDC sets for the service.
        "host/session.mit.test",
        "host/indicator.mit.test",
        "host/locked.mit.test",
        "host/delegate.mit.test",
        "host/preauth.mit.test",
        "host/no-forward.mit.test",
        "u2u-only",
    ] {
        check(&place, arguments);
    }
    for (short, _) in ETYPES {
        check(&place, &format!("only/{short}")).success();
    }
    // To the KDC, a service that may have no tickets is one that it does not know.
    let disabled = check(&place, "host/locked.mit.test").exits(1);
    assert!(
        disabled.stderr().contains("or it is disabled"),
        "{disabled}"
    );
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn options_match_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    log_in(&place, "alice", "wonderland");
    for arguments in [
        "-C host/a.mit.test",
        "-C HOST/a.mit.test",
        "-e aes128-cts host/a.mit.test",
        "-e camellia128-cts host/a.mit.test",
        "-e AES256-CTS krbtgt/MIT.TEST",
        "-e aes128-cts krbtgt/MIT.TEST",
        "-e nonsense host/a.mit.test",
        "-e des-cbc-crc host/a.mit.test",
        "--cached-only host/a.mit.test",
        "--cached-only krbtgt/MIT.TEST",
        "--cached-only -e aes128-cts krbtgt/MIT.TEST",
        "--no-store host/a.mit.test",
        "-c FUNNY:x host/a.mit.test",
        "-c nowhere host/a.mit.test",
        // Only the first mistake is reported.
        "-e nonsense -c FUNNY:x host/a.mit.test",
        "-c FUNNY:x --out-cache FUNNY:y host/a.mit.test",
        "--out-cache FUNNY:y -k FUNNY:z host/a.mit.test",
        "-k FUNNY:z -I a@b@c host/a.mit.test",
        "-U a@b@c host/a.mit.test",
        "-F nowhere host/a.mit.test",
        "-F krb5.conf host/a.mit.test",
    ] {
        check(&place, arguments);
    }
    // An encryption type that krb5.conf does not permit.
    place.configure(&realm.conf().set("permitted_enctypes", "aes256-cts"));
    for arguments in ["-e aes128-cts host/a.mit.test", "only/camellia256"] {
        check(&place, arguments);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn keytab_checks_match_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    log_in(&place, "alice", "wonderland");
    let keytab = |name: &str| realm.keytab(name).display().to_string();
    let (services, robot) = (keytab("services"), keytab("robot"));
    check(
        &place,
        &format!("-k {services} host/a.mit.test HTTP/a.mit.test"),
    )
    .success();
    let versions = keytab("versions");
    check(
        &place,
        &format!("-k FILE:{versions} host/many-versions.mit.test"),
    )
    .success();
    for (short, _) in ETYPES {
        check(&place, &format!("-k {} only/{short}", keytab("only"))).success();
    }
    for arguments in [
        format!("-k {robot} host/a.mit.test"),
        format!("-q -k {robot} host/a.mit.test"),
        format!("-q -k {services} host/a.mit.test"),
        format!("-k {robot} host/a.mit.test robot"),
        "-k nowhere host/a.mit.test".into(),
        "-q -k nowhere host/a.mit.test host/b.mit.test".into(),
        "-k FUNNY:x host/a.mit.test".into(),
        format!("--out-cache out -k {robot} host/a.mit.test"),
        // Encrypted in a session key.
        format!("--u2u start -k {services} alice"),
    ] {
        check(&place, &arguments);
    }
    // The key has been changed since; unlike MIT's message, the hint says so.
    let old = format!("-k {} rotated", keytab("rotated-old"));
    let run = check(&place, &old).exits(1);
    assert!(run.stderr().contains("none of version 2"), "{run}");
    check(&place, &format!("-k {} rotated", keytab("rotated"))).success();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn user_to_user_tickets_match_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    log_in(&place, "alice", "wonderland");
    for arguments in [
        "--u2u start alice",
        "--u2u start alice host/a.mit.test",
        "--u2u start --no-store alice",
        "--u2u start --cached-only alice",
        "--u2u start --out-cache out alice",
        "--u2u start no-u2u",
        "--u2u nowhere alice",
        "--u2u FUNNY:x alice",
        "--u2u krb5.conf alice",
    ] {
        check(&place, arguments);
    }
    let user = place
        .mit("kinit")
        .line("-c user u2u-only")
        .stdin("pw-u2u-only\n");
    user.run().success();
    check(&place, "--u2u user u2u-only").success();
    // Unlike MIT's, our kvno finds the tickets that it cached.
    let again = "--u2u start --cached-only alice";
    place.ours("kvno").line("--u2u start alice").run().success();
    place.ours("kvno").line(again).run().success();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn output_cache_is_replaced_only_on_success() {
    let realm = MitRealm::start();
    let place = realm.place();
    log_in(&place, "alice", "wonderland");
    for arguments in [
        "--out-cache out host/a.mit.test",
        "--out-cache FILE:out host/a.mit.test host/b.mit.test",
        "--out-cache out host/a.mit.test nobody",
        "--out-cache out nobody",
        "--out-cache out krbtgt/MIT.TEST",
        "--out-cache out --cached-only krbtgt/MIT.TEST",
        "--out-cache out --no-store host/a.mit.test",
        "-q --out-cache out host/a.mit.test",
    ] {
        check(&place, arguments);
    }
    // The old cache is replaced, but only after success.
    let out = || place.mit("klist").line("-c out").run().stdout();
    let ours = |line: &str| place.ours("kvno").line(line).run();
    ours("--out-cache out host/a.mit.test").success();
    ours("--out-cache out nobody").exits(1);
    assert!(out().contains("host/a.mit.test"), "{}", out());
    ours("--out-cache out host/b.mit.test").success();
    assert!(!out().contains("host/a.mit.test"), "{}", out());
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn host_name_canonicalization_matches_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    log_in(&place, "alice", "wonderland");
    for setting in ["true", "false"] {
        let conf = realm.conf().set("dns_canonicalize_hostname", setting);
        place.configure(&conf.set("rdns", "false"));
        for arguments in [
            "-S host a.mit.test",
            "-S host A.MIT.TEST",
            "-S host a.mit.test b.mit.test nowhere.mit.test",
            "-S HTTP localhost",
            "-S nobody a.mit.test",
        ] {
            check(&place, arguments);
        }
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn cached_tickets_are_shared_with_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    log_in(&place, "alice", "wonderland");
    fs::copy(place.path("start"), place.path("cache-of-mit")).expect("the folder is writable");
    fs::copy(place.path("start"), place.path("cache-of-ours")).expect("the folder is writable");
    let lines = [
        "host/a.mit.test HTTP/a.mit.test@MIT.TEST host/b.mit.test@",
        "-e aes128-cts host/a.mit.test",
        "-u only/aes128",
    ];
    for line in lines {
        let with = |cache: &str| format!("-c {cache} {line}");
        place
            .mit("kvno")
            .line(&with("cache-of-mit"))
            .run()
            .success();
        place
            .ours("kvno")
            .line(&with("cache-of-ours"))
            .run()
            .success();
    }
    drop(realm);
    for line in lines {
        let mit = place
            .mit("kvno")
            .line(&format!("-c cache-of-ours {line}"))
            .run();
        let ours = place
            .ours("kvno")
            .line(&format!("-c cache-of-mit {line}"))
            .run();
        assert_same(&ours.success(), &mit.success());
    }
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn tickets_of_heimdals_kdc_match_mit() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    log_in(&place, "alice", "wonderland");
    for arguments in [
        "host/a.heimdal.test",
        "host/a.heimdal.test nobody alice",
        "-C host/a.heimdal.test",
        "-u host/a.heimdal.test",
        "-S host a.heimdal.test",
        "-e aes128-cts host/a.heimdal.test",
        "--out-cache out host/a.heimdal.test",
        "--no-store host/a.heimdal.test",
        "--u2u start alice",
        "krbtgt/HEIMDAL.TEST",
        "krbtgt/OTHER.TEST",
        "nobody@OTHER.TEST",
    ] {
        check(&place, arguments);
    }
    // Heimdal's own tool finds the tickets that ours cached, without a KDC.
    place
        .ours("kvno")
        .line("-c start host/a.heimdal.test")
        .run()
        .success();
    drop(realm);
    let cached = "-c start --cached-only host/a.heimdal.test";
    place
        .heimdal("kgetcred")
        .line("-c start host/a.heimdal.test")
        .run()
        .success();
    place.ours("kvno").line(cached).run().success();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's kvno: cargo xtask install")]
fn usage_errors_match_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    for arguments in [
        "",
        "-Z",
        "-h",
        "--nonsense a",
        "-c",
        "--u2u",
        "-q",
        "-u -S x a",
        "-S x -u a",
        "-P a",
        "--u2u x -I y a",
        "--u2u x -U y a",
        "--u2u x -F y a",
        "--cached-only=1 a",
    ] {
        check_same_usage(&place, "kvno", arguments);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn expired_tgt_fails_as_with_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    let kinit = place.mit("kinit").line("-l 1s -c start alice");
    kinit.stdin("wonderland\n").run().success();
    std::thread::sleep(std::time::Duration::from_secs(3));
    for arguments in [
        "host/a.mit.test",
        "krbtgt/MIT.TEST",
        "--cached-only host/a.mit.test",
        "--cached-only krbtgt/MIT.TEST",
        "--u2u start alice",
    ] {
        let done = check(&place, arguments);
        assert_eq!(done.code(), 1, "{done}");
    }
}

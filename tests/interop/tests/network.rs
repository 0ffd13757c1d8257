//! KDCs that are unreachable, have a wrong clock, or require TCP.

use std::net::UdpSocket;
use std::time::Duration;

use interop::check_same;
use test_support::{Krb5Conf, MitOptions, MitRealm, Place, free_port};

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn a_reply_too_big_for_udp_comes_over_tcp() {
    let options = MitOptions {
        largest_datagram: Some(200),
        ..MitOptions::default()
    };
    let realm = MitRealm::start_with(&options);
    let place = realm.place();
    check_same(&place, "kinit", "alice", "wonderland\n").success();
    place.mit("kvno").arg("host/a.mit.test").run().success();
    // Using TCP from the start.
    place.configure(&realm.conf().set("udp_preference_limit", "1"));
    check_same(&place, "kinit", "alice", "wonderland\n").success();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn next_kdc_is_tried_after_a_dead_one() {
    let realm = MitRealm::start();
    // One refuses immediately, one never answers.
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let silent = silent.local_addr().expect("the socket has an address");
    for dead in [format!("127.0.0.1:{}", free_port()), silent.to_string()] {
        let conf = MitRealm::conf_without_kdc()
            .kdc(MitRealm::REALM, &dead)
            .kdc(MitRealm::REALM, realm.address());
        let place = Place::new(&conf);
        check_same(&place, "kinit", "alice", "wonderland\n").success();
    }
}

#[test]
#[cfg_attr(
    not(all(mit, ipv6)),
    ignore = "needs MIT's KDC, and IPv6 on the loopback interface"
)]
fn kdc_is_reached_by_ipv6() {
    let realm = MitRealm::start();
    let address = realm.address().replace("127.0.0.1", "[::1]");
    // Nothing listens at the first address.
    let conf = MitRealm::conf_without_kdc()
        .kdc(MitRealm::REALM, format!("[::1]:{}", free_port()))
        .kdc(MitRealm::REALM, &address);
    for conf in [conf.clone(), conf.set("udp_preference_limit", "1")] {
        let place = Place::new(&conf);
        let trace = place.path("trace");
        check_same(&place, "kinit", "alice", "wonderland\n").success();
        let tool = place.ours("kvno").arg("host/a.mit.test");
        tool.env("KRB5_TRACE", &trace).run().success();
        let trace = std::fs::read_to_string(trace).expect("kvno has written it");
        assert!(trace.contains("Received answer"), "{trace}");
        assert!(!trace.contains("127.0.0.1"), "{trace}");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's kinit: cargo xtask install")]
fn unreachable_kdc_is_reported_as_by_mit() {
    let conf = Krb5Conf::new("MIT.TEST").kdc("MIT.TEST", format!("127.0.0.1:{}", free_port()));
    let place = Place::new(&conf);
    let done = check_same(&place, "kinit", "alice", "wonderland\n").exits(1);
    let expected = "kinit: Cannot contact any KDC for realm 'MIT.TEST' while getting initial \
                    credentials\n";
    assert_eq!(done.stderr_without_hint(), expected);
    assert!(done.elapsed < Duration::from_secs(20), "{done}");
}

#[test]
#[cfg_attr(
    not(all(mit, faketime)),
    ignore = "needs MIT's KDC and faketime: cargo xtask install"
)]
fn clock_skew_is_handled_as_by_mit() {
    for clock in ["+10m", "-10m"] {
        let options = MitOptions {
            clock: Some(clock.into()),
            ..MitOptions::default()
        };
        let realm = MitRealm::start_with(&options);
        let place = realm.place();
        // The clock offset is learned from the KDC and stored in the cache, so that MIT's kvno
        // succeeds.
        check_same(&place, "kinit", "alice", "wonderland\n").success();
        place.mit("kvno").arg("host/a.mit.test").run().success();
        check_same(&place, "kinit", "aes256-open", "pw-aes256\n");
        let keytab = realm.keytab("robot").display().to_string();
        check_same(&place, "kinit", &format!("-k -t {keytab} robot"), "").success();
        place.mit("kvno").arg("host/a.mit.test").run().success();

        place.configure(&realm.conf().set("kdc_timesync", "0"));
        let done = check_same(&place, "kinit", "alice", "wonderland\n").exits(1);
        assert!(done.stderr().contains("Clock skew too great"), "{done}");
        place.configure(
            &realm
                .conf()
                .set("kdc_timesync", "0")
                .set("clockskew", "1200"),
        );
        check_same(&place, "kinit", "alice", "wonderland\n");
    }
}

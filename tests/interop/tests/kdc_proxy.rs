//! A KDC proxy (Python's kdcproxy behind TLS) in front of MIT's KDC: MIT's tools and ours, with the
//! same krb5.conf.
#![expect(clippy::expect_used, reason = "tests may panic")]

use interop::{assert_same, check_same};
use test_support::{
    DnsServer, KdcProxy, Krb5Conf, MitRealm, Place, Tool, certificate, free_port, rkinit,
};

const REALM: &str = MitRealm::REALM;

/// A realm, and a proxy in front of it.
fn start() -> (MitRealm, KdcProxy) {
    let realm = MitRealm::start();
    let proxy = KdcProxy::start(REALM, &realm.address());
    (realm, proxy)
}

/// A krb5.conf with these KDCs, and `anchor` as the authority for proxies.
fn conf(kdcs: &[&str], anchor: &str) -> Krb5Conf {
    let anchor = certificate(anchor).display().to_string();
    let conf = MitRealm::conf_without_kdc();
    let conf = conf.in_realm(REALM, &format!("http_anchors = FILE:{anchor}"));
    kdcs.iter().fold(conf, |conf, kdc| conf.kdc(REALM, kdc))
}

/// The lines of a trace about the connection to `port`, without times.
fn traced(place: &Place, tool: Tool, port: u16) -> Vec<String> {
    let trace = place.path("trace");
    let _ = std::fs::remove_file(&trace);
    tool.env("KRB5_TRACE", &trace)
        .arg("alice")
        .stdin("wonderland\n")
        .run()
        .success();
    let text = std::fs::read_to_string(trace).expect("the trace was written");
    text.lines()
        .filter(|line| line.contains(&format!("https 127.0.0.1:{port}")) || line.contains(": TLS "))
        .filter_map(|line| line.split_once(": "))
        .map(|(_, line)| line.to_owned())
        // MIT's library closes the connection earlier, ours closes all connections at the end.
        .filter(|line| !line.starts_with("Terminating"))
        .collect()
}

#[test]
#[cfg_attr(not(kdcproxy), ignore = "needs kdcproxy: cargo xtask install")]
fn logins_and_tickets_through_a_proxy_match_mit() {
    let (realm, proxy) = start();
    let place = Place::new(&conf(&[&proxy.url()], "authority"));
    let before = realm.log();
    check_same(&place, "kinit", "alice", "wonderland\n").success();
    check_same(&place, "kvno", "host/a.mit.test", "").success();
    let keytab = realm.keytab("robot").display().to_string();
    check_same(&place, "kinit", &format!("-k -t {keytab} robot"), "").success();
    assert_ne!(realm.log(), before);
    // The KDC's error message arrives.
    check_same(&place, "kinit", "nobody", "").exits(1);
    // The setting for TCP has no effect on proxies.
    let conf = conf(&[&proxy.url()], "authority").set("udp_preference_limit", "1");
    place.configure(&conf);
    check_same(&place, "kinit", "alice", "wonderland\n").success();
}

#[test]
#[cfg_attr(not(kdcproxy), ignore = "needs kdcproxy: cargo xtask install")]
fn proxy_with_untrusted_certificate_is_refused() {
    let (_realm, proxy) = start();
    let url = proxy.url();
    let unreachable = |place: &Place, hint: &str| {
        let done = check_same(place, "kinit", "alice", "wonderland\n").exits(1);
        assert!(done.stderr().contains("Cannot contact any KDC"), "{done}");
        assert!(done.stderr().contains(hint), "{done}");
    };
    let place = Place::new(&conf(&[&url], "self_signed"));
    unreachable(&place, "not signed by a trusted authority");
    // The system's authorities do not include the proxy's.
    place.configure(&MitRealm::conf_without_kdc().kdc(REALM, &url));
    unreachable(&place, "http_anchors = FILE:/path");
    place.configure(&conf(
        &[&url.replace("localhost", "127.0.0.2")],
        "authority",
    ));
    unreachable(&place, "Connection refused");
    let wrong = conf(&[&url], "authority").in_realm(REALM, "http_anchors = FILE:/nowhere");
    place.configure(&wrong);
    unreachable(&place, "http_anchors = FILE:/nowhere: No such file");
}

#[test]
#[cfg_attr(not(kdcproxy), ignore = "needs kdcproxy: cargo xtask install")]
fn trust_anchors_from_environment_variables_are_used() {
    let (_realm, proxy) = start();
    let conf = MitRealm::conf_without_kdc().kdc(REALM, proxy.url());
    let authority = certificate("authority").display().to_string();
    let check = |conf: &Krb5Conf, variable: &str, value: &str| {
        let place = Place::new(conf);
        let run = |tool: Tool| {
            tool.env(variable, value)
                .arg("alice")
                .stdin("wonderland\n")
                .run()
        };
        let theirs = run(place.mit("kinit")).success();
        assert_same(&run(place.ours("kinit")), &theirs);
    };
    check(&conf, "SSL_CERT_FILE", &authority);
    let named = conf.in_realm(REALM, "http_anchors = ENV:PROXY_AUTHORITY");
    check(&named, "PROXY_AUTHORITY", &format!("FILE:{authority}"));
}

#[test]
#[cfg_attr(not(kdcproxy), ignore = "needs kdcproxy: cargo xtask install")]
fn proxy_without_kdc_is_reported_with_http_status() {
    let proxy = KdcProxy::start("OTHER.TEST", &format!("127.0.0.1:{}", free_port()));
    let place = Place::new(&conf(&[&proxy.url()], "authority"));
    let done = check_same(&place, "kinit", "alice", "wonderland\n").exits(1);
    assert!(done.stderr().contains("HTTP status 503"), "{done}");
}

#[test]
#[cfg_attr(not(kdcproxy), ignore = "needs kdcproxy: cargo xtask install")]
fn dead_proxies_and_kdcs_are_skipped() {
    let (realm, proxy) = start();
    let dead = format!("127.0.0.1:{}", free_port());
    let dead_proxy = format!("https://{dead}/KdcProxy");
    for kdcs in [[&dead_proxy, &realm.address()], [&dead, &proxy.url()]] {
        let place = Place::new(&conf(&kdcs.map(String::as_str), "authority"));
        check_same(&place, "kinit", "alice", "wonderland\n").success();
    }
}

#[test]
#[cfg_attr(not(kdcproxy), ignore = "needs kdcproxy: cargo xtask install")]
fn trace_of_proxy_connection_matches_mit() {
    let (_realm, proxy) = start();
    let place = Place::new(&conf(&[&proxy.url()], "authority"));
    let both = |_| {
        let run = |tool| traced(&place, tool, proxy.port());
        (run(place.mit("kinit")), run(place.ours("kinit")))
    };
    // The first answer contains the KDC's microseconds, which are an octet shorter now and then.
    let as_long = |(theirs, ours): &(Vec<String>, Vec<String>)| theirs.get(2) == ours.get(2);
    let (theirs, ours) = (0..5)
        .map(both)
        .find(as_long)
        .expect("one of five attempts gives answers of equal length");
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 6, "{ours:?}");
}

#[test]
#[cfg_attr(not(kdcproxy), ignore = "needs kdcproxy: cargo xtask install")]
fn check_config_reports_proxies_and_certificates() {
    let (_realm, proxy) = start();
    let place = Place::new(&conf(&[&proxy.url()], "authority"));
    let done = place.ours("kinit").arg("--check-config").run().success();
    let expected = format!("    HTTPS 127.0.0.1:{}: answers, ", proxy.port());
    assert!(done.stdout().contains(&expected), "{done}");
    place.configure(&conf(&[&proxy.url()], "self_signed"));
    let done = place.ours("kinit").arg("--check-config").run().exits(1);
    let expected = "its certificate is not signed by a trusted authority\n      hint: name the";
    assert!(done.stdout().contains(expected), "{done}");
}

#[test]
#[cfg_attr(
    not(all(kdcproxy, nsd)),
    ignore = "needs kdcproxy, NSD and root: cargo xtask install"
)]
fn proxy_is_found_by_uri_record() {
    let (_realm, proxy) = start();
    let record = format!("_kerberos URI 10 1 \"krb5srv:m:kkdcp:{}\"", proxy.url());
    let server = DnsServer::start(&[("mit.test", &record)]);
    let place = Place::new(&conf(&[], "authority").set("dns_lookup_kdc", "true"));
    let link = place.path("kinit");
    std::os::unix::fs::symlink(rkinit(), &link).expect("a link can be made");
    let run = |tool: Tool| {
        server
            .seen_by(tool.arg("alice").stdin("wonderland\n"))
            .run()
    };
    let theirs = run(place.mit("kinit")).success();
    let ours = run(place.program(&link.display().to_string())).success();
    assert_same(&ours, &theirs);
}

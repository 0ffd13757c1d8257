//! KDCs, realms and host names from DNS: a real DNS server and MIT's KDC, with MIT's tools and
//! ours.
#![expect(clippy::expect_used, reason = "tests may panic")]

use std::fmt::Write as _;

use interop::assert_same;
use test_support::{
    DnsServer, DnsView, Finished, Krb5Conf, MitRealm, Place, SambaRealm, Tool, free_port,
};

const REALM: &str = MitRealm::REALM;

/// A krb5.conf that names no KDC.
fn conf() -> Krb5Conf {
    MitRealm::conf_without_kdc().set("dns_lookup_kdc", "true")
}

/// The port of the realm's KDC, which listens on 127.0.0.1.
fn port(realm: &MitRealm) -> String {
    let address = realm.address();
    address
        .rsplit(':')
        .next()
        .expect("the address is host:port")
        .to_owned()
}

/// Our tool as a file of that name, which it needs when it is run in a namespace.
fn ours(place: &Place, name: &str) -> Tool {
    let link = place.path(name);
    if !link.exists() {
        std::os::unix::fs::symlink(test_support::rkinit(), &link).expect("a link can be made");
    }
    place.program(link.to_str().expect("temporary paths are UTF-8"))
}

/// Runs MIT's tool and ours with this DNS, and checks that the results are the same. Returns our
/// run.
#[track_caller]
fn check(server: &DnsServer, place: &Place, tool: &str, arguments: &str) -> Finished {
    let stdin = "wonderland\n";
    let theirs = place.mit(tool).line(arguments).stdin(stdin);
    let theirs = server.seen_by(theirs).run();
    let ours = ours(place, tool).line(arguments).stdin(stdin);
    let ours = server.seen_by(ours).run();
    assert_same(&ours, &theirs);
    ours
}

/// Starts a DNS server for the realm's zone with these records, in which `PORT` is replaced by the
/// KDC's port and `DEAD` by one where nobody listens.
fn start(realm: &MitRealm, records: &str) -> (DnsServer, Place) {
    let records = records
        .replace("PORT", &port(realm))
        .replace("DEAD", &free_port().to_string());
    let zone = format!("kdc A 127.0.0.1\n{records}");
    let server = DnsServer::start(&[("mit.test", &zone)]);
    (server, Place::new(&conf()))
}

/// Logs in, with the KDCs taken from these records.
fn check_login(records: &str) {
    let realm = MitRealm::start();
    let (server, place) = start(&realm, records);
    check(&server, &place, "kinit", "alice").success();
    // Using only TCP.
    place.configure(&conf().set("udp_preference_limit", "1"));
    check(&server, &place, "kinit", "alice").success();
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn kdcs_are_found_by_srv_records() {
    check_login(
        "_kerberos._udp SRV 0 0 PORT kdc\n\
         _kerberos._tcp SRV 0 0 PORT kdc\n",
    );
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn kdcs_are_found_by_uri_records_before_srv() {
    // Malformed records are ignored, and URI records take precedence over SRV records.
    check_login(
        "_kerberos URI 0 1 \"krb5srv:m:sctp:kdc.mit.test:PORT\"\n\
         _kerberos URI 1 1 \"krb5srv:m:udp:kdc.mit.test:PORT\"\n\
         _kerberos URI 2 1 \"krb5srv:m:tcp:kdc.mit.test:PORT\"\n\
         _kerberos URI 3 1 \"http://kdc.mit.test/\"\n\
         _kerberos._udp SRV 0 0 DEAD kdc\n",
    );
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn next_priority_is_tried_after_dead_kdcs() {
    check_login(
        "_kerberos._udp SRV 2 0 PORT kdc\n\
         _kerberos._udp SRV 1 0 DEAD kdc\n\
         _kerberos._udp SRV 1 0 DEAD nowhere\n\
         _kerberos._tcp SRV 1 0 DEAD kdc\n\
         _kerberos._tcp SRV 2 0 PORT alias\n\
         alias CNAME kdc\n",
    );
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn login_works_with_dns_answers_too_long_for_udp() {
    let mut records = String::new();
    // Only the last one serves: it is not in what fits into a datagram.
    for index in 0..60 {
        let port = if index == 59 { "PORT" } else { "1" };
        let line = format!("_kerberos._udp SRV {index} 0 {port} a-long-name-of-a-kdc-{index}\n");
        records.push_str(&line);
        records.push_str(&line.replace("_udp", "_tcp"));
        let _ = writeln!(records, "a-long-name-of-a-kdc-{index} A 127.0.0.1");
    }
    check_login(&records);
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn missing_kdc_records_are_explained() {
    let realm = MitRealm::start();
    let expected =
        "kinit: Cannot find KDC for realm \"MIT.TEST\" while getting initial credentials\n";
    for records in [
        "",
        "_kerberos._udp TXT \"not this\"\n",
        "_kerberos URI 0 0 \"krb5srv\"\n",
    ] {
        let (server, place) = start(&realm, records);
        let done = check(&server, &place, "kinit", "alice").exits(1);
        assert_eq!(done.stderr_without_hint(), expected);
        assert!(
            done.stderr().contains("DNS has no URI or SRV record"),
            "{done}"
        );
        // If DNS must not be used, it is not asked.
        place.configure(&MitRealm::conf_without_kdc());
        let done = check(&server, &place, "kinit", "alice").exits(1);
        assert!(done.stderr().contains("DNS was not asked"), "{done}");
    }
    // RFC 2782: the root as the only target means that the service does not exist.
    let (server, place) = start(
        &realm,
        "_kerberos._udp SRV 0 0 0 .\n_kerberos._tcp SRV 0 0 0 .\n",
    );
    let done = server
        .seen_by(ours(&place, "kinit").arg("alice"))
        .run()
        .exits(1);
    assert_eq!(done.stderr_without_hint(), expected);
    assert!(
        done.stderr().contains("DNS says that the realm has none"),
        "{done}"
    );
    // The DNS server does not exist.
    server.resolv_conf("nameserver 127.53.255.254\n");
    let done = check(&server, &place, "kinit", "alice").exits(1);
    assert!(done.stderr().contains("127.53.255.254:53"), "{done}");
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn site_records_are_asked_first() {
    let realm = MitRealm::start();
    let (server, place) = start(
        &realm,
        "_kerberos._udp.here._sites SRV 0 0 PORT kdc\n\
         _kerberos._udp SRV 0 0 DEAD kdc\n\
         _kerberos._tcp SRV 0 0 PORT kdc\n",
    );
    // MIT 1.20 does not support sites; 1.22 behaves like ours.
    let by_tcp_for_want_of_a_site = conf().in_realm(REALM, "sitename = elsewhere");
    for conf in [
        conf().in_realm(REALM, "sitename = here"),
        by_tcp_for_want_of_a_site,
    ] {
        place.configure(&conf);
        let kinit = ours(&place, "kinit").arg("alice").stdin("wonderland\n");
        let kinit = kinit.env("KRB5_TRACE", "/dev/stderr");
        let done = server.seen_by(kinit).run().success();
        assert!(done.stderr().contains("Received answer"), "{done}");
        assert!(done.stderr().contains("._sites.MIT.TEST."), "{done}");
    }
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn default_realm_is_found_by_txt_record() {
    let realm = MitRealm::start();
    let (server, place) = start(
        &realm,
        "_kerberos TXT \"MIT.TEST.\"\n\
         _kerberos._udp SRV 0 0 PORT kdc\n",
    );
    let node = Tool::new("uname").arg("-n").run().success().stdout();
    server.hosts(&format!("127.0.0.1 client.dept.mit.test {node}\n"));
    // No realm is configured, so it is derived from the host's domain.
    place.configure(&"[libdefaults]\ndns_lookup_realm = true\n");
    check(&server, &place, "kinit", "alice").success();
    place.configure(&"[libdefaults]\ndns_lookup_realm = false\n");
    let done = check(&server, &place, "kinit", "alice").exits(1);
    assert!(
        done.stderr().contains("does not specify default realm"),
        "{done}"
    );
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn refused_password_is_retried_at_the_primary_kdc() {
    let replica = MitRealm::start();
    let primary = MitRealm::start();
    primary.administer("cpw -pw news alice\n");
    let primary_port = port(&primary);
    let by_srv = format!(
        "primary A 127.0.0.1\n\
         _kerberos._udp SRV 0 0 PORT kdc\n\
         _kerberos-master._udp SRV 0 0 {primary_port} primary\n"
    );
    // MIT takes the servers of all URI records for primaries, and so asks the replica again.
    let by_uri = format!(
        "_kerberos URI 0 0 \"krb5srv::udp:kdc.mit.test:PORT\"\n\
         _kerberos URI 1 0 \"krb5srv:m:udp:kdc.mit.test:{primary_port}\"\n"
    );
    let run = |server: &DnsServer, tool: Tool, password: &str| {
        let tool = tool.env("KRB5_TRACE", "/dev/stderr").arg("alice");
        server.seen_by(tool.stdin(format!("{password}\n"))).run()
    };
    for (records, same_as_mit) in [(&by_srv, true), (&by_uri, false)] {
        let (server, place) = start(&replica, records);
        let mut tools = vec![ours(&place, "kinit")];
        tools.extend(same_as_mit.then(|| place.mit("kinit")));
        for tool in tools {
            let done = run(&server, tool, "news").success();
            assert!(done.stderr().contains("Retrying AS request with"), "{done}");
            assert_eq!(done.stdout().matches("Password for").count(), 1, "{done}");
        }
        // If both refuse the password, the error is the primary's.
        let done = run(&server, ours(&place, "kinit"), "neither").exits(1);
        assert!(done.stderr().contains("Password incorrect"), "{done}");
        // If the replica accepts the password, the primary is not asked.
        let done = run(&server, ours(&place, "kinit"), "wonderland").success();
        assert!(!done.stderr().contains("Retrying"), "{done}");
    }
    // The same through krb5.conf, without DNS.
    let server = DnsServer::start(&[]);
    let conf = MitRealm::conf_without_kdc().kdc(REALM, replica.address());
    let named = |line: String| Place::new(&conf.clone().in_realm(REALM, &line));
    for key in ["primary_kdc", "master_kdc"] {
        let place = named(format!("{key} = {}", primary.address()));
        run(&server, ours(&place, "kinit"), "news").success();
    }
    let place = named(format!("primary_kdc = {}", replica.address()));
    let done = run(&server, ours(&place, "kinit"), "news").exits(1);
    assert!(!done.stderr().contains("Retrying"), "{done}");
    // If the primary is down, the replica's error is reported.
    let place = named(format!("primary_kdc = 127.0.0.1:{}", free_port()));
    let done = run(&server, ours(&place, "kinit"), "news").exits(1);
    assert!(done.stderr().contains("Password incorrect"), "{done}");
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn service_host_names_are_canonicalized_as_by_mit() {
    let realm = MitRealm::start();
    let zone = format!(
        "kdc A 127.0.0.1\n_kerberos._udp SRV 0 0 {} kdc\n\
         a A 127.0.1.1\nalias CNAME a\nforward A 127.0.1.2\nlost A 127.0.1.3\n",
        port(&realm)
    );
    // The address of `forward` maps back to `a`; that of `lost` has no name.
    let reverse = "1.1.0 PTR a.mit.test.\n2.1.0 PTR a.mit.test.\n";
    let server = DnsServer::start(&[("mit.test", &zone), ("127.in-addr.arpa", reverse)]);
    let place = Place::new(&conf());
    check(&server, &place, "kinit", "alice").success();
    let settings = [
        ("true", "true", ""),
        ("true", "false", ""),
        ("false", "true", ""),
        ("false", "true", "mit.test"),
        ("false", "true", "\"\""),
        ("fallback", "true", ""),
        ("fallback", "false", "\"\""),
    ];
    let hosts = [
        "a.mit.test",
        "A.MIT.Test.",
        "a",
        "alias",
        "alias.mit.test",
        "forward.mit.test",
        "lost.mit.test",
        "none.mit.test",
        "127.0.1.1",
        "127.0.1.3",
        "a.mit.test:1433",
    ];
    let mut found = 0;
    for (canonicalize, rdns, qualify) in settings {
        let mut conf = conf()
            .set("dns_canonicalize_hostname", canonicalize)
            .set("rdns", rdns)
            .text("[domain_realm]\n.mit.test = MIT.TEST\n");
        if !qualify.is_empty() {
            conf = conf.set("qualify_shortname", qualify);
        }
        place.configure(&conf);
        for host in hosts {
            let done = check(&server, &place, "kvno", &format!("-S host {host}"));
            found += u32::from(done.code() == 0);
        }
    }
    assert!(found > 20, "{found} tickets");
}

#[test]
#[cfg_attr(
    not(all(mit, nsd)),
    ignore = "needs MIT's KDC, NSD and root: cargo xtask install"
)]
fn check_config_shows_how_kdcs_were_found() {
    let realm = MitRealm::start();
    let (server, place) = start(
        &realm,
        "_kerberos._udp SRV 0 0 PORT kdc\n_kerberos._tcp SRV 0 0 DEAD kdc\n",
    );
    let run = server
        .seen_by(ours(&place, "kinit").arg("--check-config"))
        .run()
        .success();
    let check = |part: &str| assert!(run.stdout().contains(part), "{part}: {run}");
    check(&format!("DNS servers\n  {}:53\n", server.address()));
    let port = port(&realm);
    check(&format!(
        "  kdc.mit.test.:{port}  (SRV record)\n    UDP 127.0.0.1:{port}: answers, "
    ));
    check(": Connection refused\n");
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn active_directory_is_found_by_its_own_dns() {
    let realm = SambaRealm::start_at_home();
    let view = DnsView::of(realm.address(), "ad.test");
    let conf = Krb5Conf::new(SambaRealm::REALM)
        .set("dns_lookup_kdc", "true")
        .set("dns_canonicalize_hostname", "true");
    let place = Place::new(&conf);
    let both = |tool: &str, arguments: &str| {
        let stdin = "wonderland\n";
        let theirs = view.seen_by(place.mit(tool).line(arguments).stdin(stdin));
        let ours = view.seen_by(ours(&place, tool).line(arguments).stdin(stdin));
        let (theirs, ours) = (theirs.run(), ours.run());
        assert_same(&ours, &theirs);
        ours
    };
    // The SRV records of the realm and of its site.
    both("kinit", "alice").success();
    place.configure(&conf.in_realm(SambaRealm::REALM, "sitename = Default-First-Site-Name"));
    both("kinit", "alice").success();
    // The canonical name of the controller.
    let ticket = both("kvno", "-S ldap dc1").success();
    assert!(ticket.stdout().contains("ldap/dc1.ad.test@"), "{ticket}");
    // This realm does not exist.
    let refusal = both("kinit", "alice@NOWHERE.TEST");
    assert_eq!(refusal.code(), 1);
}

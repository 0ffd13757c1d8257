//! kvno on behalf of users (S4U2Self, S4U2Proxy), compared with MIT's: with MIT's KDC over LDAP and
//! over its own database, which does not support delegation, and with an Active Directory.

use interop::kvno::{check, check_output};
use test_support::{MitLdapRealm, MitRealm, Place, SambaRealm};

/// Logs in a service with its keytab and saves the cache as `start`.
fn log_in(place: &Place, service: &str, keytab: &str) {
    let kinit = place.mit("kinit").line("-f -c start -k -t");
    kinit.arg(keytab).arg(service).run().success();
}

#[test]
#[cfg_attr(
    not(mit_ldap),
    ignore = "needs MIT's KDC with LDAP: cargo xtask install"
)]
fn s4u_with_protocol_transition_matches_mit() {
    let realm = MitLdapRealm::start();
    let place = realm.place();
    let services = realm.keytab("services").display().to_string();
    log_in(&place, "HTTP/web.ldap.test", &services);
    for arguments in [
        "-I alice HTTP/web.ldap.test",
        "-I alice-alias HTTP/web.ldap.test",
        "-I alice@LDAP.TEST HTTP/web.ldap.test",
        "-U alice HTTP/web.ldap.test",
        "-U alice@LDAP.TEST HTTP/web.ldap.test",
        "-U alice@example.test HTTP/web.ldap.test",
        "-I nobody HTTP/web.ldap.test",
        "-I alice@NOWHERE.TEST HTTP/web.ldap.test",
        "-I sensitive HTTP/web.ldap.test",
        "-q -I alice HTTP/web.ldap.test",
        "-C -I alice HTTP/web.ldap.test",
        "-e aes128-cts -I alice HTTP/web.ldap.test",
        "--cached-only -I alice HTTP/web.ldap.test",
        "--no-store -I alice HTTP/web.ldap.test",
        "--out-cache out -I alice HTTP/web.ldap.test",
        "--out-cache out -I alice-alias HTTP/web.ldap.test",
        // A ticket for a service other than the client itself requires -P.
        "-I alice ldap/back.ldap.test",
        "-I alice ldap/back.ldap.test HTTP/web.ldap.test",
        "-P -I alice ldap/back.ldap.test",
        "-P -I alice ldap/back.ldap.test ldap/back.ldap.test",
        "-P -I alice cifs/other.ldap.test",
        "-P -I alice cifs/other.ldap.test ldap/back.ldap.test",
        "-P -I alice nobody",
        "-P -I sensitive ldap/back.ldap.test",
        "-P -q -U alice ldap/back.ldap.test",
        "-P --out-cache out -I alice cifs/other.ldap.test",
        "-P -I alice a@b@c ldap/back.ldap.test",
    ] {
        check(&place, arguments);
    }
    // MIT's kvno stores the last ticket regardless of these options.
    for arguments in [
        "-P --no-store -I alice ldap/back.ldap.test",
        "-P --out-cache out -I alice ldap/back.ldap.test",
    ] {
        check_output(&place, arguments).success();
        let left = place.ours("klist").run().success().stdout();
        assert!(!left.contains("ldap/back"), "{left}");
    }
    let out = place.ours("klist").line("-c out").run().success().stdout();
    assert!(
        out.contains("Default principal: alice@LDAP.TEST\n"),
        "{out}"
    );
    assert!(out.contains("ldap/back.ldap.test@LDAP.TEST\n"), "{out}");
    // With -P, the keytab must decrypt the ticket to ourselves.
    check(
        &place,
        &format!("-P -k {services} -I alice ldap/back.ldap.test"),
    )
    .success();
    check(
        &place,
        &format!("-k {services} -I alice HTTP/web.ldap.test"),
    )
    .success();
}

#[test]
#[cfg_attr(
    not(mit_ldap),
    ignore = "needs MIT's KDC with LDAP: cargo xtask install"
)]
fn s4u_without_protocol_transition_matches_mit() {
    let realm = MitLdapRealm::start();
    let place = realm.place();
    let services = realm.keytab("services").display().to_string();
    log_in(&place, "HTTP/kcd.ldap.test", &services);
    for arguments in [
        "-I alice HTTP/kcd.ldap.test",
        "-P -I alice ldap/back.ldap.test",
    ] {
        check(&place, arguments);
    }
}

#[test]
#[cfg_attr(
    not(mit_ldap),
    ignore = "needs MIT's KDC with LDAP: cargo xtask install"
)]
fn cached_s4u_tickets_are_shared_with_mit() {
    let realm = MitLdapRealm::start();
    let place = realm.place();
    let services = realm.keytab("services").display().to_string();
    log_in(&place, "HTTP/web.ldap.test", &services);
    let line = "-I alice HTTP/web.ldap.test";
    let start = std::fs::read(place.path("start"));
    let start = start.unwrap_or_default();
    place.write("of-mit", &start);
    place.write("of-ours", &start);
    place
        .mit("kvno")
        .line("-c of-mit")
        .line(line)
        .run()
        .success();
    place
        .ours("kvno")
        .line("-c of-ours")
        .line(line)
        .run()
        .success();
    drop(realm);
    place
        .mit("kvno")
        .line("-c of-ours")
        .line(line)
        .run()
        .success();
    place
        .ours("kvno")
        .line("-c of-mit")
        .line(line)
        .run()
        .success();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn s4u_without_delegation_support_matches_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    let keytab = realm.keytab("s4u").display().to_string();
    log_in(&place, "HTTP/trusted.mit.test", &keytab);
    let certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    place.write("certificate.pem", certificate);
    for arguments in [
        "-I alice HTTP/trusted.mit.test",
        "-U alice HTTP/trusted.mit.test",
        "-I plain HTTP/trusted.mit.test",
        "-I gone HTTP/trusted.mit.test",
        "-I disabled HTTP/trusted.mit.test",
        "-I nobody HTTP/trusted.mit.test",
        "-P -I alice host/a.mit.test",
        "-F certificate.pem HTTP/trusted.mit.test",
        "-F krb5.conf HTTP/trusted.mit.test",
    ] {
        check(&place, arguments);
    }
    log_in(&place, "HTTP/front.mit.test", &keytab);
    check(&place, "-I alice HTTP/front.mit.test").success();
    // A user's own ticket-granting ticket cannot be used like a service's.
    let kinit = place.mit("kinit").line("-f -c start alice");
    kinit.stdin("wonderland\n").run().success();
    check(&place, "-I nobody alice").exits(1);
    check(&place, "-I alice host/a.mit.test").exits(1);
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs root, MIT's tools and Samba: cargo xtask install"
)]
fn s4u_in_active_directory_matches_mit() {
    let realm = SambaRealm::start();
    let place = realm.place();
    let keytab = |account: &str| realm.keytab(account).display().to_string();
    log_in(&place, "svc-web", &keytab("svc-web"));
    for arguments in [
        "-I alice svc-web",
        "-I ALICE svc-web",
        "-I jürgen svc-web",
        "-U robert.smith@ad.test svc-web",
        "-U carol.jones@corp.example svc-web",
        "-U nobody@corp.example svc-web",
        "-I nobody svc-web",
        "-I disabled svc-web",
        "-I sensitive svc-web",
        "-I protected svc-web",
        "-P -I alice ldap/back.ad.test",
        "-P -U carol.jones@corp.example ldap/back.ad.test",
        "-P -I sensitive ldap/back.ad.test",
        "-P -I protected ldap/back.ad.test",
        "-P -I alice HTTP/rc4.ad.test",
        // 200 groups: too much for UDP.
        "-I member svc-web",
        "-P -I member ldap/back.ad.test",
    ] {
        check(&place, arguments);
    }
    let refused = place.ours("kvno").line("-P -I sensitive ldap/back.ad.test");
    let told = refused.run().exits(1).stderr();
    assert!(
        told.contains("hint: the KDC did not make the user's ticket forw"),
        "{told}"
    );
    // Without trust for protocol transition, the ticket to itself is not forwardable.
    log_in(&place, "svc-kcd", &keytab("svc-kcd"));
    for arguments in ["-I alice svc-kcd", "-P -I alice ldap/back.ad.test"] {
        check(&place, arguments);
    }
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs root, MIT's tools and Samba: cargo xtask install"
)]
fn active_directory_service_tickets_match_mit() {
    let realm = SambaRealm::start();
    let place = realm.place();
    let kinit = place.mit("kinit").line("-f -c start alice");
    kinit.stdin("wonderland\n").run().success();
    for (service, account) in SambaRealm::SERVICES {
        let keytab = realm.keytab(account).display().to_string();
        check(&place, &format!("-k {keytab} {service}"));
    }
    for arguments in [
        "http/WEB.ad.test",
        "HTTP/web",
        "-C http/WEB.ad.test",
        "svc-web",
        "krbtgt/ADTEST",
        "cifs/dc1.ad.test",
        "nobody",
        "alice",
        "--u2u start alice",
        "-S HTTP web.ad.test",
        "-S HTTP nowhere.ad.test",
        "-e rc4-hmac HTTP/rc4.ad.test",
        "-e rc4-hmac HTTP/web.ad.test",
    ] {
        check(&place, arguments);
    }
    // The realm in lower case, and the NetBIOS name.
    for arguments in [
        "-C svc-web@ad.test",
        "HTTP/web.ad.test@ad.test",
        "HTTP/web.ad.test@ADTEST",
        "-C HTTP/web.ad.test@ADTEST",
    ] {
        check(&place, arguments);
    }
}

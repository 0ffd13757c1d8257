//! Features of newer Samba versions only: resource-based constrained delegation. Its KDC refuses
//! some other requests, so the other tests of Active Directory use this system's version.

use interop::kvno;
use test_support::SambaRealm;

#[test]
#[cfg_attr(
    not(all(mit, newer_samba)),
    ignore = "needs root, and a Debian with Samba 4.19 or newer in RKINIT_NEWER_SAMBA"
)]
fn resource_based_constrained_delegation_matches_mit() {
    let realm = SambaRealm::start_newer();
    let place = realm.place();
    let log_in = |account: &str| {
        let keytab = realm.keytab(account).display().to_string();
        let kinit = place.mit("kinit").line("-f -c start -k -t").arg(keytab);
        kinit.arg(account).run().success();
    };
    // The target service states who may act on behalf of users, not the service that does so.
    log_in("svc-rbcd");
    for back in ["ldap/back.ad.test", "cifs/back.ad.test"] {
        kvno::check(&place, &format!("-P -I alice {back}")).success();
    }
    for (user, back) in [
        ("sensitive", "ldap/back.ad.test"),
        ("alice", "HTTP/web.ad.test"),
    ] {
        kvno::check(&place, &format!("-P -I {user} {back}")).exits(1);
    }
    log_in("svc-unconstrained");
    kvno::check(&place, "-P -I alice ldap/back.ad.test").exits(1);
    log_in("svc-web");
    kvno::check(&place, "-P -I alice ldap/back.ad.test").success();
}

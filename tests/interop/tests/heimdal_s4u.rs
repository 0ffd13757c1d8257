//! S4U and user-to-user with Heimdal's KDC: our kvno compared with MIT's.

use interop::kvno::{check, log_in};
use test_support::{HeimdalRealm, Place};

/// Checks that `kvno arguments` succeeds if `refusal` is empty, and otherwise that it fails with
/// this text.
#[track_caller]
fn check_for(place: &Place, arguments: &str, refusal: &str) {
    let done = check(place, arguments);
    assert_eq!(done.code(), i32::from(!refusal.is_empty()), "{done}");
    assert!(
        done.stderr().contains(refusal),
        "expected {refusal}: {done}"
    );
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn s4u_tickets_and_refusals_match_mit() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    let keytab = realm.keytab("s4u").display().to_string();
    let refused = "constrained delegation failed";
    for (service, to_back) in [
        ("HTTP/web.heimdal.test", ""),
        // One service without trust for protocol transition, and one without any trust.
        ("HTTP/front.heimdal.test", refused),
        ("ldap/back.heimdal.test", refused),
    ] {
        let kinit = place.mit("kinit").line("-f -c start -k -t").arg(&keytab);
        kinit.arg(service).run().success();
        for (arguments, refusal) in [
            (format!("-I alice {service}"), ""),
            (format!("-k {keytab} -I alice {service}"), ""),
            (format!("-U alice@HEIMDAL.TEST {service}"), ""),
            (
                format!("-I nobody {service}"),
                "Client not found in Kerberos database",
            ),
            (
                format!("-I gone {service}"),
                "Client's entry in database has expired",
            ),
            (
                format!("-I disabled {service}"),
                "KDC policy rejects request",
            ),
            ("-P -I alice ldap/back.heimdal.test".into(), to_back),
            ("-P -I alice host/a.heimdal.test".into(), refused),
        ] {
            check_for(&place, &arguments, refusal);
        }
    }
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn user_to_user_tickets_match_mit() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    let kinit = place.mit("kinit").line("-c open open").stdin("pw-open\n");
    kinit.run().success();
    log_in(&place, "alice", "wonderland");
    for (arguments, refusal) in [
        ("--u2u open open", ""),
        ("--u2u start alice", ""),
        // The reply names the owner of the second ticket, whatever name was requested.
        (
            "--u2u open host/a.heimdal.test",
            "KDC reply did not match expectations",
        ),
    ] {
        check_for(&place, arguments, refusal);
    }
}

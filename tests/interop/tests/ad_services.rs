//! Service tickets of Active Directory (Samba): names in all spellings, keys of all types, tickets
//! of users with little and with much authorization data. Each run of our kvno must have the same
//! output and the same cache as MIT's.

use interop::{ends_as, kvno};
use test_support::{Place, SambaRealm};

/// Checks that `kvno arguments` succeeds if `refusal` is empty, and otherwise that it fails with
/// this text.
#[track_caller]
fn check(place: &Place, arguments: &str, refusal: &str) {
    let done = kvno::check(place, arguments);
    ends_as(&done, refusal);
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn service_names_in_all_spellings_match_mit() {
    let realm = SambaRealm::start();
    let place = realm.place();
    kvno::log_in(&place, "alice", "wonderland");
    for name in [
        "HTTP/web.ad.test",
        "http/WEB.ad.test",
        "-C http/WEB.ad.test",
        "HTTP/web",
        "-u HTTP/web.ad.test",
        "-S HTTP web.ad.test",
        // The KDC determines the realm.
        "HTTP/web.ad.test@",
        "-C HTTP/web.ad.test@",
        // The services of the controller itself: its principals are aliases of each other.
        "host/dc1.ad.test",
        "cifs/dc1.ad.test",
        "host/DC1",
        "ldap/dc1.ad.test/ad.test",
        "DC1$",
        "-C dc1$",
        "svc-web",
        "kadmin/changepw",
        // All names of the domain.
        "krbtgt/AD.TEST",
        "krbtgt/ad.test",
        "krbtgt/ADTEST",
        "HTTP/web.ad.test host/dc1.ad.test",
    ] {
        check(&place, name, "");
    }
    for name in [
        "HTTP/none.ad.test",
        "-S HTTP none.ad.test",
        "host/nowhere.test@",
        "RestrictedKrbHost/dc1.ad.test",
        "krbtgt/OTHER.TEST",
        // Users are not services.
        "alice",
        "bob",
    ] {
        check(&place, name, "Server not found in Kerberos database");
    }
    // Another name for the realm. The KDC issues a TGT for it, but puts its own name into the
    // ticket.
    let at = realm.address();
    place.configure(&realm.conf().kdc("ad.test", at).kdc("ADTEST", at));
    for other in ["ad.test", "ADTEST"] {
        check(&place, &format!("krbtgt/{other}@AD.TEST"), "");
        check(&place, &format!("HTTP/web.ad.test@{other}"), "");
    }
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn service_tickets_for_all_keys_and_users_match_mit() {
    let realm = SambaRealm::start();
    let place = realm.place();
    for (user, password) in [
        ("alice", "wonderland"),
        // 200 groups.
        ("member", "pw-member"),
        ("protected", "pw-protected"),
        ("rc4", "pw-rc4"),
    ] {
        kvno::log_in(&place, user, password);
        for (service, keytab) in SambaRealm::SERVICES {
            let keytab = realm.keytab(keytab).display().to_string();
            check(&place, &format!("-k {keytab} {service}"), "");
        }
        for arguments in [
            "-e aes128-cts HTTP/web.ad.test",
            "-e arcfour-hmac HTTP/rc4.ad.test",
        ] {
            check(&place, arguments, "");
        }
        let no_such_key = "KDC has no support for encryption type";
        check(&place, "-e aes256-cts HTTP/rc4.ad.test", no_such_key);
    }
    kvno::log_in(&place, "alice", "wonderland");
    let keytab = realm.keytab("svc-back").display().to_string();
    check(
        &place,
        &format!("-k {keytab} HTTP/web.ad.test"),
        "while decrypting ticket for HTTP/web.ad.test",
    );
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn user_to_user_tickets_match_mit() {
    let realm = SambaRealm::start();
    let place = realm.place();
    let keytab = realm.keytab("svc-web").display().to_string();
    let log_in = place.mit("kinit").line("-c web -k -t").arg(&keytab);
    log_in.arg("svc-web").run().success();
    let log_in = place.mit("kinit").line("-c bob bob").stdin("pw-bob\n");
    log_in.run().success();
    kvno::log_in(&place, "alice", "wonderland");
    for arguments in [
        "--u2u web svc-web",
        "--u2u web HTTP/web.ad.test",
        "--u2u web --out-cache out HTTP/web.ad.test",
    ] {
        check(&place, arguments, "");
    }
    // Samba supports user-to-user only with accounts that have a service principal.
    check(
        &place,
        "--u2u bob bob",
        "Server not found in Kerberos database",
    );
    check(
        &place,
        "--u2u bob HTTP/web.ad.test",
        "Ticket/authenticator don't match",
    );
}

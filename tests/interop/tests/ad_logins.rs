//! Logins to Active Directory (Samba): names in all spellings, accounts in all states, PACs that do
//! not fit into a datagram. Each login with our kinit must have the same output and the same cache
//! as with MIT's.
#![allow(clippy::expect_used, reason = "tests may panic")]

use std::fs;

use interop::{ends_as, kinit};
use test_support::{Place, SambaRealm};

/// A realm, and a place that knows all its names.
fn domain() -> (SambaRealm, Place) {
    let realm = SambaRealm::start();
    let at = realm.address();
    let conf = realm.conf().kdc("ad.test", at).kdc("ADTEST", at);
    let place = Place::new(&conf);
    (realm, place)
}

/// Checks that `kinit arguments` succeeds if `refusal` is empty, and otherwise that it fails with
/// this text.
#[track_caller]
fn check(place: &Place, arguments: &str, password: &str, refusal: &str) {
    let done = kinit::check(place, arguments, &format!("{password}\n"));
    ends_as(&done, refusal);
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn logins_with_all_spellings_of_names_match_mit() {
    let (_realm, place) = domain();
    for (name, password) in [
        ("alice", "wonderland"),
        // In other letter case; with -C the KDC corrects it.
        ("ALICE", "wonderland"),
        ("-C ALICE", "wonderland"),
        ("mixed.case", "pw-mixed"),
        ("-C mixed.case", "pw-mixed"),
        ("Mixed.Case", "pw-mixed"),
        ("jürgen", "pw-jürgen"),
        ("-C JÜRGEN", "pw-jürgen"),
        // Names as people write them (NT-ENTERPRISE), also with a suffix other than the realm.
        ("-E alice@ad.test", "wonderland"),
        ("-E alice@AD.TEST", "wonderland"),
        ("-C -E alice@ad.test", "wonderland"),
        ("-E robert.smith@ad.test", "pw-bob"),
        ("-E ROBERT.SMITH@ad.test", "pw-bob"),
        ("-E bob@ad.test", "pw-bob"),
        ("robert.smith", "pw-bob"),
        ("-E carol.jones@corp.example", "pw-carol"),
        ("-C -E carol.jones@corp.example", "pw-carol"),
        // The realm in lower case, and the NetBIOS name.
        ("-C alice@ad.test", "wonderland"),
        ("-C alice@ADTEST", "wonderland"),
        ("-E svc-web@ad.test", "pw-svc-web"),
    ] {
        check(&place, name, password, "");
    }
    for (name, refusal) in [
        // Without -C, a client does not accept that the KDC corrects the realm.
        ("alice@ad.test", "KDC reply did not match expectations"),
        ("alice@ADTEST", "KDC reply did not match expectations"),
        // It is not possible to log in with a service's name.
        ("HTTP/web.ad.test", "not found in Kerberos database"),
        ("nobody", "not found in Kerberos database"),
        ("-E nobody@corp.example", "not found in Kerberos database"),
    ] {
        check(&place, name, "wonderland", refusal);
    }
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn logins_in_all_account_states_match_mit() {
    let (realm, place) = domain();
    let revoked = "Client's credentials have been revoked";
    let incorrect = "Password incorrect";
    for (name, password, refusal) in [
        ("alice", "looking-glass", incorrect),
        ("disabled", "pw-disabled", revoked),
        ("disabled", "looking-glass", incorrect),
        ("gone", "pw-gone", revoked),
        ("no-hours", "pw-no-hours", revoked),
        ("smartcard", "pw-smartcard", incorrect),
        // Each line makes two attempts, MIT's and ours; the fourth attempt locks the account.
        ("lockable", "looking-glass", incorrect),
        ("lockable", "looking-glass", incorrect),
        ("lockable", "pw-lockable", revoked),
        ("sensitive", "pw-sensitive", ""),
        ("protected", "pw-protected", ""),
        ("-f -r 2d protected", "pw-protected", ""),
        ("open", "pw-open", ""),
        ("aes", "pw-aes", ""),
        ("rc4", "pw-rc4", ""),
        // The PAC contains 200 groups.
        ("member", "pw-member", ""),
        ("--no-request-pac member", "pw-member", ""),
        ("-f -p -r 2d alice", "wonderland", ""),
        ("-f sensitive", "pw-sensitive", ""),
        ("-p sensitive", "pw-sensitive", "KDC policy rejects"),
        ("-s 1h alice", "wonderland", "KDC policy rejects"),
        ("-l 30m -r 2d alice", "wonderland", ""),
        ("-f -l 30m alice", "wonderland", ""),
        ("-a alice", "wonderland", "Incorrect net address"),
        ("-S kadmin/changepw alice", "wonderland", ""),
        ("-S HTTP/web.ad.test alice", "wonderland", ""),
        (
            "-S HTTP/none.ad.test alice",
            "wonderland",
            "Server not found",
        ),
    ] {
        check(&place, name, password, refusal);
    }
    // A new password is asked for at once, but the input has ended.
    check(&place, "must-change", "pw-must", "Cannot read password");

    for account in ["svc-web", "svc-rc4", "svc-aes128"] {
        let keytab = realm.keytab(account).display().to_string();
        check(&place, &format!("-k -t {keytab} {account}"), "", "");
    }
    // Only an old type: the KDC gives no warning, but we do. Protected users are refused.
    place.configure(&realm.conf().set("permitted_enctypes", "arcfour-hmac"));
    let deprecated = "Warning: encryption type arcfour-hmac used for authentication is deprecated";
    for (name, password) in [
        ("alice", "wonderland"),
        ("rc4", "pw-rc4"),
        ("aes", "pw-aes"),
    ] {
        let done = kinit::check(&place, name, &format!("{password}\n")).success();
        assert!(done.stdout().contains(deprecated), "{done}");
    }
    check(
        &place,
        "protected",
        "pw-protected",
        "KDC has no support for encryption type",
    );
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn replies_too_big_for_udp_are_fetched_by_tcp() {
    let (realm, place) = domain();
    // Requests use UDP whenever possible.
    place.configure(&realm.conf().set("udp_preference_limit", "32000"));
    let too_big = "is too big for UDP; retrying with TCP";
    let kinit = place.ours("kinit").arg("member").stdin("pw-member\n");
    let trace = kinit
        .env("KRB5_TRACE", "/dev/stderr")
        .run()
        .success()
        .stderr();
    assert!(trace.contains(too_big), "{trace}");
    // The ticket with 200 groups is part of the next request, and its PAC is in the reply's ticket.
    let kvno = place.ours("kvno").arg("HTTP/web.ad.test");
    let trace = kvno
        .env("KRB5_TRACE", "/dev/stderr")
        .run()
        .success()
        .stderr();
    assert!(trace.contains(too_big), "{trace}");
    let length = fs::metadata(place.cache()).expect("kinit wrote it").len();
    assert!(
        length > 6000,
        "a cache of {length} bytes has no large tickets"
    );
    place
        .mit("kvno")
        .line("--cached-only HTTP/web.ad.test")
        .run()
        .success();
}

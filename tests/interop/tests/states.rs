//! Accounts that the KDC refuses, keytabs without usable keys, realms that do not exist: our kinit
//! must fail like MIT's, with exactly the same message.

use std::fs;

use interop::{check_same, check_same_usage};
use test_support::{MitRealm, Place};

#[track_caller]
fn check(place: &Place, arguments: &str, stdin: &str, expected: &str) {
    let done = check_same(place, "kinit", arguments, stdin);
    assert!(
        done.stderr().contains(expected),
        "kinit {arguments}: {done}"
    );
    assert_ne!(done.code(), 0);
    assert!(!place.cache().exists(), "kinit {arguments} left a cache");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn refused_logins_fail_as_by_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    check(
        &place,
        "alice",
        "looking-glass\n",
        "Password incorrect while getting",
    );
    check(&place, "alice", "", "while getting initial credentials");
    check(&place, "alice", "\n", "while getting initial credentials");
    check(
        &place,
        "aes256-open",
        "looking-glass\n",
        "Password incorrect while getting",
    );
    check(
        &place,
        "nobody",
        "pw\n",
        "Client 'nobody@MIT.TEST' not found in Kerberos database",
    );
    check(
        &place,
        "gone",
        "pw-gone\n",
        "Client's entry in database has expired",
    );
    check(
        &place,
        "disabled",
        "pw-disabled\n",
        "Client's credentials have been revoked",
    );
    check(
        &place,
        "hardware",
        "pw-hardware\n",
        "while getting initial credentials",
    );
    check(
        &place,
        "-S host/none.mit.test alice",
        "wonderland\n",
        "not found in Kerberos database",
    );
    check(
        &place,
        "-E alice@MIT.TEST",
        "pw\n",
        r"Client 'alice\@MIT.TEST@MIT.TEST' not found",
    );
    check(
        &place,
        "-s 1h plain",
        "pw-plain\n",
        "while getting initial credentials",
    );
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn an_account_is_locked_out_after_failures() {
    let realm = MitRealm::start();
    let place = realm.place();
    // Each check makes two attempts: MIT's and ours.
    check(&place, "lockable", "wrong\n", "Password incorrect");
    place
        .mit("kinit")
        .arg("lockable")
        .stdin("wrong\n")
        .run()
        .exits(1);
    check(
        &place,
        "lockable",
        "pw-lockable\n",
        "Client's credentials have been revoked",
    );
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn keytab_login_with_expired_password_fails() {
    let realm = MitRealm::start();
    let place = realm.place();
    let users = realm.keytab("users").display().to_string();
    check(
        &place,
        &format!("-k -t {users} stale"),
        "",
        "Password has expired",
    );
    check(
        &place,
        &format!("-k -t {users} must-change"),
        "",
        "Password has expired",
    );
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn unusable_keytabs_are_reported() {
    let realm = MitRealm::start();
    let place = realm.place();
    let keytab = |name: &str| realm.keytab(name).display().to_string();
    check(
        &place,
        &format!("-k -t {} robot", place.text("missing")),
        "",
        "not found",
    );
    check(
        &place,
        &format!("-k -t {} alice", keytab("robot")),
        "",
        "no suitable keys",
    );
    check(
        &place,
        &format!("-k -t {} nobody", keytab("robot")),
        "",
        "nobody",
    );
    check(
        &place,
        &format!("-k -t {} rotated", keytab("rotated-old")),
        "",
        "while getting",
    );
    place.write("empty", "");
    check(
        &place,
        &format!("-k -t {} robot", place.text("empty")),
        "",
        "Unsupported key table format",
    );
    place.write("garbage", "this is no keytab");
    check(
        &place,
        &format!("-k -t {} robot", place.text("garbage")),
        "",
        "key table",
    );
    let truncated = fs::read(realm.keytab("robot")).expect("the keytab exists");
    // MIT reads the complete part and finds no keys; ours reports that the file is damaged.
    place.write("truncated", &truncated[..20]);
    let run = place
        .ours("kinit")
        .args(["-k", "-t", &place.text("truncated"), "robot"])
        .run();
    assert!(
        run.stderr()
            .starts_with("kinit: Bad format in keytab while getting"),
        "{run}"
    );
    run.exits(1);
    check(
        &place,
        "-k -t FUNNY:keytab robot",
        "",
        "Unknown Key table type",
    );
    let folder = place.path("").display().to_string();
    let run = place
        .ours("kinit")
        .args(["-k", "-t", &folder, "robot"])
        .run()
        .exits(1);
    assert!(run.stderr().contains("is not an ordinary file"), "{run}");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn unknown_realms_and_malformed_names_fail_as_by_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    check(
        &place,
        "alice@NOWHERE.TEST",
        "pw\n",
        "Cannot find KDC for realm \"NOWHERE.TEST\"",
    );
    check(
        &place,
        "alice@A@B",
        "pw\n",
        "Malformed representation of principal",
    );
    check(
        &place,
        "-c FUNNY:x alice",
        "",
        "Unknown credential cache type",
    );
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's kinit: cargo xtask install")]
fn usage_errors_match_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    for arguments in [
        "-l soon alice",
        "-r never alice",
        "-s nonsense alice",
        "-f -F alice",
        "-p -P alice",
        "-a -A alice",
        "-c a -c b alice",
        "-k -i -t x alice",
        "-4 alice",
        "alice bob",
        "--nonsense alice",
        "-l",
    ] {
        let done = check_same_usage(&place, "kinit", arguments);
        assert_ne!(done.code(), 0, "{done}");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn login_without_a_common_etype_fails_as_by_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    place.configure(&realm.conf().set("default_tkt_enctypes", "aes128-sha2"));
    check(
        &place,
        "aes256",
        "pw-aes256\n",
        "while getting initial credentials",
    );
    place.configure(&realm.conf().set("default_tkt_enctypes", "nonsense"));
    check(&place, "aes256", "pw-aes256\n", "while");
}

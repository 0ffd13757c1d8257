//! New passwords with MIT's kadmind and with Active Directory (Samba): kpasswd, and kinit with an
//! expired password. Each run of ours must have the same output and exit code as MIT's. Also
//! passwords that an administrator sets, for which there is no tool.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use kerberos_client::{Client, Config, Password, Secret};
use test_support::{Finished, HeimdalRealm, Kadmind, MitRealm, Place, SambaRealm};

/// A realm with a kpasswd service.
fn realm() -> (MitRealm, Kadmind, Place) {
    let realm = MitRealm::start();
    let kadmind = realm.kadmind();
    let place = Place::new(&realm.conf().in_realm(MitRealm::REALM, &kadmind.line()));
    (realm, kadmind, place)
}

/// The lines on standard error without hints, and without the program's name, which is a path.
fn complaint(run: &Finished) -> String {
    let text = run.stderr_without_hint();
    let rest = text.split_once(": ").map(|(_, rest)| rest.to_owned());
    rest.unwrap_or(text)
}

#[track_caller]
fn assert_same(ours: &Finished, theirs: &Finished) {
    assert!(
        ours.code() == theirs.code()
            && ours.stdout == theirs.stdout
            && complaint(ours) == complaint(theirs),
        "ours differs from MIT's\n=== ours: {ours}\n=== MIT's: {theirs}"
    );
}

/// Runs MIT's kpasswd and ours, both with `stdin`, which must have the same result. Returns our
/// run.
#[track_caller]
fn check_same(place: &Place, name: &str, stdin: &str) -> Finished {
    let theirs = place.mit("kpasswd").arg(name).stdin(stdin).run();
    let ours = place.ours("kpasswd").arg(name).stdin(stdin).run();
    assert_same(&ours, &theirs);
    ours
}

/// MIT's kpasswd changes the password from `old` to `between`, ours from `between` to `new`.
#[track_caller]
fn change(place: &Place, name: &str, old: &str, between: &str, new: &str) {
    let run = |tool, old, new| {
        let tool = if tool == "mit" {
            place.mit("kpasswd")
        } else {
            place.ours("kpasswd")
        };
        tool.arg(name)
            .stdin(format!("{old}\n{new}\n{new}\n"))
            .run()
            .success()
    };
    let theirs = run("mit", old, between);
    let ours = run("ours", between, new);
    assert_same(&ours, &theirs);
    assert!(ours.stdout().ends_with("Password changed.\n"), "{ours}");
    let login = place.mit("kinit").arg(name).stdin(format!("{new}\n"));
    login.run().success();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn kpasswd_changes_passwords_at_mits_kadmind() {
    let (_realm, _kadmind, place) = realm();
    change(
        &place,
        "alice",
        "wonderland",
        "looking glass",
        "pässwörd-ß€",
    );
    change(&place, "jürgen", "pässwörd-ß€", "2", "3");
    // The principal of the cache, from jürgen's last login.
    let run = place.ours("kpasswd").stdin("3\n4\n4\n").run().success();
    assert!(
        run.stdout().starts_with("Password for jürgen@MIT.TEST: "),
        "{run}"
    );
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn non_utf_8_password_is_refused_by_mits_kadmind() {
    let (_realm, _kadmind, place) = realm();
    let typed = &b"wonderland\n\xff\xfe\n\xff\xfe\n"[..];
    let [theirs, ours] = [place.mit("kpasswd"), place.ours("kpasswd")]
        .map(|tool| tool.arg("alice").stdin(typed).run());
    assert_same(&ours, &theirs);
    let kinit = place.ours("kinit").arg("alice").stdin("wonderland\n");
    kinit.run().success();
}

/// Lets `admin` set the password of `user` to `new`, by the set-password request of RFC 3244. The
/// `Err` is the service's message.
fn set(place: &Place, admin: (&str, &str), user: &str, new: &str) -> Result<(), String> {
    let client = Client::new(Config::from_files([place.path("krb5.conf")]).unwrap());
    let params = client
        .as_params(client.principal(admin.0).unwrap())
        .unwrap();
    let secret = Secret::Password(Password::new(admin.1));
    let login = client.login(params.to_change_password(), secret).unwrap();
    let (user, new) = (client.principal(user).unwrap(), Password::new(new));
    let set = client.set_password(&login.credential, &user, &new, login.kdc_offset);
    set.map_err(|error| error.to_string())
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn administrator_sets_passwords_at_mits_kadmind() {
    let (_realm, _kadmind, place) = realm();
    let admin = ("alice/admin", "pw-admin");
    set(&place, admin, "jürgen", "chosen for him").unwrap();
    let kinit = place.mit("kinit").arg("jürgen").stdin("chosen for him\n");
    kinit.run().success();
    set(&place, admin, "nobody", "whatever").unwrap_err();
    // A user who is not an administrator must not set another user's password.
    set(&place, ("alice", "wonderland"), "jürgen", "no").unwrap_err();
    let kinit = place.ours("kinit").arg("jürgen").stdin("chosen for him\n");
    kinit.run().success();
    // But a user may set the own password.
    set(&place, ("alice", "wonderland"), "alice", "looking glass").unwrap();
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn administrator_sets_passwords_in_active_directory() {
    let realm = SambaRealm::start();
    let kpasswd = format!("kpasswd_server = {}", realm.address());
    let place = Place::new(&realm.conf().in_realm("AD.TEST", &kpasswd));
    let admin = ("Administrator", "Adm1n-Passw0rd");
    set(&place, admin, "alice", "Chosen-For-Her-1").unwrap();
    let kinit = place.mit("kinit").arg("alice").stdin("Chosen-For-Her-1\n");
    kinit.run().success();
    set(
        &place,
        ("alice", "Chosen-For-Her-1"),
        "must-change",
        "Not-By-Her-1",
    )
    .unwrap_err();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn refusals_of_mits_kadmind_match_mit() {
    let (realm, _kadmind, place) = realm();
    realm.administer("addpol -minlength 12 -minclasses 2 strict\nmodprinc -policy strict alice\n");
    for (name, stdin, code) in [
        ("alice", "wonderland\nshort\nshort\n", 2),
        ("alice", "wonderland\nonlyletterslong\nonlyletterslong\n", 2),
        ("alice", "wonderland\n\n\n", 2),
        ("alice", "wonderland\none\nanother\n", 1),
        ("alice", "wonderland\n", 1),
        ("alice", "wrong\n", 1),
        ("nobody", "", 1),
        ("gone", "pw-gone\n", 1),
        ("a@b@c", "", 1),
    ] {
        let ours = check_same(&place, name, stdin);
        assert_eq!(ours.code(), code, "{ours}");
    }
    // MIT's kpasswd only reports a generic preauthentication failure.
    let run = place.ours("kpasswd").arg("alice").run().exits(1);
    assert!(
        run.stderr()
            .contains(": Cannot read password getting initial ticket\n"),
        "{run}"
    );
    for tool in [place.mit("kpasswd"), place.ours("kpasswd")] {
        let run = tool.line("a b").run().exits(1);
        assert!(run.stderr().to_lowercase().starts_with("usage: "), "{run}");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn expired_password_is_changed_at_login_as_by_mit() {
    for (name, stdin, code) in [
        ("must-change", "pw-must\nnew\nnew\n", 0),
        ("stale", "pw-stale\nnew\nnew\n", 0),
        ("must-change", "pw-must\none\nanother\nnew\nnew\n", 0),
        ("must-change", "pw-must\n\n\nnew\nnew\n", 0),
        ("must-change", "pw-must\n1\n2\n3\n4\n5\n6\n7\n7\n", 1),
        ("must-change", "pw-must\n\n\n\n\n\n\n", 1),
        ("must-change", "pw-must\n", 1),
        ("must-change", "wrong\n", 1),
        (
            "strict",
            "pw-strict\nshort\nshort\nlong enough\nlong enough\n",
            0,
        ),
        ("strict", "pw-strict\nshort\nshort\na\na\nb\nb\n", 1),
    ] {
        let runs = [true, false].map(|mit| {
            let (realm, _kadmind, place) = realm();
            realm.administer(
                "addpol -minlength 8 strict\naddprinc -pw pw-strict -policy strict +needchange \
                 +requires_preauth strict\n",
            );
            let tool = if mit {
                place.mit("kinit")
            } else {
                place.ours("kinit")
            };
            tool.arg(name).stdin(stdin).run()
        });
        let [theirs, ours] = &runs;
        interop::assert_same(ours, theirs);
        assert_eq!(ours.code(), code, "{name} {stdin:?}: {ours}");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn missing_kpasswd_service_is_reported_as_by_mit() {
    let realm = MitRealm::start();
    let place = Place::new(&realm.conf().set("dns_lookup_kdc", "false"));
    check_same(&place, "alice", "wonderland\nnew\nnew\n");
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn kpasswd_and_kinit_change_passwords_in_active_directory() {
    let realm = SambaRealm::start();
    let kpasswd = format!("kpasswd_server = {}", realm.address());
    let place = Place::new(&realm.conf().in_realm("AD.TEST", &kpasswd));
    change(
        &place,
        "alice",
        "wonderland",
        "Looking-Glass-1",
        "Looking-Glass-2",
    );
    // A password that must be changed at once.
    let stdin = "pw-must\nNew-Pass-2026\nNew-Pass-2026\n";
    let run = place
        .ours("kinit")
        .arg("must-change")
        .stdin(stdin)
        .run()
        .success();
    assert!(
        run.stdout()
            .contains("Password expired.  You must change it now."),
        "{run}"
    );
    let again = place
        .mit("kinit")
        .arg("must-change")
        .stdin("New-Pass-2026\n");
    again.run().success();
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs MIT's tools and Heimdal's servers: cargo xtask install"
)]
fn kpasswd_changes_passwords_at_heimdals_kpasswdd() {
    let realm = HeimdalRealm::start();
    let kpasswdd = realm.kpasswdd();
    let place = Place::new(&realm.conf().in_realm(HeimdalRealm::REALM, &kpasswdd.line()));
    change(
        &place,
        "alice",
        "wonderland",
        "looking glass",
        "pässwörd-ß€",
    );
    // Too short for the service's built-in check.
    check_same(&place, "alice", "pässwörd-ß€\na\na\n");
    let stdin = "pw-stale\nlooking glass\nlooking glass\n";
    place
        .ours("kinit")
        .arg("stale")
        .stdin(stdin)
        .run()
        .success();
}

//! Heimdal: our kinit with its KDC, its tools with what we wrote, our klist with what it wrote.
//!
//! MIT's tools show what ours should print with Heimdal's KDC.
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "tests may panic"
)]

use std::fs;

use interop::{check_same, kinit};
use test_support::{HeimdalRealm, Place};

/// Logs in with MIT's kinit and with ours. The caches must be the same, and usable by Heimdal's
/// tools.
#[track_caller]
fn check(place: &Place, arguments: &[&str], stdin: &str) {
    kinit::check(place, &arguments.join(" "), stdin).success();
    let name = arguments
        .last()
        .expect("the last argument is the principal");
    let listed = place.heimdal("klist").run().success().stdout();
    assert!(
        listed.contains(&format!("Principal: {name}@HEIMDAL.TEST")),
        "{listed}"
    );
    place
        .heimdal("kgetcred")
        .arg("host/a.heimdal.test")
        .run()
        .success();
    let listed = place.heimdal("klist").run().success().stdout();
    assert!(
        listed.contains("host/a.heimdal.test@HEIMDAL.TEST"),
        "{listed}"
    );
    check_same(place, "klist", "-e -f -a -n", "").success();
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn password_login_works_with_every_etype() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    for (short, _) in HeimdalRealm::ETYPES {
        check(&place, &[short], &format!("pw-{short}\n"));
    }
    check(&place, &["alice"], "wonderland\n");
    check(&place, &["open"], "pw-open\n");
    check(&place, &["-f", "-r", "2d", "alice"], "wonderland\n");
    check(&place, &["-C", "alice"], "wonderland\n");
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn keytab_logins_and_listings_match_mit() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    let robot = realm.keytab("robot").display().to_string();
    check(&place, &["-k", "-t", &robot, "robot"], "");
    for name in ["robot", "services"] {
        let keytab = realm.keytab(name);
        for options in ["-k", "-kte", "-k -K"] {
            check_same(
                &place,
                "klist",
                &format!("{options} {}", keytab.display()),
                "",
            )
            .success();
        }
    }
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn refusal_messages_match_mit() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    for (user, password, expected) in [
        ("alice", "looking-glass", "Password incorrect"),
        ("open", "looking-glass", "Password incorrect"),
        ("nobody", "pw", "not found in Kerberos database"),
        ("gone", "pw-gone", "has expired"),
        (
            "disabled",
            "pw-disabled",
            "while getting initial credentials",
        ),
    ] {
        let done = check_same(&place, "kinit", user, &format!("{password}\n")).exits(1);
        assert!(done.stderr().contains(expected), "{done}");
    }
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn heimdals_caches_are_listed_as_by_mit() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    place.write("password", "wonderland\n");
    let password = format!("--password-file={}", place.text("password"));
    for version in ["1", "2", "3", "4"] {
        let _ = fs::remove_file(place.cache());
        let version = format!("--fcache-version={version}");
        for more in [&[][..], &["--renewable", "-f", "-a"]] {
            let kinit = place
                .heimdal("kinit")
                .arg(&password)
                .arg(&version)
                .args(more);
            kinit.arg("alice").run().success();
            for options in ["", "-e -f", "-a -n", "-C", "-s", "-l"] {
                check_same(&place, "klist", options, "").success();
            }
        }
    }
}

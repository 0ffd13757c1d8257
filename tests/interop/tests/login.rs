//! Logins to MIT's KDC: all etypes, salts, kinds of names and keytabs.
//!
//! Each case logs in with MIT's kinit and with ours, and MIT's klist must show the same cache
//! except for the times. Then MIT's kvno must get a service ticket with the cache that ours wrote.
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "tests may panic"
)]

use std::fs;

use interop::{check_same, kinit, left_by_login};
use kerberos_files::ccache::CcacheFile;
use test_support::{ETYPES, MitRealm, Place};

/// Logs in with `kinit arguments` twice and compares the caches.
#[track_caller]
fn check(place: &Place, arguments: &[&str], stdin: &str) {
    kinit::check(place, &arguments.join(" "), stdin).success();
    let granted = place
        .mit("kvno")
        .arg("host/a.mit.test")
        .run()
        .success()
        .stdout();
    assert_eq!(granted, "host/a.mit.test@MIT.TEST: kvno = 1\n");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn password_login_works_with_every_etype() {
    let realm = MitRealm::start();
    let place = realm.place();
    for (short, _) in ETYPES {
        let password = format!("pw-{short}\n");
        check(&place, &[short], &password);
        check(&place, &[&format!("{short}-open")], &password);
    }
}

/// The lifetime and the renewable lifetime of the cached ticket in seconds, counted from its start,
/// and its flags.
fn spans(place: &Place) -> (i64, i64, u32) {
    let mut cache = CcacheFile::new(place.cache())
        .open()
        .expect("the ccache can be opened");
    loop {
        let view = cache
            .next()
            .expect("the ccache is well-formed")
            .expect("the ccache has a ticket");
        if !view.is_config() {
            let start = match view.starttime() {
                0 => view.authtime(),
                start => start,
            };
            let span = |time: u32| i64::from(time) - i64::from(start);
            let renewable = match view.renew_till() {
                0 => 0,
                time => span(time),
            };
            return (span(view.endtime()), renewable, view.flags().0);
        }
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn negative_times_match_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    for (arguments, expected) in [
        ("-l -1s alice", Some((-1, 0))),
        ("-l -5h alice", Some((-18_000, 0))),
        ("-l -1h -r 2d alice", Some((-3_600, 172_800))),
        ("-r -1h alice", Some((86_400, 0))),
        ("-l 1h -r -5d alice", Some((3_600, 0))),
        ("-s 1h -l -2h alice", Some((-7_200, 0))),
        // Valid for a day, starting two days ago.
        ("-s -2d alice", None),
    ] {
        let [theirs, ours] = [place.mit("kinit"), place.ours("kinit")].map(|tool| {
            tool.line(arguments).stdin("wonderland\n").run().success();
            let listed = place.ours("klist").arg("-s").run();
            (spans(&place), listed.code())
        });
        // The clock may have advanced between the two.
        let (
            ((end, renewable, flags), valid),
            ((ours_end, ours_renewable, ours_flags), ours_valid),
        ) = (theirs, ours);
        assert!(
            (end - ours_end).abs() <= 1,
            "{arguments}: {end}, {ours_end}"
        );
        assert!((renewable - ours_renewable).abs() <= 1, "{arguments}");
        assert_eq!((ours_flags, ours_valid), (flags, valid), "{arguments}");
        if let Some(expected) = expected {
            assert_eq!((ours_end, ours_renewable), expected, "{arguments}");
        }
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn keytab_login_works_with_every_etype() {
    let realm = MitRealm::start();
    let place = realm.place();
    for (short, _) in ETYPES {
        let keytab = realm.keytab(short).display().to_string();
        check(&place, &["-k", "-t", &keytab, short], "");
        check(&place, &["-kt", &keytab, &format!("{short}-open")], "");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn salts_of_the_kdc_are_used() {
    let realm = MitRealm::start();
    let place = realm.place();
    for salt in ["norealm", "onlyrealm", "special"] {
        check(&place, &[&format!("salt-{salt}")], "pw-salt\n");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn unusual_names_and_passwords_log_in() {
    let realm = MitRealm::start();
    let place = realm.place();
    check(&place, &["jürgen"], "pässwörd-ß€\n");
    check(&place, &["jürgen@MIT.TEST"], "pässwörd-ß€\n");
    // MIT's KDC 1.20 issues no service tickets for these names, because the PAC contains them
    // without the escape.
    check_cache(&place, &[r"a\/slash"], "pw-slash\n");
    check(&place, &[r"an\@at"], "pw-at\n");
    check(&place, &["alice/admin@MIT.TEST"], "pw-admin\n");
    // A password without a line end.
    check(&place, &["alice"], "wonderland");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn options_match_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    for arguments in [
        "-f alice",
        "-F alice",
        "-p alice",
        "-P -A alice",
        "-l 1h alice",
        "-l 2:30 -r 3d alice",
        "--canonicalize alice",
        "-C alice",
        "--no-request-pac alice",
        "--request-pac alice",
        "-S host/b.mit.test alice",
        "-V alice",
        "-s 2h alice",
        "-a alice",
        "alice -l 1h",
        "brief",
        "-r 7d brief",
        "-r 1d plain",
        "-F -P plain",
        "soon",
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let password = match arguments
            .iter()
            .find(|a| ["brief", "plain", "soon"].contains(*a))
        {
            Some(name) => format!("pw-{name}\n"),
            None => "wonderland\n".to_owned(),
        };
        let service = ["-S", "-s", "-a"]
            .iter()
            .any(|option| arguments.contains(option));
        if service {
            check_cache(&place, &arguments, &password);
        } else {
            check(&place, &arguments, &password);
        }
    }
}

/// Like [`check`], for tickets that cannot, or not yet, be used to get others.
#[track_caller]
fn check_cache(place: &Place, arguments: &[&str], stdin: &str) {
    let mut caches = Vec::new();
    for tool in [place.mit("kinit"), place.ours("kinit")] {
        let _ = fs::remove_file(place.cache());
        tool.args(arguments).stdin(stdin).run().success();
        let listed = place
            .mit("klist")
            .line("-e -f -a -C")
            .run()
            .success()
            .stdout();
        caches.push(left_by_login(&listed));
    }
    assert_eq!(
        caches[1], caches[0],
        "kinit {arguments:?}: ours (left), MIT's (right)"
    );
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn krb5_conf_settings_match_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    for (key, value) in [
        ("forwardable", "true"),
        ("proxiable", "true"),
        ("ticket_lifetime", "3h"),
        ("renew_lifetime", "2d"),
        ("canonicalize", "true"),
        ("default_tkt_enctypes", "aes128-sha2 aes128-cts"),
        ("permitted_enctypes", "camellia128-cts"),
        ("ccache_type", "3"),
    ] {
        place.configure(&realm.conf().set(key, value));
        check(&place, &["alice"], "wonderland\n");
    }
    let bound = realm.conf().set("noaddresses", "false");
    place.configure(&bound);
    check_cache(&place, &["alice"], "wonderland\n");
    place.configure(&bound.set("extra_addresses", "192.0.2.7, 2001:db8::7"));
    check_cache(&place, &["alice"], "wonderland\n");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn invalid_lifetime_in_krb5_conf_matters_unless_overridden() {
    let realm = MitRealm::start();
    let place = realm.place();
    for (key, value, option) in [
        ("ticket_lifetime", "24 hours", "-l"),
        ("renew_lifetime", "unlimited", "-r"),
    ] {
        place.configure(&realm.conf().set(key, value));
        check(&place, &[option, "1h", "alice"], "wonderland\n");
        let other = if option == "-l" { "-r" } else { "-l" };
        for tool in [place.ours("kinit"), place.mit("kinit")] {
            let run = tool.args([other, "1h", "alice"]).stdin("wonderland\n");
            run.run().exits(1);
        }
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn error_numbers_of_keytabs_match_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    place.configure(&realm.conf().set("err_fmt", "%M (%C)"));
    place.write("garbage", "x");
    let robot = realm.keytab("robot").display().to_string();
    for keytab in ["nowhere", "garbage", "FUNNY:x", &robot] {
        let line = format!("-k -t {keytab} alice");
        check_same(&place, "kinit", &line, "").exits(1);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn keytab_login_finds_the_keys_of_the_principal() {
    let realm = MitRealm::start();
    let place = realm.place();
    let keytab = |name: &str| realm.keytab(name).display().to_string();
    // Many etypes; two key versions; a principal with two components.
    check(&place, &["-k", "-t", &keytab("robot"), "robot"], "");
    check(&place, &["-k", "-t", &keytab("rotated"), "rotated"], "");
    check(
        &place,
        &["-k", "-t", &keytab("batch"), "batch/one.mit.test"],
        "",
    );
    check(
        &place,
        &[
            "-V",
            "-k",
            "-t",
            &format!("FILE:{}", keytab("robot")),
            "robot",
        ],
        "",
    );
    // `-t` alone implies `-k`.
    check(&place, &["-t", &keytab("robot"), "robot"], "");
    // The configured keytab.
    let named = realm
        .conf()
        .set("default_keytab_name", &format!("FILE:{}", keytab("robot")));
    place.configure(&named);
    fs::copy(realm.keytab("robot"), place.path("keytab")).expect("the folder is writable");
    check(&place, &["-k", "robot"], "");
    // The client keytab, and its first principal.
    place.configure(
        &realm
            .conf()
            .set("default_client_keytab_name", &keytab("batch")),
    );
    check(&place, &["-k", "-i"], "");
    // Keys of an etype that the KDC would not choose itself.
    place.configure(&realm.conf().set(
        "default_tkt_enctypes",
        "aes256-cts aes128-cts camellia256-cts",
    ));
    check(
        &place,
        &["-k", "-t", &keytab("camellia256"), "camellia256"],
        "",
    );
    check(&place, &["-k", "-t", &keytab("users"), "jürgen"], "");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn default_principal_comes_from_the_cache() {
    let realm = MitRealm::start();
    let place = realm.place();
    check(&place, &["alice"], "wonderland\n");
    for tool in [place.mit("kinit"), place.ours("kinit")] {
        let done = tool.stdin("wonderland\n").run().success();
        assert_eq!(done.stdout(), "Password for alice@MIT.TEST: \n");
    }
}

//! klist: for the same file, our output must equal MIT's, byte for byte.
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "tests may panic"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use interop::{check_same, check_same_usage};
use test_support::raw::{self, RawCredential, RawKey, RawPrincipal};
use test_support::{MitRealm, Place, Tool};

/// Options for cache listings, in the combinations that affect how lines are joined.
const CACHE_OPTIONS: [&str; 16] = [
    "",
    "-e",
    "-f",
    "-a",
    "-a -n",
    "-C",
    "-e -f",
    "-ef",
    "-e -f -a -n",
    "-efanC",
    "-c",
    "-d",
    "-d -e -f",
    "-A",
    "-l",
    "-A -e -f",
];

fn check_cache(place: &Place) {
    for options in CACHE_OPTIONS {
        check_same(place, "klist", options, "");
    }
    check_same(place, "klist", "-s", "");
    check_same(
        place,
        "klist",
        &format!("-c FILE:{}", place.cache().display()),
        "",
    );
    check_same(
        place,
        "klist",
        &format!("-e {}", place.cache().display()),
        "",
    );
}

/// Compares listings of caches that `kinit` wrote in all versions, and then with tickets for
/// `services` that MIT's library appended.
fn check_caches_of(kinit: impl Fn(&Place) -> Tool, services: &str) {
    let realm = MitRealm::start();
    let place = realm.place();
    for version in ["1", "2", "3", "4"] {
        place.configure(&realm.conf().set("ccache_type", version));
        let login = kinit(&place).line("-f -r 2d alice");
        login.stdin("wonderland\n").run().success();
        check_cache(&place);
        place.mit("kvno").line(services).run().success();
        check_cache(&place);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn mits_caches_are_listed_as_by_mit() {
    let services = "host/a.mit.test HTTP/a.mit.test only/rc4 only/des3";
    check_caches_of(|place| place.mit("kinit"), services);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn our_caches_are_listed_as_by_mit() {
    let services = "host/a.mit.test only/camellia256";
    check_caches_of(|place| place.ours("kinit"), services);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn forged_caches_are_listed_as_by_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    let alice = RawPrincipal::new("alice", "MIT.TEST");
    let plain = RawCredential::new(&alice, &RawPrincipal::new("krbtgt/MIT.TEST", "MIT.TEST"));
    let host = RawPrincipal::new("host/a.mit.test", "MIT.TEST");
    let like = |change: &dyn Fn(&mut RawCredential)| {
        let mut credential = RawCredential::new(&alice, &host);
        change(&mut credential);
        credential
    };
    let mut cases = vec![
        vec![],
        vec![plain.clone()],
        vec![like(&|c| c.client = RawPrincipal::new("bob", "OTHER.TEST"))],
        vec![like(&|c| {
            c.times = [1_780_000_000, 0, 1_790_000_000, 1_800_000_000];
        })],
        vec![like(&|c| c.times = [1, 1, 2, 3])],
        vec![like(&|c| c.times = [0, 0, 0, 0])],
        // Removed entries are not shown.
        vec![plain.clone(), like(&|c| c.times = [u32::MAX, 0, 0, 0])],
        // After 2038, and the last 32-bit time.
        vec![like(&|c| {
            c.times = [2_200_000_000, 2_200_000_000, 4_000_000_000, u32::MAX];
        })],
        vec![like(&|c| {
            c.server = RawPrincipal::new("a b/\u{fc}/c@d", "MIT.TEST");
        })],
        vec![like(&|c| c.ticket = b"no ticket".to_vec())],
        vec![like(&|c| c.ticket.clear())],
        // The ticket is for another server than its entry.
        vec![like(&|c| {
            c.ticket = raw::ticket(&RawPrincipal::new("host/b", "MIT.TEST"), 17, 40);
        })],
        vec![like(&|c| {
            c.authdata = vec![(1, vec![1, 2, 3]), (128, vec![4])];
        })],
        vec![like(&|c| c.is_skey = 1)],
        vec![like(&|c| c.second_ticket = raw::ticket(&alice, 18, 20))],
        vec![RawCredential::config(
            &alice,
            "fast_avail",
            Some("krbtgt/MIT.TEST@MIT.TEST"),
            b"yes",
        )],
        vec![RawCredential::config(
            &alice,
            "binary",
            None,
            &(0..=255).collect::<Vec<u8>>(),
        )],
        vec![
            RawCredential::config(&alice, "pa_type", Some("krbtgt/MIT.TEST@MIT.TEST"), b"2"),
            plain.clone(),
            RawCredential::config(&alice, "long", None, &[b'x'; 500]),
            like(&|_| ()),
        ],
    ];
    for etype in [
        0, 1, 3, 16, 17, 18, 19, 20, 23, 24, 25, 26, 99, 0xff78, 0xffff,
    ] {
        cases.push(vec![like(&|c| {
            c.etype = etype;
            c.ticket = raw::ticket(&host, etype.to_be_bytes()[1], 30);
        })]);
    }
    for bit in 0..32 {
        cases.push(vec![
            like(&|c| c.flags = 1 << bit),
            like(&|c| c.flags = u32::MAX),
        ]);
    }
    for addresses in [
        vec![(2, vec![127, 0, 0, 1])],
        vec![
            (2, vec![192, 0, 2, 1]),
            (24, [vec![0; 15], vec![1]].concat()),
        ],
        vec![(2, vec![1, 2]), (24, vec![9])],
        vec![(77, vec![1, 2, 3, 4]), (5, vec![])],
    ] {
        cases.push(vec![like(&|c| c.addresses.clone_from(&addresses))]);
    }
    for credentials in cases {
        for version in 1..=4 {
            let offset = (version == 4).then_some((600, 5));
            write_private(
                &place,
                "cache",
                &raw::cache(version, offset, &alice, &credentials),
            );
            for options in ["", "-e", "-e -f", "-f -a -n", "-C", "-s", "-l", "-A -efanC"] {
                check_same(&place, "klist", options, "");
            }
        }
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn unusual_principals_are_listed_as_by_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    for (name, realm) in [
        ("alice", "MIT.TEST"),
        ("host/a.mit.test", "MIT.TEST"),
        ("j\u{fc}rgen", "MIT.TEST"),
        ("at@sign", "R\\S"),
        (
            "a-very-long-name-of-a-principal-that-no-column-holds/second",
            "A.LONG.REALM.TEST",
        ),
        ("tab\tnewline\n", "MIT.TEST"),
    ] {
        let owner = RawPrincipal::new(name, realm);
        let tgt = RawPrincipal::new(&format!("krbtgt/{realm}"), realm);
        let credential = RawCredential::new(&owner, &tgt);
        write_private(&place, "cache", &raw::cache(4, None, &owner, &[credential]));
        check_cache(&place);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn times_in_all_zones_are_listed_as_by_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    let alice = RawPrincipal::new("alice", "MIT.TEST");
    let mut credential = RawCredential::new(&alice, &RawPrincipal::new("krbtgt/A", "MIT.TEST"));
    credential.times = [1_774_746_000, 1_774_746_000, 1_793_000_000, 1_793_500_000];
    write_private(&place, "cache", &raw::cache(4, None, &alice, &[credential]));
    for zone in [
        "UTC",
        "Europe/Helsinki",
        "America/St_Johns",
        "Pacific/Apia",
        "XYZ-3:30",
        "none",
    ] {
        let theirs = place.mit("klist").env("TZ", zone).run().success();
        let ours = place.ours("klist").env("TZ", zone).run();
        interop::assert_same(&ours, &theirs);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn invalid_caches_match_mit_and_truncated_ones_fail() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    for options in [
        "",
        "-s",
        "-A",
        "-l",
        "-e -f",
        "-c /nonexistent/cache",
        "-c FUNNY:x",
    ] {
        check_same(&place, "klist", options, "");
    }
    for (name, content) in [
        ("version 9", &b"\x05\x09\0\0"[..]),
        ("text", b"hello, world, hello"),
    ] {
        write_private(&place, "cache", content);
        let done = check_same(&place, "klist", "", "");
        assert_eq!(done.code(), 1, "{name}: {done}");
    }
    // An incomplete cache: MIT's klist lists the complete entries without an error; ours reports
    // that something is missing.
    let alice = RawPrincipal::new("alice", "MIT.TEST");
    let tgt = RawCredential::new(&alice, &RawPrincipal::new("krbtgt/MIT.TEST", "MIT.TEST"));
    let whole = raw::cache(4, None, &alice, &[tgt.clone(), tgt]);
    for length in [whole.len() - 1, whole.len() / 2 + 20, whole.len() / 2, 40] {
        write_private(&place, "cache", &whole[..length]);
        let theirs = place.mit("klist").run();
        let ours = place.ours("klist").run().exits(1);
        assert_eq!(ours.stdout(), theirs.stdout(), "{length}");
        assert!(ours.stderr().contains(&place.text("cache")), "{ours}");
        assert!(ours.stderr().contains("\nhint: "), "{ours}");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn usage_errors_match_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    for arguments in [
        "-Z", "-n", "-t", "-K", "-A -l", "-s -l", "-k -f", "-k -s", "-k -a", "-c -k", "-k -A",
        "-k -l", "one two", "-c -c", "-cc", "-kck", "-k -k", "-c -c -V",
    ] {
        let done = check_same_usage(&place, "klist", arguments);
        assert_eq!(done.code(), 1, "klist {arguments}: {done}");
    }
}

/// Options of a keytab listing.
const KEYTAB_OPTIONS: [&str; 7] = ["-k", "-k -t", "-k -e", "-k -K", "-kte", "-k -t -K", "-ketK"];

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn mits_keytabs_are_listed_as_by_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    for name in [
        "robot", "rotated", "batch", "services", "users", "rc4", "des3",
    ] {
        for options in KEYTAB_OPTIONS {
            let keytab = realm.keytab(name);
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
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn forged_keytabs_are_listed_as_by_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    let key = |name: &str, kvno, etype, timestamp| RawKey {
        principal: RawPrincipal::new(name, "MIT.TEST"),
        timestamp,
        kvno,
        etype,
        key: vec![0xab; 16],
    };
    let entries = [
        key("alice", 1, 18, 1_780_000_000),
        key("host/a.mit.test", 300, 17, 0),
        key("a b/\u{fc}/c@d", 70_000, 23, 2_200_000_000),
        key("odd", 255, 999, u32::MAX),
        key("des", 2, 3, 1),
    ];
    for version in [1, 2] {
        let mut keytab = raw::keytab(version, &entries);
        place.write("keytab", &keytab);
        for options in KEYTAB_OPTIONS {
            check_same(&place, "klist", options, "").success();
        }
        // A hole, then another entry, and then bytes that are not an entry.
        let hole = -20_i32;
        keytab.extend(if version == 1 {
            hole.to_ne_bytes()
        } else {
            hole.to_be_bytes()
        });
        keytab.extend([0; 20]);
        keytab.extend(&raw::keytab(version, &entries[..1])[2..]);
        place.write("keytab", &keytab);
        check_same(&place, "klist", "-kt", "").success();
        keytab.extend([0, 0, 0, 0, 1, 2, 3]);
        place.write("keytab", &keytab);
        check_same(&place, "klist", "-kt", "");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn invalid_keytabs_match_mit_and_truncated_ones_fail() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    check_same(&place, "klist", "-k", "").exits(1);
    check_same(&place, "klist", "-k /nonexistent/keytab", "").exits(1);
    check_same(&place, "klist", "-k FUNNY:x", "").exits(1);
    for content in [
        &b""[..],
        b"\x05",
        b"\x05\x02",
        b"\x05\x09",
        b"hello",
        b"\x05\x02\0\0",
    ] {
        place.write("keytab", content);
        check_same(&place, "klist", "-k", "");
    }
    let alice = RawPrincipal::new("alice", "MIT.TEST");
    let key = RawKey {
        principal: alice,
        timestamp: 0,
        kvno: 1,
        etype: 18,
        key: vec![1; 32],
    };
    let whole = raw::keytab(2, &[key.clone(), key]);
    for length in [whole.len() - 1, whole.len() / 2 + 9] {
        place.write("keytab", &whole[..length]);
        let theirs = place.mit("klist").arg("-k").run();
        let ours = place.ours("klist").arg("-k").run().exits(1);
        assert_eq!(ours.stdout(), theirs.stdout(), "{length}");
        assert!(ours.stderr().contains(&place.text("keytab")), "{ours}");
    }
}

/// With the mode of a cache: Heimdal and our tools refuse, or warn about, caches that others may
/// read.
fn write_private(place: &Place, name: &str, content: &[u8]) {
    let path = place.write(name, content);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .expect("the permissions can be changed");
}

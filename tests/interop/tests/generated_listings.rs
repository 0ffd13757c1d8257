//! klist on randomly generated caches and keytabs of all kinds: our output must equal MIT's, byte
//! for byte. Where differences are accepted, a comment names them and the generator avoids them.
//! Incomplete files are tested in `listings`.
#![allow(clippy::expect_used, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use interop::assert_same;
use test_support::raw::{self, RawCredential, RawKey, RawPrincipal};
use test_support::{MitRealm, Place, locales};

/// The number of caches, and of keytabs.
const CACHES: u64 = 240;
const KEYTABS: u64 = 120;

/// Options for cache listings.
const CACHE_OPTIONS: [&str; 17] = [
    "",
    "-c",
    "-e",
    "-eC",
    "-fd",
    "-f",
    "-d",
    "-a",
    "-an",
    "-C",
    "-ef",
    "-efd",
    "-efanC",
    "-s",
    "-l",
    "-A -efdan",
    "-A -s",
];

const KEYTAB_OPTIONS: [&str; 8] = ["-k", "-kt", "-ke", "-kK", "-kte", "-keK", "-ktK", "-ketK"];

/// Each file is listed in one of these locales, in turn.
const LOCALES: [&str; 3] = ["C", "C.UTF-8", "en_US.UTF-8"];

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn random_caches_are_listed_as_by_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    for seed in 0..CACHES {
        let mut chance = Chance::new(seed);
        let version = chance.of(&[4, 4, 4, 3, 2, 1]);
        let offset = chance.of(&[None, Some((0, 0)), Some((3600, 1)), Some((-86_400, -5))]);
        let owner = principal(&mut chance);
        let credentials: Vec<_> = (0..chance.below(6))
            .map(|_| credential(&mut chance, &owner))
            .collect();
        let path = place.write("cache", raw::cache(version, offset, &owner, &credentials));
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .expect("the permissions can be changed");
        let locale = chance.of(&LOCALES);
        for options in CACHE_OPTIONS {
            check(&place, locale, options);
        }
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn random_keytabs_are_listed_as_by_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    for seed in 0..KEYTABS {
        let mut chance = Chance::new(seed);
        let keys: Vec<_> = (0..chance.below(8)).map(|_| key(&mut chance)).collect();
        let version = chance.of(&[2, 2, 1]);
        place.write("keytab", raw::keytab(version, &keys));
        let locale = chance.of(&LOCALES);
        for options in KEYTAB_OPTIONS {
            check(&place, locale, options);
        }
    }
}

/// Runs MIT's klist and ours, which must have the same result.
#[track_caller]
fn check(place: &Place, locale: &str, options: &str) {
    let [theirs, ours] = [place.mit("klist"), place.ours("klist")].map(|tool| {
        let tool = tool.env("LC_ALL", locale).env("LOCPATH", locales());
        tool.line(options).run()
    });
    assert_same(&ours, &theirs);
}

/// Pseudo-random numbers that are the same in each run.
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        let mut chance = Self(seed);
        chance.next();
        chance
    }

    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 32).expect("the shifted value fits into a u32")
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).expect("a u32 fits into a usize") % limit
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        let index = self.below(all.len());
        all.get(index).expect("the index is in range").clone()
    }

    fn bytes(&mut self, limit: usize) -> Vec<u8> {
        (0..self.below(limit))
            .map(|_| self.next().to_le_bytes()[0])
            .collect()
    }
}

fn principal(chance: &mut Chance) -> RawPrincipal {
    let name = chance.of(&[
        "alice",
        "host/www.mit.test",
        "krbtgt/MIT.TEST",
        "krbtgt/OTHER.TEST",
        "a/b/c/d",
        "sp ace",
        "at@sign",
        "back\\slash",
        "J\u{fc}rgen",
        "tab\there",
        "line\nfeed",
        "a-name-that-is-longer-than-any-column-of-any-listing-has-room-for",
        "",
    ]);
    let realm = chance.of(&["MIT.TEST", "MIT.TEST", "OTHER.TEST", "lower.test", "R/S@T"]);
    let mut principal = RawPrincipal::new(name, realm);
    principal.name_type = chance.of(&[1, 0, 2, 3, 10, 11, 999]);
    principal
}

fn credential(chance: &mut Chance, owner: &RawPrincipal) -> RawCredential {
    if chance.below(5) == 0 {
        let key = chance.of(&["fast_avail", "pa_type", "proxy_impersonator", "odd key"]);
        let about = chance.of(&[None, Some("krbtgt/MIT.TEST@MIT.TEST"), Some("")]);
        return RawCredential::config(owner, key, about, &chance.bytes(200));
    }
    let server = principal(chance);
    let mut credential = RawCredential::new(owner, &server);
    if chance.below(4) == 0 {
        credential.client = principal(chance);
    }
    credential.etype = chance.of(&[18, 17, 20, 19, 25, 26, 23, 16, 3, 0, 1, 99, 0xff7b]);
    credential.key = chance.bytes(40);
    let time = |chance: &mut Chance| {
        chance.of(&[
            0,
            1,
            1_000_000_000,
            1_790_000_000,
            2_147_483_647,
            2_147_483_648,
            4_000_000_000,
            u32::MAX,
        ])
    };
    // An entry with a start time but no end time counts as removed, which another test covers.
    credential.times = [
        time(chance),
        time(chance),
        time(chance).max(1),
        time(chance),
    ];
    credential.is_skey = chance.of(&[0, 0, 1]);
    credential.flags = chance.next() & chance.next();
    credential.addresses = (0..chance.below(4)).map(|_| address(chance)).collect();
    credential.authdata = (0..chance.below(3))
        .map(|_| (chance.of(&[1, 128, 512, 0xffff]), chance.bytes(9)))
        .collect();
    credential.ticket = match chance.below(6) {
        0 => chance.bytes(50),
        1 => raw::ticket(&principal(chance), chance.of(&[17, 18, 23, 99]), 80),
        _ => raw::ticket(&server, chance.of(&[17, 18, 20, 23]), 80),
    };
    if chance.below(6) == 0 {
        credential.second_ticket = raw::ticket(owner, 18, 20);
    }
    credential
}

fn address(chance: &mut Chance) -> (u16, Vec<u8>) {
    // Not 20, NetBIOS: MIT 1.20 does not show these names, but later versions and ours do.
    let kind = chance.of(&[2, 24, 3, 77]);
    let bytes = match (kind, chance.below(4)) {
        (2, 1..) => vec![192, 0, 2, chance.next().to_le_bytes()[0]],
        (24, 1..) => [vec![0x20, 1, 0x0d, 0xb8], vec![0; 11], vec![9]].concat(),
        _ => chance.bytes(18),
    };
    (kind, bytes)
}

fn key(chance: &mut Chance) -> RawKey {
    // MIT takes an empty name component, or an empty key, for the end of the keytab, and silently
    // ignores the rest.
    let principal = loop {
        let principal = principal(chance);
        if principal.components.iter().all(|part| !part.is_empty()) {
            break principal;
        }
    };
    RawKey {
        principal,
        timestamp: chance.of(&[0, 1_790_000_000, 2_147_483_648, u32::MAX]),
        kvno: chance.of(&[1, 2, 255, 256, 70_000, u32::MAX]),
        etype: chance.of(&[18, 17, 20, 19, 25, 26, 23, 16, 3, 1, 99, 999]),
        key: [vec![7], chance.bytes(40)].concat(),
    }
}

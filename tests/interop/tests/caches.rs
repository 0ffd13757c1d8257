//! Caches of all types, written by our tools and read by MIT's, and vice versa: which cache kinit
//! chooses, what klist shows, and what kswitch and kdestroy leave.

#![allow(clippy::expect_used, reason = "tests may panic")]

use interop::assert_same;
use kerberos_asn1::TicketFlags;
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_files::ccache::{
    Ccache, CcacheBuilder, CcacheName, CcacheOptions, ConfigEntry, Header,
};
use kerberos_proto::{Credential, Principal, TicketTimes};
use test_support::{Finished, Kcm, MitRealm, Place, Tool};

/// Whose tool to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    Mit,
    Ours,
}

/// A user with a default cache name.
struct User<'a> {
    place: &'a Place,
    ccname: String,
    /// The user id that the tools run with, if not our own.
    uid: Option<u32>,
}

impl<'a> User<'a> {
    fn new(place: &'a Place, ccname: impl Into<String>) -> Self {
        Self {
            place,
            ccname: ccname.into(),
            uid: None,
        }
    }

    fn tool(&self, whose: Whose, name: &str, arguments: &str) -> Tool {
        let tool = match whose {
            Whose::Mit => self.place.mit(name),
            // When another program starts it, it needs a file with its name.
            Whose::Ours => self.place.ours_installed(name),
        };
        let tool = tool.line(arguments).env("KRB5CCNAME", &self.ccname);
        match self.uid {
            Some(uid) => {
                let uid = uid.to_string();
                let wrapper = [
                    "setpriv",
                    "--reuid",
                    &uid,
                    "--regid",
                    &uid,
                    "--clear-groups",
                ];
                tool.through(wrapper)
            }
            None => tool,
        }
    }

    fn run(&self, whose: Whose, name: &str, arguments: &str) -> Finished {
        self.tool(whose, name, arguments).run()
    }

    fn log_in(&self, whose: Whose, principal: &str, password: &str) -> Finished {
        let kinit = self.tool(whose, "kinit", &format!("-V {principal}"));
        kinit.stdin(format!("{password}\n")).run().success()
    }

    /// Both must give the same output for a command that changes nothing.
    #[track_caller]
    fn check(&self, name: &str, arguments: &str) -> Finished {
        let theirs = self.run(Whose::Mit, name, arguments);
        let ours = self.run(Whose::Ours, name, arguments);
        assert_same(&ours, &theirs);
        ours
    }

    /// The number of caches.
    #[track_caller]
    fn count(&self) -> usize {
        self.check("klist", "-l").stdout().lines().count() - 2
    }
}

/// All operations on a collection. The tools of `one` write, those of `other` change it.
#[track_caller]
fn check_collection(user: &User<'_>, one: Whose, other: Whose) {
    assert_eq!(user.count(), 0);
    user.check("klist", "");
    user.check("klist", "-A");
    let first = user.log_in(one, "alice", "wonderland");
    assert!(first.stderr().contains("Using default cache: "), "{first}");
    let listed = user.check("klist", "-e -f -C").success().stdout();
    assert!(
        listed.contains("Default principal: alice@MIT.TEST"),
        "{listed}"
    );
    assert_eq!(user.count(), 1);

    // Another principal gets another cache, which becomes the primary one.
    let second = user.log_in(one, "aes256", "pw-aes256");
    assert!(second.stderr().contains("Using new cache: "), "{second}");
    assert_eq!(user.count(), 2);
    let primary = || user.check("klist", "").success().stdout();
    assert!(primary().contains("Default principal: aes256@MIT.TEST"));
    user.check("klist", "-A -e -f -C").success();
    user.check("klist", "-A -s").success();

    // Tickets in it are found, and new ones are added.
    user.run(other, "kvno", "host/a.mit.test").success();
    user.run(one, "kvno", "host/a.mit.test host/b.mit.test")
        .success();
    let listed = user.check("klist", "").success().stdout();
    for service in ["krbtgt/MIT.TEST", "host/a.mit.test", "host/b.mit.test"] {
        assert_eq!(listed.matches(service).count(), 1, "{service}: {listed}");
    }

    // The first cache becomes the primary one again, by principal and by name.
    user.run(other, "kswitch", "-p alice").success();
    assert!(primary().contains("Default principal: alice@MIT.TEST"));
    let listed = user.check("klist", "-l").success().stdout();
    let names: Vec<&str> = listed
        .lines()
        .skip(2)
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    assert_eq!(names.len(), 2, "{listed}");
    user.run(
        one,
        "kswitch",
        &format!("-c {}", names.last().unwrap_or(&"")),
    )
    .success();
    assert!(primary().contains("Default principal: aes256@MIT.TEST"));
    user.check("kswitch", "-p nobody").exits(1);

    // There is nothing to renew or validate of a principal without a cache.
    for (option, doing) in [("-R", "renewing"), ("-v", "validating")] {
        let arguments = format!("{option} nobody");
        let refused = user.run(Whose::Ours, "kinit", &arguments).exits(1);
        let what = "Can't find client principal nobody@MIT.TEST in cache collection";
        let expected = format!("kinit: {what} while {doing} credentials\n");
        assert_eq!(refused.stderr_without_hint(), expected);
        // In a DIR, MIT's kinit names a new file that does not exist.
        if user.ccname.starts_with("KEYRING:") {
            user.check("kinit", &arguments);
        }
    }
    assert_eq!(user.count(), 2);

    // A principal that has a cache logs in to the same cache again.
    let again = user.log_in(other, "alice", "wonderland");
    assert!(again.stderr().contains("Using existing cache: "), "{again}");
    assert!(primary().contains("Default principal: alice@MIT.TEST"));
    assert_eq!(user.count(), 2);

    // The caches are removed one by one.
    user.run(other, "kdestroy", "-p aes256").success();
    assert_eq!(user.count(), 1);
    user.check("kdestroy", "-p aes256").exits(1);
    user.log_in(one, "aes256", "pw-aes256");
    let gone = user.run(one, "kdestroy", "").success();
    assert!(
        gone.stderr().contains("Other credential caches present"),
        "{gone}"
    );
    assert_eq!(user.count(), 1);
    user.log_in(other, "aes256", "pw-aes256");
    user.run(one, "kdestroy", "-A").success();
    assert_eq!(user.count(), 0);
    user.check("klist", "").exits(1);
    user.check("kdestroy", "");
}

/// A default cache that does not or cannot exist.
#[track_caller]
fn check_nowhere(user: &User<'_>) {
    user.check("klist", "").exits(1);
    user.check("klist", "-s").exits(1);
    user.check("kdestroy", "");
    // For an invalid name, ours prints an error, but MIT's prints an empty list.
    for arguments in ["-l", "-A"] {
        user.run(Whose::Mit, "klist", arguments).exits(1);
        user.run(Whose::Ours, "klist", arguments).exits(1);
    }
}

const PAIRS: [(Whose, Whose); 3] = [
    (Whose::Ours, Whose::Mit),
    (Whose::Mit, Whose::Ours),
    (Whose::Ours, Whose::Ours),
];

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn dir_collections_are_shared_with_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    for (index, (one, other)) in PAIRS.into_iter().enumerate() {
        let user = User::new(&place, format!("DIR:{}", place.text(&format!("cc{index}"))));
        check_collection(&user, one, other);
    }
    // Output of both for names that cannot be used.
    place.write("file", "");
    for name in [
        "DIR:",
        "DIR:file/x",
        "DIR:no/such",
        "DIR:file",
        "DIR::tkt",
        "DIR::cc0/primary",
    ] {
        let user = User::new(&place, name);
        check_nowhere(&user);
        user.check("kswitch", &format!("-c {name}"));
    }
}

#[test]
#[cfg_attr(
    not(all(mit, keyrings)),
    ignore = "needs MIT's KDC and the kernel's keyrings"
)]
fn session_and_user_keyrings_are_shared_with_mit() {
    let realm = MitRealm::start();
    let place = realm.place();
    let own = std::process::id();
    for anchor in ["session:", "user:", "legacy:", ""] {
        for (index, (one, other)) in PAIRS.into_iter().enumerate() {
            let user = User::new(&place, format!("KEYRING:{anchor}rkinit-{own}-{index}"));
            check_collection(&user, one, other);
        }
    }
    for name in [
        "KEYRING:nowhere:x",
        "KEYRING:persistent:x",
        "KEYRING:session:a:b",
    ] {
        let user = User::new(&place, name);
        check_nowhere(&user);
    }
    // The keyring ends with its process.
    let user = User::new(&place, "KEYRING:process:x");
    user.log_in(Whose::Ours, "alice", "wonderland");
    user.check("klist", "").exits(1);
}

#[test]
#[cfg_attr(
    not(all(mit, keyrings, root)),
    ignore = "needs MIT's KDC, keyrings and root"
)]
fn persistent_keyring_is_shared_and_stays_within_quota() {
    let realm = MitRealm::start();
    let place = realm.place();
    let uid = 1_400_000_000 + std::process::id();
    let mut user = User::new(&place, format!("KEYRING:persistent:{uid}"));
    user.uid = Some(uid);
    for (one, other) in PAIRS {
        check_collection(&user, one, other);
    }
    // A user's quota is 200 keys and 20 000 bytes, so replaced keys must be removed.
    for _ in 0..40 {
        user.log_in(Whose::Ours, "alice", "wonderland");
        user.run(Whose::Ours, "kvno", "host/a.mit.test").success();
    }
    assert_eq!(user.count(), 1);
    user.run(Whose::Ours, "kdestroy", "-A").success();
}

#[test]
#[cfg_attr(
    not(all(mit, keyrings, root)),
    ignore = "needs MIT's KDC, keyrings and root"
)]
fn full_keyring_keeps_existing_caches() {
    let realm = MitRealm::start();
    let place = realm.place();
    let user = |number: u32| User {
        place: &place,
        ccname: format!("KEYRING:user:rkinit-{number}"),
        uid: Some(1_300_000_000 + std::process::id()),
    };
    let log_in = |number| {
        let kinit = user(number).tool(Whose::Ours, "kinit", "alice");
        kinit.stdin("wonderland\n").run()
    };
    // An ordinary user may have 200 keys.
    let (count, refused) = (0..100)
        .map(|number| (number, log_in(number)))
        .find(|(_, run)| run.code() != 0)
        .expect("the keyring quota is reached");
    assert!(
        refused.stderr().contains("Disk quota exceeded"),
        "{refused}"
    );
    assert!(
        refused.stderr().contains("hint: the user's quota"),
        "{refused}"
    );
    // Existing caches are unchanged, and can still be replaced.
    for number in [0, count - 1] {
        log_in(number).success();
        user(number).check("klist", "-e -f -C").success();
    }
    for number in 0..=count {
        user(number).run(Whose::Ours, "kdestroy", "-A").success();
    }
}

/// The same holds for settings: keys that others add at the same time are not removed.
#[test]
#[cfg_attr(not(keyrings), ignore = "needs the kernel's keyrings")]
fn removing_a_keyring_ticket_keeps_concurrent_additions() {
    let name = format!("KEYRING:user:rkinit-api-{}", std::process::id());
    let name = CcacheName::parse(&name).expect("the ccache name is valid");
    let cache = Ccache::resolve(&name, &CcacheOptions::default()).expect("the kernel has keyrings");
    let new = CcacheBuilder::new(&Header::default(), &credential("host/a").client);
    cache
        .replace_with(&new.expect("the new ccache is small enough"))
        .expect("the keyring has space");
    let add = |server: &str| {
        cache
            .append([&credential(server)])
            .expect("the keyring has space");
    };
    add("host/a");
    let removed = cache.remove(|view| {
        add("host/b");
        view.server().to_string() == "host/a@A"
    });
    assert_eq!(removed.expect("tickets can be removed"), 1);
    for value in ["old", "new"] {
        let setting = ConfigEntry::new("refresh_time", None, value);
        cache.set_config(&setting).expect("the keyring has space");
    }
    let mut reader = cache.open().expect("the ccache can be opened");
    let mut found = Vec::new();
    while let Some(view) = reader.next().expect("the entry just written is readable") {
        found.push(match view.config() {
            Some(config) => format!("{:?}", config.to_entry()),
            None => view.server().to_string(),
        });
    }
    found.sort();
    let setting = ConfigEntry::new("refresh_time", None, "new");
    assert_eq!(found, [format!("{setting:?}"), "host/b@A".to_owned()]);
    cache.destroy().expect("the ccache can be destroyed");
}

fn credential(server: &str) -> Credential {
    let name = |text| Principal::parse_with_realm(text, "A").expect("the principal name is valid");
    Credential {
        client: name("alice"),
        server: name(server),
        session_key: KeyBlock::new(EncryptionType(18), vec![7; 32]),
        times: TicketTimes::default(),
        is_skey: false,
        flags: TicketFlags::INITIAL,
        addresses: Vec::new(),
        authorization_data: Vec::new(),
        ticket: b"a ticket".to_vec(),
        second_ticket: Vec::new(),
    }
}

/// The caches of a KCM daemon.
#[track_caller]
fn check_kcm(kcm: &Kcm) {
    let realm = MitRealm::start();
    let socket = kcm.socket().display().to_string();
    let place = Place::new(&realm.conf().set("kcm_socket", &socket));
    let user = User::new(&place, "KCM:");
    for (one, other) in PAIRS {
        check_collection(&user, one, other);
    }
    for name in ["KCM:0:nothing", "KCM:nobody's"] {
        let user = User::new(&place, name);
        check_nowhere(&user);
    }
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal_kcm)),
    ignore = "needs MIT's KDC, Heimdal's kcm and root"
)]
fn heimdals_kcm_collection_is_shared_with_mit() {
    check_kcm(&Kcm::heimdal());
}

#[test]
#[cfg_attr(not(all(mit, sssd_kcm)), ignore = "needs MIT's KDC, sssd-kcm and root")]
fn sssds_kcm_collection_is_shared_with_mit() {
    check_kcm(&Kcm::sssd());
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's tools: cargo xtask install")]
fn missing_kcm_daemon_is_reported_as_by_mit() {
    let conf = MitRealm::conf_without_kdc();
    let place = Place::new(&conf.set("kcm_socket", "/nowhere/socket"));
    let user = User::new(&place, "KCM:");
    for (tool, arguments) in [
        ("klist", ""),
        ("klist", "-l"),
        ("klist", "-A"),
        ("klist", "-s"),
        ("kinit", "alice"),
        ("kvno", "a"),
        ("kdestroy", ""),
        ("kswitch", "-p alice"),
        ("kswitch", "-c KCM:0"),
    ] {
        user.check(tool, arguments);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's tools: cargo xtask install")]
fn kswitch_usage_errors_match_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    place.write("cache", "");
    for arguments in ["", "-Z", "-c", "-c a -p b", "-c a -c b", "one", "-c a one"] {
        interop::check_same_usage(&place, "kswitch", arguments);
    }
    // Without a collection there is nothing to switch.
    interop::check_same(&place, "kswitch", "-c FILE:cache", "").success();
    interop::check_same(&place, "kswitch", "-p a@b@c", "").exits(1);
    interop::check_same(&place, "kswitch", "-p alice", "").exits(1);
    interop::check_same(&place, "kswitch", "-c FUNNY:x", "").exits(1);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's tools: cargo xtask install")]
fn cache_directory_is_created_only_where_mit_creates_it() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    for (tool, arguments) in [
        ("klist", ""),
        ("klist", "-s"),
        ("klist", "-A"),
        ("klist", "-l"),
        ("klist", "-A -s"),
        ("kvno", "host/a.mit.test"),
    ] {
        let [theirs, ours] = [Whose::Mit, Whose::Ours].map(|whose| {
            let folder = place.path("made");
            let user = User::new(&place, format!("DIR:{}", folder.display()));
            let run = user.run(whose, tool, arguments);
            let left = std::fs::read_to_string(folder.join("primary")).ok();
            let _ = std::fs::remove_dir_all(folder);
            (run.code(), left)
        });
        assert_eq!(ours, theirs, "{tool} {arguments}");
    }
}

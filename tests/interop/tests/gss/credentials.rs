//! The default credential of a program: it comes from the client keytab, and the cache records when
//! to refresh it, for either library.

use std::fs;

use kerberos_client::{Client, Config, now};
use kerberos_files::ccache::{Ccache, CcacheName, CcacheOptions, ConfigEntry};

use crate::{SERVER, World};

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn client_keytab_tickets_are_shared_and_refreshed_when_due() {
    let world = World::new();
    let place = &world.place;
    let keys = fs::read(world.realm.keytab("robot")).unwrap();
    let keytab = format!("FILE:{}", place.write("client.keytab", keys).display());
    let conf = world.realm.conf();
    place.configure(&conf.set("default_client_keytab_name", &keytab));
    let name = CcacheName::file(place.cache().to_str().unwrap());
    let cache = Ccache::resolve(&name, &CcacheOptions::default()).unwrap();
    let ours = || {
        let config = Config::from_files([place.path("krb5.conf")]).unwrap();
        let client = Client::new(config.with_ccache_name(name.to_string()));
        assert_eq!(client.cache_for(SERVER).unwrap(), name);
    };
    let theirs = || {
        let mut peer = world.peer();
        peer.ok(&format!("initiate {SERVER} 0 - krb5"), b"");
    };
    let logins = || {
        let log = world.realm.log();
        let is_login = |line: &&str| line.contains("AS_REQ") && line.contains("ISSUE");
        log.lines().filter(is_login).count()
    };
    let refresh_in = || {
        let mut reader = cache.open().unwrap();
        while let Some(entry) = reader.next().unwrap() {
            if let Some(config) = entry.config().filter(|one| one.key == b"refresh_time") {
                let at: i64 = str::from_utf8(config.value).unwrap().parse().unwrap();
                return at - now().seconds;
            }
        }
        panic!("the cache has no refresh_time")
    };
    let make_due = || {
        let past = (now().seconds - 1).to_string();
        let entry = ConfigEntry::new("refresh_time", None, past);
        cache.set_config(&entry).unwrap();
    };

    let (first, second): (&dyn Fn(), &dyn Fn()) = (&ours, &theirs);
    let mut expected = logins();
    for (one, other) in [(first, second), (second, first)] {
        // There is no cache yet.
        let _ = cache.destroy();
        one();
        expected += 1;
        assert_eq!(logins(), expected);
        let due = refresh_in();
        // A ticket from either library is used by the other one, too, until its refresh is due.
        other();
        assert_eq!(logins(), expected);
        assert!((refresh_in() - due).abs() < 60, "{} {due}", refresh_in());
        make_due();
        other();
        expected += 1;
        assert_eq!(logins(), expected);
        // Half of the lifetime in both cases, within a minute.
        assert!((refresh_in() - due).abs() < 60, "{} {due}", refresh_in());
    }
}

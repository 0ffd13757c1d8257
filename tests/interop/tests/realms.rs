//! Tests the test realms with their own tools, because all other tests depend on them.

use test_support::raw::{self, RawCredential, RawKey, RawPrincipal};
use test_support::{
    ETYPES, HeimdalRealm, MitLdapRealm, MitOptions, MitRealm, MitRealms, Place, SambaRealm,
};

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn mit_serves_its_own_tools() {
    let realm = MitRealm::start();
    let place = realm.place();
    place
        .mit("kinit")
        .arg("alice")
        .stdin("wonderland\n")
        .run()
        .success();
    place
        .mit("kinit")
        .line("-k -t")
        .arg(realm.keytab("robot"))
        .arg("robot")
        .run()
        .success();
    let listed = place.mit("klist").run().success().stdout();
    assert!(
        listed.contains("Default principal: robot@MIT.TEST"),
        "{listed}"
    );
    place.mit("kvno").arg("host/a.mit.test").run().success();
    for (short, _) in ETYPES {
        let password = format!("pw-{short}\n");
        place
            .mit("kinit")
            .arg(short)
            .stdin(password)
            .run()
            .success();
    }
    let refused = place
        .mit("kinit")
        .arg("gone")
        .stdin("pw-gone\n")
        .run()
        .exits(1)
        .stderr();
    assert!(
        refused.contains("entry in database has expired"),
        "{refused}"
    );
}

#[test]
#[cfg_attr(
    not(all(mit, faketime)),
    ignore = "needs MIT's KDC and faketime: cargo xtask install"
)]
fn mit_serves_with_another_clock() {
    let options = MitOptions {
        clock: Some("+10m".into()),
        ..MitOptions::default()
    };
    let realm = MitRealm::start_with(&options);
    let place = realm.place();
    place.configure(&realm.conf().set("kdc_timesync", "0"));
    let refused = place
        .mit("kinit")
        .arg("alice")
        .stdin("wonderland\n")
        .run()
        .exits(1)
        .stderr();
    assert_eq!(
        refused,
        "kinit: Clock skew too great while getting initial credentials\n"
    );
}

#[test]
#[cfg_attr(not(heimdal), ignore = "needs Heimdal's KDC: cargo xtask install")]
fn heimdal_serves_its_own_tools() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    let password = place.write("password", "wonderland\n");
    let file = format!("--password-file={}", password.display());
    place
        .heimdal("kinit")
        .arg(&file)
        .arg("alice")
        .run()
        .success();
    let listed = place.heimdal("klist").run().success().stdout();
    assert!(listed.contains("Principal: alice@HEIMDAL.TEST"), "{listed}");
    place.write("password", "looking-glass\n");
    place
        .heimdal("kinit")
        .arg(&file)
        .arg("alice")
        .run()
        .exits(1);
    let keytab = format!("--keytab={}", realm.keytab("robot").display());
    place
        .heimdal("kinit")
        .arg(keytab)
        .arg("robot")
        .run()
        .success();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's klist: cargo xtask install")]
fn mit_reads_our_forged_caches_and_keytabs() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    let alice = RawPrincipal::new("alice", "MIT.TEST");
    let service = RawPrincipal::new("host/a.mit.test", "MIT.TEST");
    let credential = RawCredential::new(&alice, &service);
    let mut listed = Vec::new();
    for version in 1..=4 {
        place.write(
            "cache",
            raw::cache(version, None, &alice, std::slice::from_ref(&credential)),
        );
        listed.push(place.mit("klist").line("-e -f").run().success().stdout());
    }
    assert!(
        listed[0].contains("host/a.mit.test@MIT.TEST"),
        "{}",
        listed[0]
    );
    assert!(listed.iter().all(|text| *text == listed[0]), "{listed:#?}");
    let (timestamp, kvno) = (1_780_000_000, 258);
    let key = RawKey {
        principal: alice,
        timestamp,
        kvno,
        etype: 18,
        key: vec![7; 32],
    };
    place.write("keytab", raw::keytab(2, std::slice::from_ref(&key)));
    let listed = place
        .mit("klist")
        .line("-k -t -e -K")
        .run()
        .success()
        .stdout();
    assert!(
        listed.contains(" 258 05/28/26 20:26:40 alice@MIT.TEST"),
        "{listed}"
    );
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn mit_gets_cross_realm_tickets() {
    let realms = MitRealms::start();
    let place = realms.place();
    let log_in = || {
        let done = place.mit("kinit").arg("alice").stdin("wonderland\n").run();
        done.success();
    };
    // Every KDC refuses clients that came by a path it does not allow, so success proves the path.
    let get = |arguments: &str| place.mit("kvno").line(arguments).run();
    log_in();
    for realm in MitRealms::ALL {
        let host = format!("a.{}", realm.to_lowercase());
        get(&format!("-S host {host}")).success();
        get(&format!("HTTP/{host}@{realm}")).success();
    }
    let listed = place.mit("klist").run().success().stdout();
    for tgt in [
        "krbtgt/HUB.TEST@EAST.HUB.TEST",
        "krbtgt/WEST.HUB.TEST@HUB.TEST",
        "krbtgt/FAR.TEST@WEST.HUB.TEST",
    ] {
        assert!(listed.contains(tgt), "{listed}");
    }

    // Without [domain_realm] the KDCs send referrals; without [capaths] nobody finds the far realm.
    place.configure(&realms.bare_conf());
    log_in();
    for service in [
        "-S ldap a.hub.test",
        "-S host a.west.hub.test",
        "-u HTTP/a.hub.test",
        "HTTP/a.west.hub.test@WEST.HUB.TEST",
    ] {
        get(service).success();
    }
    for service in [
        "host/a.hub.test",
        "-u ldap/a.hub.test",
        "-S host a.far.test",
        "host/a.far.test@FAR.TEST",
    ] {
        let refused = get(service).exits(1).stderr();
        assert!(
            refused.contains("not found in Kerberos database"),
            "{service}: {refused}"
        );
    }
}

#[test]
#[cfg_attr(
    not(all(mit, samba)),
    ignore = "needs MIT's tools, Samba and root: cargo xtask install"
)]
fn samba_serves_mits_tools_and_its_own() {
    let realm = SambaRealm::start();
    let place = realm.place();
    let log_in = |user: &str, password: &str| {
        let kinit = place.mit("kinit").line(user);
        kinit.stdin(format!("{password}\n")).run()
    };
    log_in("-E carol.jones@corp.example", "pw-carol").success();
    log_in("alice", "looking-glass").exits(1);
    log_in("alice", "wonderland").success();
    for (service, keytab) in SambaRealm::SERVICES {
        place
            .mit("kvno")
            .arg("-k")
            .arg(realm.keytab(keytab))
            .arg(service)
            .run()
            .success();
    }
    let smbclient = place
        .program("/usr/bin/smbclient")
        .line("//dc1.ad.test/share --use-kerberos=required --configfile=/dev/null -c ls");
    let listed = realm.inside(smbclient).run().success().stdout();
    assert!(listed.contains("hello.txt"), "{listed}");
    let ldapsearch = place
        .program("/usr/bin/ldapsearch")
        .line("-Y GSSAPI -H ldap://dc1.ad.test -b dc=ad,dc=test -LLL (cn=carol) userPrincipalName");
    let found = realm.inside(ldapsearch).run().success().stdout();
    assert!(found.contains("carol.jones@corp.example"), "{found}");
}

#[test]
#[cfg_attr(
    not(mit_ldap),
    ignore = "needs MIT's KDC and OpenLDAP: cargo xtask install"
)]
fn mit_with_ldap_delegates_and_knows_aliases() {
    let realm = MitLdapRealm::start();
    let place = realm.place();
    let log_in = |arguments: &str| {
        let kinit = place.mit("kinit").line(arguments);
        kinit.stdin("wonderland\n").run().success();
    };
    log_in("-C alice-alias");
    let listed = place.mit("klist").run().success().stdout();
    assert!(
        listed.contains("Default principal: alice@LDAP.TEST"),
        "{listed}"
    );
    place
        .mit("kvno")
        .line("host/alias.ldap.test")
        .run()
        .success();

    let keytab = realm.keytab("services").display().to_string();
    log_in(&format!("-f -k -t {keytab} HTTP/web.ldap.test"));
    let delegate = |back: &str| {
        let kvno = place
            .mit("kvno")
            .line(&format!("-k {keytab} -I alice -P {back}"));
        kvno.run()
    };
    delegate("ldap/back.ldap.test").success();
    delegate("cifs/other.ldap.test").exits(1);
    log_in(&format!("-f -k -t {keytab} HTTP/kcd.ldap.test"));
    delegate("ldap/back.ldap.test").exits(1);
}

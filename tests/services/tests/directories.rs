//! SASL: `ldap_search` with OpenLDAP and Active Directory, with all mechanisms and layers.

use test_support::{Finished, MitRealm, Place, SambaRealm, Slapd};

fn log_in(place: &Place) {
    let kinit = place.ours("kinit").arg("alice");
    kinit.stdin("wonderland\n").run().success();
}

fn search(place: &Place, arguments: &[&str]) -> Finished {
    let program = place.program(env!("CARGO_BIN_EXE_ldap_search"));
    program.args(arguments).run()
}

#[test]
#[cfg_attr(
    not(all(mit, slapd)),
    ignore = "needs MIT's KDC and slapd: cargo xtask install"
)]
fn ldap_search_works_with_openldap_in_every_layer() {
    let realm = MitRealm::start();
    let place = realm.place();
    let (keytab, conf) = (realm.keytab("localhost"), place.path("krb5.conf"));
    let slapd = Slapd::start(&keytab, &conf, "noanonymous,noplain");
    log_in(&place);
    let address = slapd.address();
    for mechanism in ["GSSAPI", "GSS-SPNEGO"] {
        for (layer, shown) in [
            ("none", "no layer"),
            ("integrity", "integrity"),
            ("confidentiality", "confidentiality"),
        ] {
            let arguments = [&address, "ldap/localhost", mechanism, layer, Slapd::ENTRY];
            let found = search(&place, &arguments).success().stdout();
            assert_eq!(found, format!("logged in with {shown}\nfound dc=example\n"));
        }
    }
}

/// A directory without any protection, which a man in the middle would prefer.
#[test]
#[cfg_attr(
    not(all(mit, slapd)),
    ignore = "needs MIT's KDC and slapd: cargo xtask install"
)]
fn missing_confidentiality_layer_is_refused() {
    let realm = MitRealm::start();
    let place = realm.place();
    let (keytab, conf) = (realm.keytab("localhost"), place.path("krb5.conf"));
    let slapd = Slapd::start(&keytab, &conf, "noanonymous,noplain,maxssf=0");
    log_in(&place);
    let address = slapd.address();
    let arguments = [
        &address,
        "ldap/localhost",
        "GSSAPI",
        "confidentiality",
        Slapd::ENTRY,
    ];
    let refused = search(&place, &arguments).exits(1);
    assert!(refused.stderr().contains("NoCommonLayer"), "{refused}");
    let arguments = [&address, "ldap/localhost", "GSSAPI", "none", Slapd::ENTRY];
    search(&place, &arguments).success();
}

#[test]
#[cfg_attr(not(samba), ignore = "needs Samba and root: cargo xtask install")]
fn active_directory_requires_a_security_layer() {
    const ENTRY: &str = "CN=Users,DC=ad,DC=test";
    let realm = SambaRealm::start();
    let place = realm.place();
    log_in(&place);
    let address = format!("{}:389", realm.address());
    for mechanism in ["GSSAPI", "GSS-SPNEGO"] {
        let search = |layer| {
            let arguments = [&address, "ldap/dc1.ad.test", mechanism, layer, ENTRY];
            search(&place, &arguments)
        };
        for layer in ["integrity", "confidentiality"] {
            let found = search(layer).success().stdout();
            assert_eq!(found, format!("logged in with {layer}\nfound {ENTRY}\n"));
        }
        // The server requires a security layer.
        let refused = search("none").exits(1);
        assert!(
            refused.stderr().contains("StrongerAuthRequired"),
            "{refused}"
        );
    }
}

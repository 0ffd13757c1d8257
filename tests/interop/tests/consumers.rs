//! Programs that use tickets in everyday use: after our login, and with tickets that our kvno
//! stored while the KDC was reachable, curl, psql, smbclient and ldapsearch are admitted.

use test_support::{Apache, Finished, Krb5Conf, MitRealm, Place, Postgres, SambaRealm};

/// Logs in with our kinit.
fn log_in(place: &Place, arguments: &str) {
    place
        .ours("kinit")
        .line(arguments)
        .stdin("wonderland\n")
        .run()
        .success();
}

fn curl(place: &Place, apache: &Apache) -> Finished {
    let curl = place.program("/usr/bin/curl");
    curl.line("--silent --include --noproxy * --negotiate --user :")
        .arg(apache.url())
        .run()
        .success()
}

fn psql(place: &Place, postgres: &Postgres, encryption: &str) -> Finished {
    let psql = place
        .program("/usr/bin/psql")
        .env("PGGSSENCMODE", encryption);
    let psql = psql.arg("--port").arg(postgres.port().to_string());
    psql.line("--host=localhost --username=alice --no-psqlrc --tuples-only --no-align postgres")
        .args(["--command", "select 'in as ' || current_user"])
        .run()
}

#[test]
#[cfg_attr(
    not(all(mit, apache)),
    ignore = "needs MIT's KDC and Apache: cargo xtask install"
)]
fn curl_authenticates_to_apache_with_our_tickets() {
    let realm = MitRealm::start();
    let place = realm.place();
    let apache = Apache::start(&realm.keytab("localhost"), &place.path("krb5.conf"));
    let refused = curl(&place, &apache).stdout();
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    log_in(&place, "alice");
    let is_let_in = || {
        let page = curl(&place, &apache).stdout();
        assert!(page.contains("X-User: alice@MIT.TEST"), "{page}");
        assert!(page.ends_with("hello\n"), "{page}");
    };
    is_let_in();
    log_in(&place, "alice");
    place.ours("kvno").arg("HTTP/localhost").run().success();
    drop(realm);
    is_let_in();
}

#[test]
#[cfg_attr(
    not(all(mit, postgres)),
    ignore = "needs MIT's KDC and PostgreSQL: cargo xtask install"
)]
fn psql_authenticates_to_postgres_with_our_tickets() {
    let realm = MitRealm::start();
    let place = realm.place();
    let postgres = Postgres::start(&realm.keytab("localhost"), &place.path("krb5.conf"));
    psql(&place, &postgres, "require").exits(2);
    log_in(&place, "alice");
    let is_let_in = || {
        for encryption in ["require", "disable"] {
            let answer = psql(&place, &postgres, encryption).success().stdout();
            assert_eq!(answer, "in as alice\n");
        }
    };
    is_let_in();
    log_in(&place, "alice");
    let kvno = place.ours("kvno").line("-S postgres localhost");
    kvno.run().success();
    drop(realm);
    is_let_in();
}

#[test]
#[cfg_attr(
    not(all(samba, apache)),
    ignore = "needs Samba, Apache and root: cargo xtask install"
)]
fn cached_tickets_suffice_in_a_domain_without_its_kdc() {
    let realm = SambaRealm::start();
    let place = realm.place();
    log_in(&place, "alice");
    let kvno = place.ours("kvno");
    let services = "HTTP/localhost cifs/dc1.ad.test ldap/dc1.ad.test";
    kvno.line(services).run().success();
    let apache = Apache::start(&realm.keytab("svc-localhost"), &place.path("krb5.conf"));
    // The KDC is no longer reachable, so cached tickets must suffice.
    place.configure(&Krb5Conf::new("AD.TEST").kdc("AD.TEST", "127.0.0.1:1"));
    let smbclient = place
        .program("/usr/bin/smbclient")
        .line("//dc1.ad.test/share --use-kerberos=required --configfile=/dev/null")
        .args(["-c", "ls"]);
    let listed = realm.inside(smbclient).run().success().stdout();
    assert!(listed.contains("hello.txt"), "{listed}");
    let ldapsearch = place
        .program("/usr/bin/ldapsearch")
        .line("-Y GSSAPI -H ldap://dc1.ad.test -b dc=ad,dc=test -LLL (cn=carol) userPrincipalName");
    let found = realm.inside(ldapsearch).run().success().stdout();
    assert!(found.contains("carol.jones@corp.example"), "{found}");
    let page = curl(&place, &apache).stdout();
    assert!(page.contains("X-User: alice@AD.TEST"), "{page}");
    // MIT's tools and ours find each other's tickets.
    place.mit("kvno").line(services).run().success();
    place.ours("kvno").line(services).run().success();
}

#[test]
#[cfg_attr(
    not(all(samba, apache)),
    ignore = "needs Samba, Apache and root: cargo xtask install"
)]
fn login_suffices_for_programs_in_active_directory() {
    let realm = SambaRealm::start();
    let place = realm.place();
    log_in(&place, "-C -E alice@ad.test");
    let smbclient = place
        .program("/usr/bin/smbclient")
        .line("//dc1.ad.test/share --use-kerberos=required --configfile=/dev/null")
        .args(["-c", "ls"]);
    realm.inside(smbclient).run().success();
    let apache = Apache::start(&realm.keytab("svc-localhost"), &place.path("krb5.conf"));
    let page = curl(&place, &apache).stdout();
    assert!(page.contains("X-User: alice@AD.TEST"), "{page}");
}

//! `MitLdapRealm`: MIT's krb5kdc with its database in OpenLDAP.
//!
//! Only with this kind of database does MIT's KDC support constrained delegation (S4U2Proxy) and
//! aliases. The directory listens on a socket in the realm's folder.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::mit::{Kdc, etype_names};
use crate::server::Server;
use crate::{Krb5Conf, Place, TempDir, Tool, cached, parts};

/// A running realm `LDAP.TEST`.
///
/// Its accounts: `alice` with the password `wonderland`, who has the alias `alice-alias`;
/// `sensitive` (`pw-sensitive`), whose tickets are never forwardable. All services are in the
/// keytab `services`: `HTTP/web.ldap.test`, which may delegate any user (with protocol transition)
/// to `ldap/back.ldap.test`; `HTTP/kcd.ldap.test`, which may delegate users from whom it has a
/// forwardable ticket; `ldap/back.ldap.test`; `cifs/other.ldap.test`, to which nobody may delegate;
/// `host/real.ldap.test`, which has the alias `host/alias.ldap.test`.
#[derive(Debug)]
pub struct MitLdapRealm {
    // Dropped in this order: the servers must end before their folder is removed.
    _kdc: Server,
    _directory: Server,
    folder: TempDir,
    port: u16,
}

impl MitLdapRealm {
    /// The name of the realm.
    pub const REALM: &'static str = "LDAP.TEST";

    /// Starts the directory and the KDC.
    ///
    /// # Panics
    /// When either cannot be started.
    pub fn start() -> Self {
        assert!(
            parts::mit_ldap(),
            "MIT's KDC with LDAP is not installed: `cargo xtask install` installs it"
        );
        let folder = TempDir::new();
        cached::copy(&database(), folder.path());
        let directory = serve_directory(folder.path());
        let (kdc, port) = kdc(folder.path()).start();
        Self {
            _kdc: kdc,
            _directory: directory,
            folder,
            port,
        }
    }

    /// The address of the KDC in the notation of krb5.conf.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A krb5.conf for clients of the realm that permits all etypes.
    pub fn conf(&self) -> Krb5Conf {
        Krb5Conf::new(Self::REALM)
            .set("permitted_enctypes", &etype_names())
            .kdc(Self::REALM, self.address())
            .text("[domain_realm]\n    .ldap.test = LDAP.TEST\n")
    }

    /// A new place whose krb5.conf refers to this realm.
    pub fn place(&self) -> Place {
        Place::new(&self.conf())
    }

    /// The path of a keytab that was created with the realm (`services`).
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn keytab(&self, name: &str) -> PathBuf {
        self.folder.keytab(name)
    }

    /// The KDC's log so far, with a line per request.
    pub fn log(&self) -> String {
        kdc(self.folder.path()).log()
    }
}

fn kdc(folder: &Path) -> Kdc<'_> {
    let (at, socket) = (folder.display(), socket(folder));
    Kdc {
        realm_lines: "        database_module = directory\n".to_owned(),
        sections: format!(
            "[dbmodules]\n\
             \x20   directory = {{\n\
             \x20       db_library = kldap\n\
             \x20       ldap_kerberos_container_dn = {CONTAINER}\n\
             \x20       ldap_kdc_dn = {MANAGER}\n\
             \x20       ldap_kadmind_dn = {MANAGER}\n\
             \x20       ldap_service_password_file = {at}/ldap-password\n\
             \x20       ldap_servers = {socket}\n\
             \x20       ldap_conns_per_server = 2\n\
             \x20   }}\n"
        ),
        ..Kdc::new(folder, MitLdapRealm::REALM)
    }
}

/// The URL of the directory's socket.
fn socket(folder: &Path) -> String {
    let path = folder.join("ldapi").display().to_string();
    format!("ldapi://{}", path.replace('/', "%2F"))
}

fn serve_directory(folder: &Path) -> Server {
    let at = folder.display();
    let text = format!(
        "include /etc/ldap/schema/core.schema\n\
         include {at}/kerberos.schema\n\
         modulepath /usr/lib/ldap\n\
         moduleload back_mdb\n\
         pidfile {at}/slapd.pid\n\
         argsfile {at}/slapd.args\n\
         database mdb\n\
         maxsize 33554432\n\
         suffix {SUFFIX}\n\
         rootdn {MANAGER}\n\
         rootpw {PASSWORD}\n\
         directory {at}/directory\n\
         index objectClass eq\n\
         index krbPrincipalName eq,pres,sub\n"
    );
    fs::write(folder.join("slapd.conf"), text).unwrap();
    let _ = fs::remove_file(folder.join("ldapi"));
    let started = Server::start(
        Path::new("/usr/sbin/slapd"),
        |command| {
            command.args(["-d", "0", "-h", &socket(folder), "-f"]);
            command.arg(folder.join("slapd.conf"));
        },
        &folder.join("slapd.out"),
        &[],
        || UnixStream::connect(folder.join("ldapi")).is_ok(),
    );
    started.unwrap_or_else(|logs| panic!("slapd does not start:\n{logs}"))
}

/// The folder of a directory with all accounts, created unless an earlier test did so.
fn database() -> PathBuf {
    let sources = [include_str!("mit_ldap.rs"), include_str!("mit/kdc.rs")];
    let programs = ["/usr/sbin/krb5kdc", "/usr/sbin/slapd"].map(cached::installed);
    cached::folder("mit-ldap", (sources, programs), |folder| {
        fs::create_dir(folder.join("directory")).unwrap();
        let schema = parts::kerberos_schema().expect("the schema exists when slapd is installed");
        let schema = Tool::new("/bin/gzip").arg("-dc").arg(schema).run();
        fs::write(folder.join("kerberos.schema"), schema.success().stdout).unwrap();
        let directory = serve_directory(folder);
        let root = format!(
            "dn: {SUFFIX}\n\
             objectClass: dcObject\n\
             objectClass: organization\n\
             dc: ldap\n\
             o: ldap\n"
        );
        change(folder, "/usr/bin/ldapadd", &root);
        let kdc = kdc(folder);
        kdc.write_profile(88);
        let password_file = folder.join("ldap-password");
        let bind = ["-D", MANAGER, "-w", PASSWORD];
        kdc.tool("/usr/sbin/kdb5_ldap_util")
            .args(bind)
            .args(["stashsrvpw", "-f"])
            .arg(password_file)
            .arg(MANAGER)
            .stdin(format!("{PASSWORD}\n{PASSWORD}\n"))
            .run()
            .success();
        kdc.tool("/usr/sbin/kdb5_ldap_util")
            .args(bind)
            .args(["-H", &socket(folder), "create", "-s", "-P", "master"])
            .args(["-subtrees", SUFFIX, "-r", MitLdapRealm::REALM])
            .run()
            .success();
        kdc.administer(ACCOUNTS);
        change(folder, "/usr/bin/ldapmodify", CHANGES);
        // Once its server has ended, the directory is completely written.
        drop(directory);
    })
}

fn change(folder: &Path, program: &str, changes: &str) {
    Tool::new(program)
        .args(["-H", &socket(folder), "-x", "-D", MANAGER, "-w", PASSWORD])
        .stdin(changes)
        .run()
        .success();
}

const SUFFIX: &str = "dc=ldap,dc=test";
const MANAGER: &str = "cn=manager,dc=ldap,dc=test";
const PASSWORD: &str = "manager-password";
const CONTAINER: &str = "cn=kerberos,dc=ldap,dc=test";

const ACCOUNTS: &str = "\
addprinc -pw wonderland +requires_preauth alice
addprinc -pw pw-sensitive +requires_preauth -allow_forwardable sensitive
addprinc -randkey +ok_to_auth_as_delegate HTTP/web.ldap.test
addprinc -randkey HTTP/kcd.ldap.test
addprinc -randkey ldap/back.ldap.test
addprinc -randkey cifs/other.ldap.test
addprinc -randkey host/real.ldap.test
ktadd -norandkey -k services.keytab HTTP/web.ldap.test HTTP/kcd.ldap.test ldap/back.ldap.test
ktadd -norandkey -k services.keytab cifs/other.ldap.test host/real.ldap.test
";

/// What kadmin does not support: aliases, and who may delegate where.
const CHANGES: &str = "\
dn: krbPrincipalName=HTTP/web.ldap.test@LDAP.TEST,cn=LDAP.TEST,cn=kerberos,dc=ldap,dc=test
changetype: modify
add: krbAllowedToDelegateTo
krbAllowedToDelegateTo: ldap/back.ldap.test@LDAP.TEST

dn: krbPrincipalName=HTTP/kcd.ldap.test@LDAP.TEST,cn=LDAP.TEST,cn=kerberos,dc=ldap,dc=test
changetype: modify
add: krbAllowedToDelegateTo
krbAllowedToDelegateTo: ldap/back.ldap.test@LDAP.TEST

dn: krbPrincipalName=alice@LDAP.TEST,cn=LDAP.TEST,cn=kerberos,dc=ldap,dc=test
changetype: modify
add: krbCanonicalName
krbCanonicalName: alice@LDAP.TEST
-
add: krbPrincipalName
krbPrincipalName: alice-alias@LDAP.TEST

dn: krbPrincipalName=host/real.ldap.test@LDAP.TEST,cn=LDAP.TEST,cn=kerberos,dc=ldap,dc=test
changetype: modify
add: krbCanonicalName
krbCanonicalName: host/real.ldap.test@LDAP.TEST
-
add: krbPrincipalName
krbPrincipalName: host/alias.ldap.test@LDAP.TEST
";

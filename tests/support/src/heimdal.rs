//! `HeimdalRealm`: Heimdal's kdc with the realm HEIMDAL.TEST.
//!
//! As for MIT's KDC, the database is created once, and every test uses a copy.

use std::fmt::Write as _;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::Server;
use crate::{Krb5Conf, Place, TempDir, Tool, cached, free_port, parts};

/// A running realm `HEIMDAL.TEST`.
///
/// Its accounts: `alice` with the password `wonderland`, who must preauthenticate; `open`
/// (`pw-open`), who need not; for each etype in [`HeimdalRealm::ETYPES`] an account `ETYPE`
/// (`pw-ETYPE`) with Heimdal's salts (those of the AES-SHA2 etypes have a random prefix); `gone`,
/// `disabled` and `stale`; `robot` in the keytab `robot`; `host/a.heimdal.test` in `services`. In
/// the keytab `s4u` are `HTTP/web.heimdal.test` and `HTTP/front.heimdal.test`, which may delegate
/// to `ldap/back.heimdal.test`, the first with protocol transition. The realm and `MIT.TEST` trust
/// each other.
#[derive(Debug)]
pub struct HeimdalRealm {
    // Dropped first: the server must end before its folder is removed.
    _server: Server,
    folder: TempDir,
    port: u16,
}

impl HeimdalRealm {
    /// The name of the realm.
    pub const REALM: &'static str = "HEIMDAL.TEST";

    /// The etypes of Heimdal 7.8: the name of their accounts, and Heimdal's name for them.
    pub const ETYPES: [(&'static str, &'static str); 6] = [
        ("aes256", "aes256-cts-hmac-sha1-96"),
        ("aes128", "aes128-cts-hmac-sha1-96"),
        ("aes256-sha2", "aes256-cts-hmac-sha384-192"),
        ("aes128-sha2", "aes128-cts-hmac-sha256-128"),
        ("rc4", "arcfour-hmac-md5"),
        ("des3", "des3-cbc-sha1"),
    ];

    /// Starts the KDC.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start() -> Self {
        let root = root();
        let database = database(&root);
        let folder = TempDir::new();
        cached::copy(&database, folder.path());
        let (server, port) =
            Server::on_free_port("Heimdal's kdc", |port| serve(&root, &folder, port));
        Self {
            _server: server,
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
        let etypes: Vec<&str> = Self::ETYPES.iter().map(|(_, name)| *name).collect();
        Krb5Conf::new(Self::REALM)
            .set("permitted_enctypes", &etypes.join(" "))
            .kdc(Self::REALM, self.address())
    }

    /// A new place whose krb5.conf refers to this realm.
    pub fn place(&self) -> Place {
        Place::new(&self.conf())
    }

    /// The path of a keytab that was created with the realm.
    ///
    /// # Panics
    /// When there is no keytab of that name.
    pub fn keytab(&self, name: &str) -> PathBuf {
        self.folder.keytab(name)
    }
}

/// A running kpasswdd of a [`HeimdalRealm`], which supports only UDP. It ends when this is dropped.
#[derive(Debug)]
pub struct Kpasswdd {
    _server: Server,
    port: u16,
}

impl Kpasswdd {
    /// The line for a realm's section in krb5.conf that names this server.
    pub fn line(&self) -> String {
        format!("kpasswd_server = 127.0.0.1:{}", self.port)
    }
}

impl HeimdalRealm {
    /// Starts kpasswdd beside the KDC.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn kpasswdd(&self) -> Kpasswdd {
        let port = free_port();
        let conf = self.folder.join("kdc.conf");
        let log = self.folder.join("kpasswdd.out");
        let server = Server::start(
            &root().join("usr/lib/heimdal-servers/kpasswdd"),
            |command| {
                command.arg(format!("--config-file={}", conf.display()));
                command.args(["--addresses=127.0.0.1", &format!("--port={port}")]);
                command.arg(format!("--realm={}", Self::REALM));
                command.env("KRB5_CONFIG", &conf).env("LC_ALL", "C");
            },
            &log,
            &[],
            || UdpSocket::bind(("127.0.0.1", port)).is_err(),
        );
        Kpasswdd {
            _server: server.unwrap_or_else(|logs| panic!("kpasswdd does not start:\n{logs}")),
            port,
        }
    }
}

fn root() -> PathBuf {
    parts::heimdal_root()
        .expect("Heimdal's KDC is not installed: `cargo xtask install` installs it")
}

fn serve(root: &Path, folder: &TempDir, port: u16) -> Result<Server, String> {
    let conf = write_conf(folder.path(), "");
    let log = folder.join("kdc.log");
    let _ = fs::remove_file(&log);
    let configure = |command: &mut Command| {
        command.arg(format!("--config-file={}", conf.display()));
        command.args(["--addresses=127.0.0.1", &format!("--ports={port}")]);
        command.env("KRB5_CONFIG", &conf).env("LC_ALL", "C");
    };
    let ready = || fs::read_to_string(&log).is_ok_and(|text| text.contains("KDC started"));
    Server::start(
        &root.join("usr/lib/heimdal-servers/kdc"),
        configure,
        &folder.join("kdc.out"),
        std::slice::from_ref(&log),
        ready,
    )
}

/// Writes the configuration of the KDC whose database is in `folder`. New principals get keys of
/// `etype`, or of all types if it is empty.
fn write_conf(folder: &Path, etype: &str) -> PathBuf {
    let (realm, at) = (HeimdalRealm::REALM, folder.display());
    let keys: Vec<String> = HeimdalRealm::ETYPES
        .iter()
        .filter(|(_, name)| etype.is_empty() || *name == etype)
        .map(|(_, name)| format!("{name}:pw-salt"))
        .collect();
    let keys = keys.join(" ");
    let path = folder.join("kdc.conf");
    let text = format!(
        "[libdefaults]\n\
         \x20   default_realm = {realm}\n\
         \x20   dns_lookup_kdc = false\n\
         \x20   dns_lookup_realm = false\n\
         \x20   allow_weak_crypto = true\n\
         [kdc]\n\
         \x20   database = {{\n\
         \x20       dbname = {at}/principals\n\
         \x20       realm = {realm}\n\
         \x20       mkey_file = {at}/master-key\n\
         \x20       acl_file = {at}/kadmind.acl\n\
         \x20       log_file = {at}/changes\n\
         \x20   }}\n\
         [kadmin]\n\
         \x20   default_keys = {keys}\n\
         [logging]\n\
         \x20   kdc = 0-/FILE:{at}/kdc.log\n\
         \x20   default = 0-/FILE:{at}/other.log\n"
    );
    fs::write(&path, text).unwrap();
    path
}

/// The folder of a database with all accounts, created unless an earlier test did so.
fn database(root: &Path) -> PathBuf {
    let kdc = cached::installed(root.join("usr/lib/heimdal-servers/kdc"));
    cached::folder("heimdal", (include_str!("heimdal.rs"), kdc), |folder| {
        write_conf(folder, "");
        Tool::new(root.join("usr/sbin/kstash"))
            .args(["--random-key", "-e", "aes256-cts-hmac-sha1-96"])
            .arg(format!(
                "--key-file={}",
                folder.join("master-key").display()
            ))
            .run()
            .success();
        administer(root, folder, &script(folder));
        for (short, etype) in HeimdalRealm::ETYPES {
            write_conf(folder, etype);
            administer(root, folder, &user(short, &format!("pw-{short}")));
        }
        // MIT's realm and this one trust each other. Keys of this type do not have a random salt.
        write_conf(folder, "aes256-cts-hmac-sha1-96");
        for (from, to) in [("MIT.TEST", "HEIMDAL.TEST"), ("HEIMDAL.TEST", "MIT.TEST")] {
            let trust = format!("add --use-defaults --password=trust-{from} krbtgt/{to}@{from}\n");
            administer(root, folder, &trust);
        }
    })
}

fn script(folder: &Path) -> String {
    let realm = HeimdalRealm::REALM;
    let mut script =
        format!("init --realm-max-ticket-life=1day --realm-max-renewable-life=7days {realm}\n");
    script += &user("alice", "wonderland");
    script += "add --use-defaults --password=pw-open open\n";
    for (name, change) in [
        ("gone", "--expiration-time=2001-01-01"),
        ("stale", "--pw-expiration-time=2001-01-01"),
        (
            "disabled",
            "--attributes=disallow-all-tix,requires-pre-auth",
        ),
    ] {
        script += &user(name, &format!("pw-{name}"));
        let _ = writeln!(script, "modify {change} {name}");
    }
    for (name, keytab) in [
        ("robot", "robot"),
        ("host/a.heimdal.test", "services"),
        ("HTTP/web.heimdal.test", "s4u"),
        ("HTTP/front.heimdal.test", "s4u"),
        ("ldap/back.heimdal.test", "s4u"),
    ] {
        let keytab = folder.join(format!("{keytab}.keytab"));
        let _ = writeln!(script, "add --use-defaults --random-key {name}");
        let _ = writeln!(script, "ext_keytab -k FILE:{} {name}", keytab.display());
    }
    // Both services may delegate to the back end, one of them also for users who never contacted
    // it.
    let web = "HTTP/web.heimdal.test";
    let _ = writeln!(script, "modify --attributes=trusted-for-delegation {web}");
    for name in [web, "HTTP/front.heimdal.test"] {
        let back = format!("ldap/back.heimdal.test@{realm}");
        let _ = writeln!(script, "modify --constrained-delegation={back} {name}");
    }
    script
}

fn user(name: &str, password: &str) -> String {
    format!(
        "add --use-defaults --password={password} {name}\n\
         modify --attributes=requires-pre-auth {name}\n"
    )
}

fn administer(root: &Path, folder: &Path, commands: &str) {
    let conf = folder.join("kdc.conf");
    let done = Tool::new(root.join("usr/bin/kadmin.heimdal"))
        .args(["-l", "-r", HeimdalRealm::REALM, "-c"])
        .arg(&conf)
        .env("KRB5_CONFIG", &conf)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(commands)
        .current_dir(folder)
        .run()
        .success();
    let complaints: Vec<String> = done
        .stderr()
        .lines()
        .filter(|line| line.contains("kadmin:"))
        .map(str::to_owned)
        .collect();
    assert!(complaints.is_empty(), "kadmin complains: {complaints:#?}");
}

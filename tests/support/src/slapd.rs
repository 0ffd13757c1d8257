//! `Slapd`: an LDAP directory that admits everybody with a ticket for `ldap/localhost`, by SASL.

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use crate::server::Server;
use crate::{TempDir, Tool, parts};

/// A running OpenLDAP with the entry [`ENTRY`](Self::ENTRY), which authenticated users may read.
#[derive(Debug)]
pub struct Slapd {
    // Dropped first: the server must end before its folder is removed.
    _server: Server,
    _folder: TempDir,
    port: u16,
}

impl Slapd {
    /// Its only entry.
    pub const ENTRY: &'static str = "dc=example";

    /// The length of the entry's description, which every reader gets. It exceeds a frame of most
    /// SASL peers.
    const DESCRIPTION: usize = 200_000;

    /// Starts the directory with the keys in `keytab` and the krb5.conf `configuration`;
    /// `properties` are the values of its `sasl-secprops`, such as `maxssf=0` for no security
    /// layer.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(keytab: &Path, configuration: &Path, properties: &str) -> Self {
        assert!(
            parts::slapd(),
            "slapd is not installed: `cargo xtask install` installs it"
        );
        let folder = TempDir::new();
        folder.write("ldap.keytab", fs::read(keytab).unwrap());
        folder.write("krb5.conf", fs::read(configuration).unwrap());
        fs::create_dir(folder.join("entries")).unwrap();
        let at = folder.path().display();
        let conf = folder.write(
            "slapd.conf",
            format!(
                "include /etc/ldap/schema/core.schema\n\
                 modulepath /usr/lib/ldap\n\
                 moduleload back_mdb\n\
                 pidfile {at}/slapd.pid\n\
                 sasl-host localhost\n\
                 sasl-secprops {properties}\n\
                 access to dn.base=\"\" by * read\n\
                 access to * by users read by * none\n\
                 database mdb\n\
                 maxsize 33554432\n\
                 suffix {entry}\n\
                 directory {at}/entries\n",
                entry = Self::ENTRY
            ),
        );
        let entry = format!(
            "dn: dc=example\nobjectClass: dcObject\nobjectClass: organization\n\
             dc: example\no: example\ndescription: {}\n",
            "x".repeat(Self::DESCRIPTION)
        );
        let add = Tool::new("/usr/sbin/slapadd").arg("-f").arg(&conf);
        add.stdin(entry).run().success();
        let (server, port) = Server::on_free_port("slapd", |port| serve(&folder, &conf, port));
        Self {
            _server: server,
            _folder: folder,
            port,
        }
    }

    /// The address where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn serve(folder: &TempDir, conf: &Path, port: u16) -> Result<Server, String> {
    Server::start(
        Path::new("/usr/sbin/slapd"),
        |command| {
            command.args(["-d", "0", "-h", &format!("ldap://127.0.0.1:{port}"), "-f"]);
            command.arg(conf).env("KRB5RCACHENAME", "none:");
            command.env("KRB5_CONFIG", folder.join("krb5.conf"));
            command.env("KRB5_KTNAME", folder.join("ldap.keytab"));
        },
        &folder.join("slapd.out"),
        &[],
        || TcpStream::connect(("127.0.0.1", port)).is_ok(),
    )
}

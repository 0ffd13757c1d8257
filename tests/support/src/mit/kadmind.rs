//! MIT's kadmind beside a running krb5kdc: its kpasswd service changes passwords.

use std::fs;
use std::path::Path;

use super::MitRealm;
use crate::free_port;
use crate::server::Server;

/// A running kadmind of a [`MitRealm`]; it ends when this is dropped.
#[derive(Debug)]
pub struct Kadmind {
    _server: Server,
    port: u16,
}

impl Kadmind {
    /// The line for a realm's section in krb5.conf that names its kpasswd service.
    pub fn line(&self) -> String {
        format!("kpasswd_server = 127.0.0.1:{}", self.port)
    }

    /// Starts kadmind on the database of `realm`. `alice/admin` has all privileges.
    pub(super) fn start(realm: &MitRealm) -> Self {
        let mut last = String::new();
        // Another process may take the port before the server starts: try again.
        for _ in 0..5 {
            let (administration, port) = (free_port(), free_port());
            match serve(realm.folder.path(), administration, port) {
                Ok(server) => {
                    return Self {
                        _server: server,
                        port,
                    };
                }
                Err(logs) => last = logs,
            }
        }
        panic!("kadmind does not start:\n{last}");
    }
}

fn serve(folder: &Path, administration: u16, port: u16) -> Result<Server, String> {
    let at = folder.display();
    let acl = folder.join("kadm5.acl");
    fs::write(&acl, "alice/admin@MIT.TEST *\n").unwrap();
    let log = folder.join("kadmind.log");
    let _ = fs::remove_file(&log);
    // The KDC's profile, with the ports of kadmind added.
    let profile = fs::read_to_string(folder.join("kdc.conf")).unwrap();
    let profile = profile.replace(
        "        max_life = ",
        &format!(
            "        kadmind_listen = 127.0.0.1:{administration}\n\
             \x20       kpasswd_listen = 127.0.0.1:{port}\n\
             \x20       acl_file = {}\n\
             \x20       max_life = ",
            acl.display()
        ),
    );
    let profile = profile.replace(
        "[logging]\n",
        &format!("[logging]\n    admin_server = FILE:{at}/kadmind.log\n"),
    );
    let path = folder.join("kadmind.conf");
    fs::write(&path, profile).unwrap();
    Server::start(
        Path::new("/usr/sbin/kadmind"),
        |command| {
            command.args(["-nofork", "-r", MitRealm::REALM]);
            command
                .env("KRB5_KDC_PROFILE", &path)
                .env("KRB5_CONFIG", folder.join("krb5.conf"))
                .env("LC_ALL", "C");
        },
        &folder.join("kadmind.out"),
        std::slice::from_ref(&log),
        || fs::read_to_string(&log).is_ok_and(|text| text.contains("starting")),
    )
}

//! A krb5kdc: its profile, its database, its process. `MitRealm` and the other realms only state
//! how they differ.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ETYPES, MitOptions};
use crate::server::Server;
use crate::{Krb5Conf, Tool, parts};

/// The settings of a krb5kdc, whose files are all in `folder`.
#[derive(Debug)]
pub(crate) struct Kdc<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) realm: &'a str,
    pub(crate) options: MitOptions,
    /// More lines for the realm's section of the profile.
    pub(crate) realm_lines: String,
    /// More sections of the profile.
    pub(crate) sections: String,
    /// The krb5.conf that krb5kdc itself uses as a Kerberos library.
    pub(crate) library: Krb5Conf,
}

impl<'a> Kdc<'a> {
    /// A KDC for `realm` with its own database.
    pub(crate) fn new(folder: &'a Path, realm: &'a str) -> Self {
        Self {
            folder,
            realm,
            options: MitOptions::default(),
            realm_lines: String::new(),
            sections: String::new(),
            // This permits old types of session keys, too, which a KDC uses only if a client
            // requests nothing else.
            library: Krb5Conf::new(realm)
                .set("permitted_enctypes", &etype_names())
                .set("allow_rc4", "true")
                .set("allow_des3", "true"),
        }
    }

    /// Creates an empty database.
    pub(crate) fn create(&self) {
        self.write_profile(88);
        self.tool("/usr/sbin/kdb5_util")
            .args(["-r", self.realm, "create", "-s", "-P", "master"])
            .run()
            .success();
    }

    /// Runs `commands` in kadmin.local; keytabs named there are in the folder.
    pub(crate) fn administer(&self, commands: &str) {
        let done = self
            .tool("/usr/sbin/kadmin.local")
            .args(["-r", self.realm])
            .stdin(commands)
            .run()
            .success();
        // kadmin.local exits with 0 even if its commands failed.
        let complaints: Vec<String> = done
            .stderr()
            .lines()
            .filter(|line| !is_harmless(line))
            .map(str::to_owned)
            .collect();
        assert!(
            complaints.is_empty(),
            "kadmin.local complains: {complaints:#?}"
        );
    }

    /// A tool that administers the database.
    pub(crate) fn tool(&self, program: &str) -> Tool {
        Tool::new(program)
            .env("KRB5_KDC_PROFILE", self.folder.join("kdc.conf"))
            .env("KRB5_CONFIG", self.folder.join("krb5.conf"))
            .env("LC_ALL", "C")
            .current_dir(self.folder)
    }

    /// Starts it on a free port of 127.0.0.1, and of ::1 if there is that; also returns the port.
    pub(crate) fn start(&self) -> (Server, u16) {
        // Another process may take the port before the server starts: try again.
        Server::on_free_port("krb5kdc", |port| self.serve(port))
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("krb5kdc.log")).unwrap()
    }

    pub(crate) fn serve(&self, port: u16) -> Result<Server, String> {
        let profile = self.write_profile(port);
        let log = self.folder.join("krb5kdc.log");
        let _ = fs::remove_file(&log);
        let configure = |command: &mut Command| {
            command.args(["-n", "-r", self.realm]);
            command.arg("-P").arg(self.folder.join("krb5kdc.pid"));
            command
                .env("KRB5_KDC_PROFILE", &profile)
                .env("KRB5_CONFIG", self.folder.join("krb5.conf"));
            command.env("LC_ALL", "C");
            if let Some(clock) = &self.options.clock {
                let library = parts::faketime()
                    .expect("libfaketime is not installed: `cargo xtask install` installs it");
                command.env("LD_PRELOAD", library).env("FAKETIME", clock);
            }
        };
        // krb5kdc logs this once all its sockets listen.
        let ready =
            || fs::read_to_string(&log).is_ok_and(|text| text.contains("commencing operation"));
        Server::start(
            Path::new("/usr/sbin/krb5kdc"),
            configure,
            &self.folder.join("krb5kdc.out"),
            std::slice::from_ref(&log),
            ready,
        )
    }

    /// Writes the profile of a KDC on `port`, and its krb5.conf. Returns the profile's path.
    pub(crate) fn write_profile(&self, port: u16) -> PathBuf {
        let largest = self
            .options
            .largest_datagram
            .map(|bytes| format!("    kdc_max_dgram_reply_size = {bytes}\n"))
            .unwrap_or_default();
        let v6 = parts::ipv6().then(|| format!(" [::1]:{port}"));
        let v6 = v6.unwrap_or_default();
        let (realm, at) = (self.realm, self.folder.display());
        let etypes = etype_names().replace(' ', ":normal ") + ":normal";
        let (realm_lines, sections) = (&self.realm_lines, &self.sections);
        let path = self.folder.join("kdc.conf");
        let text = format!(
            "[kdcdefaults]\n\
             \x20   kdc_listen = 127.0.0.1:{port}{v6}\n\
             \x20   kdc_tcp_listen = 127.0.0.1:{port}{v6}\n\
             {largest}\
             [realms]\n\
             \x20   {realm} = {{\n\
             \x20       database_name = {at}/principal\n\
             \x20       key_stash_file = {at}/stash\n\
             \x20       master_key_type = aes256-cts-hmac-sha1-96\n\
             \x20       supported_enctypes = {etypes}\n\
             \x20       max_life = 2d\n\
             \x20       max_renewable_life = 7d\n\
             {realm_lines}\
             \x20   }}\n\
             [logging]\n\
             \x20   kdc = FILE:{at}/krb5kdc.log\n\
             \x20   default = FILE:{at}/other.log\n\
             {sections}"
        );
        fs::write(&path, text).unwrap();
        fs::write(self.folder.join("krb5.conf"), self.library.to_string()).unwrap();
        path
    }
}

/// MIT's names for all [`ETYPES`], in the notation of krb5.conf.
pub(crate) fn etype_names() -> String {
    let names: Vec<&str> = ETYPES.iter().map(|(_, name)| *name).collect();
    names.join(" ")
}

fn is_harmless(line: &str) -> bool {
    line.is_empty()
        || line.starts_with("No policy specified for")
        || line.starts_with("Authenticating as principal")
}

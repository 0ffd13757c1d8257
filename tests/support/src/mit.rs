//! `MitRealm`: MIT's krb5kdc with the realm MIT.TEST.
//!
//! Making the database takes seconds, so it is made once per configuration, below the target
//! folder, and every test serves a copy of it: a realm is up in about 0.1 s, and nothing that a
//! test does to it (a lockout, a new password) is seen by another.

mod accounts;

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::server::Server;
use crate::{Krb5Conf, Place, TempDir, Tool, free_port, parts};

pub use accounts::ETYPES;

/// A running realm `MIT.TEST`.
///
/// Its accounts (`accounts.rs` has them all): `alice` with the password `wonderland`; for every
/// etype of [`ETYPES`] `ETYPE` and, without pre-authentication, `ETYPE-open`, each with the
/// password `pw-ETYPE`; accounts in every state that the KDC refuses; `robot` and others in
/// keytabs; services.
#[derive(Debug)]
pub struct MitRealm {
    // Dropped first: the server goes before its folder.
    _server: Server,
    folder: TempDir,
    port: u16,
}

/// How a KDC differs from an ordinary one.
#[derive(Clone, Debug, Default)]
pub struct MitOptions {
    /// Its clock, relative to ours, as libfaketime writes it: `+10m`, `-3600`.
    pub clock: Option<String>,
    /// Replies longer than this many bytes are refused over UDP.
    pub largest_datagram: Option<u32>,
}

impl MitRealm {
    /// The name of the realm.
    pub const REALM: &'static str = "MIT.TEST";

    /// Starts an ordinary KDC.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start() -> Self {
        Self::start_with(&MitOptions::default())
    }

    /// Starts a KDC that differs by `options`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_with(options: &MitOptions) -> Self {
        assert!(
            parts::mit(),
            "MIT's KDC is not here: `cargo xtask install` installs it"
        );
        let database = database();
        let folder = TempDir::new();
        for entry in fs::read_dir(&database).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        // Another process may take a port between our look and the server's start: try again.
        let mut last = String::new();
        for _ in 0..5 {
            let port = free_port();
            match serve(&folder, port, options) {
                Ok(server) => {
                    return Self {
                        _server: server,
                        folder,
                        port,
                    };
                }
                Err(logs) => last = logs,
            }
        }
        panic!("krb5kdc does not start:\n{last}");
    }

    /// The address of the KDC, as krb5.conf writes it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A krb5.conf for clients of the realm, which permits every etype.
    pub fn conf(&self) -> Krb5Conf {
        Self::conf_without_kdc().kdc(Self::REALM, self.address())
    }

    /// The same without naming a KDC.
    pub fn conf_without_kdc() -> Krb5Conf {
        let etypes: Vec<&str> = ETYPES.iter().map(|(_, name)| *name).collect();
        Krb5Conf::new(Self::REALM).set("permitted_enctypes", &etypes.join(" "))
    }

    /// A new place whose krb5.conf leads to this realm.
    pub fn place(&self) -> Place {
        Place::new(&self.conf())
    }

    /// The path of a keytab that the realm was made with: `robot`, `rotated`, `batch`, `services`,
    /// `users` (every account with a password) or the name of an etype.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn keytab(&self, name: &str) -> PathBuf {
        let path = self.folder.join(format!("{name}.keytab"));
        assert!(path.exists(), "no such keytab: {name}");
        path
    }

    /// Gives `commands` to kadmin.local on the live database.
    ///
    /// # Panics
    /// When kadmin.local fails.
    pub fn administer(&self, commands: &str) {
        administer(self.folder.path(), commands);
    }
}

fn serve(folder: &TempDir, port: u16, options: &MitOptions) -> Result<Server, String> {
    let profile = write_profile(folder.path(), port, options);
    let log = folder.join("krb5kdc.log");
    let _ = fs::remove_file(&log);
    let configure = |command: &mut Command| {
        command.args(["-n", "-r", MitRealm::REALM]);
        command.arg("-P").arg(folder.join("krb5kdc.pid"));
        command
            .env("KRB5_KDC_PROFILE", &profile)
            .env("KRB5_CONFIG", folder.join("krb5.conf"));
        command.env("LC_ALL", "C");
        if let Some(clock) = &options.clock {
            let library = parts::faketime()
                .expect("libfaketime is not here: `cargo xtask install` installs it");
            command.env("LD_PRELOAD", library).env("FAKETIME", clock);
        }
    };
    // krb5kdc says so in its log once all its sockets listen.
    let ready = || fs::read_to_string(&log).is_ok_and(|text| text.contains("commencing operation"));
    Server::start(
        Path::new("/usr/sbin/krb5kdc"),
        configure,
        &folder.join("krb5kdc.out"),
        std::slice::from_ref(&log),
        ready,
    )
}

/// Writes the profile of the KDC whose database is in `folder`, and returns its path.
fn write_profile(folder: &Path, port: u16, options: &MitOptions) -> PathBuf {
    let largest = options
        .largest_datagram
        .map(|bytes| format!("    kdc_max_dgram_reply_size = {bytes}\n"))
        .unwrap_or_default();
    let (realm, at) = (MitRealm::REALM, folder.display());
    let etypes: String = ETYPES
        .iter()
        .map(|(_, name)| format!("{name}:normal"))
        .collect::<Vec<_>>()
        .join(" ");
    let path = folder.join("kdc.conf");
    let text = format!(
        "[kdcdefaults]\n\
         \x20   kdc_listen = 127.0.0.1:{port}\n\
         \x20   kdc_tcp_listen = 127.0.0.1:{port}\n\
         {largest}\
         [realms]\n\
         \x20   {realm} = {{\n\
         \x20       database_name = {at}/principal\n\
         \x20       key_stash_file = {at}/stash\n\
         \x20       master_key_type = aes256-cts-hmac-sha1-96\n\
         \x20       supported_enctypes = {etypes}\n\
         \x20       max_life = 2d\n\
         \x20       max_renewable_life = 7d\n\
         \x20   }}\n\
         [logging]\n\
         \x20   kdc = FILE:{at}/krb5kdc.log\n\
         \x20   default = FILE:{at}/other.log\n"
    );
    fs::write(&path, text).unwrap();
    // What krb5kdc itself reads as a Kerberos library: only that no other configuration counts.
    fs::write(
        folder.join("krb5.conf"),
        MitRealm::conf_without_kdc().to_string(),
    )
    .unwrap();
    path
}

/// The folder of a database with all accounts, made now unless an earlier test made it.
fn database() -> PathBuf {
    let script = accounts::script();
    let krb5kdc = fs::metadata("/usr/sbin/krb5kdc").unwrap();
    let mut hasher = DefaultHasher::new();
    (&script, include_str!("mit.rs"), krb5kdc.len()).hash(&mut hasher);
    let installed = krb5kdc.modified().ok();
    let installed = installed.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    installed.hash(&mut hasher);

    let all = parts::target_dir().join("test-support");
    fs::create_dir_all(&all).unwrap();
    let finished = all.join(format!("mit-{:016x}", hasher.finish()));
    if finished.exists() {
        return finished;
    }
    let lock = File::create(all.join("mit.lock")).unwrap();
    lock.lock().unwrap();
    if finished.exists() {
        return finished;
    }
    let folder = TempDir::new();
    write_profile(folder.path(), 88, &MitOptions::default());
    profiled(Tool::new("/usr/sbin/kdb5_util"), folder.path())
        .args(["-r", MitRealm::REALM, "create", "-s", "-P", "master"])
        .run()
        .success();
    administer(folder.path(), &script);
    // The folder appears under its name only when it is whole.
    let unfinished = all.join(format!("unfinished-{}", std::process::id()));
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir(&unfinished).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), unfinished.join(entry.file_name())).unwrap();
    }
    fs::rename(&unfinished, &finished).unwrap();
    finished
}

fn administer(folder: &Path, commands: &str) {
    let done = profiled(Tool::new("/usr/sbin/kadmin.local"), folder)
        .args(["-r", MitRealm::REALM])
        .stdin(commands)
        .run()
        .success();
    // kadmin.local exits with 0 whatever its commands came to.
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

fn is_harmless(line: &str) -> bool {
    line.is_empty()
        || line.starts_with("No policy specified for")
        || line.starts_with("Authenticating as principal")
}

fn profiled(tool: Tool, folder: &Path) -> Tool {
    tool.env("KRB5_KDC_PROFILE", folder.join("kdc.conf"))
        .env("KRB5_CONFIG", folder.join("krb5.conf"))
        .env("LC_ALL", "C")
        .current_dir(folder)
}

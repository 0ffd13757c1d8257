//! `Postgres`: a database server that admits everybody with a ticket for `postgres/localhost`.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::server::{CONTAINED, Server};
use crate::{TempDir, Tool, cached, parts};

/// A running PostgreSQL with the role `alice`, for `alice` of any realm.
#[derive(Debug)]
pub struct Postgres {
    // Dropped first: the server must end before its folder is removed.
    _server: Server,
    _folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Starts the server with the keys in `keytab` and the krb5.conf `configuration`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(keytab: &Path, configuration: &Path) -> Self {
        let programs = parts::postgres()
            .expect("PostgreSQL is not installed: `cargo xtask install` installs it");
        let folder = TempDir::new();
        cached::copy(&cluster(&programs), folder.path());
        for (from, name) in [(keytab, "postgres.keytab"), (configuration, "krb5.conf")] {
            folder.write(name, fs::read(from).unwrap());
        }
        give_away(&folder.join("postgres.keytab"));
        folder.write(
            "access.conf",
            "hostgssenc all all 127.0.0.1/32 gss include_realm=0\n\
             hostnogssenc all all 127.0.0.1/32 gss include_realm=0\n",
        );
        let (server, port) =
            Server::on_free_port("postgres", |port| serve(&programs, folder.path(), port));
        Self {
            _server: server,
            _folder: folder,
            port,
        }
    }

    /// The port on 127.0.0.1 where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn serve(programs: &Path, folder: &Path, port: u16) -> Result<Server, String> {
    let log = folder.join("postgres.out");
    let set = |name: &str, value: &str| format!("--{name}={value}");
    let at = |name: &str| folder.join(name).display().to_string();
    Server::start(
        Path::new("env"),
        |command| {
            command.args(as_its_user());
            command.arg(programs.join("postgres")).arg("-D");
            command.arg(folder.join("cluster")).args([
                set("listen_addresses", "127.0.0.1"),
                set("port", &port.to_string()),
                set("unix_socket_directories", ""),
                set("hba_file", &at("access.conf")),
                set("krb_server_keyfile", &at("postgres.keytab")),
                set("dynamic_shared_memory_type", "mmap"),
                set("fsync", "off"),
                set("log_connections", "on"),
            ]);
            command.env("KRB5_CONFIG", folder.join("krb5.conf"));
            command.env("KRB5RCACHENAME", "none:").env("LC_ALL", "C");
            command.current_dir("/");
        },
        &log,
        &[],
        || fs::read_to_string(&log).is_ok_and(|text| text.contains("ready to accept connections")),
    )
}

/// The folder of a cluster with the role `alice`, created unless an earlier test did so.
fn cluster(programs: &Path) -> PathBuf {
    let version = cached::installed(programs.join("postgres"));
    cached::folder(
        "postgres",
        (include_str!("postgres.rs"), version),
        |folder| {
            fs::create_dir(folder.join("cluster")).unwrap();
            give_away(&folder.join("cluster"));
            let run = |program: &str, option: &str, more: &str, input: &str| {
                let tool = Tool::new("/usr/bin/env").args(as_its_user());
                let tool = tool.arg(programs.join(program)).arg(option).arg("-D");
                let tool = tool.arg(folder.join("cluster")).line(more);
                let tool = tool.env("LC_ALL", "C").current_dir("/").stdin(input);
                tool.limit(Duration::from_secs(120)).run().success();
            };
            run(
                "initdb",
                "--no-sync",
                "--auth=reject --username=postgres",
                "",
            );
            run(
                "postgres",
                "--single",
                "postgres",
                "create role alice login\n",
            );
        },
    )
}

/// A command prefix for its programs. They refuse to run as root, so root runs them as the user of
/// their package. All their processes end when the first one ends.
fn as_its_user() -> Vec<String> {
    if !parts::root() {
        return Vec::new();
    }
    // A change of user would reset the signal that the kernel sends when our process dies; the
    // shell keeps it.
    let script = "setpriv --reuid=postgres --regid=postgres --clear-groups -- \"$@\"; exit $?";
    CONTAINED
        .into_iter()
        .chain(["sh", "-c", script, "sh"])
        .map(str::to_owned)
        .collect()
}

fn give_away(path: &Path) {
    if parts::root() {
        let number = |option| {
            let mut id = Command::new("id");
            let output = id.args([option, "postgres"]).output().unwrap();
            String::from_utf8_lossy(&output.stdout).trim().parse().ok()
        };
        chown(path, number("-u"), number("-g")).unwrap();
    }
}

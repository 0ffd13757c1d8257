//! `DnsServer`: NSD with zones for a test. `DnsView`: lets tools use only this DNS server.
//!
//! The server has its own loopback address, with port 53. Tools that should use it run in a mount
//! namespace with the test's resolv.conf, hosts and nsswitch.conf.

use std::fmt::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::server::Server;
use crate::{TempDir, Tool, parts};

/// A part of the next server's address, to distinguish the servers of one test.
static COUNT: AtomicU8 = AtomicU8::new(53);

/// A running DNS server.
#[derive(Debug)]
pub struct DnsServer {
    // Dropped first: the server must end before its folder is removed.
    _server: Server,
    _folder: TempDir,
    address: Ipv4Addr,
    view: DnsView,
}

/// The name resolution of a tool that uses a single DNS server.
#[derive(Debug)]
pub struct DnsView {
    folder: TempDir,
}

impl DnsServer {
    /// Starts a server for these zones. Each zone has its name and its records in zone file format,
    /// without SOA and NS.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(zones: &[(&str, &str)]) -> Self {
        assert!(
            parts::nsd(),
            "NSD is not installed: `cargo xtask install` installs it"
        );
        // Each test is a process, and one that has just ended may still occupy its address.
        let net = COUNT.fetch_add(1, Ordering::Relaxed);
        let [_, _, high, low] = process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, net, high, low);
        let folder = TempDir::new();
        let conf = configure(&folder, address, zones);
        let log = folder.join("nsd.log");
        let server = Server::start(
            Path::new("/usr/sbin/nsd"),
            |command| {
                command.arg("-d").arg("-c").arg(&conf);
            },
            &folder.join("nsd.out"),
            std::slice::from_ref(&log),
            || TcpStream::connect((address, 53)).is_ok(),
        );
        Self {
            _server: server.expect("NSD starts"),
            _folder: folder,
            address,
            view: DnsView::of(address, "mit.test"),
        }
    }

    /// The server's address; it listens on port 53.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Replaces the hosts file of the tools.
    pub fn hosts(&self, text: &str) {
        self.view.folder.write("hosts", text);
    }

    /// Replaces the resolv.conf of the tools.
    pub fn resolv_conf(&self, text: &str) {
        self.view.folder.write("resolv.conf", text);
    }

    /// Makes `tool` use only this server.
    pub fn seen_by(&self, tool: Tool) -> Tool {
        self.view.seen_by(tool)
    }
}

impl DnsView {
    /// The view of a tool that uses the server at `address` and the search domain `domain`.
    pub fn of(address: Ipv4Addr, domain: &str) -> Self {
        let folder = TempDir::new();
        folder.write(
            "resolv.conf",
            format!("nameserver {address}\nsearch {domain}\n"),
        );
        folder.write("hosts", "127.0.0.1 localhost\n");
        folder.write("nsswitch.conf", "hosts: files dns\nservices: files\n");
        Self { folder }
    }

    /// Makes `tool` use only that server.
    pub fn seen_by(&self, tool: Tool) -> Tool {
        let at = self.folder.path().display();
        let mut script = String::new();
        for name in ["resolv.conf", "hosts", "nsswitch.conf"] {
            writeln!(script, "mount --bind {at}/{name} /etc/{name} || exit 90").unwrap();
        }
        script.push_str("exec \"$0\" \"$@\"");
        tool.through(["unshare", "--mount", "sh", "-c", &script])
    }
}

fn configure(folder: &TempDir, address: Ipv4Addr, zones: &[(&str, &str)]) -> std::path::PathBuf {
    let at = folder.path().display();
    let mut conf = format!(
        "server:\n\
         \x20 ip-address: {address}\n\
         \x20 username: \"\"\n\
         \x20 zonesdir: \"{at}\"\n\
         \x20 database: \"\"\n\
         \x20 zonelistfile: \"{at}/zone.list\"\n\
         \x20 xfrdfile: \"{at}/xfrd.state\"\n\
         \x20 xfrdir: \"{at}\"\n\
         \x20 pidfile: \"\"\n\
         \x20 logfile: \"{at}/nsd.log\"\n\
         \x20 server-count: 1\n\
         remote-control:\n\
         \x20 control-enable: no\n"
    );
    for (name, records) in zones {
        let file = folder.write(
            &format!("{name}.zone"),
            format!(
                "$ORIGIN {name}.\n$TTL 60\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\n\
                 ns A {address}\n{records}\n"
            ),
        );
        let file = file.display();
        write!(conf, "zone:\n  name: \"{name}\"\n  zonefile: \"{file}\"\n").unwrap();
    }
    folder.write("nsd.conf", conf)
}

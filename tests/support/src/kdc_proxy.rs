//! `KdcProxy`: a KDC proxy behind TLS (Python's kdcproxy), in front of a KDC.

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use crate::server::Server;
use crate::{TempDir, parts};

/// A running proxy, which shows the certificate `good` for `localhost` and for 127.0.0.1.
#[derive(Debug)]
pub struct KdcProxy {
    // Dropped first: the server goes before its folder.
    _server: Server,
    _folder: TempDir,
    port: u16,
}

impl KdcProxy {
    /// Starts a proxy that knows one KDC, by `host:port`, of one realm.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(realm: &str, kdc: &str) -> Self {
        assert!(
            parts::kdcproxy(),
            "kdcproxy is not here: `cargo xtask install` installs it"
        );
        let folder = TempDir::new();
        let conf =
            format!("[global]\nuse_dns = false\n[{realm}]\nkerberos = kerberos+tcp://{kdc}\n");
        folder.write("kdcproxy.conf", conf);
        let (server, port) = Server::on_free_port("kdcproxy", |port| serve(&folder, port));
        Self {
            _server: server,
            _folder: folder,
            port,
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL, as krb5.conf writes it.
    pub fn url(&self) -> String {
        format!("https://localhost:{}/KdcProxy", self.port)
    }
}

/// The path of one of the tests' certificates: `authority` has signed `good`.
///
/// # Panics
/// When there is none of that name.
pub fn certificate(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates");
    let path = folder.join(format!("{name}.pem"));
    assert!(path.exists(), "no such certificate: {name}");
    path
}

fn serve(folder: &TempDir, port: u16) -> Result<Server, String> {
    Server::start(
        Path::new("/usr/bin/python3"),
        |command| {
            command.args(["-c", PROGRAM, &port.to_string()]);
            command.args([certificate("good"), certificate("key")]);
            command.env("KDCPROXY_CONFIG", folder.join("kdcproxy.conf"));
        },
        &folder.join("kdcproxy.log"),
        &[],
        || TcpStream::connect(("127.0.0.1", port)).is_ok(),
    )
}

/// A server of Python's own with TLS around it.
const PROGRAM: &str = "
import ssl, sys, kdcproxy
from wsgiref.simple_server import make_server
server = make_server('127.0.0.1', int(sys.argv[1]), kdcproxy.Application())
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
";

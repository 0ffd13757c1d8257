//! `KdcProxy`: a KDC proxy behind TLS (Python's kdcproxy), in front of a KDC.

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use crate::server::Server;
use crate::{TempDir, parts};

/// A running proxy with the certificate `good`, which is for `localhost` and 127.0.0.1.
#[derive(Debug)]
pub struct KdcProxy {
    // Dropped first: the server must end before its folder is removed.
    _server: Server,
    _folder: TempDir,
    port: u16,
}

impl KdcProxy {
    /// Starts a proxy for a single realm with a single KDC, given as `host:port`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(realm: &str, kdc: &str) -> Self {
        assert!(
            parts::kdcproxy(),
            "kdcproxy is not installed: `cargo xtask install` installs it"
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

    /// The proxy's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The proxy's URL in the notation of krb5.conf.
    pub fn url(&self) -> String {
        format!("https://localhost:{}/KdcProxy", self.port)
    }
}

/// The path of one of the test certificates; `good` is signed by `authority`.
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

/// Python's HTTP server with TLS.
const PROGRAM: &str = "
import ssl, sys, kdcproxy
from wsgiref.simple_server import make_server
server = make_server('127.0.0.1', int(sys.argv[1]), kdcproxy.Application())
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
";

//! `Apache`: a web server that admits everybody with a ticket for `HTTP/localhost`.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;
use std::path::Path;

use crate::server::Server;
use crate::{TempDir, parts};

/// A running Apache with mod_auth_gssapi. Its page names the authenticated user in the header
/// `X-User`.
#[derive(Debug)]
pub struct Apache {
    // Dropped first: the server must end before its folder is removed.
    _server: Server,
    _folder: TempDir,
    port: u16,
}

impl Apache {
    /// Starts the server with the keys in `keytab` and the krb5.conf `configuration`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(keytab: &Path, configuration: &Path) -> Self {
        Self::start_as(keytab, configuration, "Location /", &[])
    }

    /// Starts it as a proxy that forwards all requests.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_proxy(keytab: &Path, configuration: &Path) -> Self {
        Self::start_as(keytab, configuration, "Proxy *", &["proxy", "proxy_http"])
    }

    /// `guarded` is the start of the configuration section that requires a ticket.
    fn start_as(keytab: &Path, configuration: &Path, guarded: &str, modules: &[&str]) -> Self {
        assert!(
            parts::apache(),
            "Apache is not installed: `cargo xtask install` installs it"
        );
        let folder = TempDir::new();
        // When run by root, Apache serves as another user, who must be able to read these files.
        let public = |from: &Path, name: &str| {
            folder.write(name, fs::read(from).unwrap());
            set_readable(&folder.join(name));
        };
        public(keytab, "http.keytab");
        public(configuration, "krb5.conf");
        fs::create_dir(folder.join("pages")).unwrap();
        folder.write("pages/index.html", "hello\n");
        let (server, port) =
            Server::on_free_port("apache2", |port| serve(&folder, guarded, modules, port));
        Self {
            _server: server,
            _folder: folder,
            port,
        }
    }

    /// The URL of its only page.
    pub fn url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }
}

fn serve(folder: &TempDir, guarded: &str, modules: &[&str], port: u16) -> Result<Server, String> {
    let at = folder.path().display().to_string();
    let listen = format!("127.0.0.1:{port}");
    let text = apache_configuration(&at, &listen, "localhost", guarded, modules);
    let conf = folder.write("apache.conf", text);
    Server::start(
        Path::new("/usr/sbin/apache2"),
        |command| {
            // A single process, so that no child is left behind.
            command.args(["-X", "-f"]).arg(conf);
            command.env("KRB5_CONFIG", folder.join("krb5.conf"));
        },
        &folder.join("apache.out"),
        &[folder.join("error.log")],
        || TcpStream::connect(("127.0.0.1", port)).is_ok(),
    )
}

/// The configuration of a server with all its files in the folder `at`, which admits everybody with
/// a ticket that `http.keytab` there can decrypt. `guarded` is the start of the section that
/// requires a ticket.
pub fn apache_configuration(
    at: &str,
    listen: &str,
    host: &str,
    guarded: &str,
    modules: &[&str],
) -> String {
    let mut text = String::new();
    let always = [
        "mpm_event",
        "authz_core",
        "authn_core",
        "authz_user",
        "headers",
        "dir",
        "auth_gssapi",
    ];
    for module in always.iter().chain(modules) {
        let library = format!("/usr/lib/apache2/modules/mod_{module}.so");
        let _ = writeln!(text, "LoadModule {module}_module {library}");
    }
    if parts::root() {
        // By number, because these have no names in a container.
        text += "User #65534\nGroup #65534\n";
    }
    if modules.contains(&"proxy") {
        text += "ProxyRequests On\n";
    }
    let section = guarded.split(' ').next().unwrap_or_default();
    let _ = write!(
        text,
        "ServerRoot {at}\n\
         PidFile {at}/apache.pid\n\
         Listen {listen}\n\
         ServerName {host}\n\
         ErrorLog {at}/error.log\n\
         LogLevel info auth_gssapi:debug\n\
         DocumentRoot {at}/pages\n\
         DirectoryIndex index.html\n\
         <{guarded}>\n\
         \x20   AuthType GSSAPI\n\
         \x20   AuthName tickets\n\
         \x20   GssapiAllowedMech krb5\n\
         \x20   GssapiCredStore keytab:{at}/http.keytab\n\
         \x20   GssapiCredStore rcache:none:\n\
         \x20   Require valid-user\n\
         \x20   Header always set X-User \"expr=%{{REMOTE_USER}}\"\n\
         </{section}>\n"
    );
    text
}

fn set_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

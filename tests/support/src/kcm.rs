//! `Kcm`: a daemon with KCM caches, Heimdal's or sssd's, in its own `/run`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::server::Server;
use crate::{TempDir, parts};

/// A running daemon. Its caches are lost when it ends.
#[derive(Debug)]
pub struct Kcm {
    // Dropped first: the server must end before its folder is removed.
    _server: Server,
    folder: TempDir,
}

impl Kcm {
    /// Starts Heimdal's daemon.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn heimdal() -> Self {
        let program = parts::heimdal_kcm();
        let program =
            program.expect("Heimdal's kcm is not installed: `cargo xtask install` installs it");
        let folder = TempDir::new();
        folder.write("krb5.conf", "");
        let script = format!(
            "KRB5_CONFIG={}/krb5.conf exec {}",
            folder.path().display(),
            program.display()
        );
        Self::start(folder, &script)
    }

    /// Starts sssd's daemon, which keeps its caches in memory.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn sssd() -> Self {
        assert!(
            parts::sssd_kcm(),
            "sssd-kcm is not installed: `cargo xtask install` installs it"
        );
        let folder = TempDir::new();
        for name in [
            "etc",
            "log",
            "state/db",
            "state/secrets",
            "state/pipes/private",
        ] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        // sssd requires a domain, although nothing here uses it.
        let conf = folder.write(
            "etc/sssd.conf",
            "[sssd]\nservices = nss\ndomains = files\n[domain/files]\nid_provider = files\n\
             [kcm]\nccache_storage = memory\n",
        );
        fs::set_permissions(conf, fs::Permissions::from_mode(0o600)).unwrap();
        let at = folder.path().display();
        let script = format!(
            "mount --bind {at}/etc /etc/sssd && mount --bind {at}/state /var/lib/sss && \
             mount --bind {at}/log /var/log/sssd && \
             sssd --genconf-section=kcm --logger=stderr && \
             exec /usr/libexec/sssd/sssd_kcm --uid 0 --gid 0 --logger=stderr"
        );
        Self::start(folder, &script)
    }

    /// The daemon's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("run").join(SOCKET)
    }

    /// Runs the daemon with `script`, in a mount namespace where `/run` is a temporary folder. Both
    /// daemons put their socket there, whatever they are told.
    fn start(folder: TempDir, script: &str) -> Self {
        let run = folder.join("run");
        fs::create_dir(&run).unwrap();
        let socket = run.join(SOCKET);
        let script = format!("mount --bind {} /run && {script}", run.display());
        let server = Server::start(
            Path::new("/usr/bin/unshare"),
            |command| {
                command.args(["--mount", "sh", "-c"]).arg(script);
            },
            &folder.join("kcm.log"),
            &[],
            || socket.exists(),
        );
        Self {
            _server: server.unwrap_or_else(|logs| panic!("the daemon does not start:\n{logs}")),
            folder,
        }
    }
}

/// The name of the socket.
const SOCKET: &str = ".heim_org.h5l.kcm-socket";

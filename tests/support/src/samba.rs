//! `SambaRealm`: Samba as an Active Directory domain controller for the realm AD.TEST.
//!
//! A domain controller needs the standard ports. So each has its own address in 127/8, protected by
//! a lock that other test processes see. It also has its own `/run/samba`, process ids and mounts,
//! so that it leaves nothing behind. This requires root. Creating the domain takes some seconds and
//! is done once; every test uses a copy, which starts in about a second.

mod address;
mod programs;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::mit::etype_names;
use crate::server::{CONTAINED, Server};
use crate::{Krb5Conf, Place, TempDir, Tool, cached};
use address::Address;
use programs::Programs;

/// A running domain `AD.TEST` (NetBIOS name `ADTEST`), whose controller is `dc1.ad.test`.
///
/// Its accounts are in `samba/accounts.py`: `alice` with the password `wonderland`; users in every
/// state that affects the KDC, each with the password `pw-NAME`; services, with their keys in
/// keytabs that are named like their accounts, such as `svc-web`.
#[derive(Debug)]
pub struct SambaRealm {
    // Dropped first: the server must end before its folder and its address are released.
    _server: Server,
    folder: TempDir,
    address: Address,
}

impl SambaRealm {
    /// The name of the realm.
    pub const REALM: &'static str = "AD.TEST";
    /// The name of the domain controller.
    pub const HOST: &'static str = "dc1.ad.test";
    /// Services, and the keytabs with their keys.
    pub const SERVICES: [(&'static str, &'static str); 9] = [
        ("HTTP/web.ad.test", "svc-web"),
        ("HTTP/kcd.ad.test", "svc-kcd"),
        ("HTTP/rbcd.ad.test", "svc-rbcd"),
        ("ldap/back.ad.test", "svc-back"),
        ("HTTP/unconstrained.ad.test", "svc-unconstrained"),
        ("HTTP/rc4.ad.test", "svc-rc4"),
        ("HTTP/aes128.ad.test", "svc-aes128"),
        ("HTTP/localhost", "svc-localhost"),
        ("postgres/localhost", "svc-localhost"),
    ];

    /// Starts the domain controller on any address.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start() -> Self {
        Self::start_on(&Programs::of_the_system(), Address::any)
    }

    /// Starts the domain controller on [`SambaRealm::HOME`], the address in its own DNS, as soon as
    /// no other test uses it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_at_home() -> Self {
        Self::start_on(&Programs::of_the_system(), || Address::wait_for(Self::HOME))
    }

    /// Starts a newer Samba, which supports resource-based constrained delegation, in the Debian
    /// system below [`crate::parts::NEWER_SAMBA_VARIABLE`].
    ///
    /// # Panics
    /// When it does not exist or cannot be started.
    pub fn start_newer() -> Self {
        Self::start_on(&Programs::newer(), Address::any)
    }

    /// The address in the domain's DNS.
    pub const HOME: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 20);

    fn start_on(programs: &Programs, address: impl FnOnce() -> Address) -> Self {
        let folder = TempDir::new();
        cached::copy(&domain(programs), folder.path());
        let address = address();
        write_conf(folder.path(), address.ip());
        let server = serve(programs, folder.path(), address.ip())
            .unwrap_or_else(|logs| panic!("samba does not start:\n{logs}"));
        Self {
            _server: server,
            folder,
            address,
        }
    }

    /// Creates the files of a domain in `folder`, for a controller that is not started here:
    /// `samba` needs `folder/smb.conf`, and the folder must not be moved.
    ///
    /// # Panics
    /// When the domain cannot be created.
    pub fn lay_out(folder: &Path) {
        cached::copy(&domain(&Programs::of_the_system()), folder);
        write_conf(folder, Self::HOME);
    }

    /// The address of the controller, where all its services have their standard ports.
    pub fn address(&self) -> Ipv4Addr {
        self.address.ip()
    }

    /// A krb5.conf for clients of the realm that permits all etypes.
    pub fn conf(&self) -> Krb5Conf {
        Krb5Conf::new(Self::REALM)
            .set("permitted_enctypes", &etype_names())
            .kdc(Self::REALM, self.address())
            .text("[domain_realm]\n    .ad.test = AD.TEST\n    ad.test = AD.TEST\n")
    }

    /// A new place whose krb5.conf refers to this realm.
    pub fn place(&self) -> Place {
        Place::new(&self.conf())
    }

    /// The path of the keytab of a service account, such as `svc-web`, or of `krbtgt`.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn keytab(&self, account: &str) -> PathBuf {
        self.folder.keytab(account)
    }

    /// Runs `tool` like on a machine of the domain: it can resolve `dc1.ad.test`, uses the
    /// controller's DNS, and has no data about other domains, which Samba's clients keep in
    /// `/run/samba`.
    ///
    /// # Panics
    /// When temporary paths are not UTF-8.
    pub fn inside(&self, tool: Tool) -> Tool {
        tool.through([
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount --bind \"$1\" /etc/hosts && mount --bind \"$2\" /etc/resolv.conf && \
             mkdir -p /run/samba && mount -t tmpfs none /run/samba && shift 2 && exec \"$@\"",
            "sh",
            self.folder.join("hosts").to_str().unwrap(),
            self.folder.join("resolv.conf").to_str().unwrap(),
        ])
    }

    /// The controller's log so far.
    ///
    /// # Panics
    /// When the log cannot be read.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder.join("samba.out")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn serve(programs: &Programs, folder: &Path, address: Ipv4Addr) -> Result<Server, String> {
    let listens = |port| {
        let socket = SocketAddr::from((address, port));
        TcpStream::connect_timeout(&socket, Duration::from_secs(1)).is_ok()
    };
    Server::start(
        Path::new("env"),
        |command| {
            command.args(CONTAINED).args(programs.wrapper(folder));
            command.args(["samba", "--interactive", "--model=single", "--debug-stdout"]);
            command.arg("--configfile").arg(folder.join("smb.conf"));
            command.env("LC_ALL", "C.UTF-8").env("PATH", PATH);
        },
        &folder.join("samba.out"),
        &[],
        // winbindd is ready last; without it, the file server refuses everybody.
        || {
            [88, 389, 445, 464].into_iter().all(listens)
                && UnixStream::connect(folder.join("run-samba/winbindd/pipe")).is_ok()
        },
    )
}

/// The folder of a domain with all accounts, created unless an earlier test did so.
fn domain(programs: &Programs) -> PathBuf {
    let sources = [
        include_str!("samba.rs"),
        include_str!("samba/accounts.py"),
        include_str!("samba/programs.rs"),
    ];
    let depends_on = (sources, cached::installed(programs.samba()));
    cached::folder(programs.name(), depends_on, |folder| {
        let at = folder.display();
        write_conf(folder, SambaRealm::HOME);
        fs::create_dir(folder.join("share")).unwrap();
        fs::write(folder.join("share/hello.txt"), "hello\n").unwrap();
        let run = |arguments: &[&str]| {
            let tool = Tool::new("unshare").args(["--mount"]);
            let tool = tool.args(programs.wrapper(folder)).args(arguments);
            // Creating a domain, in Python, is slow on a busy machine.
            tool.env("LC_ALL", "C.UTF-8")
                .env("PATH", PATH)
                .limit(Duration::from_secs(240))
                .run()
                .success()
        };
        let smb_conf = format!("{at}/smb.conf");
        run(&[
            "samba-tool",
            "domain",
            "provision",
            "--realm=AD.TEST",
            "--domain=ADTEST",
            "--server-role=dc",
            "--adminpass=Adm1n-Passw0rd",
            "--dns-backend=SAMBA_INTERNAL",
            "--host-name=dc1",
            &format!("--host-ip={}", SambaRealm::HOME),
            &format!("--configfile={smb_conf}"),
        ]);
        fs::write(
            folder.join("accounts.py"),
            include_str!("samba/accounts.py"),
        )
        .unwrap();
        run(&[
            "/usr/bin/python3",
            &format!("{at}/accounts.py"),
            &smb_conf,
            &at.to_string(),
        ]);
    })
}

/// Writes the settings that depend on the controller's location.
fn write_conf(folder: &Path, address: Ipv4Addr) {
    let at = folder.display();
    let text = format!(
        "[global]\n\
         \x20   realm = AD.TEST\n\
         \x20   workgroup = ADTEST\n\
         \x20   netbios name = DC1\n\
         \x20   server role = active directory domain controller\n\
         \x20   server services = s3fs, rpc, ldap, cldap, kdc, winbindd, dns\n\
         \x20   interfaces = {address}/8\n\
         \x20   bind interfaces only = yes\n\
         \x20   disable netbios = yes\n\
         \x20   disable spoolss = yes\n\
         \x20   load printers = no\n\
         \x20   printcap name = /dev/null\n\
         \x20   usershare path =\n\
         \x20   tls enabled = no\n\
         \x20   logging = file\n\
         \x20   log file = {at}/%m.log\n\
         \x20   private dir = {at}/private\n\
         \x20   state directory = {at}/state\n\
         \x20   cache directory = {at}/cache\n\
         \x20   lock directory = {at}/lock\n\
         \x20   pid directory = {at}/run\n\
         \x20   binddns dir = {at}/bind-dns\n\
         \x20   ncalrpc dir = {at}/run/ncalrpc\n\
         \x20   ntp signd socket directory = {at}/run/ntp\n\
         [sysvol]\n\
         \x20   path = {at}/state/sysvol\n\
         \x20   read only = no\n\
         [netlogon]\n\
         \x20   path = {at}/state/sysvol/ad.test/scripts\n\
         \x20   read only = no\n\
         [share]\n\
         \x20   path = {at}/share\n\
         \x20   read only = no\n"
    );
    fs::write(folder.join("smb.conf"), text).unwrap();
    for folder in
        ["private", "state", "cache", "lock", "run", "bind-dns"].map(|name| folder.join(name))
    {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(
        folder.join("hosts"),
        format!("127.0.0.1 localhost\n{address} dc1.ad.test dc1\n"),
    )
    .unwrap();
    fs::write(
        folder.join("resolv.conf"),
        format!("nameserver {address}\nsearch ad.test\n"),
    )
    .unwrap();
}

/// The folders of Samba's programs, and of the programs they call.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

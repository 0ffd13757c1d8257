//! `Site`: a realm, a web server and an application, each in its own container.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use test_support::{Krb5Conf, TempDir, apache_configuration};

use crate::application::Application;
use crate::docker::{Container, Network, Volume};
use crate::image::{self, Image};

/// The realm used in all recipes.
pub const REALM: &str = "EXAMPLE.COM";

/// The user, and the group, that the application runs as.
pub const READER: u32 = 1001;

/// A network with a KDC and a web server; a volume for a cache; an image of Debian.
///
/// The KDC's accounts: `svc`, `alice` with the password `wonderland`, `HTTP/www.example.com`.
#[derive(Debug)]
pub struct Site {
    // In the order in which they must be removed: users of other objects first.
    kdc: Option<Container>,
    web: Option<Container>,
    network: Network,
    volume: Volume,
    debian: Image,
    folder: TempDir,
}

impl Site {
    /// Starts the whole site.
    ///
    /// # Panics
    /// When something does not start.
    pub fn start() -> Self {
        let mut site = Self::without_servers(&conf());
        site.start_kdc();
        site.start_web("www.example.com", &site.path("kdc/www.keytab"));
        site
    }

    /// A site without KDC and web server, whose clients use this krb5.conf.
    ///
    /// # Panics
    /// When Docker fails.
    pub fn without_servers(conf: &Krb5Conf) -> Self {
        let folder = TempDir::new();
        folder.write("krb5.conf", conf.to_string());
        fs::create_dir(folder.join("krb5")).unwrap();
        Self {
            kdc: None,
            web: None,
            network: Network::new(),
            volume: Volume::new(),
            debian: image::debian(),
            folder,
        }
    }

    /// A path in the site's folder: `krb5.conf`; `krb5`, which sidecars see as `/krb5`; `kdc`, the
    /// KDC's own files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The KDC's container.
    ///
    /// # Panics
    /// When there is none.
    pub fn kdc(&self) -> &Container {
        self.kdc.as_ref().expect("this site has a KDC")
    }

    /// Runs a command in kadmin.local at the KDC. Keytabs named there are in the folder `kdc`.
    ///
    /// # Panics
    /// When it fails.
    pub fn administer(&self, command: &str) {
        let done = self.kdc().run(["kadmin.local", "-q", command]).success();
        assert!(!done.stderr().contains("kadmin.local:"), "{done}");
    }

    /// Writes the current keys of `svc` to a new keytab, which replaces the one that sidecars see
    /// as `/krb5/svc.keytab`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn give_keytab(&self) {
        let made = self.path("kdc/svc.keytab");
        let _ = fs::remove_file(&made);
        self.administer("ktadd -norandkey -k svc.keytab svc");
        self.give(&made, "svc.keytab");
    }

    /// Provides a file to sidecars as `/krb5/NAME`, atomically.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn give(&self, file: &Path, name: &str) {
        let new = self.path("krb5/.new");
        fs::copy(file, &new).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&new, Some(SIDECAR), Some(READER)).unwrap();
        fs::rename(&new, self.path("krb5").join(name)).unwrap();
    }

    /// The options for a sidecar without privileges: neither the user nor root can write anything
    /// but the cache, and no capabilities are left.
    pub fn confined(&self) -> Vec<String> {
        let mut options = self.connected();
        options.extend(self.tickets("/tickets"));
        let folder = self.folder.path().display();
        options.extend([
            format!("--user={SIDECAR}:{READER}"),
            "--read-only".to_owned(),
            "--cap-drop=ALL".to_owned(),
            "--security-opt=no-new-privileges".to_owned(),
            format!("--volume={folder}/krb5:/krb5:ro"),
            format!("--volume={folder}/krb5.conf:/etc/krb5.conf:ro"),
            "--entrypoint=/rekinit".to_owned(),
        ]);
        options
    }

    /// The name of the network.
    pub fn network(&self) -> &str {
        self.network.name()
    }

    /// The options for a container on the network.
    pub fn connected(&self) -> Vec<String> {
        vec![format!("--network={}", self.network.name())]
    }

    /// The options for a container that has the cache's folder at `place`.
    pub fn tickets(&self, place: &str) -> Vec<String> {
        vec![format!("--volume={}:{place}", self.volume.name())]
    }

    /// The options for a Debian container.
    pub fn debian(&self) -> Vec<String> {
        vec!["--volume=/usr:/usr:ro".to_owned()]
    }

    /// The name of the Debian image, which requires the options [`Site::debian`].
    pub fn debian_image(&self) -> &str {
        self.debian.name()
    }

    /// Starts an application as user and group 1001, with the cache's folder at `place`, read-only.
    /// It continuously reads the cache `cache` there with MIT's klist, and gets the page `url`, if
    /// given, with curl.
    ///
    /// # Panics
    /// When Docker fails.
    pub fn application(&self, place: &str, cache: &str, url: Option<&str>) -> Application {
        let mut words = self.connected();
        words.extend(self.debian());
        words.extend(self.tickets(&format!("{place}:ro")));
        let folder = self.folder.path().display();
        words.extend([
            format!("--user={READER}:{READER}"),
            "--read-only".to_owned(),
            format!("--volume={folder}/krb5.conf:/etc/krb5.conf:ro"),
            format!("--env=KRB5CCNAME=FILE:{place}/{cache}"),
            format!("--env=URL={}", url.unwrap_or_default()),
            self.debian.name().to_owned(),
        ]);
        Application::start(words)
    }

    fn start_kdc(&mut self) {
        let folder = self.folder.join("kdc");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("kdc.conf"), KDC_CONF).unwrap();
        fs::write(folder.join("krb5.conf"), conf().to_string()).unwrap();
        let mut words = self.connected();
        words.extend(self.debian());
        words.extend([
            "--network-alias=kdc.example.com".to_owned(),
            format!("--volume={}:/kdc", folder.display()),
            "--workdir=/kdc".to_owned(),
            "--env=KRB5_CONFIG=/kdc/krb5.conf".to_owned(),
            "--env=KRB5_KDC_PROFILE=/kdc/kdc.conf".to_owned(),
            self.debian.name().to_owned(),
        ]);
        words.extend(["/bin/sh", "-ec", KDC].map(str::to_owned));
        let kdc = Container::start("kdc", words);
        kdc.wait_for("commencing operation", 1);
        self.kdc = Some(kdc);
    }

    /// Starts a web server `host`, which admits everybody with a ticket that `keytab` can decrypt.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_web(&mut self, host: &str, keytab: &Path) {
        let folder = self.folder.join("web");
        fs::create_dir_all(folder.join("pages")).unwrap();
        fs::write(folder.join("pages/index.html"), "hello\n").unwrap();
        fs::copy(keytab, folder.join("http.keytab")).unwrap();
        let public = fs::Permissions::from_mode(0o644);
        fs::set_permissions(folder.join("http.keytab"), public).unwrap();
        let guarded = "Location /";
        let text = apache_configuration("/web", "80", host, guarded, &[]);
        fs::write(folder.join("apache.conf"), text).unwrap();
        let mut words = self.connected();
        words.extend(self.debian());
        words.extend([
            format!("--network-alias={host}"),
            format!("--volume={}:/web", folder.display()),
            self.debian.name().to_owned(),
        ]);
        words.extend(["/usr/sbin/apache2", "-X", "-f", "/web/apache.conf"].map(str::to_owned));
        self.web = Some(Container::start("web", words));
    }
}

/// A krb5.conf for clients of the realm.
fn conf() -> Krb5Conf {
    Krb5Conf::new(REALM)
        .kdc(REALM, "kdc.example.com")
        .text("[domain_realm]\n    .example.com = EXAMPLE.COM\n")
}

/// The user of sidecars with [`Site::confined`]; it is also the user of the image that we ship.
const SIDECAR: u32 = 65_532;

const KDC_CONF: &str = "\
[kdcdefaults]
    kdc_listen = 0.0.0.0:88
    kdc_tcp_listen = 0.0.0.0:88
[realms]
    EXAMPLE.COM = {
        database_name = /kdc/principal
        key_stash_file = /kdc/stash
        max_life = 1d
        max_renewable_life = 7d
    }
[logging]
    kdc = STDERR
";

/// Creates the realm at the first start.
const KDC: &str = "\
if ! [ -e principal ]; then
    kdb5_util -r EXAMPLE.COM create -s -P master
    kadmin.local <<END
addprinc -randkey +requires_preauth svc
addprinc -pw wonderland +requires_preauth alice
addprinc -randkey HTTP/www.example.com
ktadd -norandkey -k www.keytab HTTP/www.example.com
END
fi
exec krb5kdc -n -r EXAMPLE.COM
";

//! `World`: a test KDC with alice, who is logged in, and a service with its keytab.
#![allow(dead_code, reason = "each test uses its part")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use kerberos_client::kerberos_files::ccache::CcacheName;
use kerberos_client::{Client, Config, Password, Secret, ServiceAcceptor};
use kerberos_testkdc::TestKdc;

pub(crate) const SERVICE: &str = "HTTP/www.example.com";

/// A realm with alice, logged in, and a service with its keytab.
pub(crate) struct World {
    pub(crate) folder: PathBuf,
    pub(crate) kdc: TestKdc,
    pub(crate) config: Config,
}

impl World {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kerberos-gss-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let kdc = TestKdc::builder("R")
            .principal("alice", "password")
            .principal(SERVICE, "secret")
            .start()
            .unwrap();
        fs::write(folder.join("keytab"), kdc.keytab(SERVICE)).unwrap();
        let config = Config::parse("").unwrap();
        let mut world = Self {
            folder,
            kdc,
            config,
        };
        world.configure("");
        world.log_in(true);
        world
    }

    /// With `text` added to krb5.conf.
    pub(crate) fn configure(&mut self, text: &str) {
        let at = |name: &str| self.folder.join(name).display().to_string();
        self.config = Config::parse(&format!("{}{text}", self.kdc.krb5_conf()))
            .unwrap()
            .with_ccache_name(at("cache"))
            .with_keytab_name(at("keytab"))
            .with_rcache_folder(&self.folder);
    }

    pub(crate) fn log_in(&self, forwardable: bool) {
        let client = self.client();
        let mut params = client
            .as_params(client.principal("alice").unwrap())
            .unwrap();
        params.options.forwardable = forwardable;
        let secret = Secret::Password(Password::new("password"));
        let login = client.login(params, secret).unwrap();
        client.store(&login, &self.cache()).unwrap();
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.config.clone())
    }

    pub(crate) fn cache(&self) -> CcacheName {
        self.config.ccache_name().unwrap()
    }

    pub(crate) fn service(&self) -> ServiceAcceptor {
        ServiceAcceptor::new(&self.config).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

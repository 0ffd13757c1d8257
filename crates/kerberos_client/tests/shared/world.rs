//! `World`: a test KDC with alice, who is logged in, and a service with its keytab.
#![allow(dead_code, reason = "not every test file uses every helper")]

use kerberos_client::kerberos_files::ccache::CcacheName;
use kerberos_client::kerberos_proto::AsParams;
use kerberos_client::{Client, Config, Login, Password, Secret, ServiceAcceptor};
use kerberos_testkdc::TestKdc;
use test_support::TempDir;

pub(crate) const SERVICE: &str = "HTTP/www.example.com";

/// A realm with alice, logged in, and a service with its keytab.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) kdc: TestKdc,
    pub(crate) config: Config,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new();
        let kdc = TestKdc::builder("R")
            .principal("alice", "password")
            .principal(SERVICE, "secret")
            .start()
            .unwrap();
        folder.write("keytab", kdc.keytab(SERVICE));
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

    /// Adds `text` to krb5.conf.
    pub(crate) fn configure(&mut self, text: &str) {
        let at = |name: &str| self.folder.join(name).display().to_string();
        self.config = Config::parse(&format!("{}{text}", self.kdc.krb5_conf()))
            .unwrap()
            .with_ccache_name(at("cache"))
            .with_keytab_name(at("keytab"))
            .with_rcache_folder(self.folder.path());
    }

    pub(crate) fn log_in(&self, forwardable: bool) {
        self.log_in_with(|params| params.options.forwardable = forwardable);
    }

    pub(crate) fn log_in_with(&self, edit: impl FnOnce(&mut AsParams)) {
        let login = login(&self.client(), edit);
        self.client().store(&login, &self.cache()).unwrap();
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

/// A login of alice, which is stored nowhere.
pub(crate) fn login(client: &Client, edit: impl FnOnce(&mut AsParams)) -> Login {
    let mut params = client
        .as_params(client.principal("alice").unwrap())
        .unwrap();
    edit(&mut params);
    let secret = Secret::Password(Password::new("password"));
    client.login(params, secret).unwrap()
}

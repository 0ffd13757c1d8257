//! Set-up for tests of `cache_for`: a realm with two users, their client keytab, and a place for
//! caches.
#![allow(dead_code, reason = "not every test file uses every helper")]

use std::time::Duration;

use kerberos_client::kerberos_files::ccache::{Ccache, CcacheName, ConfigEntry};
use kerberos_client::{Client, ClientError, Config, Password, Secret, TicketRequest};
use kerberos_testkdc::TestKdc;
use test_support::TempDir;

pub(crate) const SERVICE: &str = "HTTP/www.example.com";

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) kdc: TestKdc,
    pub(crate) config: Config,
}

/// A realm with two users; the client keytab has the keys of bob and of alice, in that order.
pub(crate) fn world(cache: &str) -> World {
    let folder = TempDir::new();
    let kdc = TestKdc::builder("EXAMPLE.COM")
        .principal("alice", "password")
        .principal("bob", "secret")
        .service(SERVICE)
        .start()
        .unwrap();
    let (bob, alice) = (kdc.keytab("bob"), kdc.keytab("alice"));
    // After the two bytes of the version.
    let (_, alice) = alice.split_at(2);
    folder.write("keytab", [&bob, alice].concat());
    let at = |name: &str| folder.join(name).display().to_string();
    let conf = format!(
        "{}[domain_realm]\n.example.com = EXAMPLE.COM\n",
        kdc.krb5_conf()
    );
    let config = Config::parse(&conf)
        .unwrap()
        .with_ccache_name(cache.replace("HERE", &at("cache")))
        .with_client_keytab_name(at("keytab"))
        .with_k5identity(at("identity"));
    World {
        folder,
        kdc,
        config,
    }
}

impl World {
    pub(crate) fn client(&self) -> Client {
        Client::new(self.config.clone()).with_request_timeout(Duration::from_millis(300))
    }

    pub(crate) fn log_in(&self, name: &str, password: &str, cache: &CcacheName) {
        let client = self.client();
        let login = client.as_params(client.principal(name).unwrap()).unwrap();
        let secret = Secret::Password(Password::new(password));
        let login = client.login(login, secret).unwrap();
        client.store(&login, cache).unwrap();
    }

    /// The client of the ticket that a service gets.
    pub(crate) fn shown(&self) -> Result<String, ClientError> {
        let client = self.client();
        let cache = client.cache_for(SERVICE)?;
        let request = TicketRequest::new(client.principal(SERVICE)?);
        Ok(client.ticket(&cache, &request)?.client.to_string())
    }

    pub(crate) fn requests(&self) -> usize {
        self.kdc.requests().len()
    }
}

/// When to replace the ticket of a cache.
pub(crate) fn refresh_time(cache: &Ccache) -> Option<i64> {
    let mut reader = cache.open().unwrap();
    while let Some(entry) = reader.next().unwrap() {
        if let Some(config) = entry
            .config()
            .filter(|config| config.key == b"refresh_time")
        {
            return str::from_utf8(config.value).unwrap().parse().ok();
        }
    }
    None
}

pub(crate) fn set_refresh_time(cache: &Ccache, at: i64) {
    let entry = ConfigEntry::new("refresh_time", None, at.to_string());
    cache.set_config(&entry).unwrap();
}

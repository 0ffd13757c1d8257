//! Verification where the problem is not the KDC: clocks that differ, and keys of the service that
//! cannot be read.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::error::Error;
use std::fs;

use kerberos_client::kerberos_proto::{KeySource, ServiceKeys, WantedKey};
use kerberos_client::{Client, ClientError, Config, Login, Password, Secret, ServiceAcceptor};
use kerberos_testkdc::{Fault, TestKdc};
use test_support::TempDir;

const SERVICE: &str = "HTTP/www.example.com";

struct World {
    kdc: TestKdc,
    config: Config,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new();
        let kdc = TestKdc::builder("EXAMPLE.COM")
            .principal("alice", "password")
            .service(SERVICE)
            .start()
            .unwrap();
        folder.write("keytab", kdc.keytab(SERVICE));
        let keytab = folder.join("keytab").display().to_string();
        let config = Config::parse(&kdc.krb5_conf()).unwrap();
        let config = config.with_keytab_name(keytab);
        Self {
            kdc,
            config,
            folder,
        }
    }

    fn login(&self) -> Login {
        let client = Client::new(self.config.clone());
        let params = client.as_params(client.principal("alice").unwrap());
        let secret = Secret::Password(Password::new("password"));
        client.login(params.unwrap(), secret).unwrap()
    }

    fn verify(&self, login: &Login, service: &ServiceAcceptor) -> Result<(), ClientError> {
        let client = Client::new(self.config.clone());
        client.verify(login, &client.principal(SERVICE).unwrap(), service)
    }
}

#[test]
fn a_kdc_whose_clock_differs_is_the_realms_all_the_same() {
    let world = World::new();
    let service = ServiceAcceptor::new(&world.config).unwrap();
    for seconds in [900, -900] {
        world.kdc.set_fault(Fault::ClockOffset(seconds));
        world.verify(&world.login(), &service).unwrap();
        world.kdc.clear_faults();
    }
}

/// A source of keys that is closed.
struct Vault;

impl KeySource for Vault {
    fn keys(&self, _: &WantedKey<'_>) -> Result<ServiceKeys, Box<dyn Error + Send + Sync>> {
        Err("the vault is sealed".into())
    }
}

/// Nobody is let in, but the KDC is not blamed, either.
#[test]
fn keys_that_cannot_be_had_are_no_attack() {
    let world = World::new();
    let login = world.login();
    let service = ServiceAcceptor::new(&world.config).unwrap();
    let vault = ServiceAcceptor::from_keys(&world.config, Vault).unwrap();
    let error = world.verify(&login, &vault).unwrap_err();
    assert!(matches!(error, ClientError::Callback(_)), "{error:?}");
    assert!(error.to_string().contains("the vault is sealed"), "{error}");

    let keytab = world.folder.join("keytab");
    fs::write(&keytab, b"\x05\x02").unwrap();
    let empty = ServiceAcceptor::new(&world.config).unwrap();
    let error = world.verify(&login, &empty).unwrap_err();
    assert!(matches!(error, ClientError::Callback(_)), "{error:?}");
    assert!(error.to_string().contains("no keys"), "{error}");

    fs::remove_file(&keytab).unwrap();
    // The keytab is checked once a second.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let error = world.verify(&login, &service).unwrap_err();
    assert!(matches!(error, ClientError::Keytab(_)), "{error:?}");
}

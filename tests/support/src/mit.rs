//! `MitRealm`: MIT's krb5kdc with the realm MIT.TEST.
//!
//! Creating the database takes seconds, so it is created once per configuration, below the target
//! folder, and every test uses a copy. A realm starts in about 0.1 s, and changes by a test (a
//! lockout, a new password) do not affect others.

mod accounts;
mod kadmind;
mod kdc;

use std::path::{Path, PathBuf};

use crate::server::Server;
use crate::{Krb5Conf, Place, TempDir, cached, parts};

pub(crate) use kdc::{Kdc, etype_names};

pub use accounts::ETYPES;
pub use kadmind::Kadmind;

/// A running realm `MIT.TEST`.
///
/// Its accounts (`accounts.rs` lists them all): `alice` with the password `wonderland`; for each
/// etype in [`ETYPES`] an account `ETYPE` and, without preauthentication, `ETYPE-open`, both with
/// the password `pw-ETYPE`; accounts in every state that the KDC refuses; `robot` and others in
/// keytabs; services.
#[derive(Debug)]
pub struct MitRealm {
    // Dropped first: the server must end before its folder is removed.
    server: Option<Server>,
    options: MitOptions,
    folder: TempDir,
    port: u16,
}

/// Deviations from an ordinary KDC.
#[derive(Clone, Debug, Default)]
pub struct MitOptions {
    /// Its clock relative to ours, in libfaketime's notation: `+10m`, `-3600`.
    pub clock: Option<String>,
    /// The KDC refuses to send longer replies than this over UDP, in bytes.
    pub largest_datagram: Option<u32>,
    /// The authentication indicator in tickets of clients that log in by SPAKE, which MIT's kinit
    /// uses if it is allowed.
    pub indicator: Option<String>,
}

impl MitRealm {
    /// The name of the realm.
    pub const REALM: &'static str = "MIT.TEST";

    /// Starts an ordinary KDC.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start() -> Self {
        Self::start_with(&MitOptions::default())
    }

    /// Starts a KDC with these deviations.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_with(options: &MitOptions) -> Self {
        assert!(
            parts::mit(),
            "MIT's KDC is not installed: `cargo xtask install` installs it"
        );
        let folder = TempDir::new();
        cached::copy(&database(), folder.path());
        let (server, port) = Self::kdc(options, folder.path()).start();
        Self {
            server: Some(server),
            options: options.clone(),
            folder,
            port,
        }
    }

    fn kdc<'a>(options: &MitOptions, folder: &'a Path) -> Kdc<'a> {
        let mut kdc = Kdc::new(folder, Self::REALM);
        kdc.options = options.clone();
        if let Some(indicator) = &options.indicator {
            kdc.realm_lines = format!("        spake_preauth_indicator = {indicator}\n");
            kdc.library = kdc.library.set("spake_preauth_groups", "edwards25519");
        }
        kdc
    }

    /// Kills the KDC.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts the KDC again after it was killed, on the same port.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_again(&mut self) {
        self.stop();
        let kdc = Self::kdc(&self.options, self.folder.path());
        let server = kdc.serve(self.port);
        self.server = Some(server.unwrap_or_else(|logs| panic!("krb5kdc does not start:\n{logs}")));
    }

    /// A path in the folder where kadmin.local writes keytabs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The address of the KDC in the notation of krb5.conf.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A krb5.conf for clients of the realm that permits all etypes.
    pub fn conf(&self) -> Krb5Conf {
        Self::conf_without_kdc().kdc(Self::REALM, self.address())
    }

    /// The same, but without naming a KDC.
    pub fn conf_without_kdc() -> Krb5Conf {
        Krb5Conf::new(Self::REALM).set("permitted_enctypes", &etype_names())
    }

    /// A new place whose krb5.conf refers to this realm.
    pub fn place(&self) -> Place {
        Place::new(&self.conf())
    }

    /// The path of a keytab that was created with the realm: `robot`, `rotated`, `batch`,
    /// `services`, `users` (all accounts with a password) or the name of an etype.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn keytab(&self, name: &str) -> PathBuf {
        self.folder.keytab(name)
    }

    /// Runs `commands` in kadmin.local on the live database.
    ///
    /// # Panics
    /// When kadmin.local fails.
    pub fn administer(&self, commands: &str) {
        Kdc::new(self.folder.path(), Self::REALM).administer(commands);
    }

    /// Starts kadmind beside the KDC, whose kpasswd service changes passwords.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn kadmind(&self) -> Kadmind {
        Kadmind::start(self)
    }

    /// The KDC's log so far, with a line per request.
    pub fn log(&self) -> String {
        Kdc::new(self.folder.path(), Self::REALM).log()
    }
}

/// The folder of a database with all accounts, created unless an earlier test did so.
fn database() -> PathBuf {
    let script = accounts::script();
    let sources = [include_str!("mit.rs"), include_str!("mit/kdc.rs")];
    let depends_on = (&script, sources, cached::installed("/usr/sbin/krb5kdc"));
    cached::folder("mit", depends_on, |folder| {
        let kdc = Kdc::new(folder, MitRealm::REALM);
        kdc.create();
        kdc.administer(&script);
    })
}

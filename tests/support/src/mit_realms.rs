//! `MitRealms`: MIT's krb5kdc four times, for realms that trust each other in a row.
//!
//! ```text
//! EAST.HUB.TEST ⇄ HUB.TEST ⇄ WEST.HUB.TEST ⇄ FAR.TEST
//! ```
//!
//! East and west find each other through the hub just because of their names. The name of
//! `FAR.TEST` does not show that its path leads through the west: this requires `[capaths]`, which
//! the clients have ([`MitRealms::conf`]) but the eastern KDC has not.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::mit::{Kdc, etype_names};
use crate::server::Server;
use crate::{Krb5Conf, Place, TempDir, cached, parts};

/// Four running realms.
///
/// Each has `alice` with the password `wonderland`, and `host/a.DOMAIN`, `HTTP/a.DOMAIN` and
/// `ldap/a.DOMAIN` in the common keytab `services`, where `DOMAIN` is the realm's name in lower
/// case. Each KDC knows the realm of every domain, and refers clients who ask for a host of another
/// realm: always for the name type NT-SRV-HST, and for NT-UNKNOWN only with `host` and `HTTP`.
#[derive(Debug)]
pub struct MitRealms {
    // Dropped first: the servers must end before their folder is removed.
    servers: Vec<(&'static str, Server, u16)>,
    folder: TempDir,
}

impl MitRealms {
    /// The default realm, which the clients belong to.
    pub const EAST: &'static str = "EAST.HUB.TEST";
    /// Trusts the east and the west.
    pub const HUB: &'static str = "HUB.TEST";
    /// Reachable from the east through the hub.
    pub const WEST: &'static str = "WEST.HUB.TEST";
    /// Trusts only the west.
    pub const FAR: &'static str = "FAR.TEST";
    /// All of them; neighbours trust each other.
    pub const ALL: [&'static str; 4] = [Self::EAST, Self::HUB, Self::WEST, Self::FAR];

    /// Starts the four KDCs.
    ///
    /// # Panics
    /// When one cannot be started.
    pub fn start() -> Self {
        assert!(
            parts::mit(),
            "MIT's KDC is not installed: `cargo xtask install` installs it"
        );
        let folder = TempDir::new();
        cached::copy(&databases(), folder.path());
        let start = |realm: &'static str| {
            let (server, port) = kdc(&folder.join(realm), realm).start();
            (realm, server, port)
        };
        let servers = Self::ALL.map(start).into();
        Self { servers, folder }
    }

    /// A krb5.conf for the east that contains all KDCs, all domains, and the path to `FAR.TEST`.
    pub fn conf(&self) -> Krb5Conf {
        let domains = domains("[domain_realm]\n");
        let (west, hub, far, east) = (Self::WEST, Self::HUB, Self::FAR, Self::EAST);
        self.bare_conf().text(&domains).text(&format!(
            "[capaths]\n\
             \x20   {east} = {{\n\
             \x20       {far} = {hub}\n\
             \x20       {far} = {west}\n\
             \x20   }}\n"
        ))
    }

    /// A krb5.conf for the east that contains all KDCs, but neither domains nor paths.
    pub fn bare_conf(&self) -> Krb5Conf {
        let conf = Krb5Conf::new(Self::EAST).set("permitted_enctypes", &etype_names());
        let add = |conf: Krb5Conf, (realm, _, port): &(&str, Server, u16)| {
            conf.kdc(realm, format!("127.0.0.1:{port}"))
        };
        self.servers.iter().fold(conf, add)
    }

    /// A new place with [`MitRealms::conf`].
    pub fn place(&self) -> Place {
        Place::new(&self.conf())
    }

    /// The path of the keytab with the services of all realms (`services`).
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn keytab(&self, name: &str) -> PathBuf {
        self.folder.keytab(name)
    }

    /// The log of the KDC of `realm` so far, with a line per request.
    pub fn log(&self, realm: &str) -> String {
        kdc(&self.folder.join(realm), realm).log()
    }

    /// Kills the KDC of `realm`.
    pub fn stop(&mut self, realm: &str) {
        self.servers.retain(|(name, _, _)| *name != realm);
    }
}

/// The KDC for `realm`, with its database in `folder`.
fn kdc<'a>(folder: &'a Path, realm: &'a str) -> Kdc<'a> {
    let (west, hub, far, east) = (
        MitRealms::WEST,
        MitRealms::HUB,
        MitRealms::FAR,
        MitRealms::EAST,
    );
    let mut library = Krb5Conf::new(realm)
        .set("permitted_enctypes", &etype_names())
        .text(&domains("[domain_realm]\n"));
    // The realms through which a client may have come, which KDCs check; and for the far KDC, the
    // path back to the east. The eastern KDC does not know the path to the far one, but its clients
    // do.
    library = library.text(&format!(
        "[capaths]\n\
         \x20   {far} = {{\n\
         \x20       {east} = {west}\n\
         \x20       {east} = {hub}\n\
         \x20       {hub} = {west}\n\
         \x20   }}\n"
    ));
    if realm != east && realm != hub {
        library = library.text(&format!(
            "\x20   {east} = {{\n\
             \x20       {far} = {hub}\n\
             \x20       {far} = {west}\n\
             \x20   }}\n\
             \x20   {hub} = {{\n\
             \x20       {far} = {west}\n\
             \x20   }}\n"
        ));
    }
    Kdc {
        realm_lines: "        host_based_services = host HTTP\n".to_owned(),
        library,
        ..Kdc::new(folder, realm)
    }
}

fn databases() -> PathBuf {
    let script = |realm| account_script(realm);
    let scripts = MitRealms::ALL.map(script);
    let sources = [include_str!("mit_realms.rs"), include_str!("mit/kdc.rs")];
    let depends_on = (&scripts, sources, cached::installed("/usr/sbin/krb5kdc"));
    cached::folder("mit-realms", depends_on, |folder| {
        for (realm, script) in MitRealms::ALL.iter().zip(&scripts) {
            let its_own = folder.join(realm);
            fs::create_dir(&its_own).unwrap();
            let kdc = kdc(&its_own, realm);
            kdc.create();
            kdc.administer(script);
        }
    })
}

fn account_script(realm: &str) -> String {
    let mut script = String::from("addprinc -pw wonderland +requires_preauth alice\n");
    for service in ["host", "HTTP", "ldap"] {
        let name = format!("{service}/a.{}", realm.to_lowercase());
        let _ = writeln!(script, "addprinc -randkey {name}");
        let _ = writeln!(script, "ktadd -norandkey -k ../services.keytab {name}");
    }
    for pair in MitRealms::ALL.windows(2) {
        let [one, other] = pair else { continue };
        if realm != *one && realm != *other {
            continue;
        }
        for (from, to) in [(one, other), (other, one)] {
            // Both databases derive the same key from the password and the principal's name.
            let _ = writeln!(script, "addprinc -pw trust-{from}-{to} krbtgt/{to}@{from}");
        }
    }
    script
}

fn domains(heading: &str) -> String {
    let line = |text: String, realm: &&str| {
        let domain = realm.to_lowercase();
        text + &format!("    .{domain} = {realm}\n    {domain} = {realm}\n")
    };
    MitRealms::ALL.iter().fold(heading.to_owned(), line)
}

//! The KDC, the caches and the keytabs that all rows share, and the commands that use them.

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};

use test_support::raw::{self, RawCredential, RawKey, RawPrincipal};
use test_support::{Krb5Conf, MitRealm, Place, Sidecar, parts};

use super::contender::Contender;
use crate::process::Outcome;

/// The number of tickets and keytab entries in the large files.
pub(super) const MANY: u32 = 10_000;

/// The KDC and the files that all rows share.
pub(crate) struct Contest {
    realm: MitRealm,
    place: Place,
    silent: UdpSocket,
}

/// Runs MIT's tools without the plugins that krb5-user does not install: loading them would take
/// half as long again.
const WITHOUT_PLUGINS: &str =
    "[plugins]\n clpreauth = {\n  disable = pkinit\n  disable = otp\n }\n";

impl Contest {
    /// Starts the KDC and creates the files.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub(crate) fn set_up(binary: &Path) -> Outcome<Self> {
        let realm = MitRealm::start();
        let conf = Krb5Conf::new(MitRealm::REALM)
            .kdc(MitRealm::REALM, realm.address())
            .text(WITHOUT_PLUGINS);
        let place = Place::new(&conf);
        for tool in ["rkinit", "rklist", "rkvno", "rekinit"] {
            std::os::unix::fs::symlink(binary, place.path(tool))?;
        }
        for user in ["aes256", "aes256-sha2"] {
            place.write(user, format!("pw-{user}\n"));
        }
        let login = place.mit("kinit").line("-c tgt alice");
        login.stdin("wonderland\n").run().success();
        let silent = UdpSocket::bind("127.0.0.1:0")?;
        Ok(Self {
            realm,
            place,
            silent,
        })
    }

    /// The file for strace's output.
    pub(super) fn log(&self) -> PathBuf {
        self.place.path("strace.log")
    }

    /// A cache with `count` tickets, created only once.
    pub(super) fn cache_of(&self, count: u32) -> Outcome<String> {
        let name = format!("tickets-{count}");
        if !self.place.path(&name).exists() {
            let alice = RawPrincipal::new("alice", MitRealm::REALM);
            let service = |number| match number {
                0 => "krbtgt/MIT.TEST".to_owned(),
                number => host(number),
            };
            let tickets: Vec<RawCredential> = (0..count)
                .map(|number| {
                    let server = RawPrincipal::new(&service(number), MitRealm::REALM);
                    RawCredential::new(&alice, &server)
                })
                .collect();
            write_private(&self.place, &name, &raw::cache(4, None, &alice, &tickets))?;
        }
        Ok(self.place.text(&name))
    }

    /// A keytab with `count` entries that nobody asks for, created only once.
    pub(super) fn keytab_of(&self, count: u32) -> Outcome<String> {
        self.write_keytab(&format!("keys-{count}"), count, &[])
    }

    /// The same, followed by the key of the account that logs in.
    pub(super) fn keytab_with_last_key(&self, count: u32) -> Outcome<String> {
        let own = fs::read(self.realm.keytab("aes256"))?;
        // The entries follow the version bytes of a keytab.
        let entries = own.get(2..).unwrap_or_default();
        self.write_keytab(&format!("keys-{count}-and-one"), count, entries)
    }

    /// The sidecar, started with the file `config`, whose contents come from
    /// [`ticket_of_sidecar`](Self::ticket_of_sidecar).
    pub(super) fn sidecar(&self, config: &str) -> Sidecar {
        self.place.write("sidecar.toml", config);
        let tool = self.place.program(&self.place.text("rekinit"));
        let tool = tool.line("--config sidecar.toml --log json");
        Sidecar::start(tool, self.place.path("sidecar.log"))
    }

    /// The section for ticket `number` in the sidecar's configuration.
    pub(super) fn ticket_of_sidecar(&self, number: u32) -> String {
        format!(
            "[[ticket]]\nkeytab = \"{}\"\ncache = \"{}\"\n",
            self.own_keytab(),
            self.cache_of_sidecar(number).display()
        )
    }

    /// The cache of the sidecar's ticket `number`.
    pub(super) fn cache_of_sidecar(&self, number: u32) -> PathBuf {
        self.place.path(&format!("kept-{number}"))
    }

    fn write_keytab(&self, name: &str, count: u32, more: &[u8]) -> Outcome<String> {
        if !self.place.path(name).exists() {
            let keys: Vec<RawKey> = (0..count)
                .map(|number| RawKey {
                    principal: RawPrincipal::new(&host(number), MitRealm::REALM),
                    timestamp: 1_780_000_000,
                    kvno: 2,
                    etype: 18,
                    key: vec![0x5a; 32],
                })
                .collect();
            let mut keytab = raw::keytab(2, &keys);
            keytab.extend(more);
            write_private(&self.place, name, &keytab)?;
        }
        Ok(self.place.text(name))
    }

    /// The keytab with a single account, which logs in.
    pub(super) fn own_keytab(&self) -> String {
        self.realm.keytab("aes256").display().to_string()
    }

    pub(super) fn login_by_keytab(&self, keytab: &str) -> Vec<Contender> {
        let mit = ["-k", "-t", keytab, "aes256"];
        let heimdal = ["-t", keytab, "aes256"];
        self.contenders("kinit", &mit, &heimdal, None)
    }

    pub(super) fn login_by_password(&self, user: &str) -> Vec<Contender> {
        let password = self.place.text(user);
        let file = format!("--password-file={password}");
        self.contenders(
            "kinit",
            &[user],
            &[&file, user],
            Some(&self.place.path(user)),
        )
    }

    pub(super) fn list_cache(&self, cache: &str) -> Vec<Contender> {
        self.contenders("klist", &["-c", cache], &["-c", cache], None)
    }

    pub(super) fn list_keytab(&self, keytab: &str) -> Vec<Contender> {
        let mut all = self.contenders("klist", &["-k", keytab], &["-k", keytab, "list"], None);
        // Heimdal's klist lists only caches.
        if let (Some(heimdal), Some(root)) = (
            all.iter_mut().find(|one| one.who == "Heimdal"),
            parts::heimdal_root(),
        ) {
            heimdal.program = root.join("usr/bin/ktutil.heimdal");
        }
        all
    }

    /// A ticket that must be requested from the KDC, each time with the same fresh TGT.
    pub(super) fn one_service(&self) -> Vec<Contender> {
        let service = ["host/a.mit.test"];
        let mut all = self.contenders("kvno", &service, &service, None);
        for contender in &mut all {
            contender.start = Some(self.place.path("tgt"));
        }
        all
    }

    /// A login by keytab where krb5.conf lists another KDC before the one that answers.
    pub(super) fn login_past(&self, first: &str) -> Vec<Contender> {
        let conf = MitRealm::conf_without_kdc()
            .kdc(MitRealm::REALM, first)
            .kdc(MitRealm::REALM, self.realm.address())
            .text(WITHOUT_PLUGINS);
        let name = format!("past-{}.conf", first.replace([':', '[', ']'], "-"));
        let path = self.place.write(&name, conf.to_string());
        let mut all = self.login_by_keytab(&self.own_keytab());
        for contender in &mut all {
            for (variable, value) in &mut contender.environment {
                if *variable == "KRB5_CONFIG" {
                    value.clone_from(&path);
                }
            }
        }
        all
    }

    /// An address where datagrams are received but never answered.
    pub(super) fn silent_address(&self) -> String {
        match self.silent.local_addr() {
            Ok(address) => address.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Tickets that are spread over the whole cache.
    pub(super) fn cached_services(&self, cache: &str) -> Vec<Contender> {
        let names: Vec<String> = (1..=50)
            .map(|number| host(number * (MANY / 50) - 1))
            .collect();
        let mut arguments = vec!["-c", cache];
        arguments.extend(names.iter().map(String::as_str));
        let mut all = self.contenders("kvno", &arguments, &[], None);
        // Heimdal's kgetcred gets only one ticket per run.
        all.retain(|one| one.who != "Heimdal");
        all
    }

    /// Our tool and MIT's with the same arguments, and Heimdal's, if installed, with its own
    /// arguments.
    fn contenders(
        &self,
        tool: &str,
        arguments: &[&str],
        heimdal_arguments: &[&str],
        stdin: Option<&Path>,
    ) -> Vec<Contender> {
        let contender = |who, program, arguments: &[&str]| Contender {
            who,
            program,
            arguments: arguments
                .iter()
                .map(|&argument| argument.to_owned())
                .collect(),
            stdin: stdin.map(Path::to_owned),
            environment: vec![
                ("KRB5_CONFIG", self.place.path("krb5.conf")),
                ("KRB5CCNAME", self.place.path(&format!("cache-{who}"))),
                ("LC_ALL", "C".into()),
            ],
            start: None,
            at_once: 1,
        };
        let mut all = vec![
            contender("ours", self.place.path(&format!("r{tool}")), arguments),
            contender("MIT", Path::new("/usr/bin").join(tool), arguments),
        ];
        if let Some(root) = parts::heimdal_root() {
            let program = match tool {
                "klist" => self.heimdal_klist(&root),
                // Heimdal has no kvno, but this also gets a ticket.
                "kvno" => root.join("usr/bin/kgetcred"),
                _ => root.join("usr/bin").join(format!("{tool}.heimdal")),
            };
            all.push(contender("Heimdal", program, heimdal_arguments));
        }
        all
    }

    /// Like our tools, Heimdal's klist is only a name of a larger program.
    fn heimdal_klist(&self, root: &Path) -> PathBuf {
        let link = self.place.path("klist");
        if !link.exists() {
            // A failure is noticed in the first run.
            let _ = std::os::unix::fs::symlink(root.join("usr/bin/heimtools"), &link);
        }
        link
    }
}

/// The name of service `number`.
fn host(number: u32) -> String {
    format!("host/node{number:05}.mit.test")
}

/// Heimdal refuses caches that others can read.
fn write_private(place: &Place, name: &str, content: &[u8]) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let path = place.write(name, content);
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o600),
    )?)
}

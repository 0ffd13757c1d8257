//! What is measured: the rows of the table, and the KDC, caches and keytabs they need.

use std::fs::{self, File};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use test_support::raw::{self, RawCredential, RawKey, RawPrincipal};
use test_support::{Krb5Conf, MitRealm, Place, free_port, parts};

use super::stats::Cost;
use crate::process::Outcome;

/// Tickets and keytab entries in the large files.
const MANY: u32 = 10_000;

/// A line of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The ratio to MIT's median that we want to stay below.
    pub(crate) goal: Option<f64>,
    /// The peak memory, in KiB, that we want to stay below.
    pub(crate) memory_limit: Option<u64>,
    /// How often a command that takes seconds runs at most.
    pub(crate) rounds: Option<usize>,
    pub(crate) contenders: Vec<Contender>,
}

/// A command that takes part in a row.
pub(crate) struct Contender {
    /// `ours`, `MIT` or `Heimdal`.
    pub(crate) who: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    stdin: Option<PathBuf>,
    environment: Vec<(&'static str, PathBuf)>,
    /// What is copied to its cache before each run, and is not measured.
    start: Option<PathBuf>,
}

/// The KDC and the files that all rows share.
pub(crate) struct Contest {
    realm: MitRealm,
    place: Place,
    silent: UdpSocket,
}

/// MIT's tools without the plugins that krb5-user alone does not bring: loading them would take them
/// half as long again.
const WITHOUT_PLUGINS: &str =
    "[plugins]\n clpreauth = {\n  disable = pkinit\n  disable = otp\n }\n";

/// The loopback's broadcast address: by TCP the network is unreachable, and nothing leaves the machine.
const UNROUTABLE: &str = "127.255.255.255:88";

impl Contest {
    /// Starts the KDC and makes the files.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub(crate) fn set_up(binary: &Path) -> Outcome<Self> {
        let realm = MitRealm::start();
        let conf = Krb5Conf::new(MitRealm::REALM)
            .kdc(MitRealm::REALM, realm.address())
            .text(WITHOUT_PLUGINS);
        let place = Place::new(&conf);
        for tool in ["rkinit", "rklist", "rkvno"] {
            std::os::unix::fs::symlink(binary, place.path(tool))?;
        }
        for user in ["aes256", "aes256-sha2"] {
            place.write(user, format!("pw-{user}\n"));
        }
        let alice = RawPrincipal::new("alice", MitRealm::REALM);
        let krbtgt = RawPrincipal::new("krbtgt/MIT.TEST", MitRealm::REALM);
        let tgt = RawCredential::new(&alice, &krbtgt);
        write_private(
            &place,
            "one",
            &raw::cache(4, None, &alice, std::slice::from_ref(&tgt)),
        )?;
        let mut tickets = vec![tgt];
        tickets.extend((1..MANY).map(|number| {
            let host =
                RawPrincipal::new(&format!("host/node{number:05}.mit.test"), MitRealm::REALM);
            RawCredential::new(&alice, &host)
        }));
        write_private(&place, "many", &raw::cache(4, None, &alice, &tickets))?;
        let login = place.mit("kinit").line("-c tgt alice");
        login.stdin("wonderland\n").run().success();
        let keys: Vec<RawKey> = (0..MANY)
            .map(|number| RawKey {
                principal: RawPrincipal::new(
                    &format!("host/node{number:05}.mit.test"),
                    MitRealm::REALM,
                ),
                timestamp: 1_780_000_000,
                kvno: 2,
                etype: 18,
                key: vec![0x5a; 32],
            })
            .collect();
        let mut keytab = raw::keytab(2, &keys);
        write_private(&place, "many.keytab", &keytab)?;
        // The key that counts comes last: its entries follow the version bytes of its own keytab.
        let own = fs::read(realm.keytab("aes256"))?;
        keytab.extend(own.iter().skip(2));
        write_private(&place, "last.keytab", &keytab)?;
        let silent = UdpSocket::bind("127.0.0.1:0")?;
        Ok(Self {
            realm,
            place,
            silent,
        })
    }

    /// All rows.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let keytab = self.realm.keytab("aes256").display().to_string();
        let last = self.place.text("last.keytab");
        let many_keys = self.place.text("many.keytab");
        let row = |name, goal, contenders| Row {
            name,
            goal: Some(goal),
            memory_limit: None,
            rounds: None,
            contenders,
        };
        let floor = Row {
            name: "/bin/true",
            goal: None,
            memory_limit: None,
            rounds: None,
            contenders: vec![Contender {
                who: "MIT",
                program: "/bin/true".into(),
                arguments: Vec::new(),
                stdin: None,
                environment: Vec::new(),
                start: None,
            }],
        };
        vec![
            floor,
            Row {
                memory_limit: Some(3 * 1024),
                ..row("kinit -k, aes256", 0.45, self.login_by_keytab(&keytab))
            },
            row(
                "kinit, password, aes256",
                0.35,
                self.login_by_password("aes256"),
            ),
            row(
                "kinit, password, aes256-sha2",
                0.5,
                self.login_by_password("aes256-sha2"),
            ),
            row("klist, 1 ticket", 0.5, self.list_cache("one")),
            Row {
                memory_limit: Some(4 * 1024),
                ..row("klist, 10 000 tickets", 0.1, self.list_cache("many"))
            },
            row(
                "klist -k, 10 000 entries",
                0.2,
                self.list_keytab(&many_keys),
            ),
            row(
                "kinit -k, key last of 10 001",
                0.2,
                self.login_by_keytab(&last),
            ),
            row("kvno, one service", 0.5, self.one_service()),
            row(
                "kvno, 50 names, 10 000 tickets",
                0.02,
                self.cached_services(),
            ),
            row(
                "kinit -k, first KDC refuses",
                0.5,
                self.login_past(&format!("127.0.0.1:{}", free_port())),
            ),
            Row {
                rounds: Some(5),
                ..row(
                    "kinit -k, first KDC is silent",
                    1.0,
                    self.login_past(&self.silent_address()),
                )
            },
            row(
                "kinit -k, no route to the first KDC",
                1.0,
                self.login_past(UNROUTABLE),
            ),
        ]
    }

    fn login_by_keytab(&self, keytab: &str) -> Vec<Contender> {
        let mit = ["-k", "-t", keytab, "aes256"];
        let heimdal = ["-t", keytab, "aes256"];
        self.contenders("kinit", &mit, &heimdal, None)
    }

    fn login_by_password(&self, user: &str) -> Vec<Contender> {
        let password = self.place.text(user);
        let file = format!("--password-file={password}");
        self.contenders(
            "kinit",
            &[user],
            &[&file, user],
            Some(&self.place.path(user)),
        )
    }

    fn list_cache(&self, cache: &str) -> Vec<Contender> {
        let cache = self.place.text(cache);
        self.contenders("klist", &["-c", &cache], &["-c", &cache], None)
    }

    fn list_keytab(&self, keytab: &str) -> Vec<Contender> {
        let mut all = self.contenders("klist", &["-k", keytab], &["-k", keytab, "list"], None);
        // Heimdal's klist lists caches only.
        if let (Some(heimdal), Some(root)) = (
            all.iter_mut().find(|one| one.who == "Heimdal"),
            parts::heimdal_root(),
        ) {
            heimdal.program = root.join("usr/bin/ktutil.heimdal");
        }
        all
    }

    /// A ticket that the KDC has to be asked for, each time with the same fresh TGT.
    fn one_service(&self) -> Vec<Contender> {
        let service = ["host/a.mit.test"];
        let mut all = self.contenders("kvno", &service, &service, None);
        for contender in &mut all {
            contender.start = Some(self.place.path("tgt"));
        }
        all
    }

    /// A login by keytab where krb5.conf names another KDC before the one that answers.
    fn login_past(&self, first: &str) -> Vec<Contender> {
        let conf = MitRealm::conf_without_kdc()
            .kdc(MitRealm::REALM, first)
            .kdc(MitRealm::REALM, self.realm.address())
            .text(WITHOUT_PLUGINS);
        let name = format!("past-{}.conf", first.replace([':', '[', ']'], "-"));
        let path = self.place.write(&name, conf.to_string());
        let keytab = self.realm.keytab("aes256").display().to_string();
        let mut all = self.login_by_keytab(&keytab);
        for contender in &mut all {
            for (variable, value) in &mut contender.environment {
                if *variable == "KRB5_CONFIG" {
                    value.clone_from(&path);
                }
            }
        }
        all
    }

    /// Where datagrams arrive and nobody answers them.
    fn silent_address(&self) -> String {
        match self.silent.local_addr() {
            Ok(address) => address.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Tickets that are spread over the whole cache.
    fn cached_services(&self) -> Vec<Contender> {
        let names: Vec<String> = (1..=50)
            .map(|number| format!("host/node{:05}.mit.test", number * (MANY / 50) - 1))
            .collect();
        let many = self.place.text("many");
        let mut arguments = vec!["-c", &many];
        arguments.extend(names.iter().map(String::as_str));
        let mut all = self.contenders("kvno", &arguments, &[], None);
        // Heimdal's kgetcred gets one ticket a run.
        all.retain(|one| one.who != "Heimdal");
        all
    }

    /// Ours and MIT's with the same arguments, and Heimdal's, if it is here, with its own.
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
        };
        let mut all = vec![
            contender("ours", self.place.path(&format!("r{tool}")), arguments),
            contender("MIT", Path::new("/usr/bin").join(tool), arguments),
        ];
        if let Some(root) = parts::heimdal_root() {
            let program = match tool {
                "klist" => self.heimdal_klist(&root),
                // It has no kvno; this gets a ticket, too.
                "kvno" => root.join("usr/bin/kgetcred"),
                _ => root.join("usr/bin").join(format!("{tool}.heimdal")),
            };
            all.push(contender("Heimdal", program, heimdal_arguments));
        }
        all
    }

    /// Heimdal's klist is a name of a larger program, as our own is.
    fn heimdal_klist(&self, root: &Path) -> PathBuf {
        let link = self.place.path("klist");
        if !link.exists() {
            // A failure shows at the first run.
            let _ = std::os::unix::fs::symlink(root.join("usr/bin/heimtools"), &link);
        }
        link
    }
}

impl Contender {
    /// Runs the command once and returns what it took.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn run(&self) -> Outcome<Cost> {
        self.prepare()?;
        let mut command = self.command(&self.program)?;
        let cpu_before = cpu_of_children()?;
        let start = Instant::now();
        let status = command.status().map_err(|error| self.failed(&error))?;
        let wall = start.elapsed();
        let cpu = cpu_of_children()?.saturating_sub(cpu_before);
        if status.success() {
            Ok(Cost { wall, cpu })
        } else {
            Err(self.failed(&status).into())
        }
    }

    /// Runs the command once and returns its peak memory in KiB, as `time` sees it.
    ///
    /// # Errors
    /// When it fails or `/usr/bin/time` is missing.
    pub(crate) fn peak_memory(&self) -> Outcome<u64> {
        self.prepare()?;
        let mut command = Command::new("/usr/bin/time");
        command
            .args(["-f", "%M"])
            .arg(&self.program)
            .args(&self.arguments);
        self.surround(&mut command)?;
        let output = command.stderr(Stdio::piped()).output().map_err(|error| {
            format!("cannot run /usr/bin/time: {error}\n`cargo xtask install` installs it")
        })?;
        let text = String::from_utf8(output.stderr)?;
        let peak = text
            .lines()
            .last()
            .and_then(|line| line.trim().parse().ok());
        peak.filter(|_| output.status.success())
            .ok_or_else(|| self.failed(&text).into())
    }

    /// Puts the cache there that the command finds.
    fn prepare(&self) -> Outcome {
        let cache = self
            .environment
            .iter()
            .find(|(name, _)| *name == "KRB5CCNAME");
        if let (Some(start), Some((_, cache))) = (&self.start, cache) {
            fs::copy(start, cache)?;
        }
        Ok(())
    }

    fn command(&self, program: &Path) -> Outcome<Command> {
        let mut command = Command::new(program);
        command.args(&self.arguments);
        self.surround(&mut command)?;
        Ok(command)
    }

    fn surround(&self, command: &mut Command) -> Outcome {
        let stdin = match &self.stdin {
            Some(path) => File::open(path)?.into(),
            None => Stdio::null(),
        };
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(stdin).stdout(Stdio::null());
        Ok(())
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> String {
        let arguments = self.arguments.join(" ");
        format!(
            "{}: `{} {arguments}` failed: {why}",
            self.who,
            self.program.display()
        )
    }
}

/// The processor time of all children that have ended; the KDC has not.
fn cpu_of_children() -> Outcome<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let total = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(total.num_microseconds().try_into()?))
}

/// Heimdal refuses caches that others may read.
fn write_private(place: &Place, name: &str, content: &[u8]) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let path = place.write(name, content);
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o600),
    )?)
}

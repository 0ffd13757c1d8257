//! Passwords and keys must not appear in what programs write, nor in their memory once they are no
//! longer needed. The memory is dumped by gdb's `gcore` and searched.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]
#![cfg_attr(not(gcore), allow(dead_code, reason = "only used with gcore"))]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

use cli::{PASSWORD, REALM, place_without_kdc};
use kerberos_crypto::EncryptionType;
use kerberos_testkdc::{PrincipalKey, TestKdc};
use test_support::{Place, Sidecar, Tool};

/// The time limit for gdb, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const NEW_PASSWORD: &str = "staple-battery-horse-correct";

/// A realm, a place with a keytab and a file with the password, and what must not appear.
struct World {
    _kdc: TestKdc,
    place: Place,
    /// The secrets by name, each in every form in which it could appear.
    secrets: Vec<(String, Vec<u8>)>,
}

impl World {
    fn new() -> Self {
        Self::of(&[EncryptionType::AES256_CTS_HMAC_SHA1_96])
    }

    /// The world for keys of these types.
    fn of(etypes: &[EncryptionType]) -> Self {
        let kdc = TestKdc::builder(REALM)
            .etypes(etypes)
            .principal("alice", PASSWORD)
            .service("app/service")
            .service("kadmin/changepw");
        let kdc = kdc.start().expect("a port is free");
        let place = Place::new(&kdc.krb5_conf());
        place.write("password", format!("{PASSWORD}\n"));
        place.write("keytab", kdc.keytab("alice"));
        let mut secrets = vec![
            ("the password".to_owned(), PASSWORD.into()),
            ("the new password".to_owned(), NEW_PASSWORD.into()),
        ];
        for key in kdc.keys("alice").iter().map(PrincipalKey::block) {
            let (etype, bytes) = (key.etype(), key.expose_bytes());
            secrets.push((format!("the key {etype:?}"), bytes.to_vec()));
            let mut digits = String::new();
            for byte in bytes {
                let _ = write!(digits, "{byte:02x}");
            }
            secrets.push((format!("digits of {etype:?}"), digits.clone().into()));
            let upper = digits.to_uppercase();
            secrets.push((format!("DIGITS of {etype:?}"), upper.into()));
        }
        Self {
            _kdc: kdc,
            place,
            secrets,
        }
    }

    /// The names of the secrets that occur in `bytes`, and how often.
    fn found(&self, bytes: &[u8]) -> Vec<(&str, usize)> {
        let mut found = Vec::new();
        for (name, secret) in &self.secrets {
            let windows = bytes.windows(secret.len());
            let count = windows.filter(|window| window == secret).count();
            if count > 0 {
                found.push((name.as_str(), count));
            }
        }
        found
    }
}

#[test]
fn output_and_traces_contain_no_secrets() {
    let world = World::new();
    let place = &world.place;
    let trace = place.text("trace");
    let ours = |tool: &str, line: &str| place.ours(tool).line(line).env("KRB5_TRACE", &trace);
    let password = format!("{PASSWORD}\n");
    let change = format!("{PASSWORD}\n{NEW_PASSWORD}\n{NEW_PASSWORD}\n");
    let runs: Vec<(i32, Tool)> = vec![
        (0, ours("kinit", "-V alice").stdin(password.as_str())),
        (0, ours("kinit", "--json --password-file password alice")),
        (1, ours("kinit", "alice").stdin("hunter2-and-more\n")),
        (0, ours("kinit", "-k -t keytab alice")),
        (0, ours("kvno", "--json app/service")),
        (0, ours("klist", "-f -e -a")),
        (0, ours("klist", "--json")),
        (0, ours("klist", "-k -e keytab")),
        (0, ours("klist", "--json -k keytab")),
        (0, ours("ktutil", "-k keytab list --json")),
        (
            0,
            ours(
                "ktutil",
                "-v -k other add -p alice -V 1 -e aes256-cts --password-file password",
            ),
        ),
        (
            0,
            ours(
                "rekinit",
                "--once --log json -k -t keytab -c FILE:sidecar alice",
            ),
        ),
        (
            0,
            ours(
                "rekinit",
                "--once --password-file password -c FILE:sidecar alice",
            ),
        ),
        (0, ours("kpasswd", "alice").stdin(change)),
        (1, ours("kinit", "-k -t keytab alice")),
        (1, ours("kinit", "--password-file password alice")),
    ];
    for (number, (code, tool)) in runs.into_iter().enumerate() {
        let run = tool.run();
        assert!(run.code() == code, "{number}: {run}");
        let written = [run.stdout.as_slice(), &run.stderr].concat();
        assert_eq!(world.found(&written), [], "{run}");
        assert!(!run.stderr().contains("hunter2"), "{run}");
    }
    let traced = fs::read(&trace).expect("the trace was written");
    assert!(traced.len() > 1000);
    assert_eq!(world.found(&traced), []);
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_shown() {
    let place = place_without_kdc();
    for line in [
        format!("--password {PASSWORD} alice"),
        format!("--password={PASSWORD} alice"),
        format!("--pass {PASSWORD}"),
        format!("--password-f {PASSWORD} alice"),
        format!("--passwd {PASSWORD} alice"),
    ] {
        let add = format!("add -p alice -V 1 -e aes256-cts {line}");
        for (tool, line) in [("kinit", &line), ("rekinit", &line), ("ktutil", &add)] {
            let run = place.ours(tool).line(line).run().exits(2);
            assert!(
                run.stderr().contains("unrecognized option '--pass"),
                "{run}"
            );
            assert!(!run.stderr().contains(PASSWORD), "{run}");
        }
    }
}

/// At the end of a login, neither the password nor the key is left in memory.
#[test]
#[cfg_attr(not(gcore), ignore = "needs gdb")]
fn login_leaves_no_secret_in_memory() {
    for etype in [
        EncryptionType::AES256_CTS_HMAC_SHA1_96,
        EncryptionType::AES256_CTS_HMAC_SHA384_192,
        EncryptionType::CAMELLIA256_CTS_CMAC,
        EncryptionType::DES3_CBC_SHA1,
        EncryptionType::ARCFOUR_HMAC,
    ] {
        let world = World::of(&[etype]);
        for line in ["--password-file password alice", "-k -t keytab alice"] {
            let memory = memory_at_the_end(&world.place, line);
            assert_eq!(world.found(&memory), [], "{etype}, {line}");
        }
    }
}

/// A sidecar that is waiting for the next login has the last accepted secret in memory, because the
/// KDC may not know a newer one yet. But it has it only once, and does not have the key derived
/// from a password.
#[test]
#[cfg_attr(not(gcore), ignore = "needs gdb")]
fn waiting_sidecar_has_only_the_needed_secret_in_memory() {
    let world = World::new();
    let the_key = format!("the key {:?}", EncryptionType::AES256_CTS_HMAC_SHA1_96);
    for (line, needed) in [
        (
            "--password-file password -c FILE:cache alice",
            "the password",
        ),
        ("-k -t keytab -c FILE:cache alice", &*the_key),
    ] {
        let log = world.place.path("log");
        let tool = world.place.ours("rekinit").line(line);
        let mut sidecar = Sidecar::start(tool, &log);
        sidecar.wait_for("next refresh", 1);
        // The line is logged at the end of the login, a moment before its thread starts to wait.
        thread::sleep(Duration::from_millis(500));
        let core = world.place.path("core");
        let gcore = Tool::new("/usr/bin/gcore").arg("-o").arg(&core);
        let gcore = gcore.arg(sidecar.id().to_string()).limit(PATIENCE);
        gcore.run().success();
        let memory = read(&world.place.path(&format!("core.{}", sidecar.id())));
        let found = world.found(&memory);
        assert_eq!(found, [(needed, 1)], "{line}");
    }
}

/// The memory of a kinit at the system call with which it exits.
fn memory_at_the_end(place: &Place, line: &str) -> Vec<u8> {
    let core = place.path("core");
    let gdb = ["gdb", "-batch", "-nx", "-iex", "set debuginfod enabled off"];
    let write = format!("gcore {}", core.display());
    let commands = [
        "-ex",
        "catch syscall exit_group",
        "-ex",
        "run",
        "-ex",
        &write,
        "-ex",
        "kill",
        "--args",
    ];
    let tool = place.ours("kinit").line(line);
    let tool = tool.through(gdb.iter().chain(&commands));
    let run = tool.limit(PATIENCE).run();
    assert!(core.exists(), "{run}");
    read(&core)
}

fn read(core: &Path) -> Vec<u8> {
    let memory = fs::read(core).expect("gdb writes it");
    // Otherwise the dump would prove nothing.
    assert!(memory.windows(8).any(|window| window == b"CLI.TEST"));
    fs::remove_file(core).expect("the file can be removed");
    memory
}

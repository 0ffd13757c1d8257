//! `cargo xtask demo`: runs the real tools against a KDC in this process, and shows what to look
//! at.

use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, io};

use kerberos_asn1::NameType;
use kerberos_files::keytab::{KeytabEntry, KeytabFile};
use kerberos_proto::Principal;
use kerberos_testkdc::{Fault, TestKdc};
use test_support::{Place, TempDir};

use crate::process::{self, Outcome};

const REALM: &str = "DEMO.TEST";
const PASSWORD: &str = "wonderland";
const SERVICE: &str = "app/demo.test";

/// Runs the demonstration.
///
/// # Errors
/// When a tool does not behave as the demonstration says.
pub(crate) fn run() -> Outcome {
    process::run(&mut process::cargo([
        "build",
        "--quiet",
        "--package",
        "rkinit",
    ]))?;
    let kdc = TestKdc::builder(REALM)
        .principal("alice", PASSWORD)
        .service(SERVICE)
        .start()?;
    let place = Place::new(&kdc.krb5_conf());
    let keytab = KeytabFile::new(place.path("app.keytab"));
    keytab.add(&entries_of(&kdc, SERVICE)?)?;
    let links = TempDir::new();

    say(&format!(
        "A KDC of the realm {REALM} now runs in this process, on {}. Everything below uses this \
         folder:\n  {}\n  krb5.conf   says where the KDC is (KRB5_CONFIG names it)\n  app.keytab  \
         holds the keys of {SERVICE}\n  cache       is where tickets go (KRB5CCNAME names it)",
        kdc.address(),
        place.path("").display(),
    ));
    let demo = Demo { place: &place };

    say("1. One binary answers to many names: links, made without a shell.");
    let folder = links.path().display().to_string();
    demo.show("rkinit", &["--install-links", &folder], "", 0)?;
    let mut names: Vec<String> = fs::read_dir(links.path())?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    println!("    -> {}", names.join(", "));

    say("2. A service logs in with its keytab. No output: it worked, as with kinit.");
    demo.show(
        "rkinit",
        &["-k", "-t", &place.text("app.keytab"), SERVICE],
        "",
        0,
    )?;

    say("3. What it got: look at `krbtgt`, the ticket that gets other tickets, and when it ends.");
    demo.show("rklist", &["-e", "-f"], "", 0)?;

    say("4. A user logs in with a password (here typed by the demonstration).");
    demo.show("rkinit", &["-V", "alice"], &format!("{PASSWORD}\n"), 0)?;

    say(
        "5. A ticket for a service, which is what all this is for; the service's keytab opens it. \
         It is in the cache now, beside the one that got it.",
    );
    let keytab = place.text("app.keytab");
    demo.show("rkvno", &["-k", &keytab, SERVICE], "", 0)?;
    demo.show("rklist", &[], "", 0)?;

    say("6. A wrong password: MIT's message, which scripts match on; then what to do.");
    demo.show("rkinit", &["alice"], "looking-glass\n", 1)?;

    say(
        "7. Somebody lies: the reply's nonce is not the request's. Refused, and the cache is kept.",
    );
    kdc.set_fault(Fault::WrongNonce);
    demo.show("rkinit", &["alice"], &format!("{PASSWORD}\n"), 1)?;
    kdc.clear_faults();
    demo.show("rklist", &["-s"], "", 0)?;

    say("8. The keytab, as a listing shows it: the key version (KVNO) and the encryption types.");
    demo.show("rklist", &["-k", "-e", &place.text("app.keytab")], "", 0)?;

    say("9. The cache goes.");
    demo.show("rkdestroy", &[], "", 0)?;

    say(
        "Next: docs/ARCHITECTURE.md tells where things are. In your own tests, \
         `kerberos_testkdc::TestKdc` is the KDC that you just saw; `kerberos_client` logs in \
         without any subprocess.",
    );
    Ok(())
}

struct Demo<'a> {
    place: &'a Place,
}

impl Demo<'_> {
    /// Runs a tool and prints the command line, its output and its exit code.
    fn show(&self, tool: &str, arguments: &[&str], stdin: &str, expected: i32) -> Outcome {
        let folder = format!(
            "{}/",
            self.place
                .path("")
                .display()
                .to_string()
                .trim_end_matches('/')
        );
        let shown = format!("{tool} {}", arguments.join(" ")).replace(&folder, "");
        let shown = format!("$ {}", shown.trim_end());
        println!("\n    {}", process::bold(&shown, &io::stdout()));
        let run = self.place.ours(tool).args(arguments).stdin(stdin).run();
        for line in run.stdout().lines().chain(run.stderr().lines()) {
            println!("    {line}");
        }
        if run.code() != 0 || run.stdout.is_empty() {
            println!("    (exit code {})", run.code());
        }
        if run.code() == expected {
            return Ok(());
        }
        Err(format!("{tool} should have ended with exit code {expected}: {run}").into())
    }
}

fn say(text: &str) {
    println!("\n{}", process::bold(text, &io::stdout()));
}

/// The keys of `name` as keytab entries.
fn entries_of(kdc: &TestKdc, name: &str) -> Outcome<Vec<KeytabEntry>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let timestamp = u32::try_from(now)?;
    let entries = kdc.keys(name).iter().map(|key| KeytabEntry {
        principal: Principal::new(
            NameType::PRINCIPAL,
            key.components().iter().map(String::as_bytes),
            REALM.as_bytes(),
        ),
        timestamp,
        kvno: key.kvno(),
        key: key.block(),
    });
    Ok(entries.collect())
}

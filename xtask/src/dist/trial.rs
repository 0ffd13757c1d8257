//! Runs the built binary, for this machine's processor or another, with MIT's KDC: logins by keytab
//! and by password, a listing, and the sidecar over several lifetimes of a ticket.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use test_support::{Finished, MitRealm, Place, Sidecar, Tool, parts};

use super::Target;
use crate::install;
use crate::process::{self, Outcome};

/// Tries `binary`. Without a KDC, it prints that it was not tried.
///
/// # Errors
/// When a tool misbehaves, or no emulator runs programs for that processor.
///
/// # Panics
/// When the KDC does not start, or the sidecar does not do its work in time.
pub(super) fn run(binary: &Path, target: Target) -> Outcome {
    if !parts::mit() {
        eprintln!("xtask: not tried for want of MIT's KDC: cargo xtask install");
        return Ok(());
    }
    let emulator = emulator(target)?;
    let realm = MitRealm::start();
    let place = realm.place();
    fs::copy(realm.keytab("robot"), place.path("keytab"))?;
    for name in ["rkinit", "rklist", "rekinit"] {
        symlink(binary, place.path(name))?;
    }
    let tool = |name: &str| tool(&place, emulator.as_deref(), name);
    expect(&tool("rkinit").line("-k robot").run(), "")?;
    expect(&tool("rklist").run(), "Default principal: robot@MIT.TEST")?;
    expect(
        &tool("rkinit").arg("alice").stdin("wonderland\n").run(),
        "Password",
    )?;
    expect(&tool("rklist").arg("-e").run(), "krbtgt/MIT.TEST@MIT.TEST")?;
    let options = "--log json -k -l 5 robot";
    let mut sidecar = Sidecar::start(tool("rekinit").line(options), place.path("log"));
    sidecar.wait_for("\"event\":\"refreshed\"", 3);
    expect(&tool("rekinit").line("--check -V").run(), "")?;
    sidecar.signal("TERM");
    if sidecar.wait(Duration::from_secs(10)) != 0 {
        return Err(format!("the sidecar failed: {}", sidecar.log()).into());
    }
    eprintln!("xtask: {} runs", target.triple);
    Ok(())
}

fn tool(place: &Place, emulator: Option<&str>, name: &str) -> Tool {
    match emulator {
        Some(emulator) => place.program(emulator).arg(place.path(name)),
        None => place.program(&place.text(name)),
    }
}

fn expect(run: &Finished, output: &str) -> Outcome {
    if run.code() == 0 && run.stdout().contains(output) {
        return Ok(());
    }
    Err(format!("expected {output}: {run}").into())
}

/// The emulator for programs of another processor than this machine's.
fn emulator(target: Target) -> Outcome<Option<String>> {
    let processor = target.triple.split('-').next().unwrap_or_default();
    if processor == std::env::consts::ARCH {
        return Ok(None);
    }
    let emulator = format!("qemu-{processor}-static");
    if !process::in_path(&emulator) {
        install::packages(&["qemu-user-static"])?;
    }
    Ok(Some(format!("/usr/bin/{emulator}")))
}

//! Prevents Debian from starting the servers that it installs, now and at the next boot: the tests
//! start their own, each with its own configuration.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Outcome};

/// The script that packages ask before they start a service (Debian's `invoke-rc.d`).
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Calls `install`, which installs packages. Afterwards none of their services runs or is enabled.
///
/// # Errors
/// When `install` fails, or when services cannot be prevented from starting.
pub(super) fn without(install: impl FnOnce() -> Outcome) -> Outcome {
    let before = enabled();
    let policy = Policy::forbid()?;
    let outcome = install();
    drop(policy);
    for (how, name) in enabled().difference(&before) {
        let mut disable = match how {
            How::Unit => Command::new("deb-systemd-helper"),
            How::Script => Command::new("update-rc.d"),
        };
        match how {
            // This tool works only if this variable says that a package calls it; `systemctl`
            // requires a booted system.
            How::Unit => disable
                .env("DPKG_MAINTSCRIPT_PACKAGE", "rkinit")
                .args(["disable", name]),
            How::Script => disable.args([name, "disable"]),
        };
        process::run(&mut disable)?;
    }
    outcome
}

/// How a service is started at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Unit,
    Script,
}

fn enabled() -> BTreeSet<(How, String)> {
    let names = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok())
    };
    let systemd = Path::new("/etc/systemd/system");
    let units = names(systemd.to_path_buf())
        .filter(|name| name.strip_suffix(".wants").is_some())
        .flat_map(|wants| names(systemd.join(wants)))
        .map(|unit| (How::Unit, unit));
    // In run level 3: `S01slapd`.
    let scripts = names(PathBuf::from("/etc/rc3.d"))
        .filter_map(|name| Some((How::Script, name.strip_prefix('S')?.get(2..)?.to_owned())));
    units.chain(scripts).collect()
}

/// While this exists, no package starts a service.
struct Policy {
    kept: PathBuf,
}

impl Policy {
    fn forbid() -> Outcome<Self> {
        let kept = PathBuf::from(format!("{POLICY}.before-rkinit"));
        if Path::new(POLICY).exists() && !kept.exists() {
            fs::rename(POLICY, &kept)?;
        }
        let policy = Self { kept };
        // 101: forbidden by policy.
        fs::write(POLICY, "#!/bin/sh\nexit 101\n")?;
        fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))?;
        Ok(policy)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        let restored = if self.kept.exists() {
            fs::rename(&self.kept, POLICY)
        } else {
            fs::remove_file(POLICY)
        };
        if let Err(error) = restored {
            eprintln!("xtask: cannot restore {POLICY}: {error}");
        }
    }
}

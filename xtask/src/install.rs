//! Installs what the tests need and the machine lacks: real Kerberos servers and tools from Debian,
//! cargo's own helpers from the registry.
//!
//! Heimdal's programs conflict with MIT's as packages, so they are only unpacked, below the target
//! folder, where `test_support::heimdal_root` finds them; their libraries are installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use test_support::parts;

use crate::process::{self, Outcome};

/// A program from a Debian package.
struct Part {
    /// A file that the package brings.
    probe: &'static str,
    package: &'static str,
}

const MIT: &[Part] = &[
    Part {
        probe: "/usr/sbin/krb5kdc",
        package: "krb5-kdc",
    },
    Part {
        probe: "/usr/sbin/kadmin.local",
        package: "krb5-admin-server",
    },
    Part {
        probe: "/usr/bin/kinit",
        package: "krb5-user",
    },
];

/// Small tools that the harness and the benchmark call.
const TOOLS: &[Part] = &[
    Part {
        probe: "/usr/bin/faketime",
        package: "faketime",
    },
    Part {
        probe: "/usr/bin/setpriv",
        package: "util-linux",
    },
    Part {
        probe: "/usr/bin/script",
        package: "bsdutils",
    },
    Part {
        probe: "/usr/bin/time",
        package: "time",
    },
];

const HEIMDAL_PROGRAMS: [&str; 2] = ["heimdal-clients", "heimdal-kdc"];
const HEIMDAL_LIBRARIES: &[&str] = &[
    "libgssapi3-heimdal",
    "libhdb9-heimdal",
    "libheimntlm0-heimdal",
    "libkadm5clnt7-heimdal",
    "libkadm5srv8-heimdal",
    "libkafs0-heimdal",
    "libkdc2-heimdal",
    "libkrb5-26-heimdal",
    "libotp0-heimdal",
    "libsl0-heimdal",
];

/// Installs everything that is missing.
///
/// # Errors
/// When something is missing and this is no Debian or we are not root: the message then says what
/// to install. Outside CI the tests can run without, and count as ignored.
pub(crate) fn everything() -> Outcome {
    cargo_tool("cargo-nextest")?;
    let mut missing: Vec<&str> = MIT
        .iter()
        .chain(TOOLS)
        .filter(|part| !Path::new(part.probe).exists())
        .map(|part| part.package)
        .collect();
    let heimdal_missing = parts::heimdal_root().is_none();
    if missing.is_empty() && !heimdal_missing {
        return Ok(());
    }
    if heimdal_missing {
        missing.extend(HEIMDAL_LIBRARIES);
    }
    if !process::in_path("apt-get") || !is_root() {
        return Err(format!(
            "some servers and tools that the tests run against are missing.\n\
             On Debian, as root, `cargo xtask install` installs them. Elsewhere install what \
             provides: {}\n\
             and, for Heimdal, unpack its clients and its KDC into a folder and name that folder \
             in {}.",
            missing.join(" "),
            parts::HEIMDAL_VARIABLE,
        )
        .into());
    }
    apt_get(["update", "-qq"])?;
    apt_get(
        ["install", "-y", "-qq", "--no-install-recommends"]
            .into_iter()
            .chain(missing),
    )?;
    if heimdal_missing {
        unpack_heimdal()?;
    }
    Ok(())
}

/// Installs the cargo subcommand `name` from the registry unless it is there.
///
/// # Errors
/// When cargo cannot install it.
pub(crate) fn cargo_tool(name: &str) -> Outcome {
    if process::in_path(name) {
        return Ok(());
    }
    process::run(&mut process::cargo(["install", name, "--locked"]))
}

fn unpack_heimdal() -> Outcome {
    let root = parts::target_dir().join("heimdal");
    let downloads = root.join("download");
    fs::create_dir_all(&downloads)?;
    let mut download = Command::new("apt-get");
    // Root may not be allowed to hand the files to apt's own user in this folder: stay root.
    download
        .args(["-o", "APT::Sandbox::User=root", "-qq", "download"])
        .args(HEIMDAL_PROGRAMS);
    process::run(download.current_dir(&downloads))?;
    for entry in fs::read_dir(&downloads)? {
        let package = entry?.path();
        if package
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            process::run(Command::new("dpkg").arg("-x").arg(&package).arg(&root))?;
        }
    }
    match parts::heimdal_root() {
        Some(_) => Ok(()),
        None => Err(format!("no Heimdal KDC in {} after unpacking", root.display()).into()),
    }
}

fn apt_get<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Outcome {
    let mut command = Command::new("apt-get");
    // Somebody else may be installing: wait for them.
    command
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(arguments);
    process::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0")
}

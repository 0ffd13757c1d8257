//! Installs what the tests need and the machine lacks: real Kerberos servers and tools from Debian,
//! and cargo's helpers from the registry. No server is left running or enabled.
//!
//! Heimdal's packages conflict with MIT's, so they are only unpacked below the target folder, where
//! `test_support::heimdal_root` finds them; their libraries are installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use test_support::parts;

use crate::process::{self, Outcome};

mod services;
mod vectors;

/// A program from a Debian package.
struct Part {
    /// A file in the package; `/*/` matches any single folder.
    probe: &'static str,
    package: &'static str,
}

const fn part(probe: &'static str, package: &'static str) -> Part {
    Part { probe, package }
}

const MIT: &[Part] = &[
    part("/usr/sbin/krb5kdc", "krb5-kdc"),
    part("/usr/sbin/kadmin.local", "krb5-admin-server"),
    part("/usr/bin/kinit", "krb5-user"),
    part("/usr/sbin/kpropd", "krb5-kpropd"),
    // Their formats of times differ.
    part("/usr/share/i18n/locales/en_US", "locales"),
    // Calls MIT's library for the tests.
    part("/usr/bin/python3", "python3"),
    part(
        "/usr/lib/python3/dist-packages/gssapi/__init__.py",
        "python3-gssapi",
    ),
];

/// A KDC proxy, and what MIT's clients need for it.
const KDC_PROXY: &[Part] = &[
    part(
        "/usr/lib/python3/dist-packages/kdcproxy/__init__.py",
        "python3-kdcproxy",
    ),
    part("/usr/lib/*/krb5/plugins/tls/k5tls.so", "krb5-k5tls"),
];

/// MIT's KDC with its database in OpenLDAP.
const MIT_LDAP: &[Part] = &[
    part("/usr/sbin/kdb5_ldap_util", "krb5-kdc-ldap"),
    part("/usr/sbin/slapd", "slapd"),
    part("/usr/bin/ldapadd", "ldap-utils"),
];

/// An Active Directory domain controller, and its clients.
const SAMBA: &[Part] = &[
    part("/usr/sbin/smbd", "samba"),
    part("/usr/sbin/samba", "samba-ad-dc"),
    part(
        "/usr/share/samba/setup/provision.ldif",
        "samba-ad-provision",
    ),
    part("/usr/lib/*/samba/ldb/samba_dsdb.so", "samba-dsdb-modules"),
    part("/usr/lib/*/samba/vfs/acl_xattr.so", "samba-vfs-modules"),
    part("/usr/sbin/winbindd", "winbind"),
    part(
        "/usr/lib/python3/dist-packages/samba/__init__.py",
        "python3-samba",
    ),
    part("/usr/bin/smbclient", "smbclient"),
    part("/usr/bin/ldapsearch", "ldap-utils"),
    part(
        "/usr/lib/*/sasl2/libgssapiv2.so",
        "libsasl2-modules-gssapi-mit",
    ),
];

/// Servers that accept our tickets, and their clients.
const CONSUMERS: &[Part] = &[
    part("/usr/sbin/apache2", "apache2-bin"),
    part(
        "/usr/lib/apache2/modules/mod_auth_gssapi.so",
        "libapache2-mod-auth-gssapi",
    ),
    part("/usr/bin/curl", "curl"),
    part(
        "/usr/lib/python3/dist-packages/requests_kerberos/__init__.py",
        "python3-requests-kerberos",
    ),
    part(
        "/usr/lib/python3/dist-packages/pip/__init__.py",
        "python3-pip",
    ),
    part("/usr/bin/gss-client", "krb5-gss-samples"),
    part("/usr/bin/javac", "openjdk-17-jdk-headless"),
    part("/usr/bin/psql", "postgresql-client"),
    part("/usr/lib/postgresql/*/bin/postgres", "postgresql"),
];

/// A DNS server.
const DNS: &[Part] = &[part("/usr/sbin/nsd", "nsd")];

/// The daemon that provides KCM caches on most systems.
const KCM: &[Part] = &[
    part("/usr/libexec/sssd/sssd_kcm", "sssd-kcm"),
    part("/usr/sbin/sssd", "sssd-common"),
];

/// Containers for the sidecar. Starting the engine is up to the machine.
const DOCKER: &[Part] = &[
    part("/usr/sbin/dockerd", "docker.io"),
    part("/usr/bin/docker", "docker.io"),
    part("/usr/bin/docker-compose", "docker-compose"),
    // Renders the Kubernetes manifests that we ship.
    part("/usr/bin/kubectl", "kubernetes-client"),
    part("/usr/bin/systemd-analyze", "systemd"),
];

/// Small tools that the harness and the benchmark call.
const TOOLS: &[Part] = &[
    part("/usr/bin/faketime", "faketime"),
    part("/usr/bin/setpriv", "util-linux"),
    part("/usr/bin/nsenter", "util-linux"),
    part("/usr/bin/script", "bsdutils"),
    part("/usr/bin/time", "time"),
    // For killing programs at system calls, and for looking into their memory.
    part("/usr/bin/strace", "strace"),
    part("/usr/bin/gcore", "gdb"),
    // For libFuzzer.
    part("/usr/bin/c++", "g++"),
];

const HEIMDAL_PROGRAMS: [&str; 3] = ["heimdal-clients", "heimdal-kdc", "heimdal-kcm"];
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
/// When something is missing and this is not Debian or we are not root. The message then says what
/// to install. Outside CI the tests can run without it, and are shown as ignored.
pub(crate) fn everything() -> Outcome {
    cargo_tool("cargo-nextest")?;
    let mut missing: Vec<&str> = MIT
        .iter()
        .chain(KDC_PROXY)
        .chain(MIT_LDAP)
        .chain(SAMBA)
        .chain(CONSUMERS)
        .chain(DNS)
        .chain(KCM)
        .chain(DOCKER)
        .chain(TOOLS)
        .filter(|part| !is_here(part.probe))
        .map(|part| part.package)
        .collect();
    let heimdal_missing = parts::heimdal_kcm().is_none();
    let schema_missing = parts::kerberos_schema().is_none();
    if missing.is_empty() && !heimdal_missing && !schema_missing {
        vectors::fetch_or_say_so();
        return python_packages();
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
    services::without(|| {
        apt_get(
            ["install", "-y", "-qq", "--no-install-recommends"]
                .into_iter()
                .chain(missing),
        )
    })?;
    if heimdal_missing {
        unpack("heimdal", &HEIMDAL_PROGRAMS)?;
        if parts::heimdal_kcm().is_none() {
            return Err("no Heimdal KDC and no kcm in its packages".into());
        }
    }
    // On machines that do not install documentation, the package is installed without the schema.
    if parts::kerberos_schema().is_none() {
        unpack("krb5-kdc-ldap", &["krb5-kdc-ldap"])?;
        if parts::kerberos_schema().is_none() {
            return Err("no kerberos.schema.gz in the package krb5-kdc-ldap".into());
        }
    }
    vectors::fetch_or_say_so();
    python_packages()
}

/// Installs Python packages that Debian does not have, below the target folder.
fn python_packages() -> Outcome {
    let pip = || {
        let mut pip = Command::new("/usr/bin/python3");
        pip.args(["-m", "pip", "install", "--quiet"]);
        pip
    };
    let folder = parts::python_packages();
    if !folder.join("requests_gssapi/__init__.py").exists() {
        // Without its dependencies, which come from Debian.
        let mut pip = pip();
        pip.args(["--no-deps", "requests-gssapi", "--target"]);
        process::run(pip.arg(folder))?;
    }
    if !parts::schemas_installed() {
        let mut pip = pip();
        pip.args(["kubernetes-validate", "botocore", "--target"]);
        process::run(pip.arg(parts::schemas()))?;
    }
    Ok(())
}

/// Installs Debian packages.
///
/// # Errors
/// When this is not Debian, we are not root, or apt-get fails.
pub(crate) fn packages(names: &[&str]) -> Outcome {
    if !process::in_path("apt-get") || !is_root() {
        return Err(format!("install {}", names.join(" ")).into());
    }
    apt_get(["update", "-qq"])?;
    apt_get(
        ["install", "-y", "-qq", "--no-install-recommends"]
            .into_iter()
            .chain(names.iter().copied()),
    )
}

/// Installs the cargo subcommand `name` from the registry unless it is there.
///
/// # Errors
/// When cargo cannot install it.
pub(crate) fn cargo_tool(name: &str) -> Outcome {
    if process::in_path(name) {
        return Ok(());
    }
    // These tools run only for a second, so an optimised build is not worth minutes.
    let mut install = process::cargo(["install", name, "--locked"]);
    for (setting, value) in [("OPT_LEVEL", "1"), ("LTO", "off"), ("CODEGEN_UNITS", "64")] {
        install.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    process::run(&mut install)
}

/// Unpacks packages into the folder `name` below the target folder, without installing them.
fn unpack(name: &str, packages: &[&str]) -> Outcome {
    let root = parts::target_dir().join(name);
    let downloads = root.join("download");
    fs::create_dir_all(&downloads)?;
    let mut download = Command::new("apt-get");
    // In this folder, root may be unable to hand files to apt's own user, so apt stays root.
    download
        .args(["-o", "APT::Sandbox::User=root", "-qq", "download"])
        .args(packages);
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
    Ok(())
}

/// Whether the file `probe` exists.
fn is_here(probe: &str) -> bool {
    let Some((folder, rest)) = probe.split_once("/*/") else {
        return Path::new(probe).exists();
    };
    let folders = fs::read_dir(folder).into_iter().flatten().flatten();
    folders
        .map(|entry| entry.path().join(rest))
        .any(|path| path.exists())
}

fn apt_get<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Outcome {
    let mut command = Command::new("apt-get");
    // Another process may be installing packages: wait for it.
    command
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(arguments);
    process::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0")
}

//! Which real servers and tools this machine has, and where they are.
//!
//! Build scripts of the test packages use this, so that tests without their server are visibly
//! ignored. In CI everything counts as present, so that such tests run, and fail with a message.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environment variable for a folder with an unpacked Heimdal.
pub const HEIMDAL_VARIABLE: &str = "RKINIT_HEIMDAL";

/// The environment variable for the root folder of a Debian system with Samba 4.19 or newer,
/// created by `debootstrap`. The programs of that release run within it.
pub const NEWER_SAMBA_VARIABLE: &str = "RKINIT_NEWER_SAMBA";

/// Whether this is a CI run (`CI=true`).
pub fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}

/// Whether MIT's KDC, its administration tools and its clients are installed.
pub fn mit() -> bool {
    [
        "/usr/sbin/krb5kdc",
        "/usr/sbin/kdb5_util",
        "/usr/sbin/kadmin.local",
        "/usr/bin/kinit",
        "/usr/share/i18n/locales/en_US",
    ]
    .iter()
    .all(|path| Path::new(path).exists())
}

/// Whether MIT's kpropd is installed, whose acceptor is tested with our requests.
pub fn kpropd() -> bool {
    Path::new("/usr/sbin/kpropd").exists()
}

/// The folder with the unpacked Heimdal, if there is one.
pub fn heimdal_root() -> Option<PathBuf> {
    let named = env::var_os(HEIMDAL_VARIABLE).map(PathBuf::from);
    [named, Some(target_dir().join("heimdal"))]
        .into_iter()
        .flatten()
        .find(|root| root.join("usr/lib/heimdal-servers/kdc").exists())
}

/// Heimdal's KCM daemon, if it is unpacked with the rest.
pub fn heimdal_kcm() -> Option<PathBuf> {
    let program = heimdal_root()?.join("usr/sbin/kcm");
    program.exists().then_some(program)
}

/// Whether sssd's KCM daemon is installed.
pub fn sssd_kcm() -> bool {
    ["/usr/libexec/sssd/sssd_kcm", "/usr/sbin/sssd"]
        .iter()
        .all(|path| Path::new(path).exists())
}

/// Whether programs may use the kernel's keyrings. In most containers they may not, and this file
/// is empty there.
pub fn keyrings() -> bool {
    std::fs::read("/proc/keys").is_ok_and(|keys| !keys.is_empty())
}

/// Whether the loopback interface has an IPv6 address. In some containers it has none.
pub fn ipv6() -> bool {
    std::net::UdpSocket::bind("[::1]:0").is_ok()
}

/// Whether Samba's domain controller and its clients are installed.
pub fn samba() -> bool {
    [
        "/usr/sbin/samba",
        "/usr/bin/samba-tool",
        "/usr/bin/smbclient",
        "/usr/share/samba/setup/provision.ldif",
    ]
    .iter()
    .all(|path| Path::new(path).exists())
}

/// The root folder of a Debian system with a newer Samba, if there is one.
pub fn newer_samba_root() -> Option<PathBuf> {
    let named = env::var_os(NEWER_SAMBA_VARIABLE).map(PathBuf::from);
    [named, Some(target_dir().join("newer-samba"))]
        .into_iter()
        .flatten()
        .find(|root| root.join("usr/sbin/samba").exists())
}

/// Whether OpenLDAP's server and MIT's database module for it are installed.
pub fn mit_ldap() -> bool {
    mit()
        && kerberos_schema().is_some()
        && [
            "/usr/sbin/slapd",
            "/usr/sbin/kdb5_ldap_util",
            "/usr/bin/ldapadd",
        ]
        .iter()
        .all(|path| Path::new(path).exists())
}

/// The schema of MIT's LDAP database, compressed. Debian has it among the documentation, which some
/// systems do not install. Then `cargo xtask install` unpacks it below the target folder.
pub fn kerberos_schema() -> Option<PathBuf> {
    let schema = Path::new("usr/share/doc/krb5-kdc-ldap/kerberos.schema.gz");
    [PathBuf::from("/"), target_dir().join("krb5-kdc-ldap")]
        .iter()
        .map(|root| root.join(schema))
        .find(|path| path.exists())
}

/// Whether Apache with mod_auth_gssapi, and curl, are installed.
pub fn apache() -> bool {
    [
        "/usr/sbin/apache2",
        "/usr/lib/apache2/modules/mod_auth_gssapi.so",
        "/usr/bin/curl",
    ]
    .iter()
    .all(|path| Path::new(path).exists())
}

/// The folder of PostgreSQL's server programs, if they and psql are installed.
pub fn postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .find(|programs| programs.join("postgres").exists())
        .filter(|_| Path::new("/usr/bin/psql").exists())
}

/// Whether Python's kdcproxy is installed, and what MIT's clients need to reach it.
pub fn kdcproxy() -> bool {
    let libraries = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten();
    let mut plugins = libraries.map(|folder| folder.path().join("krb5/plugins/tls/k5tls.so"));
    python() && Path::new(KDCPROXY).exists() && plugins.any(|plugin| plugin.exists())
}

const KDCPROXY: &str = "/usr/lib/python3/dist-packages/kdcproxy/__init__.py";

/// Whether NSD, a DNS server, is installed.
pub fn nsd() -> bool {
    Path::new("/usr/sbin/nsd").exists()
}

/// The library that shifts a program's clock.
pub fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    folders
        .flatten()
        .map(|folder| folder.path().join("faketime/libfaketime.so.1"))
        .find(|library| library.exists())
}

/// Whether Python is installed, which calls MIT's library for tests.
pub fn python() -> bool {
    Path::new("/usr/bin/python3").exists()
}

/// Whether python-gssapi is installed, which controls MIT's GSS-API library.
pub fn python_gssapi() -> bool {
    python() && Path::new(PYTHON_GSSAPI).exists()
}

/// Debian's path of it.
const PYTHON_GSSAPI: &str = "/usr/lib/python3/dist-packages/gssapi/__init__.py";

/// Whether requests-kerberos and requests-gssapi are installed, with which Python programs get
/// pages.
pub fn python_requests() -> bool {
    let module = python_packages().join(REQUESTS_GSSAPI);
    python() && Path::new(PYTHON_REQUESTS).exists() && module.exists()
}

/// The folder for Python packages that Debian does not have. Programs need it in `PYTHONPATH`.
pub fn python_packages() -> PathBuf {
    target_dir().join("python")
}

/// The path of the package in there.
const REQUESTS_GSSAPI: &str = "requests_gssapi/__init__.py";
const PYTHON_REQUESTS: &str = "/usr/lib/python3/dist-packages/requests_kerberos/__init__.py";

/// Whether Docker with Compose is installed, and its engine responds; only root may use it.
pub fn docker() -> bool {
    let version = |program: &str, arguments: &[&str]| {
        let run = Command::new(program).args(arguments).output();
        run.is_ok_and(|output| output.status.success())
    };
    root()
        && version(
            "/usr/bin/docker",
            &["version", "--format={{.Server.Version}}"],
        )
        && version("/usr/bin/docker-compose", &["version", "--short"])
}

/// The folder of Python packages with the schemas of Kubernetes' and Amazon's documents. It
/// includes their dependencies, because Debian's versions are too old.
pub fn schemas() -> PathBuf {
    target_dir().join("schemas")
}

/// The folder of MIT's published encodings and profiles, which tests/vectors compares ours with.
pub fn vectors() -> PathBuf {
    target_dir().join("vectors")
}

/// Whether these packages are installed, and the programs that render the documents.
pub fn schemas_installed() -> bool {
    let packages = ["kubernetes_validate", "botocore"];
    let here = |package: &str| schemas().join(package).join("__init__.py").exists();
    python() && Path::new(KUBECTL).exists() && packages.into_iter().all(here)
}

const KUBECTL: &str = "/usr/bin/kubectl";

/// Whether the tool is installed that verifies systemd units.
pub fn systemd() -> bool {
    Path::new("/usr/bin/systemd-analyze").exists()
}

/// Whether strace is installed, which can kill programs at system calls and make system calls fail.
pub fn strace() -> bool {
    Path::new("/usr/bin/strace").exists()
}

/// Whether gdb's gcore is installed, which dumps the memory of a running program.
pub fn gcore() -> bool {
    Path::new("/usr/bin/gcore").exists()
}

/// Whether Java is installed, including its compiler.
pub fn java() -> bool {
    ["/usr/bin/java", "/usr/bin/javac"]
        .iter()
        .all(|path| Path::new(path).exists())
}

/// Whether MIT's sample programs of GSS-API are installed.
pub fn gss_samples() -> bool {
    ["/usr/bin/gss-client", "/usr/bin/gss-server"]
        .iter()
        .all(|path| Path::new(path).exists())
}

/// Whether OpenLDAP's server is installed, with its module for logins by ticket.
pub fn slapd() -> bool {
    Path::new("/usr/sbin/slapd").exists() && in_libraries("sasl2/libgssapiv2.so")
}

/// Whether any library folder contains this file.
fn in_libraries(name: &str) -> bool {
    let folders = std::fs::read_dir("/usr/lib");
    let mut folders = folders.into_iter().flatten().flatten();
    folders.any(|folder| folder.path().join(name).exists())
}

/// Whether we are root, who may mount a small file system.
pub fn root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Cargo's target folder, in which this program was built.
///
/// # Panics
/// When the program was not built by cargo.
pub fn target_dir() -> PathBuf {
    let program = env::current_exe().expect("the path of the test program is known");
    let target = program
        .ancestors()
        .find(|folder| folder.join(".rustc_info.json").exists());
    target
        .expect("cargo writes .rustc_info.json into its target folder")
        .to_path_buf()
}

/// Prints cfgs for a build script, which say what tests can use. Only `newer_samba` and
/// `ipv6` cannot be installed by us, and so may be missing even in CI. `samba` and `nsd` also mean
/// that we are root.
pub fn print_cfgs() {
    println!("cargo::rerun-if-env-changed=CI");
    println!("cargo::rerun-if-env-changed={HEIMDAL_VARIABLE}");
    println!("cargo::rerun-if-env-changed={NEWER_SAMBA_VARIABLE}");
    for program in [
        "/usr/sbin/krb5kdc",
        "/usr/sbin/kpropd",
        "/usr/sbin/samba",
        "/usr/sbin/slapd",
        "/usr/sbin/apache2",
        "/usr/sbin/nsd",
        "/usr/libexec/sssd/sssd_kcm",
        KDCPROXY,
        PYTHON_GSSAPI,
        PYTHON_REQUESTS,
        "/usr/bin/javac",
        "/usr/bin/gss-client",
        "/usr/bin/docker-compose",
        "/run/docker.sock",
        "/usr/bin/systemd-analyze",
        KUBECTL,
        "/usr/bin/strace",
        "/usr/bin/gcore",
    ] {
        println!("cargo::rerun-if-changed={program}");
    }
    for unpacked in ["heimdal/usr", "newer-samba/usr/sbin", "python", "schemas"] {
        println!(
            "cargo::rerun-if-changed={}",
            target_dir().join(unpacked).display()
        );
    }
    let here = [
        ("mit", mit()),
        ("kpropd", kpropd()),
        ("kdcproxy", mit() && kdcproxy()),
        ("mit_ldap", mit_ldap()),
        ("heimdal", heimdal_root().is_some()),
        ("heimdal_kcm", heimdal_kcm().is_some() && root()),
        ("sssd_kcm", sssd_kcm() && root()),
        ("keyrings", keyrings()),
        ("nsd", nsd() && root()),
        ("samba", samba() && root()),
        ("apache", apache()),
        ("docker", docker()),
        ("schemas", schemas_installed()),
        ("systemd", systemd()),
        ("postgres", postgres().is_some()),
        ("faketime", faketime().is_some()),
        ("python", python()),
        ("python_gssapi", python_gssapi()),
        ("python_requests", python_requests()),
        ("java", java()),
        ("strace", strace()),
        ("gcore", gcore()),
        ("gss_samples", gss_samples()),
        ("slapd", slapd()),
        ("root", root()),
    ];
    for (name, present) in here {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if present || in_ci() {
            println!("cargo::rustc-cfg={name}");
        }
    }
    for (name, present) in [
        ("newer_samba", newer_samba_root().is_some() && root()),
        ("ipv6", ipv6()),
    ] {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if present {
            println!("cargo::rustc-cfg={name}");
        }
    }
}

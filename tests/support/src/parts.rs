//! Which real servers and tools this machine has, and where.
//!
//! Build scripts of the test packages ask here, so that a test whose server is missing is visibly
//! ignored. In CI nothing is ever missing: the test then runs, and fails with a message.

use std::env;
use std::path::{Path, PathBuf};

/// The environment variable that names a folder with an unpacked Heimdal.
pub const HEIMDAL_VARIABLE: &str = "RKINIT_HEIMDAL";

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
    ]
    .iter()
    .all(|path| Path::new(path).exists())
}

/// The folder into which Heimdal is unpacked, if it is anywhere.
pub fn heimdal_root() -> Option<PathBuf> {
    let named = env::var_os(HEIMDAL_VARIABLE).map(PathBuf::from);
    [named, Some(target_dir().join("heimdal"))]
        .into_iter()
        .flatten()
        .find(|root| root.join("usr/lib/heimdal-servers/kdc").exists())
}

/// The library that shifts a program's clock.
pub fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    folders
        .flatten()
        .map(|folder| folder.path().join("faketime/libfaketime.so.1"))
        .find(|library| library.exists())
}

/// Whether we are root, who may mount a file system of a few kilobytes.
pub fn root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Cargo's target folder, which this program was built into.
///
/// # Panics
/// When the program was not built by cargo.
pub fn target_dir() -> PathBuf {
    let program = env::current_exe().expect("a program knows where it is");
    let target = program
        .ancestors()
        .find(|folder| folder.join(".rustc_info.json").exists());
    target
        .expect("cargo writes .rustc_info.json into its target folder")
        .to_path_buf()
}

/// Prints the cfgs `mit`, `heimdal`, `faketime` and `root` for a build script: what a test may
/// count on.
pub fn print_cfgs() {
    println!("cargo::rerun-if-env-changed=CI");
    println!("cargo::rerun-if-env-changed={HEIMDAL_VARIABLE}");
    println!("cargo::rerun-if-changed=/usr/sbin/krb5kdc");
    println!(
        "cargo::rerun-if-changed={}",
        target_dir().join("heimdal/usr").display()
    );
    let here = [
        ("mit", mit()),
        ("heimdal", heimdal_root().is_some()),
        ("faketime", faketime().is_some()),
        ("root", root()),
    ];
    for (name, present) in here {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if present || in_ci() {
            println!("cargo::rustc-cfg={name}");
        }
    }
}

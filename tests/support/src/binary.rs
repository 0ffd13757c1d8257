//! Where the binary under test is, and that it is up to date.
//!
//! Cargo tells the path of a binary only to tests of its own package, so it is looked for beside
//! this program, and cargo is asked to build it when a source is newer than it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;
use std::{env, io};

use crate::parts;

/// Names another binary to test, as a static one.
const VARIABLE: &str = "RKINIT_BINARY";

/// The path of `rkinit`, built in the profile of the calling program or named by `RKINIT_BINARY`.
///
/// # Panics
/// When it cannot be built.
pub fn rkinit() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match env::var_os(VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => built(),
    })
}

fn built() -> PathBuf {
    let target = parts::target_dir();
    let program = env::current_exe().expect("a program knows where it is");
    let inside = program
        .strip_prefix(&target)
        .expect("it is in the target folder");
    let profile = inside
        .iter()
        .next()
        .and_then(|name| name.to_str())
        .unwrap_or("debug");
    let binary = target.join(profile).join("rkinit");
    if is_fresh(&binary) {
        return binary;
    }
    // Tests run in many processes: let one build.
    let lock = File::create(target.join(".rkinit-build.lock")).expect("the target is writable");
    lock.lock().expect("a lock file can be locked");
    if !is_fresh(&binary) {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let cargo_profile = if profile == "debug" { "dev" } else { profile };
        let status = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--package",
                "rkinit",
                "--profile",
                cargo_profile,
            ])
            .arg("--target-dir")
            .arg(&target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .expect("cargo can be run");
        assert!(status.success(), "`cargo build --package rkinit` failed");
    }
    binary
}

/// Whether the binary is newer than every source in the dependency file that cargo wrote.
fn is_fresh(binary: &Path) -> bool {
    let sources_are_older = || -> io::Result<bool> {
        let built = fs::metadata(binary)?.modified()?;
        let listed = fs::read_to_string(binary.with_extension("d"))?;
        let sources = listed.split_once(": ").map_or("", |(_, sources)| sources);
        let changed = |source: &str| -> io::Result<SystemTime> { fs::metadata(source)?.modified() };
        for source in sources.split_whitespace() {
            if changed(source)? > built {
                return Ok(false);
            }
        }
        Ok(true)
    };
    sources_are_older().unwrap_or(false)
}

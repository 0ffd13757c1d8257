//! Finds the binary under test, and makes sure that it is up to date.
//!
//! Cargo reveals the path of a binary only to tests of its own package. So it is looked for beside
//! this program, and built with cargo if a source file is newer.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;
use std::{env, io};

use crate::parts;

/// Names another binary to test, such as a static one.
const VARIABLE: &str = "RKINIT_BINARY";

/// The path of `rkinit`, built in the profile of the calling program or named by `RKINIT_BINARY`.
///
/// # Panics
/// When it cannot be built.
pub fn rkinit() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match env::var_os(VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => built(&Build::like_this_program()),
    })
}

/// The path of an `rkinit` that runs in an empty file system: the one named by `RKINIT_BINARY`,
/// otherwise one linked with glibc's static library, which every toolchain has.
///
/// # Panics
/// When it cannot be built.
pub fn static_rkinit() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match env::var_os(VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => built(&Build {
            is_static: true,
            ..Build::like_this_program()
        }),
    })
}

/// How to build the binary.
struct Build {
    target: PathBuf,
    /// The folder of the profile: `debug` for the profile `dev`.
    profile: String,
    is_static: bool,
}

impl Build {
    fn like_this_program() -> Self {
        let target = parts::target_dir();
        let program = env::current_exe().expect("the path of the test program is known");
        let inside = program
            .strip_prefix(&target)
            .expect("the test program is in the target folder");
        let profile = inside.iter().next().and_then(|name| name.to_str());
        Self {
            profile: profile.unwrap_or("debug").to_owned(),
            target,
            is_static: false,
        }
    }

    /// The path of the binary after the build.
    fn binary(&self) -> PathBuf {
        let folder = if self.is_static {
            self.target.join(triple())
        } else {
            self.target.clone()
        };
        folder.join(&self.profile).join("rkinit")
    }

    fn command(&self) -> Command {
        let profile = match self.profile.as_str() {
            "debug" => "dev",
            other => other,
        };
        let mut command = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
        command
            .args(["build", "--quiet", "--package", "rkinit"])
            .args(["--profile", profile])
            .arg("--target-dir")
            .arg(&self.target)
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        if self.is_static {
            // With an explicit target, build scripts are compiled without these flags, so that they
            // can be shared with all other builds.
            command
                .args(["--target", &triple()])
                .env("RUSTFLAGS", "-Ctarget-feature=+crt-static");
        }
        command
    }
}

/// This machine as a Rust target.
fn triple() -> String {
    format!("{}-unknown-linux-gnu", env::consts::ARCH)
}

fn built(build: &Build) -> PathBuf {
    let binary = build.binary();
    if is_fresh(&binary) {
        return binary;
    }
    // Tests run in many processes, and only one of them should build.
    let lock = File::create(build.target.join(".rkinit-build.lock"));
    let lock = lock.expect("the target folder is writable");
    lock.lock().expect("a lock file can be locked");
    if !is_fresh(&binary) {
        let status = build.command().status().expect("cargo can be run");
        assert!(status.success(), "`cargo build --package rkinit` failed");
    }
    binary
}

/// Whether the binary is newer than all sources in cargo's dependency file.
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

//! The toolchain for static binaries. Where available it uses rustup's standard library for musl,
//! otherwise Debian's own Rust, which includes the sources of the standard library. In both cases
//! Zig, which comes as a Python package and supports all targets, compiles `ring`'s C code and
//! links.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Release, Target, repeatable};
use crate::process::{self, Outcome};

/// A toolchain for all wanted targets.
pub(super) struct Toolchain {
    /// `cargo-zigbuild` and its Zig.
    programs: PathBuf,
    standard_library: StandardLibrary,
}

enum StandardLibrary {
    /// rustup has installed it.
    Installed,
    /// It is built with the program, by Debian's compiler.
    Built,
}

/// Debian's compiler, in a version new enough for us, and the sources of its standard library.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";

impl Toolchain {
    /// Finds the parts, or installs them (on Debian, as root).
    pub(super) fn find(targets: &[Target]) -> Outcome<Self> {
        let programs = python_programs()?;
        let installed = process::output(&mut process::command(
            "rustup",
            ["target", "list", "--installed"],
        ));
        let installed = installed.unwrap_or_default();
        let has = |target: &Target| installed.lines().any(|line| line == target.triple);
        if targets.iter().all(has) {
            return Ok(Self {
                programs,
                standard_library: StandardLibrary::Installed,
            });
        }
        if !Path::new("/usr/lib/rustlib/src/rust/library").exists() || !Path::new(CARGO).exists() {
            install_debian()?;
        }
        Ok(Self {
            programs,
            standard_library: StandardLibrary::Built,
        })
    }

    /// Builds the binary for `target` in `folder` and returns its path.
    pub(super) fn build(
        &self,
        target: Target,
        release: &Release,
        folder: &Path,
    ) -> Outcome<PathBuf> {
        let mut command = Command::new(self.programs.join("cargo-zigbuild"));
        command
            .current_dir(process::workspace_root())
            .args(["zigbuild", "--locked", "--release", "--package=rkinit"])
            .arg("--target-dir")
            .arg(folder)
            .args(["--target", target.triple]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut path: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let mut flags = remapped()?;
        // Unwind tables are used only for backtraces, which need symbols. They take a twentieth of
        // the size.
        flags.push("-Cforce-unwind-tables=no".to_owned());
        if let StandardLibrary::Built = self.standard_library {
            path.insert(0, PathBuf::from("/usr/bin"));
            // Building the standard library requires a nightly compiler; this variable makes
            // Debian's compiler behave like one.
            command
                .env("RUSTC", RUSTC)
                .env("CARGO", CARGO)
                .env("RUSTC_BOOTSTRAP", "1")
                .env_remove("RUSTUP_TOOLCHAIN")
                .arg("-Zbuild-std=std,panic_abort")
                // Omits the code that prints backtraces, which is large and useless without
                // symbols.
                .arg("-Zbuild-std-features=panic-unwind");
            // Zig provides musl's start-up files.
            flags.push("-Clink-self-contained=no".to_owned());
        }
        path.insert(0, self.programs.clone());
        command
            .env("PATH", std::env::join_paths(path)?)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
            .env("CARGO_INCREMENTAL", "0");
        process::run(repeatable(&mut command, release))?;
        Ok(folder.join(target.triple).join("release").join("rkinit"))
    }

    /// Libraries that are linked in and are not crates, with the texts of their licences.
    pub(super) fn libraries(&self) -> Outcome<[(&'static str, String); 2]> {
        let mut python = Command::new(self.programs.join("python3"));
        let folder = process::output(
            python.args(["-c", "import ziglang; print(ziglang.__path__[0], end='')"]),
        )?;
        let text = |name: &str| fs::read_to_string(Path::new(&folder).join("lib").join(name));
        Ok([
            ("musl", text("libc/musl/COPYRIGHT")?),
            ("libunwind", text("libunwind/LICENSE.TXT")?),
        ])
    }
}

/// Flags that remove this machine's paths from the binary.
fn remapped() -> Outcome<Vec<String>> {
    let home = std::env::var("CARGO_HOME").or_else(|_| {
        let home = std::env::var("HOME");
        home.map(|home| format!("{home}/.cargo"))
    })?;
    let root = process::workspace_root();
    Ok(vec![
        format!("--remap-path-prefix={}=/rkinit", root.display()),
        format!("--remap-path-prefix={home}=/cargo"),
    ])
}

/// The folder of `cargo-zigbuild` and Zig, in a virtual environment below the target folder.
fn python_programs() -> Outcome<PathBuf> {
    let environment = process::workspace_root().join("target/dist-tools");
    let programs = environment.join("bin");
    if programs.join("cargo-zigbuild").exists() {
        return Ok(programs);
    }
    let mut venv = Command::new("python3");
    let made = process::run(venv.args(["-m", "venv"]).arg(&environment));
    if made.is_err() {
        // An incomplete environment must be removed first.
        let _ = fs::remove_dir_all(&environment);
        crate::install::packages(&["python3-venv"])?;
        let mut venv = Command::new("python3");
        process::run(venv.args(["-m", "venv"]).arg(&environment))?;
    }
    let mut install = Command::new(programs.join("pip"));
    process::run(install.args(["install", "--quiet", "ziglang", "cargo-zigbuild"]))?;
    Ok(programs)
}

fn install_debian() -> Outcome {
    crate::install::packages(&PACKAGES).map_err(|error| {
        format!(
            "{error}\nA static binary wants `rustup target add` of its target, or Debian's \
             packages {}.",
            PACKAGES.join(", ")
        )
        .into()
    })
}

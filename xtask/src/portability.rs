//! `cargo xtask portability`: checks builds with every combination of features, with the oldest
//! Rust and the oldest dependencies that our manifests promise, and for other processors; and runs
//! miri.
//!
//! Everything here only checks, and writes to `target/portability`. Missing toolchains and targets
//! are installed with rustup.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::parts;

use crate::install;
use crate::process::{self, Outcome};

const USAGE: &str = "\
usage: cargo xtask portability [WHAT...]

  features   every set of features of every crate (cargo-hack)
  msrv       the Rust that Cargo.toml names
  minimal    the oldest direct dependencies that the manifests allow
  cross      i686 and aarch64 Linux; wasm32 for the crates without IO
  miri       unit tests of the codecs, interpreted, also for a big-endian processor

Without arguments all of them.
";

/// The crates that users depend on; all others are internal.
const CRATES: [&str; 9] = [
    "kerberos_asn1",
    "kerberos_crypto",
    "kerberos_proto",
    "kerberos_files",
    "kerberos_gss",
    "kerberos_client",
    "kerberos_http",
    "kerberos_sasl",
    "rkinit",
];

/// The crates without IO.
const WITHOUT_IO: [&str; 4] = [
    "kerberos_asn1",
    "kerberos_crypto",
    "kerberos_proto",
    "kerberos_gss",
];

type Check = fn() -> Outcome;

const CHECKS: [(&str, Check); 5] = [
    ("features", features),
    ("msrv", msrv),
    ("minimal", minimal),
    ("cross", cross),
    ("miri", miri),
];

/// Runs the checks named in `arguments`, or all.
///
/// # Errors
/// When a check fails, or a toolchain is not available.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if arguments.iter().any(|argument| argument == "--help") {
        print!("{USAGE}");
        return Ok(());
    }
    let unknown = arguments
        .iter()
        .find(|argument| CHECKS.iter().all(|(name, _)| name != argument));
    if let Some(unknown) = unknown {
        return Err(format!("there is no check `{unknown}`\n\n{USAGE}").into());
    }
    for (name, check) in CHECKS {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            check().map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

fn features() -> Outcome {
    install::cargo_tool("cargo-hack")?;
    let mut hack = process::cargo(["hack", "check", "--feature-powerset", "--quiet"]);
    process::run(packages(&mut hack, &CRATES))
}

fn msrv() -> Outcome {
    let manifest = fs::read_to_string(process::workspace_root().join("Cargo.toml"))?;
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .ok_or("Cargo.toml names no rust-version")?;
    let toolchain = format!("{}.0", version.trim_matches('"'));
    toolchain_with(&toolchain, &[])?;
    let mut check = with_toolchain(&toolchain, ["check", "--locked", "--quiet"]);
    process::run(
        packages(&mut check, &CRATES)
            .args(["--all-features", "--target-dir"])
            .arg(place("msrv")?),
    )
}

/// This works in a copy, because cargo writes another lock file.
fn minimal() -> Outcome {
    let copy = place("minimal")?.join("workspace");
    let _ = fs::remove_dir_all(&copy);
    let root = process::workspace_root();
    let listed = process::output(&mut process::command("git", ["ls-files"]))?;
    for name in listed.lines() {
        let (from, to) = (root.join(name), copy.join(name));
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap_or(&copy))?;
            fs::copy(from, to)?;
        }
    }
    // This option requires nightly's cargo; the variable makes any cargo behave like one.
    let cargo = |arguments: &[&'static str]| {
        let mut cargo = process::cargo(arguments.iter().copied());
        cargo.current_dir(&copy).env("RUSTC_BOOTSTRAP", "1");
        cargo
    };
    process::run(&mut cargo(&[
        "update",
        "--quiet",
        "-Zdirect-minimal-versions",
    ]))?;
    let mut check = cargo(&["check", "--quiet", "--all-features", "--target-dir"]);
    process::run(packages(
        check.arg(place("minimal")?.join("target")),
        &CRATES,
    ))
}

fn cross() -> Outcome {
    // For ring's C and assembly code.
    install::packages(&[
        "gcc-i686-linux-gnu",
        "libc6-dev-i386-cross",
        "gcc-aarch64-linux-gnu",
        "libc6-dev-arm64-cross",
    ])?;
    let targets: [(&str, &[&str]); 3] = [
        ("i686-unknown-linux-gnu", &CRATES),
        ("aarch64-unknown-linux-gnu", &CRATES),
        ("wasm32-unknown-unknown", &WITHOUT_IO),
    ];
    for (target, crates) in targets {
        process::run(&mut process::command("rustup", ["target", "add", target]))?;
        let mut check = process::cargo(["check", "--locked", "--quiet", "--target", target]);
        check.arg("--target-dir").arg(place("cross")?);
        process::run(packages(&mut check, crates))?;
    }
    Ok(())
}

/// Runs the tests of the codecs and the state machines. Tests that take too long in miri exclude
/// themselves.
fn miri() -> Outcome {
    toolchain_with("nightly", &["miri", "rust-src"])?;
    // s390x is big-endian.
    for target in ["x86_64-unknown-linux-gnu", "s390x-unknown-linux-gnu"] {
        let mut miri = with_toolchain("nightly", ["miri", "nextest", "run", "--lib"]);
        miri.args(["--no-fail-fast", "--cargo-quiet", "--target", target])
            .arg("--target-dir")
            .arg(place("miri")?)
            .env("MIRIFLAGS", "-Zmiri-disable-isolation");
        process::run(packages(
            &mut miri,
            &["kerberos_asn1", "kerberos_proto", "kerberos_files"],
        ))?;
    }
    Ok(())
}

fn packages<'a>(command: &'a mut Command, names: &[&str]) -> &'a mut Command {
    for name in names {
        command.args(["--package", name]);
    }
    command
}

fn with_toolchain<'a>(toolchain: &str, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = process::command("rustup", ["run", toolchain, "cargo"]);
    // These variables, set by cargo, belong to another toolchain.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

fn toolchain_with(toolchain: &str, components: &[&str]) -> Outcome {
    let mut install = process::command("rustup", ["toolchain", "install", toolchain]);
    install.args(["--profile", "minimal"]);
    for component in components {
        install.args(["--component", component]);
    }
    process::run(&mut install)
}

fn place(name: &str) -> Outcome<PathBuf> {
    let folder: PathBuf = Path::new(&parts::target_dir())
        .join("portability")
        .join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

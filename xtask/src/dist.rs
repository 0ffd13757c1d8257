//! `cargo xtask dist`: builds the static binaries and the packages that contain them.
//!
//! ```text
//! toolchain ─► rkinit for TARGET ─► checks, trial ─┬─► rkinit-VERSION-TARGET.tar.gz   tree, sbom, licences
//!                                                  ├─► rkinit_VERSION_ARCH.deb        debian
//!                                                  └─► rkinit-VERSION-ARCH.oci.tar    image
//!                                                      SHA256SUMS
//! ```
//! Builds are reproducible: all bytes depend only on the sources. File times are the time of the
//! last commit, names are sorted, and paths of the machine are removed. `--check` builds twice and
//! compares.

mod crates;
mod debian;
pub(crate) mod elf;
mod image;
mod licences;
mod sbom;
mod tarball;
mod toolchain;
mod tree;
mod trial;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::process::{self, Outcome};
use toolchain::Toolchain;

const USAGE: &str = "\
usage: cargo xtask dist [--target TARGET]... [--check]

  --target TARGET  x86_64-unknown-linux-musl or aarch64-unknown-linux-musl; both if none is named
  --check          build twice, in two folders, and fail unless every byte is the same
";

/// The maximum size of a binary, in bytes.
const LARGEST: u64 = 5_000_000;

/// A platform to build for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// Rust's name for it.
    pub(crate) triple: &'static str,
    /// The name of its processor in Debian and in container images.
    pub(crate) architecture: &'static str,
}

const TARGETS: [Target; 2] = [
    Target {
        triple: "x86_64-unknown-linux-musl",
        architecture: "amd64",
    },
    Target {
        triple: "aarch64-unknown-linux-musl",
        architecture: "arm64",
    },
];

/// Properties that all artefacts share.
pub(crate) struct Release {
    pub(crate) version: String,
    /// The time of the last commit, in seconds since 1970; all files get this time.
    pub(crate) time: u64,
}

/// Builds all artefacts into `target/dist`.
///
/// # Errors
/// When a tool is missing, a build fails, or a binary fails a check.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (targets, check) = parse(arguments)?;
    let folder = process::workspace_root().join("target/dist");
    build(&targets, &folder)?;
    if check {
        let again = process::workspace_root().join("target/dist-again");
        build(&targets, &again)?;
        compare(&folder, &again)?;
        eprintln!("xtask: both builds are the same");
    }
    Ok(())
}

fn parse(arguments: &[String]) -> Outcome<(Vec<Target>, bool)> {
    let (mut targets, mut check) = (Vec::new(), false);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--check" => check = true,
            "--target" => {
                let name = arguments.next().map(String::as_str).unwrap_or_default();
                let known = TARGETS.iter().find(|target| target.triple == name);
                targets.push(*known.ok_or_else(|| format!("no target `{name}`\n\n{USAGE}"))?);
            }
            "--help" | "-h" => {
                print!("{USAGE}");
                std::process::exit(0);
            }
            _ => return Err(format!("unknown option {argument}\n\n{USAGE}").into()),
        }
    }
    if targets.is_empty() {
        targets.extend(TARGETS);
    }
    Ok((targets, check))
}

fn build(targets: &[Target], folder: &Path) -> Outcome {
    let toolchain = Toolchain::find(targets)?;
    let release = release()?;
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for target in targets {
        let binary = toolchain.build(*target, &release, &folder.join("build"))?;
        let bytes = fs::read(&binary)?;
        check_binary(&binary, &bytes)?;
        trial::run(&binary, *target)?;
        let tree = tree::of(
            &release,
            bytes,
            &crates::of(*target)?,
            &toolchain.libraries()?,
        )?;
        let name = format!("rkinit-{}-{}.tar.gz", release.version, target.triple);
        fs::write(folder.join(name), tree.archive(&release)?)?;
        let name = format!("rkinit_{}_{}.deb", release.version, target.architecture);
        fs::write(
            folder.join(name),
            debian::package(&tree, &release, *target)?,
        )?;
        let name = format!("rkinit-{}-{}.oci.tar", release.version, target.architecture);
        fs::write(folder.join(name), image::of(&tree, &release, *target)?)?;
    }
    // The build folder is not an artefact, and it is large.
    fs::remove_dir_all(folder.join("build"))?;
    write_checksums(folder)
}

fn release() -> Outcome<Release> {
    let metadata = process::output(&mut process::cargo([
        "metadata",
        "--format-version=1",
        "--no-deps",
        "--locked",
    ]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let packages = metadata.get("packages").and_then(|list| list.as_array());
    let ours = packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").is_some_and(|name| name == "rkinit"));
    let version = ours
        .and_then(|package| package.get("version")?.as_str())
        .ok_or("cargo metadata has no package rkinit")?;
    let time = process::output(&mut process::command("git", ["log", "-1", "--format=%ct"]))?;
    Ok(Release {
        version: version.to_owned(),
        time: time.trim().parse()?,
    })
}

/// Checks that a binary can run in an empty image: it loads no other files, and is not too large.
fn check_binary(path: &Path, bytes: &[u8]) -> Outcome {
    let shown = path.display();
    let size = u64::try_from(bytes.len())?;
    if size > LARGEST {
        return Err(format!("{shown} has {size} bytes, more than {LARGEST}").into());
    }
    if let Some(section) = elf::dynamic_part(bytes)? {
        return Err(format!("{shown} is not static: it has a {section}").into());
    }
    let root = process::workspace_root();
    let root = root.display().to_string();
    if bytes
        .windows(root.len())
        .any(|part| part == root.as_bytes())
    {
        return Err(format!("{shown} tells where it was built").into());
    }
    eprintln!("xtask: {size} bytes, static");
    Ok(())
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    Ok(files)
}

fn write_checksums(folder: &Path) -> Outcome {
    let mut lines = String::new();
    for file in files(folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        writeln!(lines, "{}  {name}", hex(&fs::read(&file)?))?;
    }
    print!("{lines}");
    Ok(fs::write(folder.join("SHA256SUMS"), lines)?)
}

fn compare(one: &Path, other: &Path) -> Outcome {
    let read = |folder: &Path| fs::read_to_string(folder.join("SHA256SUMS"));
    let (one, other) = (read(one)?, read(other)?);
    if one == other {
        return Ok(());
    }
    Err(format!("two builds differ:\n{one}{other}").into())
}

/// The SHA-256 hash of `bytes`, in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Sets the environment of `command` for reproducible builds.
pub(crate) fn repeatable<'a>(command: &'a mut Command, release: &Release) -> &'a mut Command {
    command
        .env("SOURCE_DATE_EPOCH", release.time.to_string())
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
}

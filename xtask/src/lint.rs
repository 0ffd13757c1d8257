//! `cargo xtask lint`: all checks that do not run tests.
//!
//! cargo-deny's advisory database is not used: it changes from day to day, and a check should only
//! fail because of a commit. Run `cargo deny check advisories` from time to time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::process::{self, Outcome};
use crate::{install, tidy};

/// Runs all checks, cheapest first, and stops at the first failure.
///
/// # Errors
/// When a check fails; the tool's own message above says why.
pub(crate) fn run() -> Outcome {
    process::run(&mut process::cargo(["fmt", "--all", "--check"]))
        .map_err(|error| format!("{error}\n`cargo fmt` formats the code"))?;
    tidy::run()?;
    minimum_rust()?;
    few_crates()?;
    // The fuzz targets are a workspace of their own, which the other checks do not cover.
    process::output(&mut process::cargo([
        "metadata",
        "--manifest-path=fuzz/Cargo.toml",
        "--format-version=1",
        "--no-deps",
    ]))?;
    let clippy = |what: &[&'static str]| {
        let mut clippy = process::cargo(["clippy", "--quiet"]);
        process::run(clippy.args(what).args(["--", "-Dwarnings"]))
    };
    clippy(&["--workspace", "--all-targets", process::ALL_FEATURES])?;
    // The default features, as for an embedding program that asks for nothing else.
    clippy(&["--package=kerberos_client"])?;
    let mut documentation = process::cargo(["doc", "--workspace", "--no-deps", "--quiet"]);
    documentation.arg(process::ALL_FEATURES);
    process::run(documentation.env("RUSTDOCFLAGS", "-Dwarnings"))?;
    install::cargo_tool("cargo-deny")?;
    process::run(&mut process::cargo([
        "deny", "check", "licenses", "bans", "sources",
    ]))?;
    eprintln!("xtask: every gate passed");
    Ok(())
}

/// Checks that an embedding program builds no more crates than docs/DESIGN.md allows.
fn few_crates() -> Outcome {
    let tree = process::output(&mut process::cargo([
        "tree",
        "--package=kerberos_client",
        "--edges=normal",
        "--prefix=none",
        "--format={p}",
        "--locked",
    ]))?;
    // Each crate once, whose second mention has a mark.
    let names = tree
        .lines()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>());
    let count = names.collect::<BTreeSet<_>>().len() - 1;
    if count > MOST_CRATES {
        return Err(format!(
            "kerberos_client needs {count} other crates, more than {MOST_CRATES}: see \
             docs/DESIGN.md"
        )
        .into());
    }
    Ok(())
}

/// How many crates an embedding program may have to build for `kerberos_client`.
const MOST_CRATES: usize = 55;

/// Checks that nothing a user builds needs a newer Rust than the workspace's `rust-version`.
///
/// This does not need an older toolchain: clippy's `incompatible_msrv` checks what our own code
/// calls, and every dependency states its own minimum. Newer features of the language itself, such
/// as changed lifetimes of temporaries, are detected by `cargo xtask portability msrv`.
fn minimum_rust() -> Outcome {
    let text = process::output(&mut process::cargo([
        "metadata",
        "--format-version=1",
        "--locked",
    ]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages: BTreeMap<&str, &Value> = items(&metadata, "packages")
        .filter_map(|package| Some((id(package)?, package)))
        .collect();
    let nodes: BTreeMap<&str, &Value> = metadata
        .get("resolve")
        .into_iter()
        .flat_map(|resolve| items(resolve, "nodes"))
        .filter_map(|node| Some((id(node)?, node)))
        .collect();

    let ours: Vec<&str> = packages
        .iter()
        .filter(|(_, package)| text_of(package, "manifest_path").contains("/crates/"))
        .filter(|(_, package)| package.get("source").is_none_or(Value::is_null))
        .map(|(id, _)| *id)
        .collect();
    let Some(minimum) = ours.iter().find_map(|id| version(packages.get(id)?)) else {
        return Err("no package under crates/ states a rust-version".into());
    };

    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut queue = ours;
    let mut newer = Vec::new();
    while let Some(id) = queue.pop() {
        if !seen.insert(id) {
            continue;
        }
        if let Some(package) = packages.get(id)
            && let Some(needed) = version(package)
            && needed > minimum
        {
            newer.push(format!(
                "{} needs Rust {}.{}",
                text_of(package, "name"),
                needed.0,
                needed.1
            ));
        }
        if let Some(node) = nodes.get(id) {
            queue.extend(
                items(node, "deps")
                    .filter(|edge| is_built(edge))
                    .map(|edge| text_of(edge, "pkg")),
            );
        }
    }
    if newer.is_empty() {
        eprintln!(
            "xtask: {} packages build with Rust {}.{} by their own word",
            seen.len(),
            minimum.0,
            minimum.1
        );
        return Ok(());
    }
    Err(format!(
        "rust-version is {}.{}, but:\n  {}\nChoose older versions of these (`cargo update \
         --precise`), or raise rust-version in Cargo.toml and say so in docs/CHANGELOG.md",
        minimum.0,
        minimum.1,
        newer.join("\n  ")
    )
    .into())
}

/// Whether an edge of the dependency graph is more than a development dependency.
fn is_built(edge: &Value) -> bool {
    items(edge, "dep_kinds").any(|kind| kind.get("kind").and_then(Value::as_str) != Some("dev"))
}

fn version(package: &Value) -> Option<(u32, u32)> {
    let mut parts = package.get("rust_version")?.as_str()?.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().map_or(Some(0), |minor| minor.parse().ok())?;
    Some((major, minor))
}

fn id(value: &Value) -> Option<&str> {
    value.get("id")?.as_str()
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

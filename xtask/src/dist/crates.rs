//! The components of the binary: every crate that is linked in, according to cargo.

use std::path::PathBuf;

use serde_json::Value;

use super::Target;
use crate::process::{self, Outcome};

/// A crate other than `rkinit` itself.
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    /// Its licence, as an SPDX expression.
    pub(super) licence: String,
    pub(super) authors: Vec<String>,
    /// The folder of its sources. Our own crates have the same licence as `rkinit`.
    pub(super) folder: PathBuf,
    pub(super) is_ours: bool,
}

/// The crates in the binary for `target`, sorted by name and version.
pub(super) fn of(target: Target) -> Outcome<Vec<Crate>> {
    let text = process::output(&mut process::cargo([
        "metadata",
        "--format-version=1",
        "--locked",
        "--filter-platform",
        target.triple,
    ]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let built = process::output(&mut process::cargo([
        "tree",
        "--package=rkinit",
        "--edges=normal",
        "--prefix=none",
        "--locked",
        "--no-dedupe",
        "--format={p}",
        "--target",
        target.triple,
    ]))?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let mut crates: Vec<Crate> = packages
        .into_iter()
        .flatten()
        .filter_map(read)
        .filter(|one| {
            let line = format!("{} v{}", one.name, one.version);
            let is_it = |built: &str| {
                let rest = built.strip_prefix(&line);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            };
            one.name != "rkinit" && built.lines().any(is_it)
        })
        .collect();
    crates.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Ok(crates)
}

fn read(package: &Value) -> Option<Crate> {
    let text = |key: &str| package.get(key).and_then(Value::as_str);
    let mut folder = PathBuf::from(text("manifest_path")?);
    folder.pop();
    let authors = package.get("authors").and_then(Value::as_array);
    let authors = authors.into_iter().flatten().filter_map(Value::as_str);
    Some(Crate {
        name: text("name")?.to_owned(),
        version: text("version")?.to_owned(),
        // The old syntax of licence expressions.
        licence: text("license").unwrap_or_default().replace('/', " OR "),
        authors: authors.map(str::to_owned).collect(),
        folder,
        is_ours: package.get("source").is_none_or(Value::is_null),
    })
}

//! A list of what the binary is made of (CycloneDX 1.5): every crate with version, licence, hash.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Release, Target};
use crate::process::{self, Outcome};

/// The list for the binary of `target`.
pub(super) fn of(release: &Release, target: Target) -> Outcome<Vec<u8>> {
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
    let mut components = BTreeMap::new();
    for package in packages.into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        let line = format!("{name} v{version}");
        let is_built = built.lines().any(|built| {
            built
                .strip_prefix(&line)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        if is_built && name != "rkinit" {
            let component = json!({
                "type": "library",
                "bom-ref": format!("pkg:cargo/{name}@{version}"),
                "name": name,
                "version": version,
                "licenses": [{ "expression": text("license").replace('/', " OR ") }],
                "purl": format!("pkg:cargo/{name}@{version}"),
            });
            components.insert((name.to_owned(), version.to_owned()), component);
        }
    }
    let list = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "rkinit",
                "version": release.version,
                "licenses": [{ "expression": "MIT OR Apache-2.0" }],
            },
        },
        "components": components.into_values().collect::<Vec<_>>(),
    });
    let mut bytes = serde_json::to_vec_pretty(&list)?;
    bytes.push(b'\n');
    Ok(bytes)
}

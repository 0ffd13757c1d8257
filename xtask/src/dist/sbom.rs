//! A software bill of materials (CycloneDX 1.5): every crate with its version and licence.

use serde_json::{Value, json};

use super::Release;
use super::crates::Crate;
use crate::process::Outcome;

/// The list of `crates`.
pub(super) fn of(release: &Release, crates: &[Crate]) -> Outcome<Vec<u8>> {
    let components: Vec<Value> = crates.iter().map(component).collect();
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
        "components": components,
    });
    let mut bytes = serde_json::to_vec_pretty(&list)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn component(one: &Crate) -> Value {
    let url = format!("pkg:cargo/{}@{}", one.name, one.version);
    json!({
        "type": "library",
        "bom-ref": url,
        "name": one.name,
        "version": one.version,
        "licenses": [{ "expression": one.licence }],
        "purl": url,
    })
}

//! A container image (OCI image layout) for `docker load` and `podman load`: the binary, and a
//! krb5.conf with the same paths as in kinit-sidecar's image, in an otherwise empty file system.

use serde_json::{Value, json};

use super::tarball::{Entry, gzip, tar};
use super::tree::Tree;
use super::{Release, Target, hex};
use crate::process::Outcome;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The image with the programs of `tree` at its root, as one archive.
pub(super) fn of(tree: &Tree, release: &Release, target: Target) -> Outcome<Vec<u8>> {
    let mut files = tree.programs();
    files.extend(FOLDERS.map(|name| (name.to_owned(), &Entry::Folder)));
    let krb5_conf = Entry::File {
        mode: 0o644,
        bytes: include_bytes!("krb5.conf").to_vec(),
    };
    files.push(("etc/krb5.conf".to_owned(), &krb5_conf));
    files.sort_by(|one, other| one.0.cmp(&other.0));
    let layer = tar(
        files.iter().map(|(name, entry)| (name.as_str(), *entry)),
        release.time,
    )?;
    let packed = gzip(&layer)?;
    let config = json!({
        "architecture": target.architecture,
        "os": "linux",
        "config": {
            "Entrypoint": ["/rekinit"],
            // Nothing in the image needs root, and most clusters forbid it.
            "User": "65532:65532",
            "Labels": {
                "org.opencontainers.image.title": "rkinit",
                "org.opencontainers.image.version": release.version,
                "org.opencontainers.image.licenses": "MIT OR Apache-2.0",
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
        "history": [{ "created_by": "cargo xtask dist" }],
    });
    let config = serde_json::to_vec(&config)?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, &config),
        "layers": [descriptor(LAYER, &packed)],
    });
    let manifest = serde_json::to_vec(&manifest)?;
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{
            "mediaType": MANIFEST,
            "digest": digest(&manifest),
            "size": manifest.len(),
            "platform": { "architecture": target.architecture, "os": "linux" },
            // docker uses the first of these, other tools use the second.
            "annotations": {
                "io.containerd.image.name": format!("docker.io/library/rkinit:{}", release.version),
                "org.opencontainers.image.ref.name": release.version,
            },
        }],
    });
    // docker's own format for names of images, which is older than the standard.
    let docker = json!([{
        "Config": blob_name(&config),
        "RepoTags": [format!("rkinit:{}", release.version)],
        "Layers": [blob_name(&packed)],
    }]);
    let file = |bytes: Vec<u8>| Entry::File { mode: 0o644, bytes };
    let blob = |bytes: &[u8]| (blob_name(bytes), file(bytes.to_vec()));
    let mut entries = [
        ("blobs".to_owned(), Entry::Folder),
        ("blobs/sha256".to_owned(), Entry::Folder),
        blob(&config),
        blob(&manifest),
        blob(&packed),
        ("index.json".to_owned(), file(serde_json::to_vec(&index)?)),
        (
            "manifest.json".to_owned(),
            file(serde_json::to_vec(&docker)?),
        ),
        (
            "oci-layout".to_owned(),
            file(br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ),
    ];
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    tar(
        entries.iter().map(|(name, entry)| (name.as_str(), entry)),
        release.time,
    )
}

/// Folders where files are mounted: in a read-only image, a container runtime may be unable to
/// create them.
const FOLDERS: [&str; 5] = ["etc", "etc/krb5.conf.d", "krb5", "dev", "tmp"];

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({
        "mediaType": media_type,
        "digest": digest(bytes),
        "size": bytes.len(),
    })
}

fn blob_name(bytes: &[u8]) -> String {
    format!("blobs/sha256/{}", hex(bytes))
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(bytes))
}

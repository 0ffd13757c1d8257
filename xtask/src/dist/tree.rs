//! The contents of packages: the binary, a link for each tool, manual pages, completions,
//! documentation and licences.

use std::collections::BTreeMap;
use std::fs;

use super::crates::Crate;
use super::tarball::{Entry, gzip, tar};
use super::{Release, licences, sbom};
use crate::pages;
use crate::process::{self, Outcome};

/// Files with their names below `/usr`, sorted.
pub(super) struct Tree {
    entries: BTreeMap<String, Entry>,
}

/// Texts of the repository that are included.
const TEXTS: [&str; 8] = [
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "README.md",
    "docs/TOOLS.md",
    "docs/JSON.md",
    "docs/SIDECAR.md",
    "docs/deploy/rekinit.service",
    "docs/CHANGELOG.md",
];

/// The tree with this binary, which contains `crates`, and `libraries` with their licences.
pub(super) fn of(
    release: &Release,
    binary: Vec<u8>,
    crates: &[Crate],
    libraries: &[(&str, String)],
) -> Outcome<Tree> {
    let mut tree = Tree {
        entries: BTreeMap::new(),
    };
    tree.file("bin/rkinit", 0o755, binary);
    for tool in rkinit::NAMES.into_iter().skip(1) {
        let link = Entry::Link {
            to: "rkinit".to_owned(),
        };
        tree.add(&format!("bin/{tool}"), link);
    }
    for text in TEXTS {
        let bytes = fs::read(process::workspace_root().join(text))?;
        let name = text.rsplit('/').next().unwrap_or(text);
        tree.file(&format!("share/doc/rkinit/{name}"), 0o644, bytes);
    }
    for (name, text) in pages::all()?
        .into_iter()
        .filter(|(name, _)| is_of_ours(name))
    {
        // Debian requires compressed manual pages, and all versions of `man` can read them.
        let (name, bytes) = match name.strip_prefix("man/") {
            Some(_) => (format!("share/{name}.gz"), gzip(&text)?),
            None => (format!("share/{name}"), text),
        };
        tree.file(&name, 0o644, bytes);
    }
    let licences = licences::of(crates, libraries)?;
    tree.file("share/doc/rkinit/LICENSES-THIRD-PARTY", 0o644, licences);
    let name = format!("share/doc/rkinit/rkinit-{}.cdx.json", release.version);
    tree.file(&name, 0o644, sbom::of(release, crates)?);
    Ok(tree)
}

/// Whether a manual page or completion is for a name that we ship. Files with MIT's names would
/// conflict with MIT's own package.
fn is_of_ours(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let tool = file.trim_start_matches('_').split(['.', '-']).next();
    tool.is_some_and(|tool| rkinit::NAMES.contains(&tool))
}

impl Tree {
    /// The tree as a compressed archive in which all names start with the release's name.
    pub(super) fn archive(&self, release: &Release) -> Outcome<Vec<u8>> {
        let root = format!("rkinit-{}", release.version);
        let named: Vec<(String, &Entry)> = self.below(&root);
        let entries = named.iter().map(|(name, entry)| (name.as_str(), *entry));
        gzip(&tar(entries, release.time)?)
    }

    /// The entries with names below `root`, starting with `root` itself.
    pub(super) fn below(&self, root: &str) -> Vec<(String, &Entry)> {
        let mut entries = vec![(root.to_owned(), &Entry::Folder)];
        let named = |(name, entry)| (format!("{root}/{name}"), entry);
        entries.extend(self.entries.iter().map(named));
        entries
    }

    /// Only the binary and the links to it, for an image without anything else.
    pub(super) fn programs(&self) -> Vec<(String, &Entry)> {
        let programs = self.entries.iter().filter_map(|(name, entry)| {
            let name = name.strip_prefix("bin/")?;
            Some((name.to_owned(), entry))
        });
        programs.collect()
    }

    /// Only the regular files, with their names and contents.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.entries.iter().filter_map(|(name, entry)| match entry {
            Entry::File { bytes, .. } => Some((name.as_str(), bytes.as_slice())),
            _ => None,
        })
    }

    fn file(&mut self, name: &str, mode: u32, bytes: Vec<u8>) {
        self.add(name, Entry::File { mode, bytes });
    }

    /// Adds an entry and its parent folders.
    fn add(&mut self, name: &str, entry: Entry) {
        for (index, _) in name.match_indices('/') {
            if let Some(folder) = name.get(..index) {
                self.entries.insert(folder.to_owned(), Entry::Folder);
            }
        }
        self.entries.insert(name.to_owned(), entry);
    }
}

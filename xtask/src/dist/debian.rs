//! A Debian package (deb(5)): an `ar` archive with a version, the control files and the data.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};

use super::tarball::{Entry, gzip, tar};
use super::tree::Tree;
use super::{Release, Target};
use crate::process::Outcome;

/// The package with the files of `tree`, installed below `/usr`.
pub(super) fn package(tree: &Tree, release: &Release, target: Target) -> Outcome<Vec<u8>> {
    let mut archive = ar::Builder::new(Vec::new());
    let mut member = |name: &str, bytes: &[u8]| -> Outcome {
        let size = u64::try_from(bytes.len())?;
        let mut header = ar::Header::new(name.as_bytes().to_vec(), size);
        header.set_mtime(release.time);
        header.set_mode(0o100_644);
        Ok(archive.append(&header, bytes)?)
    };
    member("debian-binary", b"2.0\n")?;
    member("control.tar.gz", &control(tree, release, target)?)?;
    let mut data = vec![(".".to_owned(), &Entry::Folder)];
    data.extend(tree.below("./usr"));
    let data = data.iter().map(|(name, entry)| (name.as_str(), *entry));
    member("data.tar.gz", &gzip(&tar(data, release.time)?)?)?;
    Ok(archive.into_inner()?)
}

fn control(tree: &Tree, release: &Release, target: Target) -> Outcome<Vec<u8>> {
    let size: usize = tree.files().map(|(_, bytes)| bytes.len()).sum();
    // It does not provide MIT's names: `rkinit --install-links --mit-names` is for that.
    let control = format!(
        "Package: rkinit\n\
         Version: {}\n\
         Architecture: {}\n\
         Maintainer: The rkinit developers <rkinit@localhost>\n\
         Installed-Size: {}\n\
         Section: net\n\
         Priority: optional\n\
         Description: Kerberos 5 tools in one static binary\n \
         rkinit, rklist, rkvno, rkdestroy, rkswitch, rktutil and rkpasswd do what MIT's tools\n \
         of these names do; rekinit keeps a ticket fresh beside an application.\n",
        release.version,
        target.architecture,
        size.div_ceil(1024),
    );
    let mut sums = String::new();
    for (name, bytes) in tree.files() {
        let sum = Md5::digest(bytes);
        sum.iter().try_for_each(|byte| write!(sums, "{byte:02x}"))?;
        writeln!(sums, "  usr/{name}")?;
    }
    let text = |text: String| Entry::File {
        mode: 0o644,
        bytes: text.into_bytes(),
    };
    let entries = [
        (".", Entry::Folder),
        ("./control", text(control)),
        ("./md5sums", text(sums)),
    ];
    let entries = entries.iter().map(|(name, entry)| (*name, entry));
    gzip(&tar(entries, release.time)?)
}

//! Fetches MIT's published encodings and profiles from the source package of Debian's `krb5`. They
//! belong to MIT and are not in this repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use test_support::parts;

use crate::process::{self, Outcome};

/// Where a file is in MIT's sources, and the folder where our tests look for it.
const FILES: [(&str, &str); 3] = [
    ("src/tests/asn.1/reference_encode.out", "mit-asn1"),
    ("src/util/profile/test.ini", "mit-profile"),
    ("src/util/profile/krb5.conf", "mit-profile"),
];

/// Fetches missing files. Without them their tests are shown as ignored, so that a machine without
/// access to source packages does not fail.
pub(super) fn fetch_or_say_so() {
    let folder = parts::vectors();
    let present = |(source, kind): &(&str, &str)| folder.join(kind).join(name_of(source)).exists();
    if FILES.iter().all(present) {
        return;
    }
    if let Err(error) = fetch(&folder) {
        eprintln!("xtask: MIT's published encodings cannot be had from Debian's sources: {error}");
    }
}

fn fetch(folder: &Path) -> Outcome {
    let download = folder.join("download");
    fs::create_dir_all(&download)?;
    let apt = Apt::new(&download)?;
    apt.call(["update", "-qq"])?;
    apt.call(["source", "-qq", "--download-only", "krb5"])?;
    let archive = fs::read_dir(&download)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().ends_with(".orig.tar.gz"))
        .ok_or("the source package has no archive of MIT's")?;
    for (source, kind) in FILES {
        let kind = folder.join(kind);
        fs::create_dir_all(&kind)?;
        let depth = source.split('/').count();
        let mut tar = Command::new("tar");
        tar.arg("--extract")
            .arg("--wildcards")
            .arg(format!("--strip-components={depth}"))
            .arg("--directory")
            .arg(&kind)
            .arg("--file")
            .arg(&archive);
        process::run(tar.arg(format!("*/{source}")))?;
    }
    fs::remove_dir_all(&download)?;
    Ok(())
}

/// The last part of a path in MIT's sources.
fn name_of(source: &str) -> &str {
    source.rsplit_once('/').map_or(source, |(_, name)| name)
}

/// `apt-get` with its own lists: the machine's package sources, but for source packages. The
/// machine's own lists do not change.
struct Apt<'a> {
    download: &'a Path,
}

impl<'a> Apt<'a> {
    fn new(download: &'a Path) -> Outcome<Self> {
        let parts = download.join("parts");
        fs::create_dir_all(&parts)?;
        fs::create_dir_all(download.join("lists"))?;
        fs::write(download.join("none.list"), "")?;
        let origins = fs::read_dir("/etc/apt/sources.list.d")
            .into_iter()
            .flatten();
        let origins = origins.flatten().map(|entry| entry.path());
        for origin in origins.chain(["/etc/apt/sources.list".into()]) {
            let Ok(text) = fs::read_to_string(&origin) else {
                continue;
            };
            if let Some(name) = origin.file_name() {
                fs::write(parts.join(name), of_sources(&text))?;
            }
        }
        Ok(Self { download })
    }

    fn call<const N: usize>(&self, arguments: [&str; N]) -> Outcome {
        let mut apt = Command::new("apt-get");
        for (setting, name) in [
            ("Dir::Etc::SourceList", "none.list"),
            ("Dir::Etc::SourceParts", "parts"),
            ("Dir::State::lists", "lists"),
            ("Dir::Cache", "cache"),
        ] {
            let path = self.download.join(name);
            apt.arg("-o").arg(format!("{setting}={}", path.display()));
        }
        // In this folder, root may be unable to hand files to apt's own user, so apt stays root.
        apt.args(["-o", "APT::Sandbox::User=root"]).args(arguments);
        process::run(apt.current_dir(self.download))
    }
}

/// Converts a list of package sources, in either of apt's formats, to one of Debian's source
/// packages; other vendors are left out.
fn of_sources(list: &str) -> String {
    let mut sources = String::new();
    for stanza in list.split("\n\n") {
        if !stanza.contains("debian") {
            continue;
        }
        for line in stanza.lines() {
            let line = match line.strip_prefix("Types:") {
                Some(_) => "Types: deb-src".to_owned(),
                None => line.replacen("deb ", "deb-src ", 1),
            };
            sources.push_str(&line);
            sources.push('\n');
        }
        sources.push('\n');
    }
    sources
}

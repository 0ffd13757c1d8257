//! Reproducible archives: sorted names, a single time, a single owner.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use crate::process::Outcome;

/// An entry of an archive.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Folder,
    File { mode: u32, bytes: Vec<u8> },
    Link { to: String },
}

/// Writes the entries, in their order, as a tar archive where all have the given `time`.
pub(super) fn tar<'a>(
    entries: impl IntoIterator<Item = (&'a str, &'a Entry)>,
    time: u64,
) -> Outcome<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    for (name, entry) in entries {
        let mut header = Header::new_gnu();
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        match entry {
            Entry::Folder => {
                header.set_entry_type(EntryType::Directory);
                header.set_mode(0o755);
                archive.append_data(&mut header, format!("{name}/"), &[][..])?;
            }
            Entry::File { mode, bytes } => {
                header.set_entry_type(EntryType::Regular);
                header.set_mode(*mode);
                header.set_size(u64::try_from(bytes.len())?);
                archive.append_data(&mut header, name, bytes.as_slice())?;
            }
            Entry::Link { to } => {
                header.set_entry_type(EntryType::Symlink);
                header.set_mode(0o777);
                archive.append_link(&mut header, name, to)?;
            }
        }
    }
    Ok(archive.into_inner()?)
}

/// Compresses `bytes` with gzip, without a name or a time.
pub(super) fn gzip(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

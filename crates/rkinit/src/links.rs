//! `--install-links`: creates the links through which the single binary can be called by the name
//! of each tool.
//!
//! Only links that already point to this binary are replaced, so that a real `klist` is not lost.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::messages::{Program, hint, system_text};

/// Our own names of all tools; the first is the name of the binary.
pub const NAMES: [&str; 8] = [
    "rkinit",
    "rklist",
    "rkdestroy",
    "rkswitch",
    "rkvno",
    "rktutil",
    "rkpasswd",
    "rekinit",
];
const MIT_NAMES: [&str; 7] = [
    "kinit", "klist", "kdestroy", "kswitch", "kvno", "ktutil", "kpasswd",
];

/// Creates the links in `directory` and returns the exit status.
pub(crate) fn install(program: &Program, directory: &OsStr, mit_names: bool) -> u8 {
    let directory = Path::new(directory);
    let binary = match program.path() {
        Ok(path) => path,
        Err(error) => {
            program.error(
                system_text(&error),
                "while finding the path of this program",
            );
            hint("mount /proc, or call this program by its absolute path");
            return 1;
        }
    };
    let names = NAMES
        .iter()
        .chain(mit_names.then_some(&MIT_NAMES).into_iter().flatten());
    for name in names {
        let link = directory.join(name);
        match make(&binary, &link) {
            Ok(()) => {}
            Err(error) => {
                program.error(
                    system_text(&error),
                    format_args!("while linking {}", link.display()),
                );
                match error.kind() {
                    io::ErrorKind::AlreadyExists => hint(
                        "another program has this name: choose another directory, or move that program first",
                    ),
                    io::ErrorKind::NotFound => hint("create the directory first"),
                    _ => {}
                }
                return 1;
            }
        }
    }
    0
}

/// Makes `link` point to `binary`. A link within the same directory is relative, so that the
/// directory may be copied.
fn make(binary: &Path, link: &Path) -> io::Result<()> {
    let directory = link.parent().unwrap_or(Path::new("/")).canonicalize()?;
    if binary == directory.join(link.file_name().unwrap_or_default()) {
        return Ok(()); // The binary itself has this name.
    }
    let target: PathBuf = match (binary.parent(), binary.file_name()) {
        (Some(parent), Some(name)) if parent == directory => name.into(),
        _ => binary.into(),
    };
    match std::os::unix::fs::symlink(&target, link) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let leads_here = std::fs::read_link(link).is_ok()
                && link.canonicalize().is_ok_and(|path| path == binary);
            if leads_here { Ok(()) } else { Err(error) }
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_point_to_the_binary_and_existing_files_are_kept() {
        let folder = test_support::TempDir::new();
        let directory = folder.path().canonicalize().unwrap();
        let binary = directory.join("rkinit");
        std::fs::write(&binary, "").unwrap();
        std::fs::write(directory.join("klist"), "someone else's").unwrap();
        let make = |name: &str| make(&binary, &directory.join(name));

        make("rkinit").unwrap();
        make("rklist").unwrap();
        make("rklist").unwrap();
        assert_eq!(
            make("klist").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );

        assert_eq!(
            std::fs::read_link(directory.join("rklist")).unwrap(),
            Path::new("rkinit")
        );
        assert_eq!(
            std::fs::read(directory.join("klist")).unwrap(),
            b"someone else's"
        );
    }
}

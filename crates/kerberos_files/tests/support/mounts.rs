//! File systems that a test mounts, as root.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system, which is unmounted on drop. Declare it after the folder that contains it.
#[derive(Default)]
pub(crate) struct Mounts(Vec<PathBuf>);

impl Mounts {
    pub(crate) fn mount(&mut self, arguments: &[&str], from: &Path, to: &Path) {
        let status = Command::new("mount")
            .args(arguments)
            .arg(from)
            .arg(to)
            .status()
            .unwrap();
        assert!(status.success(), "mount {arguments:?}: {status}");
        self.0.push(to.to_owned());
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        for mount in self.0.iter().rev() {
            let _ = Command::new("umount").arg(mount).status();
        }
    }
}
